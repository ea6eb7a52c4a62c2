/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only */
/*
 * Checks that an answer fits its question. The checks read the wire form, before any of it reaches
 * the caller.
 *
 * There are three kinds of checks:
 *   - Echoes are fields that the device must return as the driver sent them; a table lists them.
 *     V4L2 never changes these fields. A driver that accepted other values would go on with another
 *     buffer, control or format than it asked about.
 *   - Ranges are limits of numbers that the driver uses as counts, indexes or lengths.
 *   - Pointers are the driver's own and must come back unchanged.
 *
 * Fields that V4L2 lets a device change are not checked: REQBUFS and CREATE_BUFS may grant more
 * buffers than asked for (a queue has a minimum), QUERYBUF corrects the memory type and lowers the
 * number of planes, S_FMT and its like adjust everything but the type.
 */
#include "proto/message.h"

#define OFF(tag, field) offsetof(struct vmedia_##tag, field)

struct echo {
	uint8_t nr, off;
	const char *what;
};

#define ECHO(ioctl, tag, field) { VMEDIA_NR_##ioctl, OFF(tag, field), "answer changes " #field }

static const struct echo echoes[] = {
	ECHO(ENUM_FMT, fmtdesc, type),
	ECHO(G_FMT, format, type),
	ECHO(S_FMT, format, type),
	ECHO(REQBUFS, requestbuffers, type),
	ECHO(REQBUFS, requestbuffers, memory),
	ECHO(QUERYBUF, buffer, index),
	ECHO(QUERYBUF, buffer, type),
	ECHO(QBUF, buffer, index),
	ECHO(QBUF, buffer, type),
	ECHO(QBUF, buffer, memory),
	ECHO(EXPBUF, exportbuffer, type),
	ECHO(EXPBUF, exportbuffer, index),
	ECHO(EXPBUF, exportbuffer, plane),
	ECHO(EXPBUF, exportbuffer, fd),
	ECHO(G_PARM, streamparm, type),
	ECHO(S_PARM, streamparm, type),
	ECHO(ENUMSTD, standard, index),
	ECHO(ENUMINPUT, input, index),
	ECHO(G_CTRL, control, id),
	ECHO(S_CTRL, control, id),
	ECHO(G_TUNER, tuner, index),
	ECHO(QUERYMENU, querymenu, id),
	ECHO(QUERYMENU, querymenu, index),
	{ VMEDIA_NR_S_INPUT, 0, "answer changes the input" },
	ECHO(G_EDID, edid, pad),
	ECHO(G_EDID, edid, start_block),
	ECHO(S_EDID, edid, pad),
	ECHO(S_EDID, edid, start_block),
	{ VMEDIA_NR_S_OUTPUT, 0, "answer changes the output" },
	ECHO(ENUMOUTPUT, output, index),
	ECHO(G_MODULATOR, modulator, index),
	ECHO(G_FREQUENCY, frequency, tuner),
	ECHO(CROPCAP, cropcap, type),
	ECHO(G_CROP, crop, type),
	ECHO(TRY_FMT, format, type),
	ECHO(ENUMAUDIO, audio, index),
	ECHO(ENUMAUDOUT, audioout, index),
	ECHO(G_SLICED_VBI_CAP, sliced_vbi_cap, type),
	ECHO(G_EXT_CTRLS, ext_controls, which),
	ECHO(G_EXT_CTRLS, ext_controls, count),
	ECHO(S_EXT_CTRLS, ext_controls, which),
	ECHO(S_EXT_CTRLS, ext_controls, count),
	ECHO(TRY_EXT_CTRLS, ext_controls, which),
	ECHO(TRY_EXT_CTRLS, ext_controls, count),
	ECHO(ENUM_FRAMESIZES, frmsizeenum, index),
	ECHO(ENUM_FRAMESIZES, frmsizeenum, pixel_format),
	ECHO(ENUM_FRAMEINTERVALS, frmivalenum, index),
	ECHO(ENUM_FRAMEINTERVALS, frmivalenum, pixel_format),
	ECHO(ENUM_FRAMEINTERVALS, frmivalenum, width),
	ECHO(ENUM_FRAMEINTERVALS, frmivalenum, height),
	ECHO(ENCODER_CMD, encoder_cmd, cmd),
	ECHO(TRY_ENCODER_CMD, encoder_cmd, cmd),
	ECHO(CREATE_BUFS, create_buffers, memory),
	ECHO(CREATE_BUFS, create_buffers, format.type),
	ECHO(PREPARE_BUF, buffer, index),
	ECHO(PREPARE_BUF, buffer, type),
	ECHO(PREPARE_BUF, buffer, memory),
	ECHO(G_SELECTION, selection, type),
	ECHO(G_SELECTION, selection, target),
	ECHO(S_SELECTION, selection, type),
	ECHO(S_SELECTION, selection, target),
	ECHO(DECODER_CMD, decoder_cmd, cmd),
	ECHO(TRY_DECODER_CMD, decoder_cmd, cmd),
	ECHO(ENUM_DV_TIMINGS, enum_dv_timings, index),
	ECHO(ENUM_DV_TIMINGS, enum_dv_timings, pad),
	/* DV_TIMINGS_CAP: a video node has no pad, and clears it. */
	ECHO(ENUM_FREQ_BANDS, frequency_band, tuner),
	/* Its type is the tuner's; V4L2 lets a program ask for another one. */
	ECHO(ENUM_FREQ_BANDS, frequency_band, index),
	ECHO(REMOVE_BUFS, remove_buffers, index),
	ECHO(REMOVE_BUFS, remove_buffers, count),
	ECHO(REMOVE_BUFS, remove_buffers, type),
};

