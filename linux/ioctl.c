// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
/*
 * V4L2's calls, forwarded: a structure is sent to the device, and its answer is copied back.
 *
 * V4L2's structures have the layout of the wire on 64-bit machines, field for field. src/proto
 * swaps the bytes on big-endian machines.
 */
#include <linux/compat.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "vmedia.h"

static_assert(sizeof(long) == 8, "structures are only those of the wire on 64-bit machines");

int vmedia_forward(struct vmedia_session *s, u32 nr, void *arg, size_t size)
{
	struct vmedia_command *c = vmedia_command_ioctl(s, nr);
	const struct vmedia_ioctl_info *info;
	bool gone = false;
	int err = -EINVAL;

	if (!c)
		return -ENOMEM;
	info = c->cmd.io.info;
	if (WARN_ON_ONCE(!info || info->size != size))
		goto free;
	if (info->dir & VMEDIA_DIR_W)
		memcpy(&c->cmd.io.arg, arg, size);
	err = vmedia_command_run(c, &gone);
	if (gone)
		return err;
	if (info->dir & VMEDIA_DIR_R && c->answered &&
	    (!err || info->flags & VMEDIA_IOCTL_ERR_PAYLOAD))
		memcpy(arg, &c->cmd.io.arg, size);
free:
	vmedia_command_free(c);
	return err;
}

