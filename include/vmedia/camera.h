/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The camera: a V4L2 capture device whose pictures are made by the library or read from a file.
 *
 *	vmedia_camera_options_init(&opts);
 *	err = vmedia_camera_set_option(&opts, "source", "file:clip.avi", why, sizeof(why));
 *	err = vmedia_camera_create(loop, &opts, why, sizeof(why), &dev);
 *	err = vmedia_server_create(dev, &server_opts, &srv);
 *
 * Theory of operation: a source (struct vmedia_camera_source) has formats, sizes, intervals and
 * controls, and fills one buffer at a time. vmedia_camera_create() makes a device of it with the
 * V4L2 framework of <vmedia/video.h>. A program can also use a source alone, without V4L2 and
 * virtio. vmedia-bench compares a whole device with that.
 *
 * Sources:
 *	pattern		colour bars and other test pictures, a bouncing box, and the frame's number
 *			and time in digits
 *	file:PATH	a file that libavformat can read: a film, looped without a gap, or a
 *			still picture. It is the module camera-file (<vmedia/module.h>), so
 *			libav* is loaded only if it is used
 *	shared:SOCKET	the pictures of a publisher (<vmedia/share.h>, vmedia-source), which several
 *			cameras and programs show at once. It is the module camera-shared
 *	fifo:PATH	what another program writes to a FIFO. It is live: for a publisher
 *			(vmedia-source) only, not for a camera. It is the module camera-fifo
 *
 * Shared pictures: converted once to the guest's format and size, or copied if both are the
 * publisher's. The newest one is shown at each of the guest's intervals, with the publisher's time.
 * Without a publisher, or while it has no pictures, the camera shows "no signal"; it connects again
 * by itself. Formats and sizes are listed as the publisher has them when the camera is created.
 *
 * The pictures of a file:
 *	stream		the one that the ffmpeg program takes: the largest, with 5,000,000 pixels
 *			more for the file's default; a cover picture only if there is nothing else
 *	orientation	a display matrix or an Exif orientation turns the picture, in steps of 90
 *			degrees
 *	pixels		square: other pixels are stretched on their shorter side. The picture's own
 *			size is the first of the list
 *	transparency	fades to black
 *	fields		V4L2_FIELD_INTERLACED_TB or _BT, each scaled separately; V4L2_FIELD_NONE
 *			if a height is no multiple of 4, or if the picture is turned on its side
 *	samples		unchanged if the pixel format can hold them; range and matrix are the
 *			file's. V4L2_PIX_FMT_MJPEG is full range BT.601: the file's own packets if
 *			they are in that format
 *	colours		primaries and transfer function of the file if V4L2 has a name for them,
 *			otherwise the defaults; colours are not converted
 *	time		frame n shows the picture of n intervals after the start. Pictures that are
 *			late, because no buffer was queued or the decoder was slow, are skipped
 *	name		the file's name, cut to as many whole characters as fit
 *
 * Security model: destination buffers belong to a hostile guest, which may change them at any time.
 * A source writes each byte at most once, from its own memory. It never reads one back, and never
 * writes outside the rows of the picture: padding at the end of rows stays unchanged. The file is
 * not trusted either: its demuxer can open nothing but the file itself, so a playlist leads nowhere
 * else. Pictures above VMEDIA_CAMERA_MAX_DIMENSION are refused. Packets that cannot be decoded are
 * skipped.
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
 * vmedia_camera_options_init() sets the defaults. Strings are borrowed until vmedia_camera_create()
 * returns.
 */
struct vmedia_camera_options {
	const char *source;		/* NULL: "pattern" */
	const char *card;		/* its name, 31 bytes at most; NULL: the source's */
	/* Seconds from frame to frame, as in V4L2; 0/0: the source's own, 1/30 for the pattern */
	struct vmedia_fract interval;
	bool free_run;			/* no pacing: a frame for each queued buffer */
	uint32_t num_sizes;		/* 0: a default list; a file's own size comes first */
	struct vmedia_camera_size sizes[VMEDIA_CAMERA_MAX_SIZES];
	uint32_t threads;		/* decoding threads; 0: one for each CPU, at most 4 */
	struct vmedia_limits limits;
	uint64_t region_size;		/* bytes of shared memory region 0: 256 MiB; 0: none */
	const char *module_path;	/* folder of source modules (<vmedia/module.h>) */
	int opener;			/* as in struct vmedia_module_args; -1: none */
};

