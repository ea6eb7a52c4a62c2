/* SPDX-License-Identifier: BSD-3-Clause */
/* Devices of the rarer buffer types: see kinds.h. */
#include "kinds.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/videodev2.h>

#include <vmedia/video.h>

#include "base/checked.h"
#include "base/fd.h"
#include "base/loop.h"

#define STDS		(V4L2_STD_PAL | V4L2_STD_NTSC_M)
#define LINE		1440
#define RADIO_CAPS	(V4L2_TUNER_CAP_1HZ | V4L2_TUNER_CAP_FREQ_BANDS)
#define BAND_LOW	300000u
#define BAND_HIGH	2000000u

static struct {
	struct vmedia_timer timer;	/* of the next frame, while streaming */
	struct vmedia_queue *queue;
	struct vmedia_buf *ready[32];
	unsigned int num;
	uint8_t count;
	bool streaming;			/* and not in error */
	uint64_t period_ns;
	unsigned long frames, fail_after;
	bool output;
	uint32_t radio;			/* type of a tuner; 0: none */
	uint64_t std;			/* 0: none */
	bool sliced;
	uint32_t frequency;
} kind;

/* ---- Frames ---- */

static void frame(struct vmedia_timer *timer)
{
	struct vmedia_buf *b = kind.ready[0];

	if (kind.fail_after && kind.frames == kind.fail_after) {
		kind.num = 0;
		kind.streaming = false;
		vmedia_queue_error(kind.queue);
		return;
	}
	vmedia_timer_arm(timer, vmedia_now_ns() + kind.period_ns);
	if (!kind.num)
		return;
	kind.frames++;
	memmove(kind.ready, kind.ready + 1, --kind.num * sizeof(kind.ready[0]));
	kind.count++;
	if (!kind.output) {
		memset(vmedia_buf_plane(b, 0), kind.count, b->planes[0].length);
		b->planes[0].bytesused = b->planes[0].length;
	}
	vmedia_buf_done(b, VMEDIA_BUF_DONE);
}

static void buf_queue(struct vmedia_buf *b)
{
	if (kind.num < VMEDIA_ARRAY_SIZE(kind.ready))
		kind.ready[kind.num++] = b;
	else
		vmedia_buf_done(b, VMEDIA_BUF_ERROR);
}

static int start_streaming(struct vmedia_queue *q, uint32_t count)
{
	(void)count;
	kind.queue = q;
	kind.frames = 0;
	kind.streaming = true;
	vmedia_timer_arm(&kind.timer, vmedia_now_ns() + kind.period_ns);
	return 0;
}

static int stop_streaming(struct vmedia_queue *q, bool final)
{
	(void)q;
	(void)final;
	kind.streaming = false;
	vmedia_timer_cancel(&kind.timer);
	while (kind.num)
		vmedia_buf_done(kind.ready[--kind.num], VMEDIA_BUF_ERROR);
	return 0;
}

static const struct vmedia_queue_ops queue_ops = {
	.buf_queue = buf_queue,
	.start_streaming = start_streaming,
	.stop_streaming = stop_streaming,
};

/* ---- What the framework has no answer to ---- */

static int enum_std(struct vmedia_standard *s)
{
	static const struct {
		uint64_t id;
		const char *name;
		uint32_t period, lines;
	} stds[] = {
		{ V4L2_STD_PAL, "PAL", 40000, 625 },
		{ V4L2_STD_NTSC_M, "NTSC-M", 33367, 525 },
	};
	uint32_t i = s->index;

	if (i >= VMEDIA_ARRAY_SIZE(stds))
		return -EINVAL;
	*s = (struct vmedia_standard){ .index = i, .id = stds[i].id,
				       .frameperiod = { stds[i].period, 1000000 },
				       .framelines = stds[i].lines };
	if (i == 1)
		s->frameperiod = (struct vmedia_fract){ 1001, 30000 };
	else
		s->frameperiod = (struct vmedia_fract){ 1, 25 };
	memcpy(s->name, stds[i].name, strlen(stds[i].name));
	return 0;
}

