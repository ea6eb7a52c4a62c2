/* SPDX-License-Identifier: BSD-3-Clause */
/* Comparing a call: its errno, its fields by their ways, and what its pointers lead to. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "compare.h"
#include "fields.h"

struct comparison {
	const struct conform_context *context;
	const struct conform_call *a, *b;
	conform_difference_fn emit;
	void *opaque;
	unsigned int found;
};

const char *conform_how_text(enum conform_how how)
{
	switch (how) {
	case CONFORM_EXACT:
		return "exactly";
	case CONFORM_BITS:
		return "bit by bit";
	case CONFORM_TEXT:
		return "as text";
	case CONFORM_OWN:
		return "not: each side has its own";
	case CONFORM_MOMENT:
		return "not: it is the value of a moment";
	case CONFORM_STATE:
		return "bit by bit, but for the frame's in QUERYBUF; QUEUED and DONE are one";
	case CONFORM_COPIED:
		return "if it was copied from OUTPUT; else it is a clock";
	case CONFORM_COUNTED:
		return "of m2m devices; others count frames that passed unseen";
	case CONFORM_FILLED:
		return "unless the frame is coded, or broken";
	case CONFORM_PARITY:
		return "as one of TOP and BOTTOM, or exactly";
	case CONFORM_CLASS:
		return "as a class: V4L2 drops the other bits, a device does not";
	case CONFORM_GIVEN:
		return "unless the node has forgotten the memory of a QBUF that failed";
	default:
		return "?";
	}
}

const char *conform_errno(int err, char buf[CONFORM_TEXT_SIZE])
{
	const char *name = err ? strerrorname_np(-err) : "0";

	if (name)
		return name;
	snprintf(buf, CONFORM_TEXT_SIZE, "%d", -err);
	return buf;
}

static bool is_overlay(uint32_t type)
{
	return type == V4L2_BUF_TYPE_VIDEO_OVERLAY || type == V4L2_BUF_TYPE_VIDEO_OUTPUT_OVERLAY;
}

static const char *circumstance(const struct comparison *x)
{
	if (x->context->request)
		return "request.";
	if (is_overlay(conform_call_type(x->a)))
		return "overlay.";
	if (x->context->foreign)
		return "foreign.";
	if (x->context->longer)
		return "longer.";
	if (x->context->restarted)
		return "restarted.";
	return x->context->first ? "first." : "";
}

static void differ(struct comparison *x, const char *prefix, const char *name, const char *a,
		   const char *b)
{
	char what[CONFORM_TEXT_SIZE];

	snprintf(what, sizeof(what), "%s%s%s", circumstance(x), prefix, name);
	x->emit(x->opaque, what, a, b);
	x->found++;
}

/* ---- Values as text ---- */

static uint64_t number(const void *p, size_t size)
{
	uint8_t n1;
	uint16_t n2;
	uint32_t n4;
	uint64_t n8;

	switch (size) {
	case 1:
		memcpy(&n1, p, size);
		return n1;
	case 2:
		memcpy(&n2, p, size);
		return n2;
	case 4:
		memcpy(&n4, p, size);
		return n4;
	default:
		memcpy(&n8, p, size);
		return n8;
	}
}

/* A number, or the bytes from the first one that differs. */
static const char *value_text(char buf[CONFORM_TEXT_SIZE], const void *p, const void *other,
			      size_t size)
{
	const uint8_t *bytes = p;
	size_t first = 0, used = 0;

	if (size == 1 || size == 2 || size == 4 || size == 8) {
		snprintf(buf, CONFORM_TEXT_SIZE, "%llu", (unsigned long long)number(p, size));
		return buf;
	}
	while (first < size && bytes[first] == ((const uint8_t *)other)[first])
		first++;
	used = (size_t)snprintf(buf, CONFORM_TEXT_SIZE, "+%zu:", first);
	for (size_t i = first; i < size && i < first + 8; i++)
		used += (size_t)snprintf(buf + used, CONFORM_TEXT_SIZE - used, " %02x", bytes[i]);
	return buf;
}

/* A device's string is not printed as it is. */
static const char *string_text(char buf[CONFORM_TEXT_SIZE], const char *s, size_t size)
{
	size_t i;

	for (i = 0; i < size && i < CONFORM_TEXT_SIZE - 1 && s[i]; i++)
		buf[i] = isprint((unsigned char)s[i]) ? s[i] : '?';
	buf[i] = '\0';
	return buf;
}

