/* SPDX-License-Identifier: BSD-3-Clause */
/* The CAPTURE side of a stream: frames, the rate and the dropped frames shown live. */
#include "capture.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "codec.h"

double ctl_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* ---- frames ---- */

static void picture_of(const struct ctl_queue *q, struct ctl_picture *pic)
{
	const struct vmedia_pix_format_mplane *mp = &q->fmt.fmt.pix_mp;
	const struct vmedia_pix_format *p = &q->fmt.fmt.pix;

	*pic = (struct ctl_picture){ .num_planes = ctl_queue_planes(q) };
	pic->pixelformat = ctl_queue_pixelformat(q);
	ctl_queue_size(q, &pic->width, &pic->height);
	pic->field = q->mplane ? mp->field : p->field;
	if (q->mplane)
		ctl_picture_colours(pic, mp->colorspace, mp->ycbcr_enc, mp->quantization);
	else
		ctl_picture_colours(pic, p->colorspace, p->ycbcr_enc, p->quantization);
	for (unsigned int i = 0; i < pic->num_planes && i < CTL_MAX_PLANES; i++)
		pic->bytesperline[i] = q->mplane ? mp->plane_fmt[i].bytesperline : p->bytesperline;
}

/* The bytes of plane @i of a frame. The device's numbers are limited to the buffer. */
static void plane_of(const struct ctl_queue *q, const struct ctl_taken *t, unsigned int i,
		     struct ctl_picture *pic)
{
	const struct ctl_buffer *buf = &q->buf[t->b.index];
	uint64_t used = q->mplane ? t->planes[i].bytesused : t->b.bytesused;
	uint64_t skip = q->mplane ? t->planes[i].data_offset : 0;

	used = used < buf->length[i] ? used : buf->length[i];
	skip = skip < used ? skip : used;
	pic->data[i] = (const uint8_t *)buf->ptr[i] + skip;
	pic->bytesused[i] = (size_t)(used - skip);
}

static void status_text(const struct ctl_capture *cap, char *text, size_t size)
{
	snprintf(text, size, "frame %llu  %.2f fps  dropped %llu", (unsigned long long)cap->seen,
		 cap->shown_rate, (unsigned long long)cap->dropped);
}

/* Compute the rate over the last half second, and print it if text goes to a terminal. */
static void show_live(struct ctl_capture *cap)
{
	char text[128];

	if (cap->last_time - cap->shown_time < 0.5)
		return;
	cap->shown_rate = (double)(cap->seen - cap->shown_frames) /
			  (cap->last_time - cap->shown_time);
	cap->shown_frames = cap->seen;
	cap->shown_time = cap->last_time;
	if (cap->q.c->o->silent || cap->sink.previewing || !isatty(STDERR_FILENO))
		return;
	if (cap->q.c->codec)
		cap->q.c->codec->progress(cap->q.c, text, sizeof(text));
	else
		status_text(cap, text, sizeof(text));
	fprintf(stderr, "\r%s\033[K", text);
}

static void account(struct ctl_capture *cap, const struct vmedia_buffer *b)
{
	cap->last_time = ctl_now();
	if (!cap->seen) {
		cap->first_time = cap->last_time;
		cap->shown_time = cap->last_time;
	} else if (b->sequence - cap->last_sequence - 1 < 1u << 31) {
		cap->dropped += b->sequence - cap->last_sequence - 1;
	}
	cap->last_sequence = b->sequence;
	cap->number = (uint64_t)b->timestamp.tv_sec;
	cap->seen++;
	show_live(cap);
}

static int take_frame(struct ctl_capture *cap, const struct ctl_taken *t)
{
	struct ctl *c = cap->q.c;
	struct ctl_picture pic;
	char status[128];
	int ret = -EBADMSG;

	if (cap->seen <= cap->q.c->o->stream.skip)
		return 0;
	picture_of(&cap->q, &pic);
	for (unsigned int i = 0; i < pic.num_planes && i < CTL_MAX_PLANES; i++)
		plane_of(&cap->q, t, i, &pic);
	status_text(cap, status, sizeof(status));
	if (!(t->b.flags & V4L2_BUF_FLAG_ERROR))
		ret = ctl_sink_put(&cap->sink, &pic, status);
	if ((ret == 0 || ret == -EBADMSG) && c->codec)
		ret = c->codec->put(c, &pic, &t->b);
	if (ret == -EBADMSG)
		cap->errors++;
	else if (ret == 0)
		cap->kept++;
	return ret == -EBADMSG ? 0 : ret;
}

