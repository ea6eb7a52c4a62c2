// SPDX-License-Identifier: BSD-3-Clause
/* The proxy's device: what the guest reads in its configuration, and the operations. */
#include <errno.h>
#include <linux/videodev2.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vmedia/log.h>

#include "proxy.h"

#define VIDEO_CAPS                                                                 \
	(V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_VIDEO_CAPTURE_MPLANE | V4L2_CAP_VIDEO_OUTPUT | \
	 V4L2_CAP_VIDEO_OUTPUT_MPLANE | V4L2_CAP_VIDEO_M2M | V4L2_CAP_VIDEO_M2M_MPLANE | \
	 V4L2_CAP_META_CAPTURE | V4L2_CAP_META_OUTPUT)
#define VBI_CAPS                                                                   \
	(V4L2_CAP_VBI_CAPTURE | V4L2_CAP_VBI_OUTPUT | V4L2_CAP_SLICED_VBI_CAPTURE | \
	 V4L2_CAP_SLICED_VBI_OUTPUT)

/* Types of nodes, the kernel's VFL_TYPE_*, by what a device of each has, in this order. */
static const struct {
	uint32_t caps, type;
} types[] = {
	{ V4L2_CAP_TOUCH, 5 },
	{ VIDEO_CAPS, 0 },
	{ VBI_CAPS, 1 },
	{ V4L2_CAP_SDR_CAPTURE | V4L2_CAP_SDR_OUTPUT, 4 },
	{ V4L2_CAP_RADIO | V4L2_CAP_MODULATOR, 2 },
};

static uint32_t caps_of(const struct vmedia_capability *cap)
{
	return cap->capabilities & V4L2_CAP_DEVICE_CAPS ? cap->device_caps : cap->capabilities;
}

static int describe(const struct vmedia_capability *cap, struct vmedia_config *config)
{
	uint32_t caps = caps_of(cap);

	/* A node whose RDS comes as blocks has read() or write() for them: clean_rds(). */
	if (caps & V4L2_CAP_READWRITE)
		caps &= ~(uint32_t)(V4L2_CAP_RDS_CAPTURE | V4L2_CAP_RDS_OUTPUT);
	config->device_caps = caps & ~(uint32_t)PROXY_HIDDEN_CAPS;
	memcpy(config->card, cap->card, sizeof(config->card));
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!(caps & types[i].caps))
			continue;
		config->device_type = types[i].type;
		return 0;
	}
	return -ENOTSUP;
}

/* Open the node once, to see what it is. */
static int look(struct proxy *p, struct vmedia_config *config)
{
	const struct proxy_host *host = &p->host;
	int fd, err = host->ops->open(host->opaque, &fd);

	if (err)
		return err;
	err = vmedia_proxy_host_ioctl(host, fd, VMEDIA_NR_QUERYCAP, &p->cap);
	host->ops->close(host->opaque, fd);
	return err ? err : describe(&p->cap, config);
}

static void proxy_free(struct proxy *p)
{
	if (p->node.opener >= 0)
		close(p->node.opener);
	pthread_mutex_destroy(&p->node.lock);
	pthread_mutex_destroy(&p->restore_lock);
	vmedia_proxy_halt_finish(p);
	free(p->wire);
	free(p);
}

static void destroy(struct vmedia_device *dev)
{
	struct proxy *p = vmedia_device_priv(dev);

	/* Core has closed all sessions. Their files are closed by jobs. */
	while (p->sessions)
		vmedia_worker_drain(p->sessions->worker);
	vmedia_proxy_free_idle(p);
	proxy_free(p);
}

static const struct vmedia_device_ops ops = {
	.open = vmedia_proxy_open,
	.closing = vmedia_proxy_closing,
	.close = vmedia_proxy_close,
	.ioctl = vmedia_proxy_ioctl,
	.mmap = vmedia_proxy_mmap,
	.next_event = vmedia_proxy_next_event,
	.suspend = vmedia_proxy_suspend,
	.destroy = destroy,
};

static int create(struct vmedia_loop *loop, struct proxy *p, const struct proxy_options *opts,
		  struct vmedia_device **dev)
{
	struct vmedia_device_config config = {
		.limits = *opts->limits,
		.region_size = opts->region_size,
		.ops = &ops,
		.priv = p,
	};
	int err;

	p->host = opts->host ? *opts->host
			     : (struct proxy_host){ &vmedia_proxy_node_ops, &p->node };
	p->wire = malloc(VMEDIA_MAX_RESP_SIZE);
	if (!p->wire)
		return -ENOMEM;
	err = look(p, &config.config);
	if (!err)
		err = vmedia_device_create(loop, &config, &p->dev);
	if (err)
		return err;
	/*
	 * Calls wait for the host's hardware, and use no CPU meanwhile. One of each session may
	 * wait, also of those whose files are still being closed (session.c).
	 */
	vmedia_worker_set_threads(loop, PROXY_MOST_SESSIONS(opts->limits));
	vmedia_info("%s is %.32s (driver %.16s)", opts->device, p->cap.card, p->cap.driver);
	*dev = p->dev;
	return 0;
}

int vmedia_proxy_create(struct vmedia_loop *loop, const struct proxy_options *opts,
			struct vmedia_device **dev)
{
	struct proxy *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	atomic_init(&p->bytes, 0);
	p->recycle = vmedia_proxy_recycle;
	p->node.path = opts->device;
	p->node.opener = opts->opener;
	pthread_mutex_init(&p->node.lock, NULL);
	p->restore = opts->restore;
	pthread_mutex_init(&p->restore_lock, NULL);
	vmedia_proxy_halt_init(p);
	err = create(loop, p, opts, dev);
	if (err)
		proxy_free(p);
	return err;
}
