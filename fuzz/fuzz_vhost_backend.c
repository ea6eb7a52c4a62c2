/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A hostile front-end against the back-end end of vhost-user.
 *
 * The input is a program of small steps: messages with descriptors of several kinds, raw bytes,
 * kicks, writes to guest memory, answers on the back-end channel, and requests of the device behind
 * the back-end. The first byte says how far an honest front-end had come before, so that short
 * inputs reach deep states. A device echoes chains or holds them. After each input every descriptor
 * must be closed again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/loop.h"
#include "vhost/backend.h"
#include "virtq/dev.h"
#include "virtq/ring.h"

#define MEM_SIZE 65536u
#define MEM_GPA	 0x10000ull
#define MEM_UVA	 0x100000ull
#define QUEUES	 2
#define HELD	 4
#define PAGE	 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *p;
	size_t left;
};

struct fuzz {
	struct vmedia_loop *loop;
	struct vmedia_vub *vub;
	struct vmedia_vu_link front; /* our end of the socket */
	struct vmedia_vu_link chan;  /* our end of the channel */
	int chan_back;		     /* the end that is given away, if it was not yet */
	int mem_fd, event[QUEUES], null;
	uint8_t *mem;
	uint8_t mode;
	struct vmedia_chain *held[QUEUES][HELD];
	unsigned int num_held[QUEUES];
	bool running[QUEUES];
};

/* Lives from input to input; nothing of one input stays in it. */
static struct fuzz *fuzz;

static uint8_t get8(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->p++;
}

static uint32_t get16(struct input *in)
{
	uint32_t lo = get8(in);

	return lo | (uint32_t)get8(in) << 8;
}

static void take(struct input *in, void *dst, size_t len)
{
	size_t n = len < in->left ? len : in->left;

	memset(dst, 0, len);
	memcpy(dst, in->p, n);
	in->p += n;
	in->left -= n;
}

/* ---- the device ---- */

static void dev_ready(void *opaque, unsigned int idx, struct vmedia_vqd *vq)
{
	struct fuzz *f = opaque;

	if (f->running[idx] || !vq)
		abort();
	f->running[idx] = true;
}

static void dev_stop(void *opaque, unsigned int idx)
{
	struct fuzz *f = opaque;

	if (!f->running[idx])
		abort();
	f->running[idx] = false;
	while (f->num_held[idx]) {
		f->num_held[idx]--;
		if (f->mode & 0x80)
			vmedia_vub_push(f->vub, idx, f->held[idx][f->num_held[idx]], 0);
	}
}

static void dev_kick(void *opaque, unsigned int idx)
{
	struct fuzz *f = opaque;
	struct vmedia_chain *c;
	uint8_t buf[64];
	size_t n;

	if (!f->running[idx])
		abort();
	while (vmedia_vub_pop(f->vub, idx, &c) > 0) {
		if (f->mode & 0x40 && f->num_held[idx] < HELD) {
			f->held[idx][f->num_held[idx]++] = c;
			continue;
		}
		n = vmedia_chain_read(c, 0, buf, sizeof(buf));
		vmedia_vub_push(f->vub, idx, c, vmedia_chain_write(c, 0, buf, n));
	}
	vmedia_vub_notify(f->vub, idx);
}

static void dev_get_config(void *opaque, uint32_t offset, void *data, uint32_t len)
{
	if (offset + len > 40)
		abort();
	memset(data, 0x5a, len);
}

static int dev_set_config(void *opaque, uint32_t offset, const void *data, uint32_t len)
{
	if (offset + len > 40)
		abort();
	return len & 1 ? -1 : 0;
}

static int dev_object(void *opaque, const uint8_t uuid[VMEDIA_VU_UUID_SIZE])
{
	return uuid[0] & 1 ? vmedia_fd_dup(((struct fuzz *)opaque)->mem_fd) : -ENOENT;
}

static void dev_reset(void *opaque)
{
	struct fuzz *f = opaque;

	if (f->running[0] || f->running[1])
		abort();
}

static void dev_closed(void *opaque, int reason)
{
	struct fuzz *f = opaque;

	if (f->running[0] || f->running[1] || reason >= 0)
		abort();
	vmedia_vub_destroy(f->vub);
	f->vub = NULL;
}

static const struct vmedia_vub_ops ops = {
	.queue_ready = dev_ready,
	.queue_stop = dev_stop,
	.kick = dev_kick,
	.get_config = dev_get_config,
	.set_config = dev_set_config,
	.get_shared_object = dev_object,
	.reset = dev_reset,
	.closed = dev_closed,
};

static void on_done(void *opaque, int err)
{
	if (err > 0)
		abort();
}

static void on_fd(void *opaque, int err, int fd)
{
	if ((err == 0) != (fd >= 0))
		abort();
	vmedia_fd_close(&fd);
}

/* ---- the front-end ---- */

static void drain(struct vmedia_vu_link *link)
{
	struct vmedia_vu_msg msg;

	while (link->fd >= 0 && vmedia_vu_link_recv(link, &msg) > 0)
		vmedia_vu_msg_drop_fds(&msg);
}

