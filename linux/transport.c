// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
/*
 * The command queue: sends commands to the device and takes their answers.
 *
 * A command owns all memory that the device reads or writes for it, from kmalloc(), until the
 * device returns it. A caller that stops waiting marks the command as lost. The worker frees a lost
 * command when the device returns it, or after the device was reset. So a device that does not
 * answer costs memory, but breaks nothing. If there are more than VMEDIA_MAX_LOST lost commands,
 * the device fails.
 *
 * Security model: the device may return commands in any order, late, never, and with any length.
 * The ring code refuses buffers that are not in the ring. Answers are copied before they are
 * parsed.
 */
#include <linux/dma-mapping.h>
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/virtio_ring.h>

#include "vmedia.h"

#define LAST_USER_ERRNO 511	/* larger ones are internal to the kernel, like ERESTARTSYS */

/* ---- Memory ---- */

size_t vmedia_chunk_len(const struct vmedia_bytes *b, unsigned int i)
{
	return min_t(size_t, b->len - (size_t)i * VMEDIA_CHUNK_SIZE, VMEDIA_CHUNK_SIZE);
}

int vmedia_bytes_alloc(struct vmedia_bytes *b, size_t len, gfp_t gfp)
{
	unsigned int i;

	b->len = len;
	b->num = DIV_ROUND_UP(len, VMEDIA_CHUNK_SIZE);
	if (b->num > VMEDIA_MAX_CHUNKS) {
		b->num = 0;
		return -E2BIG;
	}
	for (i = 0; i < b->num; i++) {
		b->chunk[i] = kzalloc(vmedia_chunk_len(b, i), gfp);
		if (!b->chunk[i]) {
			vmedia_bytes_free(b);
			return -ENOMEM;
		}
	}
	return 0;
}

void vmedia_bytes_free(struct vmedia_bytes *b)
{
	unsigned int i;

	for (i = 0; i < b->num; i++) {
		kfree(b->chunk[i]);
		b->chunk[i] = NULL;
	}
	b->num = 0;
	b->len = 0;
}

void vmedia_bytes_put(struct vmedia_bytes *b, size_t off, const void *from, size_t len)
{
	while (len) {
		size_t at = off % VMEDIA_CHUNK_SIZE;
		size_t n = min_t(size_t, len, VMEDIA_CHUNK_SIZE - at);

		memcpy(b->chunk[off / VMEDIA_CHUNK_SIZE] + at, from, n);
		from += n;
		off += n;
		len -= n;
	}
}

void vmedia_bytes_get(const struct vmedia_bytes *b, size_t off, void *to, size_t len)
{
	while (len) {
		size_t at = off % VMEDIA_CHUNK_SIZE;
		size_t n = min_t(size_t, len, VMEDIA_CHUNK_SIZE - at);

		memcpy(to, b->chunk[off / VMEDIA_CHUNK_SIZE] + at, n);
		to += n;
		off += n;
		len -= n;
	}
}

static void bytes_to_sg(const struct vmedia_bytes *b, struct scatterlist *sg)
{
	unsigned int i;

	sg_init_table(sg, b->num);
	for (i = 0; i < b->num; i++)
		sg_set_buf(&sg[i], b->chunk[i], vmedia_chunk_len(b, i));
}

/* ---- A command ---- */

struct vmedia_command *vmedia_command_new(struct vmedia_device *dev, struct vmedia_session *s,
					  u32 type)
{
	struct vmedia_command *c = kzalloc(sizeof(*c), GFP_KERNEL);

	if (!c)
		return NULL;
	INIT_LIST_HEAD(&c->node);
	init_completion(&c->done);
	c->dev = dev;
	c->cmd.type = type;
	if (s) {
		kref_get(&s->ref);
		c->session = s;
		c->cmd.session_id = s->id;
	}
	return c;
}

struct vmedia_command *vmedia_command_ioctl(struct vmedia_session *s, u32 nr)
{
	struct vmedia_command *c = vmedia_command_new(s->dev, s, VMEDIA_CMD_IOCTL);

	if (c)
		c->cmd.io.info = vmedia_ioctl_info(nr);
	return c;
}

void vmedia_command_free(struct vmedia_command *c)
{
	if (!c)
		return;
	vmedia_payload_unmap(c);
	vmedia_bytes_free(&c->req);
	vmedia_bytes_free(&c->resp);
	if (c->payload)
		vmedia_bytes_free(c->payload);
	kfree(c->payload);
	kvfree(c->copy);
	kvfree(c->ctrls);
	kvfree(c->ctrl_sg);
	kvfree(c->edid);
	kvfree(c->sg_raw);
	if (c->session)
		vmedia_session_put(c->session);
	kfree(c);
}