static void differ_number(struct comparison *x, const char *prefix, const char *name, const void *a,
			  const void *b, size_t size)
{
	char text[2][CONFORM_TEXT_SIZE];

	if (memcmp(a, b, size) != 0)
		differ(x, prefix, name, value_text(text[0], a, b, size),
		       value_text(text[1], b, a, size));
}

static void differ_bits(struct comparison *x, const char *prefix, const char *name, uint32_t a,
			uint32_t b)
{
	char what[CONFORM_TEXT_SIZE];

	for (uint32_t bit = 1; bit; bit <<= 1) {
		if (!((a ^ b) & bit))
			continue;
		snprintf(what, sizeof(what), "%s.0x%x", name, bit);
		differ(x, prefix, what, a & bit ? "set" : "clear", b & bit ? "set" : "clear");
	}
}

/* ---- Ways to compare ---- */

/* Bits that V4L2 has not defined: they stay with a buffer from QBUF to DQBUF. */
#define UNDEFINED_FLAGS	0xff680000u
#define STATE_FLAGS	(V4L2_BUF_FLAG_QUEUED | V4L2_BUF_FLAG_DONE)
/* What a finished frame says, which QUERYBUF shows or not. */
#define FRAME_FLAGS	(V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_PFRAME | V4L2_BUF_FLAG_BFRAME |	\
			 V4L2_BUF_FLAG_ERROR | V4L2_BUF_FLAG_TIMECODE | V4L2_BUF_FLAG_LAST |	\
			 V4L2_BUF_FLAG_TSTAMP_SRC_MASK)

/* A device whose event is under way calls the buffer neither QUEUED nor DONE. */
static uint32_t state_flags(const struct comparison *x, const struct conform_call *c)
{
	uint32_t flags = c->arg.buffer.flags;

	if (x->context->queued && c->info->nr == VMEDIA_NR_QUERYBUF)
		flags &= ~(uint32_t)STATE_FLAGS;
	else if (flags & STATE_FLAGS)
		flags = (flags & ~(uint32_t)STATE_FLAGS) | V4L2_BUF_FLAG_QUEUED;
	if (c->info->nr != VMEDIA_NR_DQBUF)
		flags &= ~(uint32_t)FRAME_FLAGS;
	/* The source of time stamps is that of the host's DQBUF, which comes earlier. */
	if (!x->context->m2m)
		flags &= ~(uint32_t)V4L2_BUF_FLAG_TSTAMP_SRC_MASK;
	/* Those of a QBUF that failed may stay, too. */
	if (c->info->nr == VMEDIA_NR_QUERYBUF)
		flags &= ~UNDEFINED_FLAGS;
	return flags;
}

/*
 * The kernel forgets the memory of a buffer that it could not queue: its length is 0 then. A device
 * keeps that of the last QBUF.
 */
static bool is_forgotten(const struct comparison *x, uint32_t length)
{
	return x->a->arg.buffer.memory != VMEDIA_MEMORY_MMAP && length == 0;
}

static bool is_copied(const struct conform_call *c)
{
	return (c->arg.buffer.flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) ==
	       V4L2_BUF_FLAG_TIMESTAMP_COPY;
}

static bool is_parity(const struct conform_call *c)
{
	return c->arg.buffer.field == V4L2_FIELD_TOP || c->arg.buffer.field == V4L2_FIELD_BOTTOM;
}

static bool is_filled(const struct comparison *x)
{
	return !x->context->coded && !(x->a->arg.buffer.flags & V4L2_BUF_FLAG_ERROR);
}

static void compare_text(struct comparison *x, const char *prefix, const struct conform_field *f,
			 const char *a, const char *b)
{
	char text[2][CONFORM_TEXT_SIZE];

	if (strncmp(a, b, f->size) != 0)
		differ(x, prefix, f->name, string_text(text[0], a, f->size),
		       string_text(text[1], b, f->size));
}

/*
 * A reserved field of a guest does not reach the driver, and comes back as zero. The node gives
 * back what the program had in it, here and there.
 */
static bool is_cleared(const struct conform_field *f, const uint8_t *device)
{
	if (!strstr(f->name, "reserved"))
		return false;
	for (size_t i = 0; i < f->size; i++)
		if (device[i])
			return false;
	return true;
}

