/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Standard controls: user, camera, image source and image processing classes; and the look-up in
 * all classes.
 */
#include "v4l2/ctrl_std.h"

static const char *const power_line[] = { "Disabled", "50 Hz", "60 Hz", "Auto" };
static const char *const exposure_auto[] = {
	"Auto Mode", "Manual Mode", "Shutter Priority Mode", "Aperture Priority Mode",
};
static const char *const metering[] = { "Average", "Center Weighted", "Spot", "Matrix" };
static const char *const focus_range[] = { "Auto", "Normal", "Macro", "Infinity" };
static const char *const colorfx[] = {
	"None", "Black & White", "Sepia", "Negative", "Emboss", "Sketch", "Sky Blue",
	"Grass Green", "Skin Whiten",
	"Vivid", "Aqua", "Art Freeze", "Silhouette", "Solarization", "Antique", "Set Cb/Cr",
};
static const char *const white_balance[] = {
	"Manual", "Auto", "Incandescent", "Fluorescent", "Fluorescent H", "Horizon", "Daylight",
	"Flash", "Cloudy", "Shade",
};
static const char *const iso_auto[] = { "Manual", "Auto" };
static const char *const scene[] = {
	"None", "Backlight", "Beach/Snow", "Candle Light", "Dusk/Dawn", "Fall Colors",
	"Fireworks", "Landscape", "Night",
	"Party/Indoor", "Portrait", "Sports", "Sunset", "Text",
};
static const char *const orientation[] = { "Front", "Back", "External" };

