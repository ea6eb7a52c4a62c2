/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The harness: memory, rings, commands, events. The peer of region 0 and objects is in
 * harness_peer.c.
 */
#include "harness.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/core.h"
#include "harness_peer.h"

static const char queue_letter[VMEDIA_NUM_QUEUES] = { 'c', 'e' };

static void trace(struct harness *h, char c)
{
	if (h->traced < HARNESS_MAX_TRACE - 1)
		h->trace[h->traced++] = c;
	h->trace[h->traced] = 0;
}

/* ---- Rings ---- */

static int op_pop(struct vmedia_transport *t, unsigned int q, struct vmedia_chain **chain)
{
	struct harness *h = vmedia_container_of(t, struct harness, transport);

	return h->vqd[q] ? vmedia_vqd_pop(h->vqd[q], chain) : 0;
}

static void op_push(struct vmedia_transport *t, unsigned int q, struct vmedia_chain *chain,
		    uint32_t used)
{
	struct harness *h = vmedia_container_of(t, struct harness, transport);

	h->pushes[q]++;
	trace(h, queue_letter[q]);
	vmedia_vqd_push(h->vqd[q], chain, used);
}

static void op_notify(struct vmedia_transport *t, unsigned int q)
{
	struct harness *h = vmedia_container_of(t, struct harness, transport);

	h->notifies[q]++;
	trace(h, (char)(queue_letter[q] - 'a' + 'A'));
}

static const struct vmedia_transport_ops harness_ops = {
	.pop = op_pop,
	.push = op_push,
	.notify = op_notify,
	.shm_map = harness_peer_map,
	.shm_unmap = harness_peer_unmap,
	.object_add = harness_peer_add,
	.object_remove = harness_peer_remove,
	.object_lookup = harness_peer_lookup,
};

static void queue_start(struct harness *h, unsigned int q)
{
	struct vmedia_vq_layout l;
	struct vmedia_vqr_config drv = { .features = h->features,
					 .name = q ? "events" : "commands" };
	struct vmedia_vqd_config dev = { .num = h->num, .features = h->features, .name = drv.name };
	int err = vmedia_vq_layout(h->num, h->features, 32, &l);

	assert(!err);
	drv.layout = l;
	drv.base = harness_alloc(h, l.size, 4096);
	drv.base_gpa = harness_gpa(h, drv.base);
	err = vmedia_vqr_create(&drv, &h->vqr[q]);
	assert(!err);
	dev.base = vmedia_vqr_base(h->vqr[q]);
	dev.desc = drv.base_gpa + l.desc;
	dev.driver = drv.base_gpa + l.driver;
	dev.device = drv.base_gpa + l.device;
	err = vmedia_vqd_create(&dev, h->mem, &h->vqd[q]);
	assert(!err);
}

static void queue_end(struct harness *h, unsigned int q)
{
	struct harness_req *req;

	vmedia_vqd_destroy(h->vqd[q]);
	h->vqd[q] = NULL;
	while ((req = vmedia_vqr_detach(h->vqr[q])))
		if (req->q == VMEDIA_QUEUE_EVENT)
			harness_put(h, req);
	vmedia_vqr_destroy(h->vqr[q]);
	h->vqr[q] = NULL;
}

static void queues_start(struct harness *h)
{
	unsigned int q;

	h->heap = h->heap_start;
	for (q = 0; q < VMEDIA_NUM_QUEUES; q++)
		queue_start(h, q);
}

static void queues_end(struct harness *h)
{
	unsigned int q;

	harness_collect(h);
	while (h->events_first)
		harness_event(h, NULL, NULL);
	for (q = 0; q < VMEDIA_NUM_QUEUES; q++)
		queue_end(h, q);
	h->events_posted = 0;
}

