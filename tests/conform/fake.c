/* SPDX-License-Identifier: BSD-3-Clause */
/* The fake side. It has one owner of buffers, as a capture device of V4L2. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"

#define BUFFERS	32
#define EVENTS	16
#define WORD	8	/* bytes of the string control */

enum { BRIGHTNESS, CONTRAST, VOLUME, NAME, CTRLS };

static const struct vmedia_query_ext_ctrl ctrls[CTRLS] = {
	{ .id = V4L2_CID_BRIGHTNESS, .type = V4L2_CTRL_TYPE_INTEGER, .name = "Brightness",
	  .maximum = 255, .step = 1, .default_value = 128, .elem_size = 4, .elems = 1 },
	{ .id = V4L2_CID_CONTRAST, .type = V4L2_CTRL_TYPE_INTEGER, .name = "Contrast",
	  .maximum = 10, .step = 1, .default_value = 5, .elem_size = 4, .elems = 1 },
	{ .id = V4L2_CID_AUDIO_VOLUME, .type = V4L2_CTRL_TYPE_INTEGER, .name = "Level",
	  .maximum = 100, .step = 1, .elem_size = 4, .elems = 1,
	  .flags = V4L2_CTRL_FLAG_VOLATILE | V4L2_CTRL_FLAG_READ_ONLY },
	{ .id = V4L2_CID_BASE + 100, .type = V4L2_CTRL_TYPE_STRING, .name = "Name", .maximum = 7,
	  .step = 1, .elem_size = WORD, .elems = 1, .flags = V4L2_CTRL_FLAG_HAS_PAYLOAD },
};

struct file {
	struct file *next;
	uint32_t subscribed;	/* controls, a bit each */
	struct vmedia_event event[EVENTS];
	unsigned int events, waited;
	uint32_t sequence;
};

struct fake {
	struct conform_side side;
	struct fake_options options;
	struct file *files, *owner;
	struct vmedia_format format;
	int32_t value[CTRLS];
	char word[WORD];
	bool streaming;
	uint32_t count, memory;
	uint32_t fifo[BUFFERS], fifo_len;	/* queued, oldest first */
	uint64_t place[BUFFERS];
	unsigned int waited;
	uint32_t clock;
	unsigned int calls;
	uint64_t digest;
};

static struct fake *fake_of(const struct conform_side *s)
{
	return (struct fake *)(uintptr_t)s;
}

static bool has(const struct fake *f, enum fake_fault fault)
{
	return f->options.fault == fault;
}

uint64_t fake_digest(const struct conform_side *side)
{
	return fake_of(side)->digest;
}

static void note(struct fake *f, const void *p, size_t size)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < size; i++)
		f->digest = (f->digest ^ b[i]) * 0x100000001b3u;
}

/* ---- Formats ---- */

static void adjust(const struct fake *f, struct vmedia_format *format)
{
	struct vmedia_pix_format *p = &format->fmt.pix;
	uint32_t width = p->width, height = p->height, fourcc = p->pixelformat;

	memset(&format->fmt, 0, sizeof(format->fmt));
	p->width = width < 32 ? 32 : width > 640 ? 640 : width & ~1u;
	p->height = height < 32 ? 32 : height > 480 ? 480 : height & ~1u;
	p->pixelformat = fourcc == V4L2_PIX_FMT_GREY ? fourcc : V4L2_PIX_FMT_YUYV;
	p->field = V4L2_FIELD_NONE;
	p->bytesperline = p->width * (fourcc == V4L2_PIX_FMT_GREY ? 1 : 2);
	p->sizeimage = p->bytesperline * p->height;
	p->colorspace = V4L2_COLORSPACE_SRGB;
}

