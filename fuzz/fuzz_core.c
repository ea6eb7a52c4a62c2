// SPDX-License-Identifier: BSD-3-Clause
/*
 * A hostile guest: chains of commands into core, with the pattern camera behind it.
 *
 * An input is a list of operations: commands made of templates whose fields the input chooses (so
 * that a session gets as far as streaming), raw commands, event buffers, answers of the peer of
 * region 0 and of virtio objects, stops, resets, lost connections. The transport is a pair of lists
 * in this file: a chain is its memory, allocated as long as it says.
 *
 * Checked beside what the sanitizers see: used lengths fit, answers have a status that is an errno,
 * events decode, no range of region 0 is mapped twice, every chain comes back or is forgotten by a
 * detach, and after it the guest holds nothing.
 *
 * The device lives as long as the process; each input ends with a detach, which must leave it as
 * new. The camera's worker is the one thing here that has its own time: frames come when it has
 * made them.
 */
#include <errno.h>
#include <linux/videodev2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vmedia/camera.h>
#include <vmedia/log.h>
#include <vmedia/policy.h>

#include "base/fd.h"
#include "base/loop.h"
#include "core/core.h"
#include "core/transport.h"
#include "fuzz_core_commands.h"
#include "virtq/dev.h"

#define RAM_SIZE    (256u << 10)
#define MAX_CHAINS  64
#define MAX_MAPS    64
#define MAX_WAITING 64
#define REGION	    (16u << 20)

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(cond)                                                              \
	do {                                                                       \
		if (!(cond)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
			abort();                                                   \
		}                                                                  \
	} while (0)

struct fuzz_chain {
	struct vmedia_chain c;
	struct iovec out[3], in[3];
	uint8_t *req, *resp; /* exact allocations, or one for both */
	size_t req_len, resp_len;
	uint32_t type;	      /* of the command, as it was sent */
	bool used, out_there; /* with core */
	struct fuzz_chain *next;
};

struct waiting {
	vmedia_transport_done_fn done;
	void *opaque;
	int err, fd;
	uint64_t unmap; /* offset of the mapping that goes with success, or UINT64_MAX */
	uint64_t map;	/* and with a failure */
};

struct fuzz_map {
	uint64_t offset, len;
};

static struct vmedia_loop *loop;
static struct vmedia_device *dev;
static struct vmedia_mem *mem;
static uint8_t *ram;

/* Of one input. */
static struct {
	struct vmedia_transport t;
	struct fuzz_chain *offered[VMEDIA_NUM_QUEUES]; /* not popped yet, newest last */
	struct fuzz_chain *chains[MAX_CHAINS];
	unsigned int num_chains;
	struct fuzz_map maps[MAX_MAPS];
	unsigned int num_maps;
	struct waiting waiting[MAX_WAITING];
	unsigned int num_waiting;
	bool async;
	uint32_t session[MAX_KNOWN];
	uint64_t addr[MAX_KNOWN];
	uint32_t offset[MAX_KNOWN]; /* of buffers, for MMAP */
	unsigned int sessions, addrs, uuids, offsets;
	unsigned int waits; /* milliseconds that this input may still wait for frames */
} g;

/* ---- The transport ---- */

static int op_pop(struct vmedia_transport *t, unsigned int q, struct vmedia_chain **chain)
{
	struct fuzz_chain *c = g.offered[q];

	(void)t;
	if (!c)
		return 0;
	g.offered[q] = c->next;
	c->out_there = true;
	*chain = &c->c;
	return 1;
}

