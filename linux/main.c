// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
/*
 * Virtio media driver: the module, and the probe and removal of a device.
 *
 * Order of the probe: read and check the config space, set up the queues, DRIVER_OK, post event
 * buffers, find out which kinds of memory the device accepts, and at last register the node. Order
 * of the removal: unregister the node, wake the waiters, reset the device, and take back its
 * memory. The structure itself stays until the last open file, mapping and exported buffer is gone
 * (v4l2_dev.ref).
 *
 * A call may sleep while it pins or copies a program's memory, and go on after the device is gone.
 * So memory is mapped for DMA, lent and unmapped under map_lock, and nothing is mapped once the
 * device is dead. Removal takes the lock for writing and unmaps everything.
 */
#include <linux/module.h>
#include <linux/slab.h>

#include "vmedia.h"

unsigned int vmedia_timeout_ms = 10000;
module_param_named(timeout_ms, vmedia_timeout_ms, uint, 0644);
MODULE_PARM_DESC(timeout_ms, "Milliseconds that a device may take for an answer (10000)");

static unsigned int extra_device_id;
module_param(extra_device_id, uint, 0444);
MODULE_PARM_DESC(extra_device_id, "One further virtio device ID to bind to (none)");

void vmedia_refused(struct vmedia_device *dev, const char *who, const char *what, u64 got,
		    u64 limit)
{
	atomic64_inc(&dev->refused);
	pr_warn_ratelimited("%s: %s refused: %s (%llu, %llu)\n", vmedia_name(dev), who, what, got,
			    limit);
}

void vmedia_device_fail(struct vmedia_device *dev, const char *why)
{
	struct vmedia_session *s;
	unsigned long id;

	/*
	 * A second caller returns only after the first one is done, since removal then stops the
	 * watchdog.
	 */
	xa_lock(&dev->sessions);
	if (!xchg(&dev->failed, true)) {
		if (why)
			pr_err("%s: the device cannot be used any more: %s\n", vmedia_name(dev),
			       why);
		wake_up_all(&dev->space);
		xa_for_each(&dev->sessions, id, s)
			vmedia_session_fail(s, -ENODEV);
		WRITE_ONCE(dev->unregister, true);
		mod_delayed_work(dev->wq, &dev->watchdog, 0);
	}
	xa_unlock(&dev->sessions);
}

/* Poll for broken queues: a back-end that disconnects breaks them without an interrupt. */
static void watchdog(struct work_struct *work)
{
	struct vmedia_device *dev = container_of(to_delayed_work(work), struct vmedia_device,
						 watchdog);
	bool broken = false;
	unsigned int i;

	spin_lock_irq(&dev->vq_lock);
	for (i = 0; i < VMEDIA_NUM_QUEUES && !dev->dead; i++)
		broken |= virtqueue_is_broken(dev->vq[i]);
	spin_unlock_irq(&dev->vq_lock);
	if (broken)
		vmedia_device_fail(dev, "its queues are broken");
	if (READ_ONCE(dev->unregister))
		video_unregister_device(&dev->video);
	else if (!READ_ONCE(dev->failed))
		queue_delayed_work(dev->wq, &dev->watchdog, HZ);
}

/* ---- The node ---- */

#define RX_CAPS	(V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_VIDEO_CAPTURE_MPLANE | V4L2_CAP_VBI_CAPTURE | \
		 V4L2_CAP_SLICED_VBI_CAPTURE | V4L2_CAP_SDR_CAPTURE | V4L2_CAP_META_CAPTURE |	\
		 V4L2_CAP_TUNER | V4L2_CAP_RADIO | V4L2_CAP_RDS_CAPTURE)
#define TX_CAPS	(V4L2_CAP_VIDEO_OUTPUT | V4L2_CAP_VIDEO_OUTPUT_MPLANE | V4L2_CAP_VBI_OUTPUT |	\
		 V4L2_CAP_SLICED_VBI_OUTPUT | V4L2_CAP_SDR_OUTPUT | V4L2_CAP_META_OUTPUT |	\
		 V4L2_CAP_MODULATOR | V4L2_CAP_RDS_OUTPUT)
