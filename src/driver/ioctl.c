// SPDX-License-Identifier: BSD-3-Clause
/*
 * Ioctls: convert the program's structure to a question, and the answer to the program's structure.
 *
 * The table of src/proto describes the payload of each ioctl. bufs.c and controls.c handle the data
 * that follows a structure. stream.c updates the mirror after an answer. Ioctls that create or
 * remove buffers, or stop a stream (REQBUFS, CREATE_BUFS, REMOVE_BUFS, STREAMOFF) are not under way
 * together with others of their session: a blocking call waits, vmedia_submit() returns -EBUSY.
 */
#include "driver/internal.h"

#include <errno.h>
#include <linux/videodev2.h>
#include <string.h>

static int find_info(unsigned long request, const struct vmedia_ioctl_info **info)
{
	if (request > 0xff && _IOC_TYPE(request) != 'V')
		return -ENOTTY;
	*info = vmedia_ioctl_info((uint32_t)_IOC_NR(request));
	return *info ? 0 : -ENOTTY;
}

static bool restructures(const struct vmedia_ioctl_info *info)
{
	switch (info->nr) {
	case _IOC_NR(VIDIOC_REQBUFS):
	case _IOC_NR(VIDIOC_CREATE_BUFS):
	case _IOC_NR(VIDIOC_STREAMOFF):
	case 104:	/* REMOVE_BUFS */
		return true;
	}
	return false;
}

static bool is_free(void *arg)
{
	return !((struct vmedia_file *)arg)->inflight;
}

/* True if @info may be sent now. */
static bool may_go(const struct vmedia_file *f, const struct vmedia_ioctl_info *info)
{
	return restructures(info) ? !f->inflight : !f->restructuring;
}

static int wait_turn(struct vmedia_file *f, const struct vmedia_ioctl_info *info)
{
	if (may_go(f, info))
		return 0;
	return vmedia_drv_wait_answer(f->drv, is_free, f,
				      vmedia_drv_deadline(f->drv, f->drv->opts.timeout_ms));
}

/* ---- Questions ---- */

static int edid_question(struct vmedia_drv_cmd *c)
{
	struct vmedia_ioctl *io = &c->cmd.io;

	if (io->arg.edid.blocks > VMEDIA_MAX_EDID_BLOCKS)
		return -EINVAL;
	if (io->arg.edid.blocks && !io->arg.edid.edid)
		return -EFAULT;
	io->edid = (uint8_t *)(uintptr_t)io->arg.edid.edid;
	io->max_edid_blocks = io->arg.edid.blocks;
	io->arg.edid.edid = 0;
	return 0;
}

/* Record the subscription before the answer, since the initial event may come first. */
static int subscribe_question(struct vmedia_drv_cmd *c)
{
	const struct vmedia_event_subscription *s = &c->cmd.io.arg.event_subscription;
	int err;

	/* Nobody can subscribe to all events. To undo it would take back all subscriptions. */
	if (s->type == V4L2_EVENT_ALL)
		return 0;
	err = vmedia_drv_subscribe(c->f, s->type, s->id);
	c->subscribed = !err;
	return err == -EEXIST ? 0 : err;
}

static int question(struct vmedia_drv_cmd *c, const struct vmedia_ioctl_info *info)
{
	struct vmedia_ioctl *io = &c->cmd.io;

	c->cmd.code = info->nr;
	io->info = info;
	if (info->dir & VMEDIA_DIR_W)
		memcpy(&io->arg, c->arg, info->size);
	else
		memset(&io->arg, 0, info->size);
	switch (info->follow) {
	case VMEDIA_FOLLOW_PLANES:
		return vmedia_drv_buf_question(c);
	case VMEDIA_FOLLOW_CTRLS:
		return vmedia_drv_ctrls_question(c);
	case VMEDIA_FOLLOW_EDID:
		return edid_question(c);
	case VMEDIA_FOLLOW_UUID:
		if (!c->uuid)
			return -EINVAL;
		memcpy(io->uuid, c->uuid, VMEDIA_UUID_SIZE);
		return 0;
	default:
		break;
	}
	switch (info->nr) {
	case _IOC_NR(VIDIOC_SUBSCRIBE_EVENT):
		return subscribe_question(c);
	case 104:	/* REMOVE_BUFS */
		return vmedia_drv_remove_question(c);
	}
	return 0;
}

/* Undo the question of a command that was not sent. */
static void unask(struct vmedia_drv_cmd *c)
{
	const struct vmedia_event_subscription *s = &c->cmd.io.arg.event_subscription;

	vmedia_drv_buf_unasked(c);
	if (c->subscribed)
		vmedia_drv_unsubscribe(c->f, s->type, s->id);
	c->subscribed = false;
}

