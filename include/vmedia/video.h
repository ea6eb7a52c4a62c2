/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The framework: support for V4L2 devices in user space, as the kernel gives its drivers.
 *
 * A device describes its formats, controls and queues. The framework answers ENUM_* and G/S/TRY_*,
 * the buffer ioctls with videobuf2's states and errors, and controls with the control framework's
 * rules. It also handles events, priority, the relations of selections and crops, and the rules of
 * M2M. There are three levels, each built on the next:
 *
 *	struct vmedia_capture_ops	<vmedia/capture.h>: a frame source, which fills one buffer
 *					after another at the frame's time, on a worker
 *	struct vmedia_queue_ops		<vmedia/queue.h>: one buffer queue of any type, with
 *					videobuf2's callbacks
 *	struct vmedia_video_ops		here: per-device and per-session hooks; ->ioctl() gets the
 *					ioctls that the framework does not handle
 *
 * Beside these, <vmedia/ctrl.h> has controls, <vmedia/pixfmt.h> pixel formats, <vmedia/m2m.h> the
 * jobs and drains of codecs, <vmedia/codec.h> whole decoders, and <vmedia/encoder.h> encoders.
 *
 * A complete camera:
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
 * Contexts. A struct vmedia_ctx holds queues, formats and controls. A camera has one context, which
 * all sessions share. A codec (config.per_session) has one context for each session. Names follow
 * the kernel's: a queue corresponds to a vb2_queue, a per-session context to v4l2-mem2mem's
 * context.
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

/* A result of ->intercept(): the framework answers the ioctl. */
#define VMEDIA_NOT_MINE 1

/* All optional. Hooks return 0 or a negative errno, which the ioctl returns. */
struct vmedia_video_ops {
	/*
	 * Begin a context. Its queues and the table's controls exist. The hook may add controls and
	 * call vmedia_ctx_set_priv(). Afterwards the framework sets the default formats, intervals
	 * and control values through the hooks below.
	 */
	int (*context_init)(struct vmedia_ctx *ctx);
	/*
	 * End a context. Its queues and frame sources are stopped, and its buffers are freed.
	 * Called only if context_init() succeeded.
	 */
	void (*context_fini)(struct vmedia_ctx *ctx);

	/* A session joins its context, unless open() returns an error; a session leaves it. */
	int (*open)(struct vmedia_ctx *ctx, struct vmedia_session *s);
	void (*close)(struct vmedia_ctx *ctx, struct vmedia_session *s);

	/*
	 * Called for every ioctl before the framework. Returns VMEDIA_NOT_MINE, or an answer as
	 * vmedia_device_ops.ioctl() does.
	 */
	int (*intercept)(struct vmedia_ctx *ctx, struct vmedia_request *req);
	/*
	 * Answer an ioctl that the framework does not handle: standards, DV timings, tuners, EDID,
	 * audio, codec commands without m2m, sliced VBI capabilities. Returns as
	 * vmedia_device_ops.ioctl() does. Default: -ENOTTY.
	 */
	int (*ioctl)(struct vmedia_ctx *ctx, struct vmedia_request *req);

	/*
	 * Adjust @fmt further, after the framework has fitted it to the tables. Must have no side
	 * effects, and must not change its own result when called again.
	 */
	int (*try_fmt)(struct vmedia_queue *q, struct vmedia_format *fmt);
	/* Apply @fmt, the queue's new format (S_FMT, vmedia_queue_set_format(), initially). */
	void (*set_fmt)(struct vmedia_queue *q, const struct vmedia_format *fmt);
	/*
	 * True if format @f is to be enumerated and accepted now. (CAPTURE formats of a decoder
	 * depend on OUTPUT.)
	 */
	bool (*has_format)(struct vmedia_queue *q, const struct vmedia_format_config *f);
	/* Apply the queue's new interval, which the framework has fitted to the tables. */
	int (*set_interval)(struct vmedia_queue *q, struct vmedia_fract interval);

