// SPDX-License-Identifier: BSD-3-Clause
/*
 * Operations on controls, events, priorities, inputs, intervals, selections, and codecs' commands.
 */
#include <string.h>

#include "world.h"

#define UNKNOWN_ID 0x009f0123u

/* ---- Controls ---- */

static const struct vmedia_query_ext_ctrl *pick_ctrl(const struct fz *w, uint8_t pick)
{
	return w->num_ctrls && pick < 0xf0 ? &w->ctrls[pick % w->num_ctrls] : NULL;
}

static bool scalar(const struct vmedia_query_ext_ctrl *c)
{
	return c && c->type != V4L2_CTRL_TYPE_CTRL_CLASS &&
	       !(c->flags & V4L2_CTRL_FLAG_HAS_PAYLOAD);
}

/* In the range, or outside of it. */
static int64_t pick_value(const struct vmedia_query_ext_ctrl *c, uint8_t pick, bool *outside)
{
	uint64_t span = (uint64_t)(c->maximum - c->minimum);

	*outside = false;
	if (pick < 0xe0)
		return c->minimum + (int64_t)(span ? pick % (span + 1) : 0);
	*outside = true;
	return pick & 1 ? c->maximum + 1 : c->minimum - 1;
}

/* Numbers out of range are brought into it; a menu has no nearest item. */
static bool no_such_value(const struct vmedia_query_ext_ctrl *c, bool outside)
{
	return outside && (c->type == V4L2_CTRL_TYPE_MENU ||
			   c->type == V4L2_CTRL_TYPE_INTEGER_MENU);
}

static bool kept(const struct vmedia_query_ext_ctrl *c)
{
	return c->type != V4L2_CTRL_TYPE_BUTTON &&
	       !(c->flags & (V4L2_CTRL_FLAG_VOLATILE | V4L2_CTRL_FLAG_WRITE_ONLY));
}

static void get_ctrl(struct fz *w, unsigned int s, const struct vmedia_query_ext_ctrl *c,
		     const int32_t *expect)
{
	union vmedia_payload arg = { .control = { .id = c ? c->id : UNKNOWN_ID } };
	struct fz_verdict v = { .num = 0 };
	int ret;

	fz_forbid(&v, !scalar(c), EINVAL);
	fz_forbid(&v, c && c->flags & V4L2_CTRL_FLAG_WRITE_ONLY, EACCES);
	fz_forbid(&v, c && c->type == V4L2_CTRL_TYPE_CTRL_CLASS, EACCES);
	fz_forbid(&v, !w->num_ctrls, ENOTTY);
	w->doing = "G_CTRL";
	ret = fz_ioctl(w, s, VMEDIA_NR_G_CTRL, &arg);
	fz_note(w, "s%u G_CTRL %#x: %d, %d", s, arg.control.id, ret, arg.control.value);
	fz_judge(w, &v, ret);
	if (ret || !c)
		return;
	FZ_REQUIRE(w, arg.control.value >= c->minimum && arg.control.value <= c->maximum,
		   "control %#x is %d, of %lld to %lld", c->id, arg.control.value,
		   (long long)c->minimum, (long long)c->maximum);
	FZ_REQUIRE(w, !expect || arg.control.value == *expect,
		   "control %#x is %d, though it was set to %d", c->id, arg.control.value, *expect);
}

