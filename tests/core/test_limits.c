/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What one session leaves to the others: its share of each limit, and the exports of sessions that
 * are gone, which give way.
 */
#include "test.h"

#include <sys/resource.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/core.h"

#define PAGE	 4096u
#define BUFFER	 (3 * PAGE)		   /* what a buffer of the fake takes */
#define OPENED	 (FAKE_BUFFERS * BUFFER)   /* what a session of it takes */
#define WAITING	 (16u << 20)		   /* VMEDIA_CORE_HELD_BYTES */

static int expbuf(struct world *w, uint32_t session, uint32_t index, uint8_t *uuid)
{
	struct vmedia_cmd cmd;
	int err;

	harness_cmd_ioctl(&cmd, session, VMEDIA_NR_EXPBUF);
	cmd.io.arg.exportbuffer.index = index;
	err = harness_cmd(&w->h, &cmd);
	memcpy(uuid, cmd.io.uuid[0], 16);
	return err;
}

static uint32_t session_new(struct world *w)
{
	uint32_t id;

	assert_int_equal(harness_open(&w->h, &id), 0);
	return id;
}

static bool is_exported(struct world *w, const uint8_t *uuid)
{
	int fd = vmedia_device_shared_object(w->f.dev, uuid);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int map(struct world *w, uint32_t session, uint32_t index, uint64_t *addr)
{
	uint64_t len;

	return harness_mmap(&w->h, session, index * FAKE_STRIDE, 0, addr, &len);
}

static void test_defaults(void **state)
{
	struct world *w = world_new(NULL); /* with 64 MiB of region 0 */
	const struct vmedia_limits *l = vmedia_device_limits(w->f.dev);

	assert_int_equal(l->max_sessions, 128);
	assert_int_equal(l->max_buffers, 64);
	assert_int_equal(l->max_bytes, 1u << 30);
	assert_int_equal(l->max_mappings, 1024);
	assert_int_equal(l->max_subscriptions, 512);
	assert_int_equal(l->max_objects, 256);
	assert_int_equal(l->max_request, 1071144);
	assert_int_equal(l->max_ctrl_bytes, 1u << 20);
	assert_int_equal(l->session_region, 48u << 20);
	assert_int_equal(l->session_bytes, l->session_region);
	assert_int_equal(l->session_mappings, 768);
	assert_int_equal(l->session_objects, 192);
	world_end(w);

	w = calloc(1, sizeof(*w));
	assert_int_equal(harness_init(&w->h, NULL), 0);
	fake_create(&w->f, &w->h, NULL, UINT64_MAX); /* without */
	assert_int_equal(vmedia_device_limits(w->f.dev)->session_bytes, 768u << 20);
	world_end(w);
}

/* What a process needs: each limit in it, and no more than bytes and mappings allow. */
static void test_needs(void **state)
{
	const uint64_t reserve = 640, most = 32000;
	struct vmedia_limits l;
	struct vmedia_needs n;

	vmedia_limits_default(&l);
	vmedia_limits_needs(&l, &n);
	assert_int_equal(n.files, 128 * 64 + 1024 + 2 * 256 + reserve);
	assert_true(n.mappings > n.files && n.mappings < 65530);
	assert_true(n.threads > 128);

	l.max_sessions = 2;
	l.max_buffers = 3;
	l.max_mappings = 4;
	l.max_objects = 5;
	vmedia_limits_needs(&l, &n);
	assert_int_equal(n.files, 2 * 3 + 4 + 2 * 5 + reserve);
	l.max_bytes = 7 * vmedia_page_size();
	vmedia_limits_needs(&l, &n);
	assert_int_equal(n.files, 7 + 5 + reserve);

	l.max_sessions = l.max_buffers = l.max_mappings = l.max_objects = UINT32_MAX;
	l.max_bytes = UINT64_MAX;
	vmedia_limits_needs(&l, &n);
	assert_int_equal(n.files, most + reserve);
	assert_true(n.mappings > UINT32_MAX);
}

/* The account of a process with room for them has at least the files that the limits need. */
static void test_needs_suffice(void **state)
{
	struct vmedia_limits l;
	struct vmedia_needs n;
	struct rlimit old, rl;

	vmedia_limits_default(&l);
	l.max_sessions = 8;
	vmedia_limits_needs(&l, &n);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	rl = old;
	rl.rlim_cur = (rlim_t)n.files;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &rl), 0);
	assert_int_equal(vmedia_account_default_files(), 8 * 64 + 1024 + 2 * 256);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

