// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
/*
 * Extended controls, EDID and event subscriptions: ioctls with more than one structure.
 *
 * A control's payload (size > 0) is in the program's memory. It is copied into memory of the
 * command, which the device reads and writes by SG list, and back. So the device never accesses the
 * program's pages, and the copy of a lost command stays with the command.
 */
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "vmedia.h"

/* ---- Payloads ---- */

static int map_chunks(struct vmedia_command *c)
{
	struct device *device = c->dev->dma_dev;
	unsigned int i;

	if (!c->dev->dma)
		return 0;
	c->payload_dma = kcalloc(c->payload->num, sizeof(*c->payload_dma), GFP_KERNEL);
	if (!c->payload_dma)
		return -ENOMEM;
	for (i = 0; i < c->payload->num; i++)
		c->payload_dma[i] = DMA_MAPPING_ERROR;
	for (i = 0; i < c->payload->num; i++) {
		dma_addr_t addr = dma_map_single(device, c->payload->chunk[i],
						 vmedia_chunk_len(c->payload, i),
						 DMA_BIDIRECTIONAL);

		if (dma_mapping_error(device, addr))
			return -ENOMEM;
		c->payload_dma[i] = addr;
	}
	return 0;
}

void vmedia_payload_unmap(struct vmedia_command *c)
{
	unsigned int i;

	if (!c->payload_dma)
		return;
	for (i = 0; i < c->payload->num; i++)
		if (c->payload_dma[i] != DMA_MAPPING_ERROR)
			dma_unmap_single(c->dev->dma_dev, c->payload_dma[i],
					 vmedia_chunk_len(c->payload, i), DMA_BIDIRECTIONAL);
	kfree(c->payload_dma);
	c->payload_dma = NULL;
}

static int copy_in(struct vmedia_bytes *b, size_t off, const void __user *from, size_t len)
{
	while (len) {
		size_t at = off % VMEDIA_CHUNK_SIZE;
		size_t n = min_t(size_t, len, VMEDIA_CHUNK_SIZE - at);

		if (copy_from_user(b->chunk[off / VMEDIA_CHUNK_SIZE] + at, from, n))
			return -EFAULT;
		from += n;
		off += n;
		len -= n;
	}
	return 0;
}

static int copy_out(const struct vmedia_bytes *b, size_t off, void __user *to, size_t len)
{
	while (len) {
		size_t at = off % VMEDIA_CHUNK_SIZE;
		size_t n = min_t(size_t, len, VMEDIA_CHUNK_SIZE - at);

		if (copy_to_user(to, b->chunk[off / VMEDIA_CHUNK_SIZE] + at, n))
			return -EFAULT;
		to += n;
		off += n;
		len -= n;
	}
	return 0;
}

/* Write the SG entries of [off, off + len) of the payload to @raw. Returns their number. */
static u32 payload_entries(const struct vmedia_command *c, size_t off, size_t len, u8 *raw)
{
	u32 n = 0;

	while (len) {
		size_t at = off % VMEDIA_CHUNK_SIZE;
		size_t bytes = min_t(size_t, len, VMEDIA_CHUNK_SIZE - at);
		unsigned int i = off / VMEDIA_CHUNK_SIZE;
		struct vmedia_sg_entry e = {
			.start = (c->payload_dma ? c->payload_dma[i] :
				  virt_to_phys(c->payload->chunk[i])) + at,
			.len = bytes,
		};

		vmedia_sg_put(raw, n++, &e);
		off += bytes;
		len -= bytes;
	}
	return n;
}

int vmedia_payload_map(struct vmedia_command *c)
{
	u8 *raw = c->sg_raw;
	size_t off = 0;
	unsigned int i;
	int err;

	lockdep_assert_held(&c->dev->map_lock);
	if (READ_ONCE(c->dev->dead))
		return -ENODEV;
	err = map_chunks(c);
	for (i = 0; i < c->cmd.io.max_ctrls && !err; i++) {
		c->ctrl_sg[i].raw = raw;
		c->ctrl_sg[i].count = payload_entries(c, off, c->ctrls[i].size, raw);
		raw += (size_t)c->ctrl_sg[i].count * VMEDIA_SG_ENTRY_SIZE;
		off += c->ctrls[i].size;
	}
	return err;
}

/*
 * Payloads are mapped when the command is posted, since the copy may sleep until the device is
 * gone.
 */
