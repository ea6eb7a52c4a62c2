/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel's limits on a process that serves a guest: what a guest holds leaves room for its
 * monitor; at the end of descriptors or mappings a command gets its errno, sessions go on, and
 * everything works again afterwards.
 */
#include "core/core.h"
#include "scarce.h"
#include "served.h"

#include <unistd.h>

#include "base/fd.h"

#define PAGE 4096u

static int open_session(struct guest *g, uint32_t *session)
{
	uint8_t req[8] = { 1 }, *resp;
	int err = guest_command(g, req, 8, 16, &resp);

	*session = le32(resp + 8);
	return err;
}

static int map_buffer(struct guest *g, uint32_t session)
{
	uint8_t map[20] = { 4 }, *resp;

	put32(map + 8, session);
	return guest_command(g, map, 20, 24, &resp);
}

/* QBUF of @n pages of guest memory, no two of them adjacent. */
static int qbuf_pages(struct guest *g, uint32_t session, uint32_t n)
{
	uint8_t req[16 + 88 + 8 * 16] = { 3 }, *resp;
	uint32_t i;

	put32(req + 8, session);
	put32(req + 12, VMEDIA_NR_QBUF);
	put32(req + 16 + 4, 1);
	put32(req + 16 + 60, VMEDIA_MEMORY_USERPTR);
	put32(req + 16 + 64, PAGE);
	put32(req + 16 + 72, n * PAGE);
	for (i = 0; i < n; i++) {
		put32(req + 104 + i * 16, (uint32_t)GUEST_GPA + (16 + 2 * i) * PAGE);
		put32(req + 104 + i * 16 + 8, PAGE);
	}
	return guest_command(g, req, 104 + n * 16, 96, &resp);
}

/* A guest with all buffers that it may have gets further memory, as much as a monitor may add. */
static void test_room_for_the_monitor(void **state)
{
	struct vmedia_vuf_region r = { .guest_addr = GUEST_GPA + GUEST_RAM, .size = PAGE };
	static struct vmedia_backing *b[2048];
	struct rlimit before, small;
	unsigned int n = 0, i;
	struct served *s;
	struct guest g;
	uint32_t session[2];

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	small = before;
	small.rlim_cur = 2 * VMEDIA_CORE_FILES_RESERVE;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &small), 0);
	s = served_listen(false);
	assert_int_equal(guest_connect(&g, s, 0), 0);
	guest_start(&g);
	for (i = 0; i < 2; i++) {
		session[i] = guest_open(&g);
		while (n < VMEDIA_ARRAY_SIZE(b) && !vmedia_backing_create(s->f.last, 1, &b[n]))
			n++;
	}
	assert_int_equal(n + 2 * FAKE_BUFFERS, VMEDIA_CORE_FILES_RESERVE);
	r.fd = g.ram_fd;
	for (i = 1; i < VMEDIA_MEM_MAX_REGIONS; i++, r.guest_addr += PAGE) {
		r.user_addr = r.guest_addr;
		assert_int_equal(vmedia_vuf_add_mem_reg(g.vuf, &r), 0);
	}
	for (i = 0; i < 2; i++) {
		assert_int_equal(map_buffer(&g, session[i]), 0);
		assert_int_equal(vmedia_vuf_set_vring_call(g.vuf, i, g.call[i]), 0);
	}
	guest_qbuf(&g, session[1]);
	while (n)
		vmedia_backing_put(b[--n]);
	guest_leave(&g);
	served_end(s);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

/* Not one descriptor is left. What needs none goes on. */
static void test_no_descriptors(void **state)
{
	struct served *s = served_listen(false);
	uint32_t a, b, none;
	struct scarce_files few;
	struct guest g;
	int round;

	for (round = 0; round < 3; round++) {
		assert_int_equal(guest_connect(&g, s, 0), 0);
		guest_start(&g);
		a = guest_open(&g);
		b = guest_open(&g);
		scarce_files_begin(&few);
		assert_int_equal(open_session(&g, &none), ENOMEM);
		guest_qbuf(&g, a);
		assert_int_equal(qbuf_pages(&g, b, 4), 0);
		assert_int_equal(open_session(&g, &none), ENOMEM);
		if (round == 1) {
			/* A message loses its descriptor: this connection ends, no other. */
			assert_int_not_equal(vmedia_vuf_set_vring_call(g.vuf, 0, g.call[0]), 0);
			scarce_files_end(&few);
			guest_leave(&g);
			continue;
		}
		scarce_files_end(&few);
		assert_int_equal(open_session(&g, &none), 0);
		assert_int_equal(map_buffer(&g, none), 0);
		guest_leave(&g);
	}
	assert_int_equal(served_stats(s).connections, 3);
	served_end(s);
}

/* Not one mapping is left. */
static void test_no_mappings(void **state)
{
	struct served *s = served_listen(false);
	struct vmedia_vuf_region r = { .guest_addr = GUEST_GPA + GUEST_RAM, .size = PAGE };
	struct scarce_maps few;
	uint32_t a, b, none;
	struct guest g;

	assert_int_equal(guest_connect(&g, s, 0), 0);
	guest_start(&g);
	a = guest_open(&g);
	b = guest_open(&g);
	assert_int_equal(qbuf_pages(&g, b, 4), 0);
	if (!scarce_maps_begin(&few)) {
		guest_leave(&g);
		served_end(s);
		skip();
	}
	assert_int_equal(open_session(&g, &none), ENOMEM);
	assert_int_equal(qbuf_pages(&g, a, 5), ENOMEM); /* neither seen as one piece nor copied */
	assert_int_equal(qbuf_pages(&g, a, 1), 0);	/* seen where it is */
	assert_int_equal(qbuf_pages(&g, b, 4), 0);	/* as before */
	guest_qbuf(&g, a);
	assert_int_equal(map_buffer(&g, a), 0);
	r.fd = g.ram_fd;
	r.user_addr = r.guest_addr;
	assert_int_not_equal(vmedia_vuf_add_mem_reg(g.vuf, &r), 0); /* refused, and told so */
	guest_qbuf(&g, b);
	scarce_maps_end(&few);
	assert_int_equal(vmedia_vuf_add_mem_reg(g.vuf, &r), 0);
	assert_int_equal(open_session(&g, &none), 0);
	assert_int_equal(qbuf_pages(&g, a, 5), 0);
	assert_int_equal(map_buffer(&g, none), 0);
	guest_leave(&g);
	served_end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_room_for_the_monitor),
		cmocka_unit_test(test_no_descriptors),
		cmocka_unit_test(test_no_mappings),
	};

	return cmocka_run_group_tests_name("core scarce", tests, NULL, NULL);
}
