/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A hostile back-end against the front-end end of vhost-user.
 *
 * The first bytes of the input choose the calls that the front-end's owner makes; the rest is what
 * the back-end does while the front-end waits: answers that are right, nearly right or noise, and
 * requests on the channel. What the callbacks get is checked against what they are promised. After
 * each input every descriptor must be closed again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "vhost/frontend.h"
#include "virtq/ring.h"

#define SHMEM_SIZE (1u << 20)
#define FILE_SIZE  65536u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *p;
	size_t left;
};

struct fuzz {
	struct input in;
	struct vmedia_vuf *vuf;
	struct vmedia_vu_link back; /* our end of the socket */
	struct vmedia_vu_link chan; /* our end of the channel, once we got it */
	uint32_t asked;		    /* last request, 0: none unanswered */
	struct vmedia_vu_msg question;
	bool honest;
	int file, event;
};

static struct fuzz *fuzz;

static uint8_t get8(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->p++;
}

static void take(struct input *in, void *dst, size_t len)
{
	size_t n = len < in->left ? len : in->left;

	memset(dst, 0, len);
	memcpy(dst, in->p, n);
	in->p += n;
	in->left -= n;
}

/* ---- the owner ---- */

static int own_map(void *opaque, uint8_t shmid, int fd, uint64_t fd_off, uint64_t shm_off,
		   uint64_t len, bool rw)
{
	struct fuzz *f = opaque;
	uint64_t size = vmedia_vuf_shmem_size(f->vuf, shmid);
	struct stat st;

	if (!len || shm_off > size || len > size - shm_off || fstat(fd, &st) ||
	    fd_off > (uint64_t)st.st_size || len > (uint64_t)st.st_size - fd_off)
		abort();
	return shm_off & 4096 ? -1 : 0;
}

static int own_unmap(void *opaque, uint8_t shmid, uint64_t shm_off, uint64_t len)
{
	uint64_t size = vmedia_vuf_shmem_size(((struct fuzz *)opaque)->vuf, shmid);

	if (!len || shm_off > size || len > size - shm_off)
		abort();
	return 0;
}

static int own_uuid(void *opaque, const uint8_t uuid[VMEDIA_VU_UUID_SIZE])
{
	return uuid[0] & 1 ? -1 : 0;
}

static int own_lookup(void *opaque, const uint8_t uuid[VMEDIA_VU_UUID_SIZE])
{
	return uuid[0] & 1 ? -2 : vmedia_fd_dup(((struct fuzz *)opaque)->file);
}

static const struct vmedia_vuf_ops ops = {
	.shmem_map = own_map,
	.shmem_unmap = own_unmap,
	.object_add = own_uuid,
	.object_remove = own_uuid,
	.object_lookup = own_lookup,
};

/* ---- the back-end ---- */

/* Reads what the front-end sent, and keeps the last question and the channel. */
static void listen_to_it(struct fuzz *f)
{
	struct vmedia_vu_msg msg;

	while (vmedia_vu_link_recv(&f->back, &msg) > 0) {
		if (msg.hdr.request == VMEDIA_VU_SET_BACKEND_REQ_FD && msg.num_fds == 1) {
			vmedia_vu_link_finish(&f->chan);
			if (!vmedia_vu_link_init(&f->chan, msg.fd[0]))
				vmedia_vu_take_fd(&msg, 0);
		}
		vmedia_vu_msg_drop_fds(&msg);
		f->question = msg;
		f->asked = msg.hdr.request;
	}
	while (f->chan.fd >= 0 && vmedia_vu_link_recv(&f->chan, &msg) > 0)
		vmedia_vu_msg_drop_fds(&msg);
}