void vmedia_camera_options_init(struct vmedia_camera_options *opts);

/*
 * Return the camera as a kind of device, with its table of options. vhost-user-media serves it as
 * "camera". It is part of the library; no file is loaded.
 */
const struct vmedia_module *vmedia_camera_module(void);

/*
 * vmedia_camera_set_option - set one option as the command line's --@name=@value does
 * @why: receives one sentence that tells what to do, without a newline
 *
 * Returns 0; -ENOENT: no such option; -EINVAL: not a valid value. @value is borrowed until
 * vmedia_camera_create() returns.
 */
int vmedia_camera_set_option(struct vmedia_camera_options *opts, const char *name,
			     const char *value, char *why, size_t why_size);

/* ---- The device ---- */

/*
 * vmedia_camera_create - open the source and make a device of it, ready for vmedia_server_create()
 *
 * Files are opened and probed here, and never opened later, so a sandbox can start afterwards.
 * Returns 0; the caller destroys @dev with vmedia_device_destroy(). On error returns negative
 * errno, with a sentence in @why that tells what to do: -ENOENT and other errors of open() for a
 * file; -EINVAL: unknown source, not a video, no video stream; -ENOSYS: no decoder for it; -ESPIPE:
 * not a regular file; -E2BIG: pictures too large; -EIO: nothing in it can be decoded; -ENOMEM; for
 * a source in a module the errors of vmedia_module_load(). Context: @loop's thread.
 */
int vmedia_camera_create(struct vmedia_loop *loop, const struct vmedia_camera_options *opts,
			 char *why, size_t why_size, struct vmedia_device **dev);

/* ---- The bare source ---- */

struct vmedia_camera_source;

/*
 * The layout of a picture in memory: one plane of memory, with the colour planes as in
 * <vmedia/pixfmt.h>.
 */
