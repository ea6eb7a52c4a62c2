/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The server over real sockets: who may listen, one guest after another, what each leaves behind.
 * The front-end is the project's own and runs in the same thread: while it waits for an answer it
 * steps the server's loop.
 */
#include "test.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <vmedia/serve.h>

#include "base/fd.h"
#include "vhost/frontend.h"

#define NUM 16u
#define RAM (1u << 20)
#define GPA 0x100000ull

struct served {
	struct harness h; /* its loop and fake only; the device is attached by the server */
	struct fake f;
	struct vmedia_server *srv;
	char path[108];
};

struct guest {
	struct served *s;
	struct vmedia_vuf *vuf;
	int ram_fd, kick[2], call[2];
	uint8_t *ram;
	struct vmedia_mem *mem;
	struct vmedia_vqr *vqr[2];
	uint64_t heap;
	unsigned int maps, unmaps;
	int cookie;
};

static struct served *served_new(const struct vmedia_limits *limits)
{
	struct served *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	vmedia_log_set_level(-1);
	assert_int_equal(harness_init(&s->h, NULL), 0);
	fake_create(&s->f, &s->h, limits, 0);
	vmedia_device_detach(s->f.dev);
	s->f.resets = 0;
	snprintf(s->path, sizeof(s->path), "/tmp/vmedia-test-%d.sock", (int)getpid());
	return s;
}

static struct served *served_listen(bool once)
{
	struct served *s = served_new(NULL);
	struct vmedia_server_options opts = { .socket_path = s->path, .fd = -1, .once = once };

	assert_int_equal(vmedia_server_create(s->f.dev, &opts, &s->srv), 0);
	return s;
}

static void served_end(struct served *s)
{
	vmedia_server_destroy(s->srv);
	harness_finish(&s->h);
	assert_int_equal(s->f.opens, s->f.closes);
	assert_int_equal(access(s->path, F_OK), -1);
	free(s);
}

/* ---- A guest ---- */

static void step(struct served *s)
{
	while (vmedia_loop_step(s->h.loop, 0) > 0)
		;
}

static int pump(void *opaque)
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

static const struct vmedia_vuf_ops guest_ops = { .shmem_map = on_map, .shmem_unmap = on_unmap };

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

static int guest_connect(struct guest *g, struct served *s, uint64_t features)
{
	struct vmedia_vuf_config cfg = {
		.timeout_ms = 2000, .features = features, .pump = pump, .pump_opaque = g
	};
	int err;

	memset(g, 0, sizeof(*g));
	g->s = s;
	g->ram_fd = g->kick[0] = g->kick[1] = g->call[0] = g->call[1] = -1;
	err = vmedia_vuf_connect(s->path, &cfg, &guest_ops, g, &g->vuf);
	return err ? err : vmedia_vuf_negotiate(g->vuf);
}

static void guest_start(struct guest *g)
{
	struct vmedia_mem_desc desc = { .gpa = GPA, .uva = GPA, .size = RAM };
	struct vmedia_vuf_region region = { .guest_addr = GPA, .user_addr = GPA, .size = RAM };

	g->ram_fd = vmedia_memfd("guest", RAM);
	region.fd = desc.fd = g->ram_fd;
	assert_int_equal(vmedia_mem_create(&desc, 1, &g->mem), 0);
	g->ram = vmedia_mem_at(g->mem, GPA, RAM);
	assert_int_equal(vmedia_vuf_set_mem_table(g->vuf, &region, 1), 0);
	guest_queue(g, 0);
	guest_queue(g, 1);
	g->heap = RAM / 2;
}

static void guest_leave(struct guest *g)
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
	step(g->s);
}

static void offer(struct guest *g, unsigned int q, const void *req, uint32_t req_len,
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
	if (vmedia_vqr_kick_needed(g->vqr[q]))
		vmedia_eventfd_signal(g->kick[q]);
}

