/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The camera: pictures of our own making, or of a file, as a V4L2 capture device.
 *
 *	vmedia_camera_options_init(&opts);
 *	err = vmedia_camera_set_option(&opts, "source", "file:clip.avi", why, sizeof(why));
 *	err = vmedia_camera_create(loop, &opts, why, sizeof(why), &dev);
 *	err = vmedia_server_create(dev, &server_opts, &srv);
 *
 * Theory of operation: a source (struct vmedia_camera_source) knows its formats, sizes, intervals
 * and controls, and fills one buffer at a time. vmedia_camera_create() puts it behind the V4L2
 * framework of <vmedia/video.h>. The source is also usable alone, without V4L2 and virtio: that is
 * what vmedia-bench compares a whole device with.
 *
 * Sources:
 *	pattern		colour bars and other test pictures, a bouncing box, and the frame's number
 *			and time in digits
 *	file:PATH	whatever libavformat reads from one file: a film, looped without a seam, or
 *			a still picture. It is the module camera-file (<vmedia/module.h>): libav* is
 *			loaded only for those who use it
 *
 * What a guest sees of a file:
 *	stream		the one that the ffmpeg program takes: the largest, with 5,000,000 pixels
 *			more for the file's default; a cover picture only if there is nothing else
 *	orientation	a display matrix or an Exif orientation turns the picture, by quarters
 *	pixels		square: the side gets longer that is shown too short. Its own size comes
 *			first
 *	transparency	fades to black
 *	fields		V4L2_FIELD_INTERLACED_TB or _BT, scaled each on its own; V4L2_FIELD_NONE
 *			where heights are no multiples of 4, or the picture is turned on its side
 *	samples		as they are, where a pixel format has them; range and matrix as told.
 *			V4L2_PIX_FMT_MJPEG is full range BT.601, and the file's own packets where
 *			these are that
 *	colours		primaries and transfer function as the file says, where V4L2 has a name for
 *			them, otherwise the defaults; nothing is mapped from one to another
 *	time		frame n shows the picture of n intervals after the start. What passed, for
 *			want of buffers or since the decoder was slow, is passed over
 *	name		as many whole characters of the file's as fit
 *
 * Security model: destination buffers belong to a hostile guest, which may change them at any time.
 * A source writes each byte of them at most from its own memory, never reads one back, and never
 * writes outside of the rows of the picture: padding at the end of rows stays as it is. The file is
 * trusted no more: its demuxer may open nothing but the file itself (no playlist leads elsewhere),
 * pictures above VMEDIA_CAMERA_MAX_DIMENSION are refused, and what does not decode is skipped.
 */
#ifndef VMEDIA_CAMERA_H
#define VMEDIA_CAMERA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vmedia/device.h>
#include <vmedia/module.h>
#include <vmedia/v4l2.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VMEDIA_CAMERA_MAX_SIZES		32
/* Pixels a side. Pictures of a file have the same maximum; they may be smaller than the minimum. */
#define VMEDIA_CAMERA_MIN_DIMENSION	16
#define VMEDIA_CAMERA_MAX_DIMENSION	8192

struct vmedia_camera_size {
	uint32_t width, height;
};

/* ---- Options ---- */

/*
 * Zeroed and initialised by vmedia_camera_options_init(). Strings are borrowed until
 * vmedia_camera_create() returns.
 */
struct vmedia_camera_options {
	const char *source;		/* NULL: "pattern" */
	const char *card;		/* its name, 31 bytes at most; NULL: the source's */
	/* Seconds a frame, as V4L2 counts; 0/0: the source's own, 30 a second for the pattern */
	struct vmedia_fract interval;
	bool free_run;			/* no pacing: a frame whenever there is a buffer */
	uint32_t num_sizes;		/* 0: a usual list; a file's own size always comes first */
	struct vmedia_camera_size sizes[VMEDIA_CAMERA_MAX_SIZES];
	uint32_t threads;		/* decoding threads; 0: one a processor, at most 4 */
	struct vmedia_limits limits;
	uint64_t region_size;		/* bytes of shared memory region 0: 256 MiB; 0: none */
	const char *module_path;	/* where sources are that are modules (<vmedia/module.h>) */
};

void vmedia_camera_options_init(struct vmedia_camera_options *opts);

/*
 * The camera as a kind of device among others, with its table of options: what vhost-user-media
 * serves as "camera". It is part of the library, no file is loaded.
 */
const struct vmedia_module *vmedia_camera_module(void);

/*
 * vmedia_camera_set_option - what the command line's --@name=@value means
 * @why: receives one sentence that says what to do, without a newline
 *
 * Returns 0; -ENOENT: no such option; -EINVAL: a value that means nothing. @value is borrowed like
 * the strings above.
 */
int vmedia_camera_set_option(struct vmedia_camera_options *opts, const char *name,
			     const char *value, char *why, size_t why_size);

/* ---- The device ---- */

/*
 * vmedia_camera_create - open the source and make a device of it, ready for vmedia_server_create()
 *
 * Files are opened and probed here and never again, so that a sandbox may follow. Returns 0, and
 * @dev ends by vmedia_device_destroy(); or negative errno with a sentence in @why that says what to
 * do: -ENOENT and others of open() for a file; -EINVAL: unknown source, not a video, no video
 * stream; -ENOSYS: no decoder for it; -ESPIPE: not a regular file; -E2BIG: pictures too large;
 * -EIO: nothing in it decodes; -ENOMEM; of a source that is a module the errors of
 * vmedia_module_load(). Context: @loop's thread.
 */