void fz_do_ctrl(struct fz *w, const struct fz_op *o)
{
	const struct vmedia_query_ext_ctrl *c = pick_ctrl(w, o->p[1]);
	union vmedia_payload arg = { .control = { .id = c ? c->id : UNKNOWN_ID } };
	struct fz_verdict v = { .num = 0 };
	bool outside = false;
	int ret;

	if (o->p[2] & 1) {
		get_ctrl(w, o->s, c, NULL);
		return;
	}
	if (c)
		arg.control.value = (int32_t)pick_value(c, o->p[3], &outside);
	fz_forbid(&v, fz_low_prio(w, o->s), EBUSY);
	fz_forbid(&v, !scalar(c), EINVAL);
	fz_forbid(&v, c && c->type == V4L2_CTRL_TYPE_CTRL_CLASS, EACCES);
	fz_forbid(&v, c && c->flags & V4L2_CTRL_FLAG_READ_ONLY, EACCES);
	fz_forbid(&v, scalar(c) && no_such_value(c, outside), ERANGE);
	fz_forbid(&v, scalar(c) && no_such_value(c, outside), EINVAL);
	fz_forbid(&v, !w->num_ctrls, ENOTTY);
	w->doing = "S_CTRL";
	ret = fz_ioctl(w, o->s, VMEDIA_NR_S_CTRL, &arg);
	fz_note(w, "s%u S_CTRL %#x to %d: %d", o->s, arg.control.id, arg.control.value, ret);
	fz_judge(w, &v, ret);
	fz_settle(w);
	if (!ret && c && kept(c))
		get_ctrl(w, o->s, c, &arg.control.value);
}

/* One to three controls at once; whatever is wrong with one is wrong with all. */
void fz_do_ext_ctrls(struct fz *w, const struct fz_op *o)
{
	static const uint32_t nrs[] = { VMEDIA_NR_G_EXT_CTRLS, VMEDIA_NR_S_EXT_CTRLS,
					VMEDIA_NR_TRY_EXT_CTRLS };
	struct vmedia_ext_control ctrls[3];
	struct vmedia_sg sg[3] = { { NULL, 0 } };
	struct fz_verdict v = { .num = 0 };
	uint32_t nr = nrs[o->p[2] % 3], i, n = o->p[3] % 4;
	struct vmedia_cmd cmd;
	bool outside;
	int ret;

	memset(ctrls, 0, sizeof(ctrls));
	harness_cmd_ioctl(&cmd, w->s[o->s].id, nr);
	cmd.io.arg.ext_controls.count = n;
	cmd.io.ctrls = ctrls;
	cmd.io.ctrl_sg = sg;
	cmd.io.max_ctrls = 3;
	fz_forbid(&v, nr == VMEDIA_NR_S_EXT_CTRLS && fz_low_prio(w, o->s), EBUSY);
	for (i = 0; i < n; i++) {
		const struct vmedia_query_ext_ctrl *c = pick_ctrl(w, (uint8_t)(o->p[1] + i * 7));

		ctrls[i].id = c ? c->id : UNKNOWN_ID;
		if (c)
			ctrls[i].value = (int32_t)pick_value(c, (uint8_t)(o->p[4] + i), &outside);
		fz_forbid(&v, !c, EINVAL);
		if (!c)
			continue;
		/* A payload without memory for it. */
		fz_forbid(&v, c->flags & V4L2_CTRL_FLAG_HAS_PAYLOAD, ENOSPC);
		fz_forbid(&v, c->type == V4L2_CTRL_TYPE_CTRL_CLASS, EACCES);
		fz_forbid(&v, c->type == V4L2_CTRL_TYPE_CTRL_CLASS, EINVAL);
		if (nr == VMEDIA_NR_G_EXT_CTRLS) {
			fz_forbid(&v, c->flags & V4L2_CTRL_FLAG_WRITE_ONLY, EACCES);
			continue;
		}
		fz_forbid(&v, c->flags & V4L2_CTRL_FLAG_READ_ONLY, EACCES);
		fz_forbid(&v, no_such_value(c, outside), ERANGE);
	}
	fz_forbid(&v, !w->num_ctrls, ENOTTY);
	w->doing = cmd.io.info->name;
	ret = fz_cmd(w, &cmd);
	fz_note(w, "s%u %s of %u, the first %#x: %d", o->s, cmd.io.info->name, n, ctrls[0].id, ret);
	fz_judge(w, &v, ret);
	if (ret && w->num_ctrls)
		FZ_REQUIRE(w, cmd.io.arg.ext_controls.error_idx <= n || ret == -EBUSY,
			   "%s of %u controls fails at %u", w->doing, n,
			   cmd.io.arg.ext_controls.error_idx);
}