static const char *command_name(const struct vmedia_command *c)
{
	if (c->cmd.type == VMEDIA_CMD_IOCTL)
		return c->cmd.io.info->name;
	return vmedia_cmd_name(c->cmd.type);
}

/* Encode the question and allocate room for the answer. */
static int prepare(struct vmedia_command *c)
{
	size_t req_len = vmedia_cmd_size(&c->cmd);
	size_t resp_len = vmedia_resp_size(&c->cmd);
	u8 *raw;
	int err;

	if (!req_len)
		return -EINVAL;
	err = vmedia_bytes_alloc(&c->req, req_len, GFP_KERNEL);
	if (!err)
		err = vmedia_bytes_alloc(&c->resp, resp_len, GFP_KERNEL);
	if (err)
		return err;
	c->copy = kvmalloc(max(resp_len, req_len), GFP_KERNEL);
	if (!c->copy)
		return -ENOMEM;
	raw = c->req.num == 1 ? c->req.chunk[0] : c->copy;
	err = vmedia_cmd_encode(&c->cmd, raw, req_len);
	if (err < 0)
		return err;
	if (raw == c->copy)
		vmedia_bytes_put(&c->req, 0, raw, req_len);
	return 0;
}

/* Returns 0 if the device and, except for CLOSE, the session can be used. */
static int usable(const struct vmedia_command *c)
{
	if (READ_ONCE(c->dev->failed))
		return -ENODEV;
	if (c->session && c->cmd.type != VMEDIA_CMD_CLOSE)
		return vmedia_session_err(c->session);
	return 0;
}

static int add_to_ring(struct vmedia_command *c, struct scatterlist *sg[2], u64 *returns)
{
	struct vmedia_device *dev = c->dev;
	struct virtqueue *vq = dev->vq[VMEDIA_QUEUE_COMMAND];
	unsigned long flags;
	int err;

	spin_lock_irqsave(&dev->vq_lock, flags);
	*returns = dev->returns;
	if (dev->dead) {
		err = -ENODEV;
	} else if (c->session && READ_ONCE(c->session->close_sent) &&
		   c->cmd.type != VMEDIA_CMD_CLOSE) {
		err = -EIO;	/* nothing after CLOSE: its id may be another session's by then */
	} else if (c->req.num + c->resp.num > virtqueue_get_vring_size(vq)) {
		err = -E2BIG;
	} else {
		err = virtqueue_add_sgs(vq, sg, 1, c->resp.num ? 1 : 0, c, GFP_ATOMIC);
		if (!err) {
			list_add_tail(&c->node, &dev->ring);
			c->in_ring = true;
			virtqueue_kick(vq);
		} else if (err == -EIO) {
			err = -ENODEV;	/* virtio's errno for a broken queue */
		}
	}
	spin_unlock_irqrestore(&dev->vq_lock, flags);
	return err;
}

/* CLOSE and MUNMAP must be sent even if the caller is killed. */
static int sleep_for_space(struct vmedia_command *c, u64 returns)
{
	struct vmedia_device *dev = c->dev;

#define MOVED (READ_ONCE(dev->returns) != returns || READ_ONCE(dev->failed))
	if (c->cmd.type == VMEDIA_CMD_CLOSE || c->cmd.type == VMEDIA_CMD_MUNMAP) {
		wait_event_timeout(dev->space, MOVED, HZ);
		return 0;
	}
	return wait_event_killable_timeout(dev->space, MOVED, HZ) < 0 ? -EINTR : 0;
#undef MOVED
}

static int post(struct vmedia_command *c)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(vmedia_timeout_ms);
	struct vmedia_device *dev = c->dev;
	struct scatterlist *list, *sg[2];
	u64 returns;
	int err = usable(c);

	if (!err)
		err = prepare(c);
	if (err)
		return err;
	list = kcalloc(c->req.num + c->resp.num, sizeof(*list), GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	sg[0] = list;
	sg[1] = list + c->req.num;
	bytes_to_sg(&c->req, sg[0]);
	if (c->resp.num)
		bytes_to_sg(&c->resp, sg[1]);
	while ((err = add_to_ring(c, sg, &returns)) == -ENOSPC) {
		if (time_after_eq(jiffies, deadline)) {
			vmedia_refused(dev, command_name(c), "the command queue stays full",
				       vmedia_timeout_ms, 0);
			err = -ETIMEDOUT;
			break;
		}
		err = sleep_for_space(c, returns) ?: usable(c);
		if (err)
			break;
	}
	kfree(list);
	/* A command with a finish function may have been returned and freed by now. */
	if (!err)
		atomic64_inc(&dev->commands);
	return err;
}

int vmedia_command_post(struct vmedia_command *c)
{
	struct vmedia_device *dev = c->dev;
	int err;

	if (!c->payload)
		return post(c);
	down_read(&dev->map_lock);
	err = vmedia_payload_map(c) ?: post(c);
	if (err)
		vmedia_payload_unmap(c);
	up_read(&dev->map_lock);
	return err;
}

