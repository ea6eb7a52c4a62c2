/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Standard controls: the class of stateful codecs.
 */
#include "v4l2/ctrl_std.h"

static const char *const stream_type[] = {
	"MPEG-2 Program Stream", "MPEG-2 Transport Stream", "MPEG-1 System Stream",
	"MPEG-2 DVD-compatible Stream",
	"MPEG-1 VCD-compatible Stream", "MPEG-2 SVCD-compatible Stream",
};
static const char *const stream_vbi[] = { "No VBI", "Private Packet, IVTV Format" };
static const char *const sampling[] = { "44.1 kHz", "48 kHz", "32 kHz" };
static const char *const audio_encoding[] = {
	"MPEG-1/2 Layer I", "MPEG-1/2 Layer II", "MPEG-1/2 Layer III", "MPEG-2/4 AAC", "AC-3",
};
static const char *const audio_mode[] = { "Stereo", "Joint Stereo", "Dual", "Mono" };
static const char *const audio_mode_ext[] = { "Bound 4", "Bound 8", "Bound 12", "Bound 16" };
static const char *const emphasis[] = { "No Emphasis", "50/15 us", "CCITT J17" };
static const char *const crc[] = { "No CRC", "16-bit CRC" };
static const char *const playback[] = {
	"Auto", "Stereo", "Left", "Right", "Mono", "Swapped Stereo",
};
static const char *const video_encoding[] = { "MPEG-1", "MPEG-2", "MPEG-4 AVC" };
static const char *const aspect[] = { "1x1", "4x3", "16x9", "2.21x1" };
static const char *const bitrate_mode[] = {
	"Variable Bitrate", "Constant Bitrate", "Constant Quality",
};
static const char *const header_mode[] = { "Separate Buffer", "Joined With 1st Frame" };
static const char *const frame_skip[] = { "Disabled", "Level Limit", "VBV/CPB Limit" };
static const char *const multi_slice[] = { "Single", "Max Macroblocks", "Max Bytes" };
static const char *const refresh_type[] = { "Random", "Cyclic" };
static const char *const entropy[] = { "CAVLC", "CABAC" };
static const char *const h264_level[] = {
	"1", "1b", "1.1", "1.2", "1.3", "2", "2.1", "2.2", "3", "3.1", "3.2", "4", "4.1", "4.2",
	"5", "5.1", "5.2", "6.0",
	"6.1", "6.2",
};
static const char *const h264_loop[] = { "Enabled", "Disabled", "Disabled at Slice Boundary" };
static const char *const h264_profile[] = {
	"Baseline", "Constrained Baseline", "Main", "Extended", "High", "High 10", "High 422",
	"High 444 Predictive",
	"High 10 Intra", "High 422 Intra", "High 444 Intra", "CAVLC 444 Intra",
	"Scalable Baseline", "Scalable High",
	"Scalable High Intra", "Stereo High", "Multiview High", "Constrained High",
};
static const char *const sar_idc[] = {
	"Unspecified", "1:1", "12:11", "10:11", "16:11", "40:33", "24:11", "20:11", "32:11",
	"80:33", "18:11", "15:11", "64:33",
	"160:99", "4:3", "3:2", "2:1", "Extended SAR",
};
static const char *const packing[] = {
	"Checkerboard", "Column", "Row", "Side by Side", "Top Bottom", "Temporal",
};
static const char *const fmo[] = {
	"Interleaved Slices", "Scattered Slices", "Foreground with Leftover", "Box Out",
	"Raster Scan", "Wipe Scan", "Explicit",
};
static const char *const h264_hier[] = { "Hier Coding B", "Hier Coding P" };
static const char *const mpeg2_level[] = { "Low", "Main", "High 1440", "High" };
static const char *const mpeg2_profile[] = {
	"Simple", "Main", "SNR Scalable", "Spatially Scalable", "High",
};
static const char *const mpeg4_level[] = { "0", "0b", "1", "2", "3", "3b", "4", "5" };
static const char *const mpeg4_profile[] = {
	"Simple", "Advanced Simple", "Core", "Simple Scalable", "Advanced Coding Efficiency",
};
static const char *const golden[] = { "Use Previous Frame", "Use Previous Specific Frame" };
static const char *const vpx_profile[] = { "0", "1", "2", "3" };
static const char *const vp9_level[] = {
	"1", "1.1", "2", "2.1", "3", "3.1", "4", "4.1", "5", "5.1", "5.2", "6", "6.1", "6.2",
};
static const char *const hevc_profile[] = { "Main", "Main Still Picture", "Main 10" };
static const char *const hevc_level[] = {
	"1", "2", "2.1", "3", "3.1", "4", "4.1", "5", "5.1", "5.2", "6", "6.1", "6.2",
};
static const char *const hevc_tier[] = { "Main", "High" };
static const char *const hevc_hier[] = { "B", "P" };
static const char *const hevc_refresh[] = { "None", "CRA", "IDR" };
static const char *const hevc_length[] = { "0", "1", "2", "4" };
static const char *const hevc_loop[] = { "Disabled", "Enabled", "Disabled at slice boundary" };