/* ---- Answers ---- */

/* Apply the other effects of a successful answer. */
static void take_effect(struct vmedia_drv_cmd *c)
{
	const struct vmedia_event_subscription *s = &c->cmd.io.arg.event_subscription;

	switch (c->cmd.io.info->nr) {
	case _IOC_NR(VIDIOC_SUBSCRIBE_EVENT):
		if (c->answered && c->err && c->subscribed)
			vmedia_drv_unsubscribe(c->f, s->type, s->id);
		break;
	case _IOC_NR(VIDIOC_UNSUBSCRIBE_EVENT):
		if (!c->answered || c->err)
			break;
		/*
		 * Deliver events that were sent before the answer, while the subscription still
		 * exists.
		 */
		vmedia_drv_events(c->drv);
		vmedia_drv_unsubscribe(c->f, s->type, s->id);
		break;
	default:
		if (c->answered && !c->err)
			vmedia_drv_stream_answer(c);
		break;
	}
}

static void give(struct vmedia_drv_cmd *c)
{
	const struct vmedia_ioctl *io = &c->cmd.io;
	uint64_t pointer;

	switch (io->info->follow) {
	case VMEDIA_FOLLOW_CTRLS:
		vmedia_drv_ctrls_answer(c);
		break;
	case VMEDIA_FOLLOW_EDID:
		pointer = ((struct vmedia_edid *)c->arg)->edid;
		memcpy(c->arg, &io->arg, io->info->size);
		((struct vmedia_edid *)c->arg)->edid = pointer;
		break;
	case VMEDIA_FOLLOW_UUID:
		memcpy(c->uuid, io->uuid, VMEDIA_UUID_SIZE);
		memcpy(c->arg, &io->arg, io->info->size);
		break;
	default:
		memcpy(c->arg, &io->arg, io->info->size);
		break;
	}
}

static void ioctl_finish(struct vmedia_drv_cmd *c)
{
	const struct vmedia_ioctl_info *info = c->cmd.io.info;

	if (restructures(info))
		c->f->restructuring--;
	if (info->follow == VMEDIA_FOLLOW_PLANES) {
		vmedia_drv_buf_answer(c);
		return;
	}
	take_effect(c);
	if (c->answered && info->dir & VMEDIA_DIR_R &&
	    (!c->err || info->flags & VMEDIA_IOCTL_ERR_PAYLOAD))
		give(c);
}

/* ---- Calls ---- */

static void querycap(const struct vmedia_driver *drv, struct vmedia_capability *cap)
{
	static const char driver[] = "virtio-media", bus[] = "platform:vmedia";

	memset(cap, 0, sizeof(*cap));
	memcpy(cap->driver, driver, sizeof(driver));
	memcpy(cap->bus_info, bus, sizeof(bus));
	memcpy(cap->card, drv->config.card, sizeof(cap->card) - 1);
	cap->version = 6 << 16 | 1 << 8;
	cap->device_caps = drv->config.device_caps & ~(uint32_t)V4L2_CAP_DEVICE_CAPS;
	cap->capabilities = cap->device_caps | V4L2_CAP_DEVICE_CAPS;
}

static int dqevent(struct vmedia_file *f, struct vmedia_event *ev)
{
	int err;

	if (!f->num_events && !f->drv->err)
		vmedia_drv_drain(f->drv);
	if (!f->num_events && f->err)
		return f->err;
	if (!f->num_events && !f->nonblock) {
		err = vmedia_wait(f, 0x2 /* POLLPRI */, f->drv->opts.wait_ms);
		if (err <= 0)
			return err ? err : -ETIMEDOUT;
	}
	err = vmedia_drv_dqevent(f, ev);
	if (err == -ENOENT && f->err)
		return f->err;
	return err == -ENOENT && f->nonblock ? -EAGAIN : err;
}

/* Do an ioctl that needs no device. Returns true if it was one, with its result in @err. */
static bool is_local(struct vmedia_file *f, const struct vmedia_ioctl_info *info, void *arg,
		     int *err)
{
	switch (info->nr) {
	case _IOC_NR(VIDIOC_QUERYCAP):
		querycap(f->drv, arg);
		*err = 0;
		return true;
	case _IOC_NR(VIDIOC_DQBUF):
		*err = vmedia_drv_dqbuf(f, arg);
		return true;
	case _IOC_NR(VIDIOC_DQEVENT):
		*err = dqevent(f, arg);
		return true;
	}
	if (info->flags & VMEDIA_IOCTL_CARRIED)
		return false;
	*err = -ENOTTY;
	return true;
}

