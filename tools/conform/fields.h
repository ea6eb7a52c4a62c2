/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which fields of a payload are compared, and how. Fields of padding, and bytes of a union that its
 * type does not use, are in no list and are not compared.
 */
#ifndef VMEDIA_CONFORM_FIELDS_H
#define VMEDIA_CONFORM_FIELDS_H

#include "conform.h"

/* One line of a list: field @m of struct vmedia_@s, shown as @n. */
#define CONFORM_FIELD(s, m, n, h)							\
	{ n, offsetof(struct vmedia_##s, m), sizeof(((struct vmedia_##s *)0)->m), CONFORM_##h }
#define CONFORM_END	{ NULL, 0, 0, 0 }

/* fields.c: formats and streaming */
extern const struct conform_field conform_capability_fields[], conform_fmtdesc_fields[],
	conform_format_fields[], conform_requestbuffers_fields[], conform_create_buffers_fields[],
	conform_remove_buffers_fields[], conform_buffer_fields[], conform_dqbuf_fields[],
	conform_plane_fields[], conform_dqbuf_plane_fields[], conform_exportbuffer_fields[],
	conform_streamparm_fields[], conform_frmsizeenum_fields[], conform_frmivalenum_fields[],
	conform_selection_fields[], conform_cropcap_fields[], conform_crop_fields[],
	conform_framebuffer_fields[], conform_sliced_vbi_cap_fields[];
struct conform_part conform_format_part(const struct conform_call *c);
struct conform_part conform_create_part(const struct conform_call *c);
struct conform_part conform_parm_part(const struct conform_call *c);
struct conform_part conform_frmsize_part(const struct conform_call *c);
struct conform_part conform_frmival_part(const struct conform_call *c);

/* fields_more.c: the rest */
extern const struct conform_field conform_u32_fields[], conform_std_fields[],
	conform_standard_fields[], conform_input_fields[], conform_output_fields[],
	conform_audio_fields[], conform_tuner_fields[], conform_modulator_fields[],
	conform_frequency_fields[], conform_frequency_band_fields[], conform_hw_freq_seek_fields[],
	conform_dv_timings_fields[], conform_enum_dv_timings_fields[],
	conform_dv_timings_cap_fields[], conform_edid_fields[], conform_enc_idx_fields[],
	conform_encoder_cmd_fields[], conform_decoder_cmd_fields[],
	conform_jpegcompression_fields[], conform_control_fields[], conform_queryctrl_fields[],
	conform_query_ext_ctrl_fields[], conform_querymenu_fields[], conform_ext_controls_fields[],
	conform_ext_control_fields[], conform_event_fields[],
	conform_event_subscription_fields[];
struct conform_part conform_event_part(const struct conform_call *c);

#endif /* VMEDIA_CONFORM_FIELDS_H */
