/* SPDX-License-Identifier: BSD-3-Clause */
/* The driver of the sequences: see codec_play.h. */
#include "codec_play.h"

#include <unistd.h>

#include "core/core.h"
#include "v4l2/decoder.h"

const char *const play_names[PLAY_NUM_KINDS] = {
	"options", "fmt-out", "fmt-cap", "reqbufs", "packet", "target", "targets",
	"on", "off", "stop", "start", "follow", "query", "begin", "setup",
	"restart", "seek", "recover", "anew", "close", "suspend", "step", "settle",
};

static const uint32_t types[2] = { OUT, CAP };

struct session {
	uint32_t id;
	struct cm m;
	unsigned int num[2];
	bool busy[2][CM_BUFS];
	bool on[2];
	bool sized;			/* a packet had a size */
	bool change, last, failed;	/* came, and was not followed */
	uint16_t next_packet;
	uint32_t sequence[2];		/* of the next buffer since STREAMON */
};

static struct {
	struct client c;
	struct session s[PLAY_SESSIONS];
	unsigned int num;
	bool loud;
	struct play_count count;
	/* Events that came with an answer, and how many of them before it. */
	struct vmedia_evt events[64];
	unsigned int num_events, before;
} w;

static struct vmedia_ctx *ctx_of(const struct session *s)
{
	return vmedia_session_ctx(vmedia_session_find(w.c.r->dev, s->id));
}

__attribute__((format(printf, 1, 2))) static void say(const char *fmt, ...)
{
	va_list ap;

	if (!w.loud)
		return;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
}

__attribute__((format(printf, 2, 3))) static void wrong(struct session *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "\nsession %u: ", (unsigned int)(s - w.s));
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	cm_print(&s->m);
	exit(1);
}

/* ---- What comes ---- */

static struct cm_seen read_buffer(struct session *s, const struct vmedia_evt *evt)
{
	const struct vmedia_buffer *b = &evt->buffer;
	enum cm_queue queue = b->type == OUT ? CM_OUT : CM_CAP;
	uint64_t time = (uint64_t)b->timestamp.tv_sec * 1000000u + (uint64_t)b->timestamp.tv_usec;
	struct cm_seen e = { .index = (uint8_t)b->index, .error = b->flags & V4L2_BUF_FLAG_ERROR };
	bool last = b->flags & V4L2_BUF_FLAG_LAST;

	if (b->index >= s->num[queue] || !s->busy[queue][b->index])
		wrong(s, "a buffer comes that was not queued: %u of type %u", b->index, b->type);
	s->busy[queue][b->index] = false;
	if (b->sequence != s->sequence[queue]++ && s->on[queue])
		wrong(s, "sequence number %u; expected %u", b->sequence, s->sequence[queue] - 1);
	e.p.packet = (uint16_t)time;
	if (queue == CM_OUT) {
		e.what = CM_PACKET;
	} else if (!evt->planes[0].bytesused) {
		e.what = last ? CM_LAST : CM_EMPTY;
		if (!last && !e.error)
			wrong(s, "an empty buffer without LAST and without an error");
	} else {
		e.what = last ? CM_LAST : CM_PICTURE;
		e.p.shows = *(const uint8_t *)vmedia_buf_plane(
			vmedia_queue_buf(vmedia_m2m_dst(ctx_of(s)), b->index), 0);
		e.p.kind = b->field == V4L2_FIELD_INTERLACED_TB	  ? 'I'
			   : b->flags & V4L2_BUF_FLAG_KEYFRAME	  ? 'K'
			   : b->flags & V4L2_BUF_FLAG_PFRAME	  ? 'P'
								  : '?';
	}
	return e;
}

static void on_event(const struct vmedia_evt *evt)
{
	struct cm_seen e = { .what = CM_EOS };
	enum cm_queue queue = CM_CAP;
	struct session *s = w.s;

	while (s < w.s + w.num && s->id != evt->session_id)
		s++;
	if (s == w.s + w.num)
		wrong(w.s, "an event of session %u, which is closed", evt->session_id);
	if (evt->type == VMEDIA_EVT_DQBUF) {
		e = read_buffer(s, evt);
		queue = evt->buffer.type == OUT ? CM_OUT : CM_CAP;
	} else if (evt->event.type == V4L2_EVENT_SOURCE_CHANGE) {
		e.what = CM_CHANGE;
	}
	s->change |= e.what == CM_CHANGE;
	s->last |= e.what == CM_LAST;
	w.count.came[e.what]++;
	say(" [%u %s", (unsigned int)(s - w.s), cm_names[e.what]);
	if (e.what == CM_PICTURE)
		say(" %c%c@%u", e.p.kind, e.p.shows, e.p.packet);
	if (e.what == CM_PACKET)
		say(" %u", e.p.packet);
	say("%s]", e.error ? "!" : "");
	if (!cm_saw(&s->m, queue, &e))
		wrong(s, "this does not come by the contract: %s of buffer %u, packet %u%s",
		      cm_names[e.what], e.index, e.p.packet, e.error ? ", with an error" : "");
}

