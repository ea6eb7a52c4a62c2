/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The server over real sockets: who may listen, one guest after another, what each leaves behind.
 * The front-end is the project's own and runs in the same thread: while it waits for an answer it
 * steps the server's loop.
 */
#include "core/core.h"
#include "served.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"

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
		guest_offer(&g, 0, map, 20, 24, &resp);
		assert_int_equal(guest_take(&g, 0), 24);
		assert_int_equal(le32(resp), 0);
		assert_int_equal(le32(resp + 8), 0); /* the first address, whoever was before */
		assert_int_equal(g.maps, 1);
		guest_offer(&g, 1, NULL, 0, 608, &resp);
		guest_qbuf(&g, session);
		assert_int_equal(guest_take(&g, 1), 608);
		assert_int_equal(le32(resp), VMEDIA_EVT_DQBUF);
		guest_leave(&g);
		assert_int_equal(s->f.opens, (unsigned int)round + 1);
		assert_int_equal(s->f.closes, (unsigned int)round + 1);
		assert_int_equal(s->f.resets, (unsigned int)round + 1);
	}
	assert_int_equal(served_stats(s).connections, 3);
	assert_true(served_stats(s).chains[0] >= 9);
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
			guest_offer(&g, 1, NULL, 0, 608, &resp);
		/* Frames: after the first, posting the event buffer again needs no kick. */
		guest_qbuf(&g, session);
		assert_int_equal(guest_take(&g, 1), 608);
		guest_offer(&g, 1, NULL, 0, 608, &resp);
		served_step(s);
		kicks = served_stats(s).kicks[1];
		for (n = 0; n < 50; n++) {
			guest_qbuf(&g, session);
			assert_int_equal(guest_take(&g, 1), 608);
			guest_offer(&g, 1, NULL, 0, 608, &resp);
		}
		assert_int_equal(served_stats(s).kicks[1], kicks);
		/* None left: an event waits, and the next buffer kicks. */
		for (n = 0; n < 6; n++)
			guest_qbuf(&g, session);
		for (n = 0; n < 4; n++)
			assert_int_equal(guest_take(&g, 1), 608);
		assert_int_equal(guest_take(&g, 1), -EAGAIN);
		for (n = 0; n < 2; n++) {
			guest_offer(&g, 1, NULL, 0, 608, &resp);
			assert_int_equal(guest_take(&g, 1), 608);
		}
		guest_leave(&g);
	}
	served_end(s);
}

/* A command without a kick waits until the device is awake for a frame, and is taken then. */
static void test_without_kick(void **state)
{
	struct served *s = served_listen(false);
	uint8_t enuminput[16 + 80] = { 3 }, *resp;
	uint64_t kicks, calls;
	struct guest g;
	uint32_t session;

	assert_int_equal(guest_connect(&g, s, 0), 0);
	guest_start(&g);
	session = guest_open(&g);
	put32(enuminput + 8, session);
	put32(enuminput + 12, VMEDIA_NR_ENUMINPUT);
	for (unsigned int n = 0; n < 50; n++) {
		guest_offer(&g, 1, NULL, 0, 608, &resp);
		served_step(s);
		kicks = served_stats(s).kicks[0];
		calls = served_stats(s).calls[0];
		g.held = true;
		guest_offer(&g, 0, enuminput, sizeof(enuminput), 8 + 80, &resp);
		g.held = false;
		assert_int_equal(guest_take(&g, 0), -EAGAIN);
		fake_dqbuf(s->f.last, 1, 0);
		assert_int_equal(guest_take(&g, 0), 8 + 80);
		assert_int_equal(guest_take(&g, 1), 608);
		assert_int_equal(served_stats(s).kicks[0], kicks);
		assert_in_range(served_stats(s).calls[0], calls, calls + 1);
	}
	guest_leave(&g);
	served_end(s);
}

