/* SPDX-License-Identifier: BSD-3-Clause */
/* Fields of controls, events, inputs, tuners, timings and codecs' commands. */
#include "fields.h"

#define F(s, m)		CONFORM_FIELD(s, m, #m, EXACT)
#define FH(s, m, h)	CONFORM_FIELD(s, m, #m, h)

/* Payloads that are one number. */
const struct conform_field conform_u32_fields[] = {
	{ "value", 0, sizeof(uint32_t), CONFORM_EXACT }, CONFORM_END
};

const struct conform_field conform_std_fields[] = {
	{ "value", 0, sizeof(uint64_t), CONFORM_EXACT }, CONFORM_END
};

/* ---- Inputs, outputs, analogue television, radio ---- */

const struct conform_field conform_standard_fields[] = {
	F(standard, index), F(standard, id), FH(standard, name, TEXT), F(standard, frameperiod),
	F(standard, framelines), F(standard, reserved), CONFORM_END
};

const struct conform_field conform_input_fields[] = {
	F(input, index), FH(input, name, TEXT), F(input, type), F(input, audioset), F(input, tuner),
	F(input, std), FH(input, status, BITS), FH(input, capabilities, BITS), F(input, reserved),
	CONFORM_END
};

const struct conform_field conform_output_fields[] = {
	F(output, index), FH(output, name, TEXT), F(output, type), F(output, audioset),
	F(output, modulator), F(output, std), FH(output, capabilities, BITS), F(output, reserved),
	CONFORM_END
};

/* struct vmedia_audioout is the same. */
const struct conform_field conform_audio_fields[] = {
	F(audio, index), FH(audio, name, TEXT), FH(audio, capability, BITS), F(audio, mode),
	F(audio, reserved), CONFORM_END
};

const struct conform_field conform_tuner_fields[] = {
	F(tuner, index), FH(tuner, name, TEXT), F(tuner, type), FH(tuner, capability, BITS),
	F(tuner, rangelow), F(tuner, rangehigh), FH(tuner, rxsubchans, MOMENT), F(tuner, audmode),
	FH(tuner, signal, MOMENT), FH(tuner, afc, MOMENT), F(tuner, reserved), CONFORM_END
};

const struct conform_field conform_modulator_fields[] = {
	F(modulator, index), FH(modulator, name, TEXT), FH(modulator, capability, BITS),
	F(modulator, rangelow), F(modulator, rangehigh), F(modulator, txsubchans),
	F(modulator, type), F(modulator, reserved), CONFORM_END
};

const struct conform_field conform_frequency_fields[] = {
	F(frequency, tuner), F(frequency, type), F(frequency, frequency), F(frequency, reserved),
	CONFORM_END
};

const struct conform_field conform_frequency_band_fields[] = {
	F(frequency_band, tuner), F(frequency_band, type), F(frequency_band, index),
	FH(frequency_band, capability, BITS), F(frequency_band, rangelow),
	F(frequency_band, rangehigh), F(frequency_band, modulation), F(frequency_band, reserved),
	CONFORM_END
};

const struct conform_field conform_hw_freq_seek_fields[] = {
	F(hw_freq_seek, tuner), F(hw_freq_seek, type), CONFORM_END
};

/* ---- Digital video timings, EDID ---- */

#define BT(s, p, m) CONFORM_FIELD(s, p bt.m, #m, EXACT)
#define TIMINGS(s, p)									\
	CONFORM_FIELD(s, p type, "type", EXACT), BT(s, p, width), BT(s, p, height),		\
	BT(s, p, interlaced), BT(s, p, polarities), BT(s, p, pixelclock),			\
	BT(s, p, hfrontporch), BT(s, p, hsync), BT(s, p, hbackporch), BT(s, p, vfrontporch),	\
	BT(s, p, vsync), BT(s, p, vbackporch), BT(s, p, il_vfrontporch), BT(s, p, il_vsync),	\
	BT(s, p, il_vbackporch), BT(s, p, standards), BT(s, p, flags),				\
	BT(s, p, picture_aspect), BT(s, p, cea861_vic), BT(s, p, hdmi_vic), BT(s, p, reserved)

const struct conform_field conform_dv_timings_fields[] = {
	TIMINGS(dv_timings,), CONFORM_END
};

const struct conform_field conform_enum_dv_timings_fields[] = {
	F(enum_dv_timings, index), F(enum_dv_timings, pad), F(enum_dv_timings, reserved),
	TIMINGS(enum_dv_timings, timings.), CONFORM_END
};

