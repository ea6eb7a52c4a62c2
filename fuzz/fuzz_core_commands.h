/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Commands of fuzz_core: an input's bytes, and templates of ioctls whose fields they choose, near
 * enough to what a driver sends that a session gets as far as streaming.
 *
 * Included by fuzz_core.c alone.
 */
#ifndef FUZZ_CORE_COMMANDS_H
#define FUZZ_CORE_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <vmedia/proto.h>

#define RAM_GPA	    0x10000ull
#define MAX_KNOWN   8

/* Objects that the device exported, as far as the guest knows. */
static uint8_t known_uuid[MAX_KNOWN][VMEDIA_UUID_SIZE];

/* The input, from which zeros come when it is at its end. */
struct input {
	const uint8_t *data;
	size_t left;
};

static uint8_t u8(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->data++;
}

static uint16_t u16(struct input *in)
{
	uint16_t lo = u8(in);

	return (uint16_t)(lo | u8(in) << 8);
}

static uint32_t u32(struct input *in)
{
	uint32_t lo = u16(in);

	return lo | (uint32_t)u16(in) << 16;
}

static void put32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, 4); /* the fuzzer runs on little-endian machines */
}

static void put64(uint8_t *p, uint64_t v)
{
	memcpy(p, &v, 8);
}

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

/* ---- Payloads ---- */

static size_t put_sg(uint8_t *p, struct input *in, uint32_t length)
{
	uint8_t n = u8(in) & 7, i;
	size_t at = 0;

	if (n < 6) {
		/* One that covers, somewhere. */
		put64(p, RAM_GPA + (u16(in) & 0x3ff) * 64ull);
		put32(p + 8, length);
		put32(p + 12, 0xaaaaaaaa);
		return 16;
	}
	for (i = 0; i < 20 && length; i++, at += 16) {
		uint32_t part = i == 19 || length < 4096 ? length : 4096;

		put64(p + at, RAM_GPA + ((uint64_t)u8(in) << 12) * (n == 6 ? 1 : 3));
		put32(p + at + 8, part);
		put32(p + at + 12, 0);
		length -= part;
	}
	return at;
}

static size_t put_uuid(uint8_t *p, struct input *in)
{
	uint8_t i = u8(in);

	if (i < 0x40)
		memcpy(p, known_uuid[i % MAX_KNOWN], VMEDIA_UUID_SIZE);
	else
		memset(p, i & 0x83, VMEDIA_UUID_SIZE);
	return VMEDIA_UUID_SIZE;
}

static size_t fill_buffer(uint8_t *p, struct input *in)
{
	uint8_t how = u8(in), planes = 0, i;
	uint32_t length = how & 8 ? u16(in) : 4096, type = how & 16 ? 1 + u8(in) % 14 : 1;
	uint32_t memory = how & 4 ? 2 + (how & 2) : 1;
	bool mplane = vmedia_buf_type_is_multiplanar(type);
	size_t at = sizeof(struct vmedia_buffer);

	put32(p, how >> 5); /* index */
	put32(p + 4, type);
	put32(p + 60, memory);
	put64(p + 64, 0x7f1122334455);
	if (mplane)
		planes = 1 + (how & 1);
	put32(p + 72, mplane ? planes : length);
	for (i = 0; i < planes; i++, at += sizeof(struct vmedia_plane))
		put32(p + at + 4, length);
	for (i = 0; i < (mplane ? planes : 1); i++) {
		if (memory == VMEDIA_MEMORY_USERPTR)
			at += put_sg(p + at, in, length);
		else if (memory == VMEDIA_MEMORY_DMABUF)
			at += put_uuid(p + at, in);
	}
	return at;
}

