// SPDX-License-Identifier: BSD-3-Clause
/*
 * The driver over vhost-user, with the other end in this thread: negotiation with devices that have
 * all features, few, and not enough; region 0 by SHMEM_MAP; virtio objects; a device that leaves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/loop.h"
#include "driver/internal.h"
#include "vhost/backend.h"
#include "virtq/dev.h"

#define PAGE 4096ull

static const uint8_t exported[VMEDIA_UUID_SIZE] = { 1, 2, 3 };

struct peer {
	struct vmedia_loop *loop;
	struct vmedia_vub *vub;
	struct vmedia_vqd *vq[2];
	struct vmedia_chain *chain;	/* a command that waits for SHMEM_MAP or _UNMAP */
	struct vmedia_cmd cmd;
	int fd;				/* memory that is mapped */
	int leave_at;			/* commands until the device leaves; negative: never */
	uint64_t shmem_size;
	int looked_up;			/* what LOOKUP gave */
	struct vmedia_driver *drv;
};

static int pump(void *opaque)
{
	struct peer *p = opaque;

	vmedia_loop_step(p->loop, 0);
	return 0;
}

static void answer(struct peer *p, struct vmedia_chain *chain, int err)
{
	uint8_t resp[4096];
	int n = vmedia_resp_encode(&p->cmd, err, resp, VMEDIA_MIN(chain->in_len, sizeof(resp)));

	if (n > 0)
		vmedia_chain_write(chain, 0, resp, (size_t)n);
	vmedia_vqd_push(p->vq[0], chain, n > 0 ? (uint32_t)n : 0);
	vmedia_vub_notify(p->vub, 0);
}

static void shmem_done(void *opaque, int err)
{
	struct peer *p = opaque;
	struct vmedia_chain *chain = p->chain;

	p->chain = NULL;
	if (chain && p->vq[0])
		answer(p, chain, err);
}

static void lookup_done(void *opaque, int err, int fd)
{
	struct peer *p = opaque;

	p->looked_up = err ? err : fd;
}

static void command(struct peer *p, struct vmedia_chain *chain)
{
	uint8_t req[4096];
	size_t len = vmedia_chain_read(chain, 0, req, sizeof(req));
	int err;

	memset(&p->cmd, 0, sizeof(p->cmd));
	err = vmedia_cmd_decode(&p->cmd, req, len);
	if (!err && p->cmd.type == VMEDIA_CMD_MMAP) {
		p->cmd.driver_addr = 2 * PAGE;
		p->cmd.mmap_len = 3 * PAGE;
		p->chain = chain;
		if (!vmedia_vub_shmem_map(p->vub, 0, p->fd, 0, 2 * PAGE, 3 * PAGE, true, shmem_done,
					  p))
			return;
		err = -ENODEV;
	} else if (!err && p->cmd.type == VMEDIA_CMD_MUNMAP) {
		p->chain = chain;
		if (!vmedia_vub_shmem_unmap(p->vub, 0, 2 * PAGE, 3 * PAGE, shmem_done, p))
			return;
		err = -ENODEV;
	} else if (!err && p->cmd.type == VMEDIA_CMD_OPEN) {
		p->cmd.session_id = 11;
	}
	answer(p, chain, err);
}

static void on_ready(void *opaque, unsigned int idx, struct vmedia_vqd *vq)
{
	((struct peer *)opaque)->vq[idx] = vq;
}

static void on_stop(void *opaque, unsigned int idx)
{
	((struct peer *)opaque)->vq[idx] = NULL;
}

static void on_kick(void *opaque, unsigned int idx)
{
	struct peer *p = opaque;
	struct vmedia_chain *chain;

	while (!idx && p->vq[0] && vmedia_vqd_pop(p->vq[0], &chain) == 1) {
		if (p->leave_at >= 0 && p->leave_at-- == 0) {
			vmedia_vub_destroy(p->vub);
			p->vub = NULL;
			return;
		}
		command(p, chain);
	}
}

