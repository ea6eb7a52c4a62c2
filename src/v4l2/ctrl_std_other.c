/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Standard controls: JPEG, flash, digital video, radio, tuner and detection classes.
 */
#include "v4l2/ctrl_std.h"

static const char *const subsampling[] = { "4:4:4", "4:2:2", "4:2:0", "4:1:1", "4:1:0", "Gray" };
static const char *const led_mode[] = { "Off", "Flash", "Torch" };
static const char *const strobe_source[] = { "Software", "External" };
static const char *const dv_mode[] = { "DVI-D", "HDMI" };
static const char *const rgb_range[] = {
	"Automatic", "RGB Limited Range (16-235)", "RGB Full Range (0-255)",
};
static const char *const it_content[] = { "Graphics", "Photo", "Cinema", "Game", "No IT Content" };
static const char *const tune_emphasis[] = { "None", "50 Microseconds", "75 Microseconds" };
static const char *const motion[] = { "Disabled", "Global", "Threshold Grid", "Region Grid" };

static const struct vmedia_std_ctrl other[] = {
	CLASS(JPEG_CLASS, "JPEG Compression Controls"),
	MENU(JPEG_CHROMA_SUBSAMPLING, subsampling, "Chroma Subsampling"),
	INT(JPEG_RESTART_INTERVAL, "Restart Interval"),
	INT(JPEG_COMPRESSION_QUALITY, "Compression Quality"),
	MASK(JPEG_ACTIVE_MARKER, "Active Markers"),

	CLASS(FLASH_CLASS, "Flash Controls"),
	MENU(FLASH_LED_MODE, led_mode, "LED Mode"),
	MENU(FLASH_STROBE_SOURCE, strobe_source, "Strobe Source"),
	PUSH(FLASH_STROBE, "Strobe"),
	PUSH(FLASH_STROBE_STOP, "Stop Strobe"),
	CTRL(FLASH_STROBE_STATUS, BOOLEAN, RO, "Strobe Status"),
	INT(FLASH_TIMEOUT, "Strobe Timeout"),
	INT(FLASH_INTENSITY, "Intensity, Flash Mode"),
	INT(FLASH_TORCH_INTENSITY, "Intensity, Torch Mode"),
	INT(FLASH_INDICATOR_INTENSITY, "Intensity, Indicator"),
	MASK(FLASH_FAULT, "Faults"),
	BOOL(FLASH_CHARGE, "Charge"),
	CTRL(FLASH_READY, BOOLEAN, RO, "Ready to Strobe"),

	CLASS(DV_CLASS, "Digital Video Controls"),
	CTRL(DV_TX_HOTPLUG, BITMASK, RO, "Hotplug Present"),
	CTRL(DV_TX_RXSENSE, BITMASK, RO, "RxSense Present"),
	CTRL(DV_TX_EDID_PRESENT, BITMASK, RO, "EDID Present"),
	MENU(DV_TX_MODE, dv_mode, "Transmit Mode"),
	MENU(DV_TX_RGB_RANGE, rgb_range, "Tx RGB Quantization Range"),
	MENU(DV_TX_IT_CONTENT_TYPE, it_content, "Tx IT Content Type"),
	CTRL(DV_RX_POWER_PRESENT, BITMASK, RO, "Power Present"),
	MENU(DV_RX_RGB_RANGE, rgb_range, "Rx RGB Quantization Range"),
	MENU_F(DV_RX_IT_CONTENT_TYPE, it_content, RO, "Rx IT Content Type"),

	CLASS(FM_TX_CLASS, "FM Radio Modulator Controls"),
	SLIDE(RDS_TX_DEVIATION, "RDS Signal Deviation"),
	INT(RDS_TX_PI, "RDS Program ID"),
	INT(RDS_TX_PTY, "RDS Program Type"),
	CTRL(RDS_TX_PS_NAME, STRING, 0, "RDS PS Name"),
	CTRL(RDS_TX_RADIO_TEXT, STRING, 0, "RDS Radio Text"),
	BOOL(RDS_TX_MONO_STEREO, "RDS Stereo"),
	BOOL(RDS_TX_ARTIFICIAL_HEAD, "RDS Artificial Head"),
	BOOL(RDS_TX_COMPRESSED, "RDS Compressed"),
	BOOL(RDS_TX_DYNAMIC_PTY, "RDS Dynamic PTY"),
	BOOL(RDS_TX_TRAFFIC_ANNOUNCEMENT, "RDS Traffic Announcement"),
	BOOL(RDS_TX_TRAFFIC_PROGRAM, "RDS Traffic Program"),
	BOOL(RDS_TX_MUSIC_SPEECH, "RDS Music"),
	BOOL(RDS_TX_ALT_FREQS_ENABLE, "RDS Enable Alt Frequencies"),
	CTRL(RDS_TX_ALT_FREQS, U32, 0, "RDS Alternate Frequencies"),
	BOOL(AUDIO_LIMITER_ENABLED, "Audio Limiter Feature Enabled"),
	SLIDE(AUDIO_LIMITER_RELEASE_TIME, "Audio Limiter Release Time"),
	SLIDE(AUDIO_LIMITER_DEVIATION, "Audio Limiter Deviation"),
	BOOL(AUDIO_COMPRESSION_ENABLED, "Audio Compression Enabled"),
	SLIDE(AUDIO_COMPRESSION_GAIN, "Audio Compression Gain"),
	SLIDE(AUDIO_COMPRESSION_THRESHOLD, "Audio Compression Threshold"),
	SLIDE(AUDIO_COMPRESSION_ATTACK_TIME, "Audio Compression Attack Time"),
	SLIDE(AUDIO_COMPRESSION_RELEASE_TIME, "Audio Compression Release Time"),
	BOOL(PILOT_TONE_ENABLED, "Pilot Tone Feature Enabled"),
	SLIDE(PILOT_TONE_DEVIATION, "Pilot Tone Deviation"),
	SLIDE(PILOT_TONE_FREQUENCY, "Pilot Tone Frequency"),
	MENU(TUNE_PREEMPHASIS, tune_emphasis, "Pre-Emphasis"),
	SLIDE(TUNE_POWER_LEVEL, "Tune Power Level"),
	SLIDE(TUNE_ANTENNA_CAPACITOR, "Tune Antenna Capacitor"),

	CLASS(FM_RX_CLASS, "FM Radio Receiver Controls"),
	MENU(TUNE_DEEMPHASIS, tune_emphasis, "De-Emphasis"),
	BOOL(RDS_RECEPTION, "RDS Reception"),
	CTRL(RDS_RX_PTY, INTEGER, RO, "RDS Program Type"),
	CTRL(RDS_RX_PS_NAME, STRING, RO, "RDS PS Name"),
	CTRL(RDS_RX_RADIO_TEXT, STRING, RO, "RDS Radio Text"),
	CTRL(RDS_RX_TRAFFIC_ANNOUNCEMENT, BOOLEAN, RO, "RDS Traffic Announcement"),
	CTRL(RDS_RX_TRAFFIC_PROGRAM, BOOLEAN, RO, "RDS Traffic Program"),
	CTRL(RDS_RX_MUSIC_SPEECH, BOOLEAN, RO, "RDS Music"),

	CLASS(RF_TUNER_CLASS, "RF Tuner Controls"),
	SLIDE(RF_TUNER_RF_GAIN, "RF Gain"),
	BOOL(RF_TUNER_LNA_GAIN_AUTO, "LNA Gain, Auto"),
	SLIDE(RF_TUNER_LNA_GAIN, "LNA Gain"),
	BOOL(RF_TUNER_MIXER_GAIN_AUTO, "Mixer Gain, Auto"),
	SLIDE(RF_TUNER_MIXER_GAIN, "Mixer Gain"),
	BOOL(RF_TUNER_IF_GAIN_AUTO, "IF Gain, Auto"),
	SLIDE(RF_TUNER_IF_GAIN, "IF Gain"),
	BOOL(RF_TUNER_BANDWIDTH_AUTO, "Bandwidth, Auto"),
	SLIDE(RF_TUNER_BANDWIDTH, "Bandwidth"),
	CTRL(RF_TUNER_PLL_LOCK, BOOLEAN, VOL, "PLL Lock"),

	CLASS(DETECT_CLASS, "Detection Controls"),
	MENU(DETECT_MD_MODE, motion, "Motion Detection Mode"),
	SLIDE(DETECT_MD_GLOBAL_THRESHOLD, "MD Global Threshold"),
	CTRL(DETECT_MD_THRESHOLD_GRID, U16, 0, "MD Threshold Grid"),
	CTRL(DETECT_MD_REGION_GRID, U8, 0, "MD Region Grid"),
};

const struct vmedia_std_part vmedia_std_other = { other, VMEDIA_ARRAY_SIZE(other) };
