/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One lie at a time: what the caller gets, and that it counts as one refusal.
 *
 * Each row has its own session, which is opened and made ready before the lie is armed. Afterwards
 * the session is closed, and the device must still be good: a stream of a new session brings a
 * frame.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <vmedia/proto.h>

#include "client.h"

#define ANY   HOSTILE_ANY
#define OPEN  (HOSTILE_CMD + VMEDIA_CMD_OPEN)
#define MMAP  (HOSTILE_CMD + VMEDIA_CMD_MMAP)
#define NR(x) VMEDIA_NR_##x

struct row {
	const char *name;
	uint32_t fault, which;
	client_op *before, *op;
	int expect;  /* errno of op, 0: none */
	int refused; /* by how much the driver's counter moves */
	bool region; /* only with region 0 */
};

#define R(name, fault, which, before, op, expect, refused)                                 \
	{                                                                                  \
		name, HOSTILE_##fault, which, op_##before, op_##op, expect, refused, false \
	}
#define REGION(name, fault, which, before, op, expect, refused)                           \
	{                                                                                 \
		name, HOSTILE_##fault, which, op_##before, op_##op, expect, refused, true \
	}

static const struct row rows[] = {
	/* Too short. */
	R("short-open", SHORT, OPEN, none, open, EIO, 1),
	R("short-enum-fmt", SHORT, NR(ENUM_FMT), none, enum_fmt, EIO, 1),
	R("short-g-fmt", SHORT, NR(G_FMT), none, g_fmt, EIO, 1),
	R("short-s-fmt", SHORT, NR(S_FMT), none, s_fmt, EIO, 1),
	R("short-reqbufs", SHORT, NR(REQBUFS), s_fmt, reqbufs, EIO, 1),
	R("short-create-bufs", SHORT, NR(CREATE_BUFS), s_fmt, create, EIO, 1),
	R("short-framesizes", SHORT, NR(ENUM_FRAMESIZES), none, framesizes, EIO, 1),
	R("short-control", SHORT, ANY, none, g_ctrl, EIO, 1),
	R("short-ext-controls", SHORT, NR(G_EXT_CTRLS), none, g_ext, EIO, 1),
	R("short-query-ext-ctrl", SHORT, NR(QUERY_EXT_CTRL), none, query_ext, EIO, 1),
	R("short-querymenu", SHORT, NR(QUERYMENU), none, querymenu, EIO, 1),
	R("short-subscribe", SHORT, NR(SUBSCRIBE_EVENT), none, subscribe, EIO, 1),
	R("short-streamon", SHORT, NR(STREAMON), reqbufs, streamon, EIO, 1),
	R("short-streamoff", SHORT, NR(STREAMOFF), stream, lost_session, EIO, 1),
	R("short-qbuf", SHORT, NR(QBUF), stream, qbuf_lost, EIO, 1),
	REGION("short-querybuf", SHORT, NR(QUERYBUF), reqbufs_mmap, mmap, EIO, 1),
	REGION("short-mmap", SHORT, MMAP, reqbufs_mmap, mmap, EIO, 1),
	/* Status that is no errno. */
	R("status-open", STATUS, OPEN, none, open, EIO, 1),
	R("status-g-fmt", STATUS, NR(G_FMT), none, g_fmt, EIO, 1),
	R("status-try-fmt", STATUS, NR(TRY_FMT), none, try_fmt, EIO, 1),
	R("status-reqbufs", STATUS, NR(REQBUFS), s_fmt, reqbufs, EIO, 1),
	R("status-ext-controls", STATUS, NR(TRY_EXT_CTRLS), none, try_ext, EIO, 1),
	R("status-streamon", STATUS, NR(STREAMON), reqbufs, streamon, EIO, 1),
	R("status-streamoff", STATUS, NR(STREAMOFF), stream, lost_session, EIO, 1),
	R("status-qbuf", STATUS, NR(QBUF), stream, qbuf_lost, EIO, 1),
	REGION("status-mmap", STATUS, MMAP, reqbufs_mmap, mmap, EIO, 1),
	/* Another thing than was asked about. */
	R("echo-enum-fmt", ECHO, NR(ENUM_FMT), none, enum_fmt, EIO, 1),
	R("echo-g-fmt", ECHO, NR(G_FMT), none, g_fmt, EIO, 1),
	R("echo-s-fmt", ECHO, NR(S_FMT), none, s_fmt, EIO, 1),
	R("echo-try-fmt", ECHO, NR(TRY_FMT), none, try_fmt, EIO, 1),
	R("echo-reqbufs", ECHO, NR(REQBUFS), s_fmt, reqbufs, EIO, 1),
	R("echo-create-bufs", ECHO, NR(CREATE_BUFS), s_fmt, create, EIO, 1),
	R("echo-framesizes", ECHO, NR(ENUM_FRAMESIZES), none, framesizes, EIO, 1),
	R("echo-intervals", ECHO, NR(ENUM_FRAMEINTERVALS), none, intervals, EIO, 1),
	R("echo-input", ECHO, NR(ENUMINPUT), none, enuminput, EIO, 1),
	R("echo-s-input", ECHO, NR(S_INPUT), none, s_input, EIO, 1),
	R("echo-g-parm", ECHO, NR(G_PARM), none, g_parm, EIO, 1),
	R("echo-s-parm", ECHO, NR(S_PARM), none, s_parm, EIO, 1),
	R("echo-control", ECHO, ANY, none, s_ctrl, EIO, 1),
	R("echo-ext-controls", ECHO, NR(S_EXT_CTRLS), none, s_ext, EIO, 1),
	R("echo-querymenu", ECHO, NR(QUERYMENU), none, querymenu, EIO, 1),
	R("echo-qbuf", ECHO, NR(QBUF), stream, qbuf_lost, EIO, 1),
	REGION("echo-querybuf", ECHO, NR(QUERYBUF), reqbufs_mmap, mmap, EIO, 1),
	/* The driver's own pointers, lengths. */
	R("pointer-ext-controls", POINTER, NR(G_EXT_CTRLS), none, g_ext, EIO, 1),
	R("length-qbuf", LENGTH, NR(QBUF), stream, qbuf_lost, EIO, 1),
	/* Too many of a thing, too large. */
	R("count-reqbufs", COUNT, NR(REQBUFS), s_fmt, reqbufs, EIO, 1),
	R("count-create-bufs", COUNT, NR(CREATE_BUFS), s_fmt, create, EIO, 1),
	R("count-framesizes", COUNT, NR(ENUM_FRAMESIZES), none, framesizes, EIO, 1),
	R("count-query-ext-ctrl", COUNT, NR(QUERY_EXT_CTRL), none, query_ext, EIO, 1),
	R("index-create-bufs", INDEX, NR(CREATE_BUFS), reqbufs, create, EIO, 1),
	R("size-of-format", SIZE, NR(G_FMT), s_fmt, reqbufs, EIO, 1),
	REGION("size-of-buffer", SIZE, NR(QUERYBUF), s_fmt, reqbufs_mmap, EIO, 1),
	R("session-open", SESSION, OPEN, none, open, EIO, 1),
	/* Region 0. */
	REGION("map-beyond", MAP_BEYOND, MMAP, reqbufs_mmap, mmap, EIO, 1),
	REGION("map-wrap", MAP_WRAP, MMAP, reqbufs_mmap, mmap, EIO, 1),
	REGION("map-unaligned", MAP_UNALIGNED, MMAP, reqbufs_mmap, mmap, EIO, 1),
	REGION("map-short", MAP_SHORT, MMAP, reqbufs_mmap, mmap, EIO, 1),
	/* What a device may say, though it is wrong; and silence. */
	R("long-g-fmt", LONG, NR(G_FMT), none, g_fmt, 0, 0),
	R("pointer-qbuf", POINTER, NR(QBUF), stream, frame, 0, 0),
	R("late-g-fmt", LATE, NR(G_FMT), none, g_fmt, 0, 0),
	R("never-g-fmt", NEVER, NR(G_FMT), none, g_fmt, ETIMEDOUT, 1),
	R("never-streamoff", NEVER, NR(STREAMOFF), stream, lost_session, EIO, 1),
	/* Events. */
	R("event-short", EV_SHORT, ANY, none, stream_again, 0, 1),
	R("event-type", EV_TYPE, ANY, none, stream_again, 0, 1),
	R("event-session", EV_SESSION, ANY, none, stream_again, 0, 1),
	R("event-index", EV_INDEX, ANY, none, stream_again, 0, 1),
	R("event-buffer-type", EV_BUFTYPE, ANY, none, stream_again, 0, 1),
	R("event-bytes", EV_BYTES, ANY, none, stream_again, 0, 1),
	R("event-empty", EV_LOST, ANY, none, stream_again, 0, 1),
	R("event-double", EV_DOUBLE, ANY, none, stream, 0, 1),
	R("event-not-lent", EV_NOTLENT, NR(G_FMT), more_streams, g_fmt, 0, 1),
	R("event-after-streamoff", EV_LATE, NR(STREAMOFF), more_streams, streamoff, 0, 1),
	R("event-unknown-session", EV_UNKNOWN, NR(G_FMT), none, g_fmt, 0, 1),
	R("error-unknown-session", EV_ERROR_UNKNOWN, NR(G_FMT), none, g_fmt, 0, 1),
	R("error-session", EV_ERROR, NR(G_FMT), more_streams, poll_error, EIO, 0),
};

