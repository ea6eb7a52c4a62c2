// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
/*
 * Allocation of buffers at the device: their number, kind of memory, sizes and indexes.
 *
 * Each buffer has a counterpart at the device, which carries its memory: of the same kind, or
 * SHARED_PAGES for guest memory. The indexes are equal after REQBUFS. After CREATE_BUFS the device
 * may choose other ones, and each buffer stores the device's index (vmedia_buf.index).
 *
 * Security model: the driver allocates by the device's counts and sizes. Each is limited here,
 * since videobuf2 does not check the values of its driver. No two buffers have the same index at
 * the device, since an event names a buffer by it.
 */
#include <linux/slab.h>

#include "vmedia.h"

/* ---- Sizes of planes ---- */

static int sizes_of_format(const struct v4l2_format *f, unsigned int *num, unsigned int *sizes)
{
	unsigned int i;

	*num = 1;
	switch (f->type) {
	case V4L2_BUF_TYPE_VIDEO_CAPTURE:
	case V4L2_BUF_TYPE_VIDEO_OUTPUT:
		sizes[0] = f->fmt.pix.sizeimage;
		break;
	case V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE:
	case V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE:
		*num = f->fmt.pix_mp.num_planes;
		if (*num < 1 || *num > VIDEO_MAX_PLANES)
			return -EIO;
		for (i = 0; i < *num; i++)
			sizes[i] = f->fmt.pix_mp.plane_fmt[i].sizeimage;
		break;
	case V4L2_BUF_TYPE_VBI_CAPTURE:
	case V4L2_BUF_TYPE_VBI_OUTPUT:
		sizes[0] = f->fmt.vbi.samples_per_line *
			   (f->fmt.vbi.count[0] + f->fmt.vbi.count[1]);
		break;
	case V4L2_BUF_TYPE_SLICED_VBI_CAPTURE:
	case V4L2_BUF_TYPE_SLICED_VBI_OUTPUT:
		sizes[0] = f->fmt.sliced.io_size;
		break;
	case V4L2_BUF_TYPE_SDR_CAPTURE:
	case V4L2_BUF_TYPE_SDR_OUTPUT:
		sizes[0] = f->fmt.sdr.buffersize;
		break;
	case V4L2_BUF_TYPE_META_CAPTURE:
	case V4L2_BUF_TYPE_META_OUTPUT:
		sizes[0] = f->fmt.meta.buffersize;
		break;
	default:
		return -EINVAL;
	}
	return 0;
}

int vmedia_plane_sizes(struct vmedia_session *s, u32 type, unsigned int *num, unsigned int *sizes)
{
	struct v4l2_format *f = kzalloc(sizeof(*f), GFP_KERNEL);
	int err;

	if (!f)
		return -ENOMEM;
	f->type = type;
	err = vmedia_forward(s, VMEDIA_NR_G_FMT, f, sizeof(*f));
	if (!err)
		err = sizes_of_format(f, num, sizes);
	kfree(f);
	return err;
}

/*
 * Send QUERYBUF of a buffer in the device's memory. The caller frees the command unless it is an
 * error.
 */
static struct vmedia_command *ask_querybuf(struct vmedia_queue *q, u32 index)
{
	struct vmedia_command *c = vmedia_command_ioctl(q->session, VMEDIA_NR_QUERYBUF);
	struct vmedia_ioctl *io;
	bool gone;
	int err;

	if (!c)
		return ERR_PTR(-ENOMEM);
	io = &c->cmd.io;
	io->arg.buffer.index = index;
	io->arg.buffer.type = q->type;
	io->arg.buffer.memory = q->memory;
	if (V4L2_TYPE_IS_MULTIPLANAR(q->type)) {
		io->arg.buffer.length = VIDEO_MAX_PLANES;
		io->num_planes = VIDEO_MAX_PLANES;
	}
	err = vmedia_command_run(c, &gone);
	if (err && !gone)
		vmedia_command_free(c);
	return err ? ERR_PTR(err) : c;
}

static int sizes_of_buffer(struct vmedia_queue *q, u32 index, unsigned int *num,
			   unsigned int *sizes)
{
	struct vmedia_command *c = ask_querybuf(q, index);
	unsigned int i;

	if (IS_ERR(c))
		return PTR_ERR(c);
	*num = 1;
	sizes[0] = c->cmd.io.arg.buffer.length;
	if (V4L2_TYPE_IS_MULTIPLANAR(q->type)) {
		*num = c->cmd.io.num_planes;
		for (i = 0; i < *num; i++)
			sizes[i] = c->cmd.io.planes[i].length;
	}
	vmedia_command_free(c);
	return 0;
}

