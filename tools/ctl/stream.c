/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Streaming from a capture queue: buffers, the loop, the rate and the dropped frames shown live.
 *
 * A frame counts as dropped when the device's sequence number skips it.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "sink.h"

#define MAX_BUFFERS 64

struct buffer {
	unsigned int num_planes;
	void *ptr[VMEDIA_MAX_PLANES];
	uint64_t length[VMEDIA_MAX_PLANES];
	bool ours[VMEDIA_MAX_PLANES]; /* of vmedia_pages_alloc(), else mapped */
};

struct stream {
	struct ctl *c;
	const struct ctl_stream_options *o;
	struct vmedia_format fmt;
	bool mplane;
	unsigned int num_buffers;
	struct buffer buf[MAX_BUFFERS];
	struct ctl_sink sink;
	/* what was seen */
	uint64_t seen, kept, dropped, errors;
	bool ended; /* by the device: V4L2_BUF_FLAG_LAST */
	uint32_t last_sequence;
	double first_time, last_time, shown_time;
	uint64_t shown_frames;
	double shown_rate;
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
	interrupted = 1;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* ---- buffers ---- */

static unsigned int format_planes(const struct stream *s)
{
	return s->mplane ? s->fmt.fmt.pix_mp.num_planes : 1;
}

static uint32_t plane_size(const struct stream *s, unsigned int plane)
{
	return s->mplane ? s->fmt.fmt.pix_mp.plane_fmt[plane].sizeimage : s->fmt.fmt.pix.sizeimage;
}

static int map_buffer(struct stream *s, unsigned int index)
{
	struct vmedia_plane planes[VMEDIA_MAX_PLANES] = { 0 };
	struct vmedia_buffer b = { .index = index,
				   .type = s->fmt.type,
				   .memory = V4L2_MEMORY_MMAP };
	struct buffer *buf = &s->buf[index];
	int ret;

	if (s->mplane) {
		b.m.planes = (uintptr_t)planes;
		b.length = VMEDIA_MAX_PLANES;
	}
	ret = vmedia_ioctl(s->c->f, VIDIOC_QUERYBUF, &b);
	if (ret < 0)
		return ctl_fail("VIDIOC_QUERYBUF", ret);
	buf->num_planes = format_planes(s);
	for (unsigned int i = 0; i < buf->num_planes; i++) {
		buf->length[i] = s->mplane ? planes[i].length : b.length;
		ret = vmedia_mmap(s->c->f, s->mplane ? planes[i].m.mem_offset : b.m.offset,
				  buf->length[i], PROT_READ, &buf->ptr[i]);
		if (ret == -ENODEV)
			return ctl_fail_text("the device has no shared memory region to map "
					     "buffers from; use --stream-user");
		if (ret < 0)
			return ctl_fail("mapping a buffer", ret);
	}
	return 0;
}

static int alloc_buffer(struct stream *s, unsigned int index)
{
	struct buffer *buf = &s->buf[index];

	buf->num_planes = format_planes(s);
	for (unsigned int i = 0; i < buf->num_planes; i++) {
		uint32_t flags = s->o->scattered ? VMEDIA_PAGES_SCATTERED : 0;
		int ret = vmedia_pages_alloc(s->c->drv, plane_size(s, i), flags, &buf->ptr[i]);

		if (ret < 0)
			return ctl_fail("guest memory for a buffer", ret);
		buf->ours[i] = true;
		buf->length[i] = plane_size(s, i);
	}
	return 0;
}

static int queue_buffer(struct stream *s, unsigned int index)
{
	struct vmedia_plane planes[VMEDIA_MAX_PLANES] = { 0 };
	struct vmedia_buffer b = { .index = index, .type = s->fmt.type, .memory = s->o->memory };
	struct buffer *buf = &s->buf[index];
	int ret;

	for (unsigned int i = 0; i < buf->num_planes; i++) {
		planes[i].length = (uint32_t)buf->length[i];
		if (s->o->memory == V4L2_MEMORY_USERPTR)
			planes[i].m.userptr = (uintptr_t)buf->ptr[i];
	}
	if (s->mplane) {
		b.m.planes = (uintptr_t)planes;
		b.length = buf->num_planes;
	} else if (s->o->memory == V4L2_MEMORY_USERPTR) {
		b.m.userptr = planes[0].m.userptr;
		b.length = planes[0].length;
	}
	ret = vmedia_ioctl(s->c->f, VIDIOC_QBUF, &b);
	return ret < 0 ? ctl_fail("VIDIOC_QBUF", ret) : 0;
}

static int setup_buffers(struct stream *s)
{
	struct vmedia_requestbuffers rb = { .count = s->o->buffers,
					    .type = s->fmt.type,
					    .memory = s->o->memory };
	int ret = vmedia_ioctl(s->c->f, VIDIOC_REQBUFS, &rb);

	if (ret < 0)
		return ctl_fail("VIDIOC_REQBUFS", ret);
	if (!rb.count)
		return ctl_fail("VIDIOC_REQBUFS", -ENOMEM);
	s->num_buffers = rb.count < MAX_BUFFERS ? rb.count : MAX_BUFFERS;
	for (unsigned int i = 0; ret == 0 && i < s->num_buffers; i++)
		ret = s->o->memory == V4L2_MEMORY_MMAP ? map_buffer(s, i) : alloc_buffer(s, i);
	for (unsigned int i = 0; ret == 0 && i < s->num_buffers; i++)
		ret = queue_buffer(s, i);
	return ret;
}

static void free_buffers(struct stream *s)
{
	struct vmedia_requestbuffers rb = { .type = s->fmt.type, .memory = s->o->memory };

	for (unsigned int i = 0; i < s->num_buffers; i++) {
		for (unsigned int p = 0; p < VMEDIA_MAX_PLANES; p++) {
			struct buffer *buf = &s->buf[i];

			if (buf->ptr[p] && buf->ours[p])
				vmedia_pages_free(s->c->drv, buf->ptr[p]);
			else if (buf->ptr[p])
				vmedia_munmap(s->c->drv, buf->ptr[p]);
		}
	}
	if (s->num_buffers)
		vmedia_ioctl(s->c->f, VIDIOC_REQBUFS, &rb);
}

/* ---- frames ---- */

static void picture_of(const struct stream *s, struct ctl_picture *pic)
{
	const struct vmedia_pix_format_mplane *mp = &s->fmt.fmt.pix_mp;
	const struct vmedia_pix_format *p = &s->fmt.fmt.pix;

	*pic = (struct ctl_picture){ .num_planes = format_planes(s) };
	pic->pixelformat = s->mplane ? mp->pixelformat : p->pixelformat;
	pic->width = s->mplane ? mp->width : p->width;
	pic->height = s->mplane ? mp->height : p->height;
	pic->field = s->mplane ? mp->field : p->field;
	if (s->mplane)
		ctl_picture_colours(pic, mp->colorspace, mp->ycbcr_enc, mp->quantization);
	else
		ctl_picture_colours(pic, p->colorspace, p->ycbcr_enc, p->quantization);
	for (unsigned int i = 0; i < pic->num_planes && i < CTL_MAX_PLANES; i++)
		pic->bytesperline[i] = s->mplane ? mp->plane_fmt[i].bytesperline : p->bytesperline;
}

/* The bytes of plane @i of a frame. The device's numbers are limited to the buffer. */
static void plane_of(const struct stream *s, const struct vmedia_buffer *b,
		     const struct vmedia_plane *planes, unsigned int i, struct ctl_picture *pic)
{
	const struct buffer *buf = &s->buf[b->index];
	uint64_t used = s->mplane ? planes[i].bytesused : b->bytesused;
	uint64_t skip = s->mplane ? planes[i].data_offset : 0;

	used = used < buf->length[i] ? used : buf->length[i];
	skip = skip < used ? skip : used;
	pic->data[i] = (const uint8_t *)buf->ptr[i] + skip;
	pic->bytesused[i] = (size_t)(used - skip);
}

static void status_text(const struct stream *s, char *text, size_t size)
{
	snprintf(text, size, "frame %llu  %.2f fps  dropped %llu", (unsigned long long)s->seen,
		 s->shown_rate, (unsigned long long)s->dropped);
}

/* Compute the rate over the last half second, and print it if text goes to a terminal. */
static void show_live(struct stream *s)
{
	char text[128];

	if (s->last_time - s->shown_time < 0.5)
		return;
	s->shown_rate = (double)(s->seen - s->shown_frames) / (s->last_time - s->shown_time);
	s->shown_frames = s->seen;
	s->shown_time = s->last_time;
	if (s->c->o->silent || s->sink.previewing || !isatty(STDERR_FILENO))
		return;
	status_text(s, text, sizeof(text));
	fprintf(stderr, "\r%s\033[K", text);
}

static void account(struct stream *s, const struct vmedia_buffer *b)
{
	s->last_time = now();
	if (!s->seen) {
		s->first_time = s->last_time;
		s->shown_time = s->last_time;
	} else if (b->sequence - s->last_sequence - 1 < 1u << 31) {
		s->dropped += b->sequence - s->last_sequence - 1;
	}
	s->last_sequence = b->sequence;
	s->seen++;
	show_live(s);
}

static int take_frame(struct stream *s, const struct vmedia_buffer *b,
		      const struct vmedia_plane *planes)
{
	struct ctl_picture pic;
	char status[128];
	int ret = -EBADMSG;

	if (s->seen <= s->o->skip)
		return 0;
	picture_of(s, &pic);
	for (unsigned int i = 0; i < pic.num_planes && i < CTL_MAX_PLANES; i++)
		plane_of(s, b, planes, i, &pic);
	status_text(s, status, sizeof(status));
	if (!(b->flags & V4L2_BUF_FLAG_ERROR))
		ret = ctl_sink_put(&s->sink, &pic, status);
	if (ret == -EBADMSG)
		s->errors++;
	else if (ret == 0)
		s->kept++;
	return ret == -EBADMSG ? 0 : ret;
}

static int one_frame(struct stream *s)
{
	struct vmedia_plane planes[VMEDIA_MAX_PLANES] = { 0 };
	struct vmedia_buffer b = { .type = s->fmt.type, .memory = s->o->memory };
	int ret;

	if (s->mplane) {
		b.m.planes = (uintptr_t)planes;
		b.length = VMEDIA_MAX_PLANES;
	}
	ret = vmedia_ioctl(s->c->f, VIDIOC_DQBUF, &b);
	if (ret == -EPIPE) {
		s->ended = true;
		return 0;
	}
	if (ret < 0)
		return ctl_fail("VIDIOC_DQBUF", ret);
	if (b.index >= s->num_buffers)
		return ctl_fail("VIDIOC_DQBUF", -EIO);
	s->ended = b.flags & V4L2_BUF_FLAG_LAST;
	if (s->ended && !b.bytesused && !planes[0].bytesused)
		return 0;
	account(s, &b);
	ret = take_frame(s, &b, planes);
	if (ret == 0 && !interrupted && !s->ended)
		ret = queue_buffer(s, b.index);
	return ret;
}

static int loop(struct stream *s)
{
	double patience = s->c->o->connect.timeout_ms / 1000.0, waiting_since = now();
	int ret;

	while (!interrupted && !s->ended && (!s->o->count || s->kept + s->errors < s->o->count)) {
		/* Wait in short steps, so that an interrupt is noticed soon. */
		ret = vmedia_wait(s->c->f, POLLIN, 250);
		if (ret < 0)
			return ctl_fail("waiting for a frame", ret);
		if (ret & POLLIN) {
			ret = one_frame(s);
			if (ret < 0)
				return ret == -EINTR && interrupted ? 0 : ret;
			waiting_since = now();
		} else if (ret & POLLERR) {
			return ctl_fail("the device ended the session", -EIO);
		} else if (now() - waiting_since > patience) {
			return ctl_fail("no frame came", -ETIMEDOUT);
		}
	}
	return 0;
}

static void summary(const struct stream *s, uint64_t bytes)
{
	double t = s->last_time - s->first_time;

	if (s->c->o->silent)
		return;
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	fprintf(stderr, "%llu frames, %.2f fps, %llu dropped", (unsigned long long)s->seen,
		t > 0 ? (double)(s->seen - 1) / t : 0.0, (unsigned long long)s->dropped);
	if (s->errors)
		fprintf(stderr, ", %llu damaged", (unsigned long long)s->errors);
	if (s->o->to)
		fprintf(stderr, ", %llu bytes to %s", (unsigned long long)bytes, s->o->to);
	fputc('\n', stderr);
}

static struct vmedia_fract frame_rate(struct ctl *c, uint32_t type)
{
	struct vmedia_streamparm p = { .type = type };
	const struct vmedia_fract *t = &p.parm.capture.timeperframe;