#define M2M_CAPS (V4L2_CAP_VIDEO_M2M | V4L2_CAP_VIDEO_M2M_MPLANE)
/* Without overlays, which are not supported, and without the capabilities that this driver sets. */
#define KNOWN_CAPS (RX_CAPS | TX_CAPS | M2M_CAPS | V4L2_CAP_AUDIO | V4L2_CAP_HW_FREQ_SEEK |	\
		    V4L2_CAP_EXT_PIX_FORMAT | V4L2_CAP_STREAMING | V4L2_CAP_TOUCH |		\
		    V4L2_CAP_IO_MC | V4L2_CAP_EDID)

static const struct {
	u32 cap, types;
} cap_types[] = {
	{ V4L2_CAP_VIDEO_CAPTURE, BIT(V4L2_BUF_TYPE_VIDEO_CAPTURE) },
	{ V4L2_CAP_VIDEO_OUTPUT, BIT(V4L2_BUF_TYPE_VIDEO_OUTPUT) },
	{ V4L2_CAP_VBI_CAPTURE, BIT(V4L2_BUF_TYPE_VBI_CAPTURE) },
	{ V4L2_CAP_VBI_OUTPUT, BIT(V4L2_BUF_TYPE_VBI_OUTPUT) },
	{ V4L2_CAP_SLICED_VBI_CAPTURE, BIT(V4L2_BUF_TYPE_SLICED_VBI_CAPTURE) },
	{ V4L2_CAP_SLICED_VBI_OUTPUT, BIT(V4L2_BUF_TYPE_SLICED_VBI_OUTPUT) },
	{ V4L2_CAP_VIDEO_CAPTURE_MPLANE, BIT(V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE) },
	{ V4L2_CAP_VIDEO_OUTPUT_MPLANE, BIT(V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE) },
	{ V4L2_CAP_VIDEO_M2M, BIT(V4L2_BUF_TYPE_VIDEO_CAPTURE) | BIT(V4L2_BUF_TYPE_VIDEO_OUTPUT) },
	{ V4L2_CAP_VIDEO_M2M_MPLANE, BIT(V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE) |
				     BIT(V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE) },
	{ V4L2_CAP_SDR_CAPTURE, BIT(V4L2_BUF_TYPE_SDR_CAPTURE) },
	{ V4L2_CAP_SDR_OUTPUT, BIT(V4L2_BUF_TYPE_SDR_OUTPUT) },
	{ V4L2_CAP_META_CAPTURE, BIT(V4L2_BUF_TYPE_META_CAPTURE) },
	{ V4L2_CAP_META_OUTPUT, BIT(V4L2_BUF_TYPE_META_OUTPUT) },
};

static int check_config(struct vmedia_device *dev)
{
	u32 type = dev->config.device_type;
	unsigned int i;

	if (type > VFL_TYPE_TOUCH || type == VFL_TYPE_SUBDEV) {
		dev_err(dev->parent, "device_type %u in the config space is none of a video node\n",
			type);
		return -EINVAL;
	}
	dev->caps = dev->config.device_caps & KNOWN_CAPS;
	for (i = 0; i < ARRAY_SIZE(cap_types); i++)
		if (dev->caps & cap_types[i].cap)
			dev->types |= cap_types[i].types;
	if (hweight32(dev->types) > 4 || !(dev->caps & (RX_CAPS | TX_CAPS | M2M_CAPS))) {
		dev_err(dev->parent, "device_caps %#x in the config space make no device\n",
			dev->config.device_caps);
		return -EINVAL;
	}
	if (!(dev->caps & V4L2_CAP_STREAMING))
		dev->types = 0;
	/* videobuf2 implements read(). */
	if (hweight32(dev->types) == 1 && !V4L2_TYPE_IS_OUTPUT(ffs(dev->types) - 1) &&
	    !V4L2_TYPE_IS_MULTIPLANAR(ffs(dev->types) - 1))
		dev->caps |= V4L2_CAP_READWRITE;
	return 0;
}

static int read_config(struct vmedia_device *dev)
{
	u8 raw[VMEDIA_CONFIG_SIZE];

	virtio_cread_bytes(dev->virtio, 0, raw, sizeof(raw));
	vmedia_config_decode(&dev->config, raw);
	return check_config(dev);
}

/*
 * Disable the ioctls that the device does not have, so that they return ENOTTY. If the device
 * returned the error of each call, the V4L2 core would check the arguments first and return other
 * errors.
 */
