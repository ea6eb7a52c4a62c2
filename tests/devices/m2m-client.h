/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parts of m2m-client, of which m2m-client.c says what they are for.
 */
#ifndef VMEDIA_TEST_M2M_CLIENT_H
#define VMEDIA_TEST_M2M_CLIENT_H

#include <poll.h>

#include "v4l2-client.h"

#define IO (POLLIN | POLLOUT)

/* Open @node with O_NONBLOCK: both of its queues. */
void m2m_queues(const char *node, struct client_queue *out, struct client_queue *cap);
/* Buffer @index of both, there and back. */
void m2m_both(struct client_queue *out, struct client_queue *cap, unsigned int index);

/* A drained encoder goes on after START, or after STREAMOFF and ON of CAPTURE. */
int m2m_encode(const char *node, bool by_start);
int m2m_decode(const char *encoder, const char *decoder);

#endif /* VMEDIA_TEST_M2M_CLIENT_H */
