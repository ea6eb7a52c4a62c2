/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sessions of a decoder or an encoder, as a player or recorder has them.
 *
 * A decoder's packets are copied into OUTPUT's buffers, as by a program that has read them from a
 * file. An encoder's pictures are in OUTPUT's buffers from the start, one in each, and are queued
 * again and again: a camera would write them there. CAPTURE's buffers are mapped, and not read.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <linux/videodev2.h>

#include "bench.h"
#include "codec/job.h"

#define OUT V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE
#define CAP V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE

#define MAX_BUFFERS 32
#define PACKETS	    6 /* OUTPUT's buffers of a decoder, CAPTURE's of an encoder */
#define MORE	    4 /* CAPTURE's buffers, more than a decoder needs */
#define TIMEOUT_MS  20000

struct buffer {
	void *ptr[VMEDIA_MAX_PLANES];
	/* In use by the driver until queued(). */
	struct vmedia_buffer b;
	struct vmedia_plane planes[VMEDIA_MAX_PLANES];
};

struct queue {
	struct vmedia_format fmt;
	unsigned int num;
	struct buffer buf[MAX_BUFFERS];
};

struct session {
	struct run *r;
	struct vmedia_file *f;
	struct queue out, cap;
	uint64_t next; /* item for OUTPUT */
	uint64_t frames;
};

/* All counters at one moment. */
struct snapshot {
	uint64_t wall, device_cpu, driver_cpu;
	struct bench_peer_stats stats;
};

struct run {
	const struct bench_codec_how *how;
	struct bench_peer peer;
	struct session *sessions;
	bool decodes;
	int err; /* the error of a QBUF */
	unsigned int warm; /* sessions that have made BENCH_WARM_PICTURES */
	uint64_t frames;   /* that count: since all are warm */
	uint64_t total;	   /* that are to count; 0: end with the first one */
	bool ended;
	struct snapshot at[2];
	uint64_t started, first_frame, coded_bytes;
};

static int snapshot(struct run *r, struct snapshot *s)
{
	struct timespec ts;

	s->wall = bench_now_ns();
	s->device_cpu = bench_peer_cpu_ns(&r->peer);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	s->driver_cpu = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
	return bench_peer_stats(&r->peer, &s->stats);
}

/* ---- Buffers ---- */

static void queued(void *opaque, int err)
{
	struct run *r = opaque;

	if (err < 0)
		r->err = err;
}

static int queue_buffer(struct session *s, struct queue *q, unsigned int index, uint32_t bytes)
{
	struct buffer *buf = &q->buf[index];
	int ret;

	memset(buf->planes, 0, sizeof(buf->planes));
	buf->planes[0].bytesused = bytes;
	buf->b = (struct vmedia_buffer){
		.index = index,
		.type = q->fmt.type,
		.memory = V4L2_MEMORY_MMAP,
		.m.planes = (uintptr_t)buf->planes,
		.length = q->fmt.fmt.pix_mp.num_planes,
	};
	ret = vmedia_submit(s->f, VIDIOC_QBUF, &buf->b, VMEDIA_SUBMIT_LAZY, queued, s->r);
	/* The ring is full. */
	if (ret == -EAGAIN)
		ret = vmedia_ioctl(s->f, VIDIOC_QBUF, &buf->b);
	return ret < 0 ? bench_fail("VIDIOC_QBUF", ret) : 0;
}

/* Queue the next packet or picture. A picture is in its buffer already. */
static int queue_item(struct session *s, unsigned int index)
{
	const struct bench_media *m = s->r->how->media;
	uint32_t i = (uint32_t)(s->next++ % m->num);

	if (s->r->decodes)
		memcpy(s->out.buf[index].ptr[0], (const uint8_t *)m + m->item[i].offset,
		       m->item[i].size);
	return queue_buffer(s, &s->out, index, m->item[i].size);
}

