/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is all of a shared object there?
 *
 * A file that was cut off, by a full disk or a copy that was interrupted, still has its headers.
 * dlopen() maps what they tell of and does not compare it with the file's size: the first access
 * behind the end is SIGBUS, and the end of the program.
 */
#ifndef VMEDIA_MODULE_WHOLE_H
#define VMEDIA_MODULE_WHOLE_H

/*
 * vmedia_module_whole - has the file @path all that is to be mapped of it?
 *
 * Returns 0, also for what is no shared object of this machine: dlopen() has the better words for
 * that; -ENODATA: its end is missing; errors of open() and fstat().
 */
int vmedia_module_whole(const char *path);

#endif
