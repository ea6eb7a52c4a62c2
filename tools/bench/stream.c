/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames through a device: their rate, and the cost of each on both sides. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <linux/videodev2.h>

#include "bench.h"

#define MAX_BUFFERS 16
#define WARM_FRAMES 8 /* before measuring, to touch and map the pages */
#define MAX_SAMPLES 65536

/* All counters at one moment. */
struct snapshot {
	uint64_t time, device_cpu, driver_cpu;
	struct vmedia_driver_stats drv;
};

struct run {
	const struct bench_stream *s;
	struct bench_peer peer;
	struct vmedia_format fmt;
	unsigned int num_buffers;
	void *ptr[MAX_BUFFERS];
	struct vmedia_buffer qbuf[MAX_BUFFERS]; /* in use by the driver until queued() */
	int err;				/* the error of a QBUF */
	unsigned int queued, unanswered;	/* buffers at the device; those without an answer */
	bool streaming;
	uint64_t queued_at[MAX_BUFFERS];
	double *samples; /* QBUF to event */
	unsigned int num_samples;
	uint32_t last_sequence;
	bool have_sequence;
	uint64_t dropped;
};

static void take(const struct run *r, struct snapshot *snap)
{
	struct timespec ts;

	snap->time = bench_now_ns();
	snap->device_cpu = bench_peer_cpu_ns(&r->peer);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	snap->driver_cpu = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
	vmedia_driver_stats(r->peer.drv, &snap->drv);
}

static int set_format(struct run *r)
{
	struct vmedia_pix_format *p = &r->fmt.fmt.pix;
	int ret;

	r->fmt.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	ret = vmedia_ioctl(r->peer.f, VIDIOC_G_FMT, &r->fmt);
	if (ret < 0)
		return bench_fail("VIDIOC_G_FMT", ret);
	p->width = r->s->width;
	p->height = r->s->height;
	p->pixelformat = V4L2_PIX_FMT_NV12;
	p->bytesperline = p->sizeimage = 0;
	ret = vmedia_ioctl(r->peer.f, VIDIOC_S_FMT, &r->fmt);
	if (ret < 0)
		return bench_fail("VIDIOC_S_FMT", ret);
	if (p->width != r->s->width || p->height != r->s->height ||
	    p->pixelformat != V4L2_PIX_FMT_NV12)
		return bench_fail("the device has no NV12 of the size that is measured", -EINVAL);
	return 0;
}

/* The answer to a QBUF of the stream. It is checked when the next frame arrives. */
static void queued(void *opaque, int err)
{
	struct run *r = opaque;

	r->unanswered--;
	if (err < 0)
		r->err = err;
}

/*
 * Queue a buffer as a player does: it waits for the frame, and takes the answer of QBUF when it
 * arrives.
 */
static int queue(struct run *r, unsigned int index)
{
	struct vmedia_buffer *b = &r->qbuf[index];
	uint32_t flags = VMEDIA_SUBMIT_LAZY;
	int ret;

	*b = (struct vmedia_buffer){ .index = index, .type = r->fmt.type, .memory = r->s->memory };
	if (b->memory == V4L2_MEMORY_USERPTR) {
		b->m.userptr = (uintptr_t)r->ptr[index];
		b->length = r->fmt.fmt.pix.sizeimage;
	}
	r->queued_at[index] = bench_now_ns();
	/* Notify the device if it has at most one other buffer, as far as the driver knows. */
	if (r->streaming && r->s->fps && r->queued - r->unanswered > 1)
		flags = VMEDIA_SUBMIT_HELD;
	ret = vmedia_submit(r->peer.f, VIDIOC_QBUF, b, flags, queued, r);
	if (ret)
		return ret;
	r->unanswered++;
	r->queued++;
	return 0;
}

static int one_buffer(struct run *r, unsigned int index)
{
	struct vmedia_buffer b = { .index = index,
				   .type = r->fmt.type,
				   .memory = V4L2_MEMORY_MMAP };
	int ret;

	if (r->s->memory == V4L2_MEMORY_USERPTR)
		return vmedia_pages_alloc(r->peer.drv, r->fmt.fmt.pix.sizeimage,
					  r->s->scattered ? VMEDIA_PAGES_SCATTERED : 0,
					  &r->ptr[index]);
	ret = vmedia_ioctl(r->peer.f, VIDIOC_QUERYBUF, &b);
	return ret < 0 ? ret
		       : vmedia_mmap(r->peer.f, b.m.offset, b.length, PROT_READ, &r->ptr[index]);
}