/* Does a new session stream? */
static const char *still_good(struct client *c)
{
	static char why[128];
	const char *what = "stream";
	int fd = client_open(c, O_NONBLOCK), err;

	if (fd < 0)
		return "the device does not open any more";
	err = op_stream(c, fd);
	if (!err) {
		what = "give a frame";
		err = op_frame(c, fd);
	}
	close(fd);
	if (!err)
		return NULL;
	snprintf(why, sizeof(why), "a new session does not %s: %s", what, strerror(-err));
	return why;
}

static const char *prepare(struct client *c, const struct row *row, int *fd)
{
	*fd = client_open(c, O_NONBLOCK);
	if (*fd < 0)
		return "no session";
	if (row->before(c, *fd))
		return "it could not be prepared";
	if (client_arm(c, HOSTILE_ALL, ANY, 0, 0) || client_arm(c, row->fault, row->which, 1, 1))
		return "the device does not obey";
	return NULL;
}

static const char *judge(struct client *c, const struct row *row, long long refused, int err)
{
	static char why[128];

	if (err != -row->expect) {
		snprintf(why, sizeof(why), "it got %s, not %s", strerror(-err),
			 strerror(row->expect));
		return why;
	}
	if (!client_refused(c, refused + row->refused) ||
	    client_counter(c, "refused") != refused + row->refused) {
		snprintf(why, sizeof(why), "%lld refusals, not %d",
			 client_counter(c, "refused") - refused, row->refused);
		return why;
	}
	return NULL;
}