static int refuse(struct vmedia_cmd *cmd, const char *what, uint64_t got, uint64_t limit)
{
	return vmedia_refuse(&cmd->why, -EIO, what, got, limit);
}

/* A number that must not exceed @limit. */
static int at_most(struct vmedia_cmd *cmd, const char *what, uint64_t got, uint64_t limit)
{
	return got > limit ? refuse(cmd, what, got, limit) : 0;
}

static int check_echoes(struct vmedia_cmd *cmd, const uint8_t *w)
{
	uint32_t asked, got;
	unsigned int i;

	for (i = 0; i < VMEDIA_COUNT(echoes); i++) {
		if (echoes[i].nr != cmd->io.info->nr)
			continue;
		memcpy(&asked, cmd->io.arg.raw + echoes[i].off, sizeof(asked));
		got = vmedia_load32(w + echoes[i].off);
		if (got != asked)
			return refuse(cmd, echoes[i].what, got, asked);
	}
	return 0;
}

/* @w: a struct vmedia_format in wire order, whose type is already checked. */
static int check_format(struct vmedia_cmd *cmd, const uint8_t *w)
{
	if (!vmedia_buf_type_is_multiplanar(vmedia_load32(w + OFF(format, type))))
		return 0;
	return at_most(cmd, "format of too many planes", w[OFF(format, fmt.pix_mp.num_planes)],
		       VMEDIA_MAX_PLANES);
}

static int check_create_bufs(struct vmedia_cmd *cmd, const uint8_t *w)
{
	uint32_t index = vmedia_load32(w + OFF(create_buffers, index));
	uint32_t count = vmedia_load32(w + OFF(create_buffers, count));

	if (count && !cmd->io.arg.create_buffers.count)
		return refuse(cmd, "buffers created where none were asked for", count, 0);
	if ((uint64_t)index + count > VMEDIA_MAX_BUFFERS)
		return refuse(cmd, "buffers beyond the last index", (uint64_t)index + count,
			      VMEDIA_MAX_BUFFERS);
	return check_format(cmd, w + OFF(create_buffers, format));
}