static int map(struct session *s, struct queue *q, unsigned int index)
{
	struct vmedia_plane planes[VMEDIA_MAX_PLANES] = { 0 };
	struct vmedia_buffer b = { .index = index,
				   .type = q->fmt.type,
				   .memory = V4L2_MEMORY_MMAP,
				   .m.planes = (uintptr_t)planes,
				   .length = VMEDIA_MAX_PLANES };
	int prot = PROT_READ | (q == &s->out ? PROT_WRITE : 0);
	int ret = vmedia_ioctl(s->f, VIDIOC_QUERYBUF, &b);

	for (unsigned int i = 0; ret == 0 && i < q->fmt.fmt.pix_mp.num_planes; i++)
		ret = vmedia_mmap(s->f, planes[i].m.mem_offset, planes[i].length, prot,
				  &q->buf[index].ptr[i]);
	return ret < 0 ? bench_fail("mapping a buffer", ret) : 0;
}

static int make_buffers(struct session *s, struct queue *q, unsigned int num)
{
	struct vmedia_requestbuffers rb = { .count = num,
					    .type = q->fmt.type,
					    .memory = V4L2_MEMORY_MMAP };
	int ret = vmedia_ioctl(s->f, VIDIOC_REQBUFS, &rb);

	if (ret == 0 && (rb.count < num || num > MAX_BUFFERS))
		ret = -ENOMEM;
	if (ret < 0)
		return bench_fail("VIDIOC_REQBUFS", ret);
	for (q->num = 0; ret == 0 && q->num < num; q->num++)
		ret = map(s, q, q->num);
	return ret;
}

static int stream_on(struct session *s, uint32_t type)
{
	int ret = vmedia_ioctl(s->f, VIDIOC_STREAMON, &type);

	return ret < 0 ? bench_fail("VIDIOC_STREAMON", ret) : 0;
}

static int stream_capture(struct session *s)
{
	int ret = 0;

	for (unsigned int i = 0; ret == 0 && i < s->cap.num; i++)
		ret = queue_buffer(s, &s->cap, i, 0);
	return ret < 0 ? ret : stream_on(s, CAP);
}

static int set_format(struct session *s, struct queue *q, uint32_t type, uint32_t pixelformat,
		      uint32_t sizeimage)
{
	const struct bench_media *m = s->r->how->media;
	struct vmedia_pix_format_mplane *p = &q->fmt.fmt.pix_mp;
	int ret;

	q->fmt.type = type;
	ret = vmedia_ioctl(s->f, VIDIOC_G_FMT, &q->fmt);
	p->width = m->width;
	p->height = m->height;
	p->pixelformat = pixelformat;
	p->colorspace = V4L2_COLORSPACE_REC709;
	memset(p->plane_fmt, 0, sizeof(p->plane_fmt));
	p->plane_fmt[0].sizeimage = sizeimage;
	if (ret == 0)
		ret = vmedia_ioctl(s->f, VIDIOC_S_FMT, &q->fmt);
	if (ret < 0)
		return bench_fail("VIDIOC_S_FMT", ret);
	/* The size of packets follows that of pictures. */
	if (p->pixelformat != pixelformat ||
	    (!sizeimage && (p->width != m->width || p->height != m->height)))
		return bench_fail("the device has no such format", -EINVAL);
	return 0;
}

/* ---- A decoder ---- */

static int begin_decoder(struct session *s)
{
	const struct bench_media *m = s->r->how->media;
	struct vmedia_event_subscription sub = { .type = V4L2_EVENT_SOURCE_CHANGE };
	int ret = vmedia_ioctl(s->f, VIDIOC_SUBSCRIBE_EVENT, &sub);

	if (ret < 0)
		return bench_fail("VIDIOC_SUBSCRIBE_EVENT", ret);
	ret = set_format(s, &s->out, OUT, m->coded, m->largest);
	if (ret == 0)
		ret = make_buffers(s, &s->out, PACKETS);
	return ret < 0 ? ret : stream_on(s, OUT);
}