int harness_init(struct harness *h, const struct harness_options *opts)
{
	struct vmedia_mem_desc desc = { .gpa = HARNESS_GPA,
					.uva = HARNESS_GPA,
					.size = HARNESS_RAM };
	int err;

	memset(h, 0, sizeof(*h));
	h->features = opts && opts->features ? opts->features
					     : 1ull << VMEDIA_VIRTIO_F_VERSION_1 |
						       1ull << VMEDIA_VIRTIO_F_INDIRECT_DESC |
						       1ull << VMEDIA_VIRTIO_F_EVENT_IDX;
	h->num = opts && opts->num ? opts->num : 128;
	err = vmedia_loop_create(&h->loop);
	if (err)
		return err;
	h->ram_fd = vmedia_memfd("guest", HARNESS_RAM);
	desc.fd = h->ram_fd;
	err = h->ram_fd < 0 ? h->ram_fd : vmedia_mem_create(&desc, 1, &h->mem);
	if (err)
		return err;
	h->ram = vmedia_mem_at(h->mem, HARNESS_GPA, HARNESS_RAM);
	h->heap_start = 4096;
	h->ops = harness_ops;
	h->transport.ops = &h->ops;
	queues_start(h);
	return 0;
}

void harness_finish(struct harness *h)
{
	struct harness_req *req;

	if (h->dev)
		vmedia_device_detach(h->dev);
	vmedia_device_destroy(h->dev);
	harness_peer_end(h);
	queues_end(h);
	while ((req = h->all_reqs)) {
		h->all_reqs = *(struct harness_req **)(req + 1);
		free(req);
	}
	vmedia_mem_put(h->mem);
	vmedia_fd_close(&h->ram_fd);
	vmedia_loop_destroy(h->loop);
}

void harness_attach(struct harness *h, struct vmedia_device *dev)
{
	int err = vmedia_device_attach(dev, &h->transport);

	assert(!err);
	h->dev = dev;
	harness_turn(h, 3600ull * 1000000000);
}

void harness_turn(struct harness *h, uint64_t ns)
{
	h->dev->turn_ns = ns;
}

void harness_restart(struct harness *h)
{
	vmedia_device_queue_stop(h->dev, VMEDIA_QUEUE_COMMAND);
	vmedia_device_queue_stop(h->dev, VMEDIA_QUEUE_EVENT);
	queues_end(h);
	vmedia_device_reset(h->dev, false);
	queues_start(h);
	harness_step(h);
}

void harness_reconnect(struct harness *h)
{
	vmedia_device_detach(h->dev);
	harness_peer_end(h);
	queues_end(h);
	queues_start(h);
	harness_attach(h, h->dev);
}

void harness_step(struct harness *h)
{
	unsigned int i;

	for (i = 0; i < 10000 && vmedia_loop_step(h->loop, 0) > 0; i++)
		;
	assert(i < 10000);
	harness_collect(h);
}

void *harness_alloc(struct harness *h, size_t len, size_t align)
{
	uint64_t at = vmedia_align_up(h->heap, align);

	assert(at + len <= HARNESS_RAM / 2);
	h->heap = at + len;
	return h->ram + at;
}

uint64_t harness_gpa(const struct harness *h, const void *p)
{
	return HARNESS_GPA + (uint64_t)((const uint8_t *)p - h->ram);
}

/* ---- Requests of the driver ---- */

static struct harness_req *req_new(struct harness *h)
{
	struct harness_req *req = h->free_reqs;

	if (req) {
		h->free_reqs = req->next;
	} else {
		/* Behind each: the link of the list of all. */
		req = malloc(sizeof(*req) + sizeof(struct harness_req *));
		assert(req);
		*(struct harness_req **)(req + 1) = h->all_reqs;
		h->all_reqs = req;
	}
	memset(req, 0, sizeof(*req));
	return req;
}

void harness_put(struct harness *h, struct harness_req *req)
{
	req->next = h->free_reqs;
	h->free_reqs = req;
}

void harness_forget(struct harness *h)
{
	struct harness_req *req;

	assert(!h->events_first && !h->events_posted);
	h->free_reqs = NULL;
	for (req = h->all_reqs; req; req = *(struct harness_req **)(req + 1))
		harness_put(h, req);
}

