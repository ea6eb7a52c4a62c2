/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests: the copy of a chain in private memory, until its command has ended. answer.c answers
 * it.
 *
 * Security model: each byte of the readable part is copied once. The header is copied when the
 * chain is taken, to find its session. The rest is copied when the command's turn comes, before any
 * of it is read and before anything is written (readable and writable descriptors may be the same
 * memory). limits.max_request bounds the size of one copy, VMEDIA_CORE_HELD_BYTES the size of all.
 * Arrays for controls and EDID blocks are as long as the copy claims, within the protocol's limits.
 * In steady state nothing is allocated: requests and their buffers come from a pool.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"

static uint32_t le32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

int vmedia_buf_grow(uint8_t **buf, size_t *cap, size_t need)
{
	size_t size = 512;
	uint8_t *p;

	if (*cap >= need)
		return 0;
	while (size < need)
		size *= 2;
	p = malloc(size);
	if (!p)
		return -ENOMEM;
	free(*buf);
	*buf = p;
	*cap = size;
	return 0;
}

static struct vmedia_request *request_alloc(struct vmedia_device *dev)
{
	struct vmedia_list *node = vmedia_list_pop(&dev->pool);
	struct vmedia_request *req;

	if (node) {
		dev->pooled--;
		req = vmedia_list_entry(node, struct vmedia_request, node);
	} else {
		req = calloc(1, sizeof(*req));
		if (!req)
			return NULL;
		req->dev = dev;
		vmedia_list_init(&req->node);
	}
	vmedia_list_add_tail(&dev->live, &req->all);
	/*
	 * Decoding sets all other members that the command uses. Most of the rest is unused planes.
	 */
	req->cmd.io.ctrls = NULL;
	req->cmd.io.ctrl_sg = NULL;
	req->cmd.io.max_ctrls = 0;
	req->cmd.io.edid = NULL;
	req->cmd.io.max_edid_blocks = 0;
	return req;
}

static void request_destroy(struct vmedia_request *req)
{
	free(req->buf);
	free(req->aux);
	free(req->payload);
	free(req);
}

static void trim(uint8_t **buf, size_t *cap)
{
	if (*cap <= VMEDIA_CORE_POOL_BYTES)
		return;
	free(*buf);
	*buf = NULL;
	*cap = 0;
}

void vmedia_request_free(struct vmedia_request *req)
{
	struct vmedia_device *dev = req->dev;
	unsigned int i;

	vmedia_list_del(&req->all);
	vmedia_list_del(&req->node);
	for (i = 0; i < VMEDIA_MAX_PLANES && i < req->next_plane; i++) {
		vmedia_backing_put(req->object[i]);
		req->object[i] = NULL;
	}
	req->next_plane = 0;
	dev->held_bytes -= req->held;
	req->held = 0;
	dev->ahead_segs -= req->segs;
	req->segs = 0;
	req->session = NULL;
	req->ctrl_data = NULL;
	req->payload_len = 0;
	req->state = VMEDIA_REQ_FREE;
	if (dev->pooled >= VMEDIA_CORE_POOL_REQUESTS) {
		request_destroy(req);
		return;
	}
	trim(&req->buf, &req->cap);
	trim(&req->aux, &req->aux_cap);
	trim(&req->payload, &req->payload_cap);
	vmedia_list_add_head(&dev->pool, &req->node);
	dev->pooled++;
}

void vmedia_request_pool_drain(struct vmedia_device *dev)
{
	struct vmedia_list *node;

	while ((node = vmedia_list_pop(&dev->pool)))
		request_destroy(vmedia_list_entry(node, struct vmedia_request, node));
	dev->pooled = 0;
}

/* Bytes that one control takes in the arrays. */
#define CTRL_BYTES                                                        \
	(sizeof(struct vmedia_sg) + sizeof(struct vmedia_ctrl_data) +     \
	 sizeof(struct vmedia_ext_control))

/*
 * Make the arrays for the data that follows an ioctl's structure, sized by the copy, within limits.
 */
