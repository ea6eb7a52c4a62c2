/* SPDX-License-Identifier: BSD-3-Clause */
/* A publisher and its subscribers in one process, which a test steps. */
#ifndef TESTS_SHARE_PAIR_H
#define TESTS_SHARE_PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <cmocka.h>
#include <vmedia/share.h>

#include "share/wire.h"

#define PAIR_BYTES 6000 /* of a picture */

struct pair {
	struct vmedia_loop *loop;
	struct vmedia_publisher *pub;
	int listen_fd;
	struct sockaddr_un addr;
	socklen_t addr_len;
	/* The source */
	bool runs;
	unsigned int starts, stops;
	int start_error;		/* what start() returns */
	int fails;			/* the source fails with it while it is started; 0: no */
	uint64_t sequence;
};

/* Zeros in @opts are the defaults; format, socket and operations are the pair's. */
void pair_begin(struct pair *p, const struct vmedia_publisher_options *opts);
void pair_end(struct pair *p);
/* Run the loop until nothing is left to do now. */
void pair_step(struct pair *p);
/* A connection that has said nothing. */
int pair_connect(struct pair *p);
/* A subscriber that was welcomed. */
struct vmedia_subscriber *pair_join(struct pair *p);
/* Publish a picture of which each byte is @byte; its time is its number times 1000. */
void pair_publish(struct pair *p, uint8_t byte);
/* Read what has come; fails the test on an error. */
void pair_process(struct vmedia_subscriber *sub);
/* Ask for a frame and take it; fails the test if none comes. */
struct vmedia_subscriber_frame pair_frame(struct pair *p, struct vmedia_subscriber *sub);
/* True if all of @frame is @byte. */
bool pair_shows(const struct vmedia_subscriber_frame *frame, uint8_t byte);
struct vmedia_publisher_stats pair_stats(struct pair *p);

/* Raw messages. Return the errno of the other end's answer as vmedia_share_recv() does. */
void pair_send(int fd, const union vmedia_share_message *m);
void pair_say(int fd, enum vmedia_share_type type, uint32_t stream, uint32_t slot);
int pair_receive(int fd, union vmedia_share_message *m);

#endif
