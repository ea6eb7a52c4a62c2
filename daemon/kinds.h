/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kinds of device that vhost-user-media can serve: the camera, which is in the library, and the
 * modules (<vmedia/module.h>). A kind has a table of its options, which stand behind it on the
 * command line as --name=value, and understands their values itself.
 */
#ifndef VMEDIA_DAEMON_KINDS_H
#define VMEDIA_DAEMON_KINDS_H

#include <stddef.h>

#include <vmedia/module.h>

#include "options.h"

/*
 * daemon_kind_find - the kind called @name, loaded if it is a module
 * @folder: where modules are; NULL: the library's folder
 *
 * Returns 0, or negative errno with a sentence for the user in @why.
 */
int daemon_kind_find(const char *folder, const char *name, const struct vmedia_module **kind,
		     char *why, size_t why_size);

/* All kinds, a line each, to stdout; for --help. */
void daemon_kinds_help(const char *folder);
/* The options of @kind, to stdout. */
void daemon_kind_help(const struct vmedia_module *kind);

/*
 * daemon_kind_create - split the options of o->kind and make the device
 *
 * Returns 0, or negative errno; where the user can mend it, with a sentence in @why.
 */
int daemon_kind_create(struct vmedia_loop *loop, const struct daemon_options *o, char *why,
		       size_t why_size, struct vmedia_device **dev);

#endif /* VMEDIA_DAEMON_KINDS_H */