static void test_bytes(void **state)
{
	struct vmedia_backing *a, *b, *more;
	struct vmedia_limits limits;
	struct vmedia_session *s;
	struct world *w;

	vmedia_limits_default(&limits);
	limits.max_bytes = 4 * OPENED;
	limits.session_bytes = 2 * OPENED;
	w = world_new(&limits);
	session_new(w);
	s = w->f.last;
	assert_int_equal(vmedia_backing_create(s, OPENED, &a), 0);
	assert_int_equal(vmedia_backing_create(s, 1, &more), -ENOMEM);
	session_new(w);
	assert_int_equal(vmedia_backing_create(w->f.last, OPENED, &b), 0);
	/* The device's limit is above all shares. */
	assert_int_equal(harness_open(&w->h, &w->session), -ENOMEM);
	vmedia_backing_put(a);
	assert_int_equal(vmedia_backing_create(s, OPENED, &a), 0);
	vmedia_backing_put(a);
	vmedia_backing_put(b);
	assert_int_equal(stats_of(w).bytes_held, 2 * OPENED);
	world_end(w);
}

/* Descriptors of the process are not the guest's to use up, nor the guest's one session's. */
static void test_files(void **state)
{
	struct rlimit old, few = { 128 + 40, 0 };
	struct vmedia_backing *b[128];
	struct vmedia_cmd cmd;
	struct world *w;
	unsigned int n = 0;
	int fd;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	w = world_new(NULL);
	session_new(w);
	while (n < 128 && !vmedia_backing_create(w->f.last, 1, &b[n]))
		n++;
	/* Half of so few are for buffers, and three quarters of these for one session. */
	assert_int_equal(n + FAKE_BUFFERS, 84 - 84 / 4);
	harness_cmd_ioctl(&cmd, session_new(w), VMEDIA_NR_QBUF);
	cmd.io.arg.buffer.type = VMEDIA_BUF_TYPE_VIDEO_CAPTURE;
	cmd.io.arg.buffer.memory = VMEDIA_MEMORY_DMABUF;
	cmd.io.arg.buffer.length = 4096;
	while (n < 128 && !vmedia_backing_create(w->f.last, 1, &b[n]))
		n++;
	assert_int_equal(n + 2 * FAKE_BUFFERS, 84);
	assert_int_equal(vmedia_backing_from_fd(w->f.dev, w->h.ram_fd, 0, 1, &b[n]), -ENOMEM);
	harness_add_object(&w->h, cmd.io.uuid[0], 4096);
	assert_int_equal(harness_cmd(&w->h, &cmd), -ENOMEM);
	fd = dup(0);
	assert_true(fd >= 0);
	close(fd);
	while (n)
		vmedia_backing_put(b[--n]);
	assert_int_equal(vmedia_backing_create(w->f.last, 1, &b[0]), 0);
	vmedia_backing_put(b[0]);
	world_end(w);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

static void test_objects(void **state)
{
	struct vmedia_limits limits;
	uint32_t a, b;
	struct world *w;
	uint8_t uuid[16];

	vmedia_limits_default(&limits);
	limits.max_objects = 4;
	w = world_new(&limits);
	a = session_new(w);
	b = session_new(w);
	assert_int_equal(expbuf(w, a, 0, uuid), 0);
	assert_int_equal(expbuf(w, a, 1, uuid), 0);
	assert_int_equal(expbuf(w, a, 2, uuid), 0);
	assert_int_equal(expbuf(w, a, 3, uuid), -ENOMEM);
	assert_int_equal(expbuf(w, a, 2, uuid), 0); /* no new one */
	assert_int_equal(expbuf(w, b, 0, uuid), 0);
	assert_int_equal(expbuf(w, b, 1, uuid), -ENOMEM);
	assert_int_equal(w->h.removes, 0); /* all of them are buffers still */
	world_end(w);
}

static void test_mappings(void **state)
{
	struct vmedia_limits limits;
	uint64_t at, first;
	struct world *w;
	uint32_t a, b;

	vmedia_limits_default(&limits);
	limits.max_mappings = 3;
	limits.session_mappings = 2;
	w = world_new(&limits);
	a = session_new(w);
	b = session_new(w);
	assert_int_equal(map(w, a, 0, &first), 0);
	assert_int_equal(map(w, a, 1, &at), 0);
	assert_int_equal(map(w, a, 2, &at), -ENOMEM);
	assert_int_equal(map(w, b, 0, &at), 0);
	assert_int_equal(map(w, b, 1, &at), -ENOMEM);
	assert_int_equal(harness_munmap(&w->h, first), 0);
	assert_int_equal(map(w, b, 1, &at), 0);
	/* Mappings that outlive their session stay, and count for nobody who comes. */
	harness_close(&w->h, b);
	b = session_new(w);
	assert_int_equal(map(w, b, 0, &first), -ENOMEM);
	assert_int_equal(harness_munmap(&w->h, at), 0);
	assert_int_equal(map(w, b, 0, &first), 0);
	world_end(w);
}

static void test_region(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct vmedia_limits limits;
	uint64_t at[FAKE_BUFFERS];
	uint32_t a, b;

	vmedia_limits_default(&limits);
	limits.session_bytes = 2 * OPENED;
	assert_int_equal(harness_init(&w->h, NULL), 0);
	fake_create(&w->f, &w->h, &limits, 4 * BUFFER);
	a = session_new(w);
	b = session_new(w);
	assert_int_equal(map(w, a, 0, &at[0]), 0);
	assert_int_equal(map(w, a, 1, &at[1]), 0);
	assert_int_equal(map(w, a, 2, &at[2]), 0);
	assert_int_equal(map(w, a, 3, &at[3]), -ENOMEM);
	assert_int_equal(map(w, b, 0, &at[3]), 0);
	assert_int_equal(harness_munmap(&w->h, at[1]), 0);
	assert_int_equal(map(w, a, 3, &at[1]), 0);
	world_end(w);
}

/* One program exports all that there is and closes: the next ones get memory, as they need it. */
static void test_closed_exports_give_way(void **state)
{
	uint8_t uuid[FAKE_BUFFERS][16];
	struct vmedia_limits limits;
	struct vmedia_backing *m;
	uint32_t a, i, round;
	struct world *w;

	vmedia_limits_default(&limits);
	limits.max_bytes = 2 * OPENED;
	limits.session_bytes = 2 * OPENED;
	w = world_new(&limits);
	a = session_new(w);
	for (i = 0; i < FAKE_BUFFERS; i++)
		assert_int_equal(expbuf(w, a, i, uuid[i]), 0);
	harness_close(&w->h, a);
	session_new(w);
	assert_int_equal(stats_of(w).bytes_held, 2 * OPENED);
	assert_int_equal(w->h.removes, 0); /* as long as there is room, they stay */

	assert_int_equal(vmedia_backing_create(w->f.last, 1, &m), 0);
	assert_int_equal(w->h.removes, 1);
	assert_false(is_exported(w, uuid[0])); /* the oldest */
	for (i = 1; i < FAKE_BUFFERS; i++)
		assert_true(is_exported(w, uuid[i]));
	vmedia_backing_put(m);
	/* What cannot be had anyway costs nobody anything. */
	assert_int_equal(vmedia_backing_create(w->f.last, 2 * OPENED + 1, &m), -ENOMEM);
	assert_int_equal(vmedia_backing_create(w->f.last, OPENED + 1, &m), -ENOMEM);
	assert_int_equal(w->h.removes, 1);
	assert_int_equal(vmedia_backing_create(w->f.last, OPENED, &m), 0);
	assert_int_equal(w->h.removes, FAKE_BUFFERS);
	vmedia_backing_put(m);

	for (round = 0; round < 20; round++) {
		a = session_new(w);
		for (i = 0; i < FAKE_BUFFERS; i++)
			assert_int_equal(expbuf(w, a, i, uuid[i]), 0);
		harness_close(&w->h, a);
	}
	world_end(w);
}

/* The same for their number; and in a session at its share, those of buffers that it has freed. */
static void test_idle_exports_give_way(void **state)
{
	struct vmedia_limits limits;
	struct fake_session *fs;
	struct world *w;
	uint8_t uuid[3][16], last[16];
	uint32_t a, i;

	vmedia_limits_default(&limits);
	limits.max_objects = 4; /* a share of three */
	w = world_new(&limits);
	a = session_new(w);
	fs = vmedia_session_priv(w->f.last);
	for (i = 0; i < 3; i++)
		assert_int_equal(expbuf(w, a, i, uuid[i]), 0);
	for (i = 0; i < 3; i++) {
		vmedia_backing_put(fs->buffer[i]);
		assert_int_equal(vmedia_backing_create(w->f.last, FAKE_LENGTH, &fs->buffer[i]), 0);
	}
	assert_int_equal(w->h.removes, 0);
	assert_int_equal(expbuf(w, a, 0, last), 0);
	assert_int_equal(w->h.removes, 1);
	assert_false(is_exported(w, uuid[0]));
	assert_true(is_exported(w, uuid[1]));

	/* Another's open session keeps what it has; a closed one does not. */
	w->session = session_new(w);
	assert_int_equal(expbuf(w, w->session, 0, last), 0);
	assert_int_equal(expbuf(w, w->session, 1, last), -ENOMEM);
	harness_close(&w->h, a);
	assert_int_equal(expbuf(w, w->session, 1, last), 0);
	assert_int_equal(w->h.removes, 2);
	assert_false(is_exported(w, uuid[1]));
	world_end(w);
}

/* Another device that was given the file has the frame, whatever becomes of the buffer. */
static void test_given_export_keeps_bytes(void **state)
{
	struct vmedia_limits limits;
	uint8_t uuid[16], byte = 0;
	struct fake_session *fs;
	struct world *w;
	int fd;

	vmedia_limits_default(&limits);
	limits.max_objects = 1;
	w = world_new(&limits);
	w->session = session_new(w);
	fs = vmedia_session_priv(w->f.last);
	memset(vmedia_backing_addr(fs->buffer[0]), 0x5a, FAKE_LENGTH);
	assert_int_equal(expbuf(w, w->session, 0, uuid), 0);
	fd = vmedia_device_shared_object(w->f.dev, uuid);
	assert_true(fd >= 0);
	harness_close(&w->h, w->session);
	w->session = session_new(w);
	assert_int_equal(expbuf(w, w->session, 0, uuid), 0); /* pushes the first one out */
	vmedia_pages_wait(&w->f.dev->account->pages);
	assert_int_equal(pread(fd, &byte, 1, FAKE_LENGTH - 1), 1);
	assert_int_equal(byte, 0x5a);
	close(fd);
	world_end(w);
}

/* A mapping is valid until MUNMAP: what is mapped does not give way, it would free nothing. */
static void test_mapped_export_stays(void **state)
{
	struct vmedia_limits limits;
	struct vmedia_backing *m;
	uint8_t uuid[2][16];
	struct world *w;
	uint64_t at;
	uint32_t a;

	vmedia_limits_default(&limits);
	limits.max_bytes = OPENED + 2 * BUFFER;
	limits.session_bytes = OPENED + 2 * BUFFER;
	w = world_new(&limits);
	a = session_new(w);
	assert_int_equal(expbuf(w, a, 0, uuid[0]), 0);
	assert_int_equal(expbuf(w, a, 1, uuid[1]), 0);
	assert_int_equal(map(w, a, 0, &at), 0);
	harness_close(&w->h, a);
	session_new(w);
	assert_int_equal(vmedia_backing_create(w->f.last, BUFFER, &m), 0);
	vmedia_backing_put(m);
	assert_true(is_exported(w, uuid[0]));
	assert_false(is_exported(w, uuid[1]));
	assert_int_equal(harness_map_at(&w->h, at)->addr[0], 0x10);
	assert_int_equal(vmedia_backing_create(w->f.last, 2 * BUFFER, &m), -ENOMEM);
	assert_int_equal(harness_munmap(&w->h, at), 0);
	assert_int_equal(vmedia_backing_create(w->f.last, 2 * BUFFER, &m), 0);
	assert_false(is_exported(w, uuid[0]));
	vmedia_backing_put(m);
	world_end(w);
}

/* Imports are looked up again if need be; one session's do not push out another's. */
static void test_imports(void **state)
{
	struct vmedia_limits limits;
	uint8_t uuid[16] = { 0 };
	struct vmedia_cmd cmd;
	uint32_t a, b, i;
	struct world *w;

	vmedia_limits_default(&limits);
	limits.max_objects = 4; /* a share of three */
	w = world_new(&limits);
	w->f.no_events = true;
	a = session_new(w);
	b = session_new(w);
	for (i = 0; i < 11; i++) {
		uuid[0] = (uint8_t)(i < 10 ? i : 0);
		if (i < 10)
			harness_add_object(&w->h, uuid, 4096);
		harness_cmd_ioctl(&cmd, i && i < 10 ? b : a, VMEDIA_NR_QBUF);
		cmd.io.arg.buffer.type = VMEDIA_BUF_TYPE_VIDEO_CAPTURE;
		cmd.io.arg.buffer.memory = VMEDIA_MEMORY_DMABUF;
		cmd.io.arg.buffer.length = 4096;
		memcpy(cmd.io.uuid[0], uuid, 16);
		assert_int_equal(harness_cmd(&w->h, &cmd), 0);
	}
	assert_int_equal(w->h.lookups, 10);
	world_end(w);
}

/* A plane of guest pages has an end. */
static void test_long_plane(void **state)
{
	uint8_t raw[17 * VMEDIA_SG_ENTRY_SIZE];
	struct world *w = world_new(NULL);
	struct vmedia_cmd cmd;
	uint32_t i, a;

	w->f.no_events = true;
	a = session_new(w);
	for (i = 0; i < 17; i++)
		vmedia_sg_put(raw, i, &(struct vmedia_sg_entry){ HARNESS_GPA, HARNESS_RAM });
	for (i = 16; i <= 17; i++) {
		harness_cmd_ioctl(&cmd, a, VMEDIA_NR_QBUF);
		cmd.io.arg.buffer.type = VMEDIA_BUF_TYPE_VIDEO_CAPTURE;
		cmd.io.arg.buffer.memory = VMEDIA_MEMORY_USERPTR;
		cmd.io.arg.buffer.length = i * HARNESS_RAM;
		cmd.io.arg.buffer.m.userptr = 0x7f0000000000;
		cmd.io.plane_sg[0] = (struct vmedia_sg){ raw, i };
		assert_int_equal(harness_cmd(&w->h, &cmd), i == 16 ? 0 : -E2BIG); /* 1 GiB */
	}
	world_end(w);
}

/* Commands behind one that does not end take no memory: another session has what it needs. */
static void test_waiting_commands(void **state)
{
	struct world *w = world_new(NULL);
	struct harness_req *req[(WAITING >> 20) + 4];
	static uint8_t big[1 << 20];
	unsigned int i, waiting = 0;
	uint32_t a, b;

	a = session_new(w);
	b = session_new(w);
	w->f.async = true;
	big[0] = 3;
	put32(big + 8, a);
	put32(big + 12, VMEDIA_NR_STREAMON);
	for (i = 0; i < VMEDIA_ARRAY_SIZE(req); i++) {
		req[i] = harness_offer(&w->h, big, i ? sizeof(big) : 20, 8, HARNESS_PART);
		harness_kick(&w->h, 0);
		if (req[i]->used)
			assert_int_equal(le32(req[i]->resp), ENOMEM);
		else
			waiting++;
	}
	assert_int_equal(waiting, VMEDIA_ARRAY_SIZE(req));
	w->f.async = false;
	put32(big + 8, b);
	assert_int_equal(harness_raw(&w->h, big, sizeof(big), big, 8), 8);
	assert_int_equal(le32(big), 0);
	/* And as soon as they have ended there is room again. */
	fake_complete(&w->f, 0);
	harness_collect(&w->h);
	for (i = 0; i < VMEDIA_ARRAY_SIZE(req); i++) {
		assert_true(req[i]->used);
		harness_put(&w->h, req[i]);
	}
	world_end(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_needs),
		cmocka_unit_test(test_needs_suffice),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_mappings),
		cmocka_unit_test(test_region),
		cmocka_unit_test(test_closed_exports_give_way),
		cmocka_unit_test(test_idle_exports_give_way),
		cmocka_unit_test(test_given_export_keeps_bytes),
		cmocka_unit_test(test_mapped_export_stays),
		cmocka_unit_test(test_imports),
		cmocka_unit_test(test_long_plane),
		cmocka_unit_test(test_waiting_commands),
	};

	return cmocka_run_group_tests_name("core limits", tests, NULL, NULL);
}
