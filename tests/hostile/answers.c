/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Answers, changed. Each change says of itself whether a driver must refuse it; the others are lies
 * that a device may tell (another errno, another picture size), which a driver has to live with.
 */
#include <string.h>

#include <vmedia/proto.h>

#include "hostile.h"

#define HDR VMEDIA_RESP_HDR_SIZE

static const uint32_t odd[] = {
	0,	    1,		2,	    7,		31,	    63,		64,
	255,	    4095,	4096,	    65535,	0x00ffffff, 0x01000000, 0x10000001,
	0x7fffffff, 0x80000000, 0xfffff000, 0xfffffffe, 0xffffffff,
};

static uint32_t some_odd(struct hostile *h)
{
	return odd[hostile_below(h, sizeof(odd) / sizeof(odd[0]))];
}

bool hostile_spoil(struct hostile *h, enum hostile_fault fault, uint8_t *bytes, size_t len)
{
	uint8_t before[HOSTILE_ROOM];
	size_t from, n, i;

	if (!len || len > sizeof(before))
		return false;
	memcpy(before, bytes, len);
	from = hostile_below(h, (uint32_t)len);
	n = 1 + hostile_below(h, (uint32_t)(len - from));
	switch (fault) {
	case HOSTILE_BITS:
	case HOSTILE_EV_BITS:
		for (i = 1 + hostile_below(h, 8); i; i--)
			bytes[hostile_below(h, (uint32_t)len)] ^= 1 << hostile_below(h, 8);
		break;
	case HOSTILE_ZERO:
	case HOSTILE_EV_ZERO:
		memset(bytes + from, 0, n);
		break;
	case HOSTILE_ONES:
	case HOSTILE_EV_ONES:
		memset(bytes + from, 0xff, n);
		break;
	default:
		for (i = from; i < from + n; i++)
			bytes[i] = (uint8_t)hostile_random(h);
	}
	return memcmp(before, bytes, len) != 0;
}

static const struct vmedia_ioctl_info *info_of(const struct hostile_answer *a)
{
	return a->q->cmd == VMEDIA_CMD_IOCTL ? vmedia_ioctl_info(a->q->code) : NULL;
}

/* The structure of a successful answer that is read, or NULL. */
static uint8_t *structure(struct hostile_answer *a)
{
	const struct vmedia_ioctl_info *info = info_of(a);

	if (!info || !(info->dir & VMEDIA_DIR_R) || a->len < HDR + (size_t)info->size ||
	    hostile_get32(a->bytes))
		return NULL;
	return a->bytes + HDR;
}

static bool shorten(struct hostile *h, struct hostile_answer *a)
{
	size_t need = HDR;

	if (a->q->cmd == VMEDIA_CMD_CLOSE || !a->used)
		return false;
	if (structure(a))
		need += info_of(a)->size;
	else if (!hostile_get32(a->bytes) && a->q->cmd == VMEDIA_CMD_OPEN)
		need = VMEDIA_RESP_OPEN_SIZE;
	else if (!hostile_get32(a->bytes) && a->q->cmd == VMEDIA_CMD_MMAP)
		need = VMEDIA_RESP_MMAP_SIZE;
	a->used = hostile_below(h, (uint32_t)need);
	a->must = true;
	return true;
}

static bool change_status(struct hostile *h, struct hostile_answer *a, bool possible)
{
	uint32_t before = hostile_get32(a->bytes), status = 1 + hostile_below(h, 4095);

	if (a->len < HDR)
		return false;
	while (!possible && status <= 4095)
		status = hostile_below(h, 2) ? some_odd(h) : (uint32_t)hostile_random(h);
	hostile_put32(a->bytes, status);
	a->must = !possible;
	return status != before;
}

static bool change_session(struct hostile *h, struct hostile_answer *a)
{
	struct hostile_session *s = hostile_any_session(h);

	if (a->q->cmd != VMEDIA_CMD_OPEN || a->len < VMEDIA_RESP_OPEN_SIZE ||
	    hostile_get32(a->bytes) || !s || s->id == hostile_get32(a->bytes + HDR))
		return false;
	hostile_put32(a->bytes + HDR, s->id);
	a->must = true;
	return true;
}

