/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A device made by the framework, and its driver, in one thread: core's harness with V4L2's calls
 * on top. The queue of a rig's device is driven by the test: buffers that become ACTIVE are listed,
 * the test finishes them.
 */
#ifndef VMEDIA_TESTS_V4L2_RIG_H
#define VMEDIA_TESTS_V4L2_RIG_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <linux/videodev2.h>

#include <vmedia/log.h>
#include <vmedia/m2m.h>
#include <vmedia/video.h>

#include "harness.h"

struct rig {
	struct harness h;
	struct vmedia_device *dev;
	uint32_t s, s2;			/* two sessions, the second opened by rig_open2() */
	uint8_t *pages;			/* guest memory for SHARED_PAGES */
};

/* A device of @cfg with one open session and 32 event buffers. */
struct rig *rig_new(const struct vmedia_video_config *cfg);
/* The two halves of it: a rig to make a device for (r->h.loop, r->dev), and its open session. */
struct rig *rig_begin(void);
void rig_open(struct rig *r);
void rig_open2(struct rig *r);
void rig_end(struct rig *r);

/* One command to its answer, however long the device takes. */
int rig_cmd(struct rig *r, struct vmedia_cmd *cmd);
int rig_ioctl(struct rig *r, uint32_t s, uint32_t nr, union vmedia_payload *arg);
/* QUERYBUF, QBUF, PREPARE_BUF. @planes: @n of them, for multi-planar types. */
int rig_buf(struct rig *r, uint32_t s, uint32_t nr, struct vmedia_buffer *b,
	    struct vmedia_plane *planes, uint32_t n);
/* Buffer @index of MMAP memory: QUERYBUF's answer, or a QBUF. */
struct vmedia_buffer rig_query(struct rig *r, uint32_t s, uint32_t type, uint32_t index);
int rig_queue(struct rig *r, uint32_t s, uint32_t type, uint32_t index);
/* REQBUFS: the number granted, or a negative errno. */
int rig_reqbufs(struct rig *r, uint32_t s, uint32_t type, uint32_t memory, uint32_t count);
int rig_stream(struct rig *r, uint32_t s, uint32_t type, bool on);
/* G_FMT. */
struct vmedia_format rig_format(struct rig *r, uint32_t s, uint32_t type);
/* Wait for the next event. */
struct vmedia_evt rig_event(struct rig *r);
/* Is one there, without waiting? */
bool rig_poll(struct rig *r, struct vmedia_evt *evt);

/* G, S, TRY_EXT_CTRLS of @count controls: their values, payloads in guest memory, and the index. */
struct rig_ext {
	struct vmedia_ext_control c[4];
	uint8_t *data[4];
	uint32_t error_idx;
};

int rig_ext(struct rig *r, uint32_t nr, uint32_t which, uint32_t count, struct rig_ext *e);

/* ---- A queue that the test drives ---- */

struct manual {
	struct vmedia_buf *active[64];
	unsigned int num, starts, stops, finals, finished, prepared, inits, cleanups;
	int start_err, prepare_err;
	bool hold;			/* ->stop_streaming() keeps the buffers: -EINPROGRESS */
	bool async_start;
};

extern struct manual manual;
extern const struct vmedia_queue_ops manual_ops;
/* Finish the oldest active buffer with @used bytes in each plane. */
void manual_done(struct rig *r, uint32_t used, enum vmedia_buf_state state);

/* Numbers from a seed, which is printed: VMEDIA_TEST_SEED, or a constant. */
void rig_seed(void);
/* Begin anew for what has this name, with numbers of its own. */
void rig_seed_more(const char *name);
unsigned int rig_random(void);

/* A payload of an ioctl, cleared. */
#define PAYLOAD(name) union vmedia_payload name = { .raw = { 0 } }

#endif