static int check_reqbufs(struct vmedia_cmd *cmd, const uint8_t *w)
{
	uint32_t count = vmedia_load32(w + OFF(requestbuffers, count));

	if (count && !cmd->io.arg.requestbuffers.count)
		return refuse(cmd, "buffers granted where none were asked for", count, 0);
	return at_most(cmd, "more buffers than a queue can have", count, VMEDIA_MAX_BUFFERS);
}

/*
 * Memory that the driver provided comes back with the driver's own pointer or descriptor, and its
 * length does not grow. One case is not checked: QBUF of a prepared buffer may hold no pointer. The
 * device then answers with the pointer that PREPARE_BUF had, which this function does not know.
 */
static int check_own_memory(struct vmedia_cmd *cmd, uint64_t asked_m, uint32_t asked_len,
			    uint64_t m, uint32_t len)
{
	if (cmd->io.arg.buffer.memory == VMEDIA_MEMORY_DMABUF)
		return (uint32_t)m == (uint32_t)asked_m ? 0 :
		       refuse(cmd, "answer changes fd", (uint32_t)m, (uint32_t)asked_m);
	if (m != asked_m && (asked_m || cmd->io.info->nr != VMEDIA_NR_QBUF))
		return refuse(cmd, "answer changes userptr", m, asked_m);
	return at_most(cmd, "buffer longer than its pages", len, asked_len);
}

/* The union m as a 64-bit number: from the answer in wire order, or from the question. */
static uint64_t asked_m(uint32_t memory, const void *m)
{
	uint64_t pointer;
	int32_t fd;

	if (memory == VMEDIA_MEMORY_DMABUF) {
		memcpy(&fd, m, sizeof(fd));
		return (uint32_t)fd;
	}
	memcpy(&pointer, m, sizeof(pointer));
	return pointer;
}

/* @w: a struct vmedia_buffer in wire order, with @planes planes behind it. */
static int check_own_memories(struct vmedia_cmd *cmd, const uint8_t *w, uint32_t planes)
{
	const struct vmedia_ioctl *io = &cmd->io;
	const struct vmedia_buffer *b = &io->arg.buffer;
	uint32_t i;
	int err = 0;

	if (!vmedia_buf_type_is_multiplanar(b->type))
		return check_own_memory(cmd, asked_m(b->memory, &b->m), b->length,
					vmedia_load64(w + OFF(buffer, m)),
					vmedia_load32(w + OFF(buffer, length)));
	w += sizeof(*b);
	for (i = 0; i < planes && !err; i++, w += sizeof(struct vmedia_plane))
		err = check_own_memory(cmd, asked_m(b->memory, &io->planes[i].m),
				       io->planes[i].length, vmedia_load64(w + OFF(plane, m)),
				       vmedia_load32(w + OFF(plane, length)));
	return err;
}

static int check_buffer(struct vmedia_cmd *cmd, const uint8_t *w, uint32_t planes)
{
	const struct vmedia_buffer *b = &cmd->io.arg.buffer;
	bool query = cmd->io.info->nr == VMEDIA_NR_QUERYBUF;
	uint32_t memory = vmedia_load32(w + OFF(buffer, memory));
	int err = 0;

	if (query && memory != VMEDIA_MEMORY_MMAP && memory != VMEDIA_MEMORY_USERPTR &&
	    memory != VMEDIA_MEMORY_DMABUF)
		return refuse(cmd, "buffer of unknown memory type", memory, VMEDIA_MEMORY_DMABUF);
	if (vmedia_buf_type_is_multiplanar(b->type)) {
		err = at_most(cmd, "more planes than asked for",
			      vmedia_load32(w + OFF(buffer, length)), b->length);
		if (!err && b->length && vmedia_load64(w + OFF(buffer, m)) != b->m.planes)
			err = refuse(cmd, "answer changes the planes pointer",
				     vmedia_load64(w + OFF(buffer, m)), b->m.planes);
	}
	if (!err && !query && (memory == VMEDIA_MEMORY_USERPTR || memory == VMEDIA_MEMORY_DMABUF))
		err = check_own_memories(cmd, w, planes);
	return err;
}

