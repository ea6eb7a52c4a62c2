/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The messages of <vmedia/share_proto.h>: checking, sending and receiving. No state.
 *
 * Context: any thread.
 */
#ifndef VMEDIA_SHARE_WIRE_H
#define VMEDIA_SHARE_WIRE_H

#include <stddef.h>
#include <vmedia/share_proto.h>

enum vmedia_share_side {
	VMEDIA_SHARE_SUBSCRIBER,
	VMEDIA_SHARE_PUBLISHER,
};

union vmedia_share_message {
	struct vmedia_share_header header;
	struct vmedia_share_hello hello;
	struct vmedia_share_welcome welcome;
	struct vmedia_share_refused refused;
	struct vmedia_share_state state;
	struct vmedia_share_frame frame;
	struct vmedia_share_start start;
	struct vmedia_share_stop stop;
	struct vmedia_share_next next;
	struct vmedia_share_release release;
};

/* Copy @from, or nothing if it is NULL, as printable ASCII: a name is shown on terminals. */
void vmedia_share_copy_name(char *to, size_t size, const char *from);

/* Zero @msg and make it one of @type. */
void vmedia_share_prepare(union vmedia_share_message *msg, enum vmedia_share_type type);

/*
 * vmedia_share_check - check a packet
 * @from: who sent it
 * @num_fds: descriptors that came with it
 * @msg: receives the message
 *
 * Whatever depends on no other message is checked: type, size, descriptors, reserved members,
 * ranges. Returns 0; -EPROTO; -EPROTONOSUPPORT: HELLO, WELCOME or REFUSED of another version, of
 * which only the members that all versions have are in @msg.
 */
int vmedia_share_check(enum vmedia_share_side from, const void *bytes, size_t len,
		       unsigned int num_fds, union vmedia_share_message *msg);

/* Check a format alone. @slot_size: bytes that a picture may have. Returns 0 or -EINVAL. */
int vmedia_share_check_format(const struct vmedia_share_format *f, uint64_t slot_size);

/*
 * vmedia_share_send - send @msg, with @passed unless it is negative
 *
 * Does not wait. Returns 0; -EAGAIN: the peer does not read; -ECONNRESET: it is gone; other errno
 * of sendmsg().
 */
int vmedia_share_send(int fd, const union vmedia_share_message *msg, int passed);

/*
 * vmedia_share_recv - receive and check one message of @from
 * @passed: receives the descriptor that came with it, or -1; NULL: a descriptor is an error, and is
 *	not even installed
 *
 * Does not wait. Returns 0; -EAGAIN: there is none; -ECONNRESET: the peer is gone; errors of
 * vmedia_share_check(); other errno of recvmsg(). @passed is set only if it returns 0.
 */
int vmedia_share_recv(int fd, enum vmedia_share_side from, union vmedia_share_message *msg,
		      int *passed);

#endif
