// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
/*
 * videobuf2's operations: QBUF lends a buffer to the device, and an event returns it.
 *
 * videobuf2 passes buffers to its driver when STREAMON is called. The driver sends QBUF for them
 * after the device accepted STREAMON, and for later buffers at once. It does not wait for the
 * answer of a QBUF, so a frame costs one command. V4L2 requires that QBUF itself refuses wrong
 * arguments (index, memory, lengths, content, state); videobuf2 and buf_prepare check these before
 * the command is sent. If the device still refuses a buffer, DQBUF returns it with an error, as
 * from broken hardware. After -EIO the whole queue is in error until STREAMOFF, as after
 * vb2_queue_error(). An invalid answer fails the session, since only CLOSE makes sure that the
 * device does not have the buffer.
 *
 * Security model: the buffer of an event or answer is looked up by the device's index in this
 * session's queue, and it must be LENT (for answers: in the same loan that sent the command). Sizes
 * are checked against the memory that was lent. If the device does not return memory in time, the
 * loan lasts until CLOSE or reset; videobuf2 gets its buffer back anyway.
 */
#include <linux/slab.h>

#include "vmedia.h"

struct vmedia_queue *vmedia_queue_of(struct vmedia_session *s, u32 type)
{
	return type <= VMEDIA_MAX_TYPE ? s->queue[type] : NULL;
}

/* ---- Coming back ---- */

/* End the loan of a buffer. Returns it for the caller to free. */
static struct vmedia_loan *end_loan(struct vmedia_queue *q, struct vmedia_buf *buf)
{
	struct vmedia_loan *loan = buf->loan;

	lockdep_assert_held(&q->session->buf_lock);
	buf->loan = NULL;
	if (loan)
		list_del_init(&loan->node);
	return loan;
}

/* Return @buf to videobuf2, which may free it. */
static void give_back(struct vmedia_queue *q, struct vmedia_buf *buf, enum vb2_buffer_state result)
{
	lockdep_assert_held(&q->session->buf_lock);
	xa_erase(&q->bufs, buf->index);
	vb2_buffer_done(&buf->vb.vb2_buf, result);
}

static void clear_payload(struct vmedia_buf *buf)
{
	unsigned int i;

	for (i = 0; i < buf->vb.vb2_buf.num_planes; i++)
		buf->vb.vb2_buf.planes[i].bytesused = 0;
}

/* Copy the event's numbers into the buffer. Returns NULL, or a description of the error. */
static const char *take_planes(struct vmedia_buf *buf, const struct vmedia_evt *evt)
{
	struct vb2_buffer *vb = &buf->vb.vb2_buf;
	bool output = V4L2_TYPE_IS_OUTPUT(vb->type);
	unsigned int i;

	if (!V4L2_TYPE_IS_MULTIPLANAR(vb->type)) {
		if (evt->buffer.bytesused > vb->planes[0].length)
			return "DQBUF with more bytes used than there are";
		if (!output)
			vb->planes[0].bytesused = evt->buffer.bytesused;
		return NULL;
	}
	if (evt->buffer.length != vb->num_planes)
		return "DQBUF with another number of planes";
	for (i = 0; i < vb->num_planes; i++) {
		const struct vmedia_plane *p = &evt->planes[i];

		if (p->bytesused > vb->planes[i].length || p->data_offset > vb->planes[i].length)
			return "DQBUF with more bytes used than there are";
		if (output)
			continue;
		vb->planes[i].bytesused = p->bytesused;
		vb->planes[i].data_offset = p->data_offset;
	}
	return NULL;
}

#define EVENT_FLAGS (V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_PFRAME | V4L2_BUF_FLAG_BFRAME |	\
		     V4L2_BUF_FLAG_TIMECODE | V4L2_BUF_FLAG_LAST)

/*
 * The flags of a buffer that describe its content; where timestamps are copied, also their source.
 */
static u32 content_flags(const struct vmedia_queue *q)
{
	return EVENT_FLAGS | (q->vb.copy_timestamp ? V4L2_BUF_FLAG_TSTAMP_SRC_MASK : 0);
}