/* used.len of the next used chain, after the loop had its turn; -EAGAIN. */
static int take_used(struct guest *g, unsigned int q)
{
	void *cookie;
	uint32_t len;
	int i;

	for (i = 0; i < 100; i++) {
		step(g->s);
		if (vmedia_vqr_get_used(g->vqr[q], &cookie, &len) > 0)
			return (int)len;
		vmedia_vuf_handle_backend_req(g->vuf);
	}
	return -EAGAIN;
}

static uint32_t guest_open(struct guest *g)
{
	uint8_t req[8] = { 1 }, *resp;

	offer(g, 0, req, 8, 16, &resp);
	assert_int_equal(take_used(g, 0), 16);
	assert_int_equal(le32(resp), 0);
	return le32(resp + 8);
}

static void guest_qbuf(struct guest *g, uint32_t session)
{
	uint8_t req[16 + 88] = { 3 }, *resp;

	put32(req + 8, session);
	put32(req + 12, VMEDIA_NR_QBUF);
	put32(req + 16 + 4, 1);
	put32(req + 16 + 60, 1);
	offer(g, 0, req, sizeof(req), 96, &resp);
	assert_int_equal(take_used(g, 0), 96);
	assert_int_equal(le32(resp), 0);
}

static struct vmedia_server_stats stats(struct served *s)
{
	struct vmedia_server_stats st;

	vmedia_server_stats(s->srv, &st);
	return st;
}

/* ---- Tests ---- */

static void test_guest_after_guest(void **state)
{
	struct served *s = served_listen(false);
	uint8_t config[VMEDIA_CONFIG_SIZE], map[20] = { 4 }, *resp;
	struct vmedia_config cfg;
	struct guest g;
	uint32_t first = 0, session;
	int round;

	for (round = 0; round < 3; round++) {
		assert_int_equal(guest_connect(&g, s, 0), 0);
		assert_int_equal(vmedia_vuf_get_config(g.vuf, 0, config, sizeof(config)), 0);
		vmedia_config_decode(&cfg, config);
		assert_string_equal((char *)cfg.card, "fake");
		assert_int_equal(vmedia_vuf_get_config(g.vuf, 8, config, 4), 0);
		assert_memory_equal(config, "fake", 4);
		assert_int_equal(vmedia_vuf_shmem_size(g.vuf, 0), 64u << 20);
		guest_start(&g);
		session = guest_open(&g);
		assert_int_not_equal(session, first);
		first = session;
		put32(map + 8, session);
		offer(&g, 0, map, 20, 24, &resp);
		assert_int_equal(take_used(&g, 0), 24);
		assert_int_equal(le32(resp), 0);
		assert_int_equal(le32(resp + 8), 0); /* the first address, whoever was before */
		assert_int_equal(g.maps, 1);
		offer(&g, 1, NULL, 0, 608, &resp);
		guest_qbuf(&g, session);
		assert_int_equal(take_used(&g, 1), 608);
		assert_int_equal(le32(resp), VMEDIA_EVT_DQBUF);
		guest_leave(&g);
		assert_int_equal(s->f.opens, (unsigned int)round + 1);
		assert_int_equal(s->f.closes, (unsigned int)round + 1);
		assert_int_equal(s->f.resets, (unsigned int)round + 1);
	}
	assert_int_equal(stats(s).connections, 3);
	assert_true(stats(s).chains[0] >= 9);
	served_end(s);
}

