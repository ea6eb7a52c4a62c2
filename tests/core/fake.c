/* SPDX-License-Identifier: BSD-3-Clause */
/* The scriptable device. */
#include "fake.h"

#include <assert.h>
#include <errno.h>
#include <linux/videodev2.h>
#include <stdlib.h>
#include <string.h>

static struct fake *fake_of(struct vmedia_session *s)
{
	return vmedia_device_priv(vmedia_session_device(s));
}

static struct vmedia_evt *event_new(struct vmedia_session *s)
{
	struct fake_session *fs = vmedia_session_priv(s);

	assert(fs->num < FAKE_EVENTS);
	return &fs->event[(fs->first + fs->num++) % FAKE_EVENTS];
}

void fake_event(struct vmedia_session *s, uint32_t type, uint32_t id)
{
	struct vmedia_evt *evt = event_new(s);

	memset(evt, 0, sizeof(*evt));
	evt->type = VMEDIA_EVT_EVENT;
	evt->event.type = type;
	evt->event.id = id;
	vmedia_session_wake(s);
}

void fake_dqbuf(struct vmedia_session *s, uint32_t buf_type, uint32_t index)
{
	struct vmedia_evt *evt = event_new(s);

	memset(evt, 0, sizeof(*evt));
	evt->type = VMEDIA_EVT_DQBUF;
	evt->buffer.type = buf_type;
	evt->buffer.index = index;
	evt->buffer.memory = VMEDIA_MEMORY_MMAP;
	if (vmedia_buf_type_is_multiplanar(buf_type)) {
		evt->buffer.m.planes = 0x7f0000001000ull; /* must not reach the driver */
		evt->buffer.length = 1;
		evt->planes[0].bytesused = 5;
		evt->planes[0].length = 10;
	}
	vmedia_session_wake(s);
}

static int fake_open(struct vmedia_session *s)
{
	struct fake *f = fake_of(s);
	struct fake_session *fs;
	unsigned int i;
	int err;

	f->last = s;
	if (f->open_work) {
		vmedia_session_work(s);
		vmedia_session_wake(s);
	}
	if (f->open_err && f->open_err != -EINPROGRESS)
		return f->open_err;
	fs = calloc(1, sizeof(*fs));
	assert(fs);
	for (i = 0; i < FAKE_BUFFERS; i++) {
		err = vmedia_backing_create(s, FAKE_LENGTH, &fs->buffer[i]);
		if (err) {
			while (i--)
				vmedia_backing_put(fs->buffer[i]);
			free(fs);
			return err;
		}
		memset(vmedia_backing_addr(fs->buffer[i]), (int)(0x10 + i), FAKE_LENGTH);
	}
	vmedia_session_set_priv(s, fs);
	f->opens++;
	f->awake++;
	f->opening = f->open_err ? s : NULL;
	return f->open_err;
}

static void fake_close(struct vmedia_session *s)
{
	struct fake *f = fake_of(s);
	struct fake_session *fs = vmedia_session_priv(s);
	unsigned int i, kept = 0;

	f->closes++;
	f->closed_awake += f->awake > 0;
	if (!fs->suspended)
		f->awake--;
	for (i = 0; i < FAKE_BUFFERS; i++)
		vmedia_backing_put(fs->buffer[i]);
	vmedia_backing_put(fs->imported);
	for (i = 0; i < f->num_pending; i++)
		if (vmedia_request_session(f->pending[i]) != s)
			f->pending[kept++] = f->pending[i];
	f->num_pending = kept;
	free(fs);
}

void fake_opened(struct fake *f, int err)
{
	struct vmedia_session *s = f->opening;

	f->opening = NULL;
	if (err)
		fake_close(s); /* core does not call it */
	vmedia_session_opened(s, err);
}

static int fake_qbuf(struct fake *f, struct vmedia_session *s, struct vmedia_request *req)
{
	struct fake_session *fs = vmedia_session_priv(s);
	struct vmedia_ioctl *io = vmedia_request_ioctl(req);
	struct vmedia_buffer *b = &io->arg.buffer;
	struct vmedia_backing *got;
	uint64_t length = vmedia_buf_type_is_multiplanar(b->type) ? io->planes[0].length
								  : b->length;
	int err;

	if (b->memory != VMEDIA_MEMORY_MMAP) {
		err = vmedia_request_import(req, 0, f->import_length ? f->import_length : length,
					    !f->import_read, fs->imported, &got);
		if (err)
			return err;
		vmedia_backing_put(fs->imported);
		fs->imported = got;
	}
	b->flags |= V4L2_BUF_FLAG_QUEUED;
	if (io->info->nr == VMEDIA_NR_QBUF && !f->no_events)
		fake_dqbuf(s, b->type, b->index);
	return 0;
}