static const char *run_row(struct client *c, const struct row *row)
{
	uint64_t before = client_count(c, HOSTILE_CID_COUNT, row->fault);
	long long refused = client_counter(c, "refused");
	const char *why;
	int fd = -1, err;
	bool done;

	why = prepare(c, row, &fd);
	if (!why) {
		err = row->op(c, fd);
		/* Before it is disarmed and judged: what the driver refuses comes with the lie. */
		done = client_done(c, row->fault, before + 1);
		why = judge(c, row, refused, err);
		if (!done)
			why = "the device did not do it";
	}
	client_arm(c, HOSTILE_ALL, ANY, 0, 0);
	if (fd >= 0)
		close(fd);
	return why ? why : still_good(c);
}

int client_exact(struct client *c, const char *only)
{
	const char *why;
	unsigned int i;
	int fd = client_open(c, O_NONBLOCK);

	if (fd < 0 || op_query_ext(c, fd) || client_counter(c, "refused") < 0) {
		fprintf(stderr, "%s: no session, no control, or no counters\n", c->node);
		return 1;
	}
	close(fd);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (only && strcmp(only, rows[i].name) != 0)
			continue;
		if (rows[i].region && !c->region) {
			c->skipped++;
			continue;
		}
		why = run_row(c, &rows[i]);
		printf("%s %s%s%s\n", why ? "FAIL" : "pass", rows[i].name, why ? ": " : "",
		       why ? why : "");
		if (why)
			c->failed++;
		else
			c->passed++;
	}
	printf("%u passed, %u failed, %u skipped\n", c->passed, c->failed, c->skipped);
	return c->failed || !c->passed;
}