static void disable_ioctls(struct vmedia_device *dev)
{
	if (!(dev->caps & V4L2_CAP_HW_FREQ_SEEK))
		v4l2_disable_ioctl(&dev->video, VIDIOC_S_HW_FREQ_SEEK);
	if (dev->no_parm) {
		v4l2_disable_ioctl(&dev->video, VIDIOC_G_PARM);
		v4l2_disable_ioctl(&dev->video, VIDIOC_S_PARM);
	}
#if VMEDIA_KERNEL(6, 10)
	{
		u32 caps = 0, type;

		for (type = 0; type <= VMEDIA_MAX_TYPE; type++)
			caps |= dev->buf_caps[type];
		if (!(caps & V4L2_BUF_CAP_SUPPORTS_REMOVE_BUFS))
			v4l2_disable_ioctl(&dev->video, VIDIOC_REMOVE_BUFS);
	}
#endif
}

static int register_video(struct vmedia_device *dev)
{
	struct video_device *video = &dev->video;
	int err;

	/* A name of 32 bytes may lack its NUL and may contain any bytes. */
	snprintf(video->name, sizeof(video->name), "%.*s", 31, dev->config.card);
	video->fops = &vmedia_fops;
	video->ioctl_ops = &vmedia_ioctl_ops;
	video->release = video_device_release_empty;
	video->v4l2_dev = &dev->v4l2_dev;
	video->device_caps = dev->caps;
	video->tvnorms = V4L2_STD_ALL;	/* the device gives the standards */
	if (dev->caps & M2M_CAPS || (dev->caps & RX_CAPS && dev->caps & TX_CAPS))
		video->vfl_dir = VFL_DIR_M2M;
	else
		video->vfl_dir = dev->caps & TX_CAPS ? VFL_DIR_TX : VFL_DIR_RX;
	video_set_drvdata(video, dev);
	disable_ioctls(dev);
	err = video_register_device(video, dev->config.device_type, -1);
	if (err)
		dev_err(dev->parent, "cannot register a video node: %d\n", err);
	return err;
}

static void release(struct v4l2_device *v4l2_dev)
{
	struct vmedia_device *dev = container_of(v4l2_dev, struct vmedia_device, v4l2_dev);

	vmedia_events_fini(dev);
	vmedia_region_fini(dev);
	vmedia_transport_fini(dev);
	v4l2_device_unregister(&dev->v4l2_dev);
	destroy_workqueue(dev->wq);
	xa_destroy(&dev->sessions);
	kfree(dev);
}

static struct vmedia_device *new_device(struct virtio_device *virtio)
{
	struct vmedia_device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return NULL;
	dev->virtio = virtio;
	dev->parent = &virtio->dev;
	spin_lock_init(&dev->vq_lock);
	INIT_LIST_HEAD(&dev->ring);
	INIT_LIST_HEAD(&dev->returned);
	INIT_LIST_HEAD(&dev->closed);
	init_waitqueue_head(&dev->space);
	init_rwsem(&dev->map_lock);
	mutex_init(&dev->attach_lock);
	INIT_LIST_HEAD(&dev->attached);
	xa_init(&dev->sessions);
	/* The first session is opened before the node is registered. */
	spin_lock_init(&dev->video.fh_lock);
	INIT_LIST_HEAD(&dev->video.fh_list);
	INIT_WORK(&dev->event_work, vmedia_event_work);
	INIT_DELAYED_WORK(&dev->watchdog, watchdog);
	dev->wq = alloc_workqueue("virtio_media", WQ_HIGHPRI | WQ_UNBOUND, 0);
	if (!dev->wq) {
		kfree(dev);
		return NULL;
	}
	virtio->priv = dev;
	return dev;
}

/* Reset the device. It uses none of our memory afterwards, and nothing is mapped for it. */
static void stop_device(struct vmedia_device *dev)
{
	spin_lock_irq(&dev->vq_lock);
	dev->dead = true;
	spin_unlock_irq(&dev->vq_lock);
	vmedia_region_gone(dev);
	virtio_reset_device(dev->virtio);
	vmedia_transport_reap(dev);
	vmedia_sessions_end(dev);
}