struct harness_req *harness_offer_sg(struct harness *h, unsigned int q,
				     const struct vmedia_gpa_range *out, unsigned int out_num,
				     const struct vmedia_gpa_range *in, unsigned int in_num)
{
	struct harness_req *req = req_new(h);
	int err;

	req->q = q;
	err = vmedia_vqr_add(h->vqr[q], out, out_num, in, in_num, req, VMEDIA_VQR_INDIRECT);
	assert(!err);
	vmedia_vqr_publish(h->vqr[q]);
	return req;
}

static unsigned int cut(uint64_t gpa, size_t len, size_t piece, struct vmedia_gpa_range *sg)
{
	unsigned int n = 0;

	while (len) {
		size_t part = VMEDIA_MIN(len, piece);

		sg[n++] = (struct vmedia_gpa_range){ gpa, (uint32_t)part };
		gpa += part;
		len -= part;
	}
	return n;
}

/* The upper half of memory, round and round: answers are looked at before it comes back. */
static uint8_t *command_memory(struct harness *h, size_t len)
{
	uint64_t at = vmedia_align_up(h->command_heap, 16);

	if (at < HARNESS_RAM / 2 || at + len > HARNESS_RAM)
		at = HARNESS_RAM / 2;
	h->command_heap = at + len;
	return h->ram + at;
}

struct harness_req *harness_offer(struct harness *h, const void *req, size_t req_len,
				  size_t resp_cap, size_t piece)
{
	static struct vmedia_gpa_range sg[2048];
	uint8_t *out = command_memory(h, req_len + 1);
	uint8_t *in = command_memory(h, resp_cap + 1);
	unsigned int out_num, in_num;
	struct harness_req *r;

	memcpy(out, req, req_len);
	memset(in, 0xee, resp_cap);
	out_num = cut(harness_gpa(h, out), req_len, piece, sg);
	in_num = cut(harness_gpa(h, in), resp_cap, piece, sg + out_num);
	r = harness_offer_sg(h, VMEDIA_QUEUE_COMMAND, sg, out_num, sg + out_num, in_num);
	r->resp = in;
	r->resp_cap = resp_cap;
	return r;
}

void harness_kick(struct harness *h, unsigned int q)
{
	vmedia_device_kick(h->dev, q);
	harness_step(h);
}

void harness_collect(struct harness *h)
{
	struct harness_req *req;
	unsigned int q;
	void *cookie;
	uint32_t len;

	for (q = 0; q < VMEDIA_NUM_QUEUES; q++) {
		while (h->vqr[q] && vmedia_vqr_get_used(h->vqr[q], &cookie, &len) > 0) {
			req = cookie;
			req->used = true;
			req->len = len;
			if (q != VMEDIA_QUEUE_EVENT)
				continue;
			req->next = NULL;
			if (h->events_last)
				h->events_last->next = req;
			else
				h->events_first = req;
			h->events_last = req;
		}
	}
}

int harness_raw(struct harness *h, const void *req, size_t req_len, void *resp, size_t resp_cap)
{
	struct harness_req *r = harness_offer(h, req, req_len, resp_cap, HARNESS_PART);
	int len;

	harness_kick(h, VMEDIA_QUEUE_COMMAND);
	if (!r->used)
		return -EAGAIN;
	if (resp)
		memcpy(resp, r->resp, resp_cap);
	len = (int)r->len;
	harness_put(h, r);
	return len;
}

struct harness_req *harness_offer_cmd(struct harness *h, const struct vmedia_cmd *cmd)
{
	static uint8_t buf[VMEDIA_MAX_REQ_SIZE];
	int n = vmedia_cmd_encode(cmd, buf, sizeof(buf));

	assert(n > 0);
	return harness_offer(h, buf, (size_t)n, vmedia_resp_size(cmd), HARNESS_PART);
}

