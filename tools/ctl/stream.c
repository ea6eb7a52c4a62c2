/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Streaming: frames from CAPTURE, to OUTPUT, or both of a memory-to-memory device, in one loop.
 *
 * Theory of operation
 *
 *   A decoder finds the size of its frames in its input. So CAPTURE is set up when the device has
 *   sent V4L2_EVENT_SOURCE_CHANGE, and once more after each later one: the device marks the last
 *   frame of the old size by V4L2_BUF_FLAG_LAST.
 *
 *   After the last frame of the file CMD_STOP makes a codec return what it still has, to the frame
 *   with V4L2_BUF_FLAG_LAST. Other devices have no CMD_STOP. There the stream ends with the frame
 *   that has the timestamp of the last frame sent, or, if the device copies no timestamps, with as
 *   many frames as were sent.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "capture.h"
#include "codec.h"
#include "feed.h"

struct stream {
	struct ctl *c;
	const struct ctl_stream_options *o;
	bool captures, feeds;
	bool decodes;	/* CAPTURE's format comes from the input */
	bool changed;	/* V4L2_EVENT_SOURCE_CHANGE came, CAPTURE is not set up for it */
	uint64_t setups; /* of CAPTURE */
	struct ctl_capture cap;
	struct ctl_feed feed;
	uint64_t bytes;	/* written */
};

/* ---- a decoder's source ---- */

static int take_events(struct stream *s)
{
	struct vmedia_event ev;
	int ret;

	/* A hostile device may have events without an end: some now, more in the next turn. */
	for (int i = 0; i < 64 && vmedia_poll_mask(s->c->f) & POLLPRI; i++) {
		ret = vmedia_ioctl(s->c->f, VIDIOC_DQEVENT, &ev);
		if (ret < 0)
			return ctl_fail("VIDIOC_DQEVENT", ret);
		if (ev.type == V4L2_EVENT_SOURCE_CHANGE &&
		    ev.u.src_change.changes & V4L2_EVENT_SRC_CH_RESOLUTION)
			s->changed = true;
	}
	return 0;
}

/* A device without the event has its format from the user, as a converter has. */
static void subscribe(struct stream *s)
{
	struct vmedia_event_subscription sub = { .type = V4L2_EVENT_SOURCE_CHANGE };
	uint32_t flags;

	if (s->captures &&
	    ctl_is_coded(s->c, s->c->out_type, ctl_queue_pixelformat(&s->feed.q), &flags))
		s->decodes = vmedia_ioctl(s->c->f, VIDIOC_SUBSCRIBE_EVENT, &sub) == 0;
}

/* Set CAPTURE up for the new source, once the frames of the old one are out. */
static int follow_source(struct stream *s)
{
	int ret = take_events(s);

	if (ret < 0 || !s->changed || (s->cap.q.streaming && !s->cap.ended))
		return ret;
	s->changed = false;
	if (s->setups++ > s->feed.sent)
		return ctl_fail_text("the device announces more frame sizes than it got packets");
	return ctl_capture_start(&s->cap);
}

/* ---- the loop ---- */

static bool done(const struct stream *s)
{
	const struct ctl_feed *f = &s->feed;
	const struct ctl_capture *cap = &s->cap;
	bool all_back = f->ended && !f->q.queued;

	if (!s->captures)
		return all_back;
	if (cap->ended || (s->o->count && cap->kept + cap->errors >= s->o->count))
		return true;
	if (!f->no_drain || !all_back || !cap->seen)
		return false;
	return f->copies ? cap->number == f->sent - 1 : cap->seen >= f->sent;
}

static int turn(struct stream *s, short mask)
{
	int ret = 0;

	if (mask & POLLIN)
		ret = ctl_capture_turn(&s->cap);
	if (ret == 0 && mask & POLLOUT)
		ret = ctl_feed_turn(&s->feed);
	if (ret == 0 && s->decodes)
		ret = follow_source(s);
	if (ret == 0 && s->feeds && s->cap.q.streaming)
		ret = ctl_feed_drain(&s->feed);
	return ret;
}

static short awaited(const struct stream *s)
{
	return (short)((s->cap.q.streaming ? POLLIN : 0) | (s->feed.q.queued ? POLLOUT : 0) |
		       (s->decodes ? POLLPRI : 0));
}

static int no_answer(const struct stream *s)
{
	if (s->captures && !s->cap.q.streaming)
		return ctl_fail_text("the device found no frame size in the input; is it of the "
				     "format of --get-fmt-video-out?");
	return ctl_fail("no frame came", -ETIMEDOUT);
}

