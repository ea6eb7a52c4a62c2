/* SPDX-License-Identifier: BSD-3-Clause */
/* The harness's peer of region 0 and of virtio objects, as transport operations. */
#ifndef VMEDIA_TESTS_CORE_HARNESS_PEER_H
#define VMEDIA_TESTS_CORE_HARNESS_PEER_H

#include "harness.h"

void harness_peer_map(struct vmedia_transport *t, int fd, uint64_t fd_offset, uint64_t shm_offset,
		      uint64_t len, bool writable, vmedia_transport_done_fn done, void *opaque);
void harness_peer_unmap(struct vmedia_transport *t, uint64_t shm_offset, uint64_t len,
			vmedia_transport_done_fn done, void *opaque);
void harness_peer_add(struct vmedia_transport *t, const uint8_t uuid[VMEDIA_UUID_SIZE]);
void harness_peer_remove(struct vmedia_transport *t, const uint8_t uuid[VMEDIA_UUID_SIZE]);
void harness_peer_lookup(struct vmedia_transport *t, const uint8_t uuid[VMEDIA_UUID_SIZE],
			 vmedia_transport_done_fn done, void *opaque);
/* The machine is reset, and the peer undoes all mappings by itself as QEMU does. */
void harness_peer_reset(struct harness *h);
/* The connection ends: waiting answers are -ECONNRESET, mappings and objects go. */
void harness_peer_end(struct harness *h);

#endif