static bool change_mapping(struct hostile *h, enum hostile_fault fault, struct hostile_answer *a)
{
	uint64_t region = vmedia_device_region_size(h->dev), addr, len;

	if (a->q->cmd != VMEDIA_CMD_MMAP || a->len < VMEDIA_RESP_MMAP_SIZE ||
	    hostile_get32(a->bytes))
		return false;
	addr = hostile_get64(a->bytes + HDR);
	len = hostile_get64(a->bytes + HDR + 8);
	a->must = true;
	switch (fault) {
	case HOSTILE_MAP_BEYOND:
		/* From the first page that is outside to the last that there is. */
		addr = hostile_below(h, 2) ? region : (hostile_random(h) | region) & ~0xfffull >> 1;
		addr &= ~0xfffull;
		break;
	case HOSTILE_MAP_WRAP:
		addr = hostile_below(h, 2) ? addr + 4096 : addr;
		len = -(addr ? addr : 4096);
		break;
	case HOSTILE_MAP_UNALIGNED:
		addr += 1 + hostile_below(h, 4095);
		break;
	case HOSTILE_MAP_SHORT:
		len = hostile_below(h, 2) ? 0 : len > 4096 ? len - 4096 - len % 4096 : 0;
		break;
	default:
		a->must = false;
		if (!h->num_mappings)
			return false;
		addr = h->mappings[hostile_below(h, h->num_mappings)];
	}
	hostile_put64(a->bytes + HDR, addr);
	hostile_put64(a->bytes + HDR + 8, len);
	return true;
}

/* The field of @kind in the structure, one of those there are; NULL: none. */
static const struct hostile_field *pick_field(struct hostile *h, const struct hostile_answer *a,
					      int kind)
{
	const struct hostile_field *found = NULL;
	unsigned int i, num = 0;

	for (i = 0; i < hostile_num_fields; i++) {
		const struct hostile_field *f = &hostile_fields[i];

		if (f->nr != a->q->code || (kind >= 0 && (int)f->kind != kind))
			continue;
		if (!hostile_below(h, ++num))
			found = f;
	}
	return found;
}

static bool change_field(struct hostile *h, struct hostile_answer *a, int kind)
{
	uint8_t *s = structure(a);
	const struct hostile_field *f = s ? pick_field(h, a, kind) : NULL;
	uint32_t before, value;

	if (!f)
		return false;
	before = hostile_get32(s + f->off);
	value = some_odd(h);
	if (kind == HOSTILE_FIELD_ECHO && value == before)
		value++;
	hostile_put32(s + f->off, value);
	a->must = kind == HOSTILE_FIELD_ECHO;
	/* ENUM_FMT's flag comes back cleared: that is no change. */
	if (a->q->code == VMEDIA_NR_ENUM_FMT && f->off == 0 && !((value ^ before) << 1))
		hostile_put32(s, before + 1);
	return value != before;
}

/* The pointer of the structure, or that of a control or a plane behind it. */
static bool change_pointer(struct hostile *h, struct hostile_answer *a)
{
	uint8_t *s = structure(a);
	const struct hostile_field *f = s ? pick_field(h, a, HOSTILE_FIELD_POINTER) : NULL;
	uint64_t before;

	if (!f)
		return false;
	/* A buffer of the device has an offset there, which is the device's to say. */
	if (a->q->code == VMEDIA_NR_QBUF &&
	    hostile_get32(s + offsetof(struct vmedia_buffer, memory)) != VMEDIA_MEMORY_USERPTR)
		return false;
	before = hostile_get64(s + f->off);
	hostile_put64(s + f->off, before + 1 + (hostile_random(h) >> 1));
	/* QBUF without a pointer is answered with PREPARE_BUF's, which drivers need not know. */
	a->must = before || a->q->code != VMEDIA_NR_QBUF;
	return true;
}

/* More than there can be of anything. */
static bool change_count(struct hostile *h, struct hostile_answer *a)
{
	uint8_t *s = structure(a);
	const struct hostile_field *f = s ? pick_field(h, a, HOSTILE_FIELD_COUNT) : NULL;

	if (!f)
		return false;
	hostile_put32(s + f->off,
		      hostile_below(h, 2) ? 1025 : 1025 + ((uint32_t)hostile_random(h) >> 1));
	a->must = true;
	return true;
}

