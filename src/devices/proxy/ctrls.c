// SPDX-License-Identifier: BSD-3-Clause
/*
 * Ioctls that have memory beside their structure: extended controls and EDID.
 *
 * Security model: a control with a size has a pointer, which is the guest's. The host gets a
 * pointer to private memory of exactly that size, with the guest's bytes in it, and the kernel
 * reads and writes no more than the size says. A control without a size has a value: a driver that
 * takes it for a pointer would be given one by every program, and V4L2's core does not.
 */
#include <errno.h>
#include <linux/videodev2.h>
#include <stdlib.h>
#include <string.h>

#include "proxy.h"

static size_t aligned(uint32_t size)
{
	return ((size_t)size + 7) & ~(size_t)7;
}

/* Copy the payloads behind @to; point @ctrls there. */
static void place(struct proxy_call *c, struct vmedia_ext_control *ctrls, uint8_t *to)
{
	for (uint32_t i = 0; i < c->io.arg.ext_controls.count; i++) {
		const void *data = vmedia_request_ctrl_data(c->req, i);

		ctrls[i].reserved2[0] = 0;
		if (!ctrls[i].size)
			continue;
		if (data)
			memcpy(to, data, ctrls[i].size);
		ctrls[i].ptr = (uintptr_t)to;
		to += aligned(ctrls[i].size);
	}
}

int vmedia_proxy_ctrls_prepare(struct proxy_call *c)
{
	struct vmedia_ext_controls *e = &c->io.arg.ext_controls;
	const struct vmedia_ext_control *from = c->io.ctrls;
	size_t array = (size_t)e->count * sizeof(*from), size = 2 * aligned((uint32_t)array) + 8;
	struct vmedia_ext_control *ctrls;

	/* V4L2 sets it too, unless it refuses the call before it looks at the controls. */
	if (e->which == V4L2_CTRL_WHICH_REQUEST_VAL) {
		e->error_idx = e->count;
		return -EINVAL;
	}
	e->request_fd = 0;
	/* Core bounds the number of controls, and the sum of their sizes. */
	for (uint32_t i = 0; i < e->count; i++)
		size += aligned(from[i].size);
	c->memory = calloc(1, size);
	if (!c->memory)
		return -ENOMEM;
	ctrls = (struct vmedia_ext_control *)c->memory;
	if (array)
		memcpy(ctrls, from, array);
	place(c, ctrls, c->memory + 2 * aligned((uint32_t)array));
	e->controls = (uintptr_t)ctrls;
	c->io.ctrls = ctrls;
	c->asked.ctrls = (struct vmedia_ext_control *)(c->memory + aligned((uint32_t)array));
	if (array)
		memcpy(c->asked.ctrls, ctrls, array);
	c->asked.max_ctrls = c->io.max_ctrls;
	return 0;
}

/*
 * V4L2's core writes back the class of `which` without the bits that are no class. A device returns
 * it as it came.
 */
void vmedia_proxy_ctrls_run(struct proxy_call *c)
{
	uint32_t which = c->io.arg.ext_controls.which;

	vmedia_proxy_ask(c);
	if (c->io.arg.ext_controls.which == V4L2_CTRL_ID2WHICH(which))
		c->io.arg.ext_controls.which = which;
}

/* After the check: c->io.ctrls are the answer's. */
int vmedia_proxy_ctrls_done(struct proxy_call *c, int err)
{
	uint32_t count = c->io.arg.ext_controls.count;
	struct vmedia_ioctl *io;

	if (!c->req)
		return err;
	io = vmedia_request_ioctl(c->req);
	if (count > io->max_ctrls) /* cannot be: the answer was checked */
		return -EIO;
	c->io.arg.ext_controls.request_fd = io->arg.ext_controls.request_fd;
	c->io.arg.ext_controls.reserved[0] = io->arg.ext_controls.reserved[0];
	for (uint32_t i = 0; i < count; i++) {
		const struct vmedia_ext_control *from = &c->io.ctrls[i];
		uint32_t asked = io->ctrls[i].size;
		void *data = vmedia_request_ctrl_data(c->req, i);

		if (!err && data && asked)
			memcpy(data, (const void *)(uintptr_t)from->ptr, asked);
		if (!asked) /* the pointers of the others are the guest's, and core restores them */
			io->ctrls[i].value64 = from->value64;
		io->ctrls[i].size = from->size;
	}
	return err;
}

int vmedia_proxy_edid_prepare(struct proxy_call *c)
{
	struct vmedia_edid *e = &c->io.arg.edid;
	size_t size = (size_t)e->blocks * 128;

	c->memory = calloc(1, size + 1);
	if (!c->memory)
		return -ENOMEM;
	if (c->io.edid && c->io.info->nr == VMEDIA_NR_S_EDID)
		memcpy(c->memory, c->io.edid, size);
	e->edid = (uintptr_t)c->memory;
	c->io.edid = c->memory;
	return 0;
}

int vmedia_proxy_edid_done(struct proxy_call *c, int err)
{
	struct vmedia_ioctl *io;

	if (!c->req)
		return err;
	io = vmedia_request_ioctl(c->req);
	if (!err && io->edid && c->io.info->nr == VMEDIA_NR_G_EDID)
		memcpy(io->edid, c->memory, (size_t)c->asked.arg.edid.blocks * 128);
	return err;
}
