// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
/*
 * Sessions: each open file has a session at the device.
 *
 * A session is in the table, under the id that the device assigned, from the answer of OPEN to the
 * answer of CLOSE. So an id is never used twice at a time, and late events of a closing session are
 * dropped. When a file is closed, its buffers return to videobuf2 at once, and the loans keep the
 * memory that the device still has pinned until CLOSE is answered. close() waits for this answer:
 * only then a camera that streamed is free for the next session.
 */
#include <linux/poll.h>
#include <linux/slab.h>

#include "vmedia.h"

static void session_release(struct kref *ref)
{
	struct vmedia_session *s = container_of(ref, struct vmedia_session, ref);

	WARN_ON(!list_empty(&s->loans));
	vmedia_queues_free(s);
	vmedia_command_free(s->close);
	mutex_destroy(&s->lock);
	mutex_destroy(&s->dequeue_lock);
	kfree(s);
}

void vmedia_session_put(struct vmedia_session *s)
{
	kref_put(&s->ref, session_release);
}

struct vmedia_session *vmedia_session_find(struct vmedia_device *dev, u32 id)
{
	struct vmedia_session *s;

	xa_lock(&dev->sessions);
	s = xa_load(&dev->sessions, id);
	if (s)
		kref_get(&s->ref);
	xa_unlock(&dev->sessions);
	return s;
}

void vmedia_session_fail(struct vmedia_session *s, int err)
{
	unsigned int i;

	spin_lock(&s->buf_lock);
	if (!s->err || err == -ENODEV)
		WRITE_ONCE(s->err, err);
	spin_unlock(&s->buf_lock);
	for (i = 0; i <= VMEDIA_MAX_TYPE; i++)
		if (s->queue[i])
			vb2_queue_error(&s->queue[i]->vb);
	wake_up_all(&s->fh.wait);
}

/* Remove all loans, for the caller to free. Later events and answers must not find them. */
static void end_loans(struct vmedia_session *s, struct list_head *loans)
{
	struct vmedia_buf *buf;
	unsigned long index;
	unsigned int type;

	spin_lock(&s->buf_lock);
	list_splice_init(&s->loans, loans);
	/* A QBUF may still be refused, here or by an answer that comes after that of CLOSE. */
	for (type = 0; type <= VMEDIA_MAX_TYPE; type++) {
		if (!s->queue[type])
			continue;
		xa_for_each(&s->queue[type]->bufs, index, buf)
			buf->loan = NULL;
	}
	spin_unlock(&s->buf_lock);
}

/* Context: map_lock. */
static void forget(struct vmedia_session *s)
{
	struct vmedia_device *dev = s->dev;
	struct vmedia_loan *loan, *next;
	LIST_HEAD(loans);

	end_loans(s, &loans);
	list_for_each_entry_safe(loan, next, &loans, node)
		vmedia_loan_free(dev, loan);
	complete_all(&s->gone);
	if (xa_cmpxchg(&dev->sessions, s->id, s, NULL, GFP_KERNEL) == s)
		vmedia_session_put(s);
}

void vmedia_session_forget(struct vmedia_session *s)
{
	struct vmedia_device *dev = s->dev;

	down_read(&dev->map_lock);
	forget(s);
	up_read(&dev->map_lock);
}

void vmedia_sessions_end(struct vmedia_device *dev)
{
	struct vmedia_session *s;
	unsigned long id;

	/*
	 * Wait until mapping and unmapping in progress is done. Later callers find dev->dead set.
	 */
	down_write(&dev->map_lock);
	xa_for_each(&dev->sessions, id, s) {
		s = vmedia_session_find(dev, id);
		if (!s)
			continue;
		forget(s);
		vmedia_session_put(s);
	}
	vmedia_mem_detach_all(dev);
	up_write(&dev->map_lock);
}

/*
 * Handle the answer of CLOSE, on the command queue. Earlier events may still be in the event queue;
 * their session must stay known until they are taken.
 */
static void closed(struct vmedia_command *c)
{
	kref_get(&c->session->ref);
	list_add_tail(&c->session->node, &c->dev->closed);
}

void vmedia_sessions_forget_closed(struct vmedia_device *dev)
{
	struct vmedia_session *s, *next;

	list_for_each_entry_safe(s, next, &dev->closed, node) {
		list_del(&s->node);
		vmedia_session_forget(s);
		vmedia_session_put(s);
	}
}

void vmedia_session_close(struct vmedia_session *s)
{
	struct vmedia_command *c = NULL;

	spin_lock(&s->buf_lock);
	if (!s->close_sent) {
		s->close_sent = true;
		swap(c, s->close);
	}
	spin_unlock(&s->buf_lock);
	if (!c)
		return;
	kref_get(&s->ref);
	c->session = s;
	c->cmd.session_id = s->id;
	c->finish = closed;
	if (!vmedia_command_post(c))
		return;
	/*
	 * CLOSE was not sent. Until a reset the device may still write to the loans. The reset ends
	 * the loans of all sessions. If it happened already, it may have missed this one.
	 */
	if (READ_ONCE(s->dev->reset))
		vmedia_session_forget(s);
	complete_all(&s->gone);
	vmedia_command_free(c);
}