int vmedia_plane_offset(struct vb2_buffer *vb, unsigned int plane, u32 *offset)
{
	struct vmedia_queue *q = vb2_get_drv_priv(vb->vb2_queue);
	struct vmedia_buf *buf = vmedia_buf_of(vb);
	struct vmedia_command *c = ask_querybuf(q, buf->known ? buf->index : vb->index);
	int err = 0;

	if (IS_ERR(c))
		return PTR_ERR(c);
	if (!V4L2_TYPE_IS_MULTIPLANAR(q->type))
		*offset = c->cmd.io.arg.buffer.m.offset;
	else if (plane < c->cmd.io.num_planes)
		*offset = c->cmd.io.planes[plane].m.mem_offset;
	else
		err = -EIO;
	vmedia_command_free(c);
	return err;
}

/* The queue's bytes that are left beside its buffers. */
static u64 room(struct vmedia_queue *q)
{
	u64 left = VMEDIA_QUEUE_BYTES;
	unsigned int i, j;

	for (i = 0; i < vmedia_max_index(&q->vb) && q->vb.memory == VB2_MEMORY_MMAP; i++) {
		struct vb2_buffer *vb = vmedia_get_buffer(&q->vb, i);

		for (j = 0; vb && j < vb->num_planes; j++)
			left -= min_t(u64, left, PAGE_ALIGN((u64)vb->planes[j].length));
	}
	return left;
}

/*
 * Check that the driver can allocate buffers of the device's sizes, in @left bytes. Lowers
 * *num_buffers to the number that fits.
 */
static int check_sizes(struct vmedia_queue *q, unsigned int *num_buffers, unsigned int num,
		       const unsigned int *sizes, u64 left)
{
	struct vmedia_device *dev = q->session->dev;
	u64 total = 0;
	unsigned int i;

	for (i = 0; i < num; i++) {
		total += PAGE_ALIGN((u64)sizes[i]);
		if (sizes[i] && sizes[i] <= VMEDIA_MAX_PLANE_SIZE)
			continue;
		vmedia_refused(dev, "buffers", "plane of that size", sizes[i],
			       VMEDIA_MAX_PLANE_SIZE);
		return -EIO;
	}
	if (!num || total > VMEDIA_QUEUE_BYTES) {
		vmedia_refused(dev, "buffers", "planes, bytes", num, total);
		return -EIO;
	}
	*num_buffers = min_t(u64, *num_buffers, div64_u64(left, total));
	*num_buffers = min_t(unsigned int, *num_buffers, VIDEO_MAX_FRAME);
	return *num_buffers ? 0 : -ENOMEM;
}

/* The device's memory type that is used for an application's @memory. */
u32 vmedia_carrier(struct vmedia_device *dev, u32 type, u32 memory)
{
	u32 caps = dev->buf_caps[type];

	if (memory == V4L2_MEMORY_MMAP && dev->region.len)
		return V4L2_MEMORY_MMAP;
	if (memory == V4L2_MEMORY_DMABUF && caps && !(caps & V4L2_BUF_CAP_SUPPORTS_USERPTR))
		return V4L2_MEMORY_DMABUF;
	return V4L2_MEMORY_USERPTR;
}

int vmedia_ask_reqbufs(struct vmedia_queue *q, u32 memory, unsigned int *count)
{
	struct v4l2_requestbuffers req = {
		.count = *count,
		.type = q->type,
		.memory = memory,
	};
	int err = vmedia_forward(q->session, VMEDIA_NR_REQBUFS, &req, sizeof(req));

	if (err)
		return err;
	q->memory = memory;
	*count = req.count;
	return 0;
}

static int setup_request(struct vmedia_queue *q, unsigned int *num_buffers,
			 unsigned int *num_planes, unsigned int *sizes)
{
	u32 memory = vmedia_carrier(q->session->dev, q->type, q->vb.memory);
	int err = vmedia_ask_reqbufs(q, memory, num_buffers);

	if (err)
		return err;
	if (!*num_buffers)
		return -ENOMEM;
	if (q->memory == V4L2_MEMORY_MMAP)
		err = sizes_of_buffer(q, 0, num_planes, sizes);
	else
		err = vmedia_plane_sizes(q->session, q->type, num_planes, sizes);
	return err ? err : check_sizes(q, num_buffers, *num_planes, sizes, VMEDIA_QUEUE_BYTES);
}

u32 vmedia_device_index(struct vb2_buffer *vb)
{
	struct vmedia_buf *buf = vmedia_buf_of(vb);

	return buf->known ? buf->index : vb->index;
}