#define CAP(m) CONFORM_FIELD(dv_timings_cap, bt.m, #m, EXACT)
const struct conform_field conform_dv_timings_cap_fields[] = {
	F(dv_timings_cap, type), F(dv_timings_cap, pad), F(dv_timings_cap, reserved),
	CAP(min_width), CAP(max_width), CAP(min_height), CAP(max_height), CAP(min_pixelclock),
	CAP(max_pixelclock), CAP(standards), CAP(capabilities), CAP(reserved), CONFORM_END
};

const struct conform_field conform_edid_fields[] = {
	F(edid, pad), F(edid, start_block), F(edid, blocks), F(edid, reserved), F(edid, edid),
	CONFORM_END
};

/* ---- Codecs ---- */

const struct conform_field conform_enc_idx_fields[] = {
	F(enc_idx, entries), F(enc_idx, entries_cap), F(enc_idx, reserved), F(enc_idx, entry),
	CONFORM_END
};

const struct conform_field conform_encoder_cmd_fields[] = {
	F(encoder_cmd, cmd), F(encoder_cmd, flags), F(encoder_cmd, raw), CONFORM_END
};

const struct conform_field conform_decoder_cmd_fields[] = {
	F(decoder_cmd, cmd), F(decoder_cmd, flags), CONFORM_FIELD(decoder_cmd, raw, "raw", EXACT),
	CONFORM_END
};

const struct conform_field conform_jpegcompression_fields[] = {
	F(jpegcompression, quality), F(jpegcompression, jpeg_markers), CONFORM_END
};

/* ---- Controls: values are compared by compare.c, which knows the volatile ones ---- */

const struct conform_field conform_control_fields[] = { F(control, id), CONFORM_END };

const struct conform_field conform_queryctrl_fields[] = {
	F(queryctrl, id), F(queryctrl, type), FH(queryctrl, name, TEXT), F(queryctrl, minimum),
	F(queryctrl, maximum), F(queryctrl, step), F(queryctrl, default_value),
	FH(queryctrl, flags, BITS), F(queryctrl, reserved), CONFORM_END
};

const struct conform_field conform_query_ext_ctrl_fields[] = {
	F(query_ext_ctrl, id), F(query_ext_ctrl, type), FH(query_ext_ctrl, name, TEXT),
	F(query_ext_ctrl, minimum), F(query_ext_ctrl, maximum), F(query_ext_ctrl, step),
	F(query_ext_ctrl, default_value), FH(query_ext_ctrl, flags, BITS),
	F(query_ext_ctrl, elem_size), F(query_ext_ctrl, elems), F(query_ext_ctrl, nr_of_dims),
	F(query_ext_ctrl, dims), F(query_ext_ctrl, reserved), CONFORM_END
};

const struct conform_field conform_querymenu_fields[] = {
	F(querymenu, id), F(querymenu, index), F(querymenu, name), F(querymenu, reserved),
	CONFORM_END
};

const struct conform_field conform_ext_controls_fields[] = {
	FH(ext_controls, which, CLASS), F(ext_controls, count), F(ext_controls, error_idx),
	F(ext_controls, request_fd), F(ext_controls, reserved), F(ext_controls, controls),
	CONFORM_END
};

const struct conform_field conform_ext_control_fields[] = {
	F(ext_control, id), F(ext_control, size), F(ext_control, reserved2), CONFORM_END
};

/* ---- Events ---- */

/* pending counts what came by now. */
const struct conform_field conform_event_fields[] = {
	F(event, type), FH(event, pending, MOMENT), F(event, sequence),
	FH(event, timestamp, MOMENT), F(event, id), F(event, reserved), CONFORM_END
};

#define CTRL(m) CONFORM_FIELD(event, u.ctrl.m, #m, EXACT)
static const struct conform_field event_ctrl[] = {
	CONFORM_FIELD(event, u.ctrl.changes, "changes", BITS), CTRL(type),
	CONFORM_FIELD(event, u.ctrl.flags, "flags", BITS), CTRL(minimum), CTRL(maximum),
	CTRL(step), CTRL(default_value), CONFORM_END
};

static const struct conform_field event_source[] = {
	CONFORM_FIELD(event, u.src_change.changes, "changes", BITS), CONFORM_END
};

struct conform_part conform_event_part(const struct conform_call *c)
{
	switch (c->arg.event.type) {
	case V4L2_EVENT_CTRL:
		return (struct conform_part){ event_ctrl, "u.ctrl.", 0 };
	case V4L2_EVENT_SOURCE_CHANGE:
		return (struct conform_part){ event_source, "u.src_change.", 0 };
	default:
		return (struct conform_part){ NULL, "", 0 };
	}
}

const struct conform_field conform_event_subscription_fields[] = {
	F(event_subscription, type), F(event_subscription, id), F(event_subscription, flags),
	F(event_subscription, reserved), CONFORM_END
};
