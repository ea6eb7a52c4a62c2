/* SPDX-License-Identifier: BSD-3-Clause */
/* Server and guests for tests. */
#include "served.h"

#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"

#define NUM 16u
#define RAM GUEST_RAM
#define GPA GUEST_GPA

static struct served *new_with(const struct vmedia_limits *limits, uint64_t region)
{
	static unsigned int count; /* a test that failed leaves its socket open */
	struct served *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	vmedia_log_set_level(-1);
	assert_int_equal(harness_init(&s->h, NULL), 0);
	fake_create(&s->f, &s->h, limits, region);
	vmedia_device_detach(s->f.dev);
	s->f.resets = 0;
	snprintf(s->path, sizeof(s->path), "/tmp/vmedia-test-%d-%u.sock", (int)getpid(), count++);
	return s;
}

struct served *served_new(const struct vmedia_limits *limits)
{
	return new_with(limits, 0);
}

struct served *served_listen_with(uint64_t region, const struct vmedia_server_options *opts)
{
	struct served *s = new_with(NULL, region);
	struct vmedia_server_options o = *opts;

	o.socket_path = s->path;
	o.fd = -1;
	assert_int_equal(vmedia_server_create(s->f.dev, &o, &s->srv), 0);
	return s;
}

struct served *served_listen(bool once)
{
	return served_listen_with(0, &(struct vmedia_server_options){ .once = once });
}

void served_end(struct served *s)
{
	vmedia_server_destroy(s->srv);
	harness_finish(&s->h);
	assert_int_equal(s->f.opens, s->f.closes);
	assert_int_equal(access(s->path, F_OK), -1);
	free(s);
}

/* ---- A guest ---- */

void served_step(struct served *s)
{
	while (vmedia_loop_step(s->h.loop, 0) > 0)
		;
}

int guest_pump(void *opaque)
{
	struct guest *g = opaque;

	vmedia_loop_step(g->s->h.loop, 1);
	return 0;
}

static int on_map(void *opaque, uint8_t shmid, int fd, uint64_t fd_off, uint64_t shm_off,
		  uint64_t len, bool rw)
{
	struct guest *g = opaque;

	g->maps++;
	return 0;
}

static int on_unmap(void *opaque, uint8_t shmid, uint64_t shm_off, uint64_t len)
{
	struct guest *g = opaque;

	g->unmaps++;
	return 0;
}

static int on_add(void *opaque, const uint8_t uuid[VMEDIA_VU_UUID_SIZE])
{
	struct guest *g = opaque;

	g->adds++;
	return 0;
}

static int on_remove(void *opaque, const uint8_t uuid[VMEDIA_VU_UUID_SIZE])
{
	struct guest *g = opaque;

	g->removes++;
	return 0;
}

/* Every UUID that begins with 1 is a file of 64 KiB. */
static int on_lookup(void *opaque, const uint8_t uuid[VMEDIA_VU_UUID_SIZE])
{
	struct guest *g = opaque;

	g->lookups++;
	return uuid[0] == 1 ? vmedia_memfd("object", 65536) : -ENOENT;
}

const struct vmedia_vuf_ops served_guest_ops = {
	.shmem_map = on_map,
	.shmem_unmap = on_unmap,
	.object_add = on_add,
	.object_remove = on_remove,
	.object_lookup = on_lookup,
};

static void guest_queue(struct guest *g, unsigned int q)
{
	uint64_t features = vmedia_vuf_features(g->vuf);
	struct vmedia_vqr_config cfg = { .features = features, .name = "guest" };
	struct vmedia_vuf_vring ring = { .num = NUM, .err_fd = -1 };

	assert_int_equal(vmedia_vq_layout(NUM, features, 0, &cfg.layout), 0);
	g->heap = vmedia_align_up(g->heap, 4096);
	cfg.base = g->ram + g->heap;
	cfg.base_gpa = GPA + g->heap;
	g->heap += cfg.layout.size;
	assert_int_equal(vmedia_vqr_create(&cfg, &g->vqr[q]), 0);
	g->kick[q] = vmedia_eventfd();
	g->call[q] = vmedia_eventfd();
	ring.base = vmedia_vqr_base(g->vqr[q]);
	ring.desc = cfg.base_gpa + cfg.layout.desc;
	ring.avail = cfg.base_gpa + cfg.layout.driver;
	ring.used = cfg.base_gpa + cfg.layout.device;
	ring.kick_fd = g->kick[q];
	ring.call_fd = g->call[q];
	assert_int_equal(vmedia_vuf_setup_vring(g->vuf, q, &ring), 0);
}

