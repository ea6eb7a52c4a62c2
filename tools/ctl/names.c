/* SPDX-License-Identifier: BSD-3-Clause */
/* Words for V4L2's numbers, as v4l2-ctl writes them. */
#include <stdio.h>
#include <string.h>

#include <linux/videodev2.h>
#include <vmedia/v4l2.h>

#include "names.h"

const char *ctl_name(const struct ctl_name *table, uint32_t value)
{
	for (; table->name; table++)
		if (table->value == value)
			return table->name;
	return "Unknown";
}

bool ctl_name_value(const struct ctl_name *table, const char *name, uint32_t *value)
{
	for (; table->name; table++) {
		if (strcmp(table->name, name) == 0) {
			*value = table->value;
			return true;
		}
	}
	return false;
}

void ctl_print_flags(const struct ctl_name *table, uint32_t flags, const char *indent)
{
	for (; table->name; table++) {
		if (flags & table->value)
			printf("%s%s\n", indent, table->name);
		flags &= ~table->value;
	}
	if (flags)
		printf("%s0x%08x\n", indent, flags);
}

void ctl_print_flags_inline(const struct ctl_name *table, uint32_t flags)
{
	const char *comma = "";

	if (!flags)
		fputs("none", stdout);
	for (; table->name; table++) {
		if (!(flags & table->value))
			continue;
		printf("%s%s", comma, table->name);
		comma = ", ";
		flags &= ~table->value;
	}
	if (flags)
		printf("%s0x%08x", comma, flags);
}

const struct ctl_name ctl_cap_names[] = {
	{ V4L2_CAP_VIDEO_CAPTURE, "Video Capture" },
	{ V4L2_CAP_VIDEO_CAPTURE_MPLANE, "Video Capture Multiplanar" },
	{ V4L2_CAP_VIDEO_OUTPUT, "Video Output" },
	{ V4L2_CAP_VIDEO_OUTPUT_MPLANE, "Video Output Multiplanar" },
	{ V4L2_CAP_VIDEO_M2M, "Video Memory-to-Memory" },
	{ V4L2_CAP_VIDEO_M2M_MPLANE, "Video Memory-to-Memory Multiplanar" },
	{ V4L2_CAP_VIDEO_OVERLAY, "Video Overlay" },
	{ V4L2_CAP_VIDEO_OUTPUT_OVERLAY, "Video Output Overlay" },
	{ V4L2_CAP_VBI_CAPTURE, "VBI Capture" },
	{ V4L2_CAP_VBI_OUTPUT, "VBI Output" },
	{ V4L2_CAP_SLICED_VBI_CAPTURE, "Sliced VBI Capture" },
	{ V4L2_CAP_SLICED_VBI_OUTPUT, "Sliced VBI Output" },
	{ V4L2_CAP_RDS_CAPTURE, "RDS Capture" },
	{ V4L2_CAP_RDS_OUTPUT, "RDS Output" },
	{ V4L2_CAP_SDR_CAPTURE, "SDR Capture" },
	{ V4L2_CAP_SDR_OUTPUT, "SDR Output" },
	{ V4L2_CAP_META_CAPTURE, "Metadata Capture" },
	{ V4L2_CAP_META_OUTPUT, "Metadata Output" },
	{ V4L2_CAP_TUNER, "Tuner" },
	{ V4L2_CAP_MODULATOR, "Modulator" },
	{ V4L2_CAP_AUDIO, "Audio" },
	{ V4L2_CAP_RADIO, "Radio" },
	{ V4L2_CAP_TOUCH, "Touch Capture" },
	{ V4L2_CAP_READWRITE, "Read/Write" },
	{ V4L2_CAP_STREAMING, "Streaming" },
	{ V4L2_CAP_EXT_PIX_FORMAT, "Extended Pix Format" },
	{ V4L2_CAP_IO_MC, "I/O MC" },
	{ V4L2_CAP_DEVICE_CAPS, "Device Capabilities" },
	{ 0, NULL },
};

