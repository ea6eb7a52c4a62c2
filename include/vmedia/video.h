/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The framework: what a kernel gives its V4L2 drivers, for devices in user space.
 *
 * A device describes its formats, controls and queues; the framework answers ENUM_*, G/S/TRY_*, the
 * buffer ioctls with videobuf2's states and errors, controls with the control framework's, events,
 * priority, selections' and crops' relations, and M2M rules. Three levels, each built on the next:
 *
 *   struct vmedia_capture_ops	<vmedia/capture.h>: a frame source: "fill this buffer" at the
 *				frame's time, on a worker
 *   struct vmedia_queue_ops	<vmedia/queue.h>: one buffer queue of any type, with videobuf2's
 *				callbacks
 *   struct vmedia_video_ops	here: per-device and per-session hooks; anything not handled falls
 *				to ->ioctl()
 *
 * and besides <vmedia/ctrl.h> controls, <vmedia/pixfmt.h> pixel formats, <vmedia/m2m.h> codecs'
 * jobs and drains.
 *
 * A camera in full:
 *
 *	static const struct vmedia_frame_interval fps[] = { { .min = { 1, 30 } } };
 *	static const struct vmedia_frame_size sizes[] = {
 *		{ .width = 640, .height = 480, .intervals = fps, .num_intervals = 1 },
 *	};
 *	static const struct vmedia_format_config formats[] = {
 *		{ .pixelformat = V4L2_PIX_FMT_GREY, .sizes = sizes, .num_sizes = 1 },
 *	};
 *	static const struct vmedia_capture_ops source = { .fill = fill };
 *	static const struct vmedia_queue_config queue = {
 *		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .formats = formats, .num_formats = 1,
 *		.capture = &source,
 *	};
 *	static const struct vmedia_video_config cfg = {
 *		.card = "Grey", .queues = &queue, .num_queues = 1,
 *	};
 *	...
 *	vmedia_video_create(loop, &cfg, &dev);
 *
 * Contexts. A struct vmedia_ctx holds queues, formats and controls. A camera has one, which all
 * sessions share; a codec (config.per_session) has one for each session. Names follow the kernel's:
 * a queue is a vb2_queue, a per-session context is what v4l2-mem2mem calls one.
 *
 * Context: every hook runs on the device's loop and must not block, unless said otherwise.
 */
#ifndef VMEDIA_VIDEO_H
#define VMEDIA_VIDEO_H

#include <vmedia/capture.h>
#include <vmedia/ctrl.h>
#include <vmedia/device.h>
#include <vmedia/pixfmt.h>
#include <vmedia/queue.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vmedia_video;
struct vmedia_m2m_ops;

/* An entry of ENUMINPUT or ENUMOUTPUT. */
struct vmedia_video_io {
	const char *name;		/* at most 31 bytes */
	/* V4L2_INPUT_TYPE_* or V4L2_OUTPUT_TYPE_*; 0: CAMERA, or ANALOG for outputs */
	uint32_t type;
	uint32_t status;		/* V4L2_IN_ST_* */
	uint32_t capabilities;		/* V4L2_IN_CAP_* or V4L2_OUT_CAP_* */
	uint32_t audioset, tuner;	/* tuner: modulator of an output */
	uint64_t std;			/* V4L2_STD_* */
};

/* ->intercept() says that the framework is to answer. */
#define VMEDIA_NOT_MINE 1

/* All optional. Errors are negative errno and become the ioctl's. */
struct vmedia_video_ops {
	/*
	 * A context begins: its queues are there, the table's controls too. Add controls,
	 * vmedia_ctx_set_priv(). Default formats, intervals and control values follow, by way of
	 * the hooks below.
	 */
	int (*context_init)(struct vmedia_ctx *ctx);
	/* It ends; its queues are stopped, its buffers gone. Called if context_init() succeeded. */
	void (*context_fini)(struct vmedia_ctx *ctx);

	/* A session joined its context; an error refuses it. And left it. */
	int (*open)(struct vmedia_ctx *ctx, struct vmedia_session *s);
	void (*close)(struct vmedia_ctx *ctx, struct vmedia_session *s);

	/*
	 * Every ioctl, before the framework: VMEDIA_NOT_MINE, or an answer as of
	 * vmedia_device_ops.ioctl().
	 */
	int (*intercept)(struct vmedia_ctx *ctx, struct vmedia_request *req);
	/*
	 * Ioctls that the framework has no answer to: standards, DV timings, tuners, EDID, audio,
	 * codec commands without m2m, sliced VBI capabilities. As of vmedia_device_ops.ioctl(). The
	 * default is -ENOTTY.
	 */
	int (*ioctl)(struct vmedia_ctx *ctx, struct vmedia_request *req);

	/*
	 * After the framework fitted @fmt to the tables: adjust further. Must be pure and
	 * idempotent.
	 */
	int (*try_fmt)(struct vmedia_queue *q, struct vmedia_format *fmt);
	/* @fmt is the queue's from now on (S_FMT, vmedia_queue_set_format(), initially). */
	void (*set_fmt)(struct vmedia_queue *q, const struct vmedia_format *fmt);
	/*
	 * Is format @f to be enumerated and accepted now? (CAPTURE formats of a decoder depend on
	 * OUTPUT.)
	 */
	bool (*has_format)(struct vmedia_queue *q, const struct vmedia_format_config *f);
	/* The interval, already fitted to the tables, is the queue's from now on. */
	int (*set_interval)(struct vmedia_queue *q, struct vmedia_fract interval);

