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
 *   - the memory of a queue is MMAP, whatever the guest's is (queue.c, buffer.c),
 *   - request_fd and V4L2_CTRL_WHICH_REQUEST_VAL do not occur: requests belong to the media
 *     controller, which the protocol does not carry,
 *   - a media bus code does not occur either: only the media controller tells a guest which.
 * The same fields of the answer are zero or the guest's own. Everything else passes as it is: the
 * host's V4L2 core and driver check it, as they do for any program.
 *
 * Priorities pass: the guest is a program of the host like others.
 */
#include <linux/videodev2.h>
#include <string.h>

#include "proxy.h"

/* ---- What has no meaning to V4L2 ---- */

/* Zero the bytes of @raw that are not its first @used. */
static void clean_rest(uint8_t *raw, size_t size, size_t used)
{
	memset(raw + used, 0, size - used);
}

static void clean_one_format(struct vmedia_format *f)
{
	struct vmedia_pix_format_mplane *mp = &f->fmt.pix_mp;
	size_t size = sizeof(f->fmt), used = 0;
	uint32_t planes;

	switch (f->type) {
	case V4L2_BUF_TYPE_VIDEO_CAPTURE:
	case V4L2_BUF_TYPE_VIDEO_OUTPUT:
		used = sizeof(f->fmt.pix);
		break;
	case V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE:
	case V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE:
		used = sizeof(f->fmt.pix_mp);
		memset(mp->reserved, 0, sizeof(mp->reserved));
		for (planes = 0; planes < VMEDIA_MAX_PLANES; planes++)
			memset(mp->plane_fmt[planes].reserved, 0,
			       sizeof(mp->plane_fmt[planes].reserved));
		break;
	case V4L2_BUF_TYPE_VBI_CAPTURE:
	case V4L2_BUF_TYPE_VBI_OUTPUT:
		used = offsetof(struct vmedia_vbi_format, reserved);
		break;
	case V4L2_BUF_TYPE_SLICED_VBI_CAPTURE:
	case V4L2_BUF_TYPE_SLICED_VBI_OUTPUT:
		used = offsetof(struct vmedia_sliced_vbi_format, reserved);
		break;
	case V4L2_BUF_TYPE_SDR_CAPTURE:
	case V4L2_BUF_TYPE_SDR_OUTPUT:
		used = offsetof(struct vmedia_sdr_format, reserved);
		break;
	case V4L2_BUF_TYPE_META_CAPTURE:
	case V4L2_BUF_TYPE_META_OUTPUT:
		used = sizeof(f->fmt.meta);
		break;
	}
	clean_rest(f->fmt.raw_data, size, used);
}

static void clean_format(union vmedia_payload *arg)
{
	clean_one_format(&arg->format);
}

static void clean_create_bufs(union vmedia_payload *arg)
{
	clean_one_format(&arg->create_buffers.format);
}

static void clean_parm(union vmedia_payload *arg)
{
	/* Of one shape, up to the reserved fields. */
	_Static_assert(offsetof(struct vmedia_captureparm, reserved) ==
		       offsetof(struct vmedia_outputparm, reserved), "one shape");
	clean_rest(arg->streamparm.parm.raw_data, sizeof(arg->streamparm.parm),
		   offsetof(struct vmedia_captureparm, reserved));
}

static void clean_one_timings(struct vmedia_dv_timings *t)
{
	size_t used = t->type == V4L2_DV_BT_656_1120 ? offsetof(struct vmedia_bt_timings, reserved)
						     : 0;

	clean_rest((uint8_t *)t + offsetof(struct vmedia_dv_timings, bt),
		   sizeof(*t) - offsetof(struct vmedia_dv_timings, bt), used);
}

static void clean_timings(union vmedia_payload *arg)
{
	clean_one_timings(&arg->dv_timings);
}

