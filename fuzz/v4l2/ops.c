// SPDX-License-Identifier: BSD-3-Clause
/*
 * Operations on sessions, formats, queues and streams, and the table of all. A record's eight bytes
 * say which operation, which session, and what it is about; most values lead to calls that can
 * succeed in the model's state, the last few of each byte to calls that cannot.
 */
#include <string.h>

#include "base/checked.h"
#include "world.h"

uint32_t fz_pick_type(struct fz *w, const struct fz_op *o, uint8_t pick, struct fz_queue **q)
{
	static const uint32_t odd[] = { 0, 1, 2, 3, 4, 5, 9, 10, 11, 13, 14, 77, 0xffffffff };
	struct fz_ctx *c = w->s[o->s].ctx;
	uint32_t type;

	if (pick < 0xf0) {
		*q = &c->q[pick % c->num];
		return (*q)->type;
	}
	type = odd[pick % (sizeof(odd) / sizeof(odd[0]))];
	*q = fz_queue(w, o->s, type);
	return type;
}

/* ---- Sessions ---- */

static void do_open(struct fz *w, const struct fz_op *o)
{
	struct vmedia_cmd cmd = { .type = VMEDIA_CMD_OPEN };
	struct fz_session *ses = &w->s[o->s];
	int ret;

	if (ses->open)
		return;
	w->doing = "OPEN";
	ret = fz_cmd(w, &cmd);
	fz_note(w, "s%u OPEN: %d", o->s, ret);
	FZ_REQUIRE(w, !ret, "OPEN: %s", strerror(-ret));
	if (ret)
		return;
	ses->open = true;
	ses->id = cmd.session_id;
	ses->prio = V4L2_PRIORITY_DEFAULT;
	ses->any_event = false;
	ses->new_source = false;
}

static void do_close(struct fz *w, const struct fz_op *o)
{
	struct vmedia_cmd cmd = { .type = VMEDIA_CMD_CLOSE, .session_id = w->s[o->s].id };

	w->doing = "CLOSE";
	fz_note(w, "s%u CLOSE", o->s);
	fz_cmd(w, &cmd);
	fz_closed(w, o->s);
}

/* A command of a session that is not there (any more). */
static void do_stale(struct fz *w, const struct fz_op *o)
{
	union vmedia_payload arg = { .format = { .type = w->d->types[0] } };
	int ret;

	w->doing = "G_FMT of a closed session";
	ret = fz_ioctl(w, o->s, o->p[1] & 1 ? VMEDIA_NR_G_FMT : VMEDIA_NR_STREAMOFF, &arg);
	FZ_REQUIRE(w, ret == -EINVAL, "a command of a closed session: %d", ret);
}

/* ---- Formats ---- */

static void wish(struct fz *w, const struct fz_op *o, struct vmedia_format *fmt)
{
	static const uint32_t sides[] = { 32, 96, 64, 128, 16, 17, 33, 0, 1, 2000, 0xffffffff };
	const unsigned int num = sizeof(sides) / sizeof(sides[0]);
	unsigned int i = fmt->type == w->d->types[1];
	uint32_t width = sides[o->p[2] % num], height = sides[o->p[3] % num], fourcc = 0x31313131;

	if (w->formats[i].num && o->p[4] < 0xf8)
		fourcc = w->formats[i].pixelformat[o->p[4] % w->formats[i].num];
	switch (fmt->type) {
	case V4L2_BUF_TYPE_VIDEO_CAPTURE:
	case V4L2_BUF_TYPE_VIDEO_OUTPUT:
		fmt->fmt.pix = (struct vmedia_pix_format){ .width = width,
							   .height = height,
							   .pixelformat = fourcc };
		fmt->fmt.pix.bytesperline = o->p[5] & 1 ? o->p[5] : 0;
		fmt->fmt.pix.sizeimage = o->p[5] & 2 ? 50000 : 0;
		fmt->fmt.pix.field = o->p[5] & 4 ? V4L2_FIELD_NONE : V4L2_FIELD_ANY;
		break;
	case V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE:
	case V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE:
		fmt->fmt.pix_mp = (struct vmedia_pix_format_mplane){ .width = width,
								     .height = height,
								     .pixelformat = fourcc };
		fmt->fmt.pix_mp.num_planes = o->p[5] & 7;
		fmt->fmt.pix_mp.plane_fmt[0].bytesperline = o->p[5] & 8 ? o->p[5] : 0;
		break;
	default:
		fmt->fmt.meta.dataformat = fourcc;
		fmt->fmt.meta.buffersize = o->p[5] * 300u;
		break;
	}
}