static int tv(struct vmedia_ioctl *io)
{
	switch (io->info->nr) {
	case VMEDIA_NR_ENUMSTD:
		return enum_std(&io->arg.standard);
	case VMEDIA_NR_G_STD:
		io->arg.std = kind.std;
		return 0;
	case VMEDIA_NR_S_STD:
		if (!(io->arg.std & STDS))
			return -EINVAL;
		if (vmedia_queue_busy(kind.queue) && io->arg.std != kind.std)
			return -EBUSY;
		kind.std = io->arg.std & STDS;
		return 0;
	case VMEDIA_NR_QUERYSTD:
		io->arg.std = STDS;
		return 0;
	case VMEDIA_NR_G_SLICED_VBI_CAP:
		if (!kind.sliced)
			return -ENOTTY;
		if (io->arg.sliced_vbi_cap.type != V4L2_BUF_TYPE_SLICED_VBI_CAPTURE)
			return -EINVAL;
		io->arg.sliced_vbi_cap = (struct vmedia_sliced_vbi_cap){
			.service_set = V4L2_SLICED_CAPTION_525,
			.type = V4L2_BUF_TYPE_SLICED_VBI_CAPTURE,
		};
		io->arg.sliced_vbi_cap.service_lines[0][21] = V4L2_SLICED_CAPTION_525;
		io->arg.sliced_vbi_cap.service_lines[1][21] = V4L2_SLICED_CAPTION_525;
		return 0;
	}
	return -ENOTTY;
}

static int tuner(struct vmedia_tuner *t)
{
	if (t->index)
		return -EINVAL;
	*t = (struct vmedia_tuner){ .name = "SDR", .type = kind.radio, .capability = RADIO_CAPS,
				    .rangelow = BAND_LOW, .rangehigh = BAND_HIGH };
	return 0;
}

static int modulator(struct vmedia_modulator *m)
{
	if (m->index)
		return -EINVAL;
	*m = (struct vmedia_modulator){ .name = "SDR", .type = kind.radio, .capability = RADIO_CAPS,
					.rangelow = BAND_LOW, .rangehigh = BAND_HIGH };
	return 0;
}

static int bands(struct vmedia_frequency_band *b)
{
	if (b->tuner || b->index || b->type != kind.radio)
		return -EINVAL;
	*b = (struct vmedia_frequency_band){ .type = kind.radio, .capability = RADIO_CAPS,
					     .modulation = V4L2_BAND_MODULATION_AM,
					     .rangelow = BAND_LOW, .rangehigh = BAND_HIGH };
	return 0;
}

static int frequency(struct vmedia_frequency *f, bool set)
{
	if (f->tuner || (set && f->type != kind.radio))
		return -EINVAL;
	if (set)
		kind.frequency = f->frequency < BAND_LOW ? BAND_LOW :
				 f->frequency > BAND_HIGH ? BAND_HIGH : f->frequency;
	*f = (struct vmedia_frequency){ .type = kind.radio, .frequency = kind.frequency };
	return 0;
}

static int radio(struct vmedia_ioctl *io)
{
	switch (io->info->nr) {
	case VMEDIA_NR_G_TUNER:
		return kind.output ? -ENOTTY : tuner(&io->arg.tuner);
	case VMEDIA_NR_S_TUNER:
		return kind.output ? -ENOTTY : io->arg.tuner.index ? -EINVAL : 0;
	case VMEDIA_NR_G_MODULATOR:
		return kind.output ? modulator(&io->arg.modulator) : -ENOTTY;
	case VMEDIA_NR_S_MODULATOR:
		return !kind.output ? -ENOTTY : io->arg.modulator.index ? -EINVAL : 0;
	case VMEDIA_NR_ENUM_FREQ_BANDS:
		return bands(&io->arg.frequency_band);
	case VMEDIA_NR_G_FREQUENCY:
		return frequency(&io->arg.frequency, false);
	case VMEDIA_NR_S_FREQUENCY:
		return frequency(&io->arg.frequency, true);
	}
	return -ENOTTY;
}

static int other_ioctl(struct vmedia_ctx *ctx, struct vmedia_request *req)
{
	struct vmedia_ioctl *io = vmedia_request_ioctl(req);

	(void)ctx;
	return kind.std ? tv(io) : kind.radio ? radio(io) : -ENOTTY;
}

static void set_fmt(struct vmedia_queue *q, const struct vmedia_format *f)
{
	(void)f;
	kind.queue = q;
}

/* Frames are written into the driver's own pages too: none while it is paused. */
static void suspend(struct vmedia_ctx *ctx, bool on)
{
	(void)ctx;
	if (on)
		vmedia_timer_cancel(&kind.timer);
	else if (kind.streaming && !vmedia_timer_armed(&kind.timer))
		vmedia_timer_arm(&kind.timer, vmedia_now_ns() + kind.period_ns);
}

static const struct vmedia_video_ops ops = {
	.ioctl = other_ioctl,
	.set_fmt = set_fmt,
	.suspend = suspend,
};

/* ---- Configurations ---- */

