/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Share one source of pictures among many programs of a machine: the publisher owns it, subscribers
 * show it. <vmedia/share_proto.h> has the protocol.
 *
 * Security model: neither end trusts the other. A publisher never waits for a subscriber. A
 * subscriber that is slow, hostile or dead loses its own pictures: what it may hold is limited,
 * what it holds comes back when its connection ends, and a publisher reads a limited number of its
 * messages at a time. A subscriber checks the memory file, its seals and each message. Pictures are
 * in memory that the publisher can change at any time: copy what you check.
 *
 * Who may connect: the permissions of the socket's file decide. Each process that may connect can
 * see the pictures, and takes one of the publisher's places.
 */
#ifndef VMEDIA_SHARE_H
#define VMEDIA_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vmedia/loop.h>
#include <vmedia/share_proto.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The publisher ---- */

struct vmedia_publisher;

#define VMEDIA_PUBLISHER_MAX_SUBSCRIBERS	64u
#define VMEDIA_PUBLISHER_LINGER_MS		500u

/* Context: the loop. */
struct vmedia_publisher_ops {
	/*
	 * Begin to make pictures: a subscriber streams. Returns 0 or negative errno; then it is
	 * called again after a second, while anybody streams.
	 */
	int (*start)(void *priv);
	/* Make no more: nobody has streamed for the linger time. A slot may still be taken. */
	void (*stop)(void *priv);
};

struct vmedia_publisher_options {
	/*
	 * A listening, non-blocking socket of type SOCK_SEQPACKET, as vmedia_listen() makes it with
	 * @seqpacket. Borrowed.
	 */
	int listen_fd;
	const struct vmedia_share_format *format;
	const char *name;		/* of the source, for people; cut to 31 bytes */
	uint32_t max_subscribers;	/* 0: 16; at most VMEDIA_PUBLISHER_MAX_SUBSCRIBERS */
	uint32_t max_held;		/* slots of one subscriber; 0: 2 */
	/*
	 * How long the source runs on after the last subscriber has stopped, so that programs which
	 * start and stop often do not switch a camera on and off; 0: VMEDIA_PUBLISHER_LINGER_MS
	 */
	uint32_t linger_ms;
	const struct vmedia_publisher_ops *ops;
	void *priv;
};

/* A picture that was written to a slot. */
struct vmedia_share_picture {
	uint32_t bytesused;
	uint64_t sequence;		/* number of the picture; a gap: the source lost some */
	uint64_t timestamp_ns;		/* CLOCK_MONOTONIC */
};

struct vmedia_publisher_stats {
	uint32_t subscribers;		/* connected, after HELLO */
	uint32_t streaming;		/* of these */
	uint64_t pictures;		/* published */
	uint64_t frames;		/* given to subscribers, all together */
	uint64_t refused;		/* connections that were refused or broke the rules */
};

/*
 * vmedia_publisher_create - make the memory and begin to accept subscribers
 *
 * The memory file has max_subscribers * max_held + 2 slots. Only slots that were used take memory:
 * 4 in all as long as each subscriber holds one at a time. Returns 0; -EINVAL: a format or a number
 * out of range; -ENOMEM; errno of memfd_create(), ftruncate(), mmap(), epoll_ctl(). Context: the
 * loop's thread, as all functions of the publisher.
 */
int vmedia_publisher_create(struct vmedia_loop *loop, const struct vmedia_publisher_options *opts,
			    struct vmedia_publisher **pub);
/* Close all connections. No slot may be taken. ops->stop() is called if the source runs. */
void vmedia_publisher_destroy(struct vmedia_publisher *pub);

/*
 * vmedia_publisher_take - get the memory of a free slot, to write the next picture there
 *
 * One slot at a time; another thread may write it. It ends with vmedia_publisher_publish() or
 * vmedia_publisher_put(). Returns its sizeimage bytes, never NULL.
 */
void *vmedia_publisher_take(struct vmedia_publisher *pub);
/* Give the picture in the taken slot to all who wait, and keep it for those who ask later. */
void vmedia_publisher_publish(struct vmedia_publisher *pub,
			      const struct vmedia_share_picture *picture);
/* The taken slot has no picture. */
void vmedia_publisher_put(struct vmedia_publisher *pub);