static bool same_format(const struct vmedia_format *a, const struct vmedia_format *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* What S_FMT left is what G_FMT says, what TRY_FMT leaves as it is, and has room in each plane. */
static void check_format(struct fz *w, unsigned int s, const struct vmedia_format *fmt)
{
	union vmedia_payload arg = { .format = *fmt };
	uint32_t sizes[VMEDIA_MAX_PLANES], i, n = fz_plane_sizes(fmt, sizes);
	int ret;

	FZ_REQUIRE(w, n > 0 && n <= VMEDIA_MAX_PLANES, "S_FMT leaves %u planes", n);
	for (i = 0; i < n && i < VMEDIA_MAX_PLANES; i++)
		FZ_REQUIRE(w, sizes[i], "S_FMT leaves plane %u without a byte", i);
	ret = fz_ioctl(w, s, VMEDIA_NR_TRY_FMT, &arg);
	FZ_REQUIRE(w, !ret && same_format(&arg.format, fmt),
		   "TRY_FMT changes what S_FMT left (%d)", ret);
}

static void do_s_fmt(struct fz *w, const struct fz_op *o)
{
	union vmedia_payload arg = { .raw = { 0 } };
	struct fz_verdict v = { .num = 0 };
	struct fz_ctx *c = w->s[o->s].ctx;
	struct fz_queue *q;
	unsigned int i;
	int ret;

	arg.format.type = fz_pick_type(w, o, o->p[1], &q);
	wish(w, o, &arg.format);
	fz_forbid(&v, !q, EINVAL);
	fz_forbid(&v, fz_low_prio(w, o->s), EBUSY);
	fz_forbid(&v, q && q->busy, EBUSY);
	if (q && w->d->master)
		fz_forbid(&v, q->output ? c->q[1].streaming : c->q[0].busy, EBUSY);
	w->doing = "S_FMT";
	ret = fz_ioctl(w, o->s, VMEDIA_NR_S_FMT, &arg);
	fz_note(w, "s%u S_FMT %s, wish %u, %u, format %u: %d", o->s,
		vmedia_buf_type_name(arg.format.type), o->p[2], o->p[3], o->p[4], ret);
	fz_judge(w, &v, ret);
	if (ret || !q)
		return;
	/* An OUTPUT's format makes CAPTURE's. */
	for (i = 0; i < c->num; i++)
		c->q[i].fmt_known = false;
	if (w->d->moves && !q->output)
		return;
	q->fmt = arg.format;
	q->fmt_known = true;
	check_format(w, o->s, &arg.format);
}

static void do_try_fmt(struct fz *w, const struct fz_op *o)
{
	union vmedia_payload arg = { .raw = { 0 } };
	struct fz_queue *q;
	int ret;

	arg.format.type = fz_pick_type(w, o, o->p[1], &q);
	wish(w, o, &arg.format);
	w->doing = "TRY_FMT";
	ret = fz_ioctl(w, o->s, VMEDIA_NR_TRY_FMT, &arg);
	fz_note(w, "s%u TRY_FMT %s: %d", o->s, vmedia_buf_type_name(arg.format.type), ret);
	FZ_REQUIRE(w, ret == (q ? 0 : -EINVAL), "TRY_FMT: %d", ret);
}

static void do_g_fmt(struct fz *w, const struct fz_op *o)
{
	union vmedia_payload arg = { .raw = { 0 } };
	struct fz_queue *q;
	int ret;

	arg.format.type = fz_pick_type(w, o, o->p[1], &q);
	w->doing = "G_FMT";
	ret = fz_ioctl(w, o->s, VMEDIA_NR_G_FMT, &arg);
	fz_note(w, "s%u G_FMT %s: %d", o->s, vmedia_buf_type_name(arg.format.type), ret);
	FZ_REQUIRE(w, ret == (q ? 0 : -EINVAL), "G_FMT: %d", ret);
	if (ret || !q || (w->d->moves && !q->output))
		return;
	FZ_REQUIRE(w, !q->fmt_known || same_format(&q->fmt, &arg.format),
		   "the format of %s changed by itself", vmedia_buf_type_name(q->type));
	q->fmt = arg.format;
	q->fmt_known = true;
}

/* ---- Buffers ---- */

/* Buffers [@first, @first + @count) are there now, of @sizes (NULL: nobody knows). */
static void born(struct fz *w, struct fz_queue *q, uint32_t first, uint32_t count, uint32_t planes,
		 const uint32_t *sizes)
{
	uint32_t i, p;

	for (i = first; i < first + count && i < FZ_BUFS; i++) {
		struct fz_buf *b = &q->buf[i];

		FZ_REQUIRE(w, b->state == FZ_NONE, "%s: buffer %u is new and was there", w->doing,
			   i);
		if (b->state != FZ_NONE)
			continue;
		b->state = FZ_DEQUEUED;
		b->num_planes = planes;
		for (p = 0; p < planes && sizes; p++)
			b->min[p] = sizes[p];
		q->num++;
	}
}

static uint32_t pick_memory(uint8_t pick)
{
	static const uint32_t odd[] = { 0, 3, 5, 0xffffffff };

	if (pick >= 0xf4)
		return odd[pick % 4];
	return pick < 0xa0 ? V4L2_MEMORY_MMAP : pick < 0xd8 ? V4L2_MEMORY_USERPTR
							    : V4L2_MEMORY_DMABUF;
}

void fz_do_reqbufs(struct fz *w, const struct fz_op *o)
{
	union vmedia_payload arg = { .raw = { 0 } };
	struct vmedia_requestbuffers *r = &arg.requestbuffers;
	uint32_t sizes[VMEDIA_MAX_PLANES], planes = 0, asked;
	struct fz_verdict v = { .num = 0 };
	struct fz_queue *q;
	bool known;
	int ret;

	r->type = fz_pick_type(w, o, o->p[1], &q);
	r->memory = pick_memory(o->p[2]);
	r->count = asked = o->p[3] >= 0xf0 ? o->p[3] * 0x01010101u : o->p[3] % 6;
	known = q && !(w->d->moves && !q->output);
	if (q)
		planes = fz_plane_sizes(fz_format(w, o->s, q), sizes);
	fz_forbid(&v, !q, EINVAL);
	fz_forbid(&v, fz_low_prio(w, o->s), EBUSY);
	fz_forbid(&v, !fz_memory_ok(r->memory), EINVAL);
	fz_forbid(&v, q && fz_not_owner(q, o->s), EBUSY);
	fz_forbid(&v, q && q->streaming, EBUSY);
	v.may_lack_memory = true;
	w->doing = "REQBUFS";
	ret = fz_ioctl(w, o->s, VMEDIA_NR_REQBUFS, &arg);
	fz_note(w, "s%u REQBUFS %s, %u of %s: %d, %u", o->s, vmedia_buf_type_name(r->type), asked,
		vmedia_memory_name(r->memory), ret, ret ? 0 : r->count);
	fz_judge(w, &v, ret);
	if (!q || (ret && ret != -ENOMEM))
		return;
	fz_cancel(w, q);
	fz_free_bufs(w, q, 0, FZ_BUFS);
	q->busy = !ret && asked;
	q->owner = q->busy ? (int)o->s : -1;
	q->memory = q->busy ? r->memory : 0;
	FZ_REQUIRE(w, ret || (asked ? r->count > 0 && r->count <= FZ_BUFS : !r->count),
		   "REQBUFS of %u grants %u", asked, r->count);
	if (q->busy)
		born(w, q, 0, r->count, planes, known ? sizes : NULL);
}

/* Where videobuf2 puts @count buffers, or fewer if there is no such hole. */
static uint32_t hole(const struct fz_queue *q, uint32_t *count)
{
	uint32_t i, run;

	for (; *count; --*count)
		for (i = 0, run = 0; i < FZ_BUFS; i++) {
			run = q->buf[i].state == FZ_NONE ? run + 1 : 0;
			if (run == *count)
				return i + 1 - *count;
		}
	return 0;
}

/* The format of a CREATE_BUFS: as it is, larger, or one that cannot be; true: it cannot. */
static bool create_format(struct vmedia_format *fmt, uint8_t how)
{
	static const int odd[] = { 0, -1, -1, 0, 1000, 1000, 1000 };
	struct vmedia_pix_format_mplane *mp = &fmt->fmt.pix_mp;
	bool multi = V4L2_TYPE_IS_MULTIPLANAR(fmt->type);
	uint32_t size;

	if (how < 0xf0 || how > 0xf6 ||
	    (!multi && fmt->type != V4L2_BUF_TYPE_VIDEO_CAPTURE &&
	     fmt->type != V4L2_BUF_TYPE_VIDEO_OUTPUT))
		return false;
	if (how == 0xf3) {
		mp->num_planes += multi;
		return multi;
	}
	size = multi ? mp->plane_fmt[0].sizeimage : fmt->fmt.pix.sizeimage;
	size = how == 0xf0 ? 0 : size + (uint32_t)odd[how - 0xf0];
	if (multi)
		mp->plane_fmt[0].sizeimage = size;
	else
		fmt->fmt.pix.sizeimage = size;
	return how < 0xf3;
}

static void do_create_bufs(struct fz *w, const struct fz_op *o)
{
	union vmedia_payload arg = { .raw = { 0 } };
	struct vmedia_create_buffers *c = &arg.create_buffers;
	uint32_t sizes[VMEDIA_MAX_PLANES], planes = 0, first = 0, count = 0;
	bool bad = false, moves, none = !(o->p[3] % 9);
	struct fz_verdict v = { .num = 0 };
	struct fz_queue *q;
	int ret;

	c->format.type = fz_pick_type(w, o, o->p[1], &q);
	moves = q && w->d->moves && !q->output;
	c->memory = q && q->num && o->p[2] < 0xd0 ? q->memory : pick_memory(o->p[2]);
	c->count = none ? 0 : o->p[3] >= 0xf0 ? o->p[3] * 0x01010101u : o->p[3] % 5 + 1u;
	if (q) {
		c->format = *fz_format(w, o->s, q);
		bad = create_format(&c->format, o->p[4]);
		planes = fz_plane_sizes(&c->format, sizes);
		count = VMEDIA_MIN(c->count, FZ_BUFS - q->num);
		first = hole(q, &count);
	}
	fz_forbid(&v, !q, EINVAL);
	fz_forbid(&v, fz_low_prio(w, o->s), EBUSY);
	fz_forbid(&v, !fz_memory_ok(c->memory), EINVAL);
	fz_forbid(&v, !none && bad, EINVAL);
	fz_forbid(&v, !none && q && fz_not_owner(q, o->s), EBUSY);
	fz_forbid(&v, !none && q && q->num == FZ_BUFS, ENOBUFS);
	fz_forbid(&v, !none && q && q->num && q->memory != c->memory, EINVAL);
	v.may_lack_memory = true;
	w->doing = "CREATE_BUFS";
	ret = fz_ioctl(w, o->s, VMEDIA_NR_CREATE_BUFS, &arg);
	fz_note(w, "s%u CREATE_BUFS %s, %u of %s, size %u: %d, %u at %u", o->s,
		vmedia_buf_type_name(c->format.type), none ? 0 : count,
		vmedia_memory_name(c->memory), o->p[4], ret, ret ? 0 : c->count, c->index);
	if (moves && ret == -EINVAL)
		return;
	/* videobuf2 forgets the kind of memory with the last buffer; a busy queue may keep it. */
	if (ret == -EINVAL && q && q->busy && !q->num && q->last_memory != c->memory)
		return;
	fz_judge(w, &v, ret);
	if (ret || !q)
		return;
	if (none) {
		FZ_REQUIRE(w, c->index == q->num, "CREATE_BUFS of none: index %u of %u", c->index,
			   q->num);
		return;
	}
	FZ_REQUIRE(w, c->count && c->count <= count && (c->index == first || c->count < count),
		   "CREATE_BUFS: %u buffers at %u, must be %u at %u", c->count, c->index, count,
		   first);
	q->busy = true;
	q->owner = (int)o->s;
	q->memory = c->memory;
	born(w, q, c->index, c->count, planes, moves ? NULL : sizes);
}

static void do_remove_bufs(struct fz *w, const struct fz_op *o)
{
	union vmedia_payload arg = { .raw = { 0 } };
	struct vmedia_remove_buffers *r = &arg.remove_buffers;
	struct fz_verdict v = { .num = 0 };
	struct fz_queue *q;
	uint32_t i;
	bool none;
	int ret;

	r->type = fz_pick_type(w, o, o->p[1], &q);
	r->index = o->p[2] >= 0xf8 ? 0xffffffff - o->p[3] : o->p[2] % (FZ_BUFS + 1);
	r->count = o->p[3] % (FZ_BUFS + 2);
	/* All that there are, and one that is there: what programs do. */
	for (i = 0; q && o->p[4] < 0xc0 && i < FZ_BUFS && q->buf[i].state == FZ_NONE; i++)
		;
	if (q && o->p[4] < 0xc0) {
		r->index = i % FZ_BUFS;
		r->count = o->p[4] < 0x70 ? q->num : 1;
	}
	none = !r->count;
	fz_forbid(&v, !q, EINVAL);
	fz_forbid(&v, fz_low_prio(w, o->s), EBUSY);
	fz_forbid(&v, !none && q && fz_not_owner(q, o->s), EBUSY);
	fz_forbid(&v, !none && q && (r->count > q->num || r->index > FZ_BUFS - r->count), EINVAL);
	for (i = r->index; q && !none && r->count <= FZ_BUFS && i < FZ_BUFS &&
			   i - r->index < r->count; i++) {
		fz_forbid(&v, q->buf[i].state == FZ_NONE, EINVAL);
		fz_forbid(&v, q->buf[i].state == FZ_QUEUED, EBUSY);
		if (q->buf[i].state == FZ_QUEUED && fz_blind(w))
			return;
	}
	w->doing = "REMOVE_BUFS";
	ret = fz_ioctl(w, o->s, VMEDIA_NR_REMOVE_BUFS, &arg);
	fz_note(w, "s%u REMOVE_BUFS %s, %u at %u: %d", o->s, vmedia_buf_type_name(r->type),
		r->count, r->index, ret);
	fz_judge(w, &v, ret);
	if (ret || !q || none || r->index > FZ_BUFS || r->count > FZ_BUFS - r->index)
		return;
	fz_free_bufs(w, q, r->index, r->count);
	if (!q->num) {
		q->last_memory = q->memory;
		q->memory = 0;
	}
}

/* ---- Streams ---- */

void fz_do_streamon(struct fz *w, const struct fz_op *o)
{
	union vmedia_payload arg = { .raw = { 0 } };
	struct fz_verdict v = { .num = 0 };
	struct fz_queue *q;
	int ret;

	arg.u32 = fz_pick_type(w, o, o->p[1], &q);
	fz_forbid(&v, !q, EINVAL);
	fz_forbid(&v, fz_low_prio(w, o->s), EBUSY);
	fz_forbid(&v, q && fz_not_owner(q, o->s), EBUSY);
	fz_forbid(&v, q && !q->streaming && !q->num, EINVAL);
	w->doing = "STREAMON";
	ret = fz_ioctl(w, o->s, VMEDIA_NR_STREAMON, &arg);
	fz_note(w, "s%u STREAMON %s: %d", o->s, vmedia_buf_type_name(arg.u32), ret);
	/* A queue in error: success in videobuf2, EIO by <vmedia/queue.h>. */
	if (ret == -EIO && q && q->streaming && w->d->fails)
		return;
	fz_judge(w, &v, ret);
	if (ret || !q || q->streaming)
		return;
	q->streaming = true;
	q->counted = false;
	if (q->output)
		return;
	w->s[o->s].ctx->stalled = false;
	w->s[o->s].ctx->last = false;
	w->s[o->s].new_source = false;
}

void fz_do_streamoff(struct fz *w, const struct fz_op *o)
{
	union vmedia_payload arg = { .raw = { 0 } };
	struct fz_verdict v = { .num = 0 };
	struct fz_queue *q;
	int ret;

	arg.u32 = fz_pick_type(w, o, o->p[1], &q);
	fz_forbid(&v, !q, EINVAL);
	fz_forbid(&v, fz_low_prio(w, o->s), EBUSY);
	fz_forbid(&v, q && fz_not_owner(q, o->s), EBUSY);
	w->doing = "STREAMOFF";
	ret = fz_ioctl(w, o->s, VMEDIA_NR_STREAMOFF, &arg);
	fz_note(w, "s%u STREAMOFF %s: %d", o->s, vmedia_buf_type_name(arg.u32), ret);
	fz_judge(w, &v, ret);
	if (!ret && q)
		fz_cancel(w, q);
}

/* ---- The guest itself ---- */

/* Event buffers are kept back, and given again. */
static void do_events(struct fz *w, const struct fz_op *o)
{
	w->withhold = o->p[1] & 1;
	fz_note(w, "event buffers are %s", w->withhold ? "kept back" : "posted");
	if (!w->withhold)
		fz_post_events(w);
}

/* A pause: nothing of the guest may change until it goes on. */
static void do_suspend(struct fz *w, const struct fz_op *o)
{
	uint64_t before;
	unsigned int i;

	(void)o;
	fz_note(w, "the guest is paused");
	vmedia_device_queue_stop(w->h.dev, VMEDIA_QUEUE_COMMAND);
	vmedia_device_queue_stop(w->h.dev, VMEDIA_QUEUE_EVENT);
	before = fz_pages_sum(w);
	for (i = 0; i < 16; i++)
		vmedia_loop_step(w->h.loop, 0);
	FZ_REQUIRE(w, before == fz_pages_sum(w), "the device wrote the memory of a paused guest");
	vmedia_device_kick(w->h.dev, VMEDIA_QUEUE_COMMAND);
	vmedia_device_kick(w->h.dev, VMEDIA_QUEUE_EVENT);
}

static void do_reset(struct fz *w, const struct fz_op *o)
{
	fz_note(w, "reset");
	if (o->p[1] & 1)
		fz_reset(w);
}

/* Does the stream owe us a buffer? */
static bool must_come(const struct fz_ctx *c)
{
	unsigned int i, going = 0;

	for (i = 0; i < c->num; i++)
		going += c->q[i].streaming && !c->q[i].failed && fz_count(&c->q[i], FZ_QUEUED);
	return going == c->num && !c->stalled;
}

static void do_wait(struct fz *w, const struct fz_op *o)
{
	fz_note(w, "s%u waits", o->s);
	w->doing = "waiting";
	if (!w->withhold && must_come(w->s[o->s].ctx))
		fz_wait_event(w);
}

/* ---- The table ---- */

static const struct {
	void (*run)(struct fz *w, const struct fz_op *o);
	unsigned int weight;
} ops[] = {
	{ do_open, 10 },	   { do_close, 8 },	     { do_stale, 1 },
	{ do_s_fmt, 16 },	   { do_try_fmt, 4 },	     { do_g_fmt, 5 },
	{ fz_do_reqbufs, 24 },	   { do_create_bufs, 16 },   { do_remove_bufs, 14 },
	{ fz_do_streamon, 26 },	   { fz_do_streamoff, 12 },     { do_events, 6 },
	{ do_suspend, 3 },	   { do_reset, 1 },	     { do_wait, 14 },
	{ fz_do_querybuf, 12 },	   { fz_do_prepare_buf, 10 }, { fz_do_qbuf, 26 },
	{ fz_do_qbuf_all, 22 },	   { fz_do_expbuf, 3 },	     { fz_do_mmap, 8 },
	{ fz_do_munmap, 4 },	   { fz_do_ctrl, 6 },	     { fz_do_ext_ctrls, 6 },
	{ fz_do_subscribe, 6 },	   { fz_do_codec_cmd, 6 },   { fz_do_priority, 4 },
	{ fz_do_parm, 4 },	   { fz_do_io, 4 },	     { fz_do_selection, 4 },
	{ fz_do_drain, 5 },
};

/* The session that @pick names, or another one that is open. */
static unsigned int pick_session(const struct fz *w, uint8_t pick)
{
	unsigned int s = pick % FZ_SESSIONS, i;

	/* Most of what is worth trying happens in one session. */
	if (pick < 0x80)
		s = 0;
	for (i = 0; i < FZ_SESSIONS && !w->s[s].open; i++)
		s = (s + 1) % FZ_SESSIONS;
	return s;
}

void fz_op(struct fz *w, const uint8_t record[FZ_RECORD])
{
	struct fz_op o = { 0, record + 2 };
	unsigned int i, total = 0, at;

	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		total += ops[i].weight;
	at = (record[0] | (unsigned int)record[1] << 8) % total;
	for (i = 0; at >= ops[i].weight; i++)
		at -= ops[i].weight;
	o.s = pick_session(w, o.p[0]);
	if (!w->s[o.s].open || ops[i].run == do_open) {
		o.s = o.p[0] % FZ_SESSIONS;
		do_open(w, &o);
		fz_settle(w);
		if (ops[i].run == do_open)
			return;
	}
	if (ops[i].run == do_stale)
		for (o.s = 0; o.s < FZ_SESSIONS && w->s[o.s].open; o.s++)
			;
	if (o.s == FZ_SESSIONS)
		return;
	ops[i].run(w, &o);
	fz_settle(w);
}