static int loop(struct stream *s)
{
	double patience = s->c->o->connect.timeout_ms / 1000.0, waiting_since = ctl_now();
	int ret = turn(s, 0);
	uint64_t setups = s->setups;

	while (ret == 0 && !ctl_interrupted() && !done(s)) {
		/* Wait in short steps, so that an interrupt is noticed soon. */
		int mask = vmedia_wait(s->c->f, awaited(s), 250);

		if (mask < 0)
			return ctl_fail("waiting for a frame", mask);
		if (mask & (POLLIN | POLLOUT | POLLPRI))
			ret = turn(s, (short)mask);
		if (mask & (POLLIN | POLLOUT) || s->setups != setups) {
			waiting_since = ctl_now();
			setups = s->setups;
		} else if (mask & POLLERR) {
			return ctl_fail("the device ended the session", -EIO);
		} else if (ctl_now() - waiting_since > patience) {
			return no_answer(s);
		}
	}
	return ret;
}

static void summary(const struct stream *s)
{
	const struct ctl_capture *cap = &s->cap;
	double t = cap->last_time - cap->first_time;

	if (s->c->o->silent)
		return;
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	if (s->feeds)
		fprintf(stderr, "%llu frames sent", (unsigned long long)s->feed.sent);
	if (s->feed.refused)
		fprintf(stderr, ", %llu refused", (unsigned long long)s->feed.refused);
	if (s->captures)
		fprintf(stderr, "%s%llu frames, %.2f fps, %llu dropped", s->feeds ? ", " : "",
			(unsigned long long)cap->seen, t > 0 ? (double)(cap->seen - 1) / t : 0.0,
			(unsigned long long)cap->dropped);
	if (cap->errors)
		fprintf(stderr, ", %llu damaged", (unsigned long long)cap->errors);
	if (s->o->to)
		fprintf(stderr, ", %llu bytes to %s", (unsigned long long)s->bytes, s->o->to);
	fputc('\n', stderr);
}

static int start(struct stream *s)
{
	int ret = 0;

	if (s->captures)
		ret = ctl_capture_init(&s->cap, s->c);
	if (ret == 0 && s->feeds) {
		s->feed.limit = s->captures ? 0 : s->o->count;
		ret = ctl_feed_init(&s->feed, s->c);
		if (ret == 0) {
			subscribe(s);
			ret = ctl_feed_start(&s->feed);
		}
	}
	return ret == 0 && s->captures && !s->decodes ? ctl_capture_start(&s->cap) : ret;
}

static int run(struct stream *s)
{
	int ret = start(s);
	bool started = ret == 0;

	if (ret == 0)
		ret = loop(s);
	if (ret == -EINTR && ctl_interrupted())
		ret = 0;
	/* Restore the terminal first: the device may stop late or never. */
	s->bytes = s->cap.sink.bytes;
	ret = ctl_capture_close(&s->cap, ret);
	ctl_queue_stop(&s->feed.q);
	ctl_queue_stop(&s->cap.q);
	if (started && !s->c->codec)
		summary(s);
	if (ret == 0 && s->c->codec)
		ret = s->c->codec->end(s->c, s->cap.ended);
	return ret;
}

/* Check that the device can do what the options ask. */
static int check(const struct stream *s)
{
	const struct ctl *c = s->c;

	if (s->feeds && !c->out_type)
		return ctl_usage_text("the device takes no frames: leave out --stream-from");
	if (!s->feeds && c->out_type && s->captures)
		return ctl_usage_text("the device converts frames: give them, by "
				      "--stream-from=FILE or --stream-from-hdr=FILE");
	if (!s->captures && !s->feeds)
		return ctl_fail_text("this device does not capture video");
	if (!s->captures && (s->o->to || s->o->snapshot || s->o->preview))
		return ctl_usage_text("the device returns no frames: leave out --stream-to, "
				      "--snapshot and --preview");
	return 0;
}

int ctl_stream(struct ctl *c)
{
	struct stream *s = calloc(1, sizeof(*s));
	int ret;

	if (!s)
		return ctl_fail("streaming", -ENOMEM);
	s->c = c;
	s->o = &c->o->stream;
	s->captures = c->type && !ctl_is_output(c->type);
	s->feeds = s->o->from || c->codec;
	ret = check(s);
	if (ret == 0) {
		ctl_catch_interrupts();
		ret = run(s);
	}
	ctl_feed_finish(&s->feed);
	ctl_capture_finish(&s->cap);
	free(s);
	return ret;
}
