/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The data of a command outside of its structure: SG lists, payloads of controls, and the driver's
 * own pointers.
 *
 * Security model: SG entries come from the guest. Each is translated through the memory map that
 * the command's chain holds a reference on. If an entry lies outside of it, the command fails with
 * -EFAULT before the device is called. Payloads are copied, so their bytes cannot change while a
 * device uses them; limits.max_ctrl_bytes bounds their sum. The number of entries is bounded too.
 * One entry for each page of payload is reasonable, but a command can hold so many that a walk over
 * them takes milliseconds.
 */
#include <errno.h>
#include <string.h>

#include "core/core.h"

static uint64_t le64(const uint8_t *p)
{
	uint64_t v = 0;
	int i;

	for (i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

static int ranges_reserve(struct vmedia_device *dev, uint32_t count)
{
	uint8_t *buf = (uint8_t *)dev->ranges;
	size_t cap = dev->ranges_cap * sizeof(*dev->ranges);

	if (vmedia_buf_grow(&buf, &cap, count * sizeof(*dev->ranges)))
		return -ENOMEM;
	dev->ranges = (struct vmedia_gpa_range *)buf;
	dev->ranges_cap = (unsigned int)(cap / sizeof(*dev->ranges));
	return 0;
}

int vmedia_sg_ranges(struct vmedia_device *dev, const struct vmedia_sg *sg, uint64_t length)
{
	struct vmedia_sg_entry e;
	unsigned int n = 0;
	uint32_t i;

	if (ranges_reserve(dev, sg->count))
		return -ENOMEM;
	for (i = 0; i < sg->count && length; i++) {
		e = vmedia_sg_at(sg, i);
		if (!e.len)
			continue;
		dev->ranges[n].gpa = e.start;
		dev->ranges[n].len = (uint32_t)VMEDIA_MIN((uint64_t)e.len, length);
		length -= dev->ranges[n++].len;
	}
	return length ? -EINVAL : (int)n;
}

enum copy { COPY_CHECK, COPY_IN, COPY_OUT };

/*
 * Copy between @buf and the first @num ranges of @dev. Returns 0, or -EFAULT if one is not in @mem.
 */
static int copy_ranges(struct vmedia_device *dev, const struct vmedia_mem *mem, unsigned int num,
		       uint8_t *buf, uint64_t max, enum copy dir)
{
	struct iovec iov[VMEDIA_MEM_MAX_REGIONS];
	uint64_t copied = 0;
	unsigned int i;
	int j, pieces;

	for (i = 0; i < num; i++) {
		pieces = vmedia_mem_iov(mem, dev->ranges[i].gpa, dev->ranges[i].len, iov,
					VMEDIA_ARRAY_SIZE(iov));
		if (pieces < 0)
			return -EFAULT;
		for (j = 0; j < pieces; j++) {
			size_t len = VMEDIA_MIN((uint64_t)iov[j].iov_len, max);

			if (dir == COPY_IN)
				memcpy(buf, iov[j].iov_base, len);
			else if (dir == COPY_OUT)
				memcpy(iov[j].iov_base, buf, len);
			copied += len;
			buf += len;
			max -= len;
		}
	}
	if (dir != COPY_CHECK)
		atomic_fetch_add_explicit(&dev->account->copied, copied, memory_order_relaxed);
	return 0;
}

static bool has_ctrls(const struct vmedia_request *req)
{
	return req->cmd.type == VMEDIA_CMD_IOCTL && req->cmd.io.info &&
	       req->cmd.io.info->follow == VMEDIA_FOLLOW_CTRLS && req->ctrl_data;
}

/* Set the offset of each payload. Returns the sum of their sizes, or negative errno. */
static int64_t place_payloads(struct vmedia_request *req)
{
	const struct vmedia_ioctl *io = &req->cmd.io;
	uint64_t total = 0, entries = 0;
	uint32_t i;

	for (i = 0; i < io->arg.ext_controls.count; i++) {
		req->ctrl_data[i].size = io->ctrls[i].size;
		req->ctrl_data[i].offset = (uint32_t)total;
		total += vmedia_align_up(io->ctrls[i].size, 8);
		if (total > req->dev->limits.max_ctrl_bytes || total > UINT32_MAX)
			return -E2BIG;
		entries += io->ctrls[i].size ? io->ctrl_sg[i].count : 0;
	}
	if (entries > VMEDIA_CORE_CTRL_SG) {
		vmedia_warn_rl(&req->dev->rl,
			       "%s was refused: its controls have %llu SG entries, limit %u",
			       io->info->name, (unsigned long long)entries, VMEDIA_CORE_CTRL_SG);
		return -E2BIG;
	}
	return (int64_t)total;
}

int vmedia_ctrl_begin(struct vmedia_request *req)
{
	struct vmedia_device *dev = req->dev;
	const struct vmedia_ioctl *io = &req->cmd.io;
	bool get = io->info->nr == VMEDIA_NR_G_EXT_CTRLS;
	int64_t total;
	uint32_t i;
	int n;

	if (!has_ctrls(req))
		return 0;
	total = place_payloads(req);
	if (total <= 0)
		return (int)total;
	if (!req->chain || !req->chain->mem)
		return -EFAULT;
	if (dev->held_bytes + (uint64_t)total >
		    VMEDIA_MAX((uint64_t)VMEDIA_CORE_HELD_BYTES, dev->limits.max_ctrl_bytes) ||
	    vmedia_buf_grow(&req->payload, &req->payload_cap, (size_t)total))
		return -ENOMEM;
	req->payload_len = (size_t)total;
	req->held += (uint64_t)total;
	dev->held_bytes += (uint64_t)total;
	memset(req->payload, 0, (size_t)total);
	for (i = 0; i < io->arg.ext_controls.count; i++) {
		if (!req->ctrl_data[i].size)
			continue;
		n = vmedia_sg_ranges(dev, &io->ctrl_sg[i], req->ctrl_data[i].size);
		if (n < 0)
			return n;
		n = copy_ranges(dev, req->chain->mem, (unsigned int)n,
				req->payload + req->ctrl_data[i].offset, req->ctrl_data[i].size,
				get ? COPY_CHECK : COPY_IN);
		if (n)
			return n;
	}
	return 0;
}

int vmedia_ctrl_end(struct vmedia_request *req)
{
	const struct vmedia_ioctl *io = &req->cmd.io;
	uint32_t i, size;
	int n;

	if (!has_ctrls(req) || !req->payload_len)
		return 0;
	for (i = 0; i < io->arg.ext_controls.count && i < io->max_ctrls; i++) {
		size = VMEDIA_MIN(req->ctrl_data[i].size, io->ctrls[i].size);
		if (!size)
			continue;
		n = vmedia_sg_ranges(req->dev, &io->ctrl_sg[i], size);
		if (n < 0)
			return n;
		n = copy_ranges(req->dev, req->chain->mem, (unsigned int)n,
				req->payload + req->ctrl_data[i].offset, size, COPY_OUT);
		if (n)
			return n;
	}
	return 0;
}

void *vmedia_request_ctrl_data(struct vmedia_request *req, uint32_t index)
{
	if (!has_ctrls(req) || !req->payload_len || index >= req->cmd.io.max_ctrls ||
	    !req->ctrl_data[index].size)
		return NULL;
	return req->payload + req->ctrl_data[index].offset;
}

/*
 * Restore the driver's pointers of planes. A pointer of 0 is not restored: QBUF of a prepared
 * buffer may have it, and its answer holds the pointer of PREPARE_BUF.
 */
static void restore_planes(struct vmedia_request *req, bool queues)
{
	struct vmedia_buffer *b = &req->cmd.io.arg.buffer;
	const uint8_t *q = req->buf + VMEDIA_CMD_IOCTL_SIZE;
	uint32_t memory = b->memory, i;
	size_t planes;
	uint64_t m;

	if (queues)
		memory = (uint32_t)le64(q + offsetof(struct vmedia_buffer, memory));
	if (vmedia_buf_type_is_multiplanar(b->type)) {
		planes = (req->len - VMEDIA_CMD_IOCTL_SIZE - sizeof(*b)) /
			 sizeof(struct vmedia_plane);
		for (i = 0; i < req->cmd.io.num_planes && i < planes; i++) {
			m = le64(q + sizeof(*b) + i * sizeof(struct vmedia_plane) +
				 offsetof(struct vmedia_plane, m));
			if (memory == VMEDIA_MEMORY_DMABUF)
				req->cmd.io.planes[i].m.fd = (int32_t)m;
			else if (memory == VMEDIA_MEMORY_USERPTR && queues && m)
				req->cmd.io.planes[i].m.userptr = m;
		}
		return;
	}
	m = le64(q + offsetof(struct vmedia_buffer, m));
	if (memory == VMEDIA_MEMORY_DMABUF)
		b->m.fd = (int32_t)m;
	else if (memory == VMEDIA_MEMORY_USERPTR && queues && m)
		b->m.userptr = m;
}

static void restore_ctrls(struct vmedia_request *req)
{
	const uint8_t *q = req->buf + VMEDIA_CMD_IOCTL_SIZE;
	struct vmedia_ioctl *io = &req->cmd.io;
	uint32_t i;

	q += sizeof(struct vmedia_ext_controls);
	for (i = 0; i < io->arg.ext_controls.count && i < io->max_ctrls;
	     i++, q += sizeof(struct vmedia_ext_control))
		if (q[4] | q[5] | q[6] | q[7]) /* size */
			io->ctrls[i].ptr = le64(q + offsetof(struct vmedia_ext_control, ptr));
}

void vmedia_pointers_restore(struct vmedia_request *req)
{
	struct vmedia_ioctl *io = &req->cmd.io;

	if (req->cmd.type != VMEDIA_CMD_IOCTL || !io->info)
		return;
	if (io->info->follow == VMEDIA_FOLLOW_PLANES)
		restore_planes(req, io->info->nr != VMEDIA_NR_QUERYBUF);
	else if (io->info->follow == VMEDIA_FOLLOW_CTRLS)
		restore_ctrls(req);
}