static void test_packed_and_plain(void **state)
{
	struct served *s = served_listen(false);
	uint64_t v1 = 1ull << 32;
	const uint64_t features[] = { v1, v1 | 1ull << 29, v1 | 1ull << 34,
				      v1 | 1ull << 34 | 1ull << 29 | 1ull << 28 };
	struct guest g;
	unsigned int i, n;
	uint32_t session;
	uint8_t *resp;

	for (i = 0; i < VMEDIA_ARRAY_SIZE(features); i++) {
		uint64_t kicks;

		assert_int_equal(guest_connect(&g, s, features[i]), 0);
		guest_start(&g);
		session = guest_open(&g);
		for (n = 0; n < 4; n++)
			offer(&g, 1, NULL, 0, 608, &resp);
		/* Frames: after the first, posting the event buffer again needs no kick. */
		guest_qbuf(&g, session);
		assert_int_equal(take_used(&g, 1), 608);
		offer(&g, 1, NULL, 0, 608, &resp);
		step(s);
		kicks = stats(s).kicks[1];
		for (n = 0; n < 50; n++) {
			guest_qbuf(&g, session);
			assert_int_equal(take_used(&g, 1), 608);
			offer(&g, 1, NULL, 0, 608, &resp);
		}
		assert_int_equal(stats(s).kicks[1], kicks);
		/* None left: an event waits, and the next buffer kicks. */
		for (n = 0; n < 6; n++)
			guest_qbuf(&g, session);
		for (n = 0; n < 4; n++)
			assert_int_equal(take_used(&g, 1), 608);
		assert_int_equal(take_used(&g, 1), -EAGAIN);
		for (n = 0; n < 2; n++) {
			offer(&g, 1, NULL, 0, 608, &resp);
			assert_int_equal(take_used(&g, 1), 608);
		}
		guest_leave(&g);
	}
	served_end(s);
}

/* RESET_DEVICE, and a guest that comes back after it. */
static void test_reset(void **state)
{
	struct served *s = served_listen(false);
	struct guest g;
	uint32_t base;
	unsigned int q;

	assert_int_equal(guest_connect(&g, s, 0), 0);
	guest_start(&g);
	guest_open(&g);
	/* A pause keeps the session. */
	for (q = 0; q < 2; q++)
		assert_int_equal(vmedia_vuf_get_vring_base(g.vuf, q, &base), 0);
	assert_int_equal(s->f.closes, 0);
	assert_int_equal(vmedia_vuf_reset_device(g.vuf), 0);
	step(s);
	assert_int_equal(s->f.closes, 1);
	assert_int_equal(s->f.resets, 1);
	guest_leave(&g);
	served_end(s);
}

static void test_second_waits(void **state)
{
	struct served *s = served_listen(false);
	struct guest a, b;
	struct vmedia_vuf_config cfg = { .timeout_ms = 2000, .pump = pump, .pump_opaque = &b };

	assert_int_equal(guest_connect(&a, s, 0), 0);
	memset(&b, 0, sizeof(b));
	b.s = s;
	b.ram_fd = b.kick[0] = b.kick[1] = b.call[0] = b.call[1] = -1;
	assert_int_equal(vmedia_vuf_connect(s->path, &cfg, &guest_ops, &b, &b.vuf), 0);
	step(s);
	assert_int_equal(stats(s).connections, 1);
	guest_leave(&a);
	step(s);
	assert_int_equal(stats(s).connections, 2);
	assert_int_equal(vmedia_vuf_negotiate(b.vuf), 0);
	guest_start(&b);
	guest_open(&b);
	guest_leave(&b);
	served_end(s);
}

static void bind_only(const char *path, bool live, int *out)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	if (live)
		assert_int_equal(listen(fd, 1), 0);
	*out = fd;
}