const struct ctl_name ctl_buf_type_names[] = {
	{ V4L2_BUF_TYPE_VIDEO_CAPTURE, "Video Capture" },
	{ V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE, "Video Capture Multiplanar" },
	{ V4L2_BUF_TYPE_VIDEO_OUTPUT, "Video Output" },
	{ V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE, "Video Output Multiplanar" },
	{ V4L2_BUF_TYPE_VIDEO_OVERLAY, "Video Overlay" },
	{ V4L2_BUF_TYPE_VBI_CAPTURE, "VBI Capture" },
	{ V4L2_BUF_TYPE_VBI_OUTPUT, "VBI Output" },
	{ V4L2_BUF_TYPE_SLICED_VBI_CAPTURE, "Sliced VBI Capture" },
	{ V4L2_BUF_TYPE_SLICED_VBI_OUTPUT, "Sliced VBI Output" },
	{ V4L2_BUF_TYPE_SDR_CAPTURE, "SDR Capture" },
	{ V4L2_BUF_TYPE_SDR_OUTPUT, "SDR Output" },
	{ V4L2_BUF_TYPE_META_CAPTURE, "Metadata Capture" },
	{ V4L2_BUF_TYPE_META_OUTPUT, "Metadata Output" },
	{ 0, NULL },
};

const struct ctl_name ctl_field_names[] = {
	{ V4L2_FIELD_ANY, "Any" },
	{ V4L2_FIELD_NONE, "None" },
	{ V4L2_FIELD_TOP, "Top" },
	{ V4L2_FIELD_BOTTOM, "Bottom" },
	{ V4L2_FIELD_INTERLACED, "Interlaced" },
	{ V4L2_FIELD_SEQ_TB, "Sequential Top-Bottom" },
	{ V4L2_FIELD_SEQ_BT, "Sequential Bottom-Top" },
	{ V4L2_FIELD_ALTERNATE, "Alternating" },
	{ V4L2_FIELD_INTERLACED_TB, "Interlaced Top-Bottom" },
	{ V4L2_FIELD_INTERLACED_BT, "Interlaced Bottom-Top" },
	{ 0, NULL },
};

const struct ctl_name ctl_colorspace_names[] = {
	{ V4L2_COLORSPACE_DEFAULT, "Default" },
	{ V4L2_COLORSPACE_SMPTE170M, "SMPTE 170M" },
	{ V4L2_COLORSPACE_SMPTE240M, "SMPTE 240M" },
	{ V4L2_COLORSPACE_REC709, "Rec. 709" },
	{ V4L2_COLORSPACE_470_SYSTEM_M, "470 System M" },
	{ V4L2_COLORSPACE_470_SYSTEM_BG, "470 System BG" },
	{ V4L2_COLORSPACE_JPEG, "JPEG" },
	{ V4L2_COLORSPACE_SRGB, "sRGB" },
	{ V4L2_COLORSPACE_OPRGB, "opRGB" },
	{ V4L2_COLORSPACE_BT2020, "BT.2020" },
	{ V4L2_COLORSPACE_RAW, "Raw" },
	{ V4L2_COLORSPACE_DCI_P3, "DCI-P3" },
	{ 0, NULL },
};

const struct ctl_name ctl_xfer_names[] = {
	{ V4L2_XFER_FUNC_DEFAULT, "Default" },
	{ V4L2_XFER_FUNC_709, "Rec. 709" },
	{ V4L2_XFER_FUNC_SRGB, "sRGB" },
	{ V4L2_XFER_FUNC_OPRGB, "opRGB" },
	{ V4L2_XFER_FUNC_SMPTE240M, "SMPTE 240M" },
	{ V4L2_XFER_FUNC_NONE, "None" },
	{ V4L2_XFER_FUNC_DCI_P3, "DCI-P3" },
	{ V4L2_XFER_FUNC_SMPTE2084, "SMPTE 2084" },
	{ 0, NULL },
};

const struct ctl_name ctl_ycbcr_names[] = {
	{ V4L2_YCBCR_ENC_DEFAULT, "Default" },
	{ V4L2_YCBCR_ENC_601, "ITU-R 601" },
	{ V4L2_YCBCR_ENC_709, "Rec. 709" },
	{ V4L2_YCBCR_ENC_XV601, "xvYCC 601" },
	{ V4L2_YCBCR_ENC_XV709, "xvYCC 709" },
	{ V4L2_YCBCR_ENC_BT2020, "BT.2020" },
	{ V4L2_YCBCR_ENC_BT2020_CONST_LUM, "BT.2020 Constant Luminance" },
	{ V4L2_YCBCR_ENC_SMPTE240M, "SMPTE 240M" },
	{ 0, NULL },
};

const struct ctl_name ctl_quant_names[] = {
	{ V4L2_QUANTIZATION_DEFAULT, "Default" },
	{ V4L2_QUANTIZATION_FULL_RANGE, "Full Range" },
	{ V4L2_QUANTIZATION_LIM_RANGE, "Limited Range" },
	{ 0, NULL },
};

const struct ctl_name ctl_pix_flag_names[] = {
	{ V4L2_PIX_FMT_FLAG_PREMUL_ALPHA, "premultiplied-alpha" },
	{ V4L2_PIX_FMT_FLAG_SET_CSC, "set-csc" },
	{ 0, NULL },
};