static const struct vmedia_format_config meta[] = {
	{ .pixelformat = V4L2_META_FMT_UVC, .sizeimage = 4096 },
};
static const struct vmedia_format_config sdr[] = {
	{ .pixelformat = V4L2_SDR_FMT_CU8, .sizeimage = 65536 },
	{ .pixelformat = V4L2_SDR_FMT_CS8, .sizeimage = 65536 },
};
static const struct vmedia_frame_size size = { .width = 320, .height = 240 };
static const struct vmedia_format_config picture[] = {
	{ .pixelformat = V4L2_PIX_FMT_GREY, .sizes = &size, .num_sizes = 1 },
};
static const struct vmedia_format vbi = {
	.fmt.vbi = { .sampling_rate = 25000000, .offset = 24, .samples_per_line = LINE,
		     .sample_format = V4L2_PIX_FMT_GREY, .start = { 6, 318 }, .count = { 16, 16 } },
};
static const struct vmedia_format sliced = {
	.fmt.sliced = { .service_set = V4L2_SLICED_CAPTION_525,
			.service_lines = { [0][21] = V4L2_SLICED_CAPTION_525,
					   [1][21] = V4L2_SLICED_CAPTION_525 },
			.io_size = sizeof(struct v4l2_sliced_vbi_data) * 36 },
};

static const struct vmedia_video_io input = { .name = "TV", .std = STDS,
					      .capabilities = V4L2_IN_CAP_STD };
static const struct vmedia_video_io sensor = { .name = "Sensor" };
static const struct vmedia_video_io sink = { .name = "Sink" };
static const struct vmedia_video_io tv_output = { .name = "TV", .std = STDS,
						  .capabilities = V4L2_OUT_CAP_STD };

static const struct {
	const char *name;
	uint32_t type, device_type, radio;
	const struct vmedia_format_config *formats;
	const struct vmedia_format *initial;
} kinds[] = {
	{ "meta", V4L2_BUF_TYPE_META_CAPTURE, 0, 0, meta, NULL },
	{ "meta-out", V4L2_BUF_TYPE_META_OUTPUT, 0, 0, meta, NULL },
	{ "vbi", V4L2_BUF_TYPE_VBI_CAPTURE, 1, 0, NULL, &vbi },
	{ "vbi-out", V4L2_BUF_TYPE_VBI_OUTPUT, 1, 0, NULL, &vbi },
	{ "sliced", V4L2_BUF_TYPE_SLICED_VBI_CAPTURE, 1, 0, NULL, &sliced },
	{ "sdr", V4L2_BUF_TYPE_SDR_CAPTURE, 4, V4L2_TUNER_SDR, sdr, NULL },
	{ "sdr-out", V4L2_BUF_TYPE_SDR_OUTPUT, 4, V4L2_TUNER_SDR, sdr, NULL },
	{ "output", V4L2_BUF_TYPE_VIDEO_OUTPUT, 0, 0, picture, NULL },
};

static struct vmedia_queue_config queue;
static struct vmedia_video_config config;
static char card[32];

static void configure_io(void)
{
	if (queue.initial) {
		kind.std = V4L2_STD_PAL;
		kind.sliced = queue.type == V4L2_BUF_TYPE_SLICED_VBI_CAPTURE;
		config.inputs = kind.output ? NULL : &input;
		config.num_inputs = !kind.output;
		config.outputs = kind.output ? &tv_output : NULL;
		config.num_outputs = kind.output;
	}
	if (queue.formats == meta) {
		config.inputs = kind.output ? NULL : &sensor;
		config.num_inputs = !kind.output;
		config.outputs = kind.output ? &sink : NULL;
		config.num_outputs = kind.output;
	}
}

int kinds_create(struct vmedia_loop *loop, const struct kinds_options *opts,
		 struct vmedia_device **dev)
{
	unsigned int i;

	for (i = 0; strcmp(kinds[i].name, opts->name); i++)
		if (i + 1 == VMEDIA_ARRAY_SIZE(kinds))
			return -ENOENT;
	memset(&kind, 0, sizeof(kind));
	vmedia_timer_init(loop, &kind.timer, frame);
	kind.period_ns = opts->period_ns;
	kind.fail_after = opts->fail_after;
	kind.output = V4L2_TYPE_IS_OUTPUT(kinds[i].type);
	kind.radio = kinds[i].radio;
	kind.frequency = BAND_LOW;
	queue = (struct vmedia_queue_config){
		.type = kinds[i].type,
		.formats = kinds[i].formats,
		.num_formats = kinds[i].formats == sdr ? 2 : kinds[i].formats ? 1 : 0,
		.initial = kinds[i].initial,
		.ops = &queue_ops,
	};
	snprintf(card, sizeof(card), "vmedia test %s", opts->name);
	config = (struct vmedia_video_config){
		.card = card,
		.device_type = kinds[i].device_type,
		.queues = &queue,
		.num_queues = 1,
		.ops = &ops,
		.limits = opts->limits,
	};
	if (kind.radio)
		config.device_caps = kind.output ? V4L2_CAP_MODULATOR : V4L2_CAP_TUNER;
	configure_io();
	return vmedia_video_create(loop, &config, dev);
}
