/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The front-end's life, negotiation, and the synchronous call.
 *
 * Before a call no message may wait on the socket, since the back-end only answers requests. The
 * call sends the request, then serves socket and channel until the answer arrives or the timeout
 * ends. Every error ends the connection, because a late answer could be mistaken for that of a
 * later request.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "vhost/frontend_impl.h"
#include "virtq/ring.h"

#define BIT(n)		   (1ull << (n))
#define DEFAULT_TIMEOUT_MS 5000
#define MAX_PUMPS	   1000
#define MAX_QUEUES	   65535

#define KNOWN_PROTOCOL                                                                        \
	(BIT(VMEDIA_VU_PF_MQ) | BIT(VMEDIA_VU_PF_REPLY_ACK) | BIT(VMEDIA_VU_PF_BACKEND_REQ) | \
	 BIT(VMEDIA_VU_PF_CONFIG) | BIT(VMEDIA_VU_PF_BACKEND_SEND_FD) |                       \
	 BIT(VMEDIA_VU_PF_INFLIGHT_SHMFD) | BIT(VMEDIA_VU_PF_RESET_DEVICE) |                  \
	 BIT(VMEDIA_VU_PF_CONFIGURE_MEM_SLOTS) | BIT(VMEDIA_VU_PF_STATUS) |                   \
	 BIT(VMEDIA_VU_PF_SHARED_OBJECT) | BIT(VMEDIA_VU_PF_SHMEM))

int vmedia_vuf_fail(struct vmedia_vuf *vuf, int err)
{
	if (!vuf->err) {
		vuf->err = err;
		shutdown(vuf->link.fd, SHUT_RDWR);
		if (vuf->chan.fd >= 0)
			shutdown(vuf->chan.fd, SHUT_RDWR);
	}
	return vuf->err;
}