const struct ctl_name ctl_fmt_flag_names[] = {
	{ V4L2_FMT_FLAG_COMPRESSED, "compressed" },
	{ V4L2_FMT_FLAG_EMULATED, "emulated" },
	{ V4L2_FMT_FLAG_CONTINUOUS_BYTESTREAM, "continuous-bytestream" },
	{ V4L2_FMT_FLAG_DYN_RESOLUTION, "dyn-resolution" },
	{ V4L2_FMT_FLAG_ENC_CAP_FRAME_INTERVAL, "enc-cap-frame-interval" },
	{ V4L2_FMT_FLAG_CSC_COLORSPACE, "csc-colorspace" },
	{ V4L2_FMT_FLAG_CSC_XFER_FUNC, "csc-xfer-func" },
	{ V4L2_FMT_FLAG_CSC_YCBCR_ENC, "csc-ycbcr/hsv-enc" },
	{ V4L2_FMT_FLAG_CSC_QUANTIZATION, "csc-quantization" },
	{ 0, NULL },
};

const struct ctl_name ctl_ctrl_type_names[] = {
	{ V4L2_CTRL_TYPE_INTEGER, "int" },
	{ V4L2_CTRL_TYPE_BOOLEAN, "bool" },
	{ V4L2_CTRL_TYPE_MENU, "menu" },
	{ V4L2_CTRL_TYPE_BUTTON, "button" },
	{ V4L2_CTRL_TYPE_INTEGER64, "int64" },
	{ V4L2_CTRL_TYPE_CTRL_CLASS, "class" },
	{ V4L2_CTRL_TYPE_STRING, "str" },
	{ V4L2_CTRL_TYPE_BITMASK, "bitmask" },
	{ V4L2_CTRL_TYPE_INTEGER_MENU, "intmenu" },
	{ V4L2_CTRL_TYPE_U8, "u8" },
	{ V4L2_CTRL_TYPE_U16, "u16" },
	{ V4L2_CTRL_TYPE_U32, "u32" },
	{ V4L2_CTRL_TYPE_AREA, "area" },
	{ 0, NULL },
};

const struct ctl_name ctl_ctrl_flag_names[] = {
	{ V4L2_CTRL_FLAG_GRABBED, "grabbed" },
	{ V4L2_CTRL_FLAG_READ_ONLY, "read-only" },
	{ V4L2_CTRL_FLAG_UPDATE, "update" },
	{ V4L2_CTRL_FLAG_INACTIVE, "inactive" },
	{ V4L2_CTRL_FLAG_SLIDER, "slider" },
	{ V4L2_CTRL_FLAG_WRITE_ONLY, "write-only" },
	{ V4L2_CTRL_FLAG_VOLATILE, "volatile" },
	{ V4L2_CTRL_FLAG_HAS_PAYLOAD, "has-payload" },
	{ V4L2_CTRL_FLAG_EXECUTE_ON_WRITE, "execute-on-write" },
	{ V4L2_CTRL_FLAG_MODIFY_LAYOUT, "modify-layout" },
	{ V4L2_CTRL_FLAG_DYNAMIC_ARRAY, "dynamic-array" },
	{ 0, NULL },
};

const struct ctl_name ctl_sel_names[] = {
	{ V4L2_SEL_TGT_CROP, "crop" },
	{ V4L2_SEL_TGT_CROP_DEFAULT, "crop_default" },
	{ V4L2_SEL_TGT_CROP_BOUNDS, "crop_bounds" },
	{ V4L2_SEL_TGT_COMPOSE, "compose" },
	{ V4L2_SEL_TGT_COMPOSE_DEFAULT, "compose_default" },
	{ V4L2_SEL_TGT_COMPOSE_BOUNDS, "compose_bounds" },
	{ V4L2_SEL_TGT_COMPOSE_PADDED, "compose_padded" },
	{ V4L2_SEL_TGT_NATIVE_SIZE, "native_size" },
	{ 0, NULL },
};

const struct ctl_name ctl_input_status_names[] = {
	{ V4L2_IN_ST_NO_POWER, "no power" },
	{ V4L2_IN_ST_NO_SIGNAL, "no signal" },
	{ V4L2_IN_ST_NO_COLOR, "no color" },
	{ V4L2_IN_ST_HFLIP, "hflip" },
	{ V4L2_IN_ST_VFLIP, "vflip" },
	{ V4L2_IN_ST_NO_SYNC, "no sync lock" },
	{ 0, NULL },
};