static void settle(struct fuzz *f)
{
	unsigned int i;

	for (i = 0; i < 4 && vmedia_loop_step(f->loop, 0) > 0; i++) {
		drain(&f->front);
		drain(&f->chan);
	}
}

static int pick_fd(struct fuzz *f, uint8_t kind)
{
	switch (kind % 6) {
	case 0:
	case 1:
		return f->mem_fd;
	case 2:
		return f->event[0];
	case 3:
		return f->event[1];
	case 4:
		return f->chan_back;
	default:
		return f->null;
	}
}

static void send_msg(struct fuzz *f, uint32_t req, uint32_t flags, const void *payload,
		     uint32_t size, const int *fds, unsigned int n)
{
	struct vmedia_vu_hdr hdr = { req, flags, size };

	vmedia_vu_link_send(&f->front, &hdr, payload, fds, n);
}

static void honest(struct fuzz *f)
{
	uint64_t features = VMEDIA_VQ_FEATURES | 1ull << VMEDIA_VU_F_PROTOCOL;
	uint64_t pf = 1ull << VMEDIA_VU_PF_MQ | 1ull << VMEDIA_VU_PF_BACKEND_REQ |
		      1ull << VMEDIA_VU_PF_CONFIG | 1ull << VMEDIA_VU_PF_BACKEND_SEND_FD |
		      1ull << VMEDIA_VU_PF_INFLIGHT_SHMFD | 1ull << VMEDIA_VU_PF_SHMEM |
		      1ull << VMEDIA_VU_PF_CONFIGURE_MEM_SLOTS | 1ull << VMEDIA_VU_PF_STATUS |
		      1ull << VMEDIA_VU_PF_SHARED_OBJECT;
	struct vmedia_vu_mem_table t = { .num = 1 };
	unsigned int i;

	if (f->mode & 4)
		features &= ~(1ull << VMEDIA_VIRTIO_F_RING_PACKED);
	if (f->mode & 8)
		pf |= 1ull << VMEDIA_VU_PF_REPLY_ACK;
	if (f->mode & 16)
		pf |= 1ull << VMEDIA_VU_PF_RESET_DEVICE;
	t.region[0] = (struct vmedia_vu_region){ MEM_GPA, MEM_SIZE, MEM_UVA, 0 };
	/* Without it: one that negotiated on an earlier connection. */
	if (!(f->mode & 32))
		send_msg(f, VMEDIA_VU_SET_PROTOCOL_FEATURES, 1, &pf, 8, NULL, 0);
	send_msg(f, VMEDIA_VU_SET_FEATURES, 1, &features, 8, NULL, 0);
	send_msg(f, VMEDIA_VU_SET_MEM_TABLE, 1, &t, 40, &f->mem_fd, 1);
	if (!(f->mode & 32))
		send_msg(f, VMEDIA_VU_SET_BACKEND_REQ_FD, 1, NULL, 0, &f->chan_back, 1);
	for (i = 0; i < QUEUES && f->mode & 2; i++) {
		struct vmedia_vu_vring_state st = { i, 8 };
		struct vmedia_vu_vring_addr a = { .index = i, .desc = MEM_UVA + i * 0x400 };
		uint64_t idx = i;

		a.avail = a.desc + 0x100;
		a.used = a.desc + 0x200;
		send_msg(f, VMEDIA_VU_SET_VRING_NUM, 1, &st, 8, NULL, 0);
		send_msg(f, VMEDIA_VU_SET_VRING_ADDR, 1, &a, 40, NULL, 0);
		send_msg(f, VMEDIA_VU_SET_VRING_KICK, 1, &idx, 8, &f->event[i], 1);
		send_msg(f, VMEDIA_VU_SET_VRING_CALL, 1, &idx, 8, &f->event[i], 1);
		st.num = 1;
		send_msg(f, VMEDIA_VU_SET_VRING_ENABLE, 1, &st, 8, NULL, 0);
	}
	settle(f);
}

static void step_message(struct fuzz *f, struct input *in)
{
	uint8_t payload[300];
	uint32_t req = get8(in), flags = 1 | (get8(in) & 8), size;
	unsigned int n = get8(in) % 9, i;
	const struct vmedia_vu_row *row = vmedia_vu_row(VMEDIA_VU_FRONT, req % 48);
	int fds[8];

	if (req < 240)
		req %= 48;
	for (i = 0; i < n; i++)
		fds[i] = pick_fd(f, get8(in));
	size = get8(in);
	if (size >= 200 && row)
		size = row->min;
	else if (size >= 190)
		size = sizeof(payload);
	take(in, payload, size);
	send_msg(f, req, flags, payload, size, fds, n);
}