/* True if one of the @num indexes from @first on is the device's index of an existing buffer. */
static bool index_taken(struct vmedia_queue *q, u32 first, u32 num)
{
	unsigned int i;

	for (i = 0; i < vmedia_max_index(&q->vb); i++) {
		struct vb2_buffer *vb = vmedia_get_buffer(&q->vb, i);

		if (vb && vmedia_device_index(vb) - first < num)
			return true;
	}
	return false;
}

/*
 * CREATE_BUFS: check the sizes, which a program gives. Lowers *num_buffers to the number that fits.
 */
static int check_asked(unsigned int *num_buffers, unsigned int num, const unsigned int *sizes,
		       u64 left)
{
	u64 total = 0;
	unsigned int i;

	for (i = 0; i < num; i++) {
		if (!sizes[i] || sizes[i] > VMEDIA_MAX_PLANE_SIZE)
			return -EINVAL;
		total += PAGE_ALIGN((u64)sizes[i]);
	}
	*num_buffers = min_t(u64, *num_buffers, div64_u64(left, total));
	return *num_buffers ? 0 : -ENOMEM;
}

static int setup_create(struct vmedia_queue *q, unsigned int *num_buffers,
			unsigned int num_planes, unsigned int *sizes)
{
	struct v4l2_create_buffers create = *q->create;
	unsigned int num, have[VIDEO_MAX_PLANES], i;
	u64 left = room(q);
	int err = check_asked(num_buffers, num_planes, sizes, left);

	if (err)
		return err;
	create.count = *num_buffers;
	create.memory = vmedia_num_buffers(&q->vb) && q->memory ? q->memory :
			vmedia_carrier(q->session->dev, q->type, q->vb.memory);
	err = vmedia_forward(q->session, VMEDIA_NR_CREATE_BUFS, &create, sizeof(create));
	if (err)
		return err;
	if (!create.count)
		return -ENOMEM;
	if (index_taken(q, create.index, create.count)) {
		vmedia_refused(q->session->dev, "VIDIOC_CREATE_BUFS",
			       "new buffers of an index that others have", create.index,
			       create.count);
		return -EIO;
	}
	q->memory = create.memory;
	q->created = create.index;
	*num_buffers = min(*num_buffers, create.count);
	q->create = NULL;
	if (q->memory == V4L2_MEMORY_MMAP) {
		err = sizes_of_buffer(q, q->created, &num, have);
		if (!err && num != num_planes)
			err = -EINVAL;
		for (i = 0; i < num_planes && !err; i++) {
			if (have[i] < sizes[i])
				err = -EINVAL;
			sizes[i] = have[i];
		}
	}
	return err ? err : check_sizes(q, num_buffers, num_planes, sizes, left);
}

int vmedia_queue_setup(struct vb2_queue *vq, unsigned int *num_buffers, unsigned int *num_planes,
		       unsigned int sizes[], struct device *alloc_devs[])
{
	struct vmedia_queue *q = vb2_get_drv_priv(vq);

	if (!*num_planes)
		return setup_request(q, num_buffers, num_planes, sizes);
	if (q->create)
		return setup_create(q, num_buffers, *num_planes, sizes);
	return 0;	/* fewer than the device made: the others are never used */
}

/* Make the device's buffers carry another kind of memory, if the device has none of them yet. */
static int change_carrier(struct vmedia_queue *q, u32 memory)
{
	unsigned int count = 0, want, i;
	int err;

	for (i = 0; i < vmedia_max_index(&q->vb); i++) {
		struct vb2_buffer *vb = vmedia_get_buffer(&q->vb, i);

		if (vb)
			count = max(count, vmedia_device_index(vb) + 1);
	}
	want = count;
	if (vb2_is_streaming(&q->vb) || !xa_empty(&q->bufs))
		return -EINVAL;
	err = vmedia_ask_reqbufs(q, memory, &count);
	return err ? err : count < want ? -EINVAL : 0;
}

int vmedia_buf_prepare(struct vb2_buffer *vb)
{
	struct vmedia_queue *q = vb2_get_drv_priv(vb->vb2_queue);
	struct vmedia_buf *buf = vmedia_buf_of(vb);
	u32 memory = vmedia_mem_memory(vb);
	unsigned int i;
	int err = 0;

	if (memory != q->memory)
		err = change_carrier(q, memory);
	if (err)
		return err;
	if (!buf->known) {
		buf->known = true;
		buf->index = vb->index;
	}
	for (i = 0; i < vb->num_planes && q->vb.is_output; i++)
		if (vb->planes[i].bytesused > vb->planes[i].length)
			return -EINVAL;
	return 0;
}