/*
 * Wait for the answer of CLOSE, whoever sent it. A device that owes older answers is not waited
 * for: a program with many files would not end for hours.
 */
static void await_closed(struct vmedia_session *s)
{
	struct vmedia_device *dev = s->dev;

	if (READ_ONCE(dev->num_lost) || vmedia_await(dev, &s->gone) != -ETIMEDOUT)
		return;
	vmedia_refused(dev, "CLOSE", "no answer, after milliseconds", vmedia_timeout_ms,
		       vmedia_timeout_ms);
}

static struct vmedia_session *new_session(struct vmedia_device *dev)
{
	struct vmedia_session *s = kzalloc(sizeof(*s), GFP_KERNEL);

	if (!s)
		return NULL;
	kref_init(&s->ref);
	s->dev = dev;
	mutex_init(&s->lock);
	mutex_init(&s->dequeue_lock);
	spin_lock_init(&s->buf_lock);
	INIT_LIST_HEAD(&s->loans);
	init_completion(&s->gone);
	v4l2_fh_init(&s->fh, &dev->video);
	s->close = vmedia_command_new(dev, NULL, VMEDIA_CMD_CLOSE);
	if (!s->close || vmedia_queues_init(s)) {
		v4l2_fh_exit(&s->fh);
		vmedia_session_put(s);
		return NULL;
	}
	return s;
}

/* Send OPEN and add the session to the table. */
static int open_session(struct vmedia_session *s)
{
	struct vmedia_device *dev = s->dev;
	struct vmedia_command *c = vmedia_command_new(dev, NULL, VMEDIA_CMD_OPEN);
	bool gone;
	int err;

	if (!c)
		return -ENOMEM;
	err = vmedia_command_run(c, &gone);
	if (gone)
		return err;
	s->id = c->cmd.session_id;
	vmedia_command_free(c);
	if (err)
		return err;
	kref_get(&s->ref);
	err = xa_insert(&dev->sessions, s->id, s, GFP_KERNEL);
	if (err == -EBUSY) {
		/* The id may be that of a session that was just closed. */
		vmedia_events_sync(dev);
		err = xa_insert(&dev->sessions, s->id, s, GFP_KERNEL);
	}
	if (!err) {
		if (READ_ONCE(dev->failed))
			vmedia_session_fail(s, -ENODEV);
		return 0;
	}
	vmedia_session_put(s);
	if (err == -EBUSY) {
		vmedia_refused(dev, "OPEN", "answer names a session that is open", s->id, 0);
		return -EIO;
	}
	vmedia_session_close(s);
	return err;
}

static int vmedia_open(struct file *file)
{
	struct vmedia_device *dev = video_drvdata(file);
	struct vmedia_session *s = new_session(dev);
	int err;

	if (!s)
		return -ENOMEM;
	err = open_session(s);
	if (err) {
		v4l2_fh_exit(&s->fh);
		vmedia_session_put(s);
		return err;
	}
	vmedia_region_file(dev, file);
	vmedia_fh_add(&s->fh, file);
	return 0;
}

/* Stop the delivery of events. */
static void end_events(struct vmedia_session *s)
{
	WRITE_ONCE(s->closed, true);
	flush_work(&s->dev->event_work);
}

static int vmedia_release(struct file *file)
{
	struct vmedia_session *s = vmedia_session_of(file);

	end_events(s);
	mutex_lock(&s->lock);
	vmedia_queues_release(s);
	mutex_unlock(&s->lock);
	vmedia_session_close(s);
	await_closed(s);
	vmedia_fh_del(&s->fh, file);
	v4l2_fh_exit(&s->fh);
	vmedia_session_put(s);
	return 0;
}

/* ---- poll ---- */

/*
 * False if no buffer can come from the queue. As with v4l2-mem2mem, poll() reports an error only if
 * this is so for all queues.
 */
static bool queue_alive(struct vb2_queue *q)
{
	return vb2_is_streaming(q) && !q->error &&
	       (!list_empty(&q->queued_list) || (!q->is_output && q->last_buffer_dequeued));
}

static __poll_t queue_done(struct vb2_queue *q)
{
	unsigned long flags;
	bool done;

	spin_lock_irqsave(&q->done_lock, flags);
	done = !list_empty(&q->done_list);
	spin_unlock_irqrestore(&q->done_lock, flags);
	if (q->is_output)
		return done ? EPOLLOUT | EPOLLWRNORM : 0;
	return done || q->last_buffer_dequeued ? EPOLLIN | EPOLLRDNORM : 0;
}

static __poll_t poll_queues(struct vmedia_session *s)
{
	bool alive = false;
	__poll_t res = 0;
	unsigned int i;

	for (i = 0; i <= VMEDIA_MAX_TYPE; i++) {
		if (!s->queue[i])
			continue;
		alive |= queue_alive(&s->queue[i]->vb);
		res |= queue_done(&s->queue[i]->vb);
	}
	return alive ? res : EPOLLERR;
}

