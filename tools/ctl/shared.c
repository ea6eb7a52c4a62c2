/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --source: the pictures of a publisher (<vmedia/share.h>) in place of those of a device.
 *
 * Security model: the publisher is foreign, as a device is. The pictures are in memory that it can
 * change while they are shown: they are samples, of which each value is valid. A coded format could
 * not be read so, and is refused.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <vmedia/share.h>

#include "capture.h"
#include "ctl.h"
#include "sink.h"

struct shared {
	const struct ctl_options *o;
	struct vmedia_subscriber *sub;
	const struct vmedia_subscriber_info *info;
	struct ctl_sink sink;
	struct ctl_picture pic;		/* without its data */
	uint64_t seen, kept, damaged, missed;
	double first_time, last_time;
};

static int advise(const struct ctl_options *o, int err, const char *text)
{
	ctl_fail_text("--source=%s: %s", o->source, text);
	return err;
}

static int connect_publisher(struct shared *s)
{
	int fd = vmedia_subscriber_connect(s->o->source), err = fd;
	char text[160];

	if (fd >= 0)
		err = vmedia_subscriber_create(fd, &s->sub);
	if (err == -ENOTSOCK)
		return advise(s->o, CTL_ERR_USAGE,
			      "this is no socket; give the --publish of a running vmedia-source");
	if (err < 0) {
		snprintf(text, sizeof(text), "%s; give the --publish of a running vmedia-source",
			 strerror(-err));
		return advise(s->o, CTL_ERR_USAGE, text);
	}
	return 0;
}

/* --timeout, or twice the interval of a slow source. */
static int patience_ms(const struct shared *s)
{
	uint64_t ms = 0;

	if (s->info && s->info->format.interval_denominator)
		ms = 2000ull * s->info->format.interval_numerator /
		     s->info->format.interval_denominator;
	if (ms > INT_MAX)
		return INT_MAX;
	return (int)ms > s->o->connect.timeout_ms ? (int)ms : s->o->connect.timeout_ms;
}

/* Wait for messages and read them. Returns 0, or negative errno after a line, or -EINTR. */
static int process(struct shared *s, const char *what)
{
	struct pollfd fd = { .fd = vmedia_subscriber_fd(s->sub), .events = POLLIN };
	int ret = poll(&fd, 1, patience_ms(s));
	char why[256];

	if (ret < 0)
		return errno == EINTR ? -EINTR : ctl_fail("poll", -errno);
	if (ret == 0)
		return ctl_fail(what, -ETIMEDOUT);
	ret = vmedia_subscriber_process(s->sub, why, sizeof(why));
	return ret < 0 ? advise(s->o, ret, why) : 0;
}

static int meet(struct shared *s)
{
	int ret = 0;

	while (ret == 0 && !s->info && !ctl_interrupted()) {
		ret = process(s, "the publisher does not answer");
		s->info = vmedia_subscriber_info(s->sub);
	}
	return ret;
}

static void describe(struct shared *s)
{
	const struct vmedia_share_format *f = &s->info->format;

	s->pic = (struct ctl_picture){
		.pixelformat = f->pixelformat,
		.width = f->width,
		.height = f->height,
		.num_planes = 1,
		.bytesperline = { f->bytesperline },
		.field = f->field,
	};
	ctl_picture_colours(&s->pic, f->colorspace, f->ycbcr_enc, f->quantization);
}

static void show(const struct shared *s)
{
	const struct vmedia_share_format *f = &s->info->format;
	char text[CTL_TEXT], fourcc[8];

	ctl_fourcc(f->pixelformat, fourcc);
	printf("Source            : %s\n", ctl_text(text, s->info->name, sizeof(s->info->name)));
	printf("Pixel Format      : '%s'\n", ctl_text(text, fourcc, sizeof(fourcc)));
	printf("Width/Height      : %u/%u\n", f->width, f->height);
	if (f->interval_numerator)
		printf("Frames per second : %.3f\n",
		       (double)f->interval_denominator / f->interval_numerator);
}