static void compare_field(struct comparison *x, const char *prefix, const struct conform_field *f,
			  const uint8_t *a, const uint8_t *b)
{
	bool exact = true;

	switch (f->how) {
	case CONFORM_BITS:
		differ_bits(x, prefix, f->name, (uint32_t)number(a, f->size),
			    (uint32_t)number(b, f->size));
		return;
	case CONFORM_STATE:
		differ_bits(x, prefix, f->name, state_flags(x, x->a),
			    state_flags(x, x->b));
		return;
	case CONFORM_TEXT:
		compare_text(x, prefix, f, (const char *)a, (const char *)b);
		return;
	case CONFORM_OWN:
	case CONFORM_MOMENT:
		return;
	case CONFORM_COPIED:
		exact = is_copied(x->a) || is_copied(x->b);
		break;
	case CONFORM_COUNTED:
		exact = x->context->m2m;
		break;
	case CONFORM_FILLED:
		exact = is_filled(x);
		break;
	case CONFORM_CLASS:
		exact = V4L2_CTRL_ID2WHICH(number(a, f->size)) !=
			V4L2_CTRL_ID2WHICH(number(b, f->size));
		break;
	case CONFORM_GIVEN:
		exact = !is_forgotten(x, (uint32_t)number(a, f->size));
		break;
	case CONFORM_PARITY:
		exact = !is_parity(x->a) || !is_parity(x->b);
		break;
	default:
		break;
	}
	if (exact && !is_cleared(f, b))
		differ_number(x, prefix, f->name, a, b, f->size);
}

static void compare_fields(struct comparison *x, const char *prefix,
			   const struct conform_field *fields, const void *a, const void *b)
{
	for (const struct conform_field *f = fields; f && f->name; f++)
		compare_field(x, prefix, f, (const uint8_t *)a + f->offset,
			      (const uint8_t *)b + f->offset);
}

/* ---- What is beside the structure ---- */

/*
 * Memory of the program is where it was; an offset or a descriptor is the side's own. The kernel
 * has no place of a buffer whose QBUF failed early, a device has that of this QBUF.
 */
static void compare_place(struct comparison *x, const char *prefix, uint32_t length,
			  const uint64_t *a, const uint64_t *b)
{
	if (x->a->arg.buffer.memory == VMEDIA_MEMORY_USERPTR && !is_forgotten(x, length) &&
	    (x->a->info->nr != VMEDIA_NR_QUERYBUF || *a != CONFORM_PTR_NULL))
		differ_number(x, prefix, "m.userptr", a, b, sizeof(*a));
}

static void compare_planes(struct comparison *x)
{
	const struct conform_field *fields = x->a->info->nr == VMEDIA_NR_DQBUF ?
						     conform_dqbuf_plane_fields :
						     conform_plane_fields;
	char prefix[CONFORM_TEXT_SIZE];

	if (!conform_call_is_mplane(x->a)) {
		compare_place(x, "", x->a->arg.buffer.length, &x->a->arg.buffer.m.userptr,
			      &x->b->arg.buffer.m.userptr);
		return;
	}
	for (unsigned int i = 0; i < x->a->arg.buffer.length && i < VIDEO_MAX_PLANES; i++) {
		snprintf(prefix, sizeof(prefix), "planes[%u].", i);
		compare_fields(x, prefix, fields, &x->a->planes[i], &x->b->planes[i]);
		compare_place(x, prefix, x->a->planes[i].length, &x->a->planes[i].m.userptr,
			      &x->b->planes[i].m.userptr);
	}
}

static const struct catalogue_ctrl *find_ctrl(const struct comparison *x, uint32_t id)
{
	const struct conform_catalogue *cat = x->context->cat;

	for (unsigned int i = 0; cat && i < cat->num_ctrls; i++)
		if (cat->ctrls[i].q.id == id)
			return &cat->ctrls[i];
	return NULL;
}

static bool is_moment(const struct comparison *x, uint32_t id)
{
	const struct catalogue_ctrl *c = find_ctrl(x, id);

	return c && c->moment;
}

/* V4L2 writes no more of a string than its NUL. */
static uint32_t payload_size(const struct comparison *x, unsigned int i)
{
	const struct vmedia_ext_control *v = &x->a->ctrls[i];
	const char *data = (const char *)x->a->data + (size_t)i * CONFORM_SLOT;
	const struct catalogue_ctrl *c = find_ctrl(x, v->id);

	if (v->size > CONFORM_SLOT)
		return 0;
	if (!c || c->q.type != V4L2_CTRL_TYPE_STRING || !memchr(data, '\0', v->size))
		return v->size;
	return (uint32_t)strlen(data) + 1;
}