static int prepare(struct vmedia_file *f, const struct vmedia_ioctl_info *info, void *arg,
		   uint8_t (*uuid)[VMEDIA_UUID_SIZE], bool wait, struct vmedia_drv_cmd **out)
{
	struct vmedia_drv_cmd *c;
	int err;

	err = vmedia_drv_cmd_get(f->drv, f, VMEDIA_CMD_IOCTL, wait, &c);
	if (err)
		return err;
	c->arg = arg;
	c->uuid = uuid;
	c->subscribed = false;
	err = question(c, info);
	if (err) {
		unask(c);
		vmedia_drv_cmd_put(c);
		return err;
	}
	c->finish = ioctl_finish;
	if (restructures(info))
		f->restructuring++;
	*out = c;
	return 0;
}

/* Undo prepare() of a command that the ring did not take. */
static void unprepare(struct vmedia_file *f, struct vmedia_drv_cmd *c)
{
	if (restructures(c->cmd.io.info))
		f->restructuring--;
	unask(c);
	vmedia_drv_cmd_put(c);
}

static int call(struct vmedia_file *f, unsigned long request, void *arg,
		uint8_t (*uuid)[VMEDIA_UUID_SIZE])
{
	const struct vmedia_ioctl_info *info;
	struct vmedia_drv_cmd *c;
	int err = find_info(request, &info);

	if (err)
		return err;
	if (info->size && !arg)
		return -EFAULT;
	if (is_local(f, info, arg, &err))
		return err;
	err = wait_turn(f, info);
	if (!err)
		err = f->err;
	if (!err)
		err = prepare(f, info, arg, uuid, true, &c);
	if (err)
		return err;
	err = vmedia_drv_cmd_post(c, true);
	if (err) {
		unprepare(f, c);
		return err;
	}
	err = vmedia_drv_cmd_wait(c);
	if (err)
		return err;
	err = c->err;
	vmedia_drv_cmd_put(c);
	return err;
}

int vmedia_ioctl_objects(struct vmedia_file *f, unsigned long request, void *arg,
			 uint8_t (*uuid)[VMEDIA_UUID_SIZE])
{
	int err = call(f, request, arg, uuid);

	vmedia_drv_complete(f->drv);
	return err;
}

int vmedia_ioctl(struct vmedia_file *f, unsigned long request, void *arg)
{
	return vmedia_ioctl_objects(f, request, arg, NULL);
}

static int submit(struct vmedia_file *f, const struct vmedia_ioctl_info *info, void *arg,
		  uint32_t flags, vmedia_done_fn done, void *opaque)
{
	struct vmedia_drv_cmd *c;
	int err;

	if (!may_go(f, info))
		return -EBUSY;
	err = prepare(f, info, arg, NULL, false, &c);
	if (err)
		return err;
	err = vmedia_drv_completion_get(f->drv, done, opaque, &c->completion);
	if (err) {
		unprepare(f, c);
		return err;
	}
	c->held = flags & VMEDIA_SUBMIT_HELD;
	c->lazy = c->held || flags & VMEDIA_SUBMIT_LAZY;
	err = vmedia_drv_cmd_post(c, false);
	if (err)
		unprepare(f, c);
	return err;
}

int vmedia_submit(struct vmedia_file *f, unsigned long request, void *arg, uint32_t flags,
		  vmedia_done_fn done, void *opaque)
{
	const struct vmedia_ioctl_info *info;
	int err = find_info(request, &info);

	if (err)
		return err;
	if (!done || !(info->flags & VMEDIA_IOCTL_CARRIED))
		return -EINVAL;
	if (info->size && !arg)
		return -EFAULT;
	if (f->err)
		return f->err;
	err = submit(f, info, arg, flags, done, opaque);
	if (err) {
		/* The program waits for answers before it tries again, so hurry them. */
		if (err == -EAGAIN || err == -EBUSY || err == -ENOMEM)
			vmedia_drv_cmd_hurry(f->drv, NULL);
		return err;
	}
	vmedia_drv_arm_timer(f->drv);
	if (flags & VMEDIA_SUBMIT_HELD)
		vmedia_vqr_publish(f->drv->vq[VMEDIA_QUEUE_COMMAND].vqr);
	else if (!(flags & VMEDIA_SUBMIT_MORE))
		vmedia_drv_flush(f->drv);
	return 0;
}