static int check_ctrl(struct vmedia_cmd *cmd, const uint8_t *w,
		      const struct vmedia_ext_control *asked, uint32_t err)
{
	uint32_t id = vmedia_load32(w + OFF(ext_control, id));
	uint32_t size = vmedia_load32(w + OFF(ext_control, size));
	uint64_t ptr = vmedia_load64(w + OFF(ext_control, ptr));

	if (id != asked->id)
		return refuse(cmd, "answer changes a control's id", id, asked->id);
	if (size > asked->size && err != ENOSPC)
		return refuse(cmd, "control longer than its memory", size, asked->size);
	if (asked->size && ptr != asked->ptr)
		return refuse(cmd, "answer changes a control's pointer", ptr, asked->ptr);
	return 0;
}

static int check_ctrls(struct vmedia_cmd *cmd, const uint8_t *w, uint32_t num, uint32_t err)
{
	const struct vmedia_ext_controls *asked = &cmd->io.arg.ext_controls;
	uint64_t pointer = vmedia_load64(w + OFF(ext_controls, controls));
	uint32_t error_idx = vmedia_load32(w + OFF(ext_controls, error_idx));
	uint32_t i;
	int ret = 0;

	/* A device without controls does not write it, as V4L2 does not (ENOTTY). */
	if (err && error_idx != asked->error_idx)
		ret = at_most(cmd, "error_idx beyond the controls", error_idx, asked->count);
	if (!ret && asked->count && pointer != asked->controls)
		ret = refuse(cmd, "answer changes the controls pointer", pointer, asked->controls);
	for (i = 0; i < num && !ret; i++)
		ret = check_ctrl(cmd,
				 w + sizeof(*asked) + (size_t)i * sizeof(struct vmedia_ext_control),
				 &cmd->io.ctrls[i], err);
	return ret;
}

/*
 * In two cases the number of blocks is information and not a count of blocks that follow:
 * start_block 0 with blocks 0 asks how many blocks there are, and S_EDID with E2BIG tells how many
 * the device can store.
 */
static int check_edid(struct vmedia_cmd *cmd, const uint8_t *w, uint32_t err)
{
	const struct vmedia_edid *asked = &cmd->io.arg.edid;
	uint32_t blocks = vmedia_load32(w + OFF(edid, blocks));
	uint64_t pointer = vmedia_load64(w + OFF(edid, edid));

	if (asked->blocks && pointer != asked->edid)
		return refuse(cmd, "answer changes the edid pointer", pointer, asked->edid);
	return at_most(cmd, "more EDID blocks than asked for", blocks,
		       asked->blocks && !err ? asked->blocks : VMEDIA_MAX_EDID_BLOCKS);
}

/*
 * QUERYCTRL and QUERY_EXT_CTRL: both structures begin with the id. The answer describes the control
 * that was asked for, or, with a NEXT flag, one with a higher id.
 */
static int check_ctrl_id(struct vmedia_cmd *cmd, const uint8_t *w)
{
	/* V4L2_CTRL_FLAG_NEXT_*, V4L2_CTRL_ID_MASK */
	const uint32_t next = 0xc0000000, mask = 0x0fffffff;
	uint32_t asked = cmd->io.arg.queryctrl.id;
	uint32_t id = vmedia_load32(w);

	if (!(asked & next))
		return id == asked ? 0 : refuse(cmd, "answer changes a control's id", id, asked);
	if (id & ~mask)
		return refuse(cmd, "next control's id has flags", id, mask);
	if (id <= (asked & mask))
		return refuse(cmd, "next control does not come after", id, asked & mask);
	return 0;
}

