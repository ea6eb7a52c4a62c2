// SPDX-License-Identifier: BSD-3-Clause
/*
 * The table of the proxy: what of each ioctl's payload reaches the host, and what is done besides.
 *
 * An ioctl that is not in the table is -ENOTTY. Of one that is, the host gets a copy of the payload
 * in which
 *   - what the device only writes (_IOR) is zero,
 *   - reserved fields, and members of unions that its type does not use, are zero,
 *   - the buffer type is one that the protocol serves, or 0, which no driver has: overlays have
 *     pointers,
 *   - pointers and descriptors are the proxy's own (ctrls.c, buffer.c),
 *   - the memory of a queue is what the proxy has for the guest's (memory.c),
 *   - request_fd and V4L2_CTRL_WHICH_REQUEST_VAL do not occur: requests belong to the media
 *     controller, which the protocol does not carry,
 *   - a media bus code does not occur either: only the media controller tells a guest which.
 * The same fields of the answer are zero or the guest's own. Everything else passes as it is: the
 * host's V4L2 core and driver check it, as they do for any program.
 *
 * Priorities pass: the guest is a program of the host like others.
 */
#include <linux/videodev2.h>

#include "proxy.h"

/* ---- The table ---- */

#define CARRIED(ioctl) [VMEDIA_NR_##ioctl] = { .carried = true
#define END	       }
/* A field of struct vmedia_@tag. */
#define SPAN(tag, field) \
	{ offsetof(struct vmedia_##tag, field), sizeof(((struct vmedia_##tag *)0)->field) }
#define ZERO(...)	 .zero = { __VA_ARGS__ }
#define TYPE(tag, field) .type_at = offsetof(struct vmedia_##tag, field) + 1
#define BARE_TYPE	 .type_at = 1

static const struct proxy_rule rules[VMEDIA_NR_END] = {
	CARRIED(ENUM_FMT), TYPE(fmtdesc, type),
		ZERO(SPAN(fmtdesc, mbus_code), SPAN(fmtdesc, reserved)) END,
	CARRIED(G_FMT), TYPE(format, type), .clean = vmedia_proxy_clean_format END,
	CARRIED(S_FMT), TYPE(format, type), .clean = vmedia_proxy_clean_format END,
	CARRIED(TRY_FMT), TYPE(format, type), .clean = vmedia_proxy_clean_format END,
	CARRIED(REQBUFS), TYPE(requestbuffers, type), ZERO(SPAN(requestbuffers, reserved)),
		.prepare = vmedia_proxy_reqbufs_prepare, .run = vmedia_proxy_reqbufs_run,
		.done = vmedia_proxy_reqbufs_done END,
	CARRIED(QUERYBUF), TYPE(buffer, type), .quick = true,
		.prepare = vmedia_proxy_querybuf_prepare, .done = vmedia_proxy_buffer_done END,
	CARRIED(QBUF), TYPE(buffer, type), .quick = true,
		.prepare = vmedia_proxy_qbuf_prepare, .run = vmedia_proxy_qbuf_run,
		.done = vmedia_proxy_buffer_done END,
	CARRIED(PREPARE_BUF), TYPE(buffer, type),
		.prepare = vmedia_proxy_qbuf_prepare, .run = vmedia_proxy_qbuf_run,
		.done = vmedia_proxy_buffer_done END,
	CARRIED(EXPBUF), TYPE(exportbuffer, type), ZERO(SPAN(exportbuffer, reserved)),
		.prepare = vmedia_proxy_expbuf_prepare, .run = vmedia_proxy_expbuf_run END,
	CARRIED(STREAMON), BARE_TYPE, .done = vmedia_proxy_streamon_done END,
	CARRIED(STREAMOFF), BARE_TYPE, .done = vmedia_proxy_streamoff_done END,
	CARRIED(G_PARM), TYPE(streamparm, type), .clean = vmedia_proxy_clean_parm END,
	CARRIED(S_PARM), TYPE(streamparm, type), .clean = vmedia_proxy_clean_parm END,
	CARRIED(G_STD) END,
	CARRIED(S_STD) END,
	CARRIED(ENUMSTD), ZERO(SPAN(standard, reserved)) END,
	CARRIED(ENUMINPUT), ZERO(SPAN(input, reserved)) END,
	CARRIED(G_CTRL) END,
	CARRIED(S_CTRL) END,
	CARRIED(G_TUNER), ZERO(SPAN(tuner, reserved)),
		.clean = vmedia_proxy_clean_tuner END,
	CARRIED(S_TUNER), ZERO(SPAN(tuner, reserved)),
		.clean = vmedia_proxy_clean_tuner END,
	CARRIED(G_AUDIO) END,
	CARRIED(S_AUDIO), ZERO(SPAN(audio, reserved)) END,
	CARRIED(QUERYCTRL), ZERO(SPAN(queryctrl, reserved)) END,
	CARRIED(QUERYMENU), ZERO(SPAN(querymenu, reserved)) END,
	CARRIED(G_INPUT) END,
	CARRIED(S_INPUT) END,
	CARRIED(G_EDID), ZERO(SPAN(edid, reserved)),
		.prepare = vmedia_proxy_edid_prepare, .done = vmedia_proxy_edid_done END,
	CARRIED(S_EDID), ZERO(SPAN(edid, reserved)),
		.prepare = vmedia_proxy_edid_prepare, .done = vmedia_proxy_edid_done END,
	CARRIED(G_OUTPUT) END,
	CARRIED(S_OUTPUT) END,
	CARRIED(ENUMOUTPUT), ZERO(SPAN(output, reserved)) END,
	CARRIED(G_AUDOUT) END,
	CARRIED(S_AUDOUT), ZERO(SPAN(audioout, reserved)) END,
	CARRIED(G_MODULATOR), ZERO(SPAN(modulator, reserved)),
		.clean = vmedia_proxy_clean_modulator END,
	CARRIED(S_MODULATOR), ZERO(SPAN(modulator, reserved)),
		.clean = vmedia_proxy_clean_modulator END,
	CARRIED(G_FREQUENCY), ZERO(SPAN(frequency, reserved)) END,
	CARRIED(S_FREQUENCY), ZERO(SPAN(frequency, reserved)) END,
	CARRIED(CROPCAP), TYPE(cropcap, type) END,
	CARRIED(G_CROP), TYPE(crop, type) END,
	CARRIED(S_CROP), TYPE(crop, type) END,
	CARRIED(QUERYSTD) END,
	CARRIED(ENUMAUDIO), ZERO(SPAN(audio, reserved)) END,
	CARRIED(ENUMAUDOUT), ZERO(SPAN(audioout, reserved)) END,
	CARRIED(G_PRIORITY) END,
	CARRIED(S_PRIORITY) END,
	CARRIED(G_SLICED_VBI_CAP), TYPE(sliced_vbi_cap, type),
		ZERO(SPAN(sliced_vbi_cap, reserved)) END,
	CARRIED(G_EXT_CTRLS), ZERO(SPAN(ext_controls, reserved)),
		.prepare = vmedia_proxy_ctrls_prepare, .run = vmedia_proxy_ctrls_run,
		.done = vmedia_proxy_ctrls_done END,
	CARRIED(S_EXT_CTRLS), ZERO(SPAN(ext_controls, reserved)),
		.prepare = vmedia_proxy_ctrls_prepare, .run = vmedia_proxy_ctrls_run,
		.done = vmedia_proxy_ctrls_done END,
	CARRIED(TRY_EXT_CTRLS), ZERO(SPAN(ext_controls, reserved)),
		.prepare = vmedia_proxy_ctrls_prepare, .run = vmedia_proxy_ctrls_run,
		.done = vmedia_proxy_ctrls_done END,
	CARRIED(ENUM_FRAMESIZES), ZERO(SPAN(frmsizeenum, reserved)) END,
	CARRIED(ENUM_FRAMEINTERVALS), ZERO(SPAN(frmivalenum, reserved)) END,
	CARRIED(G_ENC_INDEX) END,
	CARRIED(ENCODER_CMD) END,
	CARRIED(TRY_ENCODER_CMD) END,
	CARRIED(S_HW_FREQ_SEEK), ZERO(SPAN(hw_freq_seek, reserved)) END,
	CARRIED(S_DV_TIMINGS), .clean = vmedia_proxy_clean_timings END,
	CARRIED(G_DV_TIMINGS), .clean = vmedia_proxy_clean_timings END,
	CARRIED(SUBSCRIBE_EVENT), ZERO(SPAN(event_subscription, reserved)),
		.prepare = vmedia_proxy_subscribe_prepare, .done = vmedia_proxy_subscribe_done END,
	CARRIED(UNSUBSCRIBE_EVENT), ZERO(SPAN(event_subscription, reserved)),
		.done = vmedia_proxy_unsubscribe_done END,
	CARRIED(CREATE_BUFS), TYPE(create_buffers, format.type),
		ZERO(SPAN(create_buffers, reserved)), .clean = vmedia_proxy_clean_create_bufs,
		.prepare = vmedia_proxy_create_bufs_prepare,
		.run = vmedia_proxy_create_bufs_run, .done = vmedia_proxy_create_bufs_done END,
	CARRIED(G_SELECTION), TYPE(selection, type), ZERO(SPAN(selection, reserved)) END,
	CARRIED(S_SELECTION), TYPE(selection, type), ZERO(SPAN(selection, reserved)) END,
	CARRIED(DECODER_CMD) END,
	CARRIED(TRY_DECODER_CMD) END,
	CARRIED(ENUM_DV_TIMINGS), ZERO(SPAN(enum_dv_timings, reserved)),
		.clean = vmedia_proxy_clean_enum_timings END,
	CARRIED(QUERY_DV_TIMINGS), .clean = vmedia_proxy_clean_timings END,
	CARRIED(DV_TIMINGS_CAP), ZERO(SPAN(dv_timings_cap, reserved)) END,
	CARRIED(ENUM_FREQ_BANDS), ZERO(SPAN(frequency_band, reserved)) END,
	CARRIED(QUERY_EXT_CTRL), ZERO(SPAN(query_ext_ctrl, reserved)) END,
	CARRIED(REMOVE_BUFS), TYPE(remove_buffers, type), ZERO(SPAN(remove_buffers, reserved)),
		.done = vmedia_proxy_remove_bufs_done END,
};

const struct proxy_rule *vmedia_proxy_rule(uint32_t nr)
{
	return nr < VMEDIA_NR_END && rules[nr].carried ? &rules[nr] : NULL;
}
