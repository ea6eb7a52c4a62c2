/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of ioctls. */
#include <string.h>

#include "fields.h"
#include "make.h"

#define C CONFORM_CHANGES
#define L CONFORM_LATE
#define R CONFORM_AT_REST
#define ROW(n, w, f, m, d, p, l)							\
	{ .nr = VMEDIA_NR_##n, .weight = (w), .flags = (f), .make = make_##m,			\
	  .fields = conform_##d##_fields, .part = (p), .learn = (l) }
#define NEVER(n, why) { .nr = VMEDIA_NR_##n, .never = (why) }

/* name, weight, flags, make, fields, part, learn */
const struct conform_row conform_rows[] = {
	ROW(QUERYCAP, 3, 0, nothing, capability, NULL, NULL),
	ROW(ENUM_FMT, 8, 0, enum_fmt, fmtdesc, NULL, NULL),
	ROW(G_FMT, 12, 0, g_fmt, format, conform_format_part, learn_format),
	ROW(S_FMT, 16, C, s_fmt, format, conform_format_part, learn_format),
	ROW(TRY_FMT, 16, 0, s_fmt, format, conform_format_part, NULL),
	ROW(REQBUFS, 10, C | R, reqbufs, requestbuffers, NULL, learn_reqbufs),
	ROW(QUERYBUF, 12, 0, querybuf, buffer, NULL, NULL),
	ROW(G_FBUF, 1, 0, nothing, framebuffer, NULL, NULL),
	NEVER(S_FBUF, "it changes the memory that a node writes to"),
	NEVER(OVERLAY, "a node would write into memory that nobody gave it"),
	ROW(QBUF, 20, C, qbuf, buffer, NULL, learn_qbuf),
	ROW(EXPBUF, 6, 0, expbuf, exportbuffer, NULL, NULL),
	ROW(DQBUF, 12, C | L, dqbuf, dqbuf, NULL, learn_dqbuf),
	ROW(STREAMON, 6, C, stream, u32, NULL, learn_streamon),
	ROW(STREAMOFF, 4, C | R, stream, u32, NULL, learn_streamoff),
	ROW(G_PARM, 6, 0, g_fmt, streamparm, conform_parm_part, NULL),
	ROW(S_PARM, 6, C, parm, streamparm, conform_parm_part, NULL),
	ROW(G_STD, 3, 0, nothing, std, NULL, NULL),
	ROW(S_STD, 3, C, std, std, NULL, NULL),
	ROW(QUERYSTD, 3, 0, nothing, std, NULL, NULL),
	ROW(ENUMSTD, 4, 0, enumstd, standard, NULL, NULL),
	ROW(ENUMINPUT, 4, 0, enuminput, input, NULL, NULL),
	ROW(G_INPUT, 3, 0, nothing, u32, NULL, NULL),
	ROW(S_INPUT, 3, C, set_input, u32, NULL, NULL),
	ROW(ENUMOUTPUT, 3, 0, enumoutput, output, NULL, NULL),
	ROW(G_OUTPUT, 3, 0, nothing, u32, NULL, NULL),
	ROW(S_OUTPUT, 3, C, set_output, u32, NULL, NULL),
	ROW(ENUMAUDIO, 2, 0, enumaudio, audio, NULL, NULL),
	ROW(G_AUDIO, 2, 0, nothing, audio, NULL, NULL),
	ROW(S_AUDIO, 2, C, set_audio, audio, NULL, NULL),
	ROW(ENUMAUDOUT, 2, 0, enumaudio, audio, NULL, NULL),
	ROW(G_AUDOUT, 2, 0, nothing, audio, NULL, NULL),
	ROW(S_AUDOUT, 2, C, set_audio, audio, NULL, NULL),
	ROW(G_TUNER, 3, 0, tuner, tuner, NULL, NULL),
	ROW(S_TUNER, 3, C, tuner, tuner, NULL, NULL),
	ROW(G_MODULATOR, 2, 0, modulator, modulator, NULL, NULL),
	ROW(S_MODULATOR, 2, C, modulator, modulator, NULL, NULL),
	ROW(G_FREQUENCY, 3, 0, frequency, frequency, NULL, NULL),
	ROW(S_FREQUENCY, 3, C, frequency, frequency, NULL, NULL),
	ROW(ENUM_FREQ_BANDS, 2, 0, band, frequency_band, NULL, NULL),
	ROW(S_HW_FREQ_SEEK, 2, C, seek, hw_freq_seek, NULL, NULL),
	ROW(G_CTRL, 8, 0, g_ctrl, control, NULL, NULL),
	ROW(S_CTRL, 8, C, s_ctrl, control, NULL, NULL),
	ROW(QUERYCTRL, 6, 0, queryctrl, queryctrl, NULL, learn_queryctrl),
	ROW(QUERY_EXT_CTRL, 8, 0, query_ext_ctrl, query_ext_ctrl, NULL,
	    learn_query_ext_ctrl),
	ROW(QUERYMENU, 6, 0, querymenu, querymenu, NULL, NULL),
	ROW(G_EXT_CTRLS, 12, 0, g_ext_ctrls, ext_controls, NULL, NULL),
	ROW(S_EXT_CTRLS, 10, C, s_ext_ctrls, ext_controls, NULL, NULL),
	ROW(TRY_EXT_CTRLS, 10, 0, s_ext_ctrls, ext_controls, NULL, NULL),
	ROW(CROPCAP, 3, 0, cropcap, cropcap, NULL, NULL),
	ROW(G_CROP, 3, 0, crop, crop, NULL, NULL),
	ROW(S_CROP, 3, C, crop, crop, NULL, NULL),
	ROW(G_SELECTION, 8, 0, selection, selection, NULL, NULL),
	ROW(S_SELECTION, 8, C, selection, selection, NULL, NULL),
	ROW(G_JPEGCOMP, 1, 0, nothing, jpegcompression, NULL, NULL),
	NEVER(S_JPEGCOMP, "controls replace it"),
	ROW(G_PRIORITY, 2, 0, nothing, u32, NULL, NULL),
	ROW(S_PRIORITY, 2, C, priority, u32, NULL, NULL),
	ROW(G_SLICED_VBI_CAP, 2, 0, sliced_cap, sliced_vbi_cap, NULL, NULL),
	NEVER(LOG_STATUS, "it writes into the log of this machine's kernel"),
	ROW(ENUM_FRAMESIZES, 4, 0, frmsize, frmsizeenum, conform_frmsize_part, NULL),
	ROW(ENUM_FRAMEINTERVALS, 4, 0, frmival, frmivalenum, conform_frmival_part, NULL),
	ROW(G_ENC_INDEX, 1, 0, nothing, enc_idx, NULL, NULL),
	ROW(ENCODER_CMD, 2, C | R, encoder_cmd, encoder_cmd, NULL, learn_codec_cmd),
	ROW(TRY_ENCODER_CMD, 2, 0, encoder_cmd, encoder_cmd, NULL, NULL),
	ROW(DECODER_CMD, 2, C | R, decoder_cmd, decoder_cmd, NULL, learn_codec_cmd),
	ROW(TRY_DECODER_CMD, 2, 0, decoder_cmd, decoder_cmd, NULL, NULL),
	NEVER(DBG_S_REGISTER, "it writes registers of this machine"),
	NEVER(DBG_G_REGISTER, "it reads registers of this machine"),
	NEVER(DBG_G_CHIP_INFO, "it asks for registers of this machine"),
	ROW(G_DV_TIMINGS, 3, 0, nothing, dv_timings, NULL, NULL),
	ROW(S_DV_TIMINGS, 3, C, dv_timings, dv_timings, NULL, NULL),
	ROW(QUERY_DV_TIMINGS, 3, 0, nothing, dv_timings, NULL, NULL),
	ROW(ENUM_DV_TIMINGS, 3, 0, enum_dv_timings, enum_dv_timings, NULL, NULL),
	ROW(DV_TIMINGS_CAP, 3, 0, dv_timings_cap, dv_timings_cap, NULL, NULL),
	ROW(G_EDID, 3, 0, edid, edid, NULL, NULL),
	ROW(S_EDID, 1, C, edid, edid, NULL, NULL),
	ROW(SUBSCRIBE_EVENT, 6, C, subscription, event_subscription, NULL, learn_subscribe),
	ROW(UNSUBSCRIBE_EVENT, 3, C, subscription, event_subscription, NULL,
	    learn_unsubscribe),
	ROW(DQEVENT, 8, C | L, nothing, event, conform_event_part, NULL),
	ROW(CREATE_BUFS, 6, C, create_bufs, create_buffers, conform_create_part,
	    learn_create_bufs),
	ROW(PREPARE_BUF, 6, C, qbuf, buffer, NULL, learn_prepare),
	ROW(REMOVE_BUFS, 2, C, remove_bufs, remove_buffers, NULL, learn_remove_bufs),
};
const unsigned int conform_num_rows = sizeof(conform_rows) / sizeof(conform_rows[0]);

const struct conform_row *conform_row(uint32_t nr)
{
	for (unsigned int i = 0; i < conform_num_rows; i++)
		if (conform_rows[i].nr == nr)
			return &conform_rows[i];
	return NULL;
}

const char *conform_row_name(const struct conform_row *row)
{
	return vmedia_ioctl_info(row->nr)->name + strlen("VIDIOC_");
}