static void on_get_config(void *opaque, uint32_t offset, void *data, uint32_t len)
{
	struct vmedia_config config = { .device_caps = V4L2_CAP_VIDEO_CAPTURE,
					.device_type = 0,
					.card = "peer" };
	uint8_t raw[VMEDIA_CONFIG_SIZE];

	vmedia_config_encode(&config, raw);
	memcpy(data, raw + offset, len);
}

static int on_get_object(void *opaque, const uint8_t *uuid)
{
	struct peer *p = opaque;

	return memcmp(uuid, exported, sizeof(exported)) ? -ENOENT : vmedia_fd_dup(p->fd);
}

static void on_closed(void *opaque, int reason)
{
	struct peer *p = opaque;

	vmedia_vub_destroy(p->vub);
	p->vub = NULL;
}

static const struct vmedia_vub_ops ops = {
	.queue_ready = on_ready,
	.queue_stop = on_stop,
	.kick = on_kick,
	.get_config = on_get_config,
	.get_shared_object = on_get_object,
	.closed = on_closed,
};

static struct vmedia_vub_config whole(const struct peer *p)
{
	return (struct vmedia_vub_config){
		.num_queues = 2,
		.config_size = VMEDIA_CONFIG_SIZE,
		.num_shmem = 1,
		.shmem_size = &p->shmem_size,
	};
}

static int setup(void **state)
{
	struct peer *p = calloc(1, sizeof(*p));

	vmedia_log_set_level(-1);
	p->shmem_size = 64 * PAGE;
	p->leave_at = -1;
	p->looked_up = -1;
	p->fd = vmedia_memfd("peer", 8 * PAGE);
	*state = p;
	return vmedia_loop_create(&p->loop);
}

static void hang_up(struct peer *p)
{
	unsigned int i;

	vmedia_driver_disconnect(p->drv);
	p->drv = NULL;
	for (i = 0; p->vub && i < 10; i++)
		vmedia_loop_step(p->loop, 0);
	vmedia_vub_destroy(p->vub);
	p->vub = NULL;
}

static int teardown(void **state)
{
	struct peer *p = *state;

	hang_up(p);
	vmedia_loop_destroy(p->loop);
	vmedia_fd_close(&p->fd);
	free(p);
	return 0;
}

static int meet(struct peer *p, const struct vmedia_vub_config *cfg,
		struct vmedia_driver_options *opts)
{
	struct vmedia_drv_hooks hooks = { .pump = pump, .opaque = p };
	int sv[2], err;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	assert_int_equal(vmedia_vub_create(p->loop, sv[0], cfg, &ops, p, &p->vub), 0);
	opts->fd = sv[1];
	err = vmedia_drv_connect(opts, &hooks, &p->drv);
	if (err)
		close(sv[1]);	/* still the caller's */
	return err;
}

static void all_ring_kinds(void **state)
{
	static const uint32_t flags[] = {
		0,
		VMEDIA_DRIVER_PACKED,
		VMEDIA_DRIVER_NO_EVENT_IDX,
		VMEDIA_DRIVER_NO_INDIRECT,
		VMEDIA_DRIVER_PACKED | VMEDIA_DRIVER_NO_EVENT_IDX,
		VMEDIA_DRIVER_PACKED | VMEDIA_DRIVER_NO_INDIRECT,
		VMEDIA_DRIVER_PACKED | VMEDIA_DRIVER_SPLIT,
		VMEDIA_DRIVER_SPLIT | VMEDIA_DRIVER_NO_INDIRECT,
	};
	struct peer *p = *state;
	struct vmedia_vub_config cfg = whole(p);
	struct vmedia_format fmt = { .type = 1 };
	struct vmedia_file *f;
	unsigned int i, k;
	uint64_t features;

	for (i = 0; i < VMEDIA_ARRAY_SIZE(flags); i++) {
		struct vmedia_driver_options opts = { .flags = flags[i], .queue_size = 16 };

		assert_int_equal(meet(p, &cfg, &opts), 0);
		features = vmedia_driver_features(p->drv);
		assert_int_equal(features >> VMEDIA_VIRTIO_F_RING_PACKED & 1,
				 !!(flags[i] & VMEDIA_DRIVER_PACKED));
		assert_int_equal(features >> VMEDIA_VIRTIO_F_EVENT_IDX & 1,
				 !(flags[i] & VMEDIA_DRIVER_NO_EVENT_IDX));
		assert_int_equal(features >> VMEDIA_VIRTIO_F_INDIRECT_DESC & 1,
				 !(flags[i] & VMEDIA_DRIVER_NO_INDIRECT));
		assert_string_equal((const char *)vmedia_driver_config(p->drv)->card, "peer");
		assert_int_equal(vmedia_driver_region_size(p->drv), 64 * PAGE);
		assert_int_equal(vmedia_open(p->drv, 0, &f), 0);
		assert_int_equal(vmedia_file_session_id(f), 11);
		for (k = 0; k < 200; k++)
			assert_int_equal(vmedia_ioctl(f, VIDIOC_G_FMT, &fmt), 0);
		assert_int_equal(vmedia_close(f), 0);
		hang_up(p);
	}
}