static void test_socket_path(void **state)
{
	struct served *s = served_new(NULL);
	struct vmedia_server_options opts = { .socket_path = s->path, .fd = -1 };
	struct vmedia_server *other;
	char longest[200];
	struct stat st;
	FILE *f;
	int fd;

	/* Somebody listens. */
	bind_only(s->path, true, &fd);
	assert_int_equal(vmedia_server_create(s->f.dev, &opts, &s->srv), -EADDRINUSE);
	assert_int_equal(access(s->path, F_OK), 0);
	/* Nobody any more. */
	close(fd);
	assert_int_equal(vmedia_server_create(s->f.dev, &opts, &s->srv), 0);
	assert_int_equal(vmedia_server_create(s->f.dev, &opts, &other), -EADDRINUSE);
	vmedia_server_destroy(s->srv);
	assert_int_equal(access(s->path, F_OK), -1);
	/* A file of somebody is left alone. */
	f = fopen(s->path, "w");
	fputs("precious", f);
	fclose(f);
	assert_int_equal(vmedia_server_create(s->f.dev, &opts, &s->srv), -EADDRINUSE);
	assert_int_equal(stat(s->path, &st), 0);
	assert_int_equal(st.st_size, 8);
	unlink(s->path);
	/* Ours was replaced behind our back: not ours to unlink. */
	assert_int_equal(vmedia_server_create(s->f.dev, &opts, &s->srv), 0);
	unlink(s->path);
	bind_only(s->path, true, &fd);
	vmedia_server_destroy(s->srv);
	assert_int_equal(access(s->path, F_OK), 0);
	unlink(s->path);
	close(fd);
	/* Paths that are none. */
	memset(longest, 'x', sizeof(longest));
	longest[199] = 0;
	opts.socket_path = longest;
	assert_int_equal(vmedia_server_create(s->f.dev, &opts, &s->srv), -EINVAL);
	opts.socket_path = "";
	assert_int_equal(vmedia_server_create(s->f.dev, &opts, &s->srv), -EINVAL);
	opts.socket_path = "/nonexistent/dir/sock";
	assert_int_equal(vmedia_server_create(s->f.dev, &opts, &s->srv), -ENOENT);
	opts.socket_path = NULL;
	assert_int_equal(vmedia_server_create(s->f.dev, &opts, &s->srv), -EINVAL);
	opts.socket_path = s->path;
	opts.shmem_feature_bit = 5;
	assert_int_equal(vmedia_server_create(s->f.dev, &opts, &s->srv), -EINVAL);
	vmedia_server_destroy(NULL);
	s->srv = NULL;
	served_end(s);
}

/* `once' and `fd' end the loop after their guest. */
static void test_once_and_fd(void **state)
{
	struct served *s = served_listen(true);
	struct vmedia_server_options opts = { .fd = -1 };
	struct guest g;
	int pair[2];

	assert_int_equal(guest_connect(&g, s, 0), 0);
	guest_leave(&g);
	assert_int_equal(vmedia_loop_run(s->h.loop), 0);
	vmedia_server_destroy(s->srv);

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	opts.fd = pair[0];
	assert_int_equal(vmedia_server_create(s->f.dev, &opts, &s->srv), 0);
	close(pair[1]);
	assert_int_equal(vmedia_loop_run(s->h.loop), 0);
	assert_int_equal(stats(s).connections, 1);
	served_end(s);
}

/* Noise instead of a front-end: the next one is served. */
static void test_noise(void **state)
{
	struct served *s = served_listen(false);
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	uint8_t noise[256];
	struct guest g;
	int fd, i;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", s->path);
	for (i = 0; i < 20; i++) {
		memset(noise, i * 13, sizeof(noise));
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
		assert_true(write(fd, noise, (size_t)i * 12) >= 0);
		step(s);
		close(fd);
		step(s);
	}
	assert_int_equal(guest_connect(&g, s, 0), 0);
	guest_start(&g);
	guest_open(&g);
	guest_leave(&g);
	assert_int_equal(stats(s).connections, 21);
	served_end(s);
}

static void test_thousand_connections(void **state)
{
	struct served *s = served_listen(false);
	unsigned int i, fds = 0;
	size_t heap = 0;
	struct guest g;

	for (i = 0; i < 1000; i++) {
		if (i == 50) {
			fds = harness_count_fds();
			heap = harness_heap_bytes();
		}
		assert_int_equal(guest_connect(&g, s, i & 1 ? 0 : 1ull << 32 | 1ull << 34), 0);
		if (i & 2) {
			guest_start(&g);
			guest_qbuf(&g, guest_open(&g));
		}
		guest_leave(&g);
	}
	assert_int_equal(harness_count_fds(), fds);
	assert_int_equal(harness_heap_bytes(), heap);
	served_end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guest_after_guest),
		cmocka_unit_test(test_packed_and_plain),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_second_waits),
		cmocka_unit_test(test_socket_path),
		cmocka_unit_test(test_once_and_fd),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_thousand_connections),
	};

	return cmocka_run_group_tests_name("core serve", tests, NULL, NULL);
}