int guest_connect_with(struct guest *g, struct served *s, uint64_t features, bool no_channel)
{
	struct vmedia_vuf_config cfg = {
		.timeout_ms = 2000,
		.features = features,
		.no_channel = no_channel,
		.pump = guest_pump,
		.pump_opaque = g,
	};
	int err;

	memset(g, 0, sizeof(*g));
	g->s = s;
	g->ram_fd = g->kick[0] = g->kick[1] = g->call[0] = g->call[1] = -1;
	err = vmedia_vuf_connect(s->path, &cfg, &served_guest_ops, g, &g->vuf);
	return err ? err : vmedia_vuf_negotiate(g->vuf);
}

int guest_connect(struct guest *g, struct served *s, uint64_t features)
{
	return guest_connect_with(g, s, features, false);
}

void guest_ram(struct guest *g)
{
	struct vmedia_mem_desc desc = { .gpa = GPA, .uva = GPA, .size = RAM };

	g->ram_fd = vmedia_memfd("guest", RAM);
	desc.fd = g->ram_fd;
	assert_int_equal(vmedia_mem_create(&desc, 1, &g->mem), 0);
	g->ram = vmedia_mem_at(g->mem, GPA, RAM);
}

void guest_start(struct guest *g)
{
	struct vmedia_vuf_region region = { .guest_addr = GPA, .user_addr = GPA, .size = RAM };

	guest_ram(g);
	region.fd = g->ram_fd;
	assert_int_equal(vmedia_vuf_set_mem_table(g->vuf, &region, 1), 0);
	guest_queue(g, 0);
	guest_queue(g, 1);
	g->heap = RAM / 2;
}

void guest_leave(struct guest *g)
{
	unsigned int q;

	vmedia_vuf_destroy(g->vuf);
	for (q = 0; q < 2; q++) {
		while (g->vqr[q] && vmedia_vqr_detach(g->vqr[q]))
			;
		vmedia_vqr_destroy(g->vqr[q]);
		vmedia_fd_close(&g->kick[q]);
		vmedia_fd_close(&g->call[q]);
	}
	vmedia_mem_put(g->mem);
	vmedia_fd_close(&g->ram_fd);
	served_step(g->s);
}

void guest_offer(struct guest *g, unsigned int q, const void *req, uint32_t req_len,
		 uint32_t resp_len, uint8_t **resp)
{
	struct vmedia_gpa_range out = { GPA + g->heap, req_len },
				in = { GPA + g->heap + 2048, resp_len };

	if (req_len)
		memcpy(g->ram + g->heap, req, req_len);
	*resp = g->ram + g->heap + 2048;
	g->heap = g->heap + 4096 < RAM ? g->heap + 4096 : RAM / 2;
	assert_int_equal(vmedia_vqr_add(g->vqr[q], &out, req_len ? 1 : 0, &in, resp_len ? 1 : 0,
					&g->cookie, 0),
			 0);
	vmedia_vqr_publish(g->vqr[q]);
	if (!g->held && vmedia_vqr_kick_needed(g->vqr[q]))
		vmedia_eventfd_signal(g->kick[q]);
}

int guest_take(struct guest *g, unsigned int q)
{
	void *cookie;
	uint32_t len;
	int i;

	for (i = 0; i < 100; i++) {
		served_step(g->s);
		if (vmedia_vqr_get_used(g->vqr[q], &cookie, &len) > 0)
			return (int)len;
		if (g->serve)
			g->serve(g);
		vmedia_vuf_handle_backend_req(g->vuf);
	}
	return -EAGAIN;
}

uint32_t guest_open(struct guest *g)
{
	uint8_t req[8] = { 1 }, *resp;

	guest_offer(g, 0, req, 8, 16, &resp);
	assert_int_equal(guest_take(g, 0), 16);
	assert_int_equal(le32(resp), 0);
	return le32(resp + 8);
}

void guest_qbuf(struct guest *g, uint32_t session)
{
	uint8_t req[16 + 88] = { 3 }, *resp;

	put32(req + 8, session);
	put32(req + 12, VMEDIA_NR_QBUF);
	put32(req + 16 + 4, 1);
	put32(req + 16 + 60, 1);
	guest_offer(g, 0, req, sizeof(req), 96, &resp);
	assert_int_equal(guest_take(g, 0), 96);
	assert_int_equal(le32(resp), 0);
}

struct vmedia_server_stats served_stats(struct served *s)
{
	struct vmedia_server_stats st;

	vmedia_server_stats(s->srv, &st);
	return st;
}

int guest_command(struct guest *g, const uint8_t *req, uint32_t len, uint32_t room, uint8_t **resp)
{
	int used;

	guest_offer(g, 0, req, len, room, resp);
	used = guest_take(g, 0);
	assert_true(used >= 8);
	return (int)le32(*resp);
}