/* Wait for socket or channel. left_ms is the rest of the timeout. */
static int wait_io(struct vmedia_vuf *vuf, int64_t left_ms)
{
	struct pollfd p[2] = {
		{ .fd = vuf->link.fd,
		  .events = vmedia_vu_link_wants_write(&vuf->link) ? POLLIN | POLLOUT : POLLIN },
		{ .fd = vuf->chan.fd,
		  .events = vmedia_vu_link_wants_write(&vuf->chan) ? POLLOUT : POLLIN },
	};

	if (left_ms <= 0)
		return -ETIMEDOUT;
	if (poll(p, 2, left_ms) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

/* Send and receive until the request is sent and, if reply is given, a message has arrived. */
static int exchange(struct vmedia_vuf *vuf, struct vmedia_vu_msg *reply)
{
	uint64_t deadline = vmedia_now_ns() + vuf->cfg.timeout_ms * 1000000ull;
	unsigned int pumps = 0;
	int ret;

	for (;;) {
		ret = vmedia_vu_link_flush(&vuf->link);
		if (ret < 0)
			return ret;
		if (!ret && !reply)
			return 0;
		ret = reply ? vmedia_vu_link_recv(&vuf->link, reply) : 0;
		if (ret)
			return ret < 0 ? ret : 0;
		ret = vmedia_vuf_serve_channel(vuf);
		if (ret)
			return ret;
		if (vuf->cfg.pump)
			ret = ++pumps > MAX_PUMPS ? -ETIMEDOUT
						  : vuf->cfg.pump(vuf->cfg.pump_opaque);
		else
			ret = wait_io(vuf, (int64_t)(deadline - vmedia_now_ns()) / 1000000);
		if (ret)
			return ret;
	}
}

/* Send hdr and payload, and wait for a message if reply is given. Errors are not sticky yet. */
static int talk(struct vmedia_vuf *vuf, const struct vmedia_vu_hdr *hdr,
		const struct vmedia_vuf_call *call, struct vmedia_vu_msg *reply)
{
	struct vmedia_vu_msg stray;
	int ret;

	ret = vmedia_vu_link_recv(&vuf->link, &stray);
	if (ret > 0) {
		vmedia_vuf_warn(vuf, "the back-end sent message %u without being asked",
				stray.hdr.request);
		vmedia_vu_msg_drop_fds(&stray);
		return -EPROTO;
	}
	if (!ret)
		ret = vmedia_vu_link_send(&vuf->link, hdr, call->payload, call->fds, call->num_fds);
	return ret ? ret : exchange(vuf, reply);
}

static int do_call(struct vmedia_vuf *vuf, const struct vmedia_vuf_call *call)
{
	const struct vmedia_vu_row *row = vmedia_vu_row(VMEDIA_VU_FRONT, call->request);
	struct vmedia_vu_hdr hdr = { .request = call->request,
				     .flags = VMEDIA_VU_VERSION,
				     .size = call->size };
	bool own = row->reply == VMEDIA_VU_REPLY_OWN;
	bool ack = !own && vmedia_vuf_has_pf(vuf, VMEDIA_VU_PF_REPLY_ACK);
	struct vmedia_vu_msg msg, *reply = own ? call->reply : ack ? &msg : NULL;
	int err;

	if (ack)
		hdr.flags |= VMEDIA_VU_FLAG_NEED_REPLY;
	err = talk(vuf, &hdr, call, reply);
	if (err) {
		vmedia_vuf_warn(vuf, "%s failed: %s", row->name, strerror(-err));
		return vmedia_vuf_fail(vuf, err);
	}
	if (!reply)
		return 0;
	if (vmedia_vu_check_reply(VMEDIA_VU_FRONT, call->request, ack, reply)) {
		vmedia_vu_msg_drop_fds(reply);
		return vmedia_vuf_fail(vuf, -EPROTO);
	}
	if (ack && msg.p.u64) {
		vmedia_vuf_warn(vuf, "the back-end refused %s: %" PRIu64, row->name, msg.p.u64);
		return -EIO;
	}
	return 0;
}

int vmedia_vuf_handle_backend_req(struct vmedia_vuf *vuf)
{
	int err = vmedia_vuf_begin(vuf);

	if (err)
		return err;
	err = vmedia_vuf_serve_channel(vuf);
	vmedia_vuf_end(vuf);
	return err ? vmedia_vuf_fail(vuf, err) : 0;
}

int vmedia_vuf_do(struct vmedia_vuf *vuf, const struct vmedia_vuf_call *call)
{
	int err = vmedia_vuf_begin(vuf);

	if (err)
		return err;
	err = do_call(vuf, call);
	vmedia_vuf_end(vuf);
	return err;
}

int vmedia_vuf_raw(struct vmedia_vuf *vuf, const struct vmedia_vu_msg *msg, bool wait,
		   struct vmedia_vu_msg *reply)
{
	struct vmedia_vuf_call call = {
		.payload = msg->p.bytes,
		.fds = msg->fd,
		.num_fds = msg->num_fds,
	};
	int err = vmedia_vuf_begin(vuf);

	if (err)
		return err;
	err = talk(vuf, &msg->hdr, &call, wait ? reply : NULL);
	vmedia_vuf_end(vuf);
	return err ? vmedia_vuf_fail(vuf, err) : 0;
}

int vmedia_vuf_create(int fd, const struct vmedia_vuf_config *config,
		      const struct vmedia_vuf_ops *ops, void *opaque, struct vmedia_vuf **out)
{
	struct vmedia_vuf *vuf = calloc(1, sizeof(*vuf));
	int err;

	if (!vuf)
		return -ENOMEM;
	if (config)
		vuf->cfg = *config;
	if (!vuf->cfg.timeout_ms)
		vuf->cfg.timeout_ms = DEFAULT_TIMEOUT_MS;
	if (!vuf->cfg.protocol_features)
		vuf->cfg.protocol_features = KNOWN_PROTOCOL;
	if (!vuf->cfg.features)
		vuf->cfg.features = BIT(VMEDIA_VIRTIO_F_INDIRECT_DESC) |
				    BIT(VMEDIA_VIRTIO_F_EVENT_IDX);
	if (!vuf->cfg.shmem_bit)
		vuf->cfg.shmem_bit = VMEDIA_VU_PF_SHMEM;
	vuf->ops = ops;
	vuf->opaque = opaque;
	vuf->chan.fd = -1;
	err = vuf->cfg.shmem_bit > 63 ? -EINVAL : vmedia_vu_link_init(&vuf->link, fd);
	if (err) {
		free(vuf);
		return err;
	}
	*out = vuf;
	return 0;
}

/* Connect with a timeout: connect() blocks if the backlog of a socket without accept() is full. */
static int connect_within(int fd, const struct sockaddr_un *addr, unsigned int ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)))
		return -errno;
	if (!connect(fd, (const struct sockaddr *)addr, sizeof(*addr)))
		return 0;
	return errno == EAGAIN ? -ETIMEDOUT : -errno;
}