/* The stream's header is known: CAPTURE can be set up. */
static int on_event(struct session *s)
{
	struct vmedia_control least = { .id = V4L2_CID_MIN_BUFFERS_FOR_CAPTURE };
	struct vmedia_event e;
	int ret = vmedia_ioctl(s->f, VIDIOC_DQEVENT, &e);

	if (ret < 0 || e.type != V4L2_EVENT_SOURCE_CHANGE || s->cap.num)
		return bench_fail("an event", ret < 0 ? ret : -EIO);
	ret = set_format(s, &s->cap, CAP, s->r->how->raw, 0);
	if (ret == 0)
		ret = vmedia_ioctl(s->f, VIDIOC_G_CTRL, &least);
	if (ret == 0)
		ret = make_buffers(s, &s->cap, (unsigned int)least.value + MORE);
	return ret < 0 ? ret : stream_capture(s);
}

/* ---- An encoder ---- */

static int begin_encoder(struct session *s)
{
	const struct bench_media *m = s->r->how->media;
	const struct vmedia_plane_pix_format *p = &s->out.fmt.fmt.pix_mp.plane_fmt[0];
	int ret = set_format(s, &s->cap, CAP, V4L2_PIX_FMT_H264, m->largest);

	if (ret == 0)
		ret = set_format(s, &s->out, OUT, s->r->how->raw, 0);
	if (ret == 0 && (p->bytesperline != m->width || p->sizeimage != m->largest))
		return bench_fail("the device has no NV12 without padding", -EINVAL);
	if (ret == 0)
		ret = make_buffers(s, &s->out, m->num);
	for (unsigned int i = 0; ret == 0 && i < m->num; i++)
		memcpy(s->out.buf[i].ptr[0], (const uint8_t *)m + m->item[i].offset,
		       m->item[i].size);
	if (ret == 0)
		ret = make_buffers(s, &s->cap, PACKETS);
	if (ret == 0)
		ret = stream_capture(s);
	return ret < 0 ? ret : stream_on(s, OUT);
}

/* ---- Both ---- */

static int dequeue(struct session *s, uint32_t type, struct vmedia_buffer *b,
		   struct vmedia_plane *planes)
{
	int ret;

	*b = (struct vmedia_buffer){ .type = type,
				     .memory = V4L2_MEMORY_MMAP,
				     .m.planes = (uintptr_t)planes,
				     .length = VMEDIA_MAX_PLANES };
	ret = vmedia_ioctl(s->f, VIDIOC_DQBUF, b);
	if (ret == 0 && (b->flags & V4L2_BUF_FLAG_ERROR || b->index >= MAX_BUFFERS))
		ret = -EIO;
	return ret < 0 ? bench_fail("VIDIOC_DQBUF", ret) : 0;
}

/* As floor_span_frame() of codec/main.c. */
static int count(struct run *r, struct session *s)
{
	int ret = 0;

	if (!r->total)
		r->ended = true;
	if (r->total && r->warm == r->how->sessions && ++r->frames == r->total) {
		ret = snapshot(r, &r->at[1]);
		r->ended = true;
	}
	if (r->total && s->frames == BENCH_WARM_PICTURES && ++r->warm == r->how->sessions)
		ret = snapshot(r, &r->at[0]);
	return ret;
}

static int on_capture(struct session *s)
{
	struct vmedia_plane planes[VMEDIA_MAX_PLANES];
	struct vmedia_buffer b;
	struct run *r = s->r;
	int ret = dequeue(s, CAP, &b, planes);

	if (ret < 0)
		return ret;
	if (!s->frames++)
		r->first_frame = bench_now_ns();
	if (s->frames <= r->how->media->num)
		r->coded_bytes += planes[0].bytesused;
	ret = count(r, s);
	return ret < 0 ? ret : queue_buffer(s, &s->cap, b.index, 0);
}

static int on_output(struct session *s)
{
	struct vmedia_plane planes[VMEDIA_MAX_PLANES];
	struct vmedia_buffer b;
	int ret = dequeue(s, OUT, &b, planes);

	return ret < 0 ? ret : queue_item(s, b.index);
}

/* Do all that can be done now for a session. Returns 1 if there was something. */
static int serve(struct session *s)
{
	int ret = 0, any = 0;

	while (ret == 0 && !s->r->ended) {
		short mask = vmedia_poll_mask(s->f);

		if (mask & POLLIN)
			ret = on_capture(s);
		else if (mask & POLLOUT)
			ret = on_output(s);
		else if (mask & POLLPRI)
			ret = on_event(s);
		else if (mask & POLLERR)
			ret = bench_fail("a session", -EIO);
		else
			break;
		any = 1;
	}
	return ret < 0 ? ret : any;
}

