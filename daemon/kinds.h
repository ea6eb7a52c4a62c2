/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kinds of device that vhost-user-media can serve: the camera, which is in the library, and the
 * modules (<vmedia/module.h>). A kind has a table of its options. They follow the kind on the
 * command line as --name=value. The kind parses their values.
 */
#ifndef VMEDIA_DAEMON_KINDS_H
#define VMEDIA_DAEMON_KINDS_H

#include <stdbool.h>
#include <stddef.h>

#include <vmedia/module.h>

#include "options.h"

/*
 * daemon_kind_find - find the kind @name, and load it if it is a module
 * @folder: the folder of modules; NULL: the library's folder
 *
 * Returns 0, or negative errno with a sentence for the user in @why.
 */
int daemon_kind_find(const char *folder, const char *name, const struct vmedia_module **kind,
		     char *why, size_t why_size);

/* Print all kinds to stdout, one on each line, for --help. */
void daemon_kinds_help(const char *folder);
/* Print the options of @kind to stdout. */
void daemon_kind_help(const struct vmedia_module *kind);

/*
 * daemon_kind_reports - true if one of the options of o->kind asks for a report
 *
 * daemon_kind_report() prints it; returns as daemon_kind_create(), or the number of failures.
 */
bool daemon_kind_reports(const struct daemon_options *o);
int daemon_kind_report(const struct daemon_options *o, char *why, size_t why_size);

/*
 * daemon_kind_calls - the system calls of o->kind and of its options that are given
 * @start, @serve: receive lists; the caller frees them
 *
 * Returns 0 or -ENOMEM.
 */
int daemon_kind_calls(const struct daemon_options *o, char **start, char **serve);

/*
 * daemon_kind_node - get the path of the node that o->kind opens while it serves, NULL for none
 *
 * The path is one of the program's arguments. Returns 0 or negative errno.
 */
int daemon_kind_node(const struct daemon_options *o, const char **node);

/* The same for the path of the socket that o->kind connects to while it serves. */
int daemon_kind_socket(const struct daemon_options *o, const char **path);

/*
 * daemon_kind_prepare - split the options of o->kind, and load the modules that it needs
 *
 * Returns as daemon_kind_create().
 */
int daemon_kind_prepare(const struct daemon_options *o, char *why, size_t why_size);

/*
 * daemon_kind_create - split the options of o->kind and make the device
 *
 * Returns 0, or negative errno; with a sentence in @why if the user can correct the error.
 */
int daemon_kind_create(struct vmedia_loop *loop, const struct daemon_options *o, char *why,
		       size_t why_size, struct vmedia_device **dev);

#endif /* VMEDIA_DAEMON_KINDS_H */
