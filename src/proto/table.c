/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only */
/*
 * The table of V4L2's 83 ioctls, one row each. The device end and both drivers take everything that
 * they know about an ioctl from here.
 *
 * The protocol does not carry these ioctls, and a device answers them with ENOTTY (clause
 * "Unsupported ioctls"): QUERYCAP (the configuration space has it), DQBUF and DQEVENT (they are
 * events), G/S_JPEGCOMP (controls replace them), LOG_STATUS and the DBG_ ioctls (they concern the
 * guest's own kernel), and the overlay ioctls (they name guest memory by address). CROPCAP,
 * G/S_CROP and G/S_PRIORITY are carried. The V4L2 core of a Linux guest answers them itself; other
 * guests may send them.
 *
 * ERR_PAYLOAD marks the ioctls whose structure V4L2 copies back on errors too: error_idx and sizes
 * of extended controls, the number of EDID blocks, and the signal that QUERY_DV_TIMINGS saw but
 * could not lock to.
 */
#include "proto/layout.h"

#define C VMEDIA_IOCTL_CARRIED
#define E VMEDIA_IOCTL_ERR_PAYLOAD
#define Q VMEDIA_IOCTL_QUEUE

/* X(name, direction, payload type, layout, what follows, flags), by ascending number. */
#define VMEDIA_IOCTLS(X)								\
	X(QUERYCAP,		R,	struct vmedia_capability,	capability,	NONE,	0)	\
	X(ENUM_FMT,		WR,	struct vmedia_fmtdesc,		fmtdesc,	NONE,	C)	\
	X(G_FMT,		WR,	struct vmedia_format,		format,		NONE,	C)	\
	X(S_FMT,		WR,	struct vmedia_format,		format,		NONE,	C)	\
	X(REQBUFS,		WR,	struct vmedia_requestbuffers,	requestbuffers,	NONE,	C | Q)	\
	X(QUERYBUF,		WR,	struct vmedia_buffer,		buffer,		PLANES,	C | Q)	\
	X(G_FBUF,		R,	struct vmedia_framebuffer,	framebuffer,	NONE,	0)	\
	X(S_FBUF,		W,	struct vmedia_framebuffer,	framebuffer,	NONE,	0)	\
	X(OVERLAY,		W,	uint32_t,			u32,		NONE,	0)	\
	X(QBUF,			WR,	struct vmedia_buffer,		buffer,		PLANES,	C | Q)	\
	X(EXPBUF,		WR,	struct vmedia_exportbuffer,	exportbuffer,	UUID,	C | Q)	\
	X(DQBUF,		WR,	struct vmedia_buffer,		buffer,		PLANES,	Q)	\
	X(STREAMON,		W,	uint32_t,			u32,		NONE,	C | Q)	\
	X(STREAMOFF,		W,	uint32_t,			u32,		NONE,	C | Q)	\
	X(G_PARM,		WR,	struct vmedia_streamparm,	streamparm,	NONE,	C)	\
	X(S_PARM,		WR,	struct vmedia_streamparm,	streamparm,	NONE,	C)	\
	X(G_STD,		R,	uint64_t,			std,		NONE,	C)	\
	X(S_STD,		W,	uint64_t,			std,		NONE,	C)	\
	X(ENUMSTD,		WR,	struct vmedia_standard,		standard,	NONE,	C)	\
	X(ENUMINPUT,		WR,	struct vmedia_input,		input,		NONE,	C)	\
	X(G_CTRL,		WR,	struct vmedia_control,		control,	NONE,	C)	\
	X(S_CTRL,		WR,	struct vmedia_control,		control,	NONE,	C)	\
	X(G_TUNER,		WR,	struct vmedia_tuner,		tuner,		NONE,	C)	\
	X(S_TUNER,		W,	struct vmedia_tuner,		tuner,		NONE,	C)	\
	X(G_AUDIO,		R,	struct vmedia_audio,		audio,		NONE,	C)	\
	X(S_AUDIO,		W,	struct vmedia_audio,		audio,		NONE,	C)	\
	X(QUERYCTRL,		WR,	struct vmedia_queryctrl,	queryctrl,	NONE,	C)	\
	X(QUERYMENU,		WR,	struct vmedia_querymenu,	querymenu,	NONE,	C)	\
	X(G_INPUT,		R,	int32_t,			u32,		NONE,	C)	\
	X(S_INPUT,		WR,	int32_t,			u32,		NONE,	C)	\
	X(G_EDID,		WR,	struct vmedia_edid,		edid,		EDID,	C | E)	\
	X(S_EDID,		WR,	struct vmedia_edid,		edid,		EDID,	C | E)	\
	X(G_OUTPUT,		R,	int32_t,			u32,		NONE,	C)	\
	X(S_OUTPUT,		WR,	int32_t,			u32,		NONE,	C)	\
	X(ENUMOUTPUT,		WR,	struct vmedia_output,		output,		NONE,	C)	\
	X(G_AUDOUT,		R,	struct vmedia_audioout,		audioout,	NONE,	C)	\
	X(S_AUDOUT,		W,	struct vmedia_audioout,		audioout,	NONE,	C)	\
	X(G_MODULATOR,		WR,	struct vmedia_modulator,	modulator,	NONE,	C)	\
	X(S_MODULATOR,		W,	struct vmedia_modulator,	modulator,	NONE,	C)	\
	X(G_FREQUENCY,		WR,	struct vmedia_frequency,	frequency,	NONE,	C)	\
	X(S_FREQUENCY,		W,	struct vmedia_frequency,	frequency,	NONE,	C)	\
	X(CROPCAP,		WR,	struct vmedia_cropcap,		cropcap,	NONE,	C)	\
	X(G_CROP,		WR,	struct vmedia_crop,		crop,		NONE,	C)	\
	X(S_CROP,		W,	struct vmedia_crop,		crop,		NONE,	C)	\
	X(G_JPEGCOMP,		R,	struct vmedia_jpegcompression,	jpegcompression, NONE,	0)	\
	X(S_JPEGCOMP,		W,	struct vmedia_jpegcompression,	jpegcompression, NONE,	0)	\
	X(QUERYSTD,		R,	uint64_t,			std,		NONE,	C)	\
	X(TRY_FMT,		WR,	struct vmedia_format,		format,		NONE,	C)	\
	X(ENUMAUDIO,		WR,	struct vmedia_audio,		audio,		NONE,	C)	\
	X(ENUMAUDOUT,		WR,	struct vmedia_audioout,		audioout,	NONE,	C)	\
	X(G_PRIORITY,		R,	uint32_t,			u32,		NONE,	C)	\
	X(S_PRIORITY,		W,	uint32_t,			u32,		NONE,	C)	\
	X(G_SLICED_VBI_CAP,	WR,	struct vmedia_sliced_vbi_cap,	sliced_vbi_cap,	NONE,	C)	\
	X(LOG_STATUS,		NONE,	char[0],			none,		NONE,	0)	\
	X(G_EXT_CTRLS,		WR,	struct vmedia_ext_controls,	ext_controls,	CTRLS,	C | E)	\
	X(S_EXT_CTRLS,		WR,	struct vmedia_ext_controls,	ext_controls,	CTRLS,	C | E)	\
	X(TRY_EXT_CTRLS,	WR,	struct vmedia_ext_controls,	ext_controls,	CTRLS,	C | E)	\
	X(ENUM_FRAMESIZES,	WR,	struct vmedia_frmsizeenum,	frmsizeenum,	NONE,	C)	\
	X(ENUM_FRAMEINTERVALS,	WR,	struct vmedia_frmivalenum,	frmivalenum,	NONE,	C)	\
	X(G_ENC_INDEX,		R,	struct vmedia_enc_idx,		enc_idx,	NONE,	C)	\
	X(ENCODER_CMD,		WR,	struct vmedia_encoder_cmd,	encoder_cmd,	NONE,	C)	\
	X(TRY_ENCODER_CMD,	WR,	struct vmedia_encoder_cmd,	encoder_cmd,	NONE,	C)	\
	X(DBG_S_REGISTER,	W,	struct vmedia_dbg_register,	dbg_register,	NONE,	0)	\
	X(DBG_G_REGISTER,	WR,	struct vmedia_dbg_register,	dbg_register,	NONE,	0)	\
	X(S_HW_FREQ_SEEK,	W,	struct vmedia_hw_freq_seek,	hw_freq_seek,	NONE,	C)	\
	X(S_DV_TIMINGS,		WR,	struct vmedia_dv_timings,	dv_timings,	NONE,	C)	\
	X(G_DV_TIMINGS,		WR,	struct vmedia_dv_timings,	dv_timings,	NONE,	C)	\
	X(DQEVENT,		R,	struct vmedia_event,		event,		NONE,	0)	\
	X(SUBSCRIBE_EVENT,	W,	struct vmedia_event_subscription, event_subscription, NONE, C)	\
	X(UNSUBSCRIBE_EVENT,	W,	struct vmedia_event_subscription, event_subscription, NONE, C)	\
	X(CREATE_BUFS,		WR,	struct vmedia_create_buffers,	create_buffers,	NONE,	C | Q)	\
	X(PREPARE_BUF,		WR,	struct vmedia_buffer,		buffer,		PLANES,	C | Q)	\
	X(G_SELECTION,		WR,	struct vmedia_selection,	selection,	NONE,	C)	\
	X(S_SELECTION,		WR,	struct vmedia_selection,	selection,	NONE,	C)	\
	X(DECODER_CMD,		WR,	struct vmedia_decoder_cmd,	decoder_cmd,	NONE,	C)	\
	X(TRY_DECODER_CMD,	WR,	struct vmedia_decoder_cmd,	decoder_cmd,	NONE,	C)	\
	X(ENUM_DV_TIMINGS,	WR,	struct vmedia_enum_dv_timings,	enum_dv_timings, NONE,	C)	\
	X(QUERY_DV_TIMINGS,	R,	struct vmedia_dv_timings,	dv_timings,	NONE,	C | E)	\
	X(DV_TIMINGS_CAP,	WR,	struct vmedia_dv_timings_cap,	dv_timings_cap,	NONE,	C)	\
	X(ENUM_FREQ_BANDS,	WR,	struct vmedia_frequency_band,	frequency_band,	NONE,	C)	\
	X(DBG_G_CHIP_INFO,	WR,	struct vmedia_dbg_chip_info,	dbg_chip_info,	NONE,	0)	\
	X(QUERY_EXT_CTRL,	WR,	struct vmedia_query_ext_ctrl,	query_ext_ctrl,	NONE,	C)	\
	X(REMOVE_BUFS,		WR,	struct vmedia_remove_buffers,	remove_buffers,	NONE,	C | Q)	\
	/* the end */