/* An op with one structure in both directions. */
#define FORWARD(op, nr, name)								\
static int op(struct file *file, void *priv, struct v4l2_##name *p)			\
{											\
	return vmedia_forward(vmedia_session_of(file), VMEDIA_NR_##nr, p, sizeof(*p));	\
}

/* The same for a structure that V4L2 declares const. */
#define FORWARD_CONST(op, nr, name)							\
static int op(struct file *file, void *priv, const struct v4l2_##name *p)		\
{											\
	struct v4l2_##name ask = *p;							\
											\
	return vmedia_forward(vmedia_session_of(file), VMEDIA_NR_##nr, &ask, sizeof(ask)); \
}

/* ---- Capabilities, formats ---- */

static int querycap(struct file *file, void *priv, struct v4l2_capability *cap)
{
	struct vmedia_device *dev = video_drvdata(file);

	strscpy(cap->driver, "virtio_media", sizeof(cap->driver));
	strscpy(cap->card, dev->video.name, sizeof(cap->card));
	snprintf(cap->bus_info, sizeof(cap->bus_info), "platform:%s",
		 strchr(vmedia_name(dev), ' ') + 1);
	return 0;
}

static int enum_fmt(struct file *file, void *priv, struct v4l2_fmtdesc *f)
{
	int err = vmedia_forward(vmedia_session_of(file), VMEDIA_NR_ENUM_FMT, f, sizeof(*f));

	/* V4L2 warns about unknown formats without a name. */
	if (!err && !f->description[0])
		snprintf(f->description, sizeof(f->description), "%p4cc", &f->pixelformat);
	return err;
}

FORWARD(g_fmt, G_FMT, format)
FORWARD(s_fmt, S_FMT, format)
FORWARD(try_fmt, TRY_FMT, format)
FORWARD(enum_framesizes, ENUM_FRAMESIZES, frmsizeenum)
FORWARD(enum_frameintervals, ENUM_FRAMEINTERVALS, frmivalenum)
FORWARD(g_sliced_vbi_cap, G_SLICED_VBI_CAP, sliced_vbi_cap)

/*
 * videobuf2 implements read(), so the driver sets its number of buffers; without read() and write()
 * there are none. OUTPUT's writebuffers are at the same place.
 */
static int parm(struct file *file, u32 nr, struct v4l2_streamparm *p)
{
	struct vmedia_session *s = vmedia_session_of(file);
	int err = vmedia_forward(s, nr, p, sizeof(*p));

	if (err)
		return err;
	if (V4L2_TYPE_IS_OUTPUT(p->type) || !(s->dev->caps & V4L2_CAP_READWRITE))
		p->parm.capture.readbuffers = 0;
	else if (!p->parm.capture.readbuffers)
		p->parm.capture.readbuffers = 2;
	return 0;
}

static int g_parm(struct file *file, void *priv, struct v4l2_streamparm *p)
{
	return parm(file, VMEDIA_NR_G_PARM, p);
}

static int s_parm(struct file *file, void *priv, struct v4l2_streamparm *p)
{
	return parm(file, VMEDIA_NR_S_PARM, p);
}

/* V4L2 passes the single-planar type of multi-planar queues; the device needs the real type. */
static int selection(struct file *file, u32 nr, struct v4l2_selection *p)
{
	struct vmedia_session *s = vmedia_session_of(file);
	u32 type = p->type;
	int err;

	if (type == V4L2_BUF_TYPE_VIDEO_CAPTURE && !s->queue[type])
		p->type = V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
	if (type == V4L2_BUF_TYPE_VIDEO_OUTPUT && !s->queue[type])
		p->type = V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
	err = vmedia_forward(s, nr, p, sizeof(*p));
	p->type = type;
	return err;
}

static int g_selection(struct file *file, void *priv, struct v4l2_selection *p)
{
	return selection(file, VMEDIA_NR_G_SELECTION, p);
}

static int s_selection(struct file *file, void *priv, struct v4l2_selection *p)
{
	return selection(file, VMEDIA_NR_S_SELECTION, p);
}

/* ---- Inputs, outputs, standards, timings, tuners ---- */

/* Ops on a bare number, read or written. */
#define FORWARD_GET(op, nr)								\
static int op(struct file *file, void *priv, unsigned int *v)				\
{											\
	return vmedia_forward(vmedia_session_of(file), VMEDIA_NR_##nr, v, sizeof(*v));	\
}

#define FORWARD_SET(op, nr)								\
static int op(struct file *file, void *priv, unsigned int v)				\
{											\
	return vmedia_forward(vmedia_session_of(file), VMEDIA_NR_##nr, &v, sizeof(v));	\
}

static int g_std(struct file *file, void *priv, v4l2_std_id *id)
{
	return vmedia_forward(vmedia_session_of(file), VMEDIA_NR_G_STD, id, sizeof(*id));
}

static int s_std(struct file *file, void *priv, v4l2_std_id id)
{
	return vmedia_forward(vmedia_session_of(file), VMEDIA_NR_S_STD, &id, sizeof(id));
}

static int querystd(struct file *file, void *priv, v4l2_std_id *id)
{
	return vmedia_forward(vmedia_session_of(file), VMEDIA_NR_QUERYSTD, id, sizeof(*id));
}

FORWARD(enum_input, ENUMINPUT, input)
FORWARD_GET(g_input, G_INPUT)
FORWARD_SET(s_input, S_INPUT)
FORWARD(enum_output, ENUMOUTPUT, output)
FORWARD_GET(g_output, G_OUTPUT)
FORWARD_SET(s_output, S_OUTPUT)
FORWARD(enumaudio, ENUMAUDIO, audio)
FORWARD(g_audio, G_AUDIO, audio)
FORWARD_CONST(s_audio, S_AUDIO, audio)
FORWARD(enumaudout, ENUMAUDOUT, audioout)
FORWARD(g_audout, G_AUDOUT, audioout)
FORWARD_CONST(s_audout, S_AUDOUT, audioout)
FORWARD(g_tuner, G_TUNER, tuner)
FORWARD_CONST(s_tuner, S_TUNER, tuner)
FORWARD(g_modulator, G_MODULATOR, modulator)
FORWARD_CONST(s_modulator, S_MODULATOR, modulator)
FORWARD(g_frequency, G_FREQUENCY, frequency)
FORWARD_CONST(s_frequency, S_FREQUENCY, frequency)
FORWARD(enum_freq_bands, ENUM_FREQ_BANDS, frequency_band)
FORWARD_CONST(s_hw_freq_seek, S_HW_FREQ_SEEK, hw_freq_seek)
FORWARD(s_dv_timings, S_DV_TIMINGS, dv_timings)
FORWARD(g_dv_timings, G_DV_TIMINGS, dv_timings)
FORWARD(query_dv_timings, QUERY_DV_TIMINGS, dv_timings)
FORWARD(enum_dv_timings, ENUM_DV_TIMINGS, enum_dv_timings)
FORWARD(dv_timings_cap, DV_TIMINGS_CAP, dv_timings_cap)

/* ---- Controls, codecs ---- */

#if !VMEDIA_KERNEL(6, 15)	/* later kernels call the ops of extended controls */
FORWARD(queryctrl, QUERYCTRL, queryctrl)
FORWARD(g_ctrl, G_CTRL, control)
FORWARD(s_ctrl, S_CTRL, control)
#endif
FORWARD(query_ext_ctrl, QUERY_EXT_CTRL, query_ext_ctrl)
FORWARD(querymenu, QUERYMENU, querymenu)
FORWARD(g_enc_index, G_ENC_INDEX, enc_idx)
FORWARD(try_encoder_cmd, TRY_ENCODER_CMD, encoder_cmd)
FORWARD(try_decoder_cmd, TRY_DECODER_CMD, decoder_cmd)

/* A drained capture queue goes on after START. */
static void restart(struct vmedia_session *s)
{
	unsigned int i;

	mutex_lock(&s->lock);
	for (i = 0; i <= VMEDIA_MAX_TYPE; i++)
		if (s->queue[i] && !V4L2_TYPE_IS_OUTPUT(i))
			vb2_clear_last_buffer_dequeued(&s->queue[i]->vb);
	mutex_unlock(&s->lock);
}

static int encoder_cmd(struct file *file, void *priv, struct v4l2_encoder_cmd *p)
{
	struct vmedia_session *s = vmedia_session_of(file);
	int err = vmedia_forward(s, VMEDIA_NR_ENCODER_CMD, p, sizeof(*p));

	if (!err && p->cmd == V4L2_ENC_CMD_START)
		restart(s);
	return err;
}

static int decoder_cmd(struct file *file, void *priv, struct v4l2_decoder_cmd *p)
{
	struct vmedia_session *s = vmedia_session_of(file);
	int err = vmedia_forward(s, VMEDIA_NR_DECODER_CMD, p, sizeof(*p));

	if (!err && p->cmd == V4L2_DEC_CMD_START)
		restart(s);
	return err;
}

/* ---- Calls that V4L2 would answer without the device ---- */

static int ask_enumstd(struct file *file, const void __user *index, struct v4l2_standard *std)
{
	memset(std, 0, sizeof(*std));
	if (copy_from_user(&std->index, index, sizeof(std->index)))
		return -EFAULT;
	return vmedia_forward(vmedia_session_of(file), VMEDIA_NR_ENUMSTD, std, sizeof(*std));
}

static long enumstd(struct file *file, struct v4l2_standard __user *arg)
{
	struct v4l2_standard std;
	int err = ask_enumstd(file, &arg->index, &std);

	if (!err && copy_to_user(arg, &std, sizeof(std)))
		return -EFAULT;
	return err;
}

#ifdef CONFIG_COMPAT
/*
 * The layout of 32-bit programs. The V4L2 core converts only the calls that it passes to the
 * driver.
 */
struct standard32 {
	u32 index;
	compat_u64 id;
	u8 name[24];
	struct v4l2_fract frameperiod;
	u32 framelines;
	u32 reserved[4];
};

#define ENUMSTD32 _IOWR('V', 25, struct standard32)

static long enumstd32(struct file *file, struct standard32 __user *arg)
{
	struct standard32 std32 = { 0 };
	struct v4l2_standard std;
	int err = ask_enumstd(file, &arg->index, &std);

	if (err)
		return err;
	std32.index = std.index;
	std32.id = std.id;
	memcpy(std32.name, std.name, sizeof(std32.name));
	std32.frameperiod = std.frameperiod;
	std32.framelines = std.framelines;
	return copy_to_user(arg, &std32, sizeof(std32)) ? -EFAULT : 0;
}
#endif

/*
 * Dequeue an event. While the V4L2 core waits for an event, the end of the device does not wake it.
 * So this function waits itself, and calls the core only when that does not have to wait: while
 * dequeue_lock is held, an event that is queued stays queued.
 */
static long dqevent(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vmedia_session *s = vmedia_session_of(file);
	bool wait = !(file->f_flags & O_NONBLOCK);
	long ret;

	for (;;) {
		if (wait && wait_event_interruptible(s->fh.wait, v4l2_event_pending(&s->fh) ||
						     vmedia_session_err(s)))
			return -ERESTARTSYS;
		if (mutex_lock_interruptible(&s->dequeue_lock))
			return -ERESTARTSYS;
		ret = vmedia_session_err(s);
		if (v4l2_event_pending(&s->fh) || (!ret && !wait)) {
			ret = video_ioctl2(file, cmd, arg);
			wait = false;
		}
		mutex_unlock(&s->dequeue_lock);
		/* Another caller took the event. */
		if (ret || !wait)
			return ret;
	}
}

long vmedia_unlocked_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (cmd == VIDIOC_ENUMSTD)
		return enumstd(file, (void __user *)arg);
#ifdef CONFIG_COMPAT
	if (cmd == ENUMSTD32)
		return enumstd32(file, (void __user *)arg);
	if (in_compat_syscall() && _IOC_TYPE(cmd) == 'V' &&
	    _IOC_NR(cmd) == _IOC_NR(VIDIOC_DQEVENT) && _IOC_DIR(cmd) == _IOC_READ)
		return dqevent(file, cmd, arg);
#endif
	if (cmd == VIDIOC_DQEVENT)
		return dqevent(file, cmd, arg);
	return video_ioctl2(file, cmd, arg);
}

#define FMT_OPS(kind)							\
	.vidioc_g_fmt_##kind = g_fmt,					\
	.vidioc_s_fmt_##kind = s_fmt,					\
	.vidioc_try_fmt_##kind = try_fmt

const struct v4l2_ioctl_ops vmedia_ioctl_ops = {
	.vidioc_querycap = querycap,
	.vidioc_enum_fmt_vid_cap = enum_fmt,
	.vidioc_enum_fmt_vid_out = enum_fmt,
	.vidioc_enum_fmt_sdr_cap = enum_fmt,
	.vidioc_enum_fmt_sdr_out = enum_fmt,
	.vidioc_enum_fmt_meta_cap = enum_fmt,
	.vidioc_enum_fmt_meta_out = enum_fmt,
	FMT_OPS(vid_cap),
	FMT_OPS(vid_out),
	FMT_OPS(vid_cap_mplane),
	FMT_OPS(vid_out_mplane),
	FMT_OPS(vbi_cap),
	FMT_OPS(vbi_out),
	FMT_OPS(sliced_vbi_cap),
	FMT_OPS(sliced_vbi_out),
	FMT_OPS(sdr_cap),
	FMT_OPS(sdr_out),
	FMT_OPS(meta_cap),
	FMT_OPS(meta_out),
	.vidioc_reqbufs = vmedia_reqbufs,
	.vidioc_create_bufs = vmedia_create_bufs,
#if VMEDIA_KERNEL(6, 10)
	.vidioc_remove_bufs = vmedia_remove_bufs,
#endif
	.vidioc_querybuf = vmedia_querybuf,
	.vidioc_prepare_buf = vmedia_prepare_buf,
	.vidioc_qbuf = vmedia_qbuf,
	.vidioc_dqbuf = vmedia_dqbuf,
	.vidioc_expbuf = vmedia_expbuf,
	.vidioc_streamon = vmedia_streamon,
	.vidioc_streamoff = vmedia_streamoff,
	.vidioc_g_std = g_std,
	.vidioc_s_std = s_std,
	.vidioc_querystd = querystd,
	.vidioc_enum_input = enum_input,
	.vidioc_g_input = g_input,
	.vidioc_s_input = s_input,
	.vidioc_enum_output = enum_output,
	.vidioc_g_output = g_output,
	.vidioc_s_output = s_output,
#if !VMEDIA_KERNEL(6, 15)
	.vidioc_queryctrl = queryctrl,
	.vidioc_g_ctrl = g_ctrl,
	.vidioc_s_ctrl = s_ctrl,
#endif
	.vidioc_query_ext_ctrl = query_ext_ctrl,
	.vidioc_g_ext_ctrls = vmedia_g_ext_ctrls,
	.vidioc_s_ext_ctrls = vmedia_s_ext_ctrls,
	.vidioc_try_ext_ctrls = vmedia_try_ext_ctrls,
	.vidioc_querymenu = querymenu,
	.vidioc_enumaudio = enumaudio,
	.vidioc_g_audio = g_audio,
	.vidioc_s_audio = s_audio,
	.vidioc_enumaudout = enumaudout,
	.vidioc_g_audout = g_audout,
	.vidioc_s_audout = s_audout,
	.vidioc_g_modulator = g_modulator,
	.vidioc_s_modulator = s_modulator,
	.vidioc_g_selection = g_selection,
	.vidioc_s_selection = s_selection,
	.vidioc_g_enc_index = g_enc_index,
	.vidioc_encoder_cmd = encoder_cmd,
	.vidioc_try_encoder_cmd = try_encoder_cmd,
	.vidioc_decoder_cmd = decoder_cmd,
	.vidioc_try_decoder_cmd = try_decoder_cmd,
	.vidioc_g_parm = g_parm,
	.vidioc_s_parm = s_parm,
	.vidioc_g_tuner = g_tuner,
	.vidioc_s_tuner = s_tuner,
	.vidioc_g_frequency = g_frequency,
	.vidioc_s_frequency = s_frequency,
	.vidioc_enum_freq_bands = enum_freq_bands,
	.vidioc_g_sliced_vbi_cap = g_sliced_vbi_cap,
	.vidioc_s_hw_freq_seek = s_hw_freq_seek,
	.vidioc_enum_framesizes = enum_framesizes,
	.vidioc_enum_frameintervals = enum_frameintervals,
	.vidioc_s_dv_timings = s_dv_timings,
	.vidioc_g_dv_timings = g_dv_timings,
	.vidioc_query_dv_timings = query_dv_timings,
	.vidioc_enum_dv_timings = enum_dv_timings,
	.vidioc_dv_timings_cap = dv_timings_cap,
	.vidioc_g_edid = vmedia_g_edid,
	.vidioc_s_edid = vmedia_s_edid,
	.vidioc_subscribe_event = vmedia_subscribe_event,
	.vidioc_unsubscribe_event = vmedia_unsubscribe_event,
};