static void take_frame(struct vmedia_queue *q, struct vmedia_buf *buf,
		       const struct vmedia_buffer *b)
{
	struct vb2_v4l2_buffer *vb = &buf->vb;

	vb->sequence = b->sequence;
	if (!q->vb.copy_timestamp)
		vb->vb2_buf.timestamp = ktime_get_ns();
	/* Of OUTPUT, the device may have corrected it. */
	if (b->field != V4L2_FIELD_ANY)
		vb->field = b->field;
	if (q->vb.is_output)
		return;
	vb->flags = (vb->flags & ~content_flags(q)) | (b->flags & content_flags(q));
	if (b->field == V4L2_FIELD_ANY)
		vb->field = V4L2_FIELD_NONE;
	BUILD_BUG_ON(sizeof(vb->timecode) != sizeof(b->timecode));
	memcpy(&vb->timecode, &b->timecode, sizeof(vb->timecode));
	if (q->vb.copy_timestamp)
		vb->vb2_buf.timestamp = b->timestamp.tv_sec * NSEC_PER_SEC +
					b->timestamp.tv_usec * NSEC_PER_USEC;
}

/* Find the returned buffer by the device's index; its loan is about to end. Context: buf_lock. */
static struct vmedia_buf *coming_back(struct vmedia_queue *q, u32 index, struct vmedia_loan **loan)
{
	struct vmedia_buf *buf = xa_load(&q->bufs, index);

	if (!buf || buf->state != VMEDIA_BUF_LENT)
		return NULL;
	*loan = end_loan(q, buf);
	buf->state = VMEDIA_BUF_COMING;
	return buf;
}

void vmedia_queue_event(struct vmedia_session *s, const struct vmedia_evt *evt)
{
	struct vmedia_queue *q = vmedia_queue_of(s, evt->buffer.type);
	struct vmedia_loan *loan = NULL;
	const char *fault = NULL;
	struct vmedia_buf *buf;
	u64 cookie = 0;

	if (!q) {
		vmedia_refused(s->dev, "DQBUF event", "the device has no queue of that type",
			       evt->buffer.type, 0);
		return;
	}
	down_read(&s->dev->map_lock);
	spin_lock(&s->buf_lock);
	buf = coming_back(q, evt->buffer.index, &loan);
	if (buf)
		cookie = buf->cookie;
	spin_unlock(&s->buf_lock);
	if (!buf) {
		up_read(&s->dev->map_lock);
		vmedia_refused(s->dev, "DQBUF event", "the device does not have the buffer",
			       evt->buffer.index, 0);
		return;
	}
	/*
	 * The device's data is in the buffer only after the loan ended. STREAMOFF may come first.
	 */
	vmedia_loan_free(s->dev, loan);
	up_read(&s->dev->map_lock);
	spin_lock(&s->buf_lock);
	buf = xa_load(&q->bufs, evt->buffer.index);
	if (buf && buf->state == VMEDIA_BUF_COMING && buf->cookie == cookie) {
		fault = take_planes(buf, evt);
		if (fault)
			clear_payload(buf);
		take_frame(q, buf, &evt->buffer);
		give_back(q, buf, fault || evt->buffer.flags & V4L2_BUF_FLAG_ERROR ?
			  VB2_BUF_STATE_ERROR : VB2_BUF_STATE_DONE);
	}
	spin_unlock(&s->buf_lock);
	if (fault)
		vmedia_refused(s->dev, "DQBUF event", fault, evt->buffer.bytesused,
			       evt->buffer.length);
}

/*
 * The device refused the buffer of loan @cookie. With @failed it accepts no more buffers, as after
 * vb2_queue_error(), and the queue here fails in the same way. Context: map_lock.
 */