static int add_payloads(struct vmedia_command *c, const struct v4l2_ext_controls *p, size_t total,
			bool in)
{
	size_t off = 0;
	unsigned int i;
	int err;

	c->payload = kzalloc(sizeof(*c->payload), GFP_KERNEL);
	if (!c->payload)
		return -ENOMEM;
	err = vmedia_bytes_alloc(c->payload, total, GFP_KERNEL);
	for (i = 0; i < p->count && in && !err; i++) {
		err = copy_in(c->payload, off, p->controls[i].ptr, p->controls[i].size);
		off += p->controls[i].size;
	}
	if (err)
		return err;
	/* Each control begins an entry, and each chunk may begin one. */
	c->sg_raw = kvcalloc(p->count + c->payload->num, VMEDIA_SG_ENTRY_SIZE, GFP_KERNEL);
	return c->sg_raw ? 0 : -ENOMEM;
}

/* ---- Extended controls ---- */

static int question(struct vmedia_command *c, const struct v4l2_ext_controls *p, bool in)
{
	struct vmedia_ioctl *io = &c->cmd.io;
	unsigned int i;
	u64 total = 0;

	if (p->count > VMEDIA_MAX_CTRLS)
		return -EINVAL;
	c->ctrls = kvcalloc(max(p->count, 1u), sizeof(*c->ctrls), GFP_KERNEL);
	c->ctrl_sg = kvcalloc(max(p->count, 1u), sizeof(*c->ctrl_sg), GFP_KERNEL);
	if (!c->ctrls || !c->ctrl_sg)
		return -ENOMEM;
	io->ctrls = c->ctrls;
	io->ctrl_sg = c->ctrl_sg;
	io->max_ctrls = p->count;
	io->arg.ext_controls.which = p->which;
	io->arg.ext_controls.count = p->count;
	io->arg.ext_controls.error_idx = p->count;
	for (i = 0; i < p->count; i++) {
		c->ctrls[i].id = p->controls[i].id;
		c->ctrls[i].size = p->controls[i].size;
		if (!p->controls[i].size)
			c->ctrls[i].value64 = p->controls[i].value64;
		total += p->controls[i].size;
	}
	if (total > VMEDIA_MAX_CTRL_BYTES)
		return -E2BIG;
	return total ? add_payloads(c, p, total, in) : 0;
}

static int answer(const struct vmedia_command *c, struct v4l2_ext_controls *p, int result)
{
	const struct vmedia_ext_controls *e = &c->cmd.io.arg.ext_controls;
	size_t off = 0;
	unsigned int i;
	int err = 0;

	p->error_idx = e->error_idx;
	for (i = 0; i < p->count; i++) {
		struct v4l2_ext_control *to = &p->controls[i];
		u32 room = to->size;

		if (!room && !result)
			to->value64 = c->ctrls[i].value64;
		to->size = c->ctrls[i].size;
		if (room && !result && !err)
			err = copy_out(c->payload, off, to->ptr, min(room, to->size));
		off += room;
	}
	return result ?: err;
}

static int ext_ctrls(struct file *file, u32 nr, struct v4l2_ext_controls *p)
{
	struct vmedia_command *c = vmedia_command_ioctl(vmedia_session_of(file), nr);
	bool gone = false;
	int err;

	if (!c)
		return -ENOMEM;
	err = question(c, p, nr != VMEDIA_NR_G_EXT_CTRLS);
	if (!err) {
		err = vmedia_command_run(c, &gone);
		if (!gone && c->answered)
			err = answer(c, p, err);
	}
	if (!gone)
		vmedia_command_free(c);
	return err;
}

int vmedia_g_ext_ctrls(struct file *file, void *priv, struct v4l2_ext_controls *p)
{
	return ext_ctrls(file, VMEDIA_NR_G_EXT_CTRLS, p);
}

int vmedia_s_ext_ctrls(struct file *file, void *priv, struct v4l2_ext_controls *p)
{
	return ext_ctrls(file, VMEDIA_NR_S_EXT_CTRLS, p);
}

int vmedia_try_ext_ctrls(struct file *file, void *priv, struct v4l2_ext_controls *p)
{
	return ext_ctrls(file, VMEDIA_NR_TRY_EXT_CTRLS, p);
}

/* ---- EDID ---- */