/* All that is there, without waiting. */
static void harvest(void)
{
	struct vmedia_evt evt;

	while (rig_poll(w.c.r, &evt))
		on_event(&evt);
}

static bool runs(const struct session *s)
{
	return vmedia_decoder_of(ctx_of(s))->s.running;
}

static void settle(struct session *s)
{
	harvest();
	while (runs(s)) {
		assert_true(vmedia_loop_step(w.c.r->h.loop, -1) >= 0);
		harvest();
	}
	if (!cm_settled(&s->m))
		wrong(s, "the decoder waits, and something has not come");
}

/* ---- Calls ---- */

/* Events that the device sent before its answer are from before the call's effect. */
static int ioctl_of(struct session *s, struct vmedia_cmd *cmd)
{
	struct harness *h = &w.c.r->h;
	int err;

	(void)s;
	harvest();
	h->traced = 0;
	err = rig_cmd(w.c.r, cmd);
	w.num_events = w.before = 0;
	for (unsigned int i = 0; i < h->traced && h->trace[i] != 'c'; i++)
		w.before += h->trace[i] == 'e';
	while (w.num_events < 64 && rig_poll(w.c.r, &w.events[w.num_events]))
		w.num_events++;
	for (unsigned int i = 0; i < w.before; i++)
		on_event(&w.events[i]);
	return err;
}

static int ioctl_payload(struct session *s, uint32_t nr, union vmedia_payload *arg)
{
	struct vmedia_cmd cmd;
	int err;

	harness_cmd_ioctl(&cmd, s->id, nr);
	memcpy(&cmd.io.arg, arg, cmd.io.info->size);
	err = ioctl_of(s, &cmd);
	memcpy(arg, &cmd.io.arg, cmd.io.info->size);
	return err;
}

static void check(struct session *s, const struct cm_call *c)
{
	static const char *const names[] = { "S_FMT", "G_FMT", "REQBUFS", "QBUF", "STREAMON",
					     "STREAMOFF", "CMD_STOP", "CMD_START", "queries" };

	w.count.calls++;
	say(" %s: %d", names[c->kind], c->ret);
	if (!cm_call(&s->m, c))
		wrong(s, "%s of %s returned %d, which the contract does not allow", names[c->kind],
		      c->queue == CM_OUT ? "OUTPUT" : "CAPTURE", c->ret);
	for (unsigned int i = w.before; i < w.num_events; i++)
		on_event(&w.events[i]);
	w.num_events = w.before = 0;
}

static struct cm_format short_format(const struct vmedia_format *f)
{
	return (struct cm_format){ f->fmt.pix_mp.pixelformat, (uint16_t)f->fmt.pix_mp.width,
				   (uint16_t)f->fmt.pix_mp.height };
}

static struct cm_format get_format(struct session *s, enum cm_queue q)
{
	PAYLOAD(a);

	a.format.type = types[q];
	assert_int_equal(ioctl_payload(s, VMEDIA_NR_G_FMT, &a), 0);
	return short_format(&a.format);
}

static void s_fmt(struct session *s, enum cm_queue q, uint32_t pixelformat, unsigned int size)
{
	static const uint16_t wish[8][2] = { { 64, 48 }, { 0, 0 }, { 30, 18 }, { 128, 96 },
					     { 40, 30 }, { 33, 19 }, { 320, 240 }, { 1, 5000 } };
	struct cm_call c = { .kind = CM_S_FMT, .queue = q };
	PAYLOAD(a);

	c.asked = (struct cm_format){ pixelformat, wish[size][0], wish[size][1] };
	a.format.type = types[q];
	a.format.fmt.pix_mp.pixelformat = pixelformat;
	a.format.fmt.pix_mp.width = c.asked.width;
	a.format.fmt.pix_mp.height = c.asked.height;
	c.ret = ioctl_payload(s, VMEDIA_NR_S_FMT, &a);
	c.got = short_format(&a.format);
	for (unsigned int i = 0; i < a.format.fmt.pix_mp.num_planes; i++)
		c.image += a.format.fmt.pix_mp.plane_fmt[i].sizeimage;
	c.capture = short_format(vmedia_queue_format(vmedia_m2m_dst(ctx_of(s))));
	check(s, &c);
}