static void region(void **state)
{
	struct peer *p = *state;
	struct vmedia_vub_config cfg = whole(p);
	struct vmedia_driver_options opts = { 0 };
	struct vmedia_driver_stats s;
	struct vmedia_file *f;
	uint8_t *ptr;

	assert_int_equal(meet(p, &cfg, &opts), 0);
	assert_int_equal(pwrite(p->fd, "picture", 7, PAGE), 7);
	assert_int_equal(vmedia_open(p->drv, 0, &f), 0);
	assert_int_equal(vmedia_mmap(f, 0, 3 * PAGE, PROT_READ | PROT_WRITE, (void **)&ptr), 0);
	assert_memory_equal(ptr + PAGE, "picture", 7);
	assert_int_equal(vmedia_close(f), 0);
	assert_memory_equal(ptr + PAGE, "picture", 7);
	assert_int_equal(vmedia_munmap(p->drv, ptr), 0);
	vmedia_driver_stats(p->drv, &s);
	assert_int_equal(s.maps, 1);
	assert_int_equal(s.unmaps, 1);
	assert_int_equal(s.mappings, 0);
	assert_int_equal(s.bytes_copied, 0);
	assert_true(s.interrupts > 0 && s.interrupts <= s.commands);
}

static void without_region(void **state)
{
	struct peer *p = *state;
	struct vmedia_vub_config cfg = whole(p);
	struct vmedia_driver_options opts = { .flags = VMEDIA_DRIVER_NO_REGION };
	struct vmedia_file *f;
	void *ptr;

	assert_int_equal(meet(p, &cfg, &opts), 0);
	assert_int_equal(vmedia_driver_region_size(p->drv), 0);
	assert_int_equal(vmedia_open(p->drv, 0, &f), 0);
	assert_int_equal(vmedia_mmap(f, 0, PAGE, PROT_READ, &ptr), -ENODEV);
	vmedia_close(f);
	hang_up(p);
	cfg.num_shmem = 0;
	opts.flags = 0;
	assert_int_equal(meet(p, &cfg, &opts), 0);
	assert_int_equal(vmedia_driver_region_size(p->drv), 0);
}

