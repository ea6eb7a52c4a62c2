/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calls: what is given to an ioctl. A call is made once, without addresses, and then placed on each
 * side: its pointers become addresses there. Lifting makes them the same on both sides again, so
 * that the two can be compared; a pointer that a side has changed stays, and is a difference.
 */
#include <string.h>

#include "conform.h"
#include "side.h"

void conform_call_begin(struct conform_call *c, const struct conform_row *row,
			unsigned int session)
{
	memset(c, 0, offsetof(struct conform_call, data));
	c->row = row;
	c->info = vmedia_ioctl_info(row->nr);
	c->session = session;
}

bool conform_call_is_mplane(const struct conform_call *c)
{
	return c->info->follow == VMEDIA_FOLLOW_PLANES &&
	       vmedia_buf_type_is_multiplanar(c->arg.buffer.type);
}

uint32_t conform_call_type(const struct conform_call *c)
{
	switch (c->info->nr) {
	case VMEDIA_NR_QUERYBUF:
	case VMEDIA_NR_QBUF:
	case VMEDIA_NR_DQBUF:
	case VMEDIA_NR_PREPARE_BUF:
		return c->arg.buffer.type;
	case VMEDIA_NR_ENUM_FMT:
		return c->arg.fmtdesc.type;
	case VMEDIA_NR_REQBUFS:
		return c->arg.requestbuffers.type;
	case VMEDIA_NR_CREATE_BUFS:
		return c->arg.create_buffers.format.type;
	case VMEDIA_NR_REMOVE_BUFS:
		return c->arg.remove_buffers.type;
	case VMEDIA_NR_G_SLICED_VBI_CAP:
		return c->arg.sliced_vbi_cap.type;
	/* The type comes first in these. */
	case VMEDIA_NR_G_FMT:
	case VMEDIA_NR_S_FMT:
	case VMEDIA_NR_TRY_FMT:
	case VMEDIA_NR_EXPBUF:
	case VMEDIA_NR_STREAMON:
	case VMEDIA_NR_STREAMOFF:
	case VMEDIA_NR_G_PARM:
	case VMEDIA_NR_S_PARM:
	case VMEDIA_NR_CROPCAP:
	case VMEDIA_NR_G_CROP:
	case VMEDIA_NR_S_CROP:
	case VMEDIA_NR_G_SELECTION:
	case VMEDIA_NR_S_SELECTION:
		return c->arg.u32;
	default:
		return 0;
	}
}

static uint64_t address(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static uint64_t user_address(const struct conform_side *side, uint64_t token)
{
	if (token == CONFORM_PTR_NULL)
		return 0;
	if (token == CONFORM_PTR_BAD)
		return 0x1000; /* a page that no program has */
	return address(side->memory) + token - CONFORM_PTR(0);
}

static void place_planes(struct conform_call *to, const struct conform_side *side)
{
	bool user = to->arg.buffer.memory == VMEDIA_MEMORY_USERPTR;

	if (!conform_call_is_mplane(to)) {
		if (user)
			to->arg.buffer.m.userptr = user_address(side, to->arg.buffer.m.userptr);
		return;
	}
	to->arg.buffer.m.planes = to->null ? 0 : address(to->planes);
	for (unsigned int i = 0; user && i < CONFORM_PLANES; i++)
		to->planes[i].m.userptr = user_address(side, to->planes[i].m.userptr);
}

static void place_ctrls(struct conform_call *to)
{
	to->arg.ext_controls.controls = to->null ? 0 : address(to->ctrls);
	for (unsigned int i = 0; i < CONFORM_CTRLS; i++)
		if (to->ctrls[i].size && to->ctrls[i].ptr != CONFORM_PTR_NULL)
			to->ctrls[i].ptr = address(to->data + i * CONFORM_SLOT);
}

void conform_call_place(struct conform_call *to, const struct conform_call *from,
			const struct conform_side *side)
{
	memcpy(to, from, offsetof(struct conform_call, data) + from->data_size);
	switch (to->info->follow) {
	case VMEDIA_FOLLOW_PLANES:
		place_planes(to, side);
		break;
	case VMEDIA_FOLLOW_CTRLS:
		place_ctrls(to);
		break;
	case VMEDIA_FOLLOW_EDID:
		to->arg.edid.edid = to->null ? 0 : address(to->data);
		break;
	default:
		break;
	}
}

static void lift(uint64_t *now, uint64_t placed, uint64_t token)
{
	if (*now == placed)
		*now = token;
}

static void lift_planes(struct conform_call *c, const struct conform_call *from,
			const struct conform_side *side)
{
	const struct vmedia_plane *asked = from->planes;
	bool user = c->arg.buffer.memory == VMEDIA_MEMORY_USERPTR;

	/* What DQBUF and QUERYBUF return was given to another call. */
	if (!conform_call_is_mplane(c)) {
		if (user && c->arg.buffer.m.userptr - address(side->memory) < CONFORM_MEMORY)
			c->arg.buffer.m.userptr -= address(side->memory) - CONFORM_PTR(0);
		else if (user)
			lift(&c->arg.buffer.m.userptr,
			     user_address(side, from->arg.buffer.m.userptr),
			     from->arg.buffer.m.userptr);
		return;
	}
	lift(&c->arg.buffer.m.planes, c->null ? 0 : address(c->planes), 0);
	for (unsigned int i = 0; user && i < CONFORM_PLANES; i++) {
		struct vmedia_plane *p = &c->planes[i];

		if (p->m.userptr - address(side->memory) < CONFORM_MEMORY)
			p->m.userptr -= address(side->memory) - CONFORM_PTR(0);
		else
			lift(&p->m.userptr, user_address(side, asked[i].m.userptr),
			     asked[i].m.userptr);
	}
}

static void lift_ctrls(struct conform_call *c, const struct conform_call *from)
{
	lift(&c->arg.ext_controls.controls, c->null ? 0 : address(c->ctrls), 0);
	for (unsigned int i = 0; i < CONFORM_CTRLS; i++) {
		uint64_t ptr = c->ctrls[i].ptr; /* packed */

		if (!from->ctrls[i].size)
			continue;
		lift(&ptr, address(c->data + i * CONFORM_SLOT), from->ctrls[i].ptr);
		c->ctrls[i].ptr = ptr;
	}
}

void conform_call_lift(struct conform_call *c, const struct conform_call *from,
		       const struct conform_side *side)
{
	switch (c->info->follow) {
	case VMEDIA_FOLLOW_PLANES:
		lift_planes(c, from, side);
		break;
	case VMEDIA_FOLLOW_CTRLS:
		lift_ctrls(c, from);
		break;
	case VMEDIA_FOLLOW_EDID:
		lift(&c->arg.edid.edid, c->null ? 0 : address(c->data), 0);
		break;
	default:
		break;
	}
}