int ctl_capture_turn(struct ctl_capture *cap)
{
	struct ctl_taken t;
	int ret = ctl_queue_take(&cap->q, &t);

	if (ret == -EPIPE) {
		cap->ended = true;
		return 0;
	}
	if (ret < 0)
		return ret;
	cap->ended = t.b.flags & V4L2_BUF_FLAG_LAST;
	if (cap->ended && !t.b.bytesused && !t.planes[0].bytesused)
		return 0;
	account(cap, &t.b);
	ret = take_frame(cap, &t);
	return ret < 0 || cap->ended ? ret : ctl_queue_put(&cap->q, t.b.index, NULL, 0);
}

/* ---- the queue ---- */

static struct vmedia_fract frame_rate(struct ctl *c, uint32_t type)
{
	struct vmedia_streamparm p = { .type = type };
	const struct vmedia_fract *t = &p.parm.capture.timeperframe;

	if (vmedia_ioctl(c->f, VIDIOC_G_PARM, &p) < 0)
		return (struct vmedia_fract){ 0, 0 };
	return (struct vmedia_fract){ t->denominator, t->numerator };
}

int ctl_capture_init(struct ctl_capture *cap, struct ctl *c)
{
	int ret = ctl_queue_init(&cap->q, c, c->type, &c->o->stream.capture);

	if (ret == 0 && c->o->set_fmt)
		cap->pixelformat = ctl_queue_pixelformat(&cap->q);
	return ret;
}

/* Lines and sizes of the other pixel format do not fit: the device chooses its own. */
static void choose_pixelformat(struct ctl_queue *q, uint32_t pixelformat)
{
	struct vmedia_pix_format_mplane *mp = &q->fmt.fmt.pix_mp;
	struct vmedia_pix_format *p = &q->fmt.fmt.pix;

	if (q->mplane) {
		mp->pixelformat = pixelformat;
		memset(mp->plane_fmt, 0, sizeof(mp->plane_fmt));
		return;
	}
	p->pixelformat = pixelformat;
	p->bytesperline = p->sizeimage = 0;
}

/*
 * A change of the source may have changed the pixel format too: ask for the user's again. A device
 * that cannot have it any more keeps its own.
 */
static int keep_pixelformat(struct ctl_capture *cap)
{
	struct ctl_queue *q = &cap->q;
	int ret;

	if (!cap->pixelformat || ctl_queue_pixelformat(q) == cap->pixelformat)
		return 0;
	choose_pixelformat(q, cap->pixelformat);
	ret = vmedia_ioctl(q->c->f, VIDIOC_S_FMT, &q->fmt);
	return ret < 0 ? ctl_fail("VIDIOC_S_FMT", ret) : ctl_queue_get_format(q);
}

static int open_sink(struct ctl_capture *cap)
{
	struct ctl *c = cap->q.c;
	struct ctl_picture pic;
	int ret = 0;

	picture_of(&cap->q, &pic);
	if (c->codec)
		ret = c->codec->change(c, &pic);
	if (ret < 0)
		return ret;
	if (cap->sink_open)
		return ctl_sink_change(&cap->sink, &pic);
	cap->sink_open = true;
	return ctl_sink_open(&cap->sink, &c->o->stream, &pic, frame_rate(c, cap->q.fmt.type));
}

int ctl_capture_start(struct ctl_capture *cap)
{
	struct ctl_queue *q = &cap->q;
	int ret;

	ctl_queue_finish(q);
	ret = ctl_queue_get_format(q);
	if (ret == 0)
		ret = keep_pixelformat(cap);
	if (ret == 0)
		ret = open_sink(cap);
	if (ret == 0)
		ret = ctl_queue_setup(q);
	for (unsigned int i = 0; ret == 0 && i < q->num_buffers; i++)
		ret = ctl_queue_put(q, i, NULL, 0);
	cap->ended = false;
	return ret < 0 ? ret : ctl_queue_start(q);
}

int ctl_capture_close(struct ctl_capture *cap, int ret)
{
	return cap->sink_open ? ctl_sink_close(&cap->sink, ret) : ret;
}

void ctl_capture_finish(struct ctl_capture *cap)
{
	ctl_queue_finish(&cap->q);
}
