/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A virtual machine monitor made of raw messages: each goes out as a test writes it, nothing is
 * negotiated by our own front-end. It has a guest whose driver makes split rings, and a region 0
 * that refuses what does not fit or overlaps.
 */
#ifndef VMEDIA_TESTS_CORE_VMM_H
#define VMEDIA_TESTS_CORE_VMM_H

#include "served.h"

#define VMM_BIT(n)   (1ull << (n))
#define VMM_PF(n)    VMM_BIT(VMEDIA_VU_PF_##n)
#define VMM_FEATURES (VMM_BIT(VMEDIA_VIRTIO_F_VERSION_1) | VMM_BIT(VMEDIA_VU_F_PROTOCOL))
#define VMM_UVA	     0x7f1200000000ull /* where the monitor has the guest's memory */
#define VMM_MAX_MAPS 16

struct vmm {
	struct guest g;
	unsigned int num; /* descriptors of a queue */
	struct vmedia_vq_layout layout[2];
	uint64_t ring[2]; /* where each lies in the guest's memory */
	bool ack;	  /* NEED_REPLY on everything that has no answer of its own */
	bool busy;	  /* requests of the device wait while it sends messages */
	/* region 0 as the monitor has it */
	uint64_t region;
	struct vmedia_vu_link chan;
	int chan_back; /* the device's end, which Cloud Hypervisor keeps */
	struct vmedia_vu_mmap map[VMM_MAX_MAPS];
	unsigned int num_maps, refused;
	uint64_t last_map; /* offset of the last SHMEM_MAP, refused or not */
};

/* @num descriptors a queue, @region bytes of region 0. Connects and says nothing. */
void vmm_open(struct vmm *v, struct served *s, unsigned int num, uint64_t region);
void vmm_close(struct vmm *v);
/* The driver makes its queues; the machine boots, again too. */
void vmm_boot(struct vmm *v);

/* Any message. The u64 of the answer, -1 without one. */
int64_t vmm_send(struct vmm *v, uint32_t request, bool need_reply, const void *payload,
		 uint32_t size, const int *fds, unsigned int num_fds);
/* One that sets something, acknowledged if v->ack; it must succeed. */
void vmm_say(struct vmm *v, uint32_t request, const void *payload, uint32_t size, const int *fds,
	     unsigned int num_fds);
void vmm_u64(struct vmm *v, uint32_t request, uint64_t val);
void vmm_state(struct vmm *v, uint32_t request, uint32_t idx, uint32_t num);
void vmm_fd(struct vmm *v, uint32_t request, uint64_t idx, int fd);
void vmm_addr(struct vmm *v, uint32_t idx);
/* SET_MEM_TABLE, ADD_MEM_REG, SET_BACKEND_REQ_FD. */
void vmm_memory(struct vmm *v);
void vmm_slot(struct vmm *v);
void vmm_channel(struct vmm *v); /* again: the same one */
/* One without payload that has an answer; GET_VRING_BASE. */
int64_t vmm_ask(struct vmm *v, uint32_t request);
uint32_t vmm_stop_ring(struct vmm *v, uint32_t idx);

/* The guest's CMD_MMAP of a buffer: status, and 0 brings its address. */
int vmm_map_buffer(struct vmm *v, uint32_t session, uint32_t index, uint64_t *addr);

#endif
