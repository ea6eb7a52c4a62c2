// SPDX-License-Identifier: BSD-3-Clause
/*
 * A hostile guest against the real daemon: commands that are no commands, chains that point
 * anywhere, rings that break the rules. After each the daemon serves: the same guest where its ring
 * is whole, the next one in any case, with a clean device.
 *
 * This guest is the user-space driver with its hood open: descriptors are written past its back.
 *
 * usage: test_malformed VHOST-USER-MEDIA [OPTION]...
 */
#include <errno.h>
#include <linux/videodev2.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "daemon.h"
#include "driver/internal.h"
#include "vhost/frontend.h"

#define NOWHERE	0x123456789000ull
#define CAPTURE	V4L2_BUF_TYPE_VIDEO_CAPTURE

static const char *program;
static char *const *options;
static struct daemon_process camera;

static struct vmedia_driver *arrive(uint32_t flags, int timeout_ms)
{
	struct vmedia_driver_options opts = {
		.path = camera.path, .flags = flags, .timeout_ms = timeout_ms, .queue_size = 16,
		.memory_size = 16 << 20,
	};
	struct vmedia_driver *drv;

	assert_int_equal(vmedia_driver_connect(&opts, &drv), 0);
	return drv;
}

/* The device is a new one: nothing streams, no buffers, and a command gets its answer. */
static void serves(struct vmedia_driver *drv)
{
	struct vmedia_requestbuffers rb = { .count = 2, .type = CAPTURE, .memory = 1 };
	struct vmedia_format fmt = { .type = CAPTURE };
	struct vmedia_file *f;

	assert_int_equal(vmedia_open(drv, 0, &f), 0);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_G_FMT, &fmt), 0);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_REQBUFS, &rb), 0);
	assert_int_equal(vmedia_close(f), 0);
}

/* ---- Bytes that are no command ---- */

static uint32_t status_of(struct vmedia_driver *drv, const void *req, size_t len)
{
	uint8_t resp[4096] = { 0 };
	uint32_t status = 0xffffffff;
	size_t used = 0;

	assert_int_equal(vmedia_raw_command(drv, req, len, resp, sizeof(resp), &used), 0);
	if (used >= 8)
		memcpy(&status, resp, 4);
	return le32toh(status);
}

static void bad_commands(void **state)
{
	struct vmedia_driver *drv = arrive(0, 30000);
	uint32_t cmd[64] = { 0 };
	size_t len, used;
	uint8_t resp[8];

	cmd[0] = htole32(99);
	assert_int_equal(status_of(drv, cmd, 8), ENOTTY);
	cmd[0] = 0;
	assert_int_equal(status_of(drv, cmd, 8), ENOTTY);
	for (len = 1; len < 8; len++)
		assert_int_equal(status_of(drv, cmd, len), EINVAL);
	for (len = 8; len < 16; len++) {	/* an ioctl that ends in its header */
		cmd[0] = htole32(VMEDIA_CMD_IOCTL);
		assert_int_equal(status_of(drv, cmd, len), EINVAL);
	}
	cmd[2] = htole32(12345);	/* no such session */
	cmd[3] = htole32(4);
	assert_int_equal(status_of(drv, cmd, 16 + 208), EINVAL);
	cmd[0] = htole32(VMEDIA_CMD_MMAP);
	assert_int_equal(status_of(drv, cmd, 20), EINVAL);
	cmd[0] = htole32(VMEDIA_CMD_MUNMAP);
	assert_int_equal(status_of(drv, cmd, 16), EINVAL);
	/* No room for an answer: the chain comes back all the same. */
	cmd[0] = htole32(VMEDIA_CMD_OPEN);
	assert_int_equal(vmedia_raw_command(drv, cmd, 8, NULL, 0, &used), 0);
	assert_int_equal(used, 0);
	for (len = 1; len < 8; len++)
		assert_int_equal(vmedia_raw_command(drv, cmd, 8, resp, len, &used), 0);
	serves(drv);
	vmedia_driver_disconnect(drv);
}