static int vmedia_probe(struct virtio_device *virtio)
{
	struct vmedia_device *dev;
	int err;

	if (!virtio_has_feature(virtio, VIRTIO_F_VERSION_1)) {
		dev_err(&virtio->dev, "the device is no virtio 1 device\n");
		return -ENODEV;
	}
	dev = new_device(virtio);
	if (!dev)
		return -ENOMEM;
	dev->v4l2_dev.release = release;
	err = v4l2_device_register(&virtio->dev, &dev->v4l2_dev);
	if (err) {
		destroy_workqueue(dev->wq);
		kfree(dev);
		return err;
	}
	err = read_config(dev);
	if (!err)
		err = vmedia_region_init(dev);
	if (!err)
		err = vmedia_transport_init(dev);
	if (err)
		goto put;
	virtio_device_ready(virtio);
	err = vmedia_events_init(dev);
	if (!err)
		err = vmedia_session_probe(dev);
	if (!err)
		err = register_video(dev);
	if (err)
		goto stop;
	queue_delayed_work(dev->wq, &dev->watchdog, HZ);
	return 0;
stop:
	vmedia_device_fail(dev, NULL);
	cancel_delayed_work_sync(&dev->watchdog);
	stop_device(dev);
put:
	v4l2_device_disconnect(&dev->v4l2_dev);
	v4l2_device_put(&dev->v4l2_dev);
	return err;
}

static void vmedia_remove(struct virtio_device *virtio)
{
	struct vmedia_device *dev = virtio->priv;

	vmedia_region_gone(dev);
	vmedia_device_fail(dev, NULL);
	cancel_delayed_work_sync(&dev->watchdog);
	video_unregister_device(&dev->video);
	stop_device(dev);
	v4l2_device_disconnect(&dev->v4l2_dev);
	v4l2_device_put(&dev->v4l2_dev);
}

/* ---- Counters, in the device's folder of sysfs ---- */

static ssize_t counter_show(struct device *d, struct device_attribute *attr, char *buf)
{
	struct vmedia_device *dev = dev_to_virtio(d)->priv;
	size_t at = (size_t)container_of(attr, struct dev_ext_attribute, attr)->var;

	return sysfs_emit(buf, "%lld\n", atomic64_read((atomic64_t *)((u8 *)dev + at)));
}

#define COUNTER(_name, _field)								\
static struct dev_ext_attribute counter_##_name = {					\
	.attr = __ATTR(_name, 0444, counter_show, NULL),				\
	.var = (void *)offsetof(struct vmedia_device, _field),				\
}

COUNTER(commands, commands);
COUNTER(events, num_events);
COUNTER(refused, refused);

static struct attribute *vmedia_attrs[] = {
	&counter_commands.attr.attr,
	&counter_events.attr.attr,
	&counter_refused.attr.attr,
	NULL,
};
ATTRIBUTE_GROUPS(vmedia);

static const struct virtio_device_id id_table[] = {
	{ VMEDIA_DEVICE_ID, VIRTIO_DEV_ANY_ID },
	{ 0 },
};
MODULE_DEVICE_TABLE(virtio, id_table);

static struct virtio_device_id more_ids[] = {
	{ VMEDIA_DEVICE_ID, VIRTIO_DEV_ANY_ID },
	{ 0, VIRTIO_DEV_ANY_ID },
	{ 0 },
};

static struct virtio_driver vmedia_driver = {
	.driver.name = "virtio_media",
	.driver.owner = THIS_MODULE,
	.driver.dev_groups = vmedia_groups,
	.id_table = id_table,
	.probe = vmedia_probe,
	.remove = vmedia_remove,
};

static int __init vmedia_init(void)
{
	if (extra_device_id) {
		more_ids[1].device = extra_device_id;
		vmedia_driver.id_table = more_ids;
	}
	return register_virtio_driver(&vmedia_driver);
}
module_init(vmedia_init);

static void __exit vmedia_exit(void)
{
	unregister_virtio_driver(&vmedia_driver);
}
module_exit(vmedia_exit);

MODULE_DESCRIPTION("Virtio media driver");
MODULE_AUTHOR("The vmedia authors");
MODULE_LICENSE("Dual BSD/GPL");
VMEDIA_IMPORT_NS(DMA_BUF);
