/* SPDX-License-Identifier: BSD-3-Clause */
/* Pictures of a source, by the clock; see producer.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <vmedia/log.h>

#include "producer.h"

#define AGAIN_NS 1000000000ull

/* ---- On the worker ---- */

/* Skip the pictures whose time passed while the source was busy. */
static void lose_late(struct source_producer *p)
{
	uint64_t now = vmedia_now_ns(), due = p->epoch + p->number * p->interval_ns;

	if (now >= due + p->interval_ns)
		p->number += (now - due) / p->interval_ns;
}

static int start_source(struct source_producer *p)
{
	int err;

	if (p->started)
		return 0;
	err = vmedia_camera_source_start(p->source, &p->format, &p->interval);
	if (err)
		return err;
	/* The first one is there after an interval, as with a camera that has to see it. */
	p->epoch = vmedia_now_ns() + p->interval_ns;
	p->number = 0;
	p->started = true;
	return 0;
}

/* Wait for the time of the next picture, or for the picture of a live source. */
static int wait_for_picture(struct source_producer *p, struct vmedia_worker *w)
{
	int err;

	if (!vmedia_camera_source_is_live(p->source)) {
		lose_late(p);
		p->when = p->epoch + p->number * p->interval_ns;
		return vmedia_worker_wait_until(w, p->when);
	}
	/* Who cancels the job interrupts the source afterwards, which a start forgets. */
	if (vmedia_worker_wait_begin(w))
		return -ECANCELED;
	err = vmedia_camera_source_next(p->source, &p->when);
	return vmedia_worker_wait_end(w) ? -ECANCELED : err;
}

static int make_picture(struct source_producer *p, struct vmedia_worker *w)
{
	struct vmedia_camera_frame f = { .data = p->slot, .size = p->format.sizeimage };
	int err = start_source(p);

	if (!err)
		err = wait_for_picture(p, w);
	if (err)
		return err;
	f.sequence = p->number++;
	f.time_ns = f.sequence * p->interval_ns;
	err = vmedia_camera_source_fill(p->source, &f);
	p->bytes = f.bytesused;
	return err;
}

static void run(struct vmedia_worker *w, struct vmedia_job *job)
{
	struct source_producer *p = vmedia_container_of(job, struct source_producer, job);

	p->err = make_picture(p, w);
}

/* ---- On the loop ---- */

static void next_picture(struct source_producer *p);

static void end_source(struct source_producer *p)
{
	if (p->started)
		vmedia_camera_source_stop(p->source);
	p->started = false;
}

static void fail(struct source_producer *p, int err)
{
	vmedia_warn("the source has no pictures: %s; it is started again in a second",
		    strerror(-err));
	end_source(p);
	vmedia_publisher_fail(p->pub, err);
	vmedia_timer_arm(&p->again, vmedia_now_ns() + AGAIN_NS);
}

static void done(struct vmedia_job *job, int err)
{
	struct source_producer *p = vmedia_container_of(job, struct source_producer, job);
	struct vmedia_share_picture pic = { .bytesused = (uint32_t)p->bytes,
					    .sequence = p->number - 1,
					    .timestamp_ns = p->when };

	p->busy = false;
	err = err ? err : p->err;
	if (err)
		vmedia_publisher_put(p->pub);
	else
		vmedia_publisher_publish(p->pub, &pic);
	if (err == -EAGAIN) {
		/* The source is live, and goes on looking. */
		vmedia_publisher_fail(p->pub, -ENODATA);
		err = 0;
	}
	if (err && err != -ECANCELED && p->wanted) {
		fail(p, err);
		return;
	}
	/* If somebody streams again since it was told to end, it begins from its first picture. */
	if (!p->wanted || err)
		end_source(p);
	if (p->wanted && err != -ESHUTDOWN)
		next_picture(p);
}

static void next_picture(struct source_producer *p)
{
	int err;

	p->slot = vmedia_publisher_take(p->pub);
	err = vmedia_worker_submit(p->worker, &p->job);
	p->busy = !err;
	if (!err)
		return;
	vmedia_publisher_put(p->pub);
	if (err != -ESHUTDOWN)
		fail(p, err);
}