/* Everything that takes the back-end channel. */
static void test_channel(void **state)
{
	struct served *s = served_listen(false);
	uint8_t map[20] = { 4 }, unmap[16] = { 5 }, exp[16 + 64 + 16] = { 3 };
	uint8_t qbuf[16 + 88 + 16] = { 3 }, uuid[16], *resp;
	uint32_t session;
	struct guest g;
	int fd;

	assert_int_equal(guest_connect(&g, s, 0), 0);
	guest_start(&g);
	session = guest_open(&g);
	put32(map + 8, session);
	assert_int_equal(guest_command(&g, map, 20, 24, &resp), 0);
	memcpy(unmap + 8, resp + 8, 8);
	assert_int_equal(guest_command(&g, unmap, 16, 8, &resp), 0);
	assert_int_equal(g.maps, 1);
	assert_int_equal(g.unmaps, 1);
	assert_int_equal(guest_command(&g, unmap, 16, 8, &resp), EINVAL);

	put32(exp + 8, session);
	put32(exp + 12, VMEDIA_NR_EXPBUF);
	assert_int_equal(guest_command(&g, exp, sizeof(exp), 8 + 64 + 16, &resp), 0);
	memcpy(uuid, resp + 8 + 64, 16);
	while (!g.adds)
		assert_int_equal(vmedia_vuf_handle_backend_req(g.vuf), 0);
	assert_int_equal(vmedia_vuf_get_shared_object(g.vuf, uuid, &fd), 0);
	assert_true(fd >= 0);
	vmedia_fd_close(&fd);
	uuid[0] ^= 0xff;
	assert_int_equal(vmedia_vuf_get_shared_object(g.vuf, uuid, &fd), -ENOENT);

	put32(qbuf + 8, session);
	put32(qbuf + 12, VMEDIA_NR_QBUF);
	put32(qbuf + 16 + 4, 1);
	put32(qbuf + 16 + 60, VMEDIA_MEMORY_DMABUF);
	put32(qbuf + 16 + 72, 65536);
	qbuf[16 + 88] = 1;
	assert_int_equal(guest_command(&g, qbuf, sizeof(qbuf), 96 + 16, &resp), 0);
	assert_int_equal(guest_command(&g, qbuf, sizeof(qbuf), 96 + 16, &resp), 0);
	assert_int_equal(g.lookups, 1);
	qbuf[16 + 88] = 2;
	assert_int_equal(guest_command(&g, qbuf, sizeof(qbuf), 96 + 16, &resp), ENOENT);
	assert_int_equal(g.lookups, 2);

	assert_int_equal(vmedia_vuf_reset_device(g.vuf), 0);
	while (!g.removes)
		assert_int_equal(vmedia_vuf_handle_backend_req(g.vuf), 0);
	guest_leave(&g);
	served_end(s);
}

/* A front-end without a channel: no region 0, no objects, all else. */
static void test_no_channel(void **state)
{
	struct served *s = served_listen(false);
	uint8_t map[20] = { 4 }, exp[16 + 64 + 16] = { 3 }, *resp;
	uint32_t session;
	struct guest g;

	assert_int_equal(guest_connect_with(&g, s, 0, true), 0);
	guest_start(&g);
	session = guest_open(&g);
	put32(map + 8, session);
	assert_int_equal(guest_command(&g, map, 20, 24, &resp), ENODEV);
	put32(exp + 8, session);
	put32(exp + 12, VMEDIA_NR_EXPBUF);
	assert_int_equal(guest_command(&g, exp, sizeof(exp), 8 + 64 + 16, &resp), ENOTTY);
	guest_qbuf(&g, session);
	guest_leave(&g);
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
	served_step(s);
	assert_int_equal(s->f.closes, 1);
	assert_int_equal(s->f.resets, 1);
	guest_leave(&g);
	served_end(s);
}