static const struct vmedia_std_ctrl user[] = {
	CLASS(USER_CLASS, "User Controls"),
	SLIDE(BRIGHTNESS, "Brightness"),
	SLIDE(CONTRAST, "Contrast"),
	SLIDE(SATURATION, "Saturation"),
	SLIDE(HUE, "Hue"),
	SLIDE(AUDIO_VOLUME, "Volume"),
	SLIDE(AUDIO_BALANCE, "Balance"),
	SLIDE(AUDIO_BASS, "Bass"),
	SLIDE(AUDIO_TREBLE, "Treble"),
	BOOL(AUDIO_MUTE, "Mute"),
	BOOL(AUDIO_LOUDNESS, "Loudness"),
	INT(BLACK_LEVEL, "Black Level"),
	BOOL(AUTO_WHITE_BALANCE, "White Balance, Automatic"),
	PUSH(DO_WHITE_BALANCE, "Do White Balance"),
	SLIDE(RED_BALANCE, "Red Balance"),
	SLIDE(BLUE_BALANCE, "Blue Balance"),
	SLIDE(GAMMA, "Gamma"),
	INT(EXPOSURE, "Exposure"),
	BOOL(AUTOGAIN, "Gain, Automatic"),
	INT(GAIN, "Gain"),
	BOOL(HFLIP, "Horizontal Flip"),
	BOOL(VFLIP, "Vertical Flip"),
	MENU(POWER_LINE_FREQUENCY, power_line, "Power Line Frequency"),
	BOOL(HUE_AUTO, "Hue, Automatic"),
	INT(WHITE_BALANCE_TEMPERATURE, "White Balance Temperature"),
	SLIDE(SHARPNESS, "Sharpness"),
	INT(BACKLIGHT_COMPENSATION, "Backlight Compensation"),
	BOOL(CHROMA_AGC, "Chroma AGC"),
	BOOL(COLOR_KILLER, "Color Killer"),
	MENU(COLORFX, colorfx, "Color Effects"),
	BOOL(AUTOBRIGHTNESS, "Brightness, Automatic"),
	INT(BAND_STOP_FILTER, "Band-Stop Filter"),
	CTRL(ROTATE, INTEGER, LAYOUT, "Rotate"),
	INT(BG_COLOR, "Background Color"),
	SLIDE(CHROMA_GAIN, "Chroma Gain"),
	BOOL(ILLUMINATORS_1, "Illuminator 1"),
	BOOL(ILLUMINATORS_2, "Illuminator 2"),
	CTRL(MIN_BUFFERS_FOR_CAPTURE, INTEGER, RO, "Min Number of Capture Buffers"),
	CTRL(MIN_BUFFERS_FOR_OUTPUT, INTEGER, RO, "Min Number of Output Buffers"),
	INT(ALPHA_COMPONENT, "Alpha Component"),
	INT(COLORFX_CBCR, "Color Effects, CbCr"),
#ifdef V4L2_CID_COLORFX_RGB
	INT(COLORFX_RGB, "Color Effects, RGB"),
#endif

	CLASS(CAMERA_CLASS, "Camera Controls"),
	MENU(EXPOSURE_AUTO, exposure_auto, "Auto Exposure"),
	INT(EXPOSURE_ABSOLUTE, "Exposure Time, Absolute"),
	BOOL(EXPOSURE_AUTO_PRIORITY, "Exposure, Dynamic Framerate"),
	CTRL(PAN_RELATIVE, INTEGER, WO | EXEC, "Pan, Relative"),
	CTRL(TILT_RELATIVE, INTEGER, WO | EXEC, "Tilt, Relative"),
	PUSH(PAN_RESET, "Pan, Reset"),
	PUSH(TILT_RESET, "Tilt, Reset"),
	INT(PAN_ABSOLUTE, "Pan, Absolute"),
	INT(TILT_ABSOLUTE, "Tilt, Absolute"),
	INT(FOCUS_ABSOLUTE, "Focus, Absolute"),
	CTRL(FOCUS_RELATIVE, INTEGER, WO | EXEC, "Focus, Relative"),
	BOOL(FOCUS_AUTO, "Focus, Automatic Continuous"),
	INT(ZOOM_ABSOLUTE, "Zoom, Absolute"),
	CTRL(ZOOM_RELATIVE, INTEGER, WO | EXEC, "Zoom, Relative"),
	INT(ZOOM_CONTINUOUS, "Zoom, Continuous"),
	BOOL(PRIVACY, "Privacy"),
	INT(IRIS_ABSOLUTE, "Iris, Absolute"),
	CTRL(IRIS_RELATIVE, INTEGER, WO | EXEC, "Iris, Relative"),
	INTMENU(AUTO_EXPOSURE_BIAS, "Auto Exposure, Bias"),
	MENU(AUTO_N_PRESET_WHITE_BALANCE, white_balance, "White Balance, Auto & Preset"),
	BOOL(WIDE_DYNAMIC_RANGE, "Wide Dynamic Range"),
	BOOL(IMAGE_STABILIZATION, "Image Stabilization"),
	INTMENU(ISO_SENSITIVITY, "ISO Sensitivity"),
	MENU(ISO_SENSITIVITY_AUTO, iso_auto, "ISO Sensitivity, Auto"),
	MENU(EXPOSURE_METERING, metering, "Exposure, Metering Mode"),
	MENU(SCENE_MODE, scene, "Scene Mode"),
	MASK(3A_LOCK, "3A Lock"),
	PUSH(AUTO_FOCUS_START, "Auto Focus, Start"),
	PUSH(AUTO_FOCUS_STOP, "Auto Focus, Stop"),
	CTRL(AUTO_FOCUS_STATUS, BITMASK, RO, "Auto Focus, Status"),
	MENU(AUTO_FOCUS_RANGE, focus_range, "Auto Focus, Range"),
	INT(PAN_SPEED, "Pan, Speed"),
	INT(TILT_SPEED, "Tilt, Speed"),
	CTRL(UNIT_CELL_SIZE, AREA, RO, "Unit Cell Size"),
	MENU_F(CAMERA_ORIENTATION, orientation, RO, "Camera Orientation"),
	CTRL(CAMERA_SENSOR_ROTATION, INTEGER, RO, "Camera Sensor Rotation"),
#ifdef V4L2_CID_HDR_SENSOR_MODE
	CTRL(HDR_SENSOR_MODE, MENU, 0, "HDR Sensor Mode"),
#endif

	CLASS(IMAGE_SOURCE_CLASS, "Image Source Controls"),
	INT(VBLANK, "Vertical Blanking"),
	INT(HBLANK, "Horizontal Blanking"),
	INT(ANALOGUE_GAIN, "Analogue Gain"),
	INT(TEST_PATTERN_RED, "Red Pixel Value"),
	INT(TEST_PATTERN_GREENR, "Green (Red) Pixel Value"),
	INT(TEST_PATTERN_BLUE, "Blue Pixel Value"),
	INT(TEST_PATTERN_GREENB, "Green (Blue) Pixel Value"),
	INT(NOTIFY_GAINS, "Notify Gains"),

	CLASS(IMAGE_PROC_CLASS, "Image Processing Controls"),
	INTMENU(LINK_FREQ, "Link Frequency"),
	CTRL(PIXEL_RATE, INTEGER64, RO, "Pixel Rate"),
	CTRL(TEST_PATTERN, MENU, 0, "Test Pattern"),
	CTRL(DEINTERLACING_MODE, MENU, 0, "Deinterlacing Mode"),
	INT(DIGITAL_GAIN, "Digital Gain"),
};

const struct vmedia_std_part vmedia_std_user = { user, VMEDIA_ARRAY_SIZE(user) };

const struct vmedia_std_ctrl *vmedia_std_ctrl_find(uint32_t id)
{
	static const struct vmedia_std_part *const parts[] = {
		&vmedia_std_user, &vmedia_std_codec, &vmedia_std_other, &vmedia_std_stateless,
	};
	unsigned int part, i;

	for (part = 0; part < VMEDIA_ARRAY_SIZE(parts); part++)
		for (i = 0; i < parts[part]->num; i++)
			if (parts[part]->v[i].id == id)
				return &parts[part]->v[i];
	return NULL;
}
