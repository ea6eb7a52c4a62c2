// SPDX-License-Identifier: BSD-3-Clause
/*
 * Sessions: open, close and poll.
 *
 * A session is in error from the beginning of its close. done() of finished commands runs before
 * the session is freed, and can therefore submit nothing more to it.
 *
 * A session whose close the device did not confirm stays in the table as a zombie. Its id, which
 * the device may use again, then names no other session. Pages pinned by its buffers stay pinned.
 * The late answer, or disconnect, frees it.
 */
#include "driver/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>

static void file_free(struct vmedia_file *f)
{
	vmedia_list_del(&f->node);
	f->drv->num_files--;
	if (!f->zombie)
		f->drv->stats.open_files--;
	vmedia_drv_events_drop(f);
	vmedia_drv_stream_fini(f);
	free(f);
}

void vmedia_drv_files_fini(struct vmedia_driver *drv)
{
	unsigned int i;

	for (i = 0; i < VMEDIA_DRV_FILE_HASH; i++) {
		while (!vmedia_list_empty(&drv->files[i]))
			file_free(vmedia_list_first(&drv->files[i], struct vmedia_file, node));
	}
}

static int run_open(struct vmedia_driver *drv, uint32_t *id)
{
	struct vmedia_drv_cmd *c;
	int err = vmedia_drv_cmd_get(drv, NULL, VMEDIA_CMD_OPEN, true, &c);

	if (err)
		return err;
	err = vmedia_drv_cmd_run(c);
	if (err)
		return err;
	err = c->err;
	*id = c->cmd.session_id;
	vmedia_drv_cmd_put(c);
	return err;
}

static int open_file(struct vmedia_driver *drv, int flags, struct vmedia_file **out)
{
	struct vmedia_file *f;
	uint32_t id;
	int err;

	if (drv->num_files >= VMEDIA_DRV_MAX_FILES)
		return -ENFILE;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	err = run_open(drv, &id);
	if (!err && vmedia_drv_file(drv, id)) {
		/* Do not close it: that would close the other session. */
		drv->stats.refused_answers++;
		vmedia_warn_rl(&drv->limit, "answer to OPEN refused: session %u is open already",
			       id);
		err = -EIO;
	}
	if (err) {
		free(f);
		return err;
	}
	f->drv = drv;
	f->id = id;
	f->nonblock = flags & O_NONBLOCK;
	vmedia_list_init(&f->node);
	vmedia_list_init(&f->events);
	vmedia_list_add_tail(vmedia_drv_bucket(drv, id), &f->node);
	drv->num_files++;
	drv->stats.open_files++;
	*out = f;
	return 0;
}

int vmedia_open(struct vmedia_driver *drv, int flags, struct vmedia_file **out)
{
	int err = open_file(drv, flags, out);

	vmedia_drv_complete(drv);
	return err;
}

/* Make @f a zombie: the program cannot use it, but the device may still write to its buffers. */
static void make_zombie(struct vmedia_file *f)
{
	if (f->zombie)
		return;
	f->zombie = true;
	f->drv->stats.open_files--;
}

static void close_finish(struct vmedia_drv_cmd *c)
{
	struct vmedia_file *f = c->f;

	if (!f)
		return;
	/* a late answer; inflight was counted down at the time-out */
	if (c->state == VMEDIA_DRV_LOST) {
		c->f = NULL;
		file_free(f);
	} else if (c->in_ring) {
		make_zombie(f);
	}
}

static bool is_quiet(void *arg)
{
	return !((struct vmedia_file *)arg)->inflight;
}

/* Refuse new commands for @f with @err, and wait until those under way are answered or given up. */
static void quiet(struct vmedia_file *f, int err)
{
	struct vmedia_driver *drv = f->drv;
	struct vmedia_drv_cmd *c, *tmp;

	if (!f->err)
		f->err = err;
	if (!f->inflight)
		return;
	vmedia_drv_wait_answer(drv, is_quiet, f, vmedia_drv_deadline(drv, drv->opts.timeout_ms));
	vmedia_list_for_each_safe(c, tmp, &drv->flight, node) {
		if (c->f == f)
			vmedia_drv_cmd_abandon(c, -ETIMEDOUT);
	}
}