/* xorshift32 */
static uint32_t pick(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void random_commands(void **state)
{
	const char *env = getenv("VMEDIA_TEST_SEED");
	uint32_t seed = env ? (uint32_t)strtoul(env, NULL, 0) : (uint32_t)time(NULL);
	struct vmedia_driver *drv = arrive(0, 30000);
	uint8_t req[2048], resp[4096];
	unsigned int i, k;
	size_t len, used;

	print_message("seed %u\n", seed);
	seed |= 1;
	for (i = 0; i < 3000; i++) {
		len = 16 + pick(&seed) % 400;
		for (k = 0; k < len; k++)
			req[k] = pick(&seed) % 3 ? 0 : (uint8_t)(pick(&seed) >> 8);
		req[0] = (uint8_t)(1 + pick(&seed) % 5);
		req[1] = req[2] = req[3] = 0;
		if (req[0] == VMEDIA_CMD_IOCTL) {	/* sessions and ioctls that exist, mostly */
			memset(req + 8, 0, 8);
			req[8] = (uint8_t)(pick(&seed) % 20);
			req[12] = (uint8_t)(pick(&seed) % 106);
			req[16] = (uint8_t)(pick(&seed) % 12);
		}
		assert_int_equal(vmedia_raw_command(drv, req, len, resp, sizeof(resp), &used), 0);
		assert_in_range(used, 0, sizeof(resp));
	}
	vmedia_driver_disconnect(drv);
	drv = arrive(0, 30000);
	serves(drv);
	vmedia_driver_disconnect(drv);
}

/* ---- Chains that are no chains ---- */

/* A command whose descriptors are the test's. It is raw: nobody looks at an answer. */
static struct vmedia_drv_cmd *offer(struct vmedia_driver *drv, const struct vmedia_gpa_range *out,
				    unsigned int out_num, const struct vmedia_gpa_range *in,
				    unsigned int in_num, unsigned int flags)
{
	struct vmedia_drv_cmd *c;

	assert_int_equal(vmedia_drv_cmd_get(drv, NULL, 0, true, &c), 0);
	c->raw = true;
	c->resp_cap = 0;
	assert_int_equal(vmedia_vqr_add(drv->vq[0].vqr, out, out_num, in, in_num, c, flags), 0);
	vmedia_drv_cmd_sent(c);
	return c;
}

static void comes_back(struct vmedia_drv_cmd *c)
{
	assert_int_equal(vmedia_drv_cmd_wait(c), 0);
	assert_int_equal(c->used, 0);
	vmedia_drv_cmd_put(c);
}

static void chains_to_nowhere(void **state)
{
	static const uint32_t kinds[] = {
		0, VMEDIA_DRIVER_NO_INDIRECT, VMEDIA_DRIVER_PACKED,
		VMEDIA_DRIVER_PACKED | VMEDIA_DRIVER_NO_INDIRECT,
	};
	const uint64_t ram = VMEDIA_DRV_GPA, end = VMEDIA_DRV_GPA + (16 << 20);
	const struct vmedia_gpa_range bad[] = {
		{ NOWHERE, 16 }, { 0, 8 }, { end - 4, 8 }, { end, 1 }, { ram - 1, 8 },
		{ UINT64_MAX - 3, 8 }, { ram, UINT32_MAX }, { NOWHERE, UINT32_MAX },
		{ UINT64_MAX, 1 },
	};
	const struct vmedia_gpa_range good = { ram + (8 << 20), 64 };
	struct vmedia_driver *drv;
	unsigned int k, i;

	for (k = 0; k < VMEDIA_ARRAY_SIZE(kinds); k++) {
		drv = arrive(kinds[k], 30000);
		for (i = 0; i < VMEDIA_ARRAY_SIZE(bad); i++) {
			comes_back(offer(drv, &bad[i], 1, &good, 1, VMEDIA_VQR_INDIRECT));
			comes_back(offer(drv, &good, 1, &bad[i], 1, VMEDIA_VQR_INDIRECT));
			comes_back(offer(drv, &bad[i], 1, NULL, 0, 0));
			comes_back(offer(drv, NULL, 0, &bad[i], 1, 0));
		}
		comes_back(offer(drv, NULL, 0, &good, 1, 0));	/* nothing to read: no command */
		serves(drv);
		vmedia_driver_disconnect(drv);
	}
}

static struct vmedia_vring_desc *table(struct vmedia_driver *drv)
{
	const struct vmedia_drv_vq *vq = &drv->vq[0];

	return (void *)((uint8_t *)vmedia_arena_ptr(&drv->arena, vq->page) + vq->layout.desc);
}

/* The head of the chain that was added last, by its address. */
static struct vmedia_vring_desc *head_at(struct vmedia_driver *drv, uint64_t gpa)
{
	unsigned int i;

	for (i = 0; i < 16; i++) {
		if (table(drv)[i].addr == htole64(gpa))
			return &table(drv)[i];
	}
	fail_msg("the driver did not put the chain where it was expected");
	return NULL;
}

static void loops_and_flags(void **state)
{
	const struct vmedia_gpa_range out = { VMEDIA_DRV_GPA + (8 << 20), 64 };
	const struct vmedia_gpa_range in = { VMEDIA_DRV_GPA + (9 << 20), 64 };
	struct vmedia_driver *drv = arrive(VMEDIA_DRIVER_NO_INDIRECT, 30000);
	struct vmedia_vring_desc *d, saved;
	struct vmedia_drv_cmd *c;
	unsigned int i;

	for (i = 0; i < 6; i++) {
		c = offer(drv, &out, 1, &in, 1, 0);
		d = head_at(drv, out.gpa);
		saved = *d;
		switch (i) {
		case 0:		/* to itself */
			d->next = htole16((uint16_t)(d - table(drv)));
			break;
		case 1:		/* out of the table */
			d->next = htole16(4000);
			break;
		case 2:		/* indirect, which was not negotiated */
			d->flags = htole16(VMEDIA_DESC_F_INDIRECT);
			break;
		case 3:		/* readable behind writable */
			d->flags = htole16(VMEDIA_DESC_F_NEXT | VMEDIA_DESC_F_WRITE);
			head_at(drv, in.gpa)->flags = 0;
			break;
		case 4:		/* a length that wraps */
			d->addr = htole64(UINT64_MAX - 8);
			break;
		case 5:
			d->len = htole32(UINT32_MAX);
			break;
		}
		comes_back(c);
		*d = saved;
		serves(drv);
	}
	vmedia_driver_disconnect(drv);
}

static void indirect_tables(void **state)
{
	const struct vmedia_gpa_range out = { VMEDIA_DRV_GPA + (8 << 20), 64 };
	const struct vmedia_gpa_range in = { VMEDIA_DRV_GPA + (9 << 20), 64 };
	struct vmedia_driver *drv = arrive(0, 30000);
	const uint64_t gpa = VMEDIA_DRV_GPA + (10 << 20);
	struct vmedia_vring_desc *t = (void *)(drv->arena.base + (10 << 20)), *d, saved;
	struct vmedia_drv_cmd *c;
	unsigned int i;

	for (i = 0; i < 7; i++) {
		memset(t, 0, 4096);
		c = offer(drv, &out, 1, &in, 1, 0);	/* direct; made indirect here */
		d = head_at(drv, out.gpa);
		saved = *d;
		d->addr = htole64(gpa);
		d->len = htole32(32);
		d->flags = htole16(VMEDIA_DESC_F_INDIRECT);
		t[0] = (struct vmedia_vring_desc){ .addr = htole64(out.gpa), .len = htole32(8) };
		switch (i) {
		case 0:		/* the table is nowhere */
			d->addr = htole64(NOWHERE);
			break;
		case 1:		/* of a length that is no table's */
			d->len = htole32(17);
			break;
		case 2:		/* in itself */
			t[0].flags = htole16(VMEDIA_DESC_F_INDIRECT);
			t[0].addr = htole64(gpa);
			t[0].len = htole32(32);
			break;
		case 3:		/* a loop inside */
			t[0].flags = htole16(VMEDIA_DESC_F_NEXT);
			break;
		case 4:		/* next leads out of it */
			t[0].flags = htole16(VMEDIA_DESC_F_NEXT);
			t[0].next = htole16(2);
			break;
		case 5:		/* empty */
			d->len = 0;
			break;
		case 6:		/* larger than memory */
			d->len = htole32(0xfffffff0);
			break;
		}
		comes_back(c);
		*d = saved;
		serves(drv);
	}
	vmedia_driver_disconnect(drv);
}

/* ---- Rings that are broken: this guest gets no more answers, the next one does ---- */

static void broken_rings(void **state)
{
	struct vmedia_driver *drv;
	struct vmedia_vring_avail *avail;
	struct vmedia_format fmt = { .type = CAPTURE };
	uint8_t config[VMEDIA_CONFIG_SIZE];
	struct vmedia_file *f;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		drv = arrive(0, 200);
		assert_int_equal(vmedia_open(drv, 0, &f), 0);
		avail = (void *)((uint8_t *)vmedia_arena_ptr(&drv->arena, drv->vq[0].page) +
				 drv->vq[0].layout.driver);
		/* The next head is no descriptor of the table; or there are more than fit. */
		if (!i)
			memset(avail->ring, 0xff, 16 * sizeof(avail->ring[0]));
		avail->idx = htole16((uint16_t)(le16toh(avail->idx) + (i ? 1000 : 1)));
		vmedia_eventfd_signal(drv->vq[0].kick_fd);
		/* An answer on the socket: by then the kick was seen too. */
		assert_int_equal(vmedia_vuf_get_config(drv->vuf, 0, config, sizeof(config)), 0);
		assert_true(vmedia_ioctl(f, VIDIOC_G_FMT, &fmt) < 0);
		vmedia_driver_disconnect(drv);
		drv = arrive(0, 30000);
		serves(drv);
		vmedia_driver_disconnect(drv);
	}
}

static int start(void **state)
{
	return daemon_start_pattern(&camera, program, options);
}

static int stop(void **state)
{
	return daemon_stop(&camera);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_commands), cmocka_unit_test(random_commands),
		cmocka_unit_test(chains_to_nowhere), cmocka_unit_test(loops_and_flags),
		cmocka_unit_test(indirect_tables), cmocka_unit_test(broken_rings),
	};

	if (argc < 2) {
		fprintf(stderr, "usage: test_malformed VHOST-USER-MEDIA [OPTION]...\n");
		return 2;
	}
	program = argv[1];
	options = argv + 2;
	vmedia_log_set_level(VMEDIA_LOG_ERR);
	return cmocka_run_group_tests(tests, start, stop);
}
