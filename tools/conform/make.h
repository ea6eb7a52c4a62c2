/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How arguments are made, and what a success of both sides changes in the model. Most are legal as
 * far as the catalogue and the model tell; some have a value that is just outside, or any.
 */
#ifndef VMEDIA_CONFORM_MAKE_H
#define VMEDIA_CONFORM_MAKE_H

#include "conform.h"

typedef void conform_make_fn(struct conform_walk *w, struct conform_call *c);
typedef void conform_learn_fn(struct conform_walk *w, const struct conform_call *c);

/* make_format.c */
conform_make_fn make_nothing, make_enum_fmt, make_g_fmt, make_s_fmt, make_parm, make_frmsize,
	make_frmival, make_sliced_cap;
/* make_select.c */
conform_make_fn make_selection, make_crop, make_cropcap;
/* make_buffer.c */
conform_make_fn make_reqbufs, make_create_bufs, make_remove_bufs, make_querybuf, make_qbuf,
	make_dqbuf, make_expbuf, make_stream;
/* make_control.c */
conform_make_fn make_g_ctrl, make_s_ctrl, make_queryctrl, make_query_ext_ctrl, make_querymenu,
	make_g_ext_ctrls, make_s_ext_ctrls;
/* make_input.c */
conform_make_fn make_std, make_enumstd, make_enuminput, make_enumoutput, make_set_input,
	make_set_output, make_enumaudio, make_set_audio, make_tuner, make_modulator,
	make_frequency, make_band, make_seek;
/* make_other.c */
conform_make_fn make_dv_timings, make_enum_dv_timings, make_dv_timings_cap, make_edid,
	make_priority, make_encoder_cmd, make_decoder_cmd, make_subscription;

/* model.c */
conform_learn_fn learn_format, learn_reqbufs, learn_create_bufs, learn_remove_bufs, learn_qbuf,
	learn_prepare, learn_dqbuf, learn_codec_cmd, learn_streamon, learn_streamoff,
	learn_subscribe, learn_unsubscribe, learn_queryctrl, learn_query_ext_ctrl;

#endif /* VMEDIA_CONFORM_MAKE_H */