/* A client of one session waits for it as players do; one of several, for the driver. */
static int wait_for_more(struct run *r)
{
	struct pollfd pfd = { .fd = vmedia_driver_fd(r->peer.drv), .events = POLLIN };
	int ret;

	if (r->how->sessions == 1)
		ret = vmedia_wait(r->sessions[0].f, POLLIN | POLLOUT | POLLPRI, TIMEOUT_MS);
	else
		ret = poll(&pfd, 1, TIMEOUT_MS) < 0 ? -errno : pfd.revents;
	return ret ? ret : -ETIMEDOUT;
}

static int stream(struct run *r)
{
	int ret = 0;

	while (ret == 0 && !r->ended) {
		int any = 0;

		ret = vmedia_driver_process(r->peer.drv);
		for (unsigned int i = 0; ret == 0 && i < r->how->sessions; i++) {
			ret = serve(&r->sessions[i]);
			any |= ret > 0;
			ret = ret < 0 ? ret : 0;
		}
		if (ret == 0 && r->err < 0)
			ret = bench_fail("VIDIOC_QBUF", r->err);
		if (ret == 0 && !any && !r->ended) {
			ret = wait_for_more(r);
			ret = ret < 0 ? bench_fail("waiting for the device", ret) : 0;
		}
	}
	return ret;
}

static int begin(struct run *r)
{
	int ret = 0;

	for (unsigned int i = 0; ret == 0 && i < r->how->sessions; i++) {
		struct session *s = &r->sessions[i];

		s->r = r;
		ret = vmedia_open(r->peer.drv, O_NONBLOCK, &s->f);
		if (ret < 0)
			return bench_fail("opening a session", ret);
		ret = r->decodes ? begin_decoder(s) : begin_encoder(s);
	}
	r->started = bench_now_ns();
	for (unsigned int i = 0; ret == 0 && i < r->how->sessions; i++)
		for (unsigned int b = 0; ret == 0 && b < r->sessions[i].out.num; b++)
			ret = queue_item(&r->sessions[i], b);
	return ret;
}

static void result(const struct run *r, struct bench_codec_result *res)
{
	const struct snapshot *a = &r->at[0], *b = &r->at[1];
	double n = (double)r->total;

	*res = (struct bench_codec_result){
		.first_ns = (double)(r->first_frame - r->started),
		.coded_bytes = r->coded_bytes,
	};
	if (!r->how->loops)
		return;
	res->fps = n / ((double)(b->wall - a->wall) / 1e9);
	res->device_cpu_ns = (double)(b->device_cpu - a->device_cpu) / n;
	res->driver_cpu_ns = (double)(b->driver_cpu - a->driver_cpu) / n;
	res->copied =
		(double)(b->stats.device.bytes_copied - a->stats.device.bytes_copied) / n;
}

int bench_codec_run(const struct bench_options *o, const struct bench_codec_how *how,
		    struct bench_codec_result *res)
{
	struct bench_device device = { .kind = how->kind };
	struct run r = { .how = how,
			 .decodes = strcmp(how->kind, "decoder") == 0,
			 .total = (uint64_t)how->sessions * how->loops * how->media->num };
	int ret, end;

	r.sessions = calloc(how->sessions, sizeof(*r.sessions));
	if (!r.sessions)
		return bench_fail("sessions", -ENOMEM);
	ret = bench_peer_start(&r.peer, o, &device);
	if (ret < 0)
		goto out;
	ret = begin(&r);
	if (ret == 0)
		ret = stream(&r);
	for (unsigned int i = 0; i < how->sessions; i++)
		vmedia_close(r.sessions[i].f);
	end = bench_peer_stop(&r.peer, NULL);
	ret = ret < 0 ? ret : end;
	if (ret == 0)
		result(&r, res);
out:
	free(r.sessions);
	return ret;
}
