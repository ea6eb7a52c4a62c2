/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only */
/*
 * The payloads of virtio-media: V4L2's structures in their 64-bit layout, on every host.
 *
 * struct vmedia_X is the 64-bit form of V4L2's struct v4l2_X and has its fields (virtio 1.4,
 * "Device Operation: V4L2 ioctls": "always matches the 64-bit, little-endian representation").
 * Sizes and offsets are the same on 32-bit hosts, where V4L2's own differ. Values are in host byte
 * order; src/proto converts them. Pointers of V4L2 are 64-bit numbers here. They belong to the
 * address space of the driver and have no meaning for a device.
 *
 * The V4L2 documentation explains the fields. There are two differences:
 *  - struct vmedia_ext_control: `value` is the low half of `value64` on big-endian hosts too, since
 *    the structure does not tell which of the two is used;
 *  - struct vmedia_querymenu: the structure does not tell whether it holds a name or a number
 *  either.
 *    Its comment names the functions that handle this.
 *
 * This file needs no Linux header, and may be included before or after <linux/videodev2.h>. It
 * defines constants of V4L2 that are newer than Linux 6.1 if that header lacks them. The
 * preprocessor cannot test for enums, so constants that are enums in V4L2 have the prefix VMEDIA_
 * here.
 */
#ifndef VMEDIA_V4L2_H
#define VMEDIA_V4L2_H

#ifdef __KERNEL__
#include <linux/types.h>
#include <linux/stddef.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#endif

