// SPDX-License-Identifier: BSD-3-Clause
/* The host's node, by system calls. The module lists them (module.c). */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* Pointers and time stamps are of 64 bits in the protocol, and numbers little-endian. */
_Static_assert(sizeof(void *) == 8 && sizeof(long) == 8, "the proxy is for 64-bit hosts");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the proxy is for little-endian hosts");

#define SAME(tag) \
	_Static_assert(sizeof(struct v4l2_##tag) == sizeof(struct vmedia_##tag), "one layout")
#define AT(tag, field)                                                                          \
	_Static_assert(offsetof(struct v4l2_##tag, field) == offsetof(struct vmedia_##tag, field), \
		       "one layout")
SAME(capability);
SAME(fmtdesc);
SAME(format);
AT(format, fmt);
SAME(requestbuffers);
SAME(buffer);
AT(buffer, timestamp);
AT(buffer, timecode);
AT(buffer, m);
AT(buffer, length);
SAME(plane);
AT(plane, m);
AT(plane, data_offset);
SAME(exportbuffer);
SAME(streamparm);
SAME(standard);
AT(standard, id);
SAME(input);
AT(input, std);
SAME(output);
SAME(control);
SAME(tuner);
SAME(audio);
SAME(audioout);
SAME(queryctrl);
SAME(querymenu);
SAME(edid);
AT(edid, edid);
SAME(modulator);
SAME(frequency);
SAME(cropcap);
SAME(crop);
SAME(sliced_vbi_cap);
SAME(ext_control);
AT(ext_control, ptr);
SAME(ext_controls);
AT(ext_controls, controls);
SAME(frmsizeenum);
SAME(frmivalenum);
SAME(enc_idx);
SAME(encoder_cmd);
SAME(decoder_cmd);
SAME(hw_freq_seek);
SAME(dv_timings);
SAME(enum_dv_timings);
SAME(dv_timings_cap);
SAME(event);
AT(event, u);
AT(event, timestamp);
SAME(event_subscription);
SAME(create_buffers);
AT(create_buffers, format);
SAME(selection);
SAME(frequency_band);
SAME(query_ext_ctrl);
AT(query_ext_ctrl, minimum);

#define MAX_ERRNO 4095

unsigned long vmedia_proxy_cmd(const struct vmedia_ioctl_info *info)
{
	unsigned int dir = (info->dir & VMEDIA_DIR_R ? _IOC_READ : 0u) |
			   (info->dir & VMEDIA_DIR_W ? _IOC_WRITE : 0u);

	return _IOC(dir, 'V', info->nr, info->size);
}

int vmedia_proxy_host_ioctl(const struct proxy_host *host, int fd, uint32_t nr, void *arg)
{
	int err = host->ops->ioctl(host->opaque, fd, vmedia_proxy_cmd(vmedia_ioctl_info(nr)), arg);

	/* -EINPROGRESS would mean to core that the answer comes later. */
	return err > 0 || err < -MAX_ERRNO || err == -EINPROGRESS ? -EIO : err;
}

/* Receive the answer of the opener, which is a part of the program. */
static int opener_answer(int sock, int *fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	int32_t err;
	struct iovec iov = { &err, sizeof(err) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control.room) };
	const struct cmsghdr *head;
	ssize_t n;

	do {
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n != sizeof(err))
		return -EPIPE;
	head = CMSG_FIRSTHDR(&msg);
	if (!head || head->cmsg_type != SCM_RIGHTS || head->cmsg_len != CMSG_LEN(sizeof(int)))
		return err < 0 ? err : -EPIPE;
	memcpy(fd, CMSG_DATA(head), sizeof(*fd));
	return 0;
}

static int node_ask(struct proxy_node *node, int *fd)
{
	struct msghdr msg = { .msg_iov = &(struct iovec){ (char[]){ 'o' }, 1 }, .msg_iovlen = 1 };
	int err;

	pthread_mutex_lock(&node->lock);
	err = sendmsg(node->opener, &msg, MSG_NOSIGNAL) == 1 ? opener_answer(node->opener, fd)
							     : -EPIPE;
	pthread_mutex_unlock(&node->lock);
	return err;
}

static int node_open(void *opaque, int *fd)
{
	struct proxy_node *node = opaque;

	if (node->opener >= 0)
		return node_ask(node, fd);
	*fd = open(node->path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	return *fd < 0 ? -errno : 0;
}

static void node_close(void *opaque, int fd)
{
	close(fd);
}

static int ask(int fd, unsigned long cmd, void *arg)
{
	int ret;

	do {
		ret = ioctl(fd, cmd, arg);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : 0;
}

/*
 * The files are O_NONBLOCK for DQBUF. A seek is the other ioctl that asks for it: drivers refuse
 * one that is not to wait. No other call of this file is made meanwhile, as the call is a job.
 */
static int node_ioctl(void *opaque, int fd, unsigned long cmd, void *arg)
{
	int flags, err;

	if (cmd != VIDIOC_S_HW_FREQ_SEEK)
		return ask(fd, cmd, arg);
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
		return -errno;
	err = ask(fd, cmd, arg);
	return fcntl(fd, F_SETFL, flags) < 0 ? -errno : err;
}

static void *node_mmap(void *opaque, int fd, uint32_t offset, size_t length, bool write)
{
	void *addr = mmap(NULL, length, write ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd,
			  (off_t)offset);

	return addr == MAP_FAILED ? NULL : addr;
}

static void node_munmap(void *opaque, void *addr, size_t length)
{
	munmap(addr, length);
}

const struct proxy_host_ops vmedia_proxy_node_ops = {
	.open = node_open,
	.close = node_close,
	.ioctl = node_ioctl,
	.mmap = node_mmap,
	.munmap = node_munmap,
};