struct vmedia_camera_format {
	uint32_t pixelformat;		/* V4L2_PIX_FMT_* */
	uint32_t width, height;
	uint32_t bytesperline;		/* as in v4l2_pix_format: of the first plane; 0 for MJPG */
	uint32_t sizeimage;		/* bytes that a buffer must have */
	uint32_t colorspace, ycbcr_enc, quantization, xfer_func;	/* V4L2_COLORSPACE_*, ... */
	uint32_t field;			/* V4L2_FIELD_NONE; a file also _INTERLACED_TB, _BT */
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
 * vmedia_camera_source_close - close it. Stops it first if it was started. NULL is allowed.
 */
int vmedia_camera_source_open(const struct vmedia_camera_options *opts, char *why, size_t why_size,
			      struct vmedia_camera_source **src);
void vmedia_camera_source_close(struct vmedia_camera_source *src);

/*
 * List what the source offers, by index, the default first. All pixel formats have the same sizes
 * and intervals. Returns 0, or -EINVAL past the end. The lists do not change while the source
 * exists. Context: any thread.
 */
int vmedia_camera_source_format(const struct vmedia_camera_source *src, uint32_t index,
				uint32_t *pixelformat);
int vmedia_camera_source_size(const struct vmedia_camera_source *src, uint32_t index,
			      struct vmedia_camera_size *size);
int vmedia_camera_source_interval(const struct vmedia_camera_source *src, uint32_t index,
				  struct vmedia_fract *interval);
const struct vmedia_camera_control *
vmedia_camera_source_controls(const struct vmedia_camera_source *src, uint32_t *count);
/* Return a name for the guest: "vmedia pattern", or the name of the file. Valid as long as @src. */
const char *vmedia_camera_source_name(const struct vmedia_camera_source *src);

/*
 * vmedia_camera_source_try - change @fmt to one that the source supports, as TRY_FMT does
 *
 * An unknown pixel format becomes the default one. The size becomes the nearest one. bytesperline
 * is kept if it is at least the necessary value and at most four times that. The other members are
 * filled in. Never fails. Context: any thread.
 */
void vmedia_camera_source_try(const struct vmedia_camera_source *src,
			      struct vmedia_camera_format *fmt);

/*
 * vmedia_camera_source_start - prepare for frames of @fmt, beginning with the first picture.
 * vmedia_camera_source_try() must leave @fmt unchanged. Returns 0; -EINVAL: @fmt is not supported,
 * or the source is already started; -ENOMEM; -EIO.
 *
 * vmedia_camera_source_fill - write the next picture. Does not wait for its time. Returns 0;
 * -ENOSPC: the buffer is shorter than sizeimage (for MJPG: than the picture); -EIO: nothing can be
 * decoded any more; -ECANCELED: vmedia_camera_source_interrupt() was called; -EINVAL: not started.
 *
 * vmedia_camera_source_stop - stop. Does nothing if not started.
 *
 * Context: one thread at a time, any thread.
 */
int vmedia_camera_source_start(struct vmedia_camera_source *src,
			       const struct vmedia_camera_format *fmt,
			       const struct vmedia_fract *interval);
int vmedia_camera_source_fill(struct vmedia_camera_source *src, struct vmedia_camera_frame *frame);
void vmedia_camera_source_stop(struct vmedia_camera_source *src);

/*
 * Make a fill that waits for slow storage return -ECANCELED; lasts until the next start. Context:
 * any thread.
 */
void vmedia_camera_source_interrupt(struct vmedia_camera_source *src);

/*
 * vmedia_camera_source_set_control - set a control from the next fill on. Returns 0; -EINVAL: no
 * such control; -ERANGE: value out of range. Context: any thread, also during a fill.
 */
int vmedia_camera_source_set_control(struct vmedia_camera_source *src, uint32_t id, int32_t value);

/* ---- Live sources ---- */

/*
 * vmedia_camera_source_is_live - true if pictures come when they come, not when they are wanted
 *
 * A camera cannot show such a source: vmedia_camera_create() refuses it with -EINVAL. A program
 * publishes it (<vmedia/share.h>), and the camera shows what is published. Context: any thread.
 */
bool vmedia_camera_source_is_live(const struct vmedia_camera_source *src);

/*
 * vmedia_camera_source_next - wait for the next picture of a live source, which fill then writes
 * @time_ns: receives its time, CLOCK_MONOTONIC
 *
 * Returns 0; -EAGAIN: there was none for a second or more, and the source goes on looking when it
 * is called again; -ECANCELED: vmedia_camera_source_interrupt() was called; -EINVAL: not started,
 * or not live. Fill returns -EAGAIN for a picture that cannot be shown. Context: as fill.
 */
int vmedia_camera_source_next(struct vmedia_camera_source *src, uint64_t *time_ns);

/* What a source opens while it is used. */
enum vmedia_camera_opens {
	VMEDIA_CAMERA_OPENS_NOTHING,
	VMEDIA_CAMERA_OPENS_FIFO,
};

/* What a program that confines itself must leave to a source. */
struct vmedia_camera_needs {
	/* System calls while it is opened, and while it is used, as in struct vmedia_module. */
	const char *syscalls_start, *syscalls;
	enum vmedia_camera_opens opens;
	/* Where that is; the program can open it for the source: vmedia_camera_options.opener. */
	const char *path;		/* lives as long as opts->source */
};

/*
 * vmedia_camera_source_needs - load the module of opts->source, if it is one, and get its needs
 *
 * Errors and @why as for vmedia_camera_create(). Context: before a sandbox closes.
 */
int vmedia_camera_source_needs(const struct vmedia_camera_options *opts,
			       struct vmedia_camera_needs *needs, char *why, size_t why_size);

/* ---- The pattern's stamp ---- */

/*
 * vmedia_camera_read_stamp - read the digits back from the luma (or grey, or one colour) plane of a
 * pattern picture
 * @pixel_step: bytes from one pixel of a row to the next: 1 for NV12, 2 for YUYV, 3 for RGB3
 * @sequence: number of the frame modulo 100,000,000
 * @time_ns: its time since the start in whole milliseconds, modulo 100 hours
 *
 * Returns 0; -EINVAL: the picture is too small to have a stamp (below 80x24); -EILSEQ: no digits
 * were found.
 */
int vmedia_camera_read_stamp(const uint8_t *luma, size_t stride, size_t pixel_step, uint32_t width,
			     uint32_t height, uint64_t *sequence, uint64_t *time_ns);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_CAMERA_H */