static void answer_well(struct fuzz *f)
{
	struct vmedia_vu_msg *q = &f->question;
	const struct vmedia_vu_row *row = vmedia_vu_row(VMEDIA_VU_FRONT, f->asked);
	struct vmedia_vu_hdr hdr = { f->asked, VMEDIA_VU_VERSION | VMEDIA_VU_FLAG_REPLY, 8 };
	bool own = row && row->reply == VMEDIA_VU_REPLY_OWN;
	unsigned int fds = 0;

	if (!row || (!own && !(q->hdr.flags & VMEDIA_VU_FLAG_NEED_REPLY)))
		return;
	switch (f->asked) {
	case VMEDIA_VU_GET_FEATURES:
		q->p.u64 = VMEDIA_VQ_FEATURES | 1ull << VMEDIA_VU_F_PROTOCOL;
		break;
	case VMEDIA_VU_GET_PROTOCOL_FEATURES:
		q->p.u64 = UINT64_MAX;
		break;
	case VMEDIA_VU_GET_QUEUE_NUM:
		q->p.u64 = 2;
		break;
	case VMEDIA_VU_GET_SHMEM_CONFIG:
		hdr.size = sizeof(q->p.shmem);
		memset(&q->p.shmem, 0, hdr.size);
		q->p.shmem.num = 1;
		q->p.shmem.size[0] = SHMEM_SIZE;
		break;
	case VMEDIA_VU_GET_INFLIGHT_FD:
		q->p.inflight.mmap_size = 4096;
		fds = 1;
		hdr.size = q->hdr.size;
		break;
	case VMEDIA_VU_GET_SHARED_OBJECT:
		fds = 1;
		hdr.size = q->hdr.size;
		break;
	case VMEDIA_VU_GET_CONFIG:
	case VMEDIA_VU_GET_VRING_BASE:
		hdr.size = q->hdr.size;
		break;
	default:
		q->p.u64 = 0;
	}
	vmedia_vu_link_send(&f->back, &hdr, &q->p, &f->file, fds);
	f->asked = 0;
}

/* The right answer's frame with values, size or descriptors of the input. */
static void answer_badly(struct fuzz *f)
{
	const struct vmedia_vu_row *row = vmedia_vu_row(VMEDIA_VU_FRONT, f->asked);
	uint8_t how = get8(&f->in);
	struct vmedia_vu_hdr hdr = { f->asked, VMEDIA_VU_VERSION | VMEDIA_VU_FLAG_REPLY, 8 };
	union vmedia_vu_payload p;
	int fds[8], i;

	if (row && row->reply == VMEDIA_VU_REPLY_OWN)
		hdr.size = row->reply_max;
	if (how & 1)
		hdr.size = get8(&f->in);
	if (how & 2)
		hdr.request = get8(&f->in);
	if (how & 4)
		hdr.flags = get8(&f->in);
	memset(&p, 0, sizeof(p));
	take(&f->in, &p, hdr.size < 64 ? hdr.size : 64);
	for (i = 0; i < 8; i++)
		fds[i] = i & 1 ? f->event : f->file;
	vmedia_vu_link_send(&f->back, &hdr, &p, fds, how & 8 ? how >> 5 : 0);
	f->asked = 0;
}

static void channel_request(struct fuzz *f)
{
	uint8_t how = get8(&f->in);
	struct vmedia_vu_hdr hdr = { get8(&f->in) % 12, VMEDIA_VU_VERSION, 0 };
	const struct vmedia_vu_row *row = vmedia_vu_row(VMEDIA_VU_BACK, hdr.request);
	union vmedia_vu_payload p;
	unsigned int n = row ? row->fds_min : 0;
	int fds[2] = { f->file, f->event };

	memset(&p, 0, sizeof(p));
	hdr.size = row ? row->min : get8(&f->in);
	if (how & 1)
		hdr.flags |= VMEDIA_VU_FLAG_NEED_REPLY;
	if (how & 2)
		hdr.size = get8(&f->in);
	if (how & 4)
		n = get8(&f->in) % 3;
	if (how & 8) {
		p.mmap.shmid = get8(&f->in) & 1;
		p.mmap.shm_offset = (uint64_t)get8(&f->in) << 12;
		p.mmap.fd_offset = (uint64_t)(get8(&f->in) & 31) << 12;
		p.mmap.len = (uint64_t)get8(&f->in) << 12;
		p.mmap.flags = get8(&f->in) & 3;
	} else {
		take(&f->in, &p, hdr.size < 40 ? hdr.size : 40);
	}
	vmedia_vu_link_send(&f->chan, &hdr, &p, fds, n);
}