/* ---- Events ---- */

static bool can_subscribe(const struct fz *w, uint32_t type, uint32_t id)
{
	unsigned int i;

	switch (type) {
	case V4L2_EVENT_CTRL:
		for (i = 0; i < w->num_ctrls; i++)
			if (w->ctrls[i].id == id)
				return true;
		return false;
	case V4L2_EVENT_EOS:
		return w->d->eos;
	case V4L2_EVENT_SOURCE_CHANGE:
		return w->d->moves;
	default:
		return false;
	}
}

static void unsubscribe(struct fz *w, const struct fz_op *o, uint32_t type, uint32_t id)
{
	union vmedia_payload arg = { .event_subscription = { .type = type, .id = id } };
	struct fz_session *ses = &w->s[o->s];
	unsigned int i;
	int ret;

	w->doing = "UNSUBSCRIBE_EVENT";
	ret = fz_ioctl(w, o->s, VMEDIA_NR_UNSUBSCRIBE_EVENT, &arg);
	fz_note(w, "s%u UNSUBSCRIBE_EVENT %u, %#x: %d", o->s, type, id, ret);
	FZ_REQUIRE(w, !ret, "UNSUBSCRIBE_EVENT: %d", ret);
	for (i = ses->num_subs; i--;)
		if (type == V4L2_EVENT_ALL || (ses->subs[i].type == type && ses->subs[i].id == id))
			ses->subs[i] = ses->subs[--ses->num_subs];
}

void fz_do_subscribe(struct fz *w, const struct fz_op *o)
{
	static const uint32_t types[] = { V4L2_EVENT_CTRL, V4L2_EVENT_EOS, V4L2_EVENT_SOURCE_CHANGE,
					  V4L2_EVENT_CTRL, V4L2_EVENT_ALL, V4L2_EVENT_VSYNC };
	const struct vmedia_query_ext_ctrl *c = pick_ctrl(w, o->p[2]);
	uint32_t type = types[o->p[1] % 6];
	uint32_t id = type != V4L2_EVENT_CTRL ? 0 : c ? c->id : UNKNOWN_ID;
	union vmedia_payload arg = {
		.event_subscription = { .type = type, .id = id, .flags = o->p[3] & 3 }
	};
	struct fz_session *ses = &w->s[o->s];
	struct fz_verdict v = { .num = 0 };
	unsigned int i;
	int ret;

	if (o->p[4] >= 0xa0) {
		unsubscribe(w, o, type, id);
		return;
	}
	for (i = 0; i < ses->num_subs; i++)
		if (ses->subs[i].type == type && ses->subs[i].id == id)
			break;
	fz_forbid(&v, !can_subscribe(w, type, id), EINVAL);
	fz_forbid(&v, i == ses->num_subs && ses->num_subs == FZ_SUBS, ENOMEM);
	/* Its first event comes before the answer. */
	if (!v.num && i == ses->num_subs) {
		ses->subs[ses->num_subs].type = type;
		ses->subs[ses->num_subs++].id = id;
	}
	w->doing = "SUBSCRIBE_EVENT";
	ret = fz_ioctl(w, o->s, VMEDIA_NR_SUBSCRIBE_EVENT, &arg);
	fz_note(w, "s%u SUBSCRIBE_EVENT %u, %#x, flags %u: %d", o->s, type, id, o->p[3] & 3, ret);
	fz_judge(w, &v, ret);
}

/* ---- Codecs ---- */