int harness_answered(struct harness *h, struct harness_req *req, struct vmedia_cmd *cmd)
{
	int ret;

	assert(req->used);
	ret = vmedia_resp_decode(cmd, req->resp, req->len);
	harness_put(h, req);
	return ret;
}

int harness_cmd(struct harness *h, struct vmedia_cmd *cmd)
{
	struct harness_req *req = harness_offer_cmd(h, cmd);

	harness_kick(h, VMEDIA_QUEUE_COMMAND);
	return req->used ? harness_answered(h, req, cmd) : -EAGAIN;
}

int harness_open(struct harness *h, uint32_t *session)
{
	struct vmedia_cmd cmd = { .type = VMEDIA_CMD_OPEN };
	int err = harness_cmd(h, &cmd);

	*session = cmd.session_id;
	return err;
}

int harness_close(struct harness *h, uint32_t session)
{
	uint8_t buf[VMEDIA_CMD_CLOSE_SIZE];
	struct vmedia_cmd cmd = { .type = VMEDIA_CMD_CLOSE, .session_id = session };
	int n = vmedia_cmd_encode(&cmd, buf, sizeof(buf));

	assert(n == sizeof(buf));
	return harness_raw(h, buf, sizeof(buf), NULL, 0);
}

void harness_cmd_ioctl(struct vmedia_cmd *cmd, uint32_t session, uint32_t nr)
{
	memset(cmd, 0, sizeof(*cmd));
	cmd->type = VMEDIA_CMD_IOCTL;
	cmd->session_id = session;
	cmd->code = nr;
	cmd->io.info = vmedia_ioctl_info(nr);
}

int harness_ioctl(struct harness *h, uint32_t session, uint32_t nr, union vmedia_payload *arg)
{
	struct vmedia_cmd cmd;
	int err;

	harness_cmd_ioctl(&cmd, session, nr);
	if (arg)
		memcpy(&cmd.io.arg, arg, cmd.io.info->size);
	err = harness_cmd(h, &cmd);
	if (arg)
		memcpy(arg, &cmd.io.arg, cmd.io.info->size);
	return err;
}

int harness_mmap(struct harness *h, uint32_t session, uint32_t offset, uint32_t flags,
		 uint64_t *addr, uint64_t *len)
{
	struct vmedia_cmd cmd = { .type = VMEDIA_CMD_MMAP,
				  .session_id = session,
				  .mmap_flags = flags,
				  .mmap_offset = offset };
	int err = harness_cmd(h, &cmd);

	*addr = cmd.driver_addr;
	if (len)
		*len = cmd.mmap_len;
	return err;
}

int harness_munmap(struct harness *h, uint64_t addr)
{
	struct vmedia_cmd cmd = { .type = VMEDIA_CMD_MUNMAP, .driver_addr = addr };

	return harness_cmd(h, &cmd);
}

void harness_post_events(struct harness *h, unsigned int n, size_t size)
{
	while (n--) {
		uint8_t *buf = harness_alloc(h, size, 16);
		struct vmedia_gpa_range sg = { harness_gpa(h, buf), (uint32_t)size };
		struct harness_req *req = harness_offer_sg(h, VMEDIA_QUEUE_EVENT, NULL, 0, &sg, 1);

		req->resp = buf;
		req->resp_cap = size;
		h->events_posted++;
	}
	harness_kick(h, VMEDIA_QUEUE_EVENT);
}

int harness_event(struct harness *h, struct vmedia_evt *evt, uint32_t *used)
{
	struct harness_req *req = h->events_first;
	int ret = 1;

	if (!req)
		return 0;
	h->events_first = req->next;
	if (!h->events_first)
		h->events_last = NULL;
	h->events_posted--;
	if (used)
		*used = req->len;
	if (evt && vmedia_evt_decode(evt, req->resp, req->len))
		ret = -EINVAL;
	harness_put(h, req);
	return ret;
}

unsigned int harness_count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

size_t harness_heap_bytes(void)
{
	return mallinfo2().uordblks;
}