void vmedia_command_take(struct vmedia_command *c)
{
	size_t len = min_t(size_t, c->used, c->resp.len);

	if (c->reaped) {
		c->err = -ENODEV;
		return;
	}
	c->answered = true;
	vmedia_bytes_get(&c->resp, 0, c->copy, len);
	c->err = vmedia_resp_decode(&c->cmd, c->copy, len);
	if (c->cmd.why.what)
		vmedia_refused(c->dev, command_name(c), c->cmd.why.what, c->cmd.why.got,
			       c->cmd.why.limit);
	else if (c->err < -LAST_USER_ERRNO)
		c->err = -EIO;
}

/* Mark the command as lost. Returns false if the device returned it meanwhile. */
static bool leave_behind(struct vmedia_command *c)
{
	struct vmedia_device *dev = c->dev;
	unsigned long flags;
	bool left;

	spin_lock_irqsave(&dev->vq_lock, flags);
	left = c->in_ring;
	if (left) {
		c->lost = true;
		dev->num_lost++;
	}
	spin_unlock_irqrestore(&dev->vq_lock, flags);
	return left;
}

static bool queue_broken(struct vmedia_device *dev)
{
	unsigned long flags;
	bool broken;

	spin_lock_irqsave(&dev->vq_lock, flags);
	broken = dev->dead || virtqueue_is_broken(dev->vq[VMEDIA_QUEUE_COMMAND]);
	spin_unlock_irqrestore(&dev->vq_lock, flags);
	return broken;
}

/*
 * The time-out counts the time that was waited, and not the clock, which may jump after a pause of
 * the whole machine.
 */
int vmedia_await(struct vmedia_device *dev, struct completion *done)
{
	long left = max_t(long, msecs_to_jiffies(vmedia_timeout_ms), 1), slice, ret;

	for (; left > 0; left -= slice) {
		slice = min_t(long, left, HZ);
		ret = wait_for_completion_killable_timeout(done, slice);
		if (ret)
			return ret < 0 ? -EINTR : 0;
		if (queue_broken(dev))
			return -ENODEV;
	}
	return -ETIMEDOUT;
}

/* Handle a command without an answer: fail the session or the device if necessary. */
static void unanswered(struct vmedia_device *dev, struct vmedia_session *s, bool changes, int err)
{
	if (err == -ENODEV)
		vmedia_device_fail(dev, "its queues are broken");
	if (err == -ETIMEDOUT && READ_ONCE(dev->num_lost) > VMEDIA_MAX_LOST)
		vmedia_device_fail(dev, "it does not answer");
	if (s && (err == -ETIMEDOUT || changes))
		vmedia_session_fail(s, -EIO);
}

int vmedia_command_run(struct vmedia_command *c, bool *gone)
{
	struct vmedia_session *s = c->session;
	struct vmedia_device *dev = c->dev;
	bool changes = c->cmd.type == VMEDIA_CMD_IOCTL &&
		       c->cmd.io.info->flags & VMEDIA_IOCTL_QUEUE;
	int err = vmedia_command_post(c);

	*gone = false;
	if (err)
		return err;
	if (s)
		kref_get(&s->ref);
	err = vmedia_await(dev, &c->done);
	if (err == -ETIMEDOUT)
		vmedia_refused(dev, command_name(c), "no answer, after milliseconds",
			       vmedia_timeout_ms, vmedia_timeout_ms);
	if (!err || !leave_behind(c)) {
		vmedia_command_take(c);
		err = c->err;
	} else {
		/* The device may have returned it, and the worker freed it. */
		*gone = true;
		unanswered(dev, s, changes, err);
	}
	if (s)
		vmedia_session_put(s);
	return err;
}

/* ---- Coming back ---- */

/*
 * Take @c out of the ring. Returns true if the worker has something to do. Context: dev->vq_lock.
 */
static bool came_back(struct vmedia_command *c)
{
	struct vmedia_device *dev = c->dev;

	list_del_init(&c->node);
	c->in_ring = false;
	vmedia_payload_unmap(c);
	if (c->lost)
		dev->num_lost--;
	if (c->lost || c->finish) {
		list_add_tail(&c->node, &dev->returned);
		return true;
	}
	complete(&c->done);
	return false;
}

/* Context: dev->vq_lock. */
static bool take_back(struct vmedia_device *dev)
{
	struct virtqueue *vq = dev->vq[VMEDIA_QUEUE_COMMAND];
	struct vmedia_command *c;
	bool work = false;
	unsigned int len;

	do {
		virtqueue_disable_cb(vq);
		while ((c = virtqueue_get_buf(vq, &len))) {
			c->used = len;
			dev->returns++;
			work |= came_back(c);
		}
	} while (!virtqueue_enable_cb(vq));
	return work;
}

