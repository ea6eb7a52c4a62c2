// SPDX-License-Identifier: BSD-3-Clause
/* What of a payload has no meaning to V4L2, and buffer types. */
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

void vmedia_proxy_clean_format(union vmedia_payload *arg)
{
	clean_one_format(&arg->format);
}

void vmedia_proxy_clean_create_bufs(union vmedia_payload *arg)
{
	clean_one_format(&arg->create_buffers.format);
}

void vmedia_proxy_clean_parm(union vmedia_payload *arg)
{
	/* Of one shape, up to the reserved fields. */
	_Static_assert(offsetof(struct vmedia_captureparm, reserved) ==
		       offsetof(struct vmedia_outputparm, reserved), "one shape");
	clean_rest(arg->streamparm.parm.raw_data, sizeof(arg->streamparm.parm),
		   offsetof(struct vmedia_captureparm, reserved));
}

/* RDS blocks are read and written by read() and write(), which the protocol does not carry. */
static void clean_rds(uint32_t *capability)
{
	*capability &= ~(uint32_t)V4L2_TUNER_CAP_RDS_BLOCK_IO;
	if (!(*capability & V4L2_TUNER_CAP_RDS_CONTROLS))
		*capability &= ~(uint32_t)V4L2_TUNER_CAP_RDS;
}

void vmedia_proxy_clean_tuner(union vmedia_payload *arg)
{
	clean_rds(&arg->tuner.capability);
}

void vmedia_proxy_clean_modulator(union vmedia_payload *arg)
{
	clean_rds(&arg->modulator.capability);
}

static void clean_one_timings(struct vmedia_dv_timings *t)
{
	size_t used = t->type == V4L2_DV_BT_656_1120 ? offsetof(struct vmedia_bt_timings, reserved)
						     : 0;

	clean_rest((uint8_t *)t + offsetof(struct vmedia_dv_timings, bt),
		   sizeof(*t) - offsetof(struct vmedia_dv_timings, bt), used);
}

void vmedia_proxy_clean_timings(union vmedia_payload *arg)
{
	clean_one_timings(&arg->dv_timings);
}

void vmedia_proxy_clean_enum_timings(union vmedia_payload *arg)
{
	clean_one_timings(&arg->enum_dv_timings.timings);
}

/* ---- By the rule ---- */

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
