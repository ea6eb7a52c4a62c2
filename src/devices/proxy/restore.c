// SPDX-License-Identifier: BSD-3-Clause
/*
 * Controls of the host's device, as they were before the first session and after the last one
 * (--restore).
 *
 * The first open file reads all controls that a program can set and read. The last one stops its
 * queues, since controls may not be set while they stream, and sets those that have another value
 * by then, before it is closed. Both are parts of jobs (session.c), which the lock keeps apart. If
 * another open file comes first, the values are those from before all of them.
 */
#include <errno.h>
#include <linux/videodev2.h>
#include <stdlib.h>
#include <string.h>
#include <vmedia/log.h>

#include "proxy.h"

/* More than any driver has. */
#define MAX_SAVED     1024
#define MAX_SAVED_LEN (64u << 10)

struct proxy_saved {
	struct proxy_saved *next;
	uint32_t id, size;
	int64_t value; /* size is 0 */
	uint8_t data[];
};

/* Those that do something when set (buttons), change by themselves, or cannot be set or read. */
#define NOT_SAVED                                                                         \
	(V4L2_CTRL_FLAG_DISABLED | V4L2_CTRL_FLAG_READ_ONLY | V4L2_CTRL_FLAG_WRITE_ONLY | \
	 V4L2_CTRL_FLAG_VOLATILE | V4L2_CTRL_FLAG_EXECUTE_ON_WRITE)

/* G_EXT_CTRLS or S_EXT_CTRLS of one control with @data, or with a value if @size is 0. */
static int one(struct proxy_session *ps, uint32_t nr, uint32_t id, uint32_t size, void *data,
	       int64_t *value)
{
	struct vmedia_ext_control c = { .id = id, .size = size };
	struct vmedia_ext_controls e = { .count = 1, .controls = (uintptr_t)&c };
	int err;

	if (size)
		c.ptr = (uintptr_t)data;
	else
		c.value64 = *value;
	err = vmedia_proxy_host_call(ps, nr, &e);
	if (!size)
		*value = c.value64;
	return err;
}

static struct proxy_saved *save_one(struct proxy_session *ps, const struct vmedia_query_ext_ctrl *q)
{
	bool payload = q->flags & V4L2_CTRL_FLAG_HAS_PAYLOAD;
	uint64_t size = payload ? (uint64_t)q->elem_size * q->elems : 0;
	struct proxy_saved *s;

	if ((q->flags & NOT_SAVED) || q->type == V4L2_CTRL_TYPE_BUTTON ||
	    q->type == V4L2_CTRL_TYPE_CTRL_CLASS || size > MAX_SAVED_LEN || (payload && !size))
		return NULL;
	s = calloc(1, sizeof(*s) + size);
	if (!s)
		return NULL;
	s->id = q->id;
	s->size = (uint32_t)size;
	if (!one(ps, VMEDIA_NR_G_EXT_CTRLS, s->id, s->size, s->data, &s->value))
		return s;
	free(s);
	return NULL;
}

static void save(struct proxy_session *ps)
{
	struct proxy_saved **end = &ps->p->saved;
	struct vmedia_query_ext_ctrl q = { 0 };

	for (unsigned int n = 0; n < MAX_SAVED; n++) {
		uint32_t last = q.id;

		q = (struct vmedia_query_ext_ctrl){
			.id = last | V4L2_CTRL_FLAG_NEXT_CTRL | V4L2_CTRL_FLAG_NEXT_COMPOUND };
		if (vmedia_proxy_host_call(ps, VMEDIA_NR_QUERY_EXT_CTRL, &q) || q.id <= last)
			break;
		*end = save_one(ps, &q);
		if (*end)
			end = &(*end)->next;
	}
}

static void restore_one(struct proxy_session *ps, struct proxy_saved *s)
{
	uint8_t *now = calloc(1, s->size + 1);
	int64_t value = 0;
	int err;

	if (!now)
		return;
	err = one(ps, VMEDIA_NR_G_EXT_CTRLS, s->id, s->size, now, &value);
	if (!err && (s->size ? memcmp(now, s->data, s->size) != 0 : value != s->value)) {
		err = one(ps, VMEDIA_NR_S_EXT_CTRLS, s->id, s->size, s->data, &s->value);
		if (err)
			vmedia_info("%s: control 0x%x is not as before (error %d)",
				    ps->p->node.path, s->id, -err);
	}
	free(now);
}

static void stop_queues(struct proxy_session *ps)
{
	for (uint32_t type = 0; type < PROXY_TYPES; type++)
		if (ps->queues[type].streaming)
			vmedia_proxy_host_call(ps, VMEDIA_NR_STREAMOFF, &(uint32_t){ type });
}

static void restore(struct proxy_session *ps)
{
	struct proxy_saved *s;

	while ((s = ps->p->saved)) {
		restore_one(ps, s);
		ps->p->saved = s->next;
		free(s);
	}
}

void vmedia_proxy_controls_opened(struct proxy_session *ps)
{
	struct proxy *p = ps->p;

	if (!p->restore)
		return;
	pthread_mutex_lock(&p->restore_lock);
	if (!p->open_files++)
		save(ps);
	pthread_mutex_unlock(&p->restore_lock);
}

void vmedia_proxy_controls_closing(struct proxy_session *ps)
{
	struct proxy *p = ps->p;

	if (!p->restore)
		return;
	pthread_mutex_lock(&p->restore_lock);
	if (!--p->open_files) {
		stop_queues(ps);
		restore(ps);
	}
	pthread_mutex_unlock(&p->restore_lock);
}
