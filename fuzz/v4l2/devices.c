// SPDX-License-Identifier: BSD-3-Clause
/*
 * The devices behind the fuzzer: the cameras, and all that tests/devices has. Their pictures are
 * small and their time is short, so that a sequence takes microseconds; only the paced camera and
 * the workers of the file's have a time of their own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vmedia/camera.h>

#include "kinds.h"
#include "m2m.h"
#include "world.h"

#define CLIP_WIDTH	48
#define CLIP_HEIGHT	32
#define CLIP_FRAMES	5

static struct vmedia_limits limits(void)
{
	struct vmedia_limits l;

	vmedia_limits_default(&l);
	l.max_buffers = FZ_BUFS;
	l.max_bytes = 64u << 20;
	l.max_subscriptions = FZ_SUBS;
	return l;
}

/* ---- Cameras ---- */

/* A film of a few pictures in a file of its own, uncompressed: "YUV4MPEG2". */
static bool make_clip(int fd)
{
	static uint8_t picture[CLIP_WIDTH * CLIP_HEIGHT * 3 / 2];
	FILE *f = fdopen(fd, "wb");
	unsigned int i;
	bool ok;

	if (!f)
		return false;
	fprintf(f, "YUV4MPEG2 W%d H%d F5000:1 Ip A1:1 C420jpeg\n", CLIP_WIDTH, CLIP_HEIGHT);
	for (i = 0; i < CLIP_FRAMES; i++) {
		memset(picture, (int)(40 + i * 40), sizeof(picture));
		fprintf(f, "FRAME\n");
		fwrite(picture, 1, sizeof(picture), f);
	}
	ok = !ferror(f);
	return fclose(f) == 0 && ok;
}

static int camera(struct vmedia_loop *loop, const char *source, bool free_run,
		  struct vmedia_device **dev)
{
	struct vmedia_camera_options opts;
	char why[256];
	int err;

	vmedia_camera_options_init(&opts);
	opts.source = source;
	opts.free_run = free_run;
	opts.threads = 1;
	opts.num_sizes = 3;
	opts.sizes[0] = (struct vmedia_camera_size){ 32, 16 };
	opts.sizes[1] = (struct vmedia_camera_size){ 96, 64 };
	opts.sizes[2] = (struct vmedia_camera_size){ 17, 33 };
	opts.interval = (struct vmedia_fract){ 1, 5000 };
	opts.limits = limits();
	err = vmedia_camera_create(loop, &opts, why, sizeof(why), dev);
	if (err)
		fprintf(stderr, "fuzz_v4l2: %s\n", why);
	return err;
}

static int pattern(struct vmedia_loop *loop, const struct fz_device *d, struct vmedia_device **dev)
{
	return camera(loop, "pattern", !strcmp(d->name, "pattern"), dev);
}

static int file(struct vmedia_loop *loop, const struct fz_device *d, struct vmedia_device **dev)
{
	char path[] = "/tmp/fuzz-v4l2-XXXXXX", source[64];
	int fd = mkstemp(path), err = -EIO;

	if (fd < 0)
		return -errno;
	snprintf(source, sizeof(source), "file:%s", path);
	if (make_clip(fd))
		err = camera(loop, source, !strcmp(d->name, "file"), dev);
	unlink(path);
	return err;
}

/* ---- tests/devices ---- */

static int other_kind(struct vmedia_loop *loop, const struct fz_device *d,
		      struct vmedia_device **dev)
{
	struct vmedia_limits l = limits();
	struct kinds_options opts = { .name = d->fails ? "meta" : d->name,
				      .period_ns = 20000,
				      .fail_after = d->fails ? 3 : 0,
				      .limits = &l };

	return kinds_create(loop, &opts, dev);
}

static int m2m(struct vmedia_loop *loop, const struct fz_device *d, struct vmedia_device **dev)
{
	struct vmedia_limits l = limits();
	bool mplane = V4L2_TYPE_IS_MULTIPLANAR(d->types[0]);
	struct m2m_options opts = { .name = mplane ? "invert" : d->name,
				    .mplane = mplane,
				    .job_ns = 20000,
				    .max_width = 128,
				    .max_height = 96,
				    .limits = &l };

	return m2m_create(loop, &opts, dev);
}

static int stateful(struct vmedia_loop *loop, const struct fz_device *d, struct vmedia_device **dev)
{
	struct vmedia_limits l = limits();

	(void)d;
	return fz_encoder(loop, &l, dev);
}

#define CAMERA(named, how)                                                              \
	{ .name = named, .types = { V4L2_BUF_TYPE_VIDEO_CAPTURE }, .eos = true, .create = how }
#define KIND(named, type)                                                               \
	{ .name = named, .types = { V4L2_BUF_TYPE_##type }, .create = other_kind }
#define M2M(named, type, more...)                                                       \
	{ .name = named, .types = { V4L2_BUF_TYPE_VIDEO_OUTPUT##type,                   \
				    V4L2_BUF_TYPE_VIDEO_CAPTURE##type },                \
	  .per_session = true, .eos = true, .create = m2m, more }

const struct fz_device fz_devices[] = {
	CAMERA("pattern", pattern),
	CAMERA("pattern-paced", pattern),
	CAMERA("file", file),
	CAMERA("file-paced", file),
	M2M("invert", ),
	M2M("invert-mplane", _MPLANE),
	M2M("encoder", , .codec = true),
	M2M("decoder", , .codec = true, .moves = true),
	M2M("naive", , .codec = true, .moves = true),
	KIND("meta", META_CAPTURE),
	KIND("meta-out", META_OUTPUT),
	KIND("vbi", VBI_CAPTURE),
	KIND("vbi-out", VBI_OUTPUT),
	KIND("sliced", SLICED_VBI_CAPTURE),
	KIND("sdr", SDR_CAPTURE),
	KIND("sdr-out", SDR_OUTPUT),
	KIND("output", VIDEO_OUTPUT),
	{ .name = "failing", .types = { V4L2_BUF_TYPE_META_CAPTURE }, .fails = true,
	  .create = other_kind },
	{ .name = "stateful-encoder", .types = { V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE,
						 V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE },
	  .per_session = true, .eos = true, .codec = true, .master = true, .create = stateful },
};
const unsigned int fz_num_devices = sizeof(fz_devices) / sizeof(fz_devices[0]);
