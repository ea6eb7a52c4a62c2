/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only */
/*
 * Second half of <vmedia/v4l2.h>, which is the file to include: structures of codecs, digital
 * timings, events and debugging, and the union of all payloads.
 */
#ifndef VMEDIA_V4L2_H
#error "include <vmedia/v4l2.h> instead"
#endif
#ifndef VMEDIA_V4L2_MORE_H
#define VMEDIA_V4L2_MORE_H

/* ---- Inputs, outputs, analogue television, radio ---- */

struct vmedia_input {
	uint32_t index;
	uint8_t name[32];
	uint32_t type, audioset, tuner;
	vmedia_u64 std;
	uint32_t status, capabilities;
	uint32_t reserved[3];
};
VMEDIA_ASSERT_SIZE(input, 80);

struct vmedia_output {
	uint32_t index;
	uint8_t name[32];
	uint32_t type, audioset, modulator;
	vmedia_u64 std;
	uint32_t capabilities;
	uint32_t reserved[3];
};
VMEDIA_ASSERT_SIZE(output, 72);

struct vmedia_standard {
	uint32_t index;
	vmedia_u64 id;
	uint8_t name[24];
	struct vmedia_fract frameperiod;
	uint32_t framelines;
	uint32_t reserved[4];
};
VMEDIA_ASSERT_SIZE(standard, 72);

struct vmedia_audio {
	uint32_t index;
	uint8_t name[32];
	uint32_t capability, mode;
	uint32_t reserved[2];
};
VMEDIA_ASSERT_SIZE(audio, 52);

struct vmedia_audioout {
	uint32_t index;
	uint8_t name[32];
	uint32_t capability, mode;
	uint32_t reserved[2];
};
VMEDIA_ASSERT_SIZE(audioout, 52);

struct vmedia_tuner {
	uint32_t index;
	uint8_t name[32];
	uint32_t type, capability, rangelow, rangehigh, rxsubchans, audmode;
	int32_t signal, afc;
	uint32_t reserved[4];
};
VMEDIA_ASSERT_SIZE(tuner, 84);

struct vmedia_modulator {
	uint32_t index;
	uint8_t name[32];
	uint32_t capability, rangelow, rangehigh, txsubchans, type;
	uint32_t reserved[3];
};
VMEDIA_ASSERT_SIZE(modulator, 68);

struct vmedia_frequency {
	uint32_t tuner, type, frequency;
	uint32_t reserved[8];
};
VMEDIA_ASSERT_SIZE(frequency, 44);

struct vmedia_frequency_band {
	uint32_t tuner, type, index, capability, rangelow, rangehigh, modulation;
	uint32_t reserved[9];
};
VMEDIA_ASSERT_SIZE(frequency_band, 64);

struct vmedia_hw_freq_seek {
	uint32_t tuner, type, seek_upward, wrap_around, spacing, rangelow, rangehigh;
	uint32_t reserved[5];
};
VMEDIA_ASSERT_SIZE(hw_freq_seek, 48);

/* ---- Digital video timings and EDID ---- */

struct vmedia_bt_timings {
	uint32_t width, height, interlaced, polarities;
	uint64_t pixelclock;
	uint32_t hfrontporch, hsync, hbackporch, vfrontporch, vsync, vbackporch;
	uint32_t il_vfrontporch, il_vsync, il_vbackporch;
	uint32_t standards, flags;
	struct vmedia_fract picture_aspect;
	uint8_t cea861_vic, hdmi_vic;
	uint8_t reserved[46];
} __attribute__((packed));
VMEDIA_ASSERT_SIZE(bt_timings, 124);

struct vmedia_dv_timings {
	uint32_t type;				/* 0: V4L2_DV_BT_656_1120 */
	union {
		struct vmedia_bt_timings bt;
		uint32_t reserved[32];
	};
} __attribute__((packed));
VMEDIA_ASSERT_SIZE(dv_timings, 132);

struct vmedia_enum_dv_timings {
	uint32_t index, pad;
	uint32_t reserved[2];
	struct vmedia_dv_timings timings;
};
VMEDIA_ASSERT_SIZE(enum_dv_timings, 148);

struct vmedia_bt_timings_cap {
	uint32_t min_width, max_width, min_height, max_height;
	uint64_t min_pixelclock, max_pixelclock;
	uint32_t standards, capabilities;
	uint32_t reserved[16];
} __attribute__((packed));
VMEDIA_ASSERT_SIZE(bt_timings_cap, 104);

struct vmedia_dv_timings_cap {
	uint32_t type, pad;
	uint32_t reserved[2];
	union {
		struct vmedia_bt_timings_cap bt;
		uint32_t raw_data[32];
	};
};
VMEDIA_ASSERT_SIZE(dv_timings_cap, 144);

struct vmedia_edid {
	uint32_t pad, start_block, blocks;
	uint32_t reserved[5];
	vmedia_u64 edid;	/* the driver's pointer, to be returned as it came */
};
VMEDIA_ASSERT_SIZE(edid, 40);

/* ---- Codecs ---- */

struct vmedia_enc_idx_entry {
	vmedia_u64 offset, pts;
	uint32_t length, flags;
	uint32_t reserved[2];
};
VMEDIA_ASSERT_SIZE(enc_idx_entry, 32);

struct vmedia_enc_idx {
	uint32_t entries, entries_cap;
	uint32_t reserved[4];
	struct vmedia_enc_idx_entry entry[64];
};
VMEDIA_ASSERT_SIZE(enc_idx, 2072);

struct vmedia_encoder_cmd {
	uint32_t cmd, flags;
	struct { uint32_t data[8]; } raw;
};
VMEDIA_ASSERT_SIZE(encoder_cmd, 40);