int vmedia_camera_create(struct vmedia_loop *loop, const struct vmedia_camera_options *opts,
			 char *why, size_t why_size, struct vmedia_device **dev);

/* ---- The bare source ---- */

struct vmedia_camera_source;

/*
 * What a picture looks like in memory: one plane of memory, in which colour planes lie as
 * <vmedia/pixfmt.h> says.
 */
struct vmedia_camera_format {
	uint32_t pixelformat;		/* V4L2_PIX_FMT_* */
	uint32_t width, height;
	uint32_t bytesperline;		/* as in v4l2_pix_format: of the first plane; 0 for MJPG */
	uint32_t sizeimage;		/* bytes that a buffer must have */
	uint32_t colorspace, ycbcr_enc, quantization, xfer_func;	/* V4L2_COLORSPACE_*, ... */
	uint32_t field;			/* V4L2_FIELD_NONE, or of a file _INTERLACED_TB or _BT */
};

struct vmedia_camera_frame {
	void *data;			/* the buffer */
	size_t size;			/* its bytes */
	uint64_t sequence;		/* number of the frame since the start */
	uint64_t time_ns;		/* its time since the start */
	size_t bytesused;		/* result: bytes of the picture */
};

struct vmedia_camera_control {
	uint32_t id;			/* V4L2_CID_* */
	uint32_t type;			/* V4L2_CTRL_TYPE_INTEGER, BOOLEAN or MENU */
	const char *name;
	int32_t minimum, maximum, step, default_value;
	const char *const *menu;	/* MENU: maximum + 1 names */
};

/*
 * vmedia_camera_source_open - open opts->source alone. Errors and @why as for
 * vmedia_camera_create().
 * vmedia_camera_source_close - NULL is taken; stops it first if need be.
 */
int vmedia_camera_source_open(const struct vmedia_camera_options *opts, char *why, size_t why_size,
			      struct vmedia_camera_source **src);
void vmedia_camera_source_close(struct vmedia_camera_source *src);

/*
 * What it offers, index by index, the default first; the same sizes and intervals go with every
 * pixel format. 0, or -EINVAL past the end. Constant while the source lives. Context: any thread.
 */
int vmedia_camera_source_format(const struct vmedia_camera_source *src, uint32_t index,
				uint32_t *pixelformat);
int vmedia_camera_source_size(const struct vmedia_camera_source *src, uint32_t index,
			      struct vmedia_camera_size *size);
int vmedia_camera_source_interval(const struct vmedia_camera_source *src, uint32_t index,
				  struct vmedia_fract *interval);
const struct vmedia_camera_control *
vmedia_camera_source_controls(const struct vmedia_camera_source *src, uint32_t *count);
/* A name for the guest: "vmedia pattern", or that of the file. Lives as long as @src. */
const char *vmedia_camera_source_name(const struct vmedia_camera_source *src);

/*
 * vmedia_camera_source_try - make @fmt one that the source has, as TRY_FMT does: an unknown pixel
 * format becomes the default one, the size the nearest one; bytesperline is kept if it is large
 * enough and reasonable (at most four times the necessary), the rest is filled in. Never fails.
 * Context: any thread.
 */
void vmedia_camera_source_try(const struct vmedia_camera_source *src,
			      struct vmedia_camera_format *fmt);

/*
 * vmedia_camera_source_start - get ready for frames of @fmt, which vmedia_camera_source_try()
 * leaves as it is, from the first picture on. Returns 0; -EINVAL: another @fmt, or started already;
 * -ENOMEM; -EIO.
 *
 * vmedia_camera_source_fill - write the next picture. Does not wait for its time. Returns 0;
 * -ENOSPC: the buffer is shorter than sizeimage (for MJPG: than the picture); -EIO: nothing decodes
 * any more; -ECANCELED: see interrupt; -EINVAL: not started.
 *
 * vmedia_camera_source_stop - the end of that; nothing if not started.
 *
 * Context: any one thread at a time.
 */
int vmedia_camera_source_start(struct vmedia_camera_source *src,
			       const struct vmedia_camera_format *fmt,
			       const struct vmedia_fract *interval);
int vmedia_camera_source_fill(struct vmedia_camera_source *src, struct vmedia_camera_frame *frame);
void vmedia_camera_source_stop(struct vmedia_camera_source *src);

/*
 * Make a fill that waits for slow storage return -ECANCELED, until the next start. Context: any
 * thread.
 */
void vmedia_camera_source_interrupt(struct vmedia_camera_source *src);

/*
 * vmedia_camera_source_set_control - takes effect with the next fill. 0; -EINVAL: no such control;
 * -ERANGE: value out of range. Context: any thread, also during a fill.
 */
int vmedia_camera_source_set_control(struct vmedia_camera_source *src, uint32_t id, int32_t value);

/* ---- The pattern's stamp ---- */

/*
 * vmedia_camera_read_stamp - read the digits back from the luma (or grey, or one colour) plane of a
 * pattern picture
 * @pixel_step: bytes from one pixel of a row to the next: 1 for NV12, 2 for YUYV, 3 for RGB3
 * @sequence: number of the frame modulo 100,000,000
 * @time_ns: its time since the start in whole milliseconds, modulo 100 hours
 *
 * Returns 0; -EINVAL: the picture is too small to have one (below 80x24); -EILSEQ: what is there is
 * no number.
 */
int vmedia_camera_read_stamp(const uint8_t *luma, size_t stride, size_t pixel_step, uint32_t width,
			     uint32_t height, uint64_t *sequence, uint64_t *time_ns);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_CAMERA_H */
