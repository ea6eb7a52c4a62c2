// SPDX-License-Identifier: BSD-3-Clause
/* Vectors of buffers, with planes, SG lists and UUIDs. See exchanges.h. */
#include "exchanges.h"

static struct vmedia_buffer *ask_buffer(struct end *e, uint32_t nr, uint32_t index, uint32_t type,
					uint32_t memory, uint32_t length)
{
	struct vmedia_ioctl *io = end_ioctl(e, nr);

	io->arg.buffer.index = index;
	io->arg.buffer.type = type;
	io->arg.buffer.memory = memory;
	io->arg.buffer.length = length;
	if (vmedia_buf_type_is_multiplanar(type))
		io->num_planes = length;
	return &io->arg.buffer;
}

static void ask_querybuf(struct end *e)
{
	ask_buffer(e, VMEDIA_NR_QUERYBUF, 3, VMEDIA_BUF_TYPE_VIDEO_CAPTURE, VMEDIA_MEMORY_MMAP, 0);
}

static void answer_querybuf(struct end *e)
{
	struct vmedia_buffer *b = &e->cmd.io.arg.buffer;

	b->flags = 0x2001;
	b->field = 1;
	b->m.offset = 0x1ec000;
	b->length = 614400;
}

static void ask_querybuf_mplane(struct end *e)
{
	ask_buffer(e, VMEDIA_NR_QUERYBUF, 0, VMEDIA_BUF_TYPE_VIDEO_CAPTURE_MPLANE,
		   VMEDIA_MEMORY_MMAP, 3)
		->m.planes = 0x123456789abcdef0;
}

static void answer_querybuf_mplane(struct end *e)
{
	struct vmedia_buffer *b = &e->cmd.io.arg.buffer;
	struct vmedia_plane *p = e->cmd.io.planes;

	b->flags = 0x4000;
	b->field = 1;
	b->length = 2;
	p[0].length = 2073600;
	p[0].m.mem_offset = 0x10000;
	p[1].length = 1036800;
	p[1].m.mem_offset = 0x30000;
}

static void ask_qbuf_mmap(struct end *e)
{
	struct vmedia_buffer *b = ask_buffer(e, VMEDIA_NR_QBUF, 1, VMEDIA_BUF_TYPE_VIDEO_OUTPUT,
					     VMEDIA_MEMORY_MMAP, 4096);

	b->bytesused = 1000;
	b->flags = 0x4100;
	b->field = 1;
	b->timestamp.tv_sec = 1234;
	b->timestamp.tv_usec = -2;
	b->timecode = (struct vmedia_timecode){ 2, 1, 24, 59, 58, 23, { 1, 2, 3, 4 } };
	b->request_fd = -1;
}

static void answer_qbuf_mmap(struct end *e)
{
	e->cmd.io.arg.buffer.flags |= 3;
	e->cmd.io.arg.buffer.m.offset = 0x400000;
}

static void ask_qbuf_shared(struct end *e)
{
	static const struct vmedia_sg_entry list[] = { { 0x140000800, 2048 },
						       { 0x140003000, 2952 } };

	ask_buffer(e, VMEDIA_NR_QBUF, 2, VMEDIA_BUF_TYPE_VIDEO_CAPTURE, VMEDIA_MEMORY_USERPTR, 5000)
		->m.userptr = 0x7f3ffbad0800;
	e->cmd.io.plane_sg[0] = end_sg(e, list, COUNT(list));
}

static void answer_queued(struct end *e)
{
	e->cmd.io.arg.buffer.flags = 2;
}

static void ask_qbuf_mplane_sg(struct end *e)
{
	static const struct vmedia_sg_entry list[] = { { 0x1000, 4096 }, { 0x5000, 4096 } };
	struct vmedia_plane *p = e->cmd.io.planes;

	ask_buffer(e, VMEDIA_NR_QBUF, 0, VMEDIA_BUF_TYPE_VIDEO_OUTPUT_MPLANE, VMEDIA_MEMORY_USERPTR,
		   3)
		->m.planes = 0x1122334455667788;
	p[0] = (struct vmedia_plane){
		.bytesused = 4096, .length = 8192, .m.userptr = 0x100000000001, .data_offset = 16
	};
	p[1].m.userptr = 0x100000000002;
	p[2] = (struct vmedia_plane){ .bytesused = 512,
				      .length = 4096,
				      .m.userptr = 0x100000000003 };
	e->cmd.io.plane_sg[0] = end_sg(e, list, COUNT(list));
	e->cmd.io.plane_sg[2] = end_sg1(e, 0x8000000000009000, 4096);
}

static void ask_prepare_object(struct end *e)
{
	static const uint8_t uuid[2][16] = {
		{ 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc,
		  0xdd, 0xee, 0xff },
		{ 0xff, 0xee, 0xdd, 0xcc, 0xbb, 0xaa, 0x99, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33,
		  0x22, 0x11, 0x00 },
	};
	struct vmedia_plane *p = e->cmd.io.planes;

	ask_buffer(e, VMEDIA_NR_PREPARE_BUF, 1, VMEDIA_BUF_TYPE_VIDEO_CAPTURE_MPLANE,
		   VMEDIA_MEMORY_DMABUF, 2)
		->m.planes = 0x1122334455667788;
	p[0].length = 4096;
	p[0].m.fd = 10;
	p[1].length = 2048;
	p[1].m.fd = -1;
	memcpy(e->cmd.io.uuid, uuid, sizeof(uuid));
}

static void answer_prepared(struct end *e)
{
	e->cmd.io.arg.buffer.flags = 0x400;
}

static void ask_qbuf_object(struct end *e)
{
	unsigned int i;

	ask_buffer(e, VMEDIA_NR_QBUF, 1, VMEDIA_BUF_TYPE_VIDEO_CAPTURE, VMEDIA_MEMORY_DMABUF, 4096)
		->m.fd = 9;
	for (i = 0; i < 16; i++)
		e->cmd.io.uuid[0][i] = (uint8_t)(0x11 * i);
}

static void answer_qbuf_object(struct end *e)
{
	answer_queued(e);
	e->cmd.io.uuid[0][0] = 1;
}

static void ask_expbuf(struct end *e)
{
	struct vmedia_exportbuffer *x = &end_ioctl(e, VMEDIA_NR_EXPBUF)->arg.exportbuffer;

	x->type = VMEDIA_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
	x->index = 2;
	x->plane = 1;
	x->flags = 0x80000;
	x->fd = -1;
}

static void answer_expbuf(struct end *e)
{
	static const uint8_t uuid[16] = { 0xde, 0xad, 0xbe, 0xef, 0x01, 0x23, 0x45, 0x67,
					  0x89, 0xab, 0xcd, 0xef, 0x00, 0x11, 0x22, 0x33 };

	memcpy(e->cmd.io.uuid[0], uuid, 16);
}

const struct exchange exchanges_of_buffers[] = {
	{ "querybuf_mmap", ask_querybuf, answer_querybuf, 0 },
	{ "querybuf_mplane", ask_querybuf_mplane, answer_querybuf_mplane, 0 },
	{ "qbuf_mmap", ask_qbuf_mmap, answer_qbuf_mmap, 0 },
	{ "qbuf_shared_pages", ask_qbuf_shared, answer_queued, 0 },
	{ "qbuf_mplane_sg", ask_qbuf_mplane_sg, answer_queued, 0 },
	{ "prepare_buf_object", ask_prepare_object, answer_prepared, 0 },
	{ "qbuf_object", ask_qbuf_object, answer_qbuf_object, 0 },
	{ "expbuf", ask_expbuf, answer_expbuf, 0 },
	{ 0 },
};