static void raw(struct fuzz *f, struct vmedia_vu_link *link)
{
	uint8_t buf[64];
	size_t n = get8(&f->in) % sizeof(buf);

	take(&f->in, buf, n);
	if (link->fd >= 0)
		(void)!send(link->fd, buf, n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* What the back-end does next. Returns a negative errno when the input is used up. */
static int pump(void *opaque)
{
	struct fuzz *f = opaque;

	listen_to_it(f);
	if (f->honest) {
		answer_well(f);
		return 0;
	}
	if (!f->in.left)
		return -ETIME;
	switch (get8(&f->in) % 8) {
	case 0:
	case 1:
		answer_well(f);
		break;
	case 2:
	case 3:
		answer_badly(f);
		break;
	case 4:
	case 5:
		channel_request(f);
		break;
	case 6:
		raw(f, &f->chan);
		break;
	case 7:
		raw(f, &f->back);
		break;
	}
	return 0;
}

static void call(struct fuzz *f, uint8_t what)
{
	static const uint8_t uuid[VMEDIA_VU_UUID_SIZE] = { 1 };
	struct vmedia_vuf_region region = { 0x1000, 0x1000, FILE_SIZE, 0, f->file };
	struct vmedia_vuf_vring vring = {
		.num = 8, .kick_fd = f->event, .call_fd = -1, .err_fd = -1
	};
	struct vmedia_vu_inflight info;
	uint8_t buf[VMEDIA_VU_MAX_CONFIG];
	uint64_t slots;
	uint32_t base;
	int fd;

	switch (what % 12) {
	case 0:
		vmedia_vuf_negotiate(f->vuf);
		break;
	case 1:
		vmedia_vuf_set_mem_table(f->vuf, &region, 1);
		break;
	case 2:
		vmedia_vuf_setup_vring(f->vuf, what & 1, &vring);
		break;
	case 3:
		vmedia_vuf_get_vring_base(f->vuf, 0, &base);
		break;
	case 4:
		vmedia_vuf_get_config(f->vuf, what & 7, buf, what);
		break;
	case 5:
		vmedia_vuf_get_status(f->vuf, buf);
		break;
	case 6:
		if (!vmedia_vuf_get_shared_object(f->vuf, uuid, &fd))
			vmedia_fd_close(&fd);
		break;
	case 7:
		if (!vmedia_vuf_get_inflight_fd(f->vuf, 2, 8, &info, &fd)) {
			vmedia_vuf_set_inflight_fd(f->vuf, &info, fd);
			vmedia_fd_close(&fd);
		}
		break;
	case 8:
		vmedia_vuf_get_max_mem_slots(f->vuf, &slots);
		break;
	case 9:
		vmedia_vuf_add_mem_reg(f->vuf, &region);
		break;
	default:
		pump(f);
		vmedia_vuf_handle_backend_req(f->vuf);
		break;
	}
}

static void init(void)
{
	vmedia_log_set_level(VMEDIA_LOG_ERR - 1);
	fuzz = calloc(1, sizeof(*fuzz));
	if (!fuzz)
		abort();
	fuzz->file = vmedia_memfd("fuzz", FILE_SIZE);
	fuzz->event = vmedia_eventfd();
	fuzz->chan.fd = -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vmedia_vuf_config cfg = { .pump = pump };
	int sv[2], before, after;
	uint8_t mode, calls[8];
	unsigned int i;

	if (!fuzz)
		init();
	before = dup(fuzz->event);
	close(before);
	cfg.pump_opaque = fuzz;
	fuzz->in = (struct input){ data, size };
	fuzz->asked = 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) ||
	    vmedia_vu_link_init(&fuzz->back, sv[0]) ||
	    vmedia_vuf_create(sv[1], &cfg, &ops, fuzz, &fuzz->vuf))
		abort();
	mode = get8(&fuzz->in);
	take(&fuzz->in, calls, sizeof(calls));
	fuzz->honest = mode & 1;
	if (fuzz->honest && vmedia_vuf_negotiate(fuzz->vuf))
		abort();
	fuzz->honest = false;
	for (i = 0; i < sizeof(calls); i++)
		call(fuzz, calls[i]);
	vmedia_vuf_destroy(fuzz->vuf);
	vmedia_vu_link_finish(&fuzz->back);
	vmedia_vu_link_finish(&fuzz->chan);
	after = dup(fuzz->event);
	close(after);
	if (before != after)
		abort();
	return 0;
}