static void refused_qbuf(struct vmedia_queue *q, u32 index, u64 cookie, bool failed)
{
	struct vmedia_session *s = q->session;
	struct vmedia_loan *loan = NULL;
	struct vmedia_buf *buf;

	spin_lock(&s->buf_lock);
	buf = xa_load(&q->bufs, index);
	if (buf && buf->state == VMEDIA_BUF_LENT && buf->cookie == cookie) {
		loan = end_loan(q, buf);
		clear_payload(buf);
		if (failed)
			vb2_queue_error(&q->vb);
		give_back(q, buf, VB2_BUF_STATE_ERROR);
	}
	spin_unlock(&s->buf_lock);
	vmedia_loan_free(s->dev, loan);
}

static void qbuf_answered(struct vmedia_command *c)
{
	struct vmedia_session *s = c->session;
	struct vmedia_queue *q = s->queue[c->type];

	if (c->cmd.why.what) {
		/* The device may have the buffer until CLOSE. */
		vmedia_session_fail(s, -EIO);
		vmedia_session_close(s);
	} else if (c->err && !c->reaped) {
		down_read(&s->dev->map_lock);
		refused_qbuf(q, c->index, c->cookie, c->err == -EIO);
		up_read(&s->dev->map_lock);
	}
}

/* ---- Going there ---- */

static void fill_question(struct vmedia_queue *q, struct vmedia_buf *buf, struct vmedia_command *c)
{
	struct vb2_buffer *vb = &buf->vb.vb2_buf;
	struct vmedia_buffer *b = &c->cmd.io.arg.buffer;
	unsigned int i;

	b->index = buf->index;
	b->type = q->type;
	b->memory = q->memory;
	b->field = buf->vb.field;
	b->flags = buf->vb.flags & (q->vb.is_output ? content_flags(q) : EVENT_FLAGS);
	memcpy(&b->timecode, &buf->vb.timecode, sizeof(b->timecode));
	if (q->vb.is_output) {
		struct timespec64 ts = ns_to_timespec64(vb->timestamp);

		b->timestamp.tv_sec = ts.tv_sec;
		b->timestamp.tv_usec = ts.tv_nsec / NSEC_PER_USEC;
	}
	if (!V4L2_TYPE_IS_MULTIPLANAR(q->type)) {
		b->length = vb->planes[0].length;
		b->bytesused = q->vb.is_output ? vb->planes[0].bytesused : 0;
		return;
	}
	b->length = vb->num_planes;
	c->cmd.io.num_planes = vb->num_planes;
	for (i = 0; i < vb->num_planes; i++) {
		c->cmd.io.planes[i].length = vb->planes[i].length;
		c->cmd.io.planes[i].bytesused = q->vb.is_output ? vb->planes[i].bytesused : 0;
		c->cmd.io.planes[i].data_offset = q->vb.is_output ? vb->planes[i].data_offset : 0;
	}
}

static int lend(struct vmedia_queue *q, struct vmedia_buf *buf, u64 cookie)
{
	struct vmedia_session *s = q->session;
	struct vmedia_command *c = vmedia_command_ioctl(s, VMEDIA_NR_QBUF);
	struct vmedia_loan *loan;
	int err;

	if (!c)
		return -ENOMEM;
	fill_question(q, buf, c);
	loan = vmedia_loan_new(q, &buf->vb.vb2_buf, c);
	if (IS_ERR(loan)) {
		vmedia_command_free(c);
		return PTR_ERR(loan);
	}
	c->finish = qbuf_answered;
	c->type = q->type;
	c->index = buf->index;
	c->cookie = cookie;
	/*
	 * Mark it lent before it is sent: the answer and the event may come before the post
	 * returns.
	 */
	spin_lock(&s->buf_lock);
	buf->loan = loan;
	list_add_tail(&loan->node, &s->loans);
	spin_unlock(&s->buf_lock);
	err = vmedia_command_post(c);
	if (err)
		vmedia_command_free(c);
	return err;
}