static int prepare_aux(struct vmedia_request *req)
{
	const struct vmedia_ioctl_info *info;
	struct vmedia_ioctl *io = &req->cmd.io;
	const uint8_t *arg = req->buf + VMEDIA_CMD_IOCTL_SIZE;
	size_t n;

	if (req->len < VMEDIA_CMD_IOCTL_SIZE || le32(req->buf) != VMEDIA_CMD_IOCTL)
		return 0;
	info = vmedia_ioctl_info(le32(req->buf + 12));
	if (!info || req->len < VMEDIA_CMD_IOCTL_SIZE + (size_t)info->size)
		return 0;
	if (info->follow == VMEDIA_FOLLOW_CTRLS) {
		n = VMEDIA_MIN(le32(arg + offsetof(struct vmedia_ext_controls, count)),
			       VMEDIA_MAX_CTRLS + 0u);
		if (vmedia_buf_grow(&req->aux, &req->aux_cap, n * CTRL_BYTES + 1))
			return -ENOMEM;
		io->ctrl_sg = (struct vmedia_sg *)req->aux;
		req->ctrl_data = (struct vmedia_ctrl_data *)(io->ctrl_sg + n);
		io->ctrls = (struct vmedia_ext_control *)(req->ctrl_data + n);
		io->max_ctrls = (uint32_t)n;
	} else if (info->follow == VMEDIA_FOLLOW_EDID) {
		n = VMEDIA_MIN(le32(arg + offsetof(struct vmedia_edid, blocks)),
			       VMEDIA_MAX_EDID_BLOCKS + 0u);
		if (vmedia_buf_grow(&req->aux, &req->aux_cap, n * 128 + 1))
			return -ENOMEM;
		memset(req->aux, 0, n * 128);
		io->edid = req->aux;
		io->max_edid_blocks = (uint32_t)n;
	}
	return 0;
}

struct vmedia_request *vmedia_request_new(struct vmedia_device *dev, struct vmedia_chain *chain)
{
	struct vmedia_request *req = request_alloc(dev);

	if (!req)
		return NULL;
	memset(req->head, 0, sizeof(req->head));
	vmedia_chain_read(chain, 0, req->head, sizeof(req->head));
	req->len = chain->out_len;
	req->cmd.type = le32(req->head);
	req->cmd.session_id = le32(req->head + 8);
	req->chain = chain;
	return req;
}

int vmedia_request_read(struct vmedia_request *req)
{
	struct vmedia_device *dev = req->dev;
	uint64_t limit = VMEDIA_MAX((uint64_t)VMEDIA_CORE_HELD_BYTES, dev->limits.max_request);
	size_t head = VMEDIA_MIN(req->len, sizeof(req->head));
	int err;

	if (req->len > dev->limits.max_request)
		return -E2BIG;
	if (dev->held_bytes + req->len > limit)
		return -ENOMEM;
	if (vmedia_buf_grow(&req->buf, &req->cap,
			    VMEDIA_MAX(req->len, (size_t)VMEDIA_CMD_MMAP_SIZE)))
		return -ENOMEM;
	memcpy(req->buf, req->head, head);
	vmedia_chain_read(req->chain, head, req->buf + head, req->len - head);
	err = prepare_aux(req);
	if (err)
		return err;
	req->held = req->len + req->cmd.io.max_ctrls * CTRL_BYTES +
		    req->cmd.io.max_edid_blocks * 128ull;
	dev->held_bytes += req->held;
	return 0;
}

void vmedia_request_done(struct vmedia_request *req, int err)
{
	vmedia_list_del(&req->node);
	req->err = err;
	if (req->state != VMEDIA_REQ_LOOKUP)
		req->state = VMEDIA_REQ_DONE;
	vmedia_list_add_tail(&req->dev->done, &req->node);
	vmedia_device_defer(req->dev);
}

struct vmedia_ioctl *vmedia_request_ioctl(struct vmedia_request *req)
{
	return &req->cmd.io;
}

struct vmedia_session *vmedia_request_session(struct vmedia_request *req)
{
	return req->session;
}

void vmedia_request_complete(struct vmedia_request *req, int err)
{
	vmedia_loop_assert(req->dev->loop);
	if (err > 0 || err < -4095 || err == -EINPROGRESS)
		err = -EIO;
	switch (req->state) {
	case VMEDIA_REQ_DEVICE:
		vmedia_request_done(req, err);
		break;
	case VMEDIA_REQ_RUNNING: /* inside ->ioctl(), which returns -EINPROGRESS next */
		req->err = err;
		req->state = VMEDIA_REQ_DONE;
		break;
	default:
		vmedia_err("a device completed a request that is not in progress (state %d)",
			   req->state);
	}
}
