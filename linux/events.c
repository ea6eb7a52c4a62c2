// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
/*
 * The event queue: buffers for the device's events, and their handling.
 *
 * One work item delivers events. If events must be delivered before a call returns, the caller
 * queues the work item and waits for it. The work item finishes the answers that arrived before an
 * event first. So the QBUF of a buffer is finished before its DQBUF event if the device kept the
 * order.
 *
 * Security model: an event is copied once, decoded and checked by src/proto, and then checked
 * against the state of the objects that it names. An unknown session, a buffer that the device does
 * not have, and more bytes than the buffer has are refused. A round takes at most as many events as
 * there are buffers, so a device that sends events without end cannot block a caller.
 */
#include <linux/slab.h>

#include "vmedia.h"

static int post(struct vmedia_device *dev, u8 *buf)
{
	struct virtqueue *vq = dev->vq[VMEDIA_QUEUE_EVENT];
	struct scatterlist sg;
	int err = -ENODEV;

	sg_init_one(&sg, buf, VMEDIA_EVT_MAX_SIZE);
	spin_lock_irq(&dev->vq_lock);
	if (!dev->dead)
		err = virtqueue_add_inbuf(vq, &sg, 1, buf, GFP_ATOMIC);
	spin_unlock_irq(&dev->vq_lock);
	return err;
}

static void kick(struct vmedia_device *dev)
{
	spin_lock_irq(&dev->vq_lock);
	if (!dev->dead)
		virtqueue_kick(dev->vq[VMEDIA_QUEUE_EVENT]);
	spin_unlock_irq(&dev->vq_lock);
}

int vmedia_events_init(struct vmedia_device *dev)
{
	unsigned int i, num;

	num = min_t(unsigned int, VMEDIA_NUM_EVENTS,
		    virtqueue_get_vring_size(dev->vq[VMEDIA_QUEUE_EVENT]));
	for (i = 0; i < num; i++) {
		dev->events[i] = kzalloc(VMEDIA_EVT_MAX_SIZE, GFP_KERNEL);
		if (!dev->events[i])
			return -ENOMEM;
		if (post(dev, dev->events[i]))
			return -EIO;
	}
	kick(dev);
	return 0;
}

void vmedia_events_fini(struct vmedia_device *dev)
{
	unsigned int i;

	for (i = 0; i < VMEDIA_NUM_EVENTS; i++) {
		kfree(dev->events[i]);
		dev->events[i] = NULL;
	}
}

void vmedia_events_ready(struct virtqueue *vq)
{
	struct vmedia_device *dev = vq->vdev->priv;

	queue_work(dev->wq, &dev->event_work);
}

static void deliver_event(struct vmedia_session *s, const struct vmedia_event *from)
{
	struct v4l2_event ev;

	BUILD_BUG_ON(sizeof(ev) != sizeof(*from));
	memcpy(&ev, from, sizeof(ev));
	v4l2_event_queue_fh(&s->fh, &ev);
}

static void dispatch(struct vmedia_device *dev, const struct vmedia_evt *evt)
{
	struct vmedia_session *s = vmedia_session_find(dev, evt->session_id);

	if (!s) {
		vmedia_refused(dev, vmedia_evt_name(evt->type), "event for an unknown session",
			       evt->session_id, 0);
		return;
	}
	/* Events in flight when CLOSE is sent are dropped. */
	if (!READ_ONCE(s->closed) && !READ_ONCE(s->close_sent)) {
		switch (evt->type) {
		case VMEDIA_EVT_ERROR:
			pr_warn_ratelimited("%s: session %u: device error %u\n", vmedia_name(dev),
					    s->id, evt->err);
			vmedia_session_fail(s, -EIO);
			vmedia_session_close(s);
			break;
		case VMEDIA_EVT_DQBUF:
			vmedia_queue_event(s, evt);
			break;
		case VMEDIA_EVT_EVENT:
			if (!vmedia_session_err(s))
				deliver_event(s, &evt->event);
			break;
		}
	}
	vmedia_session_put(s);
}

static void one_event(struct vmedia_device *dev, const u8 *buf, unsigned int len)
{
	len = min_t(unsigned int, len, VMEDIA_EVT_MAX_SIZE);
	memcpy(dev->event_copy, buf, len);
	atomic64_inc(&dev->num_events);
	if (vmedia_evt_decode(&dev->evt, dev->event_copy, len))
		vmedia_refused(dev, "event", dev->evt.why.what, dev->evt.why.got,
			       dev->evt.why.limit);
	else
		dispatch(dev, &dev->evt);
}

static u8 *next_event(struct vmedia_device *dev, unsigned int *len)
{
	struct virtqueue *vq = dev->vq[VMEDIA_QUEUE_EVENT];
	u8 *buf = NULL;

	spin_lock_irq(&dev->vq_lock);
	while (!dev->dead) {
		virtqueue_disable_cb(vq);
		buf = virtqueue_get_buf(vq, len);
		if (buf || virtqueue_enable_cb(vq))
			break;
	}
	spin_unlock_irq(&dev->vq_lock);
	return buf;
}

/*
 * With a DMA API there may be no bounce buffer for an event buffer. It then waits for the next
 * round.
 */
static bool post_idle(struct vmedia_device *dev)
{
	bool posted = false;

	while (dev->num_idle && !post(dev, dev->idle[dev->num_idle - 1])) {
		dev->num_idle--;
		posted = true;
	}
	return posted;
}

/* Deliver one round of events; another round follows if there may be more. */
void vmedia_event_work(struct work_struct *work)
{
	struct vmedia_device *dev = container_of(work, struct vmedia_device, event_work);
	unsigned int len, n;
	bool posted;
	u8 *buf;

	posted = post_idle(dev);
	vmedia_poll_answers(dev);
	vmedia_finish_returned(dev);
	for (n = 0; n < VMEDIA_NUM_EVENTS; n++) {
		buf = next_event(dev, &len);
		if (!buf)
			break;
		vmedia_poll_answers(dev);
		vmedia_finish_returned(dev);
		one_event(dev, buf, len);
		dev->idle[dev->num_idle++] = buf;
		posted |= post_idle(dev);
	}
	if (posted)
		kick(dev);
	if (n < VMEDIA_NUM_EVENTS)
		vmedia_sessions_forget_closed(dev);
	else
		queue_work(dev->wq, work);
}

void vmedia_events_sync(struct vmedia_device *dev)
{
	queue_work(dev->wq, &dev->event_work);
	flush_work(&dev->event_work);
}