/* Send QBUF. A buffer that cannot be lent is returned with an error, since this cannot fail. */
static void send_qbuf(struct vb2_buffer *vb)
{
	struct vmedia_buf *buf = vmedia_buf_of(vb);
	struct vmedia_queue *q = vb2_get_drv_priv(vb->vb2_queue);
	struct vmedia_session *s = q->session;
	u64 cookie = atomic64_inc_return(&s->dev->cookie);

	buf->state = VMEDIA_BUF_LENT;
	buf->cookie = cookie;
	buf->loan = NULL;
	xa_store(&q->bufs, buf->index, buf, GFP_KERNEL | __GFP_NOFAIL);
	down_read(&s->dev->map_lock);
	if (lend(q, buf, cookie))
		refused_qbuf(q, buf->index, cookie, false);
	up_read(&s->dev->map_lock);
}

static void buf_queue(struct vb2_buffer *vb)
{
	if (vb2_start_streaming_called(vb->vb2_queue))
		send_qbuf(vb);
}

/* ---- Streaming ---- */

static int ask_stream(struct vmedia_queue *q, u32 nr)
{
	struct vmedia_command *c = vmedia_command_ioctl(q->session, nr);
	bool gone;
	int err;

	if (!c)
		return -ENOMEM;
	c->cmd.io.arg.u32 = q->type;
	err = vmedia_command_run(c, &gone);
	if (!gone)
		vmedia_command_free(c);
	return err;
}

/*
 * Return all buffers of this queue that the device has to videobuf2. If @over, the device has
 * returned them; otherwise the loans last until CLOSE.
 */
static void reclaim(struct vmedia_queue *q, bool over)
{
	struct vmedia_session *s = q->session;
	struct vmedia_loan *loan, *next;
	struct vmedia_buf *buf;
	LIST_HEAD(loans);
	unsigned long i;

	down_read(&s->dev->map_lock);
	spin_lock(&s->buf_lock);
	xa_for_each(&q->bufs, i, buf) {
		loan = buf->loan;
		buf->loan = NULL;
		if (loan && over)
			list_move_tail(&loan->node, &loans);
		give_back(q, buf, VB2_BUF_STATE_ERROR);
	}
	spin_unlock(&s->buf_lock);
	list_for_each_entry_safe(loan, next, &loans, node)
		vmedia_loan_free(s->dev, loan);
	up_read(&s->dev->map_lock);
}

/* Send STREAMOFF, which takes back all buffers, streaming or not. */
static void stop_streaming(struct vb2_queue *vq)
{
	struct vmedia_queue *q = vb2_get_drv_priv(vq);
	struct vmedia_session *s = q->session;
	int err = -ENODEV;

	/* A file that is being closed sends CLOSE instead. */
	if (!s->closed && !vmedia_session_err(s)) {
		err = ask_stream(q, VMEDIA_NR_STREAMOFF);
		if (err)
			vmedia_session_fail(s, err == -ENODEV ? err : -EIO);
		/*
		 * Deliver all events from before the stop, so that they are not taken for later
		 * ones.
		 */
		vmedia_events_sync(s->dev);
	}
	reclaim(q, !err);
}

static int start_streaming(struct vb2_queue *vq, unsigned int count)
{
	struct vmedia_queue *q = vb2_get_drv_priv(vq);
	int err = vmedia_session_err(q->session);
	struct vb2_buffer *vb;

	if (!err)
		err = ask_stream(q, VMEDIA_NR_STREAMON);
	if (err)
		stop_streaming(vq);
	list_for_each_entry(vb, &vq->queued_list, queued_entry) {
		if (err)
			vb2_buffer_done(vb, VB2_BUF_STATE_QUEUED);
		else
			send_qbuf(vb);
	}
	return err;
}

/* ---- Buffers ---- */

static int buf_out_validate(struct vb2_buffer *vb)
{
	struct vb2_v4l2_buffer *v = to_vb2_v4l2_buffer(vb);

	if (v->field == V4L2_FIELD_ANY)
		v->field = V4L2_FIELD_NONE;
	return 0;
}

const struct vb2_ops vmedia_vb2_ops = {
	.queue_setup = vmedia_queue_setup,
	VMEDIA_VB2_WAIT_OPS
	.buf_out_validate = buf_out_validate,
	.buf_prepare = vmedia_buf_prepare,
	.start_streaming = start_streaming,
	.stop_streaming = stop_streaming,
	.buf_queue = buf_queue,
};