/* Send CLOSE. Returns 0 or the device's errno: @f may be freed unless it is a zombie now. */
static int run_close(struct vmedia_file *f)
{
	struct vmedia_driver *drv = f->drv;
	struct vmedia_drv_cmd *c;
	int err = vmedia_drv_cmd_get(drv, f, VMEDIA_CMD_CLOSE, true, &c);

	if (!err) {
		c->finish = close_finish;
		err = vmedia_drv_cmd_run(c);
	}
	if (err) {
		make_zombie(f);
		return err;
	}
	err = c->err;
	c->f = NULL;
	vmedia_drv_cmd_put(c);
	return err;
}

int vmedia_close(struct vmedia_file *f)
{
	struct vmedia_driver *drv;
	bool zombie;
	int err;

	if (!f)
		return 0;
	drv = f->drv;
	quiet(f, -EBADF);
	err = run_close(f);
	zombie = f->zombie;
	if (!zombie)
		vmedia_drv_events(drv); /* take earlier events while @f exists */
	vmedia_drv_complete(drv);
	if (!zombie)
		file_free(f);
	return err;
}

/*
 * Close all sessions. A device should close them at the end of the connection; CLOSE is sent for
 * devices that do not. done() of one session may submit to another, so all are quieted before the
 * first one is freed.
 */
void vmedia_drv_files_close(struct vmedia_driver *drv)
{
	struct vmedia_file *f, *tmp;
	unsigned int i;

	for (i = 0; i < VMEDIA_DRV_FILE_HASH; i++) {
		vmedia_list_for_each(f, &drv->files[i], node)
			quiet(f, -ENODEV);
	}
	vmedia_drv_complete(drv);
	for (i = 0; i < VMEDIA_DRV_FILE_HASH; i++) {
		vmedia_list_for_each_safe(f, tmp, &drv->files[i], node) {
			if (drv->err || drv->stats.quarantined)
				return;
			if (!f->zombie && vmedia_close(f))
				return;
		}
	}
}

void vmedia_set_nonblock(struct vmedia_file *f, bool nonblock)
{
	f->nonblock = nonblock;
}

uint32_t vmedia_file_session_id(const struct vmedia_file *f)
{
	return f->id;
}

struct vmedia_driver *vmedia_file_driver(const struct vmedia_file *f)
{
	return f->drv;
}

/*
 * Return the mask as v4l2_m2m_poll() and vb2_poll() do. POLLERR is set if the session is in error,
 * or if no queue streams and @wanted has buffers.
 */
short vmedia_drv_mask(const struct vmedia_file *f, short wanted)
{
	bool streams = false;
	short mask = 0;
	unsigned int t;

	if (f->err)
		return POLLERR;
	if (!vmedia_list_empty(&f->events))
		mask |= POLLPRI;
	for (t = 1; t <= VMEDIA_DRV_MAX_TYPE; t++) {
		const struct vmedia_drv_queue *q = f->queue[t];

		if (!q || !q->streaming)
			continue;
		streams = true;
		if (!vmedia_list_empty(&q->done) || q->last)
			mask |= vmedia_drv_type_output(t) ? POLLOUT : POLLIN;
	}
	if (!streams && wanted & (POLLIN | POLLOUT))
		mask |= POLLERR;
	return mask;
}

short vmedia_poll_mask(const struct vmedia_file *f)
{
	return vmedia_drv_mask(f, POLLIN | POLLOUT | POLLPRI);
}

struct poller {
	const struct vmedia_file *f;
	short mask;
};

static bool is_ready(void *arg)
{
	struct poller *p = arg;

	return vmedia_drv_mask(p->f, p->mask) & (p->mask | POLLERR);
}

int vmedia_wait(struct vmedia_file *f, short mask, int timeout_ms)
{
	struct poller p = { .f = f, .mask = mask };
	int err;

	err = vmedia_drv_wait_event(f->drv, is_ready, &p, vmedia_drv_deadline(f->drv, timeout_ms),
				    false);
	if (err == -ETIMEDOUT)
		return 0;
	return err ? err : vmedia_drv_mask(f, mask) & (mask | POLLERR);
}