#ifdef __cplusplus
#define VMEDIA_STATIC_ASSERT(cond, what) static_assert(cond, what)
#else
#define VMEDIA_STATIC_ASSERT(cond, what) _Static_assert(cond, what)
#endif
#define VMEDIA_ASSERT_SIZE(tag, bytes) \
	VMEDIA_STATIC_ASSERT(sizeof(struct vmedia_##tag) == (bytes), "size of struct vmedia_" #tag)

/* 64-bit integers that 32-bit ABIs align to 4 bytes; not for packed structures. */
typedef uint64_t vmedia_u64 __attribute__((aligned(8)));
typedef int64_t vmedia_s64 __attribute__((aligned(8)));

/* ---- Numbers: V4L2's enums, for files that must not include Linux headers ---- */

enum vmedia_buf_type {
	VMEDIA_BUF_TYPE_VIDEO_CAPTURE = 1,
	VMEDIA_BUF_TYPE_VIDEO_OUTPUT = 2,
	VMEDIA_BUF_TYPE_VIDEO_OVERLAY = 3,
	VMEDIA_BUF_TYPE_VBI_CAPTURE = 4,
	VMEDIA_BUF_TYPE_VBI_OUTPUT = 5,
	VMEDIA_BUF_TYPE_SLICED_VBI_CAPTURE = 6,
	VMEDIA_BUF_TYPE_SLICED_VBI_OUTPUT = 7,
	VMEDIA_BUF_TYPE_VIDEO_OUTPUT_OVERLAY = 8,
	VMEDIA_BUF_TYPE_VIDEO_CAPTURE_MPLANE = 9,
	VMEDIA_BUF_TYPE_VIDEO_OUTPUT_MPLANE = 10,
	VMEDIA_BUF_TYPE_SDR_CAPTURE = 11,
	VMEDIA_BUF_TYPE_SDR_OUTPUT = 12,
	VMEDIA_BUF_TYPE_META_CAPTURE = 13,
	VMEDIA_BUF_TYPE_META_OUTPUT = 14,
};

static inline bool vmedia_buf_type_is_multiplanar(uint32_t type)
{
	return type == VMEDIA_BUF_TYPE_VIDEO_CAPTURE_MPLANE ||
	       type == VMEDIA_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
}

/* The specification's names are in the comments. */
enum vmedia_memory {
	VMEDIA_MEMORY_MMAP = 1,			/* MMAP: region 0 */
	VMEDIA_MEMORY_USERPTR = 2,		/* SHARED_PAGES: guest pages, by SG list */
	VMEDIA_MEMORY_OVERLAY = 3,		/* not in virtio-media */
	VMEDIA_MEMORY_DMABUF = 4,		/* OBJECT: virtio object, by UUID */
};

enum vmedia_ctrl_type_new {			/* of enum v4l2_ctrl_type, since 6.1 */
	VMEDIA_CTRL_TYPE_INTEGER64 = 5,		/* not new: src/proto needs it */
	VMEDIA_CTRL_TYPE_RECT = 0x0107,
	VMEDIA_CTRL_TYPE_AV1_SEQUENCE = 0x280,
	VMEDIA_CTRL_TYPE_AV1_TILE_GROUP_ENTRY = 0x281,
	VMEDIA_CTRL_TYPE_AV1_FRAME = 0x282,
	VMEDIA_CTRL_TYPE_AV1_FILM_GRAIN = 0x283,
};

/* Ioctls by number, the `code` of CMD_IOCTL. */
enum vmedia_nr {
	VMEDIA_NR_QUERYCAP = 0,
	VMEDIA_NR_ENUM_FMT = 2,
	VMEDIA_NR_G_FMT = 4,
	VMEDIA_NR_S_FMT = 5,
	VMEDIA_NR_REQBUFS = 8,
	VMEDIA_NR_QUERYBUF = 9,
	VMEDIA_NR_G_FBUF = 10,
	VMEDIA_NR_S_FBUF = 11,
	VMEDIA_NR_OVERLAY = 14,
	VMEDIA_NR_QBUF = 15,
	VMEDIA_NR_EXPBUF = 16,
	VMEDIA_NR_DQBUF = 17,
	VMEDIA_NR_STREAMON = 18,
	VMEDIA_NR_STREAMOFF = 19,
	VMEDIA_NR_G_PARM = 21,
	VMEDIA_NR_S_PARM = 22,
	VMEDIA_NR_G_STD = 23,
	VMEDIA_NR_S_STD = 24,
	VMEDIA_NR_ENUMSTD = 25,
	VMEDIA_NR_ENUMINPUT = 26,
	VMEDIA_NR_G_CTRL = 27,
	VMEDIA_NR_S_CTRL = 28,
	VMEDIA_NR_G_TUNER = 29,
	VMEDIA_NR_S_TUNER = 30,
	VMEDIA_NR_G_AUDIO = 33,
	VMEDIA_NR_S_AUDIO = 34,
	VMEDIA_NR_QUERYCTRL = 36,
	VMEDIA_NR_QUERYMENU = 37,
	VMEDIA_NR_G_INPUT = 38,
	VMEDIA_NR_S_INPUT = 39,
	VMEDIA_NR_G_EDID = 40,
	VMEDIA_NR_S_EDID = 41,
	VMEDIA_NR_G_OUTPUT = 46,
	VMEDIA_NR_S_OUTPUT = 47,
	VMEDIA_NR_ENUMOUTPUT = 48,
	VMEDIA_NR_G_AUDOUT = 49,
	VMEDIA_NR_S_AUDOUT = 50,
	VMEDIA_NR_G_MODULATOR = 54,
	VMEDIA_NR_S_MODULATOR = 55,
	VMEDIA_NR_G_FREQUENCY = 56,
	VMEDIA_NR_S_FREQUENCY = 57,
	VMEDIA_NR_CROPCAP = 58,
	VMEDIA_NR_G_CROP = 59,
	VMEDIA_NR_S_CROP = 60,
	VMEDIA_NR_G_JPEGCOMP = 61,
	VMEDIA_NR_S_JPEGCOMP = 62,
	VMEDIA_NR_QUERYSTD = 63,
	VMEDIA_NR_TRY_FMT = 64,
	VMEDIA_NR_ENUMAUDIO = 65,
	VMEDIA_NR_ENUMAUDOUT = 66,
	VMEDIA_NR_G_PRIORITY = 67,
	VMEDIA_NR_S_PRIORITY = 68,
	VMEDIA_NR_G_SLICED_VBI_CAP = 69,
	VMEDIA_NR_LOG_STATUS = 70,
	VMEDIA_NR_G_EXT_CTRLS = 71,
	VMEDIA_NR_S_EXT_CTRLS = 72,
	VMEDIA_NR_TRY_EXT_CTRLS = 73,
	VMEDIA_NR_ENUM_FRAMESIZES = 74,
	VMEDIA_NR_ENUM_FRAMEINTERVALS = 75,
	VMEDIA_NR_G_ENC_INDEX = 76,
	VMEDIA_NR_ENCODER_CMD = 77,
	VMEDIA_NR_TRY_ENCODER_CMD = 78,
	VMEDIA_NR_DBG_S_REGISTER = 79,
	VMEDIA_NR_DBG_G_REGISTER = 80,
	VMEDIA_NR_S_HW_FREQ_SEEK = 82,
	VMEDIA_NR_S_DV_TIMINGS = 87,
	VMEDIA_NR_G_DV_TIMINGS = 88,
	VMEDIA_NR_DQEVENT = 89,
	VMEDIA_NR_SUBSCRIBE_EVENT = 90,
	VMEDIA_NR_UNSUBSCRIBE_EVENT = 91,
	VMEDIA_NR_CREATE_BUFS = 92,
	VMEDIA_NR_PREPARE_BUF = 93,
	VMEDIA_NR_G_SELECTION = 94,
	VMEDIA_NR_S_SELECTION = 95,
	VMEDIA_NR_DECODER_CMD = 96,
	VMEDIA_NR_TRY_DECODER_CMD = 97,
	VMEDIA_NR_ENUM_DV_TIMINGS = 98,
	VMEDIA_NR_QUERY_DV_TIMINGS = 99,
	VMEDIA_NR_DV_TIMINGS_CAP = 100,
	VMEDIA_NR_ENUM_FREQ_BANDS = 101,
	VMEDIA_NR_DBG_G_CHIP_INFO = 102,
	VMEDIA_NR_QUERY_EXT_CTRL = 103,
	VMEDIA_NR_REMOVE_BUFS = 104,
	VMEDIA_NR_END = 105
};

/*
 * Macros of V4L2 that are newer than Linux 6.1. They are spelt as in V4L2, so that the headers may
 * be included in any order.
 */
#ifndef V4L2_CAP_EDID
#define V4L2_CAP_EDID 0x02000000
#endif
#ifndef V4L2_BUF_CAP_SUPPORTS_MAX_NUM_BUFFERS
#define V4L2_BUF_CAP_SUPPORTS_MAX_NUM_BUFFERS (1 << 7)
#endif
#ifndef V4L2_BUF_CAP_SUPPORTS_REMOVE_BUFS
#define V4L2_BUF_CAP_SUPPORTS_REMOVE_BUFS (1 << 8)
#endif
#ifndef V4L2_MEMORY_FLAG_NON_COHERENT
#define V4L2_MEMORY_FLAG_NON_COHERENT (1 << 0)
#endif
#ifndef V4L2_FMT_FLAG_META_LINE_BASED
#define V4L2_FMT_FLAG_META_LINE_BASED 0x0200
#endif
#ifndef V4L2_FMTDESC_FLAG_ENUM_ALL
#define V4L2_FMTDESC_FLAG_ENUM_ALL 0x80000000
#endif
#ifndef V4L2_CTRL_FLAG_HAS_WHICH_MIN_MAX
#define V4L2_CTRL_FLAG_HAS_WHICH_MIN_MAX 0x1000
#endif
#ifndef V4L2_CTRL_WHICH_MIN_VAL
#define V4L2_CTRL_WHICH_MIN_VAL 0x0f020000
#endif
#ifndef V4L2_CTRL_WHICH_MAX_VAL
#define V4L2_CTRL_WHICH_MAX_VAL 0x0f030000
#endif
#ifndef V4L2_PIX_FMT_AV1
#define V4L2_PIX_FMT_AV1 v4l2_fourcc('A', 'V', '0', '1')
#endif

/* ---- Parts ---- */

struct vmedia_rect { int32_t left, top; uint32_t width, height; };
struct vmedia_fract { uint32_t numerator, denominator; };
struct vmedia_timeval { vmedia_s64 tv_sec, tv_usec; };
struct vmedia_timespec { vmedia_s64 tv_sec, tv_nsec; };
VMEDIA_ASSERT_SIZE(rect, 16);
VMEDIA_ASSERT_SIZE(fract, 8);
VMEDIA_ASSERT_SIZE(timeval, 16);
VMEDIA_ASSERT_SIZE(timespec, 16);

struct vmedia_timecode {
	uint32_t type, flags;
	uint8_t frames, seconds, minutes, hours;
	uint8_t userbits[4];
};
VMEDIA_ASSERT_SIZE(timecode, 16);

/* ---- Capabilities and formats ---- */

struct vmedia_capability {	/* VIDIOC_QUERYCAP; never on the wire, for users of the driver */
	uint8_t driver[16];
	uint8_t card[32];
	uint8_t bus_info[32];
	uint32_t version, capabilities, device_caps;
	uint32_t reserved[3];
};
VMEDIA_ASSERT_SIZE(capability, 104);

struct vmedia_fmtdesc {
	uint32_t index, type, flags;
	uint8_t description[32];
	uint32_t pixelformat, mbus_code;
	uint32_t reserved[3];
};
VMEDIA_ASSERT_SIZE(fmtdesc, 64);

struct vmedia_pix_format {
	uint32_t width, height, pixelformat, field, bytesperline, sizeimage, colorspace, priv,
		flags;
	union {
		uint32_t ycbcr_enc;
		uint32_t hsv_enc;
	};
	uint32_t quantization, xfer_func;
};
VMEDIA_ASSERT_SIZE(pix_format, 48);

struct vmedia_plane_pix_format {
	uint32_t sizeimage, bytesperline;
	uint16_t reserved[6];
} __attribute__((packed));
VMEDIA_ASSERT_SIZE(plane_pix_format, 20);

struct vmedia_pix_format_mplane {
	uint32_t width, height, pixelformat, field, colorspace;
	struct vmedia_plane_pix_format plane_fmt[8];
	uint8_t num_planes, flags;
	union {
		uint8_t ycbcr_enc;
		uint8_t hsv_enc;
	};
	uint8_t quantization, xfer_func;
	uint8_t reserved[7];
} __attribute__((packed));
VMEDIA_ASSERT_SIZE(pix_format_mplane, 192);

struct vmedia_window {
	struct vmedia_rect w;
	uint32_t field, chromakey;
	vmedia_u64 clips;			/* pointer of the driver */
	uint32_t clipcount;
	vmedia_u64 bitmap;			/* pointer of the driver */
	uint8_t global_alpha;
};
VMEDIA_ASSERT_SIZE(window, 56);

struct vmedia_vbi_format {
	uint32_t sampling_rate, offset, samples_per_line, sample_format;
	int32_t start[2];
	uint32_t count[2];
	uint32_t flags;
	uint32_t reserved[2];
};
VMEDIA_ASSERT_SIZE(vbi_format, 44);

struct vmedia_sliced_vbi_format {
	uint16_t service_set;
	uint16_t service_lines[2][24];
	uint32_t io_size;
	uint32_t reserved[2];
};
VMEDIA_ASSERT_SIZE(sliced_vbi_format, 112);

struct vmedia_sdr_format {
	uint32_t pixelformat, buffersize;
	uint8_t reserved[24];
} __attribute__((packed));
VMEDIA_ASSERT_SIZE(sdr_format, 32);

struct vmedia_meta_format {		/* the last three since Linux 6.10 */
	uint32_t dataformat, buffersize, width, height, bytesperline;
} __attribute__((packed));
VMEDIA_ASSERT_SIZE(meta_format, 20);

struct vmedia_format {
	uint32_t type;
	union {
		struct vmedia_pix_format pix;
		struct vmedia_pix_format_mplane pix_mp;
		struct vmedia_window win;
		struct vmedia_vbi_format vbi;
		struct vmedia_sliced_vbi_format sliced;
		struct vmedia_sdr_format sdr;
		struct vmedia_meta_format meta;
		uint8_t raw_data[200];
	} fmt;
};
VMEDIA_ASSERT_SIZE(format, 208);

struct vmedia_sliced_vbi_cap {
	uint16_t service_set;
	uint16_t service_lines[2][24];
	uint32_t type;
	uint32_t reserved[3];
};
VMEDIA_ASSERT_SIZE(sliced_vbi_cap, 116);

struct vmedia_frmsizeenum {
	uint32_t index, pixel_format, type;
	union {
		struct { uint32_t width, height; } discrete;
		struct {
			uint32_t min_width, max_width, step_width, min_height, max_height,
				step_height;
		} stepwise;
	};
	uint32_t reserved[2];
};
VMEDIA_ASSERT_SIZE(frmsizeenum, 44);

struct vmedia_frmivalenum {
	uint32_t index, pixel_format, width, height, type;
	union {
		struct vmedia_fract discrete;
		struct { struct vmedia_fract min, max, step; } stepwise;
	};
	uint32_t reserved[2];
};
VMEDIA_ASSERT_SIZE(frmivalenum, 52);

struct vmedia_captureparm {
	uint32_t capability, capturemode;
	struct vmedia_fract timeperframe;
	uint32_t extendedmode, readbuffers;
	uint32_t reserved[4];
};
VMEDIA_ASSERT_SIZE(captureparm, 40);

struct vmedia_outputparm {
	uint32_t capability, outputmode;
	struct vmedia_fract timeperframe;
	uint32_t extendedmode, writebuffers;
	uint32_t reserved[4];
};
VMEDIA_ASSERT_SIZE(outputparm, 40);

struct vmedia_streamparm {
	uint32_t type;
	union {
		struct vmedia_captureparm capture;
		struct vmedia_outputparm output;
		uint8_t raw_data[200];
	} parm;
};
VMEDIA_ASSERT_SIZE(streamparm, 204);

struct vmedia_selection {
	uint32_t type, target, flags;
	struct vmedia_rect r;
	uint32_t reserved[9];
};
VMEDIA_ASSERT_SIZE(selection, 64);

struct vmedia_cropcap {
	uint32_t type;
	struct vmedia_rect bounds, defrect;
	struct vmedia_fract pixelaspect;
};
VMEDIA_ASSERT_SIZE(cropcap, 44);

struct vmedia_crop {
	uint32_t type;
	struct vmedia_rect c;
};
VMEDIA_ASSERT_SIZE(crop, 20);

/* ---- Buffers ---- */

struct vmedia_requestbuffers {
	uint32_t count, type, memory, capabilities;
	uint8_t flags;
	uint8_t reserved[3];
};
VMEDIA_ASSERT_SIZE(requestbuffers, 20);

struct vmedia_plane {
	uint32_t bytesused, length;
	union {
		uint32_t mem_offset;		/* MMAP */
		vmedia_u64 userptr;	/* SHARED_PAGES: the driver's own value, never an address */
		int32_t fd;			/* OBJECT: a placeholder, the UUID is what counts */
	} m;
	uint32_t data_offset;
	uint32_t reserved[11];
};
VMEDIA_ASSERT_SIZE(plane, 64);

struct vmedia_buffer {
	uint32_t index, type, bytesused, flags, field;
	struct vmedia_timeval timestamp;
	struct vmedia_timecode timecode;
	uint32_t sequence, memory;
	union {
		uint32_t offset;
		vmedia_u64 userptr;
		vmedia_u64 planes;	/* the driver's pointer, to be returned as it came */
		int32_t fd;
	} m;
	uint32_t length;			/* bytes, or planes of a multi-planar buffer */
	uint32_t reserved2;
	union {
		int32_t request_fd;
		uint32_t reserved;
	};
};
VMEDIA_ASSERT_SIZE(buffer, 88);

struct vmedia_exportbuffer {
	uint32_t type, index, plane, flags;
	int32_t fd;				/* a placeholder: a UUID follows */
	uint32_t reserved[11];
};
VMEDIA_ASSERT_SIZE(exportbuffer, 64);

struct vmedia_create_buffers {
	uint32_t index, count, memory;
	struct vmedia_format format __attribute__((aligned(8)));
	uint32_t capabilities, flags;
	/* since Linux 6.9, with V4L2_BUF_CAP_SUPPORTS_MAX_NUM_BUFFERS */
	uint32_t max_num_buffers;
	uint32_t reserved[5];
};
VMEDIA_ASSERT_SIZE(create_buffers, 256);

struct vmedia_remove_buffers {			/* since Linux 6.10 */
	uint32_t index, count, type;
	uint32_t reserved[13];
};
VMEDIA_ASSERT_SIZE(remove_buffers, 64);

struct vmedia_framebuffer {
	uint32_t capability, flags;
	vmedia_u64 base;
	struct {
		uint32_t width, height, pixelformat, field, bytesperline, sizeimage, colorspace,
			priv;
	} fmt;
};
VMEDIA_ASSERT_SIZE(framebuffer, 48);

/* ---- Controls ---- */

struct vmedia_control {
	uint32_t id;
	int32_t value;
};
VMEDIA_ASSERT_SIZE(control, 8);

struct vmedia_queryctrl {
	uint32_t id, type;
	uint8_t name[32];
	int32_t minimum, maximum, step, default_value;
	uint32_t flags;
	uint32_t reserved[2];
};
VMEDIA_ASSERT_SIZE(queryctrl, 68);

struct vmedia_query_ext_ctrl {
	uint32_t id, type;
	char name[32];
	vmedia_s64 minimum, maximum;
	vmedia_u64 step;
	vmedia_s64 default_value;
	uint32_t flags, elem_size, elems, nr_of_dims;
	uint32_t dims[4];
	uint32_t reserved[32];
};
VMEDIA_ASSERT_SIZE(query_ext_ctrl, 232);

/*
 * A menu item is a name, or a number for integer menus. Only the control's type tells which. So
 * `value_le` holds the number in wire order: use vmedia_querymenu_value() and
 * vmedia_querymenu_set_value().
 */
struct vmedia_querymenu {
	uint32_t id, index;
	union {
		uint8_t name[32];
		uint8_t value_le[8];
	};
	uint32_t reserved;
} __attribute__((packed));
VMEDIA_ASSERT_SIZE(querymenu, 44);

static inline int64_t vmedia_querymenu_value(const struct vmedia_querymenu *m)
{
	uint64_t v = 0;
	int i;

	for (i = 7; i >= 0; i--)
		v = v << 8 | m->value_le[i];
	return (int64_t)v;
}

static inline void vmedia_querymenu_set_value(struct vmedia_querymenu *m, int64_t value)
{
	int i;

	for (i = 0; i < 8; i++)
		m->value_le[i] = (uint8_t)((uint64_t)value >> (8 * i));
}

struct vmedia_ext_control {
	uint32_t id;
	uint32_t size;	/* 0: value or value64; else bytes at ptr, given by an SG list */
	uint32_t reserved2[1];
	union {
		int64_t value64;
		uint64_t ptr;	/* the driver's own value, to be returned as it came */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		struct { uint32_t value_high; int32_t value; };
#else
		struct { int32_t value; uint32_t value_high; };
#endif
	} __attribute__((packed));
} __attribute__((packed));
VMEDIA_ASSERT_SIZE(ext_control, 20);

struct vmedia_ext_controls {
	union {
		uint32_t ctrl_class;
		uint32_t which;
	};
	uint32_t count, error_idx;
	int32_t request_fd;
	uint32_t reserved[1];
	vmedia_u64 controls;	/* the driver's pointer, to be returned as it came */
};
VMEDIA_ASSERT_SIZE(ext_controls, 32);

/*
 * A second file has the rest: inputs and tuners, timings, EDID, codecs, events, debugging, and
 * union vmedia_payload.
 */
#include <vmedia/v4l2_more.h>

#endif /* VMEDIA_V4L2_H */