static __poll_t vmedia_poll(struct file *file, struct poll_table_struct *wait)
{
	const __poll_t io = EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM;
	struct vmedia_session *s = vmedia_session_of(file);
	__poll_t res = 0;
	unsigned int i;

	poll_wait(file, &s->fh.wait, wait);
	for (i = 0; i <= VMEDIA_MAX_TYPE; i++)
		if (s->queue[i])
			poll_wait(file, &s->queue[i]->vb.done_wq, wait);
	if (vmedia_session_err(s) == -ENODEV)
		return EPOLLERR | EPOLLHUP | EPOLLPRI;
	if (vmedia_session_err(s))
		return EPOLLERR | (v4l2_event_pending(&s->fh) ? EPOLLPRI : 0);
	if (mutex_lock_interruptible(&s->lock))
		return EPOLLERR;
	if (hweight32(s->dev->types) == 1)
		res = vb2_core_poll(&s->queue[ffs(s->dev->types) - 1]->vb, file, wait);
	else if (s->dev->types && poll_requested_events(wait) & io)
		res = poll_queues(s);
	mutex_unlock(&s->lock);
	if (v4l2_event_pending(&s->fh))
		res |= EPOLLPRI;
	return res;
}

static ssize_t vmedia_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	struct vmedia_session *s = vmedia_session_of(file);
	ssize_t ret;

	if (!(s->dev->caps & V4L2_CAP_READWRITE))
		return -EINVAL;
	if (mutex_lock_interruptible(&s->lock))
		return -ERESTARTSYS;
	ret = vmedia_session_err(s);
	if (!ret)
		ret = vb2_read(&s->queue[ffs(s->dev->types) - 1]->vb, buf, count, ppos,
			       file->f_flags & O_NONBLOCK);
	if (ret == -EIO && vmedia_session_err(s))
		ret = vmedia_session_err(s);
	mutex_unlock(&s->lock);
	return ret;
}

const struct v4l2_file_operations vmedia_fops = {
	.owner = THIS_MODULE,
	.open = vmedia_open,
	.release = vmedia_release,
	.read = vmedia_read,
	.poll = vmedia_poll,
	.mmap = vmedia_mmap,
	.unlocked_ioctl = vmedia_unlocked_ioctl,
};

/* ---- Before there is a node ---- */

/* Find out the queue's capabilities by REQBUFS of no buffers, which changes nothing. */
static int probe_queue(struct vmedia_session *s, u32 type)
{
	struct v4l2_requestbuffers req = {
		.type = type,
		.memory = V4L2_MEMORY_MMAP,
	};
	int err = vmedia_forward(s, VMEDIA_NR_REQBUFS, &req, sizeof(req));

	if (err == -EINVAL) {
		req.memory = V4L2_MEMORY_USERPTR;
		err = vmedia_forward(s, VMEDIA_NR_REQBUFS, &req, sizeof(req));
	}
	if (!err)
		s->dev->buf_caps[type] = req.capabilities;
	return err == -ENODEV || err == -ETIMEDOUT ? err : 0;
}

/* True if the device answers G_PARM for one of its queues. */
static bool probe_parm(struct vmedia_session *s)
{
	struct v4l2_streamparm parm;
	unsigned int type;
	bool none = false;

	for (type = 1; type <= VMEDIA_MAX_TYPE; type++) {
		if (!(s->dev->types & BIT(type)))
			continue;
		memset(&parm, 0, sizeof(parm));
		parm.type = type;
		if (vmedia_forward(s, VMEDIA_NR_G_PARM, &parm, sizeof(parm)) != -ENOTTY)
			return true;
		none = true;
	}
	return !none;
}

static void probe_ioctls(struct vmedia_session *s)
{
	struct v4l2_decoder_cmd stop = { .cmd = V4L2_DEC_CMD_STOP };

	s->dev->no_parm = !probe_parm(s);
	s->dev->decoder = !vmedia_forward(s, VMEDIA_NR_TRY_DECODER_CMD, &stop, sizeof(stop));
}

int vmedia_session_probe(struct vmedia_device *dev)
{
	struct vmedia_session *s = new_session(dev);
	unsigned int type;
	int err;

	if (!s)
		return -ENOMEM;
	err = open_session(s);
	/* Another user may have the device open exclusively. The capabilities then stay unknown. */
	if (err == -EBUSY || err == -EMFILE || err == -ENFILE) {
		err = 0;
	} else if (err) {
		dev_err(dev->parent, "the device does not open: %d\n", err);
	} else {
		for (type = 1; type <= VMEDIA_MAX_TYPE && !err; type++)
			if (dev->types & BIT(type))
				err = probe_queue(s, type);
		if (!err)
			probe_ioctls(s);
		end_events(s);
		vmedia_session_close(s);
	}
	v4l2_fh_exit(&s->fh);
	vmedia_session_put(s);
	return err;
}