static void command_ready(struct virtqueue *vq)
{
	struct vmedia_device *dev = vq->vdev->priv;
	unsigned long flags;
	bool work = false;

	spin_lock_irqsave(&dev->vq_lock, flags);
	if (!dev->dead)
		work = take_back(dev);
	spin_unlock_irqrestore(&dev->vq_lock, flags);
	wake_up_all(&dev->space);
	if (work)
		queue_work(dev->wq, &dev->event_work);
}

void vmedia_poll_answers(struct vmedia_device *dev)
{
	unsigned long flags;

	spin_lock_irqsave(&dev->vq_lock, flags);
	if (!dev->dead)
		take_back(dev);
	spin_unlock_irqrestore(&dev->vq_lock, flags);
	wake_up_all(&dev->space);
}

static void forget(struct vmedia_command *c)
{
}

/* Undo the effect of @c, if its caller did not wait for it. */
static void undo(struct vmedia_command *c, u32 type)
{
	struct vmedia_command *u = vmedia_command_new(c->dev, NULL, type);

	if (!u)
		return;
	u->cmd.session_id = c->cmd.session_id;
	u->cmd.driver_addr = c->cmd.driver_addr;
	u->finish = forget;
	if (vmedia_command_post(u))
		vmedia_command_free(u);
}

static void finish_lost(struct vmedia_command *c)
{
	if (c->cmd.type != VMEDIA_CMD_OPEN && c->cmd.type != VMEDIA_CMD_MMAP)
		return;
	vmedia_command_take(c);
	if (c->err)
		return;
	if (c->cmd.type == VMEDIA_CMD_MMAP)
		undo(c, VMEDIA_CMD_MUNMAP);
	else if (!xa_load(&c->dev->sessions, c->cmd.session_id))
		undo(c, VMEDIA_CMD_CLOSE);
}

void vmedia_finish_returned(struct vmedia_device *dev)
{
	struct vmedia_command *c;

	for (;;) {
		spin_lock_irq(&dev->vq_lock);
		c = list_first_entry_or_null(&dev->returned, struct vmedia_command, node);
		if (c)
			list_del_init(&c->node);
		spin_unlock_irq(&dev->vq_lock);
		if (!c)
			return;
		if (c->finish) {
			vmedia_command_take(c);
			c->finish(c);
		} else {
			finish_lost(c);
		}
		vmedia_command_free(c);
	}
}

/* Find out how the device reaches buffers: by the same kind of addresses as the rings. */
static int find_dma(struct vmedia_device *dev)
{
	struct device *device = vmedia_dma_dev(dev->virtio, dev->vq[VMEDIA_QUEUE_COMMAND]);

	dev->dma = device;
	if (!device && virtio_has_feature(dev->virtio, VIRTIO_F_ACCESS_PLATFORM)) {
		dev_err(dev->parent, "its transport has no device for the DMA API\n");
		return -EOPNOTSUPP;
	}
	if (!device)
		device = dev->parent->parent ?: dev->parent;
	dev->dma_dev = get_device(device);
	dev->max_segment = min_t(size_t, virtio_max_dma_size(dev->virtio),
				 dma_get_max_seg_size(device));
	return 0;
}

int vmedia_transport_init(struct vmedia_device *dev)
{
	int err;

	/* An interrupt may come as soon as the first queue exists. */
	dev->dead = true;
	err = vmedia_find_vqs(dev->virtio, dev->vq, command_ready, vmedia_events_ready);
	if (err)
		return err;
	err = find_dma(dev);
	if (err) {
		dev->virtio->config->del_vqs(dev->virtio);
		return err;
	}
	spin_lock_irq(&dev->vq_lock);
	dev->dead = false;
	spin_unlock_irq(&dev->vq_lock);
	return 0;
}

void vmedia_transport_fini(struct vmedia_device *dev)
{
	put_device(dev->dma_dev);
}

void vmedia_transport_reap(struct vmedia_device *dev)
{
	struct vmedia_command *c, *next;
	unsigned int i;

	/* Detaching unmaps. virtio_uml sends the reset to its device only in del_vqs(). */
	spin_lock_irq(&dev->vq_lock);
	for (i = 0; i < VMEDIA_NUM_QUEUES; i++)
		while (virtqueue_detach_unused_buf(dev->vq[i]))
			;
	spin_unlock_irq(&dev->vq_lock);
	dev->virtio->config->del_vqs(dev->virtio);
	spin_lock_irq(&dev->vq_lock);
	WRITE_ONCE(dev->reset, true);
	list_for_each_entry_safe(c, next, &dev->ring, node) {
		c->reaped = true;
		came_back(c);
	}
	spin_unlock_irq(&dev->vq_lock);
	wake_up_all(&dev->space);
	vmedia_events_sync(dev);
}