	/*
	 * Selections; @sel->type and target are checked to be plausible. Without hooks a capture
	 * queue with inputs answers CROP_BOUNDS, CROP_DEFAULT, CROP (the whole picture) when
	 * vmedia_video_config.crop is set, else -ENOTTY. One that changes the format of a busy
	 * queue is s_selection()'s to refuse, with -EBUSY.
	 */
	int (*g_selection)(struct vmedia_queue *q, struct vmedia_selection *sel);
	int (*s_selection)(struct vmedia_queue *q, struct vmedia_selection *sel);

	/*
	 * Input or output @index (checked) was chosen. -EBUSY while a queue of that direction is
	 * busy is the framework's.
	 */
	int (*set_input)(struct vmedia_ctx *ctx, uint32_t index);
	int (*set_output)(struct vmedia_ctx *ctx, uint32_t index);

	/* Default of vmedia_ctrl_config.ops->set for controls of the table. */
	int (*set_ctrl)(struct vmedia_ctrl *c, const struct vmedia_ctrl_value *v);

	/*
	 * A subscription to an event type that the framework does not know of (it does: CTRL if
	 * there are controls, EOS, SOURCE_CHANGE if source_change is set). 0 accepts, else -EINVAL.
	 * Called before it exists.
	 */
	int (*subscribe)(struct vmedia_ctx *ctx, const struct vmedia_event_subscription *sub);

	/*
	 * @on: the driver's queues stopped (a paused guest, one that resets). From the return on
	 * nothing may be written to buffers of the driver's own pages, and no buffer be given back,
	 * until it is called with !@on or the next stream begins. Said once for each session, so
	 * maybe several times in a row. For devices with queue operations of their own: the
	 * framework sees to frame sources and to jobs of m2m.
	 */
	void (*suspend)(struct vmedia_ctx *ctx, bool on);
	/* The device was reset: contexts are gone or as new. And it goes. */
	void (*reset)(struct vmedia_video *v);
	void (*destroy)(struct vmedia_video *v);
};

struct vmedia_video_config {
	const char *card;		/* name, UTF-8, cut at 32 bytes */
	uint32_t device_type;		/* VFL_TYPE_*: 0 video */
	uint32_t device_caps;		/* V4L2_CAP_* added to those that follow from the queues */
	uint64_t region_size;		/* bytes of region 0; 0: 256 MiB */
	bool no_region;			/* no region 0 */
	const struct vmedia_limits *limits;	/* NULL: defaults */
	bool per_session;		/* a context for each session */
	bool crop;			/* see g_selection */
	bool source_change;		/* V4L2_EVENT_SOURCE_CHANGE may be subscribed to */
	const struct vmedia_queue_config *queues;
	unsigned int num_queues;	/* at most 8 */
	const struct vmedia_ctrl_config *ctrls;
	unsigned int num_ctrls;
	/*
	 * NULL: a video or VBI device that is not M2M has one input "Camera 0", one output "Output
	 * 0".
	 */
	const struct vmedia_video_io *inputs, *outputs;
	unsigned int num_inputs, num_outputs;
	/* <vmedia/m2m.h>; needs per_session and an OUTPUT and a CAPTURE queue */
	const struct vmedia_m2m_ops *m2m;
	const struct vmedia_video_ops *ops;
	void *priv;			/* of the device; also the @priv of vmedia_capture_ops */
};

/*
 * vmedia_video_create - a device made of @cfg on @loop. Tables are borrowed and must outlive it;
 * @cfg itself is copied. Put it on a transport by <vmedia/serve.h>; it ends by
 * vmedia_device_destroy(). Returns 0, -ENOMEM, -EINVAL with the reason in the log (a table that
 * contradicts itself: a format without sizes, a control twice), or what ->context_init() of a
 * shared context returned.
 */
int vmedia_video_create(struct vmedia_loop *loop, const struct vmedia_video_config *cfg,
			struct vmedia_device **dev);

struct vmedia_video *vmedia_video_of(const struct vmedia_device *dev);
struct vmedia_device *vmedia_video_device(const struct vmedia_video *v);
void *vmedia_video_priv(const struct vmedia_video *v);
/* The context that all sessions share; NULL if per_session. */
struct vmedia_ctx *vmedia_video_ctx(const struct vmedia_video *v);

struct vmedia_video *vmedia_ctx_video(const struct vmedia_ctx *ctx);
/* The session of a per-session context; NULL if shared. */
struct vmedia_session *vmedia_ctx_session(const struct vmedia_ctx *ctx);
void *vmedia_ctx_priv(const struct vmedia_ctx *ctx);	/* without set_priv: the device's */
void vmedia_ctx_set_priv(struct vmedia_ctx *ctx, void *priv);
/* The queue of exactly this type, or NULL. */
struct vmedia_queue *vmedia_ctx_queue(const struct vmedia_ctx *ctx, uint32_t type);
uint32_t vmedia_ctx_input(const struct vmedia_ctx *ctx);
uint32_t vmedia_ctx_output(const struct vmedia_ctx *ctx);
struct vmedia_ctx *vmedia_session_ctx(const struct vmedia_session *s);

/*
 * vmedia_ctx_event - send @ev (type, id and u are taken) to every session of @ctx that subscribed
 * to it. Never lost, never unbounded: a subscription holds one (CTRL, SOURCE_CHANGE: merged) or a
 * few of the latest events. Ordered with buffers.
 */
void vmedia_ctx_event(struct vmedia_ctx *ctx, const struct vmedia_event *ev);
/* V4L2_EVENT_EOS and V4L2_EVENT_SOURCE_CHANGE with @changes, in one line. */
void vmedia_ctx_event_eos(struct vmedia_ctx *ctx);
void vmedia_ctx_event_source_change(struct vmedia_ctx *ctx, uint32_t changes);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_VIDEO_H */
