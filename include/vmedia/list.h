/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Links and vmedia_container_of() for structures that a caller embeds in its own.
 *
 * <vmedia/loop.h> and <vmedia/worker.h> allocate nothing for a source, a timer or a job. The caller
 * embeds the structure, and the callback gets a pointer to it:
 *
 *	struct camera {
 *		struct vmedia_timer timeout;
 *		...
 *	};
 *
 *	static void on_timeout(struct vmedia_timer *t)
 *	{
 *		struct camera *c = vmedia_container_of(t, struct camera, timeout);
 *		...
 *	}
 */
#ifndef VMEDIA_LIST_H
#define VMEDIA_LIST_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Private: only the part of the library that owns the list changes the links. */
struct vmedia_list {
	struct vmedia_list *next, *prev;
};

/* Return the structure of type @type whose member @member is at @ptr. */
#define vmedia_container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_LIST_H */
