/* SPDX-License-Identifier: BSD-3-Clause */
/* A guest that gives the fake host pages of its own, SHARED_PAGES. */
#ifndef VMEDIA_TESTS_PROXY_FAKE_PAGES_H
#define VMEDIA_TESTS_PROXY_FAKE_PAGES_H

#include "fake_host.h"

#define CAPTURE V4L2_BUF_TYPE_VIDEO_CAPTURE
#define OUTPUT	V4L2_BUF_TYPE_VIDEO_OUTPUT
#define USERPTR V4L2_MEMORY_USERPTR

struct pages {
	uint8_t *page;
	uint8_t raw[2 * VMEDIA_SG_ENTRY_SIZE];
	struct vmedia_sg sg;
};

void get_pages(struct fake_host *f, struct pages *p);
/* Pages that are no piece: of which the device gets a copy. */
void get_odd_pages(struct fake_host *f, struct pages *p);
/* A host that has @memories beside MMAP, and a session. */
struct fake_host *opened(uint32_t memories, uint32_t *session);
/* QBUF. */
int give(struct fake_host *f, uint32_t session, uint32_t type, uint32_t index,
	 const struct pages *p);
/* @num CAPTURE buffers of pages, in the order of their indexes. */
struct fake_host *streaming(uint32_t *session, struct pages *p, uint32_t num);
/* Bytes that the device has counted. */
uint64_t copied(struct fake_host *f);
/* The host finishes a buffer, and the guest gets it. Returns its sequence number, 5 in the host. */
uint32_t frame(struct fake_host *f, uint32_t type, uint32_t index);

#endif