static void step_raw(struct fuzz *f, struct vmedia_vu_link *link, struct input *in)
{
	uint8_t buf[64];
	size_t n = get8(in) % sizeof(buf);

	take(in, buf, n);
	if (link->fd >= 0)
		(void)!send(link->fd, buf, n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* An answer on the channel, nearly right. */
static void step_answer(struct fuzz *f, struct input *in)
{
	struct vmedia_vu_hdr hdr = { get8(in) % 12, VMEDIA_VU_VERSION | VMEDIA_VU_FLAG_REPLY, 8 };
	uint8_t how = get8(in);
	uint64_t val = get8(in);

	if (how & 0x80)
		hdr.flags = get8(in);
	if (how & 0x40)
		hdr.size = get8(in) % 8;
	vmedia_vu_link_send(&f->chan, &hdr, &val, &f->mem_fd, how & 3 ? how & 1 : 0);
}

static void step_device(struct fuzz *f, struct input *in)
{
	uint8_t what = get8(in), a = get8(in), b = get8(in), uuid[16] = { a };

	if (!f->vub)
		return;
	switch (what % 8) {
	case 0:
	case 1:
		vmedia_vub_shmem_map(f->vub, a & 3, f->mem_fd, (uint64_t)(b & 15) * PAGE,
				     (uint64_t)a * PAGE, PAGE, b & 1, on_done, f);
		break;
	case 2:
		vmedia_vub_shmem_unmap(f->vub, a & 3, (uint64_t)a * PAGE, PAGE, on_done, f);
		break;
	case 3:
		vmedia_vub_object_add(f->vub, uuid, on_done, f);
		break;
	case 4:
		vmedia_vub_object_lookup(f->vub, uuid, on_fd, f);
		break;
	case 5:
		vmedia_vub_config_changed(f->vub);
		break;
	case 6:
		if (f->running[a % QUEUES] && f->num_held[a % QUEUES]) {
			unsigned int q = a % QUEUES;

			vmedia_vub_push(f->vub, q, f->held[q][--f->num_held[q]], b);
			vmedia_vub_notify(f->vub, q);
		}
		break;
	case 7:
		vmedia_fd_close(&f->chan.fd);
		break;
	}
}

static void step_memory(struct fuzz *f, struct input *in)
{
	uint32_t off = get16(in) % (MEM_SIZE - 32);
	unsigned int n = get8(in) % 32;

	/* Mostly where the rings are. */
	if (off & 0x8000)
		off &= 0x7ff;
	take(in, f->mem + off, n);
}

static void run(struct fuzz *f, struct input *in)
{
	while (in->left && f->vub) {
		uint8_t op = get8(in);

		switch (op % 8) {
		case 0:
		case 1:
		case 2:
			step_message(f, in);
			break;
		case 3:
			step_raw(f, op & 0x80 ? &f->chan : &f->front, in);
			break;
		case 4:
			step_memory(f, in);
			break;
		case 5:
			vmedia_eventfd_signal(f->event[(op >> 3) % QUEUES]);
			break;
		case 6:
			step_answer(f, in);
			break;
		case 7:
			step_device(f, in);
			break;
		}
		settle(f);
	}
}

static void init(void)
{
	unsigned int i;

	vmedia_log_set_level(VMEDIA_LOG_ERR - 1);
	fuzz = calloc(1, sizeof(*fuzz));
	if (!fuzz || vmedia_mem_guard_install() || vmedia_loop_create(&fuzz->loop))
		abort();
	fuzz->mem_fd = vmedia_memfd("fuzz", MEM_SIZE);
	fuzz->mem = mmap(NULL, MEM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fuzz->mem_fd, 0);
	fuzz->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (i = 0; i < QUEUES; i++)
		fuzz->event[i] = vmedia_eventfd();
	if (fuzz->mem == MAP_FAILED)
		abort();
}

static void start(struct fuzz *f)
{
	static const uint64_t shmem[3] = { 16 * PAGE, 0, 256 * PAGE };
	struct vmedia_vub_config cfg = {
		.num_queues = QUEUES,
		.max_queue_size = 64,
		.config_size = 40,
		.num_shmem = 3,
		.shmem_size = shmem,
		.max_memory = 1 << 20,
		.max_slots = 4,
	};
	int sv[2], ch[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ch) ||
	    vmedia_vub_create(f->loop, sv[0], &cfg, &ops, f, &f->vub) ||
	    vmedia_vu_link_init(&f->front, sv[1]) || vmedia_vu_link_init(&f->chan, ch[0]))
		abort();
	f->chan_back = ch[1];
	memset(f->mem, 0, 0x1000);
	vmedia_eventfd_clear(f->event[0]);
	vmedia_eventfd_clear(f->event[1]);
}

static void stop(struct fuzz *f)
{
	vmedia_vu_link_finish(&f->front);
	vmedia_vu_link_finish(&f->chan);
	vmedia_fd_close(&f->chan_back);
	while (f->vub && vmedia_loop_step(f->loop, 0) > 0)
		;
	if (f->vub || f->running[0] || f->running[1])
		abort();
	f->num_held[0] = 0;
	f->num_held[1] = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	int before, after;

	if (!fuzz)
		init();
	before = dup(fuzz->null);
	close(before);
	fuzz->mode = get8(&in);
	start(fuzz);
	if (fuzz->mode & 1)
		honest(fuzz);
	run(fuzz, &in);
	stop(fuzz);
	after = dup(fuzz->null);
	close(after);
	if (before != after)
		abort();
	return 0;
}