static void test_second_waits(void **state)
{
	struct served *s = served_listen(false);
	struct guest a, b;
	struct vmedia_vuf_config cfg = { .timeout_ms = 2000,
					 .pump = guest_pump,
					 .pump_opaque = &b };

	assert_int_equal(guest_connect(&a, s, 0), 0);
	memset(&b, 0, sizeof(b));
	b.s = s;
	b.ram_fd = b.kick[0] = b.kick[1] = b.call[0] = b.call[1] = -1;
	assert_int_equal(vmedia_vuf_connect(s->path, &cfg, &served_guest_ops, &b, &b.vuf), 0);
	served_step(s);
	assert_int_equal(served_stats(s).connections, 1);
	guest_leave(&a);
	served_step(s);
	assert_int_equal(served_stats(s).connections, 2);
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

/*
 * Commands that wait for their turn, and others that come meanwhile: these are taken without a
 * kick. The driver must be asked for the kick of the next one all the same.
 */
static void test_kick_after_turns(void **state)
{
	uint8_t req[16 + 4] = { 3 }, *resp;
	struct served *s = served_listen(false);
	unsigned int i, burst, open;
	struct guest g;

	assert_int_equal(guest_connect(&g, s, 0), 0);
	guest_start(&g);
	put32(req + 8, guest_open(&g));
	put32(req + 12, VMEDIA_NR_G_INPUT);
	s->f.dev->turn_ns = 0;
	for (burst = 1; burst < 5; burst++) {
		for (i = 0; i < burst; i++)
			guest_offer(&g, 0, req, sizeof(req), 12, &resp);
		vmedia_loop_step(s->h.loop, 0);
		for (i = 0, open = burst; i < burst; i++, open++) {
			guest_offer(&g, 0, req, sizeof(req), 12, &resp);
			vmedia_loop_step(s->h.loop, 0);
		}
		while (open--)
			assert_int_equal(guest_take(&g, 0), 12);
	}
	guest_leave(&g);
	served_end(s);
}

/*
 * A command that lies in the ring, with no kick: is it taken by a loop that is about to sleep,
 * which looks each time or, after looking in vain, less often?
 */
static bool taken(struct guest *g, const uint8_t *req, uint32_t len, unsigned int sleeps)
{
	uint64_t chains = served_stats(g->s).chains[0];
	uint8_t *resp;

	g->held = true;
	guest_offer(g, 0, req, len, 12, &resp);
	g->held = false;
	while (served_stats(g->s).chains[0] == chains && sleeps--)
		assert_true(vmedia_loop_step(g->s->h.loop, 1) >= 0);
	if (served_stats(g->s).chains[0] == chains)
		return false;
	assert_int_equal(guest_take(g, 0), 12);
	return true;
}

/* Polling finds commands before their kicks; these are given all the same. */
static void test_polling(void **state)
{
	struct vmedia_server_options opts = { .poll_us = VMEDIA_SERVER_MAX_POLL };
	uint8_t req[16 + 4] = { 3 }, *resp;
	struct served *s;
	struct guest g;
	uint64_t kicks;
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++, opts.poll_us = 0) {
		unsigned int j;

		s = served_listen_with(0, &opts);
		assert_int_equal(guest_connect(&g, s, 0), 0);
		guest_start(&g);
		put32(req + 8, guest_open(&g));
		put32(req + 12, VMEDIA_NR_G_INPUT);
		for (j = 0; j < 100; j++) {
			kicks = served_stats(s).kicks[0];
			assert_int_equal(taken(&g, req, sizeof(req), opts.poll_us ? 10000 : 20),
					 opts.poll_us != 0);
			assert_int_equal(served_stats(s).kicks[0], kicks);
			if (!opts.poll_us)
				break;
		}
		/* the next one is kicked, and answered */
		kicks = served_stats(s).kicks[0];
		guest_offer(&g, 0, req, sizeof(req), 12, &resp);
		served_step(s);
		assert_int_equal(served_stats(s).kicks[0], kicks + 1);
		assert_int_equal(guest_take(&g, 0), 12);
		/* somebody who left is not looked at */
		guest_leave(&g);
		assert_true(vmedia_loop_step(s->h.loop, 1) >= 0);
		served_end(s);
	}
	s = served_new(NULL);
	opts.poll_us = VMEDIA_SERVER_MAX_POLL + 1;
	opts.socket_path = s->path;
	assert_int_equal(vmedia_server_create(s->f.dev, &opts, &s->srv), -EINVAL);
	s->srv = NULL;
	served_end(s);
}

/* The socket of a program stays the program's, before a server and after it. */
static void test_borrowed(void **state)
{
	struct served *s = served_new(NULL);
	struct vmedia_listener listener;
	struct vmedia_server_options opts = { .socket_path = s->path, .fd = -1 };
	struct guest g;

	assert_int_equal(vmedia_listen(&opts, &listener), 0);
	opts.socket_path = NULL;
	opts.listener = &listener;
	for (int round = 0; round < 2; round++) {
		assert_int_equal(vmedia_server_create(s->f.dev, &opts, &s->srv), 0);
		for (int guests = 0; guests < 2; guests++) {
			assert_int_equal(guest_connect(&g, s, 0), 0);
			guest_leave(&g);
		}
		vmedia_server_destroy(s->srv);
		s->srv = NULL;
		assert_int_equal(access(s->path, F_OK), 0);
		assert_int_not_equal(fcntl(listener.fd, F_GETFD), -1);
	}
	vmedia_listener_close(&listener);
	vmedia_listener_close(&listener);
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
	assert_int_equal(served_stats(s).connections, 1);
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
		served_step(s);
		close(fd);
		served_step(s);
	}
	assert_int_equal(guest_connect(&g, s, 0), 0);
	guest_start(&g);
	guest_open(&g);
	guest_leave(&g);
	assert_int_equal(served_stats(s).connections, 21);
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
		cmocka_unit_test(test_without_kick),
		cmocka_unit_test(test_kick_after_turns),
		cmocka_unit_test(test_polling),
		cmocka_unit_test(test_channel),
		cmocka_unit_test(test_no_channel),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_second_waits),
		cmocka_unit_test(test_socket_path),
		cmocka_unit_test(test_borrowed),
		cmocka_unit_test(test_once_and_fd),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_thousand_connections),
	};

	return cmocka_run_group_tests_name("core serve", tests, NULL, NULL);
}
