/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only */
/*
 * Byte order of payloads. A layout describes a structure of <vmedia/v4l2.h> as a sequence of runs.
 * A run is a count of numbers of 1, 2, 4 or 8 bytes, a nested structure, or a union whose member is
 * selected by an earlier field. On little-endian hosts a conversion is memcpy(). On other hosts a
 * walk over the runs swaps the bytes of each number. A union without a known member is copied as
 * bytes, and so are the bytes that a member does not use. A conversion therefore loses no bytes in
 * either direction.
 *
 * Context: any.
 */
#ifndef VMEDIA_PROTO_LAYOUT_H
#define VMEDIA_PROTO_LAYOUT_H

#include <vmedia/proto.h>
#include "proto/shim.h"

enum vmedia_run_kind {
	VMEDIA_RUN_U8 = 1,
	VMEDIA_RUN_U16 = 2,
	VMEDIA_RUN_U32 = 4,
	VMEDIA_RUN_U64 = 8,
	VMEDIA_RUN_SUB,			/* count structures of layout sub */
	VMEDIA_RUN_UNION,		/* count bytes, laid out as pick() says */
};

struct vmedia_run {
	uint8_t kind;
	uint16_t count;
	const struct vmedia_layout *sub;
	/* @host: the structure in host order up to the union. Returns NULL to copy bytes. */
	const struct vmedia_layout *(*pick)(const void *host);
};

struct vmedia_layout {
	uint16_t size;
	uint8_t num_runs;
	uint8_t name_off, name_len;	/* a string that a decoder ends with a NUL; 0: none */
	const struct vmedia_run *runs;
};

/*
 * Convert from wire order to host order, and back. @dst and @src have layout->size bytes each, do
 * not overlap, and may have any alignment.
 */
void vmedia_layout_get(const struct vmedia_layout *layout, void *host, const uint8_t *wire);
void vmedia_layout_put(const struct vmedia_layout *layout, uint8_t *wire, const void *host);
/*
 * The walk over the runs, on any host. @host is the one of @dst and @src that is in host order. The
 * two functions above use it, and tests do.
 */
void vmedia_layout_walk(const struct vmedia_layout *layout, uint8_t *dst, const uint8_t *src,
			const uint8_t *host);
/* End the structure's name, if it has one, with a NUL. */
void vmedia_layout_terminate(const struct vmedia_layout *layout, void *host);
/* The layout of struct vmedia_plane in a buffer of memory type @memory. */
const struct vmedia_layout *vmedia_plane_layout(uint32_t memory);

#define VMEDIA_DECLARE_LAYOUT(tag) extern const struct vmedia_layout vmedia_layout_##tag
VMEDIA_DECLARE_LAYOUT(none);
VMEDIA_DECLARE_LAYOUT(u32);
VMEDIA_DECLARE_LAYOUT(std);
VMEDIA_DECLARE_LAYOUT(capability);
VMEDIA_DECLARE_LAYOUT(fmtdesc);
VMEDIA_DECLARE_LAYOUT(format);
VMEDIA_DECLARE_LAYOUT(requestbuffers);
VMEDIA_DECLARE_LAYOUT(buffer);
VMEDIA_DECLARE_LAYOUT(framebuffer);
VMEDIA_DECLARE_LAYOUT(exportbuffer);
VMEDIA_DECLARE_LAYOUT(streamparm);
VMEDIA_DECLARE_LAYOUT(standard);
VMEDIA_DECLARE_LAYOUT(input);
VMEDIA_DECLARE_LAYOUT(output);
VMEDIA_DECLARE_LAYOUT(control);
VMEDIA_DECLARE_LAYOUT(tuner);
VMEDIA_DECLARE_LAYOUT(audio);
VMEDIA_DECLARE_LAYOUT(audioout);
VMEDIA_DECLARE_LAYOUT(queryctrl);
VMEDIA_DECLARE_LAYOUT(querymenu);
VMEDIA_DECLARE_LAYOUT(edid);
VMEDIA_DECLARE_LAYOUT(modulator);
VMEDIA_DECLARE_LAYOUT(frequency);
VMEDIA_DECLARE_LAYOUT(cropcap);
VMEDIA_DECLARE_LAYOUT(crop);
VMEDIA_DECLARE_LAYOUT(jpegcompression);
VMEDIA_DECLARE_LAYOUT(sliced_vbi_cap);
VMEDIA_DECLARE_LAYOUT(ext_control);
VMEDIA_DECLARE_LAYOUT(ext_controls);
VMEDIA_DECLARE_LAYOUT(frmsizeenum);
VMEDIA_DECLARE_LAYOUT(frmivalenum);
VMEDIA_DECLARE_LAYOUT(enc_idx);
VMEDIA_DECLARE_LAYOUT(encoder_cmd);
VMEDIA_DECLARE_LAYOUT(decoder_cmd);
VMEDIA_DECLARE_LAYOUT(dbg_register);
VMEDIA_DECLARE_LAYOUT(dbg_chip_info);
VMEDIA_DECLARE_LAYOUT(hw_freq_seek);
VMEDIA_DECLARE_LAYOUT(dv_timings);
VMEDIA_DECLARE_LAYOUT(enum_dv_timings);
VMEDIA_DECLARE_LAYOUT(dv_timings_cap);
VMEDIA_DECLARE_LAYOUT(event);
VMEDIA_DECLARE_LAYOUT(event_subscription);
VMEDIA_DECLARE_LAYOUT(create_buffers);
VMEDIA_DECLARE_LAYOUT(remove_buffers);
VMEDIA_DECLARE_LAYOUT(selection);
VMEDIA_DECLARE_LAYOUT(frequency_band);
VMEDIA_DECLARE_LAYOUT(query_ext_ctrl);

#endif /* VMEDIA_PROTO_LAYOUT_H */