struct vmedia_decoder_cmd {
	uint32_t cmd, flags;
	union {
		struct { vmedia_u64 pts; } stop;
		struct { int32_t speed; uint32_t format; } start;
		struct { uint32_t data[16]; } raw;
	};
};
VMEDIA_ASSERT_SIZE(decoder_cmd, 72);

struct vmedia_jpegcompression {
	int32_t quality, APPn, APP_len;
	char APP_data[60];
	int32_t COM_len;
	char COM_data[60];
	uint32_t jpeg_markers;
};
VMEDIA_ASSERT_SIZE(jpegcompression, 140);

/* ---- Events ---- */

struct vmedia_event_vsync { uint8_t field; };

struct vmedia_event_ctrl {
	uint32_t changes, type;
	union {
		int32_t value;
		vmedia_s64 value64;		/* if type is V4L2_CTRL_TYPE_INTEGER64 */
	};
	uint32_t flags;
	int32_t minimum, maximum, step, default_value;
};
VMEDIA_ASSERT_SIZE(event_ctrl, 40);

struct vmedia_event_frame_sync { uint32_t frame_sequence; };
struct vmedia_event_src_change { uint32_t changes; };
struct vmedia_event_motion_det { uint32_t flags, frame_sequence, region_mask; };

struct vmedia_event {
	uint32_t type;
	union {
		struct vmedia_event_vsync vsync;
		struct vmedia_event_ctrl ctrl;
		struct vmedia_event_frame_sync frame_sync;
		struct vmedia_event_src_change src_change;
		struct vmedia_event_motion_det motion_det;
		uint8_t data[64];
	} u;
	uint32_t pending, sequence;
	struct vmedia_timespec timestamp;
	uint32_t id;
	uint32_t reserved[8];
};
VMEDIA_ASSERT_SIZE(event, 136);

struct vmedia_event_subscription {
	uint32_t type, id, flags;
	uint32_t reserved[5];
};
VMEDIA_ASSERT_SIZE(event_subscription, 32);

/* ---- Debugging ---- */

struct vmedia_dbg_match {
	uint32_t type;
	union {
		uint32_t addr;
		char name[32];
	};
} __attribute__((packed));
VMEDIA_ASSERT_SIZE(dbg_match, 36);

struct vmedia_dbg_register {
	struct vmedia_dbg_match match;
	uint32_t size;
	uint64_t reg, val;
} __attribute__((packed));
VMEDIA_ASSERT_SIZE(dbg_register, 56);

struct vmedia_dbg_chip_info {
	struct vmedia_dbg_match match;
	char name[32];
	uint32_t flags;
	uint32_t reserved[32];
} __attribute__((packed));
VMEDIA_ASSERT_SIZE(dbg_chip_info, 200);

/* ---- All payloads ---- */

/*
 * The payload of any ioctl. u32 serves PRIORITY and OVERLAY, s32 the rest of the bare integers, std
 * the standards.
 */
union vmedia_payload {
	uint32_t u32;	/* G_PRIORITY, S_PRIORITY, STREAMON, STREAMOFF, OVERLAY */
	int32_t s32;				/* G_INPUT, S_INPUT, G_OUTPUT, S_OUTPUT */
	vmedia_u64 std;				/* G_STD, S_STD, QUERYSTD */
	struct vmedia_capability capability;
	struct vmedia_fmtdesc fmtdesc;
	struct vmedia_format format;
	struct vmedia_requestbuffers requestbuffers;
	struct vmedia_buffer buffer;
	struct vmedia_framebuffer framebuffer;
	struct vmedia_exportbuffer exportbuffer;
	struct vmedia_streamparm streamparm;
	struct vmedia_standard standard;
	struct vmedia_input input;
	struct vmedia_output output;
	struct vmedia_control control;
	struct vmedia_tuner tuner;
	struct vmedia_audio audio;
	struct vmedia_audioout audioout;
	struct vmedia_queryctrl queryctrl;
	struct vmedia_querymenu querymenu;
	struct vmedia_edid edid;
	struct vmedia_modulator modulator;
	struct vmedia_frequency frequency;
	struct vmedia_cropcap cropcap;
	struct vmedia_crop crop;
	struct vmedia_jpegcompression jpegcompression;
	struct vmedia_sliced_vbi_cap sliced_vbi_cap;
	struct vmedia_ext_controls ext_controls;
	struct vmedia_frmsizeenum frmsizeenum;
	struct vmedia_frmivalenum frmivalenum;
	struct vmedia_enc_idx enc_idx;
	struct vmedia_encoder_cmd encoder_cmd;
	struct vmedia_decoder_cmd decoder_cmd;
	struct vmedia_dbg_register dbg_register;
	struct vmedia_dbg_chip_info dbg_chip_info;
	struct vmedia_hw_freq_seek hw_freq_seek;
	struct vmedia_dv_timings dv_timings;
	struct vmedia_enum_dv_timings enum_dv_timings;
	struct vmedia_dv_timings_cap dv_timings_cap;
	struct vmedia_event event;
	struct vmedia_event_subscription event_subscription;
	struct vmedia_create_buffers create_buffers;
	struct vmedia_remove_buffers remove_buffers;
	struct vmedia_selection selection;
	struct vmedia_frequency_band frequency_band;
	struct vmedia_query_ext_ctrl query_ext_ctrl;
	uint8_t raw[2072];
};
VMEDIA_STATIC_ASSERT(sizeof(union vmedia_payload) == 2072, "size of union vmedia_payload");

#endif /* VMEDIA_V4L2_MORE_H */