/* Learn ids and addresses from answers, as a driver does. */
static void learn(const struct fuzz_chain *c, uint32_t used)
{
	if (c->type == VMEDIA_CMD_OPEN && used >= 16 && !get32(c->resp))
		g.session[g.sessions++ % MAX_KNOWN] = get32(c->resp + 8);
	if (c->type == VMEDIA_CMD_IOCTL && used == 8 && !get32(c->resp) &&
	    get32(c->req + 12) == VMEDIA_NR_STREAMON)
		g.waits = 3;
	if (c->type == VMEDIA_CMD_MMAP && used >= 24 && !get32(c->resp))
		memcpy(&g.addr[g.addrs++ % MAX_KNOWN], c->resp + 8, 8);
	if (c->type == VMEDIA_CMD_IOCTL && used == 8 + 88 && !get32(c->resp)) /* QUERYBUF, QBUF */
		g.offset[g.offsets++ % MAX_KNOWN] = get32(c->resp + 8 + 64);
	if (c->type == VMEDIA_CMD_IOCTL && used == 8 + 64 + 16 && !get32(c->resp)) /* EXPBUF */
		memcpy(known_uuid[g.uuids++ % MAX_KNOWN], c->resp + 72, VMEDIA_UUID_SIZE);
}

static void op_push(struct vmedia_transport *t, unsigned int q, struct vmedia_chain *chain,
		    uint32_t used)
{
	struct fuzz_chain *c = (struct fuzz_chain *)chain;
	struct vmedia_evt evt;

	(void)t;
	REQUIRE(c->out_there && !c->used);
	c->used = true;
	REQUIRE(used <= chain->in_len);
	if (!used)
		return;
	if (q == VMEDIA_QUEUE_EVENT) {
		REQUIRE(!vmedia_evt_decode(&evt, c->resp, used));
		return;
	}
	REQUIRE(used >= 8);
	REQUIRE(get32(c->resp) <= 4095);
	learn(c, used);
}

static void op_notify(struct vmedia_transport *t, unsigned int q)
{
	(void)t;
	(void)q;
}

static void unmap(uint64_t offset)
{
	unsigned int i;

	for (i = 0; i < g.num_maps; i++) {
		if (g.maps[i].offset == offset) {
			g.maps[i] = g.maps[--g.num_maps];
			return;
		}
	}
	REQUIRE(false);
}

/* A peer that answers in order, now or when the input says so. @maps, @unmaps: or UINT64_MAX. */
static void answer(vmedia_transport_done_fn done, void *opaque, int err, int fd, uint64_t maps,
		   uint64_t unmaps)
{
	if (!g.async || g.num_waiting == MAX_WAITING) {
		if (unmaps != UINT64_MAX)
			unmap(unmaps);
		done(opaque, err, fd);
		return;
	}
	g.waiting[g.num_waiting++] = (struct waiting){ done, opaque, err, fd, unmaps, maps };
}

static void answer_oldest(int err)
{
	struct waiting w = g.waiting[0];

	memmove(g.waiting, g.waiting + 1, --g.num_waiting * sizeof(w));
	if (err) {
		vmedia_fd_close(&w.fd);
		if (w.map != UINT64_MAX)
			unmap(w.map);
		w.err = err;
	} else if (w.unmap != UINT64_MAX) {
		unmap(w.unmap);
	}
	w.done(w.opaque, w.err, w.fd);
}

static void op_shm_map(struct vmedia_transport *t, int fd, uint64_t fd_offset, uint64_t shm_offset,
		       uint64_t len, bool writable, vmedia_transport_done_fn done, void *opaque)
{
	unsigned int i;

	(void)t;
	(void)writable;
	REQUIRE(fd >= 0 && !(fd_offset & 4095) && !(shm_offset & 4095) && len && !(len & 4095));
	REQUIRE(shm_offset + len <= REGION);
	for (i = 0; i < g.num_maps; i++)
		REQUIRE(shm_offset + len <= g.maps[i].offset ||
			g.maps[i].offset + g.maps[i].len <= shm_offset);
	if (g.num_maps == MAX_MAPS) {
		answer(done, opaque, -EIO, -1, UINT64_MAX, UINT64_MAX);
		return;
	}
	g.maps[g.num_maps++] = (struct fuzz_map){ shm_offset, len };
	answer(done, opaque, 0, -1, shm_offset, UINT64_MAX);
}