static size_t fill_ctrls(uint8_t *p, struct input *in)
{
	static const uint32_t ids[] = { 0x00980900, 0x0098091f, 0x009d0903, 0x00990a67, 0 };
	uint8_t count = u8(in) % 6, i;
	size_t at = sizeof(struct vmedia_ext_controls) + count * 20u;
	uint8_t *c = p + sizeof(struct vmedia_ext_controls);

	put32(p, u8(in) & 1 ? 0x0f000000 : 0);
	put32(p + 4, count);
	put64(p + 24, 0x7f5555555555);
	for (i = 0; i < count; i++, c += 20) {
		uint8_t how = u8(in);
		uint32_t size = how & 0x10 ? u8(in) : 0;

		put32(c, how & 0x20 ? u32(in) : ids[how % 5]);
		put32(c + 4, size);
		put32(c + 12, u8(in));
		if (size)
			at += put_sg(p + at, in, size);
	}
	return at;
}

/*
 * The fields that make an ioctl worth trying; @p is zeroed and large enough. Returns the payload's
 * length.
 */
static size_t fill_payload(uint8_t *p, const struct vmedia_ioctl_info *info, struct input *in)
{
	static const uint32_t fourcc[] = { 0x56595559, 0x3231564e, 0x32315559, 0x33424752,
					   0x47504a4d };
	size_t len = info->dir & VMEDIA_DIR_W ? info->size : 0;

	switch (info->nr) {
	case VMEDIA_NR_REQBUFS:
		put32(p, u8(in) & 15);
		put32(p + 4, 1);
		put32(p + 8, "\1\1\2\4"[u8(in) & 3]);
		return len;
	case VMEDIA_NR_CREATE_BUFS:
		put32(p + 4, u8(in) & 15);
		put32(p + 8, "\1\1\2\4"[u8(in) & 3]);
		p += 16;
		__attribute__((fallthrough));
	case VMEDIA_NR_S_FMT:
	case VMEDIA_NR_TRY_FMT:
		put32(p, 1);
		put32(p + 8, u8(in));
		put32(p + 12, u8(in));
		put32(p + 16, fourcc[u8(in) % 5]);
		put32(p + 28, u8(in) * 64u);
		return len;
	case VMEDIA_NR_SUBSCRIBE_EVENT:
	case VMEDIA_NR_UNSUBSCRIBE_EVENT:
		put32(p, u8(in) & 7);
		put32(p + 4, 0x00980900 + (u8(in) & 31));
		put32(p + 8, u8(in) & 3);
		return len;
	}
	if (len >= 4)
		put32(p, info->follow == VMEDIA_FOLLOW_NONE ? u8(in) & 0x11 : 0);
	switch (info->follow) {
	case VMEDIA_FOLLOW_PLANES:
		return fill_buffer(p, in);
	case VMEDIA_FOLLOW_CTRLS:
		return fill_ctrls(p, in);
	case VMEDIA_FOLLOW_UUID:
		put32(p, 1);
		put32(p + 4, u8(in) & 15);
		return len + VMEDIA_UUID_SIZE;
	case VMEDIA_FOLLOW_EDID:
		put32(p + 8, u8(in) & 3);
		return len + get32(p + 8) * 128;
	}
	return len;
}

static uint32_t pick_nr(struct input *in)
{
	static const uint8_t common[] = {
		VMEDIA_NR_REQBUFS,
		VMEDIA_NR_QBUF,
		VMEDIA_NR_QBUF,
		VMEDIA_NR_QBUF,
		VMEDIA_NR_STREAMON,
		VMEDIA_NR_STREAMOFF,
		VMEDIA_NR_CREATE_BUFS,
		VMEDIA_NR_QUERYBUF,
		VMEDIA_NR_EXPBUF,
		VMEDIA_NR_S_FMT,
		VMEDIA_NR_SUBSCRIBE_EVENT,
		VMEDIA_NR_S_EXT_CTRLS,
		VMEDIA_NR_G_EXT_CTRLS,
		VMEDIA_NR_PREPARE_BUF,
		VMEDIA_NR_REMOVE_BUFS,
		VMEDIA_NR_S_CTRL,
	};
	uint8_t nr = u8(in);

	return nr < 0x80 ? nr : common[nr % sizeof(common)];
}

#endif /* FUZZ_CORE_COMMANDS_H */