void fz_do_codec_cmd(struct fz *w, const struct fz_op *o)
{
	static const uint32_t nrs[] = { VMEDIA_NR_DECODER_CMD, VMEDIA_NR_ENCODER_CMD,
					VMEDIA_NR_TRY_DECODER_CMD, VMEDIA_NR_TRY_ENCODER_CMD };
	bool encoder = w->d->codec && !w->d->moves, right, try = o->p[1] >= 0xc0;
	uint32_t nr = nrs[(o->p[1] & 0x3f ? encoder : !encoder) + 2 * try];
	union vmedia_payload arg = { .raw = { 0 } };
	struct fz_verdict v = { .num = 0 };
	struct fz_ctx *c = w->s[o->s].ctx;
	int ret;

	/* STOP, START, and once in a while one that codecs do not have. */
	arg.u32 = o->p[2] >= 0xe0 ? V4L2_DEC_CMD_PAUSE : o->p[2] < 0xa0 ? V4L2_DEC_CMD_STOP
									: V4L2_DEC_CMD_START;
	right = w->d->codec && (o->p[1] & 0x3f);
	fz_forbid(&v, !right, ENOTTY);
	fz_forbid(&v, arg.u32 == V4L2_DEC_CMD_PAUSE, EINVAL);
	w->doing = "DECODER_CMD or ENCODER_CMD";
	ret = fz_ioctl(w, o->s, nr, &arg);
	fz_note(w, "s%u %s %u: %d", o->s, vmedia_ioctl_info(nr)->name, o->p[2], ret);
	/* In the middle of a drain or of a change of resolution, or of a higher priority. */
	if (ret == -EBUSY && right && !try &&
	    (c->stalled || w->d->moves || fz_low_prio(w, o->s)))
		return;
	fz_judge(w, &v, ret);
	if (ret || try)
		return;
	/* An end may be under way; a new beginning is sure only with CAPTURE's next STREAMON. */
	c->stalled = true;
}

/* ---- Priorities ---- */

void fz_do_priority(struct fz *w, const struct fz_op *o)
{
	union vmedia_payload arg = { .u32 = o->p[2] >= 0xf0 ? o->p[2] : 1u + o->p[2] % 3 };
	struct fz_verdict v = { .num = 0 };
	uint32_t prio = arg.u32, i, max = 0;
	int ret;

	if (o->p[1] & 1) {
		w->doing = "G_PRIORITY";
		ret = fz_ioctl(w, o->s, VMEDIA_NR_G_PRIORITY, &arg);
		for (i = 0; i < FZ_SESSIONS; i++)
			if (w->s[i].open && w->s[i].prio > max)
				max = w->s[i].prio;
		FZ_REQUIRE(w, !ret && arg.u32 == max, "G_PRIORITY: %d, %u", ret, arg.u32);
		return;
	}
	fz_forbid(&v, prio < V4L2_PRIORITY_BACKGROUND || prio > V4L2_PRIORITY_RECORD, EINVAL);
	fz_forbid(&v, fz_low_prio(w, o->s), EBUSY);
	w->doing = "S_PRIORITY";
	ret = fz_ioctl(w, o->s, VMEDIA_NR_S_PRIORITY, &arg);
	fz_note(w, "s%u S_PRIORITY %u: %d", o->s, prio, ret);
	fz_judge(w, &v, ret);
	if (!ret)
		w->s[o->s].prio = prio;
}

/* ---- Intervals, inputs, selections ---- */

void fz_do_parm(struct fz *w, const struct fz_op *o)
{
	union vmedia_payload arg = { .raw = { 0 } };
	uint32_t nr = o->p[2] & 1 ? VMEDIA_NR_S_PARM : VMEDIA_NR_G_PARM;
	struct fz_verdict v = { .num = 0 };
	struct fz_queue *q;
	int ret;

	arg.streamparm.type = fz_pick_type(w, o, o->p[1], &q);
	arg.streamparm.parm.capture.timeperframe =
		(struct vmedia_fract){ o->p[3] & 7, o->p[4] * 25u };
	w->doing = vmedia_ioctl_info(nr)->name;
	ret = fz_ioctl(w, o->s, nr, &arg);
	fz_note(w, "s%u %s: %d", o->s, w->doing, ret);
	/* Whether there are intervals, and may change now, is the device's to say. */
	if (ret == -ENOTTY || (q && q->streaming && ret == -EBUSY && nr == VMEDIA_NR_S_PARM))
		return;
	fz_forbid(&v, !q, EINVAL);
	fz_forbid(&v, nr == VMEDIA_NR_S_PARM && fz_low_prio(w, o->s), EBUSY);
	fz_forbid(&v, nr == VMEDIA_NR_S_PARM && q && fz_not_owner(q, o->s), EBUSY);
	fz_judge(w, &v, ret);
	if (!ret)
		FZ_REQUIRE(w, arg.streamparm.parm.capture.timeperframe.numerator &&
			   arg.streamparm.parm.capture.timeperframe.denominator,
			   "%s leaves an interval of nothing", w->doing);
}