static void query(struct session *s)
{
	struct cm_call c = { .kind = CM_G_FMT };
	PAYLOAD(sel);
	PAYLOAD(ctrl);

	for (c.queue = CM_OUT; c.queue <= CM_CAP; c.queue++) {
		c.got = get_format(s, c.queue);
		check(s, &c);
	}
	c.kind = CM_QUERY;
	c.queue = CM_CAP;
	ctrl.control.id = V4L2_CID_MIN_BUFFERS_FOR_CAPTURE;
	assert_int_equal(ioctl_payload(s, VMEDIA_NR_G_CTRL, &ctrl), 0);
	c.got = (struct cm_format){ 0 };
	c.min_buffers = (uint32_t)ctrl.control.value;
	check(s, &c);
	c.min_buffers = 0;
	sel.selection.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	sel.selection.target = V4L2_SEL_TGT_COMPOSE;
	assert_int_equal(ioctl_payload(s, VMEDIA_NR_G_SELECTION, &sel), 0);
	c.got.width = (uint16_t)sel.selection.r.width;
	c.got.height = (uint16_t)sel.selection.r.height;
	check(s, &c);
}

static void reqbufs(struct session *s, enum cm_queue q, uint32_t count)
{
	struct cm_call c = { .kind = CM_REQBUFS, .queue = q, .count = count };
	PAYLOAD(a);

	a.requestbuffers.count = count;
	a.requestbuffers.type = types[q];
	a.requestbuffers.memory = MMAP;
	c.ret = ioctl_payload(s, VMEDIA_NR_REQBUFS, &a);
	if (!c.ret) {
		c.ret = (int)a.requestbuffers.count;
		s->num[q] = a.requestbuffers.count;
		memset(s->busy[q], 0, sizeof(s->busy[q]));
	}
	check(s, &c);
}

static void stream(struct session *s, enum cm_queue q, bool on)
{
	struct cm_call c = { .kind = on ? CM_STREAMON : CM_STREAMOFF, .queue = q };
	PAYLOAD(a);

	a.u32 = types[q];
	c.ret = ioctl_payload(s, on ? VMEDIA_NR_STREAMON : VMEDIA_NR_STREAMOFF, &a);
	if (!on)
		memset(s->busy[q], 0, sizeof(s->busy[q]));
	if (on && !c.ret && !s->on[q])
		s->sequence[q] = 0;
	if (!c.ret)
		s->on[q] = on;
	check(s, &c);
}

static void command(struct session *s, bool start)
{
	struct cm_call c = { .kind = start ? CM_START : CM_STOP };
	PAYLOAD(a);

	a.decoder_cmd.cmd = start ? START : STOP;
	c.ret = ioctl_payload(s, VMEDIA_NR_DECODER_CMD, &a);
	check(s, &c);
}

/* Returns false if there is no free buffer. */
static bool qbuf(struct session *s, enum cm_queue q, const char *packet)
{
	struct cm_call c = { .kind = CM_QBUF, .queue = q, .packet = s->next_packet };
	struct vmedia_queue *queue = (q == CM_OUT ? vmedia_m2m_src : vmedia_m2m_dst)(ctx_of(s));
	struct vmedia_cmd cmd;

	while (c.index < s->num[q] && s->busy[q][c.index])
		c.index++;
	if (c.index == s->num[q])
		return false;
	harness_cmd_ioctl(&cmd, s->id, VMEDIA_NR_QBUF);
	cmd.io.arg.buffer = (struct vmedia_buffer){ .index = c.index, .type = types[q],
						    .memory = MMAP, .length = VMEDIA_MAX_PLANES };
	cmd.io.num_planes = VMEDIA_MAX_PLANES;
	memset(cmd.io.planes, 0, sizeof(cmd.io.planes));
	if (q == CM_OUT) {
		cmd.io.num_planes = cmd.io.arg.buffer.length = 1;
		cmd.io.planes[0].bytesused = (uint32_t)strlen(packet);
		cmd.io.arg.buffer.timestamp.tv_usec = s->next_packet;
		memcpy(vmedia_buf_plane(vmedia_queue_buf(queue, c.index), 0), packet,
		       strlen(packet));
		snprintf(s->m.text[s->next_packet++], CM_TEXT, "%s", packet);
	}
	c.ret = ioctl_of(s, &cmd);
	s->busy[q][c.index] = !c.ret;
	s->failed |= c.ret == -EIO;
	check(s, &c);
	return !c.ret;
}

