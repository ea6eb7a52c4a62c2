/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who else could have written a module.
 *
 * Security model: code that is loaded is the program. The folder of a module, and those above it,
 * decide what its path names; its file decides what is in it. Each must belong to root or to the
 * user of the process, and may be written by its owner only. Links are followed first, so that what
 * is looked at is what is loaded; a link that is met later is refused. The check goes from the root
 * downwards, so that a folder which passed holds what is below it. Between the check and the use
 * only those may change anything whom the check accepts.
 */
#ifndef VMEDIA_MODULE_TRUST_H
#define VMEDIA_MODULE_TRUST_H

#include <stddef.h>

/*
 * vmedia_trust_path - may @path, a file or folder, be what others wrote?
 * vmedia_trust_parents - the same question for every folder above it, where those with the sticky
 * bit may be written by all
 * @path: absolute, shorter than PATH_MAX, without links, as of realpath(); its parents are asked
 * about before it
 *
 * Returns 0; -EPERM; or an errno of lstat(). With a sentence in @why that says what to do.
 */
int vmedia_trust_path(const char *path, char *why, size_t why_size);
int vmedia_trust_parents(const char *path, char *why, size_t why_size);

#endif