static bool change_more(struct hostile *h, struct hostile_answer *a)
{
	uint8_t *s = structure(a);
	size_t off = a->q->code == VMEDIA_NR_CREATE_BUFS
			     ? offsetof(struct vmedia_create_buffers, count)
			     : offsetof(struct vmedia_requestbuffers, count);
	uint32_t before;

	if (!s || (a->q->code != VMEDIA_NR_CREATE_BUFS && a->q->code != VMEDIA_NR_REQBUFS))
		return false;
	before = hostile_get32(s + off);
	hostile_put32(s + off, hostile_below(h, 70));
	/* None were asked for: none can be granted. */
	a->must = a->q->len >= 16 + off + 4 && !hostile_get32(a->q->bytes + 16 + off) &&
		  hostile_get32(s + off);
	return hostile_get32(s + off) != before;
}

/* Buffers that are there already. */
static bool change_index(struct hostile_answer *a)
{
	uint8_t *s = structure(a);
	uint32_t index;

	if (!s || a->q->code != VMEDIA_NR_CREATE_BUFS)
		return false;
	index = hostile_get32(s + offsetof(struct vmedia_create_buffers, index));
	if (!index || !hostile_get32(s + offsetof(struct vmedia_create_buffers, count)))
		return false;
	hostile_put32(s + offsetof(struct vmedia_create_buffers, index), index - 1);
	a->must = true;
	return true;
}

static bool change_length(struct hostile *h, struct hostile_answer *a)
{
	uint8_t *s = structure(a);
	uint32_t length;

	if (!s || a->q->code != VMEDIA_NR_QBUF ||
	    hostile_get32(s + offsetof(struct vmedia_buffer, memory)) != VMEDIA_MEMORY_USERPTR)
		return false;
	s += offsetof(struct vmedia_buffer, length);
	length = hostile_get32(s);
	hostile_put32(s, hostile_below(h, 2) ? length + 1 : UINT32_MAX);
	a->must = true;
	return true;
}

static bool change_size(struct hostile *h, struct hostile_answer *a)
{
	uint8_t *s = structure(a);
	const struct hostile_field *f = s ? pick_field(h, a, HOSTILE_FIELD_SIZE) : NULL;

	if (!f)
		return false;
	/* Whether it must be refused depends on what the driver wants to do with it. */
	hostile_put32(s + f->off, hostile_below(h, 2) ? 0 : UINT32_MAX - hostile_below(h, 8192));
	return true;
}

bool hostile_change_answer(struct hostile *h, enum hostile_fault fault, struct hostile_answer *a)
{
	switch (fault) {
	case HOSTILE_BITS:
	case HOSTILE_ZERO:
	case HOSTILE_ONES:
	case HOSTILE_NOISE:
		return hostile_spoil(h, fault, a->bytes, a->len);
	case HOSTILE_SHORT:
		return shorten(h, a);
	case HOSTILE_LONG:
		a->used = hostile_below(h, 2) ? UINT32_MAX : a->used + 1 + hostile_below(h, 70000);
		return a->q->cmd != VMEDIA_CMD_CLOSE;
	case HOSTILE_STATUS:
	case HOSTILE_ERRNO:
		return change_status(h, a, fault == HOSTILE_ERRNO);
	case HOSTILE_SESSION:
		return change_session(h, a);
	case HOSTILE_MAP_BEYOND:
	case HOSTILE_MAP_WRAP:
	case HOSTILE_MAP_UNALIGNED:
	case HOSTILE_MAP_SHORT:
	case HOSTILE_MAP_OVERLAP:
		return change_mapping(h, fault, a);
	case HOSTILE_ECHO:
		return change_field(h, a, HOSTILE_FIELD_ECHO);
	case HOSTILE_FIELD:
		return change_field(h, a, -1);
	case HOSTILE_POINTER:
		return change_pointer(h, a);
	case HOSTILE_COUNT:
		return change_count(h, a);
	case HOSTILE_MORE:
		return change_more(h, a);
	case HOSTILE_INDEX:
		return change_index(a);
	case HOSTILE_LENGTH:
		return change_length(h, a);
	case HOSTILE_SIZE:
		return change_size(h, a);
	default:
		return false;
	}
}