/* ---- Sessions ---- */

static void subscribe(struct session *s, uint32_t type)
{
	PAYLOAD(a);

	a.event_subscription.type = type;
	assert_int_equal(rig_ioctl(w.c.r, s->id, VMEDIA_NR_SUBSCRIBE_EVENT, &a), 0);
}

/* @opened: by the rig, with its events. */
static void begin_session(struct session *s, bool opened)
{
	struct cm_format f[2];

	if (!opened) {
		assert_int_equal(harness_open(&w.c.r->h, &s->id), 0);
		subscribe(s, V4L2_EVENT_SOURCE_CHANGE);
		subscribe(s, V4L2_EVENT_EOS);
	}
	for (int i = 0; i < 2; i++) {
		struct vmedia_format all = rig_format(w.c.r, s->id, types[i]);

		f[i] = short_format(&all);
	}
	memset(s->num, 0, sizeof(s->num));
	memset(s->on, 0, sizeof(s->on));
	s->sized = s->change = s->last = s->failed = false;
	memset(s->busy, 0, sizeof(s->busy));
	cm_open(&s->m, &f[0], &f[1]);
}

static void close_session(struct session *s)
{
	harvest();
	assert_int_equal(harness_close(&w.c.r->h, s->id), 0);
	begin_session(s, false);
	harvest();
}

/* ---- Operations ---- */

/* Each once: one that is too small comes back. */
static void queue_all(struct session *s)
{
	for (unsigned int i = 0; i < s->num[CM_CAP] && qbuf(s, CM_CAP, ""); i++)
		;
}

static void set_up(struct session *s, uint32_t count)
{
	reqbufs(s, CM_CAP, count);
	queue_all(s);
	stream(s, CM_CAP, true);
}

static void suspend(unsigned int rounds)
{
	vmedia_device_queue_stop(w.c.r->dev, VMEDIA_QUEUE_COMMAND);
	while (rounds--)
		harness_step(&w.c.r->h);
	harness_kick(&w.c.r->h, VMEDIA_QUEUE_COMMAND);
	harvest();
}

static void recover(struct session *s, bool both)
{
	if (both)
		stream(s, CM_CAP, false);
	stream(s, CM_OUT, false);
	stream(s, CM_OUT, true);
}

/* A client that does what it should. */
static void follow(struct session *s, unsigned int way)
{
	bool change = s->change, last = s->last, failed = s->failed;

	s->change = s->last = s->failed = false;
	if (failed) {
		s->sized = false;
		recover(s, true);
	} else if (!s->on[CM_OUT]) {
		if (!s->num[CM_OUT])
			reqbufs(s, CM_OUT, 8);
		stream(s, CM_OUT, true);
	} else if (change && s->on[CM_CAP] && !last) {
		s->change = true;		/* LAST is still to come */
		queue_all(s);
	} else if (change && s->on[CM_CAP] && way % 4) {
		stream(s, CM_CAP, false);
		set_up(s, 1 + way % 5);
	} else if (change && !s->on[CM_CAP]) {
		set_up(s, 1 + way % 5);
	} else if (last) {
		command(s, true);
		queue_all(s);
	} else {
		queue_all(s);
	}
}

static void run_formats(struct session *s, const struct play_op *o)
{
	static const uint32_t coded[] = { V4L2_PIX_FMT_H264, V4L2_PIX_FMT_VP8 };
	static const uint32_t raw[] = { V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_YUV420M,
					V4L2_PIX_FMT_P010 };

	if (o->kind != PLAY_FMT_CAP)
		s_fmt(s, CM_OUT, coded[o->a % 2], o->b % 8);
	else
		s_fmt(s, CM_CAP, raw[o->a % 3], o->b % 8);
}