	if (vmedia_ioctl(c->f, VIDIOC_G_PARM, &p) < 0)
		return (struct vmedia_fract){ 0, 0 };
	return (struct vmedia_fract){ t->denominator, t->numerator };
}

static int run(struct stream *s)
{
	uint32_t type = s->fmt.type;
	struct ctl_picture pic;
	uint64_t bytes;
	int ret;

	picture_of(s, &pic);
	ret = ctl_sink_open(&s->sink, s->o, &pic, frame_rate(s->c, type));
	if (ret == 0)
		ret = setup_buffers(s);
	if (ret == 0) {
		ret = vmedia_ioctl(s->c->f, VIDIOC_STREAMON, &type);
		if (ret < 0)
			ctl_fail("VIDIOC_STREAMON", ret);
	}
	if (ret < 0)
		return ctl_sink_close(&s->sink, ret);
	ret = loop(s);
	/* Restore the terminal first: the device may stop late or never. */
	bytes = s->sink.bytes;
	ret = ctl_sink_close(&s->sink, ret);
	vmedia_ioctl(s->c->f, VIDIOC_STREAMOFF, &type);
	summary(s, bytes);
	return ret;
}

/*
 * A second interrupt ends the program at once. SIGPIPE is ignored: a closed pipe is then an error
 * of write(), and the terminal is restored before the program ends.
 */
static void catch_signals(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa = { .sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND }, old;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (sigaction(ends[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(ends[i], &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
}

int ctl_stream(struct ctl *c)
{
	struct stream *s;
	int ret;

	if (c->type != V4L2_BUF_TYPE_VIDEO_CAPTURE && c->type != V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE)
		return ctl_fail_text("this device does not capture video");
	s = calloc(1, sizeof(*s));
	if (!s)
		return ctl_fail("streaming", -ENOMEM);
	s->c = c;
	s->o = &c->o->stream;
	s->fmt.type = c->type;
	s->mplane = c->type == V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
	catch_signals();
	ret = vmedia_ioctl(c->f, VIDIOC_G_FMT, &s->fmt);
	if (ret < 0)
		ctl_fail("VIDIOC_G_FMT", ret);
	else if (format_planes(s) > CTL_MAX_PLANES || !format_planes(s))
		ret = ctl_fail_text("the format has %u memory planes, this program takes up to %d",
				    format_planes(s), CTL_MAX_PLANES);
	else
		ret = run(s);
	free_buffers(s);
	free(s);
	return ret;
}