static void not_enough(void **state)
{
	struct peer *p = *state;
	struct vmedia_vub_config cfg = whole(p);
	struct vmedia_driver_options opts = { .max_region = 32 * PAGE };
	struct vmedia_file *f;
	void *ptr;
	int fd;

	assert_int_equal(meet(p, &cfg, &opts), -E2BIG);
	hang_up(p);
	opts.max_region = 0;
	cfg.mask_protocol = 1ull << VMEDIA_VU_PF_CONFIG;
	assert_int_equal(meet(p, &cfg, &opts), -EPROTO);
	hang_up(p);
	cfg.mask_protocol = 0;
	cfg.num_queues = 1;
	assert_int_equal(meet(p, &cfg, &opts), -EPROTO);
	hang_up(p);
	cfg.num_queues = 2;
	/* Everything that can be left out is. */
	cfg.mask_protocol = 1ull << VMEDIA_VU_PF_REPLY_ACK | 1ull << VMEDIA_VU_PF_STATUS |
			    1ull << VMEDIA_VU_PF_MQ | 1ull << VMEDIA_VU_PF_SHARED_OBJECT;
	assert_int_equal(meet(p, &cfg, &opts), 0);
	/* Without REPLY_ACK the answer to MMAP may be seen before SHMEM_MAP is read. */
	assert_int_equal(vmedia_open(p->drv, 0, &f), 0);
	assert_int_equal(vmedia_mmap(f, 0, 3 * PAGE, PROT_READ, &ptr), 0);
	assert_int_equal(vmedia_munmap(p->drv, ptr), 0);
	assert_int_equal(vmedia_object_get(p->drv, exported, &fd), -EOPNOTSUPP);
	vmedia_close(f);
}

static void bad_options(void **state)
{
	struct vmedia_driver_options opts = { .path = "/nonexistent/socket" };
	struct vmedia_driver *drv;

	assert_int_equal(vmedia_driver_connect(&opts, &drv), -ENOENT);
	opts.queue_size = 3;
	assert_int_equal(vmedia_driver_connect(&opts, &drv), -EINVAL);
	opts.queue_size = 2048;
	assert_int_equal(vmedia_driver_connect(&opts, &drv), -EINVAL);
	opts.queue_size = 0;
	opts.flags = 1u << 31;
	assert_int_equal(vmedia_driver_connect(&opts, &drv), -EINVAL);
	opts = (struct vmedia_driver_options){ .fd = -1 };
	assert_true(vmedia_driver_connect(&opts, &drv) < 0);
	vmedia_driver_disconnect(NULL);
}

