/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside hostile-client: a program for a guest whose camera is vmedia-hostile.
 *
 *   client.c   main, the side door, sysfs
 *   exact.c    one lie at a time, and exactly what must come of it
 *   ops.c      V4L2 calls that exact.c makes
 *   defects.c  what other drivers got wrong
 *   stress.c   threads that do everything while everything goes wrong
 */
#ifndef HOSTILE_CLIENT_H
#define HOSTILE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "faults.h"

#define CLIENT_BUFFERS 4
#define CLIENT_BYTES   (128u << 10) /* room for one frame of 160x120 in any format */

struct client {
	const char *node;
	int door;	     /* a session that is spared */
	bool region;	     /* there is shared memory region 0 */
	unsigned int slow;   /* factor for time-outs */
	uint32_t ctrl, menu; /* ids of a control, and of one with a menu */
	unsigned int passed, failed, skipped;
};

extern const char *const client_fault_names[HOSTILE_NUM_FAULTS];

/* Negative errno, or 0 and up. */
int client_ioctl(int fd, unsigned long request, void *arg);
/* A session, or negative errno. */
int client_open(const struct client *c, int flags);
/* Through the side door: negative errno, or 0 and *value. Opens it again if need be. */
int client_door(struct client *c, uint32_t id, uint64_t *value);
int client_arm(struct client *c, uint32_t fault, uint32_t which, uint32_t every, uint32_t count);
uint64_t client_count(struct client *c, uint32_t id, uint32_t fault);
/* The driver's counter of that name, or -1. */
long long client_counter(const struct client *c, const char *name);
uint64_t client_now_ms(void);
/* Is @fault in the list, names between commas? */
bool client_named(const char *list, uint32_t fault);
/* Wait until a new count of refusals: true when it is reached, false after seconds. */
bool client_refused(const struct client *c, long long count);

/*
 * Wait until the device has done @fault @count times: false after seconds, or if it was more often.
 * A lie about QBUF comes after the call, since the driver does not wait for the answer; and the
 * side door is answered before commands that the device has taken and not answered.
 */
bool client_done(struct client *c, uint32_t fault, uint64_t count);

int client_exact(struct client *c, const char *only);
int client_stress(struct client *c, int argc, char **argv);
/* A test of one defect; -1: there is none of that name. */
int client_defect(struct client *c, const char *name);

/* ops.c: a step of a test on session @fd: negative errno, or 0 */
typedef int client_op(struct client *c, int fd);
client_op op_none, op_open, op_enum_fmt, op_g_fmt, op_s_fmt, op_try_fmt, op_framesizes,
	op_intervals, op_enuminput, op_g_input, op_s_input, op_g_parm, op_s_parm, op_g_ctrl,
	op_s_ctrl, op_g_ext, op_s_ext, op_try_ext, op_query_ext, op_querymenu, op_reqbufs,
	op_reqbufs_mmap, op_create, op_streamon, op_streamoff, op_mmap, op_stream, op_frame,
	op_qbuf_lost, op_qbuf_only, op_stream_again, op_lost_session, op_poll_error, op_subscribe,
	op_more_streams;

#endif