#define POSITION(n, d, type, l, f, fl) ROW_##n,
enum { VMEDIA_IOCTLS(POSITION) NUM_ROWS };
VMEDIA_STATIC_ASSERT(NUM_ROWS == 83, "V4L2 has 83 ioctls");

#define ROW(n, d, type, l, f, fl)								\
	[ROW_##n] = { .name = "VIDIOC_" #n, .nr = VMEDIA_NR_##n, .dir = VMEDIA_DIR_##d,		\
		      .follow = VMEDIA_FOLLOW_##f, .flags = (fl), .size = sizeof(type),		\
		      .layout = &vmedia_layout_##l },
static const struct vmedia_ioctl_info rows[] = { VMEDIA_IOCTLS(ROW) };

#define POINTER(n, d, type, l, f, fl) &rows[ROW_##n],
static const struct vmedia_ioctl_info *const table[] = { VMEDIA_IOCTLS(POINTER) };

#define BY_NR(n, d, type, l, f, fl) [VMEDIA_NR_##n] = &rows[ROW_##n],
static const struct vmedia_ioctl_info *const by_nr[VMEDIA_NR_END] = { VMEDIA_IOCTLS(BY_NR) };

const struct vmedia_ioctl_info *vmedia_ioctl_info(uint32_t nr)
{
	return nr < VMEDIA_NR_END ? by_nr[nr] : NULL;
}

const struct vmedia_ioctl_info *const *vmedia_ioctl_table(unsigned int *count)
{
	*count = NUM_ROWS;
	return table;
}
