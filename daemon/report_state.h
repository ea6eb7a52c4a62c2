/* SPDX-License-Identifier: BSD-3-Clause */
/* What is in force in a process of the report, as the kernel tells it in /proc. */
#ifndef VMEDIA_DAEMON_REPORT_STATE_H
#define VMEDIA_DAEMON_REPORT_STATE_H

#include "report.h"

/* Note the starter's namespaces and root folder. Context: the starter. */
void daemon_report_starter(struct daemon_report *r);

/* Look at the root folder. Context: after sandbox_enter_place(). */
void daemon_report_root(struct daemon_report *r);

/*
 * Print what is in force, with a row for each thing that must be so. Adds them to @sums, which has
 * a number for each enum sandbox_try_state. Context: after the last stage, once.
 */
void daemon_report_print(struct daemon_report *r, const struct sandbox *sb, unsigned int *sums);

/* Print one row of the report. */
void daemon_report_row(enum sandbox_try_state state, const char *call, const char *what,
		       const char *how);

#endif /* VMEDIA_DAEMON_REPORT_STATE_H */