static int start(struct run *r)
{
	struct vmedia_requestbuffers rb = { .count = r->s->buffers, .memory = r->s->memory };
	uint32_t type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	int ret = set_format(r);

	if (ret < 0)
		return ret;
	rb.type = type;
	ret = vmedia_ioctl(r->peer.f, VIDIOC_REQBUFS, &rb);
	/* A device may require more buffers than should be in flight. The others are not queued. */
	r->num_buffers = rb.count < r->s->buffers ? rb.count : r->s->buffers;
	for (unsigned int i = 0; ret == 0 && i < r->num_buffers; i++)
		ret = one_buffer(r, i);
	for (unsigned int i = 0; ret == 0 && i < r->num_buffers; i++)
		ret = queue(r, i);
	if (ret == 0)
		ret = vmedia_ioctl(r->peer.f, VIDIOC_STREAMON, &type);
	r->streaming = true;
	return ret < 0 ? bench_fail("starting to stream", ret) : 0;
}

static int one_frame(struct run *r)
{
	struct vmedia_buffer b = { .type = r->fmt.type, .memory = r->s->memory };
	int ret = vmedia_ioctl(r->peer.f, VIDIOC_DQBUF, &b);

	if (ret == 0)
		ret = r->err;
	if (ret < 0)
		return ret;
	if (b.index >= r->num_buffers || !r->queued)
		return -EIO;
	r->queued--;
	if (r->num_samples < MAX_SAMPLES)
		r->samples[r->num_samples++] = (double)(bench_now_ns() - r->queued_at[b.index]);
	if (r->have_sequence)
		r->dropped += b.sequence - r->last_sequence - 1;
	r->have_sequence = true;
	r->last_sequence = b.sequence;
	return queue(r, b.index);
}

static void result(const struct run *r, const struct snapshot *a, const struct snapshot *b,
		   uint64_t frames, struct bench_stream_result *res)
{
	double n = (double)frames;

	*res = (struct bench_stream_result){ .frames = frames, .dropped = (double)r->dropped };
	res->fps = n / ((double)(b->time - a->time) / 1e9);
	res->device_cpu_ns = (double)(b->device_cpu - a->device_cpu) / n;
	res->driver_cpu_ns = (double)(b->driver_cpu - a->driver_cpu) / n;
	res->commands = (double)(b->drv.commands - a->drv.commands) / n;
	res->events = (double)(b->drv.events - a->drv.events) / n;
	res->kicks = (double)(b->drv.kicks - a->drv.kicks) / n;
	res->interrupts = (double)(b->drv.interrupts - a->drv.interrupts) / n;
	res->copied = (double)(b->drv.bytes_copied - a->drv.bytes_copied) / n;
	res->qbuf_to_event_ns = bench_median(r->samples, r->num_samples);
}

static int measure(struct run *r, struct bench_stream_result *res)
{
	struct snapshot a, b;
	uint64_t frames = 0, end;
	int ret = start(r);

	for (int i = 0; ret == 0 && i < WARM_FRAMES; i++)
		ret = one_frame(r);
	r->num_samples = 0;
	r->dropped = 0;
	take(r, &a);
	end = a.time + (uint64_t)(r->s->seconds * 1e9);
	while (ret == 0 && bench_now_ns() < end) {
		ret = one_frame(r);
		frames++;
	}
	if (ret < 0 || !frames)
		return bench_fail("streaming", ret < 0 ? ret : -ETIMEDOUT);
	take(r, &b);
	result(r, &a, &b, frames, res);
	return 0;
}

int bench_stream_run(const struct bench_options *o, const struct bench_stream *s,
		     struct bench_stream_result *res)
{
	struct run r = { .s = s };
	struct bench_device device = { .fps = s->fps, .nofill = s->nofill, .no_spin = s->no_spin };
	struct bench_peer_stats stats;
	int ret;

	r.samples = calloc(MAX_SAMPLES, sizeof(*r.samples));
	if (!r.samples || s->buffers > MAX_BUFFERS)
		return -ENOMEM;
	ret = bench_peer_start(&r.peer, o, &device);
	if (ret == 0) {
		int end;

		ret = measure(&r, res);
		end = bench_peer_stop(&r.peer, &stats);
		if (ret == 0)
			ret = end;
		/*
		 * The device's copied bytes are for these frames and the few before the
		 * measurement.
		 */
		if (ret == 0)
			res->copied += (double)stats.device.bytes_copied /
				       (double)(res->frames + WARM_FRAMES);
	}
	free(r.samples);
	return ret;
}