static void nobody_there(void **state)
{
	struct peer *p = *state;
	struct vmedia_drv_hooks hooks = { .pump = pump, .opaque = p };
	struct vmedia_driver_options opts = { 0 };
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	close(sv[0]);
	opts.fd = sv[1];
	assert_true(vmedia_drv_connect(&opts, &hooks, &p->drv) < 0);
	close(sv[1]);
	/* One that says nothing. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	opts.fd = sv[1];
	assert_true(vmedia_drv_connect(&opts, &hooks, &p->drv) < 0);
	close(sv[0]);
	close(sv[1]);
	/* One that speaks something else. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	assert_int_equal(write(sv[0], "HTTP/1.1 400 Bad Request\r\n\r\n", 28), 28);
	opts.fd = sv[1];
	assert_true(vmedia_drv_connect(&opts, &hooks, &p->drv) < 0);
	close(sv[0]);
	close(sv[1]);
	p->drv = NULL;
}

static void device_leaves(void **state)
{
	struct peer *p = *state;
	struct vmedia_vub_config cfg = whole(p);
	struct vmedia_driver_options opts = { 0 };
	struct vmedia_format fmt = { .type = 1 };
	struct vmedia_file *f, *g;
	struct pollfd pfd;

	assert_int_equal(meet(p, &cfg, &opts), 0);
	assert_int_equal(vmedia_open(p->drv, 0, &f), 0);
	p->leave_at = 1;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_G_FMT, &fmt), 0);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_G_FMT, &fmt), -ENODEV);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_G_FMT, &fmt), -ENODEV);
	assert_int_equal(vmedia_open(p->drv, 0, &g), -ENODEV);
	assert_int_equal(vmedia_poll_mask(f), POLLERR);
	assert_int_equal(vmedia_driver_process(p->drv), -ENODEV);
	pfd = (struct pollfd){ .fd = vmedia_driver_fd(p->drv), .events = POLLIN };
	assert_int_equal(poll(&pfd, 1, 0), 1);
	assert_int_equal(vmedia_close(f), -ENODEV);
}

static void pollable(void **state)
{
	struct peer *p = *state;
	struct vmedia_vub_config cfg = whole(p);
	struct vmedia_driver_options opts = { 0 };
	struct vmedia_evt evt = { .type = VMEDIA_EVT_ERROR, .session_id = 11, .err = 5 };
	uint8_t raw[VMEDIA_EVT_MAX_SIZE];
	struct vmedia_chain *chain;
	struct vmedia_file *f;
	struct pollfd pfd;
	int i, n;

	assert_int_equal(meet(p, &cfg, &opts), 0);
	pfd = (struct pollfd){ .fd = vmedia_driver_fd(p->drv), .events = POLLIN };
	assert_int_equal(vmedia_open(p->drv, 0, &f), 0);
	for (i = 0; i < 3; i++) {
		assert_int_equal(vmedia_driver_process(p->drv), 0);
		assert_int_equal(poll(&pfd, 1, 0), 0);
		n = vmedia_evt_encode(&evt, raw, sizeof(raw));
		assert_int_equal(vmedia_vqd_pop(p->vq[1], &chain), 1);
		vmedia_chain_write(chain, 0, raw, (size_t)n);
		vmedia_vqd_push(p->vq[1], chain, (uint32_t)n);
		vmedia_vub_notify(p->vub, 1);
		assert_int_equal(poll(&pfd, 1, 0), 1);
	}
	assert_int_equal(vmedia_driver_process(p->drv), 0);
	assert_int_equal(poll(&pfd, 1, 0), 0);
	assert_int_equal(vmedia_poll_mask(f), POLLERR);
	vmedia_close(f);
}

static void objects(void **state)
{
	static const uint8_t ours[VMEDIA_UUID_SIZE] = { 7, 7 }, other[VMEDIA_UUID_SIZE] = { 8 };
	struct peer *p = *state;
	struct vmedia_vub_config cfg = whole(p);
	struct vmedia_driver_options opts = { 0 };
	char byte = 0;
	int fd, i;

	assert_int_equal(meet(p, &cfg, &opts), 0);
	assert_int_equal(pwrite(p->fd, "x", 1, 0), 1);
	assert_int_equal(vmedia_object_get(p->drv, exported, &fd), 0);
	assert_int_equal(pread(fd, &byte, 1, 0), 1);
	assert_int_equal(byte, 'x');
	close(fd);
	assert_int_equal(vmedia_object_get(p->drv, other, &fd), -ENOENT);
	assert_int_equal(vmedia_object_offer(p->drv, ours, p->fd), 0);
	assert_int_equal(vmedia_object_offer(p->drv, ours, p->fd), -EEXIST);
	assert_int_equal(vmedia_vub_object_lookup(p->vub, ours, lookup_done, p), 0);
	for (i = 0; i < 20 && p->looked_up == -1; i++) {
		vmedia_driver_process(p->drv);
		vmedia_loop_step(p->loop, 0);
	}
	assert_true(p->looked_up >= 0);
	close(p->looked_up);
	p->looked_up = -1;
	assert_int_equal(vmedia_object_withdraw(p->drv, ours), 0);
	assert_int_equal(vmedia_object_withdraw(p->drv, ours), -ENOENT);
	assert_int_equal(vmedia_vub_object_lookup(p->vub, ours, lookup_done, p), 0);
	for (i = 0; i < 20 && p->looked_up == -1; i++) {
		vmedia_driver_process(p->drv);
		vmedia_loop_step(p->loop, 0);
	}
	assert_true(p->looked_up < -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_ring_kinds, setup, teardown),
		cmocka_unit_test_setup_teardown(region, setup, teardown),
		cmocka_unit_test_setup_teardown(without_region, setup, teardown),
		cmocka_unit_test_setup_teardown(not_enough, setup, teardown),
		cmocka_unit_test(bad_options),
		cmocka_unit_test_setup_teardown(nobody_there, setup, teardown),
		cmocka_unit_test_setup_teardown(device_leaves, setup, teardown),
		cmocka_unit_test_setup_teardown(pollable, setup, teardown),
		cmocka_unit_test_setup_teardown(objects, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