static void on_again(struct vmedia_timer *t)
{
	struct source_producer *p = vmedia_container_of(t, struct source_producer, again);

	if (p->wanted && !p->busy)
		next_picture(p);
}

/* A job that begins meanwhile either sees that it was cancelled, or the interrupt. */
static int cancel(struct source_producer *p)
{
	int err = vmedia_worker_cancel(p->worker, &p->job);

	vmedia_camera_source_interrupt(p->source);
	return err;
}

static int start(void *priv)
{
	struct source_producer *p = priv;

	vmedia_info("somebody streams: the source runs");
	p->wanted = true;
	if (!p->busy)
		next_picture(p);
	return 0;
}

static void stop(void *priv)
{
	struct source_producer *p = priv;

	vmedia_info("nobody streams: the source stops");
	p->wanted = false;
	vmedia_timer_cancel(&p->again);
	if (!p->busy)
		return;
	if (cancel(p))
		return;
	/* It had not begun, so done() is not called. */
	p->busy = false;
	vmedia_publisher_put(p->pub);
	end_source(p);
}

static const struct vmedia_publisher_ops ops = { start, stop };

/* ---- Setting up ---- */

static int choose_format(struct source_producer *p, const struct source_options *o, char *why,
			 size_t size)
{
	struct vmedia_camera_size first = { 0 };

	vmedia_camera_source_size(p->source, 0, &first);
	if (o->camera.num_sizes)
		first = o->camera.sizes[0];
	p->format = (struct vmedia_camera_format){ .pixelformat = o->pixelformat,
						   .width = first.width, .height = first.height };
	vmedia_camera_source_try(p->source, &p->format);
	if (o->camera.num_sizes &&
	    (p->format.width != first.width || p->format.height != first.height)) {
		snprintf(why, size, "--size=%ux%u: %.4s has no such size; give %ux%u",
			 first.width, first.height, (const char *)&o->pixelformat,
			 p->format.width, p->format.height);
		return -EINVAL;
	}
	vmedia_camera_source_interval(p->source, 0, &p->interval);
	p->interval_ns = 1000000000ull * p->interval.numerator / p->interval.denominator;
	return 0;
}

int source_producer_open(struct source_producer *p, struct vmedia_loop *loop,
			 const struct source_options *o, char *why, size_t size)
{
	int err = vmedia_camera_source_open(&o->camera, why, size, &p->source);

	if (err)
		return err;
	p->loop = loop;
	vmedia_worker_init_job(&p->job, run, done);
	vmedia_timer_init(loop, &p->again, on_again);
	err = choose_format(p, o, why, size);
	return err ? err : vmedia_worker_create(loop, &p->worker);
}

int source_producer_publish(struct source_producer *p, int listen_fd,
			    const struct source_options *o)
{
	const struct vmedia_camera_format *f = &p->format;
	const struct vmedia_share_format format = {
		.pixelformat = f->pixelformat,
		.width = f->width,
		.height = f->height,
		.bytesperline = f->bytesperline,
		.sizeimage = f->sizeimage,
		.field = f->field,
		.colorspace = f->colorspace,
		.ycbcr_enc = f->ycbcr_enc,
		.quantization = f->quantization,
		.xfer_func = f->xfer_func,
		.interval_numerator = p->interval.numerator,
		.interval_denominator = p->interval.denominator,
	};
	const struct vmedia_publisher_options opts = {
		.listen_fd = listen_fd,
		.format = &format,
		.name = o->camera.card ? o->camera.card : vmedia_camera_source_name(p->source),
		.max_subscribers = o->max_subscribers,
		.ops = &ops,
		.priv = p,
	};

	return vmedia_publisher_create(p->loop, &opts, &p->pub);
}

void source_producer_finish(struct source_producer *p)
{
	if (!p->source)
		return;
	p->wanted = false;
	vmedia_timer_cancel(&p->again);
	if (p->busy && !cancel(p)) {
		p->busy = false;
		vmedia_publisher_put(p->pub);
	}
	vmedia_worker_destroy(p->worker);
	vmedia_publisher_destroy(p->pub);
	end_source(p);
	vmedia_camera_source_close(p->source);
}