int vmedia_vuf_connect(const char *path, const struct vmedia_vuf_config *config,
		       const struct vmedia_vuf_ops *ops, void *opaque, struct vmedia_vuf **out)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, err;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	err = connect_within(fd, &addr, config && config->timeout_ms ? config->timeout_ms
								     : DEFAULT_TIMEOUT_MS);
	if (!err)
		err = vmedia_vuf_create(fd, config, ops, opaque, out);
	if (err)
		vmedia_fd_close(&fd);
	return err;
}

void vmedia_vuf_destroy(struct vmedia_vuf *vuf)
{
	if (!vuf)
		return;
	vmedia_vu_link_finish(&vuf->chan);
	vmedia_vu_link_finish(&vuf->link);
	free(vuf);
}

int vmedia_vuf_get_u64(struct vmedia_vuf *vuf, uint32_t request, uint64_t *val)
{
	struct vmedia_vu_msg reply;
	int err = vmedia_vuf_do(vuf,
				&(struct vmedia_vuf_call){ .request = request, .reply = &reply });

	if (!err)
		*val = reply.p.u64;
	return err;
}

static int set_u64(struct vmedia_vuf *vuf, uint32_t request, uint64_t val)
{
	return vmedia_vuf_do(vuf, &(struct vmedia_vuf_call){ .request = request,
							     .payload = &val,
							     .size = sizeof(val) });
}

/*
 * Choose the wanted features from those of the back-end, without features whose prerequisites are
 * missing.
 */
static uint64_t choose(const struct vmedia_vuf *vuf, uint64_t offered)
{
	uint64_t f = offered & vuf->cfg.protocol_features;

	if (vuf->cfg.no_channel)
		f &= ~BIT(VMEDIA_VU_PF_BACKEND_REQ);
	if (!(f & BIT(VMEDIA_VU_PF_BACKEND_REQ)))
		f &= ~(BIT(VMEDIA_VU_PF_BACKEND_SEND_FD) | BIT(VMEDIA_VU_PF_SHMEM));
	return f;
}

static int negotiate_protocol(struct vmedia_vuf *vuf)
{
	uint64_t shmem = BIT(vuf->cfg.shmem_bit), wire;
	int err = vmedia_vuf_get_u64(vuf, VMEDIA_VU_GET_PROTOCOL_FEATURES, &wire);

	if (err)
		return err;
	/*
	 * Move the SHMEM bit to this project's place. Another feature at that place is unknown to
	 * this project.
	 */
	vuf->poffered = wire & ~(BIT(VMEDIA_VU_PF_SHMEM) | shmem);
	if (wire & shmem)
		vuf->poffered |= BIT(VMEDIA_VU_PF_SHMEM);
	vuf->pfeatures = choose(vuf, vuf->poffered);
	wire = vuf->pfeatures & ~BIT(VMEDIA_VU_PF_SHMEM);
	if (vuf->pfeatures & BIT(VMEDIA_VU_PF_SHMEM))
		wire |= shmem;
	return set_u64(vuf, VMEDIA_VU_SET_PROTOCOL_FEATURES, wire);
}

static int give_channel(struct vmedia_vuf *vuf)
{
	struct vmedia_vuf_call call = { .request = VMEDIA_VU_SET_BACKEND_REQ_FD, .num_fds = 1 };
	int sv[2], err;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv))
		return -errno;
	vmedia_vu_link_finish(&vuf->chan);
	err = vmedia_vu_link_init(&vuf->chan, sv[0]);
	if (err) {
		vmedia_fd_close(&sv[0]);
	} else {
		call.fds = &sv[1];
		err = vmedia_vuf_do(vuf, &call);
	}
	vmedia_fd_close(&sv[1]);
	return err;
}

