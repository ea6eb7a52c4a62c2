/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The protocol between a publisher, which owns a source of pictures, and its subscribers, which
 * show them.
 *
 * Transport: a UNIX socket of type SOCK_SEQPACKET. One message is one packet. All messages are the
 * structures below, of fixed size. Numbers have the byte order of the machine, since both ends run
 * on it. Reserved members are 0.
 *
 * Memory: the pictures are in slots of one memory file, slot n at n * slot_size. The file is
 * sealed: F_SEAL_SHRINK, F_SEAL_GROW and F_SEAL_SEAL, so no mapping of it can fault;
 * F_SEAL_FUTURE_WRITE, so subscribers can map it for reading only, and cannot write it in another
 * way. The publisher may change a slot that the subscriber does not hold at any time. The memory of
 * a picture has no hole when its slot is given.
 *
 *	subscriber	->	publisher	states of the connection
 *	HELLO				first message, once		new
 *				WELCOME	with the memory file		new -> idle
 *				REFUSED	then the publisher closes	any -> closed
 *	START				begin a stream			idle -> streaming
 *				STATE	after START, and on a change	streaming
 *	NEXT				ask for a picture		streaming
 *				FRAME	one for each NEXT		streaming
 *	RELEASE				give a slot back		streaming
 *	STOP				end the stream, give all back	streaming -> idle
 *
 * Pictures: NEXT asks for the newest picture that the subscriber has not had. If there is none yet,
 * the publisher answers when the next one is made. So a subscriber that is slow, or that wants
 * fewer pictures than the source makes, gets new ones and never a queue of old ones. FRAME gives it
 * a reference on the slot, until RELEASE or STOP. A subscriber holds at most max_held slots, a NEXT
 * that is not answered counted. The file has so many slots that the publisher finds a free one
 * whatever all subscribers hold.
 *
 * The source runs only while a subscriber streams. START and STOP may be frequent: the publisher
 * keeps the source running for a short time after the last STOP.
 *
 * Streams: START chooses a number. FRAME and STATE repeat it, and STOP, NEXT and RELEASE carry it.
 * So what is on its way while a stream ends is not taken for a part of the next one: a subscriber
 * ignores FRAME and STATE of another stream than its current one.
 *
 * The format does not change during a connection. A publisher that must change it closes all
 * connections, and the subscribers connect again.
 *
 * Versions: the first four members of HELLO, WELCOME and REFUSED are the same in all versions. A
 * publisher answers a HELLO of another version with REFUSED, which tells its own. There is no other
 * negotiation.
 *
 * Errors: a publisher that gets anything else (an unknown type, another size, a descriptor, a
 * message that the state does not allow, a slot that the subscriber does not hold) sends REFUSED
 * and closes. A subscriber that does just closes. A closed connection gives all of its slots back.
 */
#ifndef VMEDIA_SHARE_PROTO_H
#define VMEDIA_SHARE_PROTO_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VMEDIA_SHARE_MAGIC	0x52485356u	/* "VSHR", on a little-endian machine */
#define VMEDIA_SHARE_VERSION	1u

#define VMEDIA_SHARE_MAX_SLOTS	1024u
#define VMEDIA_SHARE_MAX_HELD	8u
#define VMEDIA_SHARE_MAX_SIDE	16384u		/* pixels */
#define VMEDIA_SHARE_MAX_SLOT	(1u << 30)	/* bytes of a slot */

enum vmedia_share_type {
	VMEDIA_SHARE_HELLO = 1,
	VMEDIA_SHARE_START,
	VMEDIA_SHARE_STOP,
	VMEDIA_SHARE_NEXT,
	VMEDIA_SHARE_RELEASE,
	VMEDIA_SHARE_WELCOME = 0x101,
	VMEDIA_SHARE_REFUSED,
	VMEDIA_SHARE_STATE,
	VMEDIA_SHARE_FRAME,
};

struct vmedia_share_header {
	uint32_t type;			/* enum vmedia_share_type */
	uint32_t size;			/* bytes of the message */
};

/* ---- The same in all versions ---- */

struct vmedia_share_hello {
	struct vmedia_share_header header;
	uint32_t magic;
	uint32_t version;
};

enum vmedia_share_reason {
	VMEDIA_SHARE_OTHER_VERSION = 1,
	VMEDIA_SHARE_FULL,		/* as many subscribers as the publisher serves */
	VMEDIA_SHARE_BAD_MESSAGE,	/* the subscriber broke the rules */
};

struct vmedia_share_refused {
	struct vmedia_share_header header;
	uint32_t magic;
	uint32_t version;		/* the publisher's */
	uint32_t reason;		/* enum vmedia_share_reason */
	uint32_t reserved;
};

/* ---- From the publisher ---- */

/* A picture in one plane of memory, with the colour planes as V4L2 has them. Values are V4L2's. */
struct vmedia_share_format {
	uint32_t pixelformat;
	uint32_t width, height;
	uint32_t bytesperline;		/* 0 for coded formats */
	uint32_t sizeimage;		/* the most bytes of a picture */
	uint32_t field;
	uint32_t colorspace, ycbcr_enc, quantization, xfer_func;
	/* Seconds from picture to picture, as the source plans them; 0/0: not known */
	uint32_t interval_numerator, interval_denominator;
};

/* Comes with one descriptor, the memory file. */
struct vmedia_share_welcome {
	struct vmedia_share_header header;
	uint32_t magic;
	uint32_t version;
	uint32_t num_slots;
	uint32_t max_held;
	uint64_t slot_size;		/* bytes, a multiple of the page size */
	struct vmedia_share_format format;
	char name[32];			/* for people; NUL-terminated */
};

enum vmedia_share_signal {
	VMEDIA_SHARE_NO_SIGNAL,		/* there is no picture: "error" tells why */
	VMEDIA_SHARE_LIVE,		/* pictures come, or will soon */
};

struct vmedia_share_state {
	struct vmedia_share_header header;
	uint32_t stream;
	uint32_t signal;		/* enum vmedia_share_signal */
	int32_t error;			/* 0 or negative errno; -ENODATA: a live source waits */
	uint32_t reserved;
};

struct vmedia_share_frame {
	struct vmedia_share_header header;
	uint32_t stream;
	uint32_t slot;
	uint32_t bytesused;
	uint32_t reserved;
	uint64_t sequence;		/* the source's number of the picture */
	uint64_t timestamp_ns;		/* the source's time of it: CLOCK_MONOTONIC */
	uint64_t missed;		/* pictures of the stream that were not given */
};

/* ---- From the subscriber ---- */

struct vmedia_share_start {
	struct vmedia_share_header header;
	uint32_t stream;
	uint32_t reserved;
};

struct vmedia_share_stop {
	struct vmedia_share_header header;
	uint32_t stream;
	uint32_t reserved;
};

struct vmedia_share_next {
	struct vmedia_share_header header;
	uint32_t stream;
	uint32_t reserved;
};

struct vmedia_share_release {
	struct vmedia_share_header header;
	uint32_t stream;
	uint32_t slot;
};

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_SHARE_PROTO_H */