static void op_shm_unmap(struct vmedia_transport *t, uint64_t shm_offset, uint64_t len,
			 vmedia_transport_done_fn done, void *opaque)
{
	(void)t;
	(void)len;
	answer(done, opaque, 0, -1, UINT64_MAX, shm_offset);
}

static void op_object(struct vmedia_transport *t, const uint8_t uuid[VMEDIA_UUID_SIZE])
{
	(void)t;
	(void)uuid;
}

/* Objects of others: their first byte says how large they are; 0 does not exist. */
static void op_lookup(struct vmedia_transport *t, const uint8_t uuid[VMEDIA_UUID_SIZE],
		      vmedia_transport_done_fn done, void *opaque)
{
	int fd = uuid[0] ? vmedia_memfd("object", uuid[0] * 512u) : -ENOENT;

	(void)t;
	answer(done, opaque, fd < 0 ? fd : 0, fd < 0 ? -1 : fd, UINT64_MAX, UINT64_MAX);
}

static const struct vmedia_transport_ops transport_ops = {
	.pop = op_pop,
	.push = op_push,
	.notify = op_notify,
	.shm_map = op_shm_map,
	.shm_unmap = op_shm_unmap,
	.object_add = op_object,
	.object_remove = op_object,
	.object_lookup = op_lookup,
};

/* ---- Chains ---- */

static void chain_free(struct fuzz_chain *c)
{
	if (c->resp != c->req)
		free(c->resp);
	free(c->req);
	free(c);
}

/* Free what came back; true if there is room for another. */
static bool chain_room(void)
{
	unsigned int i, kept = 0;

	if (g.num_chains < MAX_CHAINS)
		return true;
	for (i = 0; i < g.num_chains; i++) {
		if (g.chains[i]->used)
			chain_free(g.chains[i]);
		else
			g.chains[kept++] = g.chains[i];
	}
	g.num_chains = kept;
	return kept < MAX_CHAINS;
}

static unsigned int split(struct iovec *iov, uint8_t *p, size_t len, uint8_t at)
{
	size_t first = at && len ? at % len : 0;
	unsigned int n = 0;

	if (first)
		iov[n++] = (struct iovec){ p, first };
	if (len - first)
		iov[n++] = (struct iovec){ p + first, len - first };
	return n;
}

/* Offer @len bytes of @req and room for @room; both in one memory if @alias. */
static void offer(unsigned int q, const uint8_t *req, size_t len, size_t room, uint8_t cut,
		  bool alias)
{
	struct fuzz_chain *c, **tail = &g.offered[q];

	if (!chain_room())
		return;
	c = calloc(1, sizeof(*c));
	REQUIRE(c);
	c->req = malloc(alias && room > len ? room : len ? len : 1);
	c->resp = alias ? c->req : malloc(room ? room : 1);
	REQUIRE(c->req && c->resp);
	if (len)
		memcpy(c->req, req, len);
	c->req_len = len;
	c->resp_len = room;
	c->type = len >= 4 ? get32(req) : 0;
	vmedia_chain_make(&c->c, c->out, split(c->out, c->req, len, cut), c->in,
			  split(c->in, c->resp, room, cut));
	c->c.mem = mem;
	if (cut == 0xff) {
		/* A chain that the ring refused. */
		c->c.out_num = c->c.in_num = 0;
		c->c.out_len = c->c.in_len = 0;
		c->c.err = -EFAULT;
	}
	while (*tail)
		tail = &(*tail)->next;
	*tail = c;
	g.chains[g.num_chains++] = c;
}

/* ---- Commands by template ---- */

static uint32_t pick_session(struct input *in)
{
	uint8_t i = u8(in);

	return i < 0xf0 ? g.session[i % MAX_KNOWN] : u32(in);
}

