/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only */
/* The layout of each payload, and the walk that converts its byte order. See layout.h. */
#include "proto/layout.h"

#define B(n) { .kind = VMEDIA_RUN_U8, .count = (n) }
#define H(n) { .kind = VMEDIA_RUN_U16, .count = (n) }
#define W(n) { .kind = VMEDIA_RUN_U32, .count = (n) }
#define Q(n) { .kind = VMEDIA_RUN_U64, .count = (n) }
#define SUB(tag, n) { .kind = VMEDIA_RUN_SUB, .count = (n), .sub = &vmedia_layout_##tag }
#define UNION(fn, bytes) { .kind = VMEDIA_RUN_UNION, .count = (bytes), .pick = (fn) }

#define DEFINE(linkage, tag, type, off, len, ...)						\
	static const struct vmedia_run runs_##tag[] = { __VA_ARGS__ };				\
	linkage const struct vmedia_layout vmedia_layout_##tag = {				\
		.size = sizeof(type), .num_runs = VMEDIA_COUNT(runs_##tag),			\
		.name_off = (off), .name_len = (len), .runs = runs_##tag,			\
	}
/*
 * The layout of struct vmedia_@tag. NAMED: it has a string in field @name. PART: only this file
 * uses it.
 */
#define LAYOUT(tag, ...) DEFINE(, tag, struct vmedia_##tag, 0, 0, __VA_ARGS__)
#define NAMED(tag, name, ...)									\
	DEFINE(, tag, struct vmedia_##tag, offsetof(struct vmedia_##tag, name),			\
	       sizeof(((struct vmedia_##tag *)0)->name), __VA_ARGS__)
#define PART(tag, ...) DEFINE(static, tag, struct vmedia_##tag, 0, 0, __VA_ARGS__)
#define SCALAR(tag, type, run) DEFINE(, tag, type, 0, 0, run)

const struct vmedia_layout vmedia_layout_none = { 0 };
SCALAR(u32, uint32_t, W(1));
SCALAR(std, uint64_t, Q(1));

LAYOUT(capability, B(80), W(6));
NAMED(fmtdesc, description, W(3), B(32), W(5));

PART(pix_format, W(12));
PART(plane_pix_format, W(2), H(6));
PART(pix_format_mplane, W(5), SUB(plane_pix_format, 8), B(12));
PART(window, W(6), Q(1), W(1), B(4), Q(1), B(8));
PART(vbi_format, W(11));
PART(sliced_vbi_format, H(49), B(2), W(3));
PART(sdr_format, W(2), B(24));
PART(meta_format, W(5));

static const struct vmedia_layout *pick_format(const void *host)
{
	switch (((const struct vmedia_format *)host)->type) {
	case VMEDIA_BUF_TYPE_VIDEO_CAPTURE:
	case VMEDIA_BUF_TYPE_VIDEO_OUTPUT:
		return &vmedia_layout_pix_format;
	case VMEDIA_BUF_TYPE_VIDEO_CAPTURE_MPLANE:
	case VMEDIA_BUF_TYPE_VIDEO_OUTPUT_MPLANE:
		return &vmedia_layout_pix_format_mplane;
	case VMEDIA_BUF_TYPE_VIDEO_OVERLAY:
	case VMEDIA_BUF_TYPE_VIDEO_OUTPUT_OVERLAY:
		return &vmedia_layout_window;
	case VMEDIA_BUF_TYPE_VBI_CAPTURE:
	case VMEDIA_BUF_TYPE_VBI_OUTPUT:
		return &vmedia_layout_vbi_format;
	case VMEDIA_BUF_TYPE_SLICED_VBI_CAPTURE:
	case VMEDIA_BUF_TYPE_SLICED_VBI_OUTPUT:
		return &vmedia_layout_sliced_vbi_format;
	case VMEDIA_BUF_TYPE_SDR_CAPTURE:
	case VMEDIA_BUF_TYPE_SDR_OUTPUT:
		return &vmedia_layout_sdr_format;
	case VMEDIA_BUF_TYPE_META_CAPTURE:
	case VMEDIA_BUF_TYPE_META_OUTPUT:
		return &vmedia_layout_meta_format;
	}
	return NULL;
}

LAYOUT(format, W(1), B(4), UNION(pick_format, 200));
LAYOUT(create_buffers, W(3), B(4), SUB(format, 1), W(8));
LAYOUT(remove_buffers, W(16));
LAYOUT(requestbuffers, W(4), B(4));

/* m of buffers and planes: an offset or fd and four unused bytes, or a 64-bit pointer. */
struct vmedia_words { uint32_t w[2]; };
struct vmedia_pointer { vmedia_u64 p; };
PART(words, W(2));
PART(pointer, Q(1));

static const struct vmedia_layout *pick_buffer_m(const void *host)
{
	const struct vmedia_buffer *b = host;

	if (vmedia_buf_type_is_multiplanar(b->type))
		return &vmedia_layout_pointer;
	switch (b->memory) {
	case VMEDIA_MEMORY_MMAP:
	case VMEDIA_MEMORY_OVERLAY:
	case VMEDIA_MEMORY_DMABUF:
		return &vmedia_layout_words;
	case VMEDIA_MEMORY_USERPTR:
		return &vmedia_layout_pointer;
	}
	return NULL;
}

LAYOUT(buffer, W(5), B(4), Q(2), W(2), B(8), W(2), UNION(pick_buffer_m, 8), W(3), B(4));

/* A plane has no memory type of its own; the buffer's applies. */
DEFINE(static, plane_words, struct vmedia_plane, 0, 0, W(16));
DEFINE(static, plane_pointer, struct vmedia_plane, 0, 0, W(2), Q(1), W(12));
DEFINE(static, plane_bytes, struct vmedia_plane, 0, 0, W(2), B(8), W(12));

const struct vmedia_layout *vmedia_plane_layout(uint32_t memory)
{
	switch (memory) {
	case VMEDIA_MEMORY_MMAP:
	case VMEDIA_MEMORY_OVERLAY:
	case VMEDIA_MEMORY_DMABUF:
		return &vmedia_layout_plane_words;
	case VMEDIA_MEMORY_USERPTR:
		return &vmedia_layout_plane_pointer;
	}
	return &vmedia_layout_plane_bytes;
}

LAYOUT(exportbuffer, W(16));
LAYOUT(framebuffer, W(2), Q(1), W(8));

PART(captureparm, W(10));
PART(outputparm, W(10));

static const struct vmedia_layout *pick_parm(const void *host)
{
	switch (((const struct vmedia_streamparm *)host)->type) {
	case VMEDIA_BUF_TYPE_VIDEO_CAPTURE:
	case VMEDIA_BUF_TYPE_VIDEO_CAPTURE_MPLANE:
		return &vmedia_layout_captureparm;
	case VMEDIA_BUF_TYPE_VIDEO_OUTPUT:
	case VMEDIA_BUF_TYPE_VIDEO_OUTPUT_MPLANE:
		return &vmedia_layout_outputparm;
	}
	return NULL;
}

LAYOUT(streamparm, W(1), UNION(pick_parm, 200));
NAMED(standard, name, W(1), B(4), Q(1), B(24), W(7), B(4));
NAMED(input, name, W(1), B(32), W(3), Q(1), W(5), B(4));
NAMED(output, name, W(1), B(32), W(3), Q(1), W(4));
NAMED(audio, name, W(1), B(32), W(4));
NAMED(audioout, name, W(1), B(32), W(4));
NAMED(tuner, name, W(1), B(32), W(12));
NAMED(modulator, name, W(1), B(32), W(8));
LAYOUT(frequency, W(11));
LAYOUT(frequency_band, W(16));
LAYOUT(hw_freq_seek, W(12));
LAYOUT(cropcap, W(11));
LAYOUT(crop, W(5));
LAYOUT(selection, W(16));
LAYOUT(sliced_vbi_cap, H(49), B(2), W(4));

LAYOUT(control, W(2));
NAMED(queryctrl, name, W(2), B(32), W(7));
NAMED(query_ext_ctrl, name, W(2), B(32), Q(4), W(40));
NAMED(querymenu, name, W(2), B(32), W(1));
LAYOUT(ext_control, W(3), Q(1));
LAYOUT(ext_controls, W(5), B(4), Q(1));

LAYOUT(frmsizeenum, W(11));
LAYOUT(frmivalenum, W(13));

PART(enc_idx_entry, Q(2), W(4));
LAYOUT(enc_idx, W(6), SUB(enc_idx_entry, 64));
LAYOUT(encoder_cmd, W(10));
LAYOUT(jpegcompression, W(3), B(60), W(1), B(60), W(1));

/*
 * V4L2_DEC_CMD_STOP begins with a 64-bit time stamp, V4L2_DEC_CMD_START with two 32-bit words. The
 * other commands have no data.
 */
#define DEC_CMD_STOP 1
struct vmedia_dec_stop { vmedia_u64 pts; uint32_t rest[14]; };
struct vmedia_dec_raw { uint32_t data[16]; };
PART(dec_stop, Q(1), W(14));
PART(dec_raw, W(16));

static const struct vmedia_layout *pick_decoder_cmd(const void *host)
{
	if (((const struct vmedia_decoder_cmd *)host)->cmd == DEC_CMD_STOP)
		return &vmedia_layout_dec_stop;
	return &vmedia_layout_dec_raw;
}

LAYOUT(decoder_cmd, W(2), UNION(pick_decoder_cmd, 64));

#define DV_BT_656_1120 0
struct vmedia_words32 { uint32_t w[32]; };
PART(words32, W(32));
PART(bt_timings, W(4), Q(1), W(13), B(48));
PART(bt_timings_cap, W(4), Q(2), W(18));

static const struct vmedia_layout *pick_dv_timings(const void *host)
{
	uint32_t type;

	memcpy(&type, host, sizeof(type));	/* packed, hence of any alignment */
	return type == DV_BT_656_1120 ? &vmedia_layout_bt_timings : &vmedia_layout_words32;
}

static const struct vmedia_layout *pick_dv_timings_cap(const void *host)
{
	if (((const struct vmedia_dv_timings_cap *)host)->type == DV_BT_656_1120)
		return &vmedia_layout_bt_timings_cap;
	return &vmedia_layout_words32;
}

LAYOUT(dv_timings, W(1), UNION(pick_dv_timings, 128));
LAYOUT(enum_dv_timings, W(4), SUB(dv_timings, 1));
LAYOUT(dv_timings_cap, W(4), UNION(pick_dv_timings_cap, 128));
LAYOUT(edid, W(8), Q(1));

static const struct vmedia_layout *pick_event_value(const void *host)
{
	const struct vmedia_event_ctrl *c = host;

	return c->type == VMEDIA_CTRL_TYPE_INTEGER64 ? &vmedia_layout_pointer
						     : &vmedia_layout_words;
}

PART(event_ctrl, W(2), UNION(pick_event_value, 8), W(5), B(4));
PART(event_frame_sync, W(1));
PART(event_src_change, W(1));
PART(event_motion_det, W(3));

static const struct vmedia_layout *pick_event(const void *host)
{
	/*
	 * V4L2_EVENT_CTRL to V4L2_EVENT_MOTION_DET. VSYNC has one byte and EOS none. Private events
	 * have bytes that only their device defines.
	 */
	switch (((const struct vmedia_event *)host)->type) {
	case 3:
		return &vmedia_layout_event_ctrl;
	case 4:
		return &vmedia_layout_event_frame_sync;
	case 5:
		return &vmedia_layout_event_src_change;
	case 6:
		return &vmedia_layout_event_motion_det;
	}
	return NULL;
}

LAYOUT(event, W(1), B(4), UNION(pick_event, 64), W(2), Q(2), W(9), B(4));
LAYOUT(event_subscription, W(8));

static const struct vmedia_layout *pick_dbg_match(const void *host)
{
	uint32_t type;

	memcpy(&type, host, sizeof(type));
	/* I2C driver and AC97 go by name */
	return type == 1 || type == 3 ? NULL : &vmedia_layout_u32;
}

PART(dbg_match, W(1), UNION(pick_dbg_match, 32));
LAYOUT(dbg_register, SUB(dbg_match, 1), W(1), Q(2));
LAYOUT(dbg_chip_info, SUB(dbg_match, 1), B(32), W(33));

static void turn(uint8_t *dst, const uint8_t *src, unsigned int width, unsigned int count)
{
	unsigned int i;

	for (; count--; dst += width, src += width)
		for (i = 0; i < width; i++)
			dst[i] = src[width - 1 - i];
}

/* The recursion is as deep as the layouts above nest: four levels at most. */
void vmedia_layout_walk(const struct vmedia_layout *layout, uint8_t *dst, const uint8_t *src,
			const uint8_t *host)
{
	const uint8_t *base = host;
	unsigned int r, i, bytes;

	for (r = 0; r < layout->num_runs; r++, dst += bytes, src += bytes, host += bytes) {
		const struct vmedia_run *run = &layout->runs[r];
		const struct vmedia_layout *sub = run->sub;

		switch (run->kind) {
		case VMEDIA_RUN_SUB:
			bytes = run->count * sub->size;
			for (i = 0; i < bytes; i += sub->size)
				vmedia_layout_walk(sub, dst + i, src + i, host + i);
			break;
		case VMEDIA_RUN_UNION:
			bytes = run->count;
			sub = run->pick(base);
			if (sub)
				vmedia_layout_walk(sub, dst, src, host);
			i = sub ? sub->size : 0;
			memcpy(dst + i, src + i, bytes - i);
			break;
		default:
			bytes = (unsigned int)run->count * run->kind;
			turn(dst, src, run->kind, run->count);
		}
	}
}

void vmedia_layout_get(const struct vmedia_layout *layout, void *host, const uint8_t *wire)
{
	if (VMEDIA_HOST_SWAPS)
		vmedia_layout_walk(layout, host, wire, host);
	else
		memcpy(host, wire, layout->size);
}

void vmedia_layout_put(const struct vmedia_layout *layout, uint8_t *wire, const void *host)
{
	if (VMEDIA_HOST_SWAPS)
		vmedia_layout_walk(layout, wire, host, host);
	else
		memcpy(wire, host, layout->size);
}

void vmedia_layout_terminate(const struct vmedia_layout *layout, void *host)
{
	if (layout->name_len)
		((uint8_t *)host)[layout->name_off + layout->name_len - 1] = 0;
}