static bool streams(const struct fz_ctx *c)
{
	unsigned int i;

	for (i = 0; i < c->num; i++)
		if (c->q[i].streaming)
			return true;
	return false;
}

void fz_do_io(struct fz *w, const struct fz_op *o)
{
	static const uint32_t nrs[] = { VMEDIA_NR_G_INPUT, VMEDIA_NR_S_INPUT, VMEDIA_NR_G_OUTPUT,
					VMEDIA_NR_S_OUTPUT, VMEDIA_NR_ENUMINPUT,
					VMEDIA_NR_ENUMOUTPUT };
	unsigned int which = o->p[1] % 6;
	bool output = which == 2 || which == 3 || which == 5, set = which == 1 || which == 3;
	unsigned int num = output ? w->num_outputs : w->num_inputs;
	uint32_t i = o->p[2] >= 0xe0 ? num + (o->p[2] & 7) : num ? o->p[2] % num : 0;
	union vmedia_payload arg = { .u32 = i };
	struct fz_verdict v = { .num = 0 };
	int ret;

	w->doing = vmedia_ioctl_info(nrs[which])->name;
	ret = fz_ioctl(w, o->s, nrs[which], &arg);
	fz_note(w, "s%u %s %u: %d", o->s, w->doing, i, ret);
	if (set && i && ret == -EBUSY && streams(w->s[o->s].ctx))
		return;
	fz_forbid(&v, !num, ENOTTY);
	fz_forbid(&v, set && fz_low_prio(w, o->s), EBUSY);
	fz_forbid(&v, num && (set || which > 3) && i >= num, EINVAL);
	fz_judge(w, &v, ret);
}

void fz_do_selection(struct fz *w, const struct fz_op *o)
{
	static const uint32_t nrs[] = { VMEDIA_NR_G_SELECTION, VMEDIA_NR_S_SELECTION,
					VMEDIA_NR_CROPCAP, VMEDIA_NR_G_CROP, VMEDIA_NR_S_CROP };
	uint32_t nr = nrs[o->p[2] % 5];
	union vmedia_payload arg = { .raw = { 0 } };
	struct fz_queue *q;
	int ret;

	/* The type is the first word of each of them. */
	arg.u32 = fz_pick_type(w, o, o->p[1], &q);
	if (nr == VMEDIA_NR_G_SELECTION || nr == VMEDIA_NR_S_SELECTION) {
		arg.selection.target = o->p[3] & 1 ? 0 : o->p[3];
		arg.selection.flags = o->p[4] >= 0xf0 ? o->p[4] : o->p[4] & 3;
		arg.selection.r = (struct vmedia_rect){ 0, 0, o->p[5], o->p[5] };
	}
	w->doing = vmedia_ioctl_info(nr)->name;
	ret = fz_ioctl(w, o->s, nr, &arg);
	fz_note(w, "s%u %s: %d", o->s, w->doing, ret);
	FZ_REQUIRE(w, !ret || ret == -ENOTTY || ret == -EINVAL || ret == -ERANGE ||
		   (ret == -EBUSY && (fz_low_prio(w, o->s) || (q && fz_not_owner(q, o->s)) ||
				      (w->d->master && streams(w->s[o->s].ctx)))),
		   "%s: %d", w->doing, ret);
	/* An encoder's rectangle makes CAPTURE's format. */
	if (w->d->master && !ret)
		w->s[o->s].ctx->q[1].fmt_known = false;
}