static void op_ioctl(struct input *in)
{
	static uint8_t req[16 + 8192];
	const struct vmedia_ioctl_info *info;
	uint8_t patches, how;
	size_t len = VMEDIA_CMD_IOCTL_SIZE, room;
	uint32_t nr;

	memset(req, 0, sizeof(req));
	put32(req, VMEDIA_CMD_IOCTL);
	put32(req + 8, pick_session(in));
	nr = pick_nr(in);
	put32(req + 12, nr);
	info = vmedia_ioctl_info(nr);
	if (info)
		len += fill_payload(req + 16, info, in);
	how = u8(in);
	for (patches = how & 3; patches; patches--) {
		size_t at = 16 + (len > 16 ? u16(in) % (len - 16) : 0);

		put32(req + at, u32(in));
	}
	room = 8 + (info ? info->size : 0) + len;
	if (how & 4)
		len -= u8(in) % len;
	if (how & 8)
		room = u8(in);
	offer(VMEDIA_QUEUE_COMMAND, req, len, room, how & 0x10 ? u8(in) : 0, how & 0x20);
}

static void op_simple(struct input *in)
{
	uint8_t req[20] = { 0 }, how = u8(in);

	switch (how & 7) {
	default:
		put32(req, VMEDIA_CMD_OPEN);
		offer(VMEDIA_QUEUE_COMMAND, req, 8, 16, how >> 4, false);
		break;
	case 1:
	case 2:
		put32(req, VMEDIA_CMD_CLOSE);
		put32(req + 8, pick_session(in));
		offer(VMEDIA_QUEUE_COMMAND, req, 16, how & 0x80 ? 8 : 0, 0, false);
		break;
	case 3:
	case 4:
		put32(req, VMEDIA_CMD_MMAP);
		put32(req + 8, pick_session(in));
		put32(req + 12, u8(in) & 3);
		put32(req + 16, how & 0x80 ? u32(in) : g.offset[u8(in) % MAX_KNOWN]);
		offer(VMEDIA_QUEUE_COMMAND, req, 20, 24, how >> 4 & 7, how & 8);
		break;
	case 5:
		put32(req, VMEDIA_CMD_MUNMAP);
		put64(req + 8, how & 0x80 ? u32(in) : g.addr[u8(in) % MAX_KNOWN]);
		offer(VMEDIA_QUEUE_COMMAND, req, 16, 8, 0, false);
		break;
	}
}

static void op_raw(struct input *in)
{
	size_t len = u8(in);
	uint8_t room = u8(in), cut = u8(in);

	if (len > in->left)
		len = in->left;
	offer(VMEDIA_QUEUE_COMMAND, in->data, len, room, cut, cut & 1);
	in->data += len;
	in->left -= len;
}

static void op_events(struct input *in)
{
	uint8_t how = u8(in), n = how & 7;
	size_t room = how & 0x80 ? u8(in) : 608;

	while (n--)
		offer(VMEDIA_QUEUE_EVENT, NULL, 0, room, how & 0x40 ? 7 : 0, false);
	vmedia_device_kick(dev, VMEDIA_QUEUE_EVENT);
}

/* ---- An input ---- */

static void step(void)
{
	unsigned int i;

	for (i = 0; i < 8 && vmedia_loop_step(loop, 0) > 0; i++)
		;
}

static void reattach(void)
{
	unsigned int i;

	vmedia_device_detach(dev);
	while (g.num_waiting)
		answer_oldest(-ECONNRESET);
	g.num_maps = 0;
	for (i = 0; i < g.num_chains; i++)
		chain_free(g.chains[i]);
	g.num_chains = 0;
	memset(g.offered, 0, sizeof(g.offered));
	REQUIRE(!vmedia_device_attach(dev, &g.t));
}

/* No input depends on the clock: a turn of the device is one command, or all there is to do. */
static void set_turn(bool one)
{
	dev->turn_ns = one ? 0 : 3600ull * 1000000000;
}

