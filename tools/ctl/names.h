/* SPDX-License-Identifier: BSD-3-Clause */
/* Words for V4L2's numbers, as v4l2-ctl writes them. */
#ifndef VMEDIA_CTL_NAMES_H
#define VMEDIA_CTL_NAMES_H

#include <stdbool.h>
#include <stdint.h>

struct ctl_name {
	uint32_t value;
	const char *name;
};

/* The name of @value in a table that ends with a NULL name, or "Unknown". */
const char *ctl_name(const struct ctl_name *table, uint32_t value);
/* Find the value of @name. Returns false if the table does not have it. */
bool ctl_name_value(const struct ctl_name *table, const char *name, uint32_t *value);
/*
 * Print the names of the bits of @flags, one a line after @indent. Bits without a name are printed
 * as a number.
 */
void ctl_print_flags(const struct ctl_name *table, uint32_t flags, const char *indent);
/* The same on one line, comma-separated; "none" for 0. */
void ctl_print_flags_inline(const struct ctl_name *table, uint32_t flags);

extern const struct ctl_name ctl_cap_names[], ctl_buf_type_names[], ctl_field_names[],
	ctl_colorspace_names[], ctl_xfer_names[], ctl_ycbcr_names[], ctl_quant_names[],
	ctl_pix_flag_names[], ctl_fmt_flag_names[], ctl_ctrl_type_names[], ctl_ctrl_flag_names[],
	ctl_sel_names[], ctl_input_status_names[];

#endif /* VMEDIA_CTL_NAMES_H */
