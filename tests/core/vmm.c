/* SPDX-License-Identifier: BSD-3-Clause */
/* The monitor made of raw messages: see vmm.h. */
#include "vmm.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"

static void vmm_serve(struct guest *g);

/* ---- Messages ---- */

/* The u64 of the answer, -1 without one. */
int64_t vmm_send(struct vmm *v, uint32_t request, bool need_reply, const void *payload,
			uint32_t size, const int *fds, unsigned int num_fds)
{
	struct vmedia_vu_msg msg = {
		.hdr = { request, VMEDIA_VU_VERSION | (need_reply ? VMEDIA_VU_FLAG_NEED_REPLY : 0),
			 size },
		.num_fds = num_fds,
	};
	const struct vmedia_vu_row *row = vmedia_vu_row(VMEDIA_VU_FRONT, request);
	bool wait = need_reply || row->reply == VMEDIA_VU_REPLY_OWN;
	struct vmedia_vu_msg reply;

	if (size)
		memcpy(msg.p.bytes, payload, size);
	if (num_fds)
		memcpy(msg.fd, fds, num_fds * sizeof(int));
	assert_int_equal(vmedia_vuf_raw(v->g.vuf, &msg, wait, &reply), 0);
	served_step(v->g.s);
	if (!v->busy)
		vmm_serve(&v->g);
	if (!wait)
		return -1;
	assert_int_equal(reply.hdr.request, request);
	assert_int_equal(reply.hdr.flags, VMEDIA_VU_VERSION | VMEDIA_VU_FLAG_REPLY);
	assert_int_equal(reply.num_fds, 0);
	return reply.hdr.size ? (int64_t)reply.p.u64 : -1;
}

/* One that sets something, acknowledged if the monitor does that. */
void vmm_say(struct vmm *v, uint32_t request, const void *payload, uint32_t size,
		    const int *fds, unsigned int num_fds)
{
	assert_int_equal(vmm_send(v, request, v->ack, payload, size, fds, num_fds),
			 v->ack ? 0 : -1);
}

void vmm_u64(struct vmm *v, uint32_t request, uint64_t val)
{
	vmm_say(v, request, &val, sizeof(val), NULL, 0);
}

int64_t vmm_ask(struct vmm *v, uint32_t request)
{
	return vmm_send(v, request, false, NULL, 0, NULL, 0);
}

void vmm_state(struct vmm *v, uint32_t request, uint32_t idx, uint32_t num)
{
	struct vmedia_vu_vring_state st = { .index = idx, .num = num };

	vmm_say(v, request, &st, sizeof(st), NULL, 0);
}

void vmm_fd(struct vmm *v, uint32_t request, uint64_t idx, int fd)
{
	vmm_say(v, request, &idx, sizeof(idx), &fd, 1);
}

void vmm_addr(struct vmm *v, uint32_t idx)
{
	const struct vmedia_vq_layout *l = &v->layout[idx];
	uint64_t at = VMM_UVA + v->ring[idx];
	struct vmedia_vu_vring_addr a = {
		.index = idx, .desc = at + l->desc, .avail = at + l->driver, .used = at + l->device
	};

	vmm_say(v, VMEDIA_VU_SET_VRING_ADDR, &a, sizeof(a), NULL, 0);
}

void vmm_memory(struct vmm *v)
{
	struct vmedia_vu_mem_table t = { .num = 1 };

	t.region[0] = (struct vmedia_vu_region){ GUEST_GPA, GUEST_RAM, VMM_UVA, 0 };
	vmm_say(v, VMEDIA_VU_SET_MEM_TABLE, &t, 8 + 32, &v->g.ram_fd, 1);
}

void vmm_slot(struct vmm *v)
{
	struct vmedia_vu_mem_single s = { .region = { GUEST_GPA, GUEST_RAM, VMM_UVA, 0 } };

	vmm_say(v, VMEDIA_VU_ADD_MEM_REG, &s, sizeof(s), &v->g.ram_fd, 1);
}

uint32_t vmm_stop_ring(struct vmm *v, uint32_t idx)
{
	struct vmedia_vu_vring_state st = { .index = idx };
	uint64_t val = (uint64_t)vmm_send(v, VMEDIA_VU_GET_VRING_BASE, false, &st, sizeof(st), NULL,
					  0);

	assert_int_equal((uint32_t)val, idx);
	return val >> 32;
}

/* ---- Region 0 ---- */

static bool overlaps(const struct vmm *v, const struct vmedia_vu_mmap *m)
{
	unsigned int i;

	for (i = 0; i < v->num_maps; i++)
		if (m->shm_offset < v->map[i].shm_offset + v->map[i].len &&
		    v->map[i].shm_offset < m->shm_offset + m->len)
			return true;
	return false;
}