static void run_op(struct input *in)
{
	uint8_t op = u8(in);

	switch (op & 15) {
	case 0:
		vmedia_device_kick(dev, VMEDIA_QUEUE_COMMAND);
		step();
		break;
	case 1:
		op_raw(in);
		break;
	case 2:
		op_events(in);
		break;
	case 3:
		g.async = op & 0x10;
		set_turn(op & 0x20);
		break;
	case 4:
		if (g.num_waiting)
			answer_oldest(op & 0x10 ? -EIO : 0);
		break;
	case 5:
		if (op & 0x80 && g.waits) {
			g.waits--;
			vmedia_loop_step(loop, 1);
		}
		step();
		break;
	case 6:
		if ((op & 0xe0) == 0xe0)
			reattach();
		else if ((op & 0xe0) == 0xc0)
			vmedia_device_reset(dev, op & 0x10);
		else if ((op & 0xe0) == 0xa0)
			vmedia_device_queue_stop(dev, op >> 4 & 1);
		break;
	case 7:
	case 8:
	case 9:
		op_simple(in);
		break;
	default:
		op_ioctl(in);
		break;
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct vmedia_camera_options opts;
	char why[256];

	(void)argc;
	(void)argv;
	vmedia_log_set_level(-1);
	vmedia_camera_options_init(&opts);
	opts.free_run = true;
	opts.num_sizes = 2;
	opts.sizes[0] = (struct vmedia_camera_size){ 16, 16 };
	opts.sizes[1] = (struct vmedia_camera_size){ 48, 32 };
	opts.limits.max_bytes = 4u << 20;
	opts.limits.max_sessions = 6;
	opts.limits.max_mappings = 16;
	opts.limits.max_objects = 8;
	opts.limits.max_ctrl_bytes = 4096;
	opts.region_size = REGION;
	ram = calloc(1, RAM_SIZE);
	REQUIRE(ram && !vmedia_mem_plain(ram, RAM_GPA, RAM_SIZE, &mem));
	REQUIRE(!vmedia_loop_create(&loop));
	REQUIRE(!vmedia_camera_create(loop, &opts, why, sizeof(why), &dev));
	return 0;
}

/* Inputs of an odd size have a policy, of which each part refuses something of this camera. */
static void set_policy(bool on)
{
	static const struct vmedia_policy none;
	struct vmedia_policy policy = {
		.limit_formats = true, .num_formats = 2,
		.formats = { V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_YUYV },
		.max_width = 40, .max_height = 40, .max_fps = 20,
		.others = VMEDIA_POLICY_READ, .num_ctrls = 1, .ctrls = { V4L2_CID_BRIGHTNESS },
	};

	policy.denied[VMEDIA_NR_S_PRIORITY / 8] |= 1 << VMEDIA_NR_S_PRIORITY % 8;
	REQUIRE(!vmedia_device_set_policy(dev, on ? &policy : &none));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct vmedia_device_stats st;
	unsigned int i;

	memset(&g, 0, sizeof(g));
	memset(known_uuid, 0, sizeof(known_uuid));
	g.t.ops = &transport_ops;
	set_policy(size & 1);
	REQUIRE(!vmedia_device_attach(dev, &g.t));
	set_turn(false);
	while (in.left)
		run_op(&in);
	vmedia_device_kick(dev, VMEDIA_QUEUE_COMMAND);
	step();
	vmedia_device_detach(dev);
	while (g.num_waiting)
		answer_oldest(-ECONNRESET);
	for (i = 0; i < g.num_chains; i++)
		chain_free(g.chains[i]);
	/* A worker may still hold the one frame that it is in. */
	for (i = 0; i < 1000; i++) {
		vmedia_device_stats(dev, &st);
		if (!st.bytes_held)
			break;
		vmedia_loop_step(loop, 1);
	}
	REQUIRE(!st.bytes_held && !st.mappings && !st.sessions_open);
	step();
	return 0;
}