static int fake_default(struct fake *f, struct vmedia_session *s, struct vmedia_request *req)
{
	struct fake_session *fs = vmedia_session_priv(s);
	struct vmedia_ioctl *io = vmedia_request_ioctl(req);

	switch (io->info->nr) {
	case VMEDIA_NR_QBUF:
	case VMEDIA_NR_PREPARE_BUF:
		return fake_qbuf(f, s, req);
	case VMEDIA_NR_SUBSCRIBE_EVENT:
		if (io->arg.event_subscription.flags & V4L2_EVENT_SUB_FL_SEND_INITIAL)
			fake_event(s, io->arg.event_subscription.type,
				   io->arg.event_subscription.id);
		return 0;
	case VMEDIA_NR_EXPBUF:
		if (io->arg.exportbuffer.index >= FAKE_BUFFERS)
			return -EINVAL;
		return vmedia_request_export(req, fs->buffer[io->arg.exportbuffer.index]);
	case VMEDIA_NR_G_FMT:
		io->arg.format.fmt.pix.width = 1280;
		io->arg.format.fmt.pix.height = 720;
		io->arg.format.fmt.pix.sizeimage = FAKE_SIZEIMAGE;
		return 0;
	}
	return 0;
}

static int fake_ioctl(struct vmedia_session *s, struct vmedia_request *req)
{
	struct fake *f = fake_of(s);

	f->last = s;
	if (f->ioctls < VMEDIA_ARRAY_SIZE(f->codes))
		f->codes[f->ioctls] = vmedia_request_ioctl(req)->info->nr;
	f->ioctls++;
	assert(vmedia_request_session(req) == s);
	if (f->ioctl)
		return f->ioctl(f, s, req);
	if (f->async) {
		assert(f->num_pending < HARNESS_MAX_WAITING);
		f->pending[f->num_pending++] = req;
		return -EINPROGRESS;
	}
	return f->ioctl_err ? f->ioctl_err : fake_default(f, s, req);
}

static int fake_mmap(struct vmedia_session *s, uint32_t offset, struct vmedia_plane_map *map)
{
	struct fake_session *fs = vmedia_session_priv(s);

	if (offset % FAKE_STRIDE || offset / FAKE_STRIDE >= FAKE_BUFFERS ||
	    !fs->buffer[offset / FAKE_STRIDE])
		return -EINVAL;
	map->backing = fs->buffer[offset / FAKE_STRIDE];
	map->length = FAKE_LENGTH;
	return 0;
}

static bool fake_next_event(struct vmedia_session *s, struct vmedia_evt *evt)
{
	struct fake_session *fs = vmedia_session_priv(s);

	if (fake_of(s)->event_err) {
		vmedia_session_error(s, fake_of(s)->event_err);
		return false;
	}
	if (!fs->num)
		return false;
	*evt = fs->event[fs->first];
	fs->first = (fs->first + 1) % FAKE_EVENTS;
	fs->num--;
	return true;
}

static void fake_work(struct vmedia_session *s)
{
	struct fake_session *fs = vmedia_session_priv(s);
	struct fake *f = fake_of(s);

	assert(!fs->suspended);
	f->works++;
	if (f->more_work) {
		f->more_work--;
		vmedia_session_work(s);
	}
	if (f->work)
		f->work(f, s);
}

static void fake_suspend(struct vmedia_session *s, bool on)
{
	struct fake_session *fs = vmedia_session_priv(s);
	struct fake *f = fake_of(s);
	unsigned int i;

	assert(fs->suspended != on);
	fs->suspended = on;
	if (on) {
		f->suspends++;
		f->awake--;
	} else {
		f->resumes++;
		f->awake++;
	}
	for (i = 0; on && f->complete_suspended && i < f->num_pending; i++)
		vmedia_request_complete(f->pending[i], 0);
	if (on && f->complete_suspended)
		f->num_pending = 0;
}

static void fake_reset(struct vmedia_device *dev)
{
	struct fake *f = vmedia_device_priv(dev);

	f->resets++;
}

static void fake_destroy(struct vmedia_device *dev)
{
	struct fake *f = vmedia_device_priv(dev);

	f->destroys++;
}

static const struct vmedia_device_ops fake_ops = {
	.open = fake_open,
	.close = fake_close,
	.ioctl = fake_ioctl,
	.mmap = fake_mmap,
	.next_event = fake_next_event,
	.work = fake_work,
	.suspend = fake_suspend,
	.reset = fake_reset,
	.destroy = fake_destroy,
};

void fake_create(struct fake *f, struct harness *h, const struct vmedia_limits *limits,
		 uint64_t region)
{
	struct vmedia_device_config cfg = {
		.config = { .device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING,
			    .card = "fake" },
		.region_size = region ? region : 64u << 20,
		.ops = &fake_ops,
		.priv = f,
	};
	int err;

	memset(f, 0, sizeof(*f));
	if (region == UINT64_MAX)
		cfg.region_size = 0;
	vmedia_limits_default(&cfg.limits);
	if (limits)
		cfg.limits = *limits;
	err = vmedia_device_create(h->loop, &cfg, &f->dev);
	assert(!err);
	f->h = h;
	harness_attach(h, f->dev);
}

void fake_complete(struct fake *f, int err)
{
	struct vmedia_request *req = f->pending[0];

	assert(f->num_pending);
	memmove(f->pending, f->pending + 1, --f->num_pending * sizeof(req));
	vmedia_request_complete(req, err);
	harness_step(f->h);
}