static uint64_t map_unmap(struct vmm *v, const struct vmedia_vu_msg *msg)
{
	const struct vmedia_vu_mmap *m = &msg->p.mmap;
	unsigned int i;

	assert_int_equal(m->shmid, 0);
	if (msg->hdr.request == VMEDIA_VU_B_SHMEM_MAP) {
		v->last_map = m->shm_offset;
		assert_int_equal(msg->num_fds, 1);
		if (!vmedia_range_ok(m->shm_offset, m->len, v->region) || overlaps(v, m) ||
		    v->num_maps == VMM_MAX_MAPS)
			return 1;
		v->map[v->num_maps++] = *m;
		return 0;
	}
	assert_int_equal(msg->hdr.request, VMEDIA_VU_B_SHMEM_UNMAP);
	for (i = 0; i < v->num_maps; i++) {
		if (v->map[i].shm_offset == m->shm_offset && v->map[i].len == m->len) {
			v->map[i] = v->map[--v->num_maps];
			return 0;
		}
	}
	return 1;
}

static void vmm_serve(struct guest *g)
{
	struct vmm *v = vmedia_container_of(g, struct vmm, g);
	struct vmedia_vu_msg msg;

	while (v->chan.fd >= 0 && vmedia_vu_link_recv(&v->chan, &msg) > 0) {
		struct vmedia_vu_hdr hdr = { msg.hdr.request,
					     VMEDIA_VU_VERSION | VMEDIA_VU_FLAG_REPLY, 8 };
		uint64_t no = map_unmap(v, &msg);

		v->refused += no;
		assert_int_equal(msg.hdr.flags, VMEDIA_VU_VERSION | VMEDIA_VU_FLAG_NEED_REPLY);
		assert_int_equal(vmedia_vu_link_send(&v->chan, &hdr, &no, NULL, 0), 0);
		vmedia_vu_msg_drop_fds(&msg);
		served_step(g->s);
	}
}

void vmm_channel(struct vmm *v)
{
	int sv[2];

	if (v->chan.fd < 0) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
		assert_int_equal(vmedia_vu_link_init(&v->chan, sv[0]), 0);
		v->chan_back = sv[1];
	}
	vmm_say(v, VMEDIA_VU_SET_BACKEND_REQ_FD, NULL, 0, &v->chan_back, 1);
}

/* ---- The machine ---- */

void vmm_open(struct vmm *v, struct served *s, unsigned int num, uint64_t region)
{
	struct vmedia_vuf_config cfg = { .timeout_ms = 2000,
					 .pump = guest_pump,
					 .pump_opaque = &v->g };

	memset(v, 0, sizeof(*v));
	v->num = num;
	v->region = region;
	v->chan.fd = v->chan_back = -1;
	v->g.s = s;
	v->g.serve = vmm_serve;
	v->g.kick[0] = v->g.kick[1] = v->g.call[0] = v->g.call[1] = -1;
	guest_ram(&v->g);
	assert_int_equal(vmedia_vuf_connect(s->path, &cfg, &served_guest_ops, v, &v->g.vuf), 0);
}

void vmm_close(struct vmm *v)
{
	vmedia_vu_link_finish(&v->chan);
	vmedia_fd_close(&v->chan_back);
	guest_leave(&v->g);
}

/* The driver makes its queues; the machine boots, again too. */
void vmm_boot(struct vmm *v)
{
	struct vmedia_vqr_config cfg = { .features = VMM_FEATURES, .name = "vmm" };
	unsigned int q;

	v->g.heap = 0;
	memset(v->g.ram, 0, GUEST_RAM);
	for (q = 0; q < 2; q++) {
		while (v->g.vqr[q] && vmedia_vqr_detach(v->g.vqr[q]))
			;
		vmedia_vqr_destroy(v->g.vqr[q]);
		assert_int_equal(vmedia_vq_layout(v->num, VMM_FEATURES, 0, &v->layout[q]), 0);
		cfg.layout = v->layout[q];
		v->g.heap = vmedia_align_up(v->g.heap, 4096);
		v->ring[q] = v->g.heap;
		cfg.base = v->g.ram + v->g.heap;
		cfg.base_gpa = GUEST_GPA + v->g.heap;
		v->g.heap += cfg.layout.size;
		assert_int_equal(vmedia_vqr_create(&cfg, &v->g.vqr[q]), 0);
		if (v->g.kick[q] < 0) {
			v->g.kick[q] = vmedia_eventfd();
			v->g.call[q] = vmedia_eventfd();
		}
	}
	v->g.heap = GUEST_RAM / 2;
}

int vmm_map_buffer(struct vmm *v, uint32_t session, uint32_t index, uint64_t *addr)
{
	uint8_t map[20] = { 4 }, *resp;
	int status;

	put32(map + 8, session);
	put32(map + 12, 1);
	put32(map + 16, index * FAKE_STRIDE);
	status = guest_command(&v->g, map, sizeof(map), 24, &resp);
	if (!status)
		*addr = le32(resp + 8) | (uint64_t)le32(resp + 12) << 32;
	return status;
}
