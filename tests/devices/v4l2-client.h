/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Small V4L2 clients for guest tests: each call says what came of it, a line a call, so that what
 * two drivers do can be compared by diff.
 */
#ifndef VMEDIA_TEST_V4L2_CLIENT_H
#define VMEDIA_TEST_V4L2_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/videodev2.h>

#define CLIENT_BUFS 4

/* A queue of a node, and its buffers (MMAP). */
struct client_queue {
	int fd;
	uint32_t type;
	unsigned int num, num_planes;
	void *mem[CLIENT_BUFS][VIDEO_MAX_PLANES];
	uint32_t len[CLIENT_BUFS][VIDEO_MAX_PLANES];
	uint32_t used;			/* bytes that an OUTPUT buffer is queued with; 0: all */
	struct v4l2_plane planes[VIDEO_MAX_PLANES];
	struct v4l2_buffer last;	/* what the last call left */
};

/* printf() to the transcript, and flush. */
__attribute__((format(printf, 1, 2))) void client_say(const char *fmt, ...);
/* "WHAT: 0", or the errno's name. Returns @ret. */
int client_result(const char *what, int ret);
__attribute__((noreturn)) void client_die(const char *what);

int client_open(const char *node, int flags);
bool client_mplane(const struct client_queue *q);
/* Say what poll() says at once of @events. */
void client_poll(int fd, const char *what, short events);
/* Wait until poll() has said all of @want, and say what it says then. */
void client_await(int fd, const char *what, short want);

/* REQBUFS and, with @num, mmap. */
int client_request(struct client_queue *q, unsigned int num);
int client_queue_buf(struct client_queue *q, unsigned int index);
/* DQBUF; 0 or -1, silently. */
int client_take_buf(struct client_queue *q);
/* DQBUF, and say what came. */
int client_dequeue(struct client_queue *q);
int client_stream(struct client_queue *q, bool on);
/* Wait for a buffer, take it and say what came. */
void client_frame(struct client_queue *q);
/* Flags of buffer @index by QUERYBUF. */
void client_state(struct client_queue *q, unsigned int index);
uint32_t client_used(const struct client_queue *q);

int client_subscribe(int fd, uint32_t type);
/* DQEVENT, and say what came. */
int client_event(int fd);

/* Set up a client_queue of @fd and @type; with @width, S_FMT to that and @fourcc first. */
void client_setup(struct client_queue *q, int fd, uint32_t type);
int client_format(struct client_queue *q, uint32_t fourcc, uint32_t width, uint32_t height);

#endif /* VMEDIA_TEST_V4L2_CLIENT_H */