static void clean_enum_timings(union vmedia_payload *arg)
{
	clean_one_timings(&arg->enum_dv_timings.timings);
}

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
	CARRIED(G_FMT), TYPE(format, type), .clean = clean_format END,
	CARRIED(S_FMT), TYPE(format, type), .clean = clean_format END,
	CARRIED(TRY_FMT), TYPE(format, type), .clean = clean_format END,
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
	CARRIED(G_PARM), TYPE(streamparm, type), .clean = clean_parm END,
	CARRIED(S_PARM), TYPE(streamparm, type), .clean = clean_parm END,
	CARRIED(G_STD) END,
	CARRIED(S_STD) END,
	CARRIED(ENUMSTD), ZERO(SPAN(standard, reserved)) END,
	CARRIED(ENUMINPUT), ZERO(SPAN(input, reserved)) END,
	CARRIED(G_CTRL) END,
	CARRIED(S_CTRL) END,
	CARRIED(G_TUNER), ZERO(SPAN(tuner, reserved)) END,
	CARRIED(S_TUNER), ZERO(SPAN(tuner, reserved)) END,
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
	CARRIED(G_MODULATOR), ZERO(SPAN(modulator, reserved)) END,
	CARRIED(S_MODULATOR), ZERO(SPAN(modulator, reserved)) END,
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
	CARRIED(S_DV_TIMINGS), .clean = clean_timings END,
	CARRIED(G_DV_TIMINGS), .clean = clean_timings END,
	CARRIED(SUBSCRIBE_EVENT), ZERO(SPAN(event_subscription, reserved)),
		.prepare = vmedia_proxy_subscribe_prepare, .done = vmedia_proxy_subscribe_done END,
	CARRIED(UNSUBSCRIBE_EVENT), ZERO(SPAN(event_subscription, reserved)),
		.done = vmedia_proxy_unsubscribe_done END,
	CARRIED(CREATE_BUFS), TYPE(create_buffers, format.type), .clean = clean_create_bufs,
		ZERO(SPAN(create_buffers, reserved)), .prepare = vmedia_proxy_create_bufs_prepare,
		.run = vmedia_proxy_create_bufs_run, .done = vmedia_proxy_create_bufs_done END,
	CARRIED(G_SELECTION), TYPE(selection, type), ZERO(SPAN(selection, reserved)) END,
	CARRIED(S_SELECTION), TYPE(selection, type), ZERO(SPAN(selection, reserved)) END,
	CARRIED(DECODER_CMD) END,
	CARRIED(TRY_DECODER_CMD) END,
	CARRIED(ENUM_DV_TIMINGS), ZERO(SPAN(enum_dv_timings, reserved)),
		.clean = clean_enum_timings END,
	CARRIED(QUERY_DV_TIMINGS), .clean = clean_timings END,
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

bool vmedia_proxy_type_served(uint32_t type)
{
	return type > 0 && type < PROXY_TYPES && type != V4L2_BUF_TYPE_VIDEO_OVERLAY &&
	       type != V4L2_BUF_TYPE_VIDEO_OUTPUT_OVERLAY;
}

bool vmedia_proxy_type_is_output(uint32_t type)
{
	return V4L2_TYPE_IS_OUTPUT(type);
}

bool vmedia_proxy_clean(const struct proxy_rule *rule, const struct vmedia_ioctl_info *info,
			union vmedia_payload *arg)
{
	const uint32_t none = 0;
	bool served = true;
	uint32_t type;

	if (!(info->dir & VMEDIA_DIR_W))
		memset(arg, 0, info->size);
	if (rule->type_at) {
		memcpy(&type, arg->raw + rule->type_at - 1, sizeof(type));
		served = vmedia_proxy_type_served(type);
		if (!served)
			memcpy(arg->raw + rule->type_at - 1, &none, sizeof(none));
	}
	for (size_t i = 0; i < sizeof(rule->zero) / sizeof(rule->zero[0]); i++)
		memset(arg->raw + rule->zero[i].off, 0, rule->zero[i].len);
	if (rule->clean)
		rule->clean(arg);
	return served;
}