static int edid(struct file *file, u32 nr, struct v4l2_edid *p)
{
	struct vmedia_command *c = vmedia_command_ioctl(vmedia_session_of(file), nr);
	struct vmedia_edid *e;
	bool gone = false;
	u32 room = p->blocks;
	int err = -ENOMEM;

	if (!c)
		return err;
	e = &c->cmd.io.arg.edid;
	c->edid = kvzalloc(max(room, 1u) * 128, GFP_KERNEL);
	if (!c->edid)
		goto free;
	c->cmd.io.edid = c->edid;
	c->cmd.io.max_edid_blocks = room;
	e->pad = p->pad;
	e->start_block = p->start_block;
	e->blocks = room;
	if (nr == VMEDIA_NR_S_EDID && room)
		memcpy(c->edid, p->edid, room * 128);
	err = vmedia_command_run(c, &gone);
	if (!gone && c->answered) {
		p->blocks = e->blocks;
		memset(p->reserved, 0, sizeof(p->reserved));
		if (!err && nr == VMEDIA_NR_G_EDID && room)
			memcpy(p->edid, c->edid, min(room, e->blocks) * 128);
	}
free:
	if (!gone)
		vmedia_command_free(c);
	return err;
}

int vmedia_g_edid(struct file *file, void *priv, struct v4l2_edid *p)
{
	return edid(file, VMEDIA_NR_G_EDID, p);
}

int vmedia_s_edid(struct file *file, void *priv, struct v4l2_edid *p)
{
	return edid(file, VMEDIA_NR_S_EDID, p);
}

/* ---- Events ---- */

static void replace_ctrl(struct v4l2_event *old, const struct v4l2_event *new)
{
	u32 changes = old->u.ctrl.changes;

	old->u.ctrl = new->u.ctrl;
	old->u.ctrl.changes |= changes;
}

static void merge_ctrl(const struct v4l2_event *old, struct v4l2_event *new)
{
	new->u.ctrl.changes |= old->u.ctrl.changes;
}

static const struct v4l2_subscribed_event_ops ctrl_ops = {
	.replace = replace_ctrl,
	.merge = merge_ctrl,
};

/* True if the event is subscribed. Also counts the subscriptions. */
static bool subscribed(struct v4l2_fh *fh, u32 type, u32 id, unsigned int *num)
{
	struct v4l2_subscribed_event *sev;
	unsigned long flags;
	bool found = false;

	*num = 0;
	spin_lock_irqsave(&fh->vdev->fh_lock, flags);
	list_for_each_entry(sev, &fh->subscribed, list) {
		found |= sev->type == type && sev->id == id;
		++*num;
	}
	spin_unlock_irqrestore(&fh->vdev->fh_lock, flags);
	return found;
}

static int subscribe_here(struct v4l2_fh *fh, const struct v4l2_event_subscription *sub)
{
	switch (sub->type) {
	case V4L2_EVENT_CTRL:
		return v4l2_event_subscribe(fh, sub, 0, &ctrl_ops);
	case V4L2_EVENT_SOURCE_CHANGE:
		return v4l2_src_change_event_subscribe(fh, sub);
	case V4L2_EVENT_EOS:
		return v4l2_event_subscribe(fh, sub, 2, NULL);
	}
	return v4l2_event_subscribe(fh, sub, 8, NULL);
}

/*
 * Unsubscribe, which also removes queued events. dequeue_lock keeps this from happening between
 * another caller's check for an event and its dequeue.
 */
static int unsubscribe_here(struct vmedia_session *s, const struct v4l2_event_subscription *sub)
{
	int err;

	mutex_lock(&s->dequeue_lock);
	err = v4l2_event_unsubscribe(&s->fh, sub);
	mutex_unlock(&s->dequeue_lock);
	return err;
}

int vmedia_subscribe_event(struct v4l2_fh *fh, const struct v4l2_event_subscription *sub)
{
	struct vmedia_session *s = container_of(fh, struct vmedia_session, fh);
	struct v4l2_event_subscription ask = *sub;
	unsigned int num;
	bool had;
	int err;

	if (sub->type == V4L2_EVENT_ALL)
		return -EINVAL;
	had = subscribed(fh, sub->type, sub->id, &num);
	if (!had && num >= VMEDIA_MAX_EVENT_SUBS)
		return -ENOMEM;
	/* Subscribe in the kernel first: the initial event comes before the answer. */
	err = subscribe_here(fh, sub);
	if (err)
		return err;
	err = vmedia_forward(s, VMEDIA_NR_SUBSCRIBE_EVENT, &ask, sizeof(ask));
	if (err && !had)
		unsubscribe_here(s, sub);
	vmedia_events_sync(s->dev);
	return err;
}

int vmedia_unsubscribe_event(struct v4l2_fh *fh, const struct v4l2_event_subscription *sub)
{
	struct vmedia_session *s = container_of(fh, struct vmedia_session, fh);
	struct v4l2_event_subscription ask = *sub;
	int err = vmedia_forward(s, VMEDIA_NR_UNSUBSCRIBE_EVENT, &ask, sizeof(ask));
	int here = unsubscribe_here(s, sub);

	return err ?: here;
}