	/*
	 * Get or set a selection. The framework has checked that @sel->type and target are
	 * plausible. Without these hooks a capture queue with inputs answers CROP_BOUNDS,
	 * CROP_DEFAULT and CROP with the whole picture if vmedia_video_config.crop is set, else
	 * -ENOTTY. s_selection() must itself return -EBUSY for a selection that changes the format
	 * of a busy queue.
	 */
	int (*g_selection)(struct vmedia_queue *q, struct vmedia_selection *sel);
	int (*s_selection)(struct vmedia_queue *q, struct vmedia_selection *sel);

	/*
	 * Select input or output @index, which the framework has checked. The framework itself
	 * returns -EBUSY while a queue of that direction is busy.
	 */
	int (*set_input)(struct vmedia_ctx *ctx, uint32_t index);
	int (*set_output)(struct vmedia_ctx *ctx, uint32_t index);

	/* Default of vmedia_ctrl_config.ops->set for the table's controls. */
	int (*set_ctrl)(struct vmedia_ctrl *c, const struct vmedia_ctrl_value *v);

	/*
	 * Accept (0) or refuse (-EINVAL) a subscription to an event type that the framework does
	 * not handle. The framework handles CTRL; EOS for frame sources and m2m; SOURCE_CHANGE if
	 * source_change is set. Called before the subscription exists.
	 */
	int (*subscribe)(struct vmedia_ctx *ctx, const struct vmedia_event_subscription *sub);

	/*
	 * @on: the driver's queues have stopped (a paused guest, or one that resets). After the
	 * return the device must not write to buffers of the driver's own pages, nor give a buffer
	 * back, until the hook is called with !@on or the next stream begins. Called once for each
	 * session, so possibly several times in a row. For devices with their own queue operations:
	 * the framework suspends frame sources and m2m jobs itself.
	 */
	void (*suspend)(struct vmedia_ctx *ctx, bool on);
	/*
	 * reset(): the device was reset; contexts are gone or as new. destroy(): the device ends.
	 */
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
	 * NULL: a video or VBI device that is not M2M has one input "Camera 0" and one output
	 * "Output 0".
	 */
	const struct vmedia_video_io *inputs, *outputs;
	unsigned int num_inputs, num_outputs;
	/* <vmedia/m2m.h>; needs per_session and an OUTPUT and a CAPTURE queue */
	const struct vmedia_m2m_ops *m2m;
	const struct vmedia_video_ops *ops;
	void *priv;			/* the device's; also the @priv of vmedia_capture_ops */
};

/*
 * vmedia_video_create - create a device as described by @cfg on @loop
 *
 * @cfg itself is copied. The tables that it points to are not copied and must outlive the device.
 * Put the device on a transport by <vmedia/serve.h>; end it by vmedia_device_destroy(). Returns 0,
 * -ENOMEM, -EINVAL with the reason in the log (a table that contradicts itself: a format without
 * sizes, a control twice), or the error of ->context_init() of a shared context.
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
void *vmedia_ctx_priv(const struct vmedia_ctx *ctx);	/* default: the device's */
void vmedia_ctx_set_priv(struct vmedia_ctx *ctx, void *priv);
/* The queue of exactly type @type, or NULL. */
struct vmedia_queue *vmedia_ctx_queue(const struct vmedia_ctx *ctx, uint32_t type);
uint32_t vmedia_ctx_input(const struct vmedia_ctx *ctx);
uint32_t vmedia_ctx_output(const struct vmedia_ctx *ctx);
struct vmedia_ctx *vmedia_session_ctx(const struct vmedia_session *s);

/*
 * vmedia_ctx_event - send @ev to every session of @ctx that subscribed to it
 *
 * Uses type, id and u of @ev. A subscription holds a fixed number of events: one for CTRL and
 * SOURCE_CHANGE, into which later ones are merged, and the latest few of other types. Events keep
 * their order with buffers.
 */
void vmedia_ctx_event(struct vmedia_ctx *ctx, const struct vmedia_event *ev);
/* Send V4L2_EVENT_EOS, or V4L2_EVENT_SOURCE_CHANGE with @changes. */
void vmedia_ctx_event_eos(struct vmedia_ctx *ctx);
void vmedia_ctx_event_source_change(struct vmedia_ctx *ctx, uint32_t changes);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_VIDEO_H */