static int check_query_ext_ctrl(struct vmedia_cmd *cmd, const uint8_t *w)
{
	uint32_t dims = vmedia_load32(w + OFF(query_ext_ctrl, nr_of_dims));
	uint32_t elems = vmedia_load32(w + OFF(query_ext_ctrl, elems));
	uint32_t elem_size = vmedia_load32(w + OFF(query_ext_ctrl, elem_size));
	uint64_t product = 1;
	uint32_t i;
	int err = check_ctrl_id(cmd, w);

	if (!err)
		err = at_most(cmd, "control of too many dimensions", dims, 4);
	if (!err)
		err = at_most(cmd, "control larger than 4 GiB", (uint64_t)elems * elem_size,
			      UINT32_MAX);
	for (i = 0; i < dims && !err; i++) {
		product *= vmedia_load32(w + OFF(query_ext_ctrl, dims) + 4 * i);
		err = at_most(cmd, "control of too many elements", product, UINT32_MAX);
	}
	if (!err && dims && elems > product)
		err = refuse(cmd, "control of more elements than its dimensions hold", elems,
			     product);
	return err;
}

static int check_enum_type(struct vmedia_cmd *cmd, uint32_t type)
{
	return type >= 1 && type <= 3 ? 0 : refuse(cmd, "enumeration of unknown kind", type, 3);
}

static int check_enum_fmt(struct vmedia_cmd *cmd, const uint8_t *w)
{
	uint32_t index = vmedia_load32(w + OFF(fmtdesc, index));
	uint32_t asked = cmd->io.arg.fmtdesc.index;

	/* A device that knows the flag clears it. */
	if ((index ^ asked) & ~(uint32_t)V4L2_FMTDESC_FLAG_ENUM_ALL)
		return refuse(cmd, "answer changes index", index, asked);
	return 0;
}

int vmedia_check_answer(struct vmedia_cmd *cmd, const uint8_t *w, const struct vmedia_asked *shape,
			uint32_t err)
{
	int ret = check_echoes(cmd, w);

	if (ret)
		return ret;
	switch (cmd->io.info->nr) {
	case VMEDIA_NR_ENUM_FMT:
		return check_enum_fmt(cmd, w);
	case VMEDIA_NR_G_FMT:
	case VMEDIA_NR_S_FMT:
	case VMEDIA_NR_TRY_FMT:
		return check_format(cmd, w);
	case VMEDIA_NR_REQBUFS:
		return check_reqbufs(cmd, w);
	case VMEDIA_NR_CREATE_BUFS:
		return check_create_bufs(cmd, w);
	case VMEDIA_NR_QUERYBUF:
	case VMEDIA_NR_QBUF:
	case VMEDIA_NR_PREPARE_BUF:
		return check_buffer(cmd, w, shape->num_planes);
	case VMEDIA_NR_G_EXT_CTRLS:
	case VMEDIA_NR_S_EXT_CTRLS:
	case VMEDIA_NR_TRY_EXT_CTRLS:
		return check_ctrls(cmd, w, shape->num_ctrls, err);
	case VMEDIA_NR_G_EDID:
	case VMEDIA_NR_S_EDID:
		return check_edid(cmd, w, err);
	case VMEDIA_NR_QUERYCTRL:
		return check_ctrl_id(cmd, w);
	case VMEDIA_NR_QUERY_EXT_CTRL:
		return check_query_ext_ctrl(cmd, w);
	case VMEDIA_NR_ENUM_FRAMESIZES:
		return check_enum_type(cmd, vmedia_load32(w + OFF(frmsizeenum, type)));
	case VMEDIA_NR_ENUM_FRAMEINTERVALS:
		return check_enum_type(cmd, vmedia_load32(w + OFF(frmivalenum, type)));
	case VMEDIA_NR_G_ENC_INDEX:
		return at_most(cmd, "more index entries than there is room for",
			       vmedia_load32(w + OFF(enc_idx, entries)), 64);
	}
	return 0;
}