static int get_shmem(struct vmedia_vuf *vuf)
{
	struct vmedia_vu_msg reply;
	struct vmedia_vuf_call call = { .request = VMEDIA_VU_GET_SHMEM_CONFIG, .reply = &reply };
	const struct vmedia_vu_shmem_config *c = &reply.p.shmem;
	unsigned int i;
	int err = vmedia_vuf_do(vuf, &call);

	if (err)
		return err;
	if (reply.hdr.size % 8 || c->num > VMEDIA_VU_MAX_SHMEM) {
		vmedia_vuf_warn(vuf, "GET_SHMEM_CONFIG announces %u regions in %u bytes", c->num,
				reply.hdr.size);
		return vmedia_vuf_fail(vuf, -EPROTO);
	}
	for (i = 0; i < VMEDIA_VU_MAX_SHMEM && 8 + i * 8 < reply.hdr.size; i++) {
		if (c->size[i] & (vmedia_page_size() - 1)) {
			vmedia_vuf_warn(vuf,
					"GET_SHMEM_CONFIG: region %u has 0x%" PRIx64
					" bytes, no multiple of a page",
					i, c->size[i]);
			return vmedia_vuf_fail(vuf, -EPROTO);
		}
		vuf->shmem_size[i] = c->size[i];
	}
	return 0;
}

static int get_num_queues(struct vmedia_vuf *vuf)
{
	int err = vmedia_vuf_get_u64(vuf, VMEDIA_VU_GET_QUEUE_NUM, &vuf->num_queues);

	if (err)
		return err;
	if (!vuf->num_queues || vuf->num_queues > MAX_QUEUES) {
		vmedia_vuf_warn(vuf, "GET_QUEUE_NUM says %" PRIu64, vuf->num_queues);
		return vmedia_vuf_fail(vuf, -EPROTO);
	}
	return 0;
}

int vmedia_vuf_negotiate(struct vmedia_vuf *vuf)
{
	uint64_t offered;
	int err = vmedia_vuf_do(vuf, &(struct vmedia_vuf_call){ .request = VMEDIA_VU_SET_OWNER });

	if (!err)
		err = vmedia_vuf_get_u64(vuf, VMEDIA_VU_GET_FEATURES, &offered);
	if (err)
		return err;
	if (!(offered & BIT(VMEDIA_VIRTIO_F_VERSION_1))) {
		vmedia_vuf_warn(vuf, "the back-end offers features 0x%" PRIx64 " without VERSION_1",
				offered);
		return -ENOTSUP;
	}
	if (offered & BIT(VMEDIA_VU_F_PROTOCOL))
		err = negotiate_protocol(vuf);
	if (!err && vmedia_vuf_has_pf(vuf, VMEDIA_VU_PF_MQ))
		err = get_num_queues(vuf);
	if (!err && vmedia_vuf_has_pf(vuf, VMEDIA_VU_PF_BACKEND_REQ))
		err = give_channel(vuf);
	if (!err) {
		vuf->features = offered & (vuf->cfg.features | BIT(VMEDIA_VIRTIO_F_VERSION_1) |
					   BIT(VMEDIA_VU_F_PROTOCOL));
		err = set_u64(vuf, VMEDIA_VU_SET_FEATURES, vuf->features);
	}
	if (!err && vmedia_vuf_has_pf(vuf, VMEDIA_VU_PF_SHMEM))
		err = get_shmem(vuf);
	return err;
}

uint64_t vmedia_vuf_features(const struct vmedia_vuf *vuf)
{
	return vuf->features;
}

uint64_t vmedia_vuf_protocol_features(const struct vmedia_vuf *vuf)
{
	return vuf->pfeatures;
}

unsigned int vmedia_vuf_num_queues(const struct vmedia_vuf *vuf)
{
	return vuf->num_queues;
}

uint64_t vmedia_vuf_shmem_size(const struct vmedia_vuf *vuf, uint8_t shmid)
{
	return vuf->shmem_size[shmid];
}

int vmedia_vuf_backend_fd(const struct vmedia_vuf *vuf)
{
	return vuf->chan.fd;
}

bool vmedia_vuf_wants_write(const struct vmedia_vuf *vuf)
{
	return vmedia_vu_link_wants_write(&vuf->chan);
}

int vmedia_vuf_socket(const struct vmedia_vuf *vuf)
{
	return vuf->link.fd;
}
