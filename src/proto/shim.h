/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only */
/*
 * The only file of src/proto that includes system headers: libc's in user space, the kernel's in
 * the kernel.
 */
#ifndef VMEDIA_PROTO_SHIM_H
#define VMEDIA_PROTO_SHIM_H

#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/types.h>
#ifndef UINT32_MAX
#define UINT32_MAX 0xffffffffu
#endif
#else
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#endif

#define VMEDIA_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define VMEDIA_MAX_ERRNO 4095

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define VMEDIA_HOST_SWAPS true
#else
#define VMEDIA_HOST_SWAPS false
#endif

#endif /* VMEDIA_PROTO_SHIM_H */
