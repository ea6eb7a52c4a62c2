/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The report on the sandbox (--sandbox-report): what is in force, and what became of each thing
 * that a hijacked process would try.
 *
 * Theory of operation: three processes. The starter makes what the tries reach for, starts the
 * others, and copies what they write to its standard output; so it is what a hijacked process must
 * not reach. The keeper and the process that serves are made as for serving, with the same device
 * and the same stages. In place of serving, the latter makes a child for each try, which enters the
 * last stages by itself, and then enters them too and says what is in force.
 */
#ifndef VMEDIA_DAEMON_REPORT_H
#define VMEDIA_DAEMON_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "sandbox/sandbox.h"
#include "sandbox/tries.h"

#define DAEMON_REPORT_SPACES 7 /* namespaces */

struct daemon_report {
	struct sandbox_bait bait;
	char spaces[DAEMON_REPORT_SPACES][64]; /* the starter's namespaces, as /proc has them */
	dev_t root;			       /* the starter's root folder is there */
	const char *kind_calls_start;	       /* without what the report needs; or NULL */
	char calls_start[1024];		       /* with what the report itself needs */
	int status;			       /* in the starter: the exit status */
	const char *node;		       /* what the opener opens; NULL: there is none */
	struct sandbox_try_result *in_opener;  /* of all tries; NULL: there is none */

	/* ---- In the process that serves ---- */

	int status_fd, limits_fd; /* of /proc/self */
	unsigned int private;	  /* a bit for each namespace that is not the starter's */
	unsigned int known;	  /* a bit for each namespace that this kernel has */
	bool own_root, read_only; /* of the root folder */
	char out[4096];		  /* buffer of standard output */
};

/*
 * daemon_report_start - make what the tries reach for, and a process that goes on
 * @sb: has the kind's calls of stage start; gets those of the report too
 *
 * Returns 0 in the process that goes on; 1 in the starter when the report has ended, with
 * r->status; or negative errno, with a sentence in @why if the user can correct the error. Context:
 * before sandbox_begin().
 */
int daemon_report_start(struct daemon_report *r, struct sandbox *sb, char *why, size_t size);

/*
 * daemon_report_opener - make what the tries of the opener reach for, and do what a hijacked opener
 * would try
 * @node: borrowed
 *
 * Returns 0 or negative errno. Context: as sandbox_opener_start(), which has started the device's.
 */
int daemon_report_opener(struct daemon_report *r, const char *node);

/* Open and read in /proc what tells of the process. Context: before sandbox_enter_place(). */
void daemon_report_open(struct daemon_report *r);

/*
 * daemon_report_run - try all, enter the last stages, and print the report
 *
 * Returns the number of tries that failed, 1 if the starter does not read them, or negative errno,
 * with a sentence in @why if the user can correct the error. Context: after sandbox_enter_place();
 * the process can only end afterwards.
 */
int daemon_report_run(struct daemon_report *r, struct sandbox *sb, char *why, size_t size);

#endif /* VMEDIA_DAEMON_REPORT_H */
