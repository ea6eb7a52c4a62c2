/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Check who can write to a module.
 *
 * Security model: a loaded module has all rights of the program. The folder of a module, and those
 * above it, decide which file its path names; the file decides which code is loaded. Each must
 * belong to root or to the user of the process, and only its owner may have write permission. Links
 * are followed first, so the checked file is the loaded one; a link that appears later is refused.
 * The check goes from the root downwards: others cannot change the content of a folder that passed.
 * Between the check and the use, only users that the check accepts can change anything.
 */
#ifndef VMEDIA_MODULE_TRUST_H
#define VMEDIA_MODULE_TRUST_H

#include <stddef.h>

/*
 * vmedia_trust_path - check that others cannot write to @path, a file or folder
 * vmedia_trust_parents - check this for every folder above it; folders with the sticky bit may be
 * writable by all
 * @path: absolute, shorter than PATH_MAX, without links, as realpath() returns it; check its
 *	parents first
 *
 * Returns 0; -EPERM; or an errno of lstat(). On error @why gets a sentence that tells what to do.
 */
int vmedia_trust_path(const char *path, char *why, size_t why_size);
int vmedia_trust_parents(const char *path, char *why, size_t why_size);

#endif
