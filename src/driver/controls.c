// SPDX-License-Identifier: BSD-3-Clause
/*
 * G_EXT_CTRLS, S_EXT_CTRLS, TRY_EXT_CTRLS: the array, and the payloads of controls with a size.
 *
 * A payload can be anywhere in the program's memory. It is copied to guest RAM for the question,
 * and back for the answer. The driver copies no other bytes. All payloads of a call are in one
 * piece of memory, and each is one entry of an SG list. The device gets their guest-physical
 * addresses instead of the program's pointers.
 */
#include "driver/internal.h"

#include <errno.h>
#include <linux/videodev2.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN 16

static int alloc_bounce(struct vmedia_drv_cmd *c, uint64_t bytes)
{
	uint64_t n = (bytes + VMEDIA_DRV_PAGE - 1) / VMEDIA_DRV_PAGE;
	int err;

	if (!n)
		return 0;
	err = vmedia_arena_alloc(&c->drv->arena, n, &c->bounce);
	if (!err)
		c->bounce_pages = n;
	return err;
}

static int payload_bytes(const struct vmedia_drv_cmd *c, uint32_t count, uint64_t *bytes)
{
	uint32_t i;

	*bytes = 0;
	for (i = 0; i < count; i++) {
		if (c->ctrls[i].size && !c->ctrls[i].ptr)
			return -EFAULT;
		*bytes += vmedia_align_up(c->ctrls[i].size, ALIGN);
	}
	return *bytes > VMEDIA_DRV_MAX_CTRL_BYTES ? -E2BIG : 0;
}

static void fill(struct vmedia_drv_cmd *c, uint32_t count)
{
	bool send = c->cmd.io.info->nr != _IOC_NR(VIDIOC_G_EXT_CTRLS);
	uint64_t gpa = vmedia_arena_gpa(&c->drv->arena, c->bounce);
	uint8_t *to = vmedia_arena_ptr(&c->drv->arena, c->bounce);
	struct vmedia_ext_control *ctrl;
	struct vmedia_sg_entry e;
	uint32_t i;

	for (i = 0; i < count; i++) {
		ctrl = &c->ctrls[i];
		c->ctrl_sg[i] = (struct vmedia_sg){ 0 };
		if (!ctrl->size)
			continue;
		if (send) {
			memcpy(to, (const void *)(uintptr_t)ctrl->ptr, ctrl->size);
			c->drv->stats.bytes_copied += ctrl->size;
		}
		e = (struct vmedia_sg_entry){ .start = gpa, .len = ctrl->size };
		c->ctrl_sg[i] =
			(struct vmedia_sg){ .raw = c->sg_raw + (size_t)i * VMEDIA_SG_ENTRY_SIZE,
					    .count = 1 };
		vmedia_sg_put(c->sg_raw, i, &e);
		ctrl->ptr = gpa;
		gpa += vmedia_align_up(ctrl->size, ALIGN);
		to += vmedia_align_up(ctrl->size, ALIGN);
	}
}

int vmedia_drv_ctrls_question(struct vmedia_drv_cmd *c)
{
	struct vmedia_ioctl *io = &c->cmd.io;
	struct vmedia_ext_controls *ec = &io->arg.ext_controls;
	uint64_t bytes;
	int err;

	if (ec->count > VMEDIA_MAX_CTRLS)
		return -EINVAL;
	if (!ec->count) {
		ec->controls = 0;
		return 0;
	}
	if (!ec->controls)
		return -EFAULT;
	c->ctrls = calloc(ec->count, sizeof(*c->ctrls));
	c->ctrl_sg = calloc(ec->count, sizeof(*c->ctrl_sg));
	c->sg_raw = calloc(ec->count, VMEDIA_SG_ENTRY_SIZE);
	if (!c->ctrls || !c->ctrl_sg || !c->sg_raw)
		return -ENOMEM;
	memcpy(c->ctrls, (const void *)(uintptr_t)ec->controls, ec->count * sizeof(*c->ctrls));
	err = payload_bytes(c, ec->count, &bytes);
	if (!err)
		err = alloc_bounce(c, bytes);
	if (err)
		return err;
	fill(c, ec->count);
	ec->controls = 0;
	io->ctrls = c->ctrls;
	io->ctrl_sg = c->ctrl_sg;
	io->max_ctrls = ec->count;
	return 0;
}

/*
 * @to: the program's control; @off: offset of its payload in the bounce memory; @asked: its size
 *	there
 */
static void give_control(struct vmedia_drv_cmd *c, const struct vmedia_ext_control *from,
			 struct vmedia_ext_control *to, uint64_t off)
{
	uint32_t asked = to->size, n = VMEDIA_MIN(asked, from->size);

	if (!asked && !from->size)
		to->value64 = from->value64;
	if (asked && !c->err) {
		memcpy((void *)(uintptr_t)to->ptr,
		       (uint8_t *)vmedia_arena_ptr(&c->drv->arena, c->bounce) + off, n);
		c->drv->stats.bytes_copied += n;
	}
	to->size = from->size;
	to->reserved2[0] = from->reserved2[0];
}

void vmedia_drv_ctrls_answer(struct vmedia_drv_cmd *c)
{
	const struct vmedia_ext_controls *ec = &c->cmd.io.arg.ext_controls;
	struct vmedia_ext_controls *to = c->arg;
	uint64_t pointer = to->controls, off = 0;
	struct vmedia_ext_control *ctrl = (struct vmedia_ext_control *)(uintptr_t)pointer;
	uint32_t count = to->count, i, step;

	for (i = 0; i < count; i++) {
		step = (uint32_t)vmedia_align_up(ctrl[i].size, ALIGN);
		give_control(c, &c->ctrls[i], &ctrl[i], off);
		off += step;
	}
	*to = *ec;
	to->controls = pointer;
	to->count = count;
}