static void compare_ctrl_value(struct comparison *x, const char *prefix, unsigned int i)
{
	const struct vmedia_ext_control *a = &x->a->ctrls[i], *b = &x->b->ctrls[i];
	int64_t value[2] = { a->value64, b->value64 };
	size_t slot = (size_t)i * CONFORM_SLOT;

	if (is_moment(x, a->id))
		return;
	if (!a->size || !b->size) {
		differ_number(x, prefix, "value", &value[0], &value[1], sizeof(value[0]));
		return;
	}
	differ_number(x, prefix, "ptr", &value[0], &value[1], sizeof(value[0]));
	if (value[0] != CONFORM_PTR_NULL)
		differ_number(x, prefix, "payload", x->a->data + slot, x->b->data + slot,
			      payload_size(x, i));
}

static void compare_ctrls(struct comparison *x)
{
	char prefix[CONFORM_TEXT_SIZE];

	for (unsigned int i = 0; i < x->a->arg.ext_controls.count && i < CONFORM_CTRLS; i++) {
		compare_fields(x, "controls[].", conform_ext_control_fields, &x->a->ctrls[i],
			       &x->b->ctrls[i]);
		snprintf(prefix, sizeof(prefix), "controls[0x%08x].", x->a->ctrls[i].id);
		/* After an error some may have been read and some not. */
		if (!x->a->err)
			compare_ctrl_value(x, prefix, i);
	}
}

static void compare_blocks(struct comparison *x)
{
	char prefix[CONFORM_TEXT_SIZE];

	for (uint32_t i = 0; i < x->a->arg.edid.blocks && (i + 1) * 128 <= x->a->data_size; i++) {
		snprintf(prefix, sizeof(prefix), "block[%u]", i);
		differ_number(x, prefix, "", x->a->data + i * 128, x->b->data + i * 128, 128);
	}
}

/* Values of one control: of G_CTRL, S_CTRL and a control's event. */
static void compare_value(struct comparison *x)
{
	const struct vmedia_event *ea = &x->a->arg.event, *eb = &x->b->arg.event;
	const struct vmedia_control *ca = &x->a->arg.control, *cb = &x->b->arg.control;

	switch (x->a->info->nr) {
	case VMEDIA_NR_G_CTRL:
	case VMEDIA_NR_S_CTRL:
		if (!is_moment(x, ca->id))
			differ_number(x, "", "value", &ca->value, &cb->value, sizeof(ca->value));
		break;
	case VMEDIA_NR_DQEVENT:
		if (ea->type == V4L2_EVENT_CTRL && !is_moment(x, ea->id))
			differ_number(x, "u.ctrl.", "value", &ea->u.ctrl.value64,
				      &eb->u.ctrl.value64,
				      ea->u.ctrl.type == V4L2_CTRL_TYPE_INTEGER64 ? 8 : 4);
		break;
	}
}

unsigned int conform_compare(const struct conform_context *context, const struct conform_call *a,
			     const struct conform_call *b, conform_difference_fn emit, void *opaque)
{
	struct comparison x = { context, a, b, emit, opaque, 0 };
	char what[CONFORM_TEXT_SIZE], text[2][CONFORM_TEXT_SIZE];
	struct conform_part part;

	if (a->err != b->err) {
		snprintf(what, sizeof(what), "errno:%s:%s", conform_errno(a->err, text[0]),
			 conform_errno(b->err, text[1]));
		differ(&x, "", what, conform_errno(a->err, text[0]),
		       conform_errno(b->err, text[1]));
		return x.found;
	}
	/* The program's memory is wrong: each side has come as far as it looked at it. */
	if (a->err == -EFAULT && a->info->follow == VMEDIA_FOLLOW_CTRLS)
		return x.found;
	compare_fields(&x, "", a->row->fields, &a->arg, &b->arg);
	if (a->row->part) {
		part = a->row->part(a);
		compare_fields(&x, part.prefix, part.fields, (const uint8_t *)&a->arg + part.offset,
			       (const uint8_t *)&b->arg + part.offset);
	}
	compare_value(&x);
	if (a->info->follow == VMEDIA_FOLLOW_PLANES && !a->err)
		compare_planes(&x);
	else if (a->info->follow == VMEDIA_FOLLOW_CTRLS)
		compare_ctrls(&x);
	else if (a->info->follow == VMEDIA_FOLLOW_EDID && !a->err)
		compare_blocks(&x);
	return x.found;
}