static int set_fmt(struct fake *f, struct vmedia_format *format, bool try_only)
{
	if (format->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
		return has(f, FAKE_ERRNO) && try_only ? -ENOTTY : -EINVAL;
	if (!try_only && f->count)
		return -EBUSY;
	adjust(f, format);
	if (!try_only) {
		f->format = *format;
		if (has(f, FAKE_FIELD))
			format->fmt.pix.bytesperline += 2;
	}
	return 0;
}

static int enum_fmt(struct vmedia_fmtdesc *d)
{
	if (d->type != V4L2_BUF_TYPE_VIDEO_CAPTURE || d->index > 1)
		return -EINVAL;
	*d = (struct vmedia_fmtdesc){ .index = d->index, .type = d->type,
		.pixelformat = d->index ? V4L2_PIX_FMT_GREY : V4L2_PIX_FMT_YUYV };
	return 0;
}

/* ---- Controls ---- */

static int find_ctrl(uint32_t id)
{
	for (int i = 0; i < CTRLS; i++)
		if (ctrls[i].id == id)
			return i;
	return -1;
}

static int query(struct vmedia_query_ext_ctrl *q)
{
	uint32_t id = q->id & V4L2_CTRL_ID_MASK;
	bool next = q->id & V4L2_CTRL_FLAG_NEXT_CTRL;

	for (int i = 0; i < CTRLS; i++) {
		if (next ? ctrls[i].id <= id : ctrls[i].id != id)
			continue;
		*q = ctrls[i];
		return 0;
	}
	return -EINVAL;
}

/* Remove the event of control @id. Returns what has changed by it. */
static uint32_t take_event(struct file *file, uint32_t id)
{
	uint32_t changes = 0;

	for (unsigned int i = 0; i < file->events; i++) {
		struct vmedia_event *e = &file->event[i];

		if (e->id != id)
			continue;
		changes = e->u.ctrl.changes;
		memmove(e, e + 1, (--file->events - i) * sizeof(*e));
		break;
	}
	return changes;
}

static void send_event(struct fake *f, const struct file *from, int i)
{
	for (struct file *file = f->files; file; file = file->next) {
		struct vmedia_event *e;
		uint32_t changes = 0;

		if (file == from || !(file->subscribed & 1u << i) || has(f, FAKE_NO_EVENT))
			continue;
		if (f->options.merges)
			changes = take_event(file, ctrls[i].id);
		if (file->events == EVENTS)
			continue;
		e = &file->event[file->events];
		*e = (struct vmedia_event){ .type = V4L2_EVENT_CTRL, .id = ctrls[i].id,
					    .sequence = file->sequence++ };
		e->u.ctrl.changes = changes | (f->value[i] % 3 ? V4L2_EVENT_CTRL_CH_VALUE :
								 V4L2_EVENT_CTRL_CH_FLAGS);
		e->u.ctrl.type = ctrls[i].type;
		e->u.ctrl.value = f->value[i] + has(f, FAKE_EVENT_VALUE);
		file->events++;
	}
}

static int set_one(struct fake *f, struct file *file, struct vmedia_ext_control *c, bool set)
{
	int i = find_ctrl(c->id);
	uint64_t ptr = c->ptr;

	if (i < 0)
		return -EINVAL;
	if (ctrls[i].flags & V4L2_CTRL_FLAG_READ_ONLY)
		return -EACCES;
	if (i == NAME) {
		if (c->size < WORD)
			return -ERANGE;
		if (!ptr)
			return -EFAULT;
		if (set)
			memcpy(f->word, (const void *)(uintptr_t)ptr, WORD - 1);
		return 0;
	}
	if (c->value < 0 || c->value > ctrls[i].maximum)
		return -ERANGE;
	if (!set || f->value[i] == c->value)
		return 0;
	f->value[i] = c->value;
	send_event(f, file, i);
	return 0;
}

static int get_one(struct fake *f, struct vmedia_ext_control *c)
{
	int i = find_ctrl(c->id);
	uint64_t ptr = c->ptr;

	if (i < 0)
		return -EINVAL;
	if (i == NAME) {
		if (c->size < WORD) {
			c->size = WORD;
			return -ENOSPC;
		}
		if (!ptr)
			return -EFAULT;
		c->size = WORD;
		memcpy((void *)(uintptr_t)ptr, f->word, WORD);
		if (has(f, FAKE_PAYLOAD))
			*(char *)(uintptr_t)ptr = '#';
		return 0;
	}
	c->value = f->value[i] + (i == CONTRAST && has(f, FAKE_CTRL_VALUE));
	if (i == VOLUME)
		c->value = (int32_t)(f->clock++ * 7 + f->options.delay) % 100;
	return 0;
}

static int ext_ctrls(struct fake *f, struct file *file, uint32_t nr, struct vmedia_ext_controls *e)
{
	struct vmedia_ext_control *c = (void *)(uintptr_t)e->controls;
	int ret = 0;

	if (e->which != V4L2_CTRL_WHICH_CUR_VAL || e->count > CONFORM_CTRLS) {
		e->error_idx = e->count;
		return -EINVAL;
	}
	if (e->count && !c)
		return -EFAULT;
	/* All are checked before any is set, as in V4L2. */
	for (uint32_t i = 0; i < e->count && ret == 0; i++) {
		ret = nr == VMEDIA_NR_G_EXT_CTRLS ? get_one(f, &c[i]) :
						    set_one(f, file, &c[i], false);
		if (ret < 0)
			e->error_idx = nr == VMEDIA_NR_TRY_EXT_CTRLS && !has(f, FAKE_ERROR_IDX) ?
					       i : e->count;
	}
	for (uint32_t i = 0; nr == VMEDIA_NR_S_EXT_CTRLS && i < e->count && ret == 0; i++)
		set_one(f, file, &c[i], true);
	return ret;
}

/* Of S_CTRL and G_CTRL, which have no strings. */
static int one_ctrl(struct fake *f, struct file *file, uint32_t nr, struct vmedia_control *c)
{
	struct vmedia_ext_control one = { .id = c->id, .value = c->value };
	int ret;

	if (c->id == ctrls[NAME].id)
		return -EINVAL;
	ret = nr == VMEDIA_NR_S_CTRL ? set_one(f, file, &one, true) : get_one(f, &one);
	if (ret == 0)
		c->value = one.value;
	return ret;
}

static int subscribe(struct fake *f, struct file *file, const struct vmedia_event_subscription *s,
		     bool on)
{
	int i = find_ctrl(s->id);

	if (s->type != V4L2_EVENT_CTRL || i < 0 || i == NAME || i == VOLUME)
		return -EINVAL;
	if (on)
		file->subscribed |= 1u << i;
	else
		file->subscribed &= ~(1u << i);
	return 0;
}

static int dqevent(const struct fake *f, struct file *file, struct vmedia_event *e)
{
	if (!file->events || file->waited++ < f->options.event_delay)
		return f->options.enoent ? -ENOENT : -EAGAIN;
	file->waited = 0;
	*e = file->event[0];
	memmove(file->event, file->event + 1, --file->events * sizeof(*e));
	return 0;
}

/* ---- Buffers ---- */

static void stop(struct fake *f)
{
	f->streaming = false;
	f->fifo_len = 0;
}

static int reqbufs(struct fake *f, struct file *file, struct vmedia_requestbuffers *r)
{
	if (r->type != V4L2_BUF_TYPE_VIDEO_CAPTURE ||
	    (r->memory != V4L2_MEMORY_MMAP && r->memory != V4L2_MEMORY_USERPTR))
		return -EINVAL;
	if (f->owner && f->owner != file)
		return -EBUSY;
	stop(f);
	r->count = r->count > BUFFERS ? BUFFERS : r->count;
	r->capabilities = V4L2_BUF_CAP_SUPPORTS_MMAP | V4L2_BUF_CAP_SUPPORTS_USERPTR;
	if (has(f, FAKE_BIT))
		r->capabilities &= ~(uint32_t)V4L2_BUF_CAP_SUPPORTS_USERPTR;
	f->count = r->count;
	f->memory = r->memory;
	f->owner = r->count ? file : NULL;
	return 0;
}

static bool is_queued(const struct fake *f, uint32_t index)
{
	for (uint32_t i = 0; i < f->fifo_len; i++)
		if (f->fifo[i] == index)
			return true;
	return false;
}

static void show(struct fake *f, struct vmedia_buffer *b, uint32_t index)
{
	*b = (struct vmedia_buffer){ .index = index, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC, .memory = f->memory,
		.length = f->format.fmt.pix.sizeimage };
	if (is_queued(f, index))
		b->flags |= f->waited > f->options.delay ? V4L2_BUF_FLAG_DONE :
							   V4L2_BUF_FLAG_QUEUED;
	if (f->memory == V4L2_MEMORY_USERPTR)
		b->m.userptr = f->place[index];
}

static int qbuf(struct fake *f, struct file *file, struct vmedia_buffer *b)
{
	if (b->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
		return -EINVAL;
	if (f->owner && f->owner != file)
		return -EBUSY;
	if (b->index >= f->count || b->memory != f->memory || is_queued(f, b->index))
		return -EINVAL;
	if (f->memory == V4L2_MEMORY_USERPTR && b->m.userptr < 4097)
		return -EFAULT;
	f->place[b->index] = b->m.userptr;
	f->fifo[f->fifo_len++] = b->index;
	show(f, b, b->index);
	return 0;
}

static int dqbuf(struct fake *f, struct file *file, struct vmedia_buffer *b)
{
	uint32_t index, at = 0;

	if (b->type != V4L2_BUF_TYPE_VIDEO_CAPTURE || !f->streaming || b->memory != f->memory)
		return -EINVAL;
	if (f->owner != file)
		return -EBUSY;
	if (!f->fifo_len || f->waited++ < f->options.delay)
		return -EAGAIN;
	f->waited = 0;
	if (has(f, FAKE_BUFFER_ORDER))
		at = f->fifo_len - 1;
	index = f->fifo[at];
	memmove(f->fifo + at, f->fifo + at + 1, (--f->fifo_len - at) * sizeof(f->fifo[0]));
	show(f, b, index);
	b->bytesused = f->format.fmt.pix.sizeimage;
	b->field = V4L2_FIELD_NONE;
	b->sequence = f->clock += 1 + f->options.delay;
	b->timestamp.tv_sec = b->sequence;
	return 0;
}

static int stream(struct fake *f, struct file *file, uint32_t type, bool on)
{
	if (type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
		return -EINVAL;
	if (f->owner && f->owner != file)
		return -EBUSY;
	if (on && !f->count)
		return -EINVAL;
	if (on)
		f->streaming = true;
	else if (has(f, FAKE_KEEPS_BUFFERS))
		f->streaming = false;
	else
		stop(f);
	return 0;
}

static int querybuf(struct fake *f, struct vmedia_buffer *b)
{
	if (b->type != V4L2_BUF_TYPE_VIDEO_CAPTURE || b->index >= f->count)
		return -EINVAL;
	show(f, b, b->index);
	if (has(f, FAKE_STATE) && !is_queued(f, b->index))
		b->flags |= V4L2_BUF_FLAG_DONE;
	return 0;
}

/* ---- The side ---- */

static int enuminput(const struct fake *f, struct vmedia_input *in)
{
	if (in->index)
		return -EINVAL;
	*in = (struct vmedia_input){ .type = V4L2_INPUT_TYPE_CAMERA };
	snprintf((char *)in->name, sizeof(in->name), has(f, FAKE_TEXT) ? "camera" : "Camera");
	return 0;
}

static int set_input(uint32_t *input)
{
	return *input ? -EINVAL : 0;
}

static int answer(struct fake *f, struct file *file, uint32_t nr, union vmedia_payload *p)
{
	switch (nr) {
	case VMEDIA_NR_QUERYCAP:
		p->capability = (struct vmedia_capability){ .driver = "fake",
			.capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING };
		return 0;
	case VMEDIA_NR_ENUM_FMT:
		return enum_fmt(&p->fmtdesc);
	case VMEDIA_NR_G_FMT:
		if (p->format.type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
			return -EINVAL;
		p->format = f->format;
		return 0;
	case VMEDIA_NR_S_FMT:
	case VMEDIA_NR_TRY_FMT:
		return set_fmt(f, &p->format, nr == VMEDIA_NR_TRY_FMT);
	case VMEDIA_NR_ENUMINPUT:
		return enuminput(f, &p->input);
	case VMEDIA_NR_G_INPUT:
		p->u32 = 0;
		return 0;
	case VMEDIA_NR_S_INPUT:
		return set_input(&p->u32);
	case VMEDIA_NR_QUERY_EXT_CTRL:
		return query(&p->query_ext_ctrl);
	case VMEDIA_NR_S_CTRL:
	case VMEDIA_NR_G_CTRL:
		return one_ctrl(f, file, nr, &p->control);
	case VMEDIA_NR_G_EXT_CTRLS:
	case VMEDIA_NR_S_EXT_CTRLS:
	case VMEDIA_NR_TRY_EXT_CTRLS:
		return ext_ctrls(f, file, nr, &p->ext_controls);
	case VMEDIA_NR_SUBSCRIBE_EVENT:
	case VMEDIA_NR_UNSUBSCRIBE_EVENT:
		return subscribe(f, file, &p->event_subscription, nr == VMEDIA_NR_SUBSCRIBE_EVENT);
	case VMEDIA_NR_DQEVENT:
		return dqevent(f, file, &p->event);
	case VMEDIA_NR_REQBUFS:
		return reqbufs(f, file, &p->requestbuffers);
	case VMEDIA_NR_QUERYBUF:
		return querybuf(f, &p->buffer);
	case VMEDIA_NR_QBUF:
		return qbuf(f, file, &p->buffer);
	case VMEDIA_NR_DQBUF:
		return dqbuf(f, file, &p->buffer);
	case VMEDIA_NR_STREAMON:
	case VMEDIA_NR_STREAMOFF:
		return stream(f, file, p->u32, nr == VMEDIA_NR_STREAMON);
	default:
		return -ENOTTY;
	}
}

static int fake_ioctl(struct conform_side *s, void *file, const struct vmedia_ioctl_info *info,
		      void *arg)
{
	struct fake *f = fake_of(s);

	if (f->options.life && f->calls++ >= f->options.life)
		return -ENODEV;
	note(f, &info->nr, sizeof(info->nr));
	/* Without what follows the structure, as that begins with an address. */
	if (info->follow == VMEDIA_FOLLOW_NONE && info->dir & VMEDIA_DIR_W)
		note(f, arg, info->size);
	return answer(f, file, info->nr, arg);
}

static int fake_open(struct conform_side *s, void **file)
{
	struct file *new = calloc(1, sizeof(*new));

	if (!new)
		return -ENOMEM;
	new->next = fake_of(s)->files;
	fake_of(s)->files = new;
	*file = new;
	return 0;
}

static int fake_close(struct conform_side *s, void *file)
{
	struct fake *f = fake_of(s);
	struct file **at = &f->files;

	if (f->owner == file) {
		stop(f);
		f->owner = NULL;
		f->count = 0;
	}
	while (*at != file)
		at = &(*at)->next;
	*at = (*at)->next;
	free(file);
	return 0;
}

static int fake_wait(struct conform_side *s, void *file, short mask, int timeout_ms)
{
	struct fake *f = fake_of(s);
	struct file *me = file;

	if (mask == POLLPRI && me->events)
		me->waited = f->options.event_delay;
	if (mask == POLLPRI)
		return me->events ? POLLPRI : 0;
	if (!f->streaming || !f->fifo_len)
		return POLLERR;
	f->waited = f->options.delay;
	return mask;
}

static void fake_destroy(struct conform_side *s)
{
	while (fake_of(s)->files)
		fake_close(s, fake_of(s)->files);
	free(s->memory);
	free(fake_of(s));
}

static const struct conform_side_ops fake_ops = {
	.open = fake_open,
	.close = fake_close,
	.ioctl = fake_ioctl,
	.wait = fake_wait,
	.destroy = fake_destroy,
};

struct conform_side *fake_create(const struct fake_options *options)
{
	struct fake *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->side.ops = &fake_ops;
	f->options = *options;
	f->side.memory = malloc(CONFORM_MEMORY);
	f->format.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	adjust(f, &f->format);
	return &f->side;
}