static int show_frame(struct shared *s, const struct vmedia_subscriber_frame *f)
{
	char status[128];
	int ret;

	s->last_time = ctl_now();
	if (!s->seen++)
		s->first_time = s->last_time;
	s->missed = f->missed;
	if (s->seen <= s->o->stream.skip)
		return 0;
	s->pic.data[0] = f->data;
	s->pic.bytesused[0] = f->bytesused;
	snprintf(status, sizeof(status), "frame %llu  %.2f fps  missed %llu",
		 (unsigned long long)s->seen,
		 s->seen > 1 ? (double)(s->seen - 1) / (s->last_time - s->first_time) : 0.0,
		 (unsigned long long)s->missed);
	ret = ctl_sink_put(&s->sink, &s->pic, status);
	s->kept += ret == 0;
	s->damaged += ret == -EBADMSG;
	return ret == -EBADMSG ? 0 : ret;
}

static int next_frame(struct shared *s)
{
	struct vmedia_subscriber_frame f;
	int ret = vmedia_subscriber_next(s->sub), err;

	if (ret < 0)
		return advise(s->o, ret, "the publisher is gone");
	while (ret == 0 && !vmedia_subscriber_take(s->sub, &f)) {
		bool signal = vmedia_subscriber_signal(s->sub, &err);

		/* A live source may have some soon. */
		if (!signal && err != -ENODATA)
			return ctl_fail("the source has no pictures", err);
		ret = process(s, signal ? "no frame came" : "the source has no pictures");
	}
	if (ret < 0)
		return ret;
	ret = show_frame(s, &f);
	vmedia_subscriber_release(s->sub, f.slot);
	return ret;
}

static void summary(const struct shared *s, uint64_t bytes)
{
	double t = s->last_time - s->first_time;

	if (s->o->silent)
		return;
	fprintf(stderr, "%llu frames, %.2f fps, %llu missed", (unsigned long long)s->seen,
		t > 0 ? (double)(s->seen - 1) / t : 0.0, (unsigned long long)s->missed);
	if (s->damaged)
		fprintf(stderr, ", %llu damaged", (unsigned long long)s->damaged);
	if (s->o->stream.to)
		fprintf(stderr, ", %llu bytes to %s", (unsigned long long)bytes, s->o->stream.to);
	fputc('\n', stderr);
}

static int stream(struct shared *s)
{
	const struct vmedia_share_format *f = &s->info->format;
	const struct ctl_stream_options *o = &s->o->stream;
	struct vmedia_fract rate = { f->interval_denominator, f->interval_numerator };
	uint64_t bytes;
	int ret;

	if (ctl_picture_av(f->pixelformat) == AV_PIX_FMT_NONE)
		return ctl_fail_text("the source has coded pictures, which are not shown");
	ctl_catch_interrupts();
	ret = ctl_sink_open(&s->sink, o, &s->pic, rate);
	if (ret == 0 && vmedia_subscriber_start(s->sub))
		ret = advise(s->o, -ECONNRESET, "the publisher is gone");
	while (ret == 0 && !ctl_interrupted() && (!o->count || s->kept + s->damaged < o->count))
		ret = next_frame(s);
	if (ret == -EINTR && ctl_interrupted())
		ret = 0;
	bytes = s->sink.bytes;
	ret = ctl_sink_close(&s->sink, ret);
	vmedia_subscriber_stop(s->sub);
	summary(s, bytes);
	return ret;
}

int ctl_shared(const struct ctl_options *o)
{
	struct shared s = { .o = o };
	int ret = connect_publisher(&s);

	if (ret == 0)
		ret = meet(&s);
	if (ret == 0 && s.info) {
		describe(&s);
		if (o->info || o->all || !o->stream.capture.type)
			show(&s);
		if (o->stream.capture.type)
			ret = stream(&s);
	}
	vmedia_subscriber_destroy(s.sub);
	/* What listens there is no publisher, or another version of one. */
	return ret == -EPROTO || ret == -EPROTONOSUPPORT ? CTL_ERR_USAGE : ret;
}