static const struct vmedia_std_ctrl codec[] = {
	CLASS(CODEC_CLASS, "Codec Controls"),
	MENU_F(MPEG_STREAM_TYPE, stream_type, UPD, "Stream Type"),
	INT(MPEG_STREAM_PID_PMT, "Stream PMT Program ID"),
	INT(MPEG_STREAM_PID_AUDIO, "Stream Audio Program ID"),
	INT(MPEG_STREAM_PID_VIDEO, "Stream Video Program ID"),
	INT(MPEG_STREAM_PID_PCR, "Stream PCR Program ID"),
	INT(MPEG_STREAM_PES_ID_AUDIO, "Stream PES Audio ID"),
	INT(MPEG_STREAM_PES_ID_VIDEO, "Stream PES Video ID"),
	MENU(MPEG_STREAM_VBI_FMT, stream_vbi, "Stream VBI Format"),
	MENU(MPEG_AUDIO_SAMPLING_FREQ, sampling, "Audio Sampling Frequency"),
	MENU_F(MPEG_AUDIO_ENCODING, audio_encoding, UPD, "Audio Encoding"),
	MENU_F(MPEG_AUDIO_MODE, audio_mode, UPD, "Audio Stereo Mode"),
	MENU(MPEG_AUDIO_MODE_EXTENSION, audio_mode_ext, "Audio Stereo Mode Extension"),
	MENU(MPEG_AUDIO_EMPHASIS, emphasis, "Audio Emphasis"),
	MENU(MPEG_AUDIO_CRC, crc, "Audio CRC"),
	BOOL(MPEG_AUDIO_MUTE, "Audio Mute"),
	INT(MPEG_AUDIO_AAC_BITRATE, "Audio AAC Bitrate"),
	MENU(MPEG_AUDIO_DEC_PLAYBACK, playback, "Audio Playback"),
	MENU(MPEG_AUDIO_DEC_MULTILINGUAL_PLAYBACK, playback, "Audio Multilingual Playback"),
	MENU(MPEG_VIDEO_ENCODING, video_encoding, "Video Encoding"),
	MENU(MPEG_VIDEO_ASPECT, aspect, "Video Aspect"),
	CTRL(MPEG_VIDEO_B_FRAMES, INTEGER, UPD, "Video B Frames"),
	INT(MPEG_VIDEO_GOP_SIZE, "Video GOP Size"),
	BOOL(MPEG_VIDEO_GOP_CLOSURE, "Video GOP Closure"),
	BOOL(MPEG_VIDEO_PULLDOWN, "Video Pulldown"),
	MENU_F(MPEG_VIDEO_BITRATE_MODE, bitrate_mode, UPD, "Video Bitrate Mode"),
	INT(MPEG_VIDEO_CONSTANT_QUALITY, "Constant Quality"),
	INT(MPEG_VIDEO_BITRATE, "Video Bitrate"),
	INT(MPEG_VIDEO_BITRATE_PEAK, "Video Peak Bitrate"),
	INT(MPEG_VIDEO_TEMPORAL_DECIMATION, "Video Temporal Decimation"),
	BOOL(MPEG_VIDEO_MUTE, "Video Mute"),
	INT(MPEG_VIDEO_MUTE_YUV, "Video Mute YUV"),
	BOOL(MPEG_VIDEO_DECODER_SLICE_INTERFACE, "Decoder Slice Interface"),
	BOOL(MPEG_VIDEO_DECODER_MPEG4_DEBLOCK_FILTER, "MPEG4 Loop Filter Enable"),
	INT(MPEG_VIDEO_CYCLIC_INTRA_REFRESH_MB, "Number of Intra Refresh MBs"),
	MENU(MPEG_VIDEO_INTRA_REFRESH_PERIOD_TYPE, refresh_type, "Intra Refresh Period Type"),
	INT(MPEG_VIDEO_INTRA_REFRESH_PERIOD, "Intra Refresh Period"),
	BOOL(MPEG_VIDEO_FRAME_RC_ENABLE, "Frame Level Rate Control Enable"),
	BOOL(MPEG_VIDEO_MB_RC_ENABLE, "H264 MB Level Rate Control"),
	MENU(MPEG_VIDEO_HEADER_MODE, header_mode, "Sequence Header Mode"),
	INT(MPEG_VIDEO_MAX_REF_PIC, "Max Number of Reference Pics"),
	MENU(MPEG_VIDEO_FRAME_SKIP_MODE, frame_skip, "Frame Skip Mode"),
	INT(MPEG_VIDEO_DEC_DISPLAY_DELAY, "Display Delay"),
	BOOL(MPEG_VIDEO_DEC_DISPLAY_DELAY_ENABLE, "Display Delay Enable"),
	BOOL(MPEG_VIDEO_AU_DELIMITER, "Generate Access Unit Delimiters"),
	INT(MPEG_VIDEO_H263_I_FRAME_QP, "H263 I-Frame QP Value"),
	INT(MPEG_VIDEO_H263_P_FRAME_QP, "H263 P-Frame QP Value"),
	INT(MPEG_VIDEO_H263_B_FRAME_QP, "H263 B-Frame QP Value"),
	INT(MPEG_VIDEO_H263_MIN_QP, "H263 Minimum QP Value"),
	INT(MPEG_VIDEO_H263_MAX_QP, "H263 Maximum QP Value"),
	INT(MPEG_VIDEO_H264_I_FRAME_QP, "H264 I-Frame QP Value"),
	INT(MPEG_VIDEO_H264_P_FRAME_QP, "H264 P-Frame QP Value"),
	INT(MPEG_VIDEO_H264_B_FRAME_QP, "H264 B-Frame QP Value"),
	INT(MPEG_VIDEO_H264_MAX_QP, "H264 Maximum QP Value"),
	INT(MPEG_VIDEO_H264_MIN_QP, "H264 Minimum QP Value"),
	BOOL(MPEG_VIDEO_H264_8X8_TRANSFORM, "H264 8x8 Transform Enable"),
	INT(MPEG_VIDEO_H264_CPB_SIZE, "H264 CPB Buffer Size"),
	MENU(MPEG_VIDEO_H264_ENTROPY_MODE, entropy, "H264 Entropy Mode"),
	INT(MPEG_VIDEO_H264_I_PERIOD, "H264 I-Frame Period"),
	MENU(MPEG_VIDEO_H264_LEVEL, h264_level, "H264 Level"),
	INT(MPEG_VIDEO_H264_LOOP_FILTER_ALPHA, "H264 Loop Filter Alpha Offset"),
	INT(MPEG_VIDEO_H264_LOOP_FILTER_BETA, "H264 Loop Filter Beta Offset"),
	MENU(MPEG_VIDEO_H264_LOOP_FILTER_MODE, h264_loop, "H264 Loop Filter Mode"),
	MENU(MPEG_VIDEO_H264_PROFILE, h264_profile, "H264 Profile"),
	INT(MPEG_VIDEO_H264_VUI_EXT_SAR_HEIGHT, "Vertical Size of SAR"),
	INT(MPEG_VIDEO_H264_VUI_EXT_SAR_WIDTH, "Horizontal Size of SAR"),
	BOOL(MPEG_VIDEO_H264_VUI_SAR_ENABLE, "Aspect Ratio VUI Enable"),
	MENU(MPEG_VIDEO_H264_VUI_SAR_IDC, sar_idc, "VUI Aspect Ratio IDC"),
	INT(MPEG_VIDEO_H264_SEI_FRAME_PACKING, "H264 Enable Frame Packing SEI"),
	INT(MPEG_VIDEO_H264_SEI_FP_CURRENT_FRAME_0, "H264 Set Curr. Frame as Frame0"),
	MENU(MPEG_VIDEO_H264_SEI_FP_ARRANGEMENT_TYPE, packing, "H264 FP Arrangement Type"),
	INT(MPEG_VIDEO_H264_FMO, "H264 Flexible MB Ordering"),
	MENU(MPEG_VIDEO_H264_FMO_MAP_TYPE, fmo, "H264 Map Type for FMO"),
	INT(MPEG_VIDEO_H264_FMO_SLICE_GROUP, "H264 FMO Number of Slice Groups"),
	INT(MPEG_VIDEO_H264_FMO_CHANGE_DIRECTION, "H264 FMO Direction of Change"),
	INT(MPEG_VIDEO_H264_FMO_CHANGE_RATE, "H264 FMO Size of 1st Slice Grp"),
	INT(MPEG_VIDEO_H264_FMO_RUN_LENGTH, "H264 FMO No. of Consecutive MBs"),
	INT(MPEG_VIDEO_H264_ASO, "H264 Arbitrary Slice Ordering"),
	INT(MPEG_VIDEO_H264_ASO_SLICE_ORDER, "H264 ASO Slice Order"),
	INT(MPEG_VIDEO_H264_HIERARCHICAL_CODING, "Enable H264 Hierarchical Coding"),
	MENU(MPEG_VIDEO_H264_HIERARCHICAL_CODING_TYPE, h264_hier, "H264 Hierarchical Coding Type"),
	INT(MPEG_VIDEO_H264_HIERARCHICAL_CODING_LAYER, "H264 Number of HC Layers"),
	INT(MPEG_VIDEO_H264_HIERARCHICAL_CODING_LAYER_QP, "H264 Set QP Value for HC Layers"),
	INT(MPEG_VIDEO_H264_CONSTRAINED_INTRA_PREDICTION, "H264 Constrained Intra Pred"),
	INT(MPEG_VIDEO_H264_CHROMA_QP_INDEX_OFFSET, "H264 Chroma QP Index Offset"),
	INT(MPEG_VIDEO_H264_I_FRAME_MIN_QP, "H264 I-Frame Minimum QP Value"),
	INT(MPEG_VIDEO_H264_I_FRAME_MAX_QP, "H264 I-Frame Maximum QP Value"),
	INT(MPEG_VIDEO_H264_P_FRAME_MIN_QP, "H264 P-Frame Minimum QP Value"),
	INT(MPEG_VIDEO_H264_P_FRAME_MAX_QP, "H264 P-Frame Maximum QP Value"),
	INT(MPEG_VIDEO_H264_B_FRAME_MIN_QP, "H264 B-Frame Minimum QP Value"),
	INT(MPEG_VIDEO_H264_B_FRAME_MAX_QP, "H264 B-Frame Maximum QP Value"),
	MENU(MPEG_VIDEO_MPEG2_LEVEL, mpeg2_level, "MPEG2 Level"),
	MENU(MPEG_VIDEO_MPEG2_PROFILE, mpeg2_profile, "MPEG2 Profile"),
	INT(MPEG_VIDEO_MPEG4_I_FRAME_QP, "MPEG4 I-Frame QP Value"),
	INT(MPEG_VIDEO_MPEG4_P_FRAME_QP, "MPEG4 P-Frame QP Value"),
	INT(MPEG_VIDEO_MPEG4_B_FRAME_QP, "MPEG4 B-Frame QP Value"),
	INT(MPEG_VIDEO_MPEG4_MIN_QP, "MPEG4 Minimum QP Value"),
	INT(MPEG_VIDEO_MPEG4_MAX_QP, "MPEG4 Maximum QP Value"),
	MENU(MPEG_VIDEO_MPEG4_LEVEL, mpeg4_level, "MPEG4 Level"),
	MENU(MPEG_VIDEO_MPEG4_PROFILE, mpeg4_profile, "MPEG4 Profile"),
	BOOL(MPEG_VIDEO_MPEG4_QPEL, "Quarter Pixel Search Enable"),
	INT(MPEG_VIDEO_MULTI_SLICE_MAX_BYTES, "Maximum Bytes in a Slice"),
	INT(MPEG_VIDEO_MULTI_SLICE_MAX_MB, "Number of MBs in a Slice"),
	MENU(MPEG_VIDEO_MULTI_SLICE_MODE, multi_slice, "Slice Partitioning Method"),
	INT(MPEG_VIDEO_VBV_SIZE, "VBV Buffer Size"),
	CTRL(MPEG_VIDEO_DEC_PTS, INTEGER64, VOL | RO, "Video Decoder PTS"),
	CTRL(MPEG_VIDEO_DEC_FRAME, INTEGER64, VOL | RO, "Video Decoder Frame Count"),
	CTRL(MPEG_VIDEO_DEC_CONCEAL_COLOR, INTEGER64, 0, "Video Decoder Conceal Color"),
	INT(MPEG_VIDEO_VBV_DELAY, "Initial Delay for VBV Control"),
	INT(MPEG_VIDEO_MV_H_SEARCH_RANGE, "Horizontal MV Search Range"),
	INT(MPEG_VIDEO_MV_V_SEARCH_RANGE, "Vertical MV Search Range"),
	BOOL(MPEG_VIDEO_REPEAT_SEQ_HEADER, "Repeat Sequence Header"),
	PUSH(MPEG_VIDEO_FORCE_KEY_FRAME, "Force Key Frame"),
	INT(MPEG_VIDEO_BASELAYER_PRIORITY_ID, "Base Layer Priority ID"),
	INT(MPEG_VIDEO_LTR_COUNT, "LTR Count"),
	CTRL(MPEG_VIDEO_FRAME_LTR_INDEX, INTEGER, EXEC, "Frame LTR Index"),
	CTRL(MPEG_VIDEO_USE_LTR_FRAMES, BITMASK, EXEC, "Use LTR Frames"),
	INT(FWHT_I_FRAME_QP, "FWHT I-Frame QP Value"),
	INT(FWHT_P_FRAME_QP, "FWHT P-Frame QP Value"),

	INTMENU(MPEG_VIDEO_VPX_NUM_PARTITIONS, "VPX Number of Partitions"),
	INT(MPEG_VIDEO_VPX_IMD_DISABLE_4X4, "VPX Intra Mode Decision Disable"),
	INTMENU(MPEG_VIDEO_VPX_NUM_REF_FRAMES, "VPX No. of Refs for P Frame"),
	INT(MPEG_VIDEO_VPX_FILTER_LEVEL, "VPX Loop Filter Level Range"),
	INT(MPEG_VIDEO_VPX_FILTER_SHARPNESS, "VPX Deblocking Effect Control"),
	INT(MPEG_VIDEO_VPX_GOLDEN_FRAME_REF_PERIOD, "VPX Golden Frame Refresh Period"),
	MENU(MPEG_VIDEO_VPX_GOLDEN_FRAME_SEL, golden, "VPX Golden Frame Indicator"),
	INT(MPEG_VIDEO_VPX_MIN_QP, "VPX Minimum QP Value"),
	INT(MPEG_VIDEO_VPX_MAX_QP, "VPX Maximum QP Value"),
	INT(MPEG_VIDEO_VPX_I_FRAME_QP, "VPX I-Frame QP Value"),
	INT(MPEG_VIDEO_VPX_P_FRAME_QP, "VPX P-Frame QP Value"),
	MENU(MPEG_VIDEO_VP8_PROFILE, vpx_profile, "VP8 Profile"),
	MENU(MPEG_VIDEO_VP9_PROFILE, vpx_profile, "VP9 Profile"),
	MENU(MPEG_VIDEO_VP9_LEVEL, vp9_level, "VP9 Level"),

	INT(MPEG_VIDEO_HEVC_I_FRAME_QP, "HEVC I-Frame QP Value"),
	INT(MPEG_VIDEO_HEVC_P_FRAME_QP, "HEVC P-Frame QP Value"),
	INT(MPEG_VIDEO_HEVC_B_FRAME_QP, "HEVC B-Frame QP Value"),
	INT(MPEG_VIDEO_HEVC_MIN_QP, "HEVC Minimum QP Value"),
	INT(MPEG_VIDEO_HEVC_MAX_QP, "HEVC Maximum QP Value"),
	INT(MPEG_VIDEO_HEVC_I_FRAME_MIN_QP, "HEVC I-Frame Minimum QP Value"),
	INT(MPEG_VIDEO_HEVC_I_FRAME_MAX_QP, "HEVC I-Frame Maximum QP Value"),
	INT(MPEG_VIDEO_HEVC_P_FRAME_MIN_QP, "HEVC P-Frame Minimum QP Value"),
	INT(MPEG_VIDEO_HEVC_P_FRAME_MAX_QP, "HEVC P-Frame Maximum QP Value"),
	INT(MPEG_VIDEO_HEVC_B_FRAME_MIN_QP, "HEVC B-Frame Minimum QP Value"),
	INT(MPEG_VIDEO_HEVC_B_FRAME_MAX_QP, "HEVC B-Frame Maximum QP Value"),
	MENU(MPEG_VIDEO_HEVC_PROFILE, hevc_profile, "HEVC Profile"),
	MENU(MPEG_VIDEO_HEVC_LEVEL, hevc_level, "HEVC Level"),
	MENU(MPEG_VIDEO_HEVC_TIER, hevc_tier, "HEVC Tier"),
	INT(MPEG_VIDEO_HEVC_FRAME_RATE_RESOLUTION, "HEVC Frame Rate Resolution"),
	INT(MPEG_VIDEO_HEVC_MAX_PARTITION_DEPTH, "HEVC Maximum Coding Unit Depth"),
	MENU(MPEG_VIDEO_HEVC_REFRESH_TYPE, hevc_refresh, "HEVC Refresh Type"),
	INT(MPEG_VIDEO_HEVC_CONST_INTRA_PRED, "HEVC Constant Intra Prediction"),
	INT(MPEG_VIDEO_HEVC_LOSSLESS_CU, "HEVC Lossless Encoding"),
	INT(MPEG_VIDEO_HEVC_WAVEFRONT, "HEVC Wavefront"),
	MENU(MPEG_VIDEO_HEVC_LOOP_FILTER_MODE, hevc_loop, "HEVC Loop Filter"),
	INT(MPEG_VIDEO_HEVC_HIER_QP, "HEVC QP Values"),
	MENU(MPEG_VIDEO_HEVC_HIER_CODING_TYPE, hevc_hier, "HEVC Hierarchical Coding Type"),
	INT(MPEG_VIDEO_HEVC_HIER_CODING_LAYER, "HEVC Hierarchical Coding Layer"),
	INT(MPEG_VIDEO_HEVC_GENERAL_PB, "HEVC General PB"),
	INT(MPEG_VIDEO_HEVC_TEMPORAL_ID, "HEVC Temporal ID"),
	INT(MPEG_VIDEO_HEVC_STRONG_SMOOTHING, "HEVC Strong Intra Smoothing"),
	INT(MPEG_VIDEO_HEVC_INTRA_PU_SPLIT, "HEVC Intra PU Split"),
	INT(MPEG_VIDEO_HEVC_TMV_PREDICTION, "HEVC TMV Prediction"),
	INT(MPEG_VIDEO_HEVC_MAX_NUM_MERGE_MV_MINUS1, "HEVC Max Num of Candidate MVs"),
	INT(MPEG_VIDEO_HEVC_WITHOUT_STARTCODE, "HEVC ENC Without Startcode"),
	INT(MPEG_VIDEO_HEVC_REFRESH_PERIOD, "HEVC Num of I-Frame b/w 2 IDR"),
	INT(MPEG_VIDEO_HEVC_LF_BETA_OFFSET_DIV2, "HEVC Loop Filter Beta Offset"),
	INT(MPEG_VIDEO_HEVC_LF_TC_OFFSET_DIV2, "HEVC Loop Filter TC Offset"),
	MENU(MPEG_VIDEO_HEVC_SIZE_OF_LENGTH_FIELD, hevc_length, "HEVC Size of Length Field"),
	INT(MPEG_VIDEO_REF_NUMBER_FOR_PFRAMES, "Reference Frames for a P-Frame"),
	INT(MPEG_VIDEO_PREPEND_SPSPPS_TO_IDR, "Prepend SPS and PPS to IDR"),
};

const struct vmedia_std_part vmedia_std_codec = { codec, VMEDIA_ARRAY_SIZE(codec) };