/*
 * vmedia_publisher_fail - there are no pictures, for the reason @err (negative errno), until the
 * next one is published. Subscribers are told.
 */
void vmedia_publisher_fail(struct vmedia_publisher *pub, int err);

void vmedia_publisher_stats(const struct vmedia_publisher *pub,
			    struct vmedia_publisher_stats *stats);

/* ---- The subscriber ---- */

struct vmedia_subscriber;

/* A picture. */
struct vmedia_subscriber_frame {
	const uint8_t *data;		/* changes only if the publisher is hostile */
	uint32_t bytesused;		/* at most sizeimage; raw formats: all of it */
	uint32_t slot;			/* for vmedia_subscriber_release() */
	uint64_t sequence, timestamp_ns, missed;
};

struct vmedia_subscriber_info {
	struct vmedia_share_format format;
	char name[32];			/* printable ASCII */
	uint32_t max_held;
};

/*
 * vmedia_subscriber_connect - connect to the publisher at @path
 *
 * Does not wait. Returns a descriptor; -ENOENT, -ECONNREFUSED: nobody listens there; -ENOTSOCK: it
 * is no socket; -EPROTOTYPE: a socket of another type; -EAGAIN: the publisher has too many
 * connections waiting; -ENAMETOOLONG; -EACCES; other errno of socket() and connect(). Context: any
 * thread.
 */
int vmedia_subscriber_connect(const char *path);

/*
 * vmedia_subscriber_create - speak to a publisher over @fd, a connected socket
 *
 * Sends HELLO. Owns @fd, also if it fails. Returns 0; -ENOMEM; -ECONNRESET. Context: any thread;
 * one at a time for each subscriber. No function waits.
 */
int vmedia_subscriber_create(int fd, struct vmedia_subscriber **sub);
/* Close the connection and unmap the pictures. NULL is allowed. */
void vmedia_subscriber_destroy(struct vmedia_subscriber *sub);

/* A descriptor that is readable when vmedia_subscriber_process() has something to do. Borrowed. */
int vmedia_subscriber_fd(const struct vmedia_subscriber *sub);

/*
 * vmedia_subscriber_process - read the messages that have come
 * @why: receives one sentence for people if it fails, without a newline
 *
 * Returns 0; -ECONNRESET: the publisher is gone; -EPROTONOSUPPORT: it has another version;
 * -EUSERS: it has too many subscribers; -EPROTO: it broke the rules, or says that this end did;
 * -ENOMEM. After an error the subscriber is useless: destroy it.
 */
int vmedia_subscriber_process(struct vmedia_subscriber *sub, char *why, size_t why_size);

/* What the publisher has; NULL before its WELCOME. Valid as long as @sub. */
const struct vmedia_subscriber_info *vmedia_subscriber_info(const struct vmedia_subscriber *sub);

/*
 * vmedia_subscriber_start - begin to stream, after WELCOME. Returns 0; -EAGAIN: no WELCOME yet;
 * -EBUSY: it streams; -ECONNRESET.
 * vmedia_subscriber_stop - end it. All frames go back. Does nothing if it does not stream.
 */
int vmedia_subscriber_start(struct vmedia_subscriber *sub);
void vmedia_subscriber_stop(struct vmedia_subscriber *sub);

/*
 * vmedia_subscriber_next - ask for the newest frame that was not given yet
 *
 * Does nothing if it was asked for and has not come. Returns 0; -EINVAL: does not stream; -ENOBUFS:
 * too many frames are held; -ECONNRESET.
 */
int vmedia_subscriber_next(struct vmedia_subscriber *sub);
/*
 * vmedia_subscriber_take - get the frame that has come. Returns false if none has. The caller gives
 * it back with vmedia_subscriber_release() or vmedia_subscriber_stop().
 */
bool vmedia_subscriber_take(struct vmedia_subscriber *sub, struct vmedia_subscriber_frame *frame);
/* Give back the slot of a frame that was taken. Returns 0; -EINVAL: it is not held; -ECONNRESET. */
int vmedia_subscriber_release(struct vmedia_subscriber *sub, uint32_t slot);

/*
 * vmedia_subscriber_signal - true if the publisher has pictures, or has not said anything yet
 * @err: receives its reason if false; may be NULL
 */
bool vmedia_subscriber_signal(const struct vmedia_subscriber *sub, int *err);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_SHARE_H */