static void run(struct session *s, const struct play_op *o)
{
	enum cm_queue q = o->a % 2 ? CM_CAP : CM_OUT;
	char text[CM_TEXT];

	switch (o->kind) {
	case PLAY_FMT_OUT:
	case PLAY_FMT_CAP:
		run_formats(s, o);
		break;
	case PLAY_REQBUFS:
		reqbufs(s, q, o->b % 10);
		break;
	case PLAY_PACKET:
		play_packet(text, o->c, s->sized, s->m.in_place);
		s->sized |= !!strchr(text, 'S');
		say(" \"%s\"", text);
		if (s->next_packet < CM_PACKETS)
			qbuf(s, CM_OUT, text);
		break;
	case PLAY_TARGET:
		qbuf(s, CM_CAP, "");
		break;
	case PLAY_TARGETS:
		queue_all(s);
		break;
	case PLAY_ON:
	case PLAY_OFF:
		stream(s, q, o->kind == PLAY_ON);
		break;
	case PLAY_STOP:
	case PLAY_START:
		command(s, o->kind == PLAY_START);
		break;
	case PLAY_FOLLOW:
		follow(s, o->a);
		break;
	case PLAY_QUERY:
		query(s);
		break;
	case PLAY_BEGIN:
		reqbufs(s, CM_OUT, 1 + o->b % 10);
		stream(s, CM_OUT, true);
		break;
	case PLAY_RESTART:
		stream(s, CM_CAP, false);
		set_up(s, o->b % 5);
		break;
	case PLAY_SETUP:
		set_up(s, 1 + o->b % 5);
		break;
	case PLAY_SEEK:
	case PLAY_RECOVER:
		recover(s, o->kind == PLAY_RECOVER);
		break;
	case PLAY_ANEW:
		for (q = CM_OUT; q <= CM_CAP; q++) {
			stream(s, q, false);
			reqbufs(s, q, 0);
		}
		run_formats(s, o);
		s->sized = false;
		reqbufs(s, CM_OUT, 1 + o->b % 10);
		stream(s, CM_OUT, true);
		break;
	case PLAY_CLOSE:
		close_session(s);
		break;
	case PLAY_SUSPEND:
		suspend(o->a % 4);
		break;
	case PLAY_STEP:
		for (int i = o->a % 4; i; i--)
			harness_step(&w.c.r->h);
		harvest();
		break;
	case PLAY_SETTLE:
		settle(s);
		break;
	}
}

/* The framework says that something is a bug. */
static void on_message(void *opaque, int level, const char *text)
{
	(void)opaque;
	(void)level;
	fprintf(stderr, "\n%s\n", text);
	_exit(1);
}

void play(const struct play_op *ops, unsigned int num, unsigned int sessions, bool loud,
	  struct play_count *count)
{
	bool late = num && ops[0].kind == PLAY_OPTIONS && ops[0].b % 4 == 0;
	bool forgets = num && ops[0].kind == PLAY_OPTIONS && ops[0].a % 2;
	bool in_place = num && ops[0].kind == PLAY_OPTIONS && ops[0].c % 2;
	bool hurry = num && ops[0].kind == PLAY_OPTIONS && ops[0].a / 2 % 2;

	memset(&w, 0, sizeof(w));
	w.loud = loud;
	w.num = sessions;
	w.c = client_open(late, forgets);
	if (hurry)
		client_hurry(&w.c);
	mock.yields = true;
	vmedia_log_set(on_message, NULL);
	vmedia_worker_set_threads(w.c.r->h.loop, sessions);
	for (unsigned int i = 0; i < sessions; i++) {
		cm_init(&w.s[i].m);
		w.s[i].m.forgets = forgets;
		w.s[i].m.in_place = in_place;
		w.s[i].m.late_header = late;
		w.s[i].id = w.c.r->s;
		begin_session(&w.s[i], !i);
	}
	for (unsigned int i = 0; i < num; i++) {
		say("%2u: %u %s %u %u %u:", i, ops[i].session, play_names[ops[i].kind], ops[i].a,
		    ops[i].b, ops[i].c);
		run(&w.s[ops[i].session % sessions], &ops[i]);
		say("\n");
	}
	say("end:");
	for (unsigned int i = 0; i < sessions; i++)
		settle(&w.s[i]);
	say("\n");
	client_end(&w.c);
	for (unsigned int i = 0; i < sessions; i++) {
		if (count && w.s[i].m.most > count->most)
			count->most = w.s[i].m.most;
		cm_finish(&w.s[i].m);
	}
	if (!count)
		return;
	count->calls += w.count.calls;
	for (unsigned int i = 0; i < CM_NUM_WHATS; i++)
		count->came[i] += w.count.came[i];
}
