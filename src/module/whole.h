/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Check that a shared object is complete.
 *
 * A file that was cut off by a full disk or an interrupted copy still has its headers. dlopen()
 * maps the segments in the headers without a check of the file size. The first access behind the
 * end then raises SIGBUS, which ends the program.
 */
#ifndef VMEDIA_MODULE_WHOLE_H
#define VMEDIA_MODULE_WHOLE_H

/*
 * vmedia_module_whole - check that the file @path has all bytes that dlopen() maps
 *
 * Returns 0, also for a file that is no shared object of this machine, since dlopen() has the
 * better message for that; -ENODATA: its end is missing; errors of open(), fstat().
 */
int vmedia_module_whole(const char *path);

#endif
