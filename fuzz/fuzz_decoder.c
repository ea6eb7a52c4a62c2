// SPDX-License-Identifier: BSD-3-Clause
/*
 * A guest's program on the decoder of libavcodec: damaged streams, in any order of calls.
 *
 * Byte 0 chooses a stream (decoder/streams.h), byte 1 options. Operations follow, one byte each and
 * its arguments: packets of the stream as they are, with bytes changed, cut, joined or made of the
 * input; and the calls of both queues. At the end the program does what a decoder's contract says
 * for a new stream, and a stream without damage must be shown.
 *
 * Checked beside what the sanitizers see: nothing hangs, events decode, what the sessions had is
 * gone at the end.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/videodev2.h>
#include <vmedia/log.h>

#include "core/core.h"
#include "decoder.h"
#include "decoder/streams.h"
#include "harness.h"
#include "v4l2/decoder.h"

#define OUT   V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE
#define CAP   V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE
#define BUFS  8			/* OUTPUT buffers */
#define OPS   64
#define BYTES 16384		/* of one packet at most */

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(cond)                                                              \
	do {                                                                       \
		if (!(cond)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
			abort();                                                   \
		}                                                                  \
	} while (0)

static struct harness h;

/* Of one input. */
static struct {
	const uint8_t *at, *end;
	const struct fd_stream *stream;
	uint32_t session;
	unsigned int next;		/* packet of the stream */
	unsigned int num_cap, pictures;
	bool out_busy[BUFS], cap_busy[32], change, last, cap_on;
	uint8_t packet[BYTES];
	size_t size;
} g;

static uint8_t byte(void)
{
	return g.at < g.end ? *g.at++ : 0;
}

/* ---- The driver ---- */

static int command(struct vmedia_cmd *cmd)
{
	struct harness_req *req = harness_offer_cmd(&h, cmd);

	harness_kick(&h, VMEDIA_QUEUE_COMMAND);
	while (!req->used) {
		REQUIRE(vmedia_loop_step(h.loop, -1) >= 0);
		harness_collect(&h);
	}
	return harness_answered(&h, req, cmd);
}

static int ioctl_of(uint32_t nr, union vmedia_payload *arg)
{
	struct vmedia_cmd cmd;
	int err;

	harness_cmd_ioctl(&cmd, g.session, nr);
	memcpy(&cmd.io.arg, arg, cmd.io.info->size);
	err = command(&cmd);
	memcpy(arg, &cmd.io.arg, cmd.io.info->size);
	return err;
}

static void on_event(const struct vmedia_evt *evt)
{
	const struct vmedia_buffer *b = &evt->buffer;

	if (evt->type == VMEDIA_EVT_EVENT) {
		g.change |= evt->event.type == V4L2_EVENT_SOURCE_CHANGE;
		return;
	}
	REQUIRE(evt->type == VMEDIA_EVT_DQBUF);
	if (b->type == OUT) {
		REQUIRE(b->index < BUFS && g.out_busy[b->index]);
		g.out_busy[b->index] = false;
		return;
	}
	REQUIRE(b->index < g.num_cap && g.cap_busy[b->index]);
	g.cap_busy[b->index] = false;
	g.last |= b->flags & V4L2_BUF_FLAG_LAST;
	g.pictures += evt->planes[0].bytesused && !(b->flags & V4L2_BUF_FLAG_ERROR);
}

static void collect(void)
{
	struct vmedia_evt evt;
	uint32_t used;
	int n;

	harness_step(&h);
	while ((n = harness_event(&h, &evt, &used))) {
		REQUIRE(n > 0);
		if (evt.session_id == g.session)
			on_event(&evt);
		harness_post_events(&h, 1, VMEDIA_EVT_DQBUF_SIZE);
		harness_step(&h);
	}
}

static struct vmedia_ctx *context(void)
{
	return vmedia_session_ctx(vmedia_session_find(h.dev, g.session));
}

static void settle(void)
{
	collect();
	while (vmedia_decoder_of(context())->s.running) {
		REQUIRE(vmedia_loop_step(h.loop, -1) >= 0);
		collect();
	}
}

/* ---- Calls ---- */

static int stream(uint32_t type, bool on)
{
	union vmedia_payload a = { .u32 = type };
	int err = ioctl_of(on ? VMEDIA_NR_STREAMON : VMEDIA_NR_STREAMOFF, &a);

	collect();
	if (!on && type == OUT)
		memset(g.out_busy, 0, sizeof(g.out_busy));
	if (!on && type == CAP)
		memset(g.cap_busy, 0, sizeof(g.cap_busy));
	if (!err && type == CAP)
		g.cap_on = on;
	return err;
}

static int reqbufs(uint32_t type, uint32_t count)
{
	union vmedia_payload a = { .raw = { 0 } };
	int err;

	a.requestbuffers.count = count;
	a.requestbuffers.type = type;
	a.requestbuffers.memory = V4L2_MEMORY_MMAP;
	err = ioctl_of(VMEDIA_NR_REQBUFS, &a);
	if (!err && type == CAP)
		g.num_cap = a.requestbuffers.count;
	return err;
}

static int qbuf(uint32_t type, uint32_t index)
{
	struct vmedia_cmd cmd;
	int err;

	harness_cmd_ioctl(&cmd, g.session, VMEDIA_NR_QBUF);
	cmd.io.num_planes = type == OUT ? 1 : VMEDIA_MAX_PLANES;
	cmd.io.arg.buffer = (struct vmedia_buffer){ .index = index, .type = type,
						    .memory = V4L2_MEMORY_MMAP,
						    .length = cmd.io.num_planes };
	memset(cmd.io.planes, 0, sizeof(cmd.io.planes));
	if (type == OUT)
		cmd.io.planes[0].bytesused = (uint32_t)g.size;
	(type == OUT ? g.out_busy : g.cap_busy)[index] = true;
	err = command(&cmd);
	if (err)
		(type == OUT ? g.out_busy : g.cap_busy)[index] = false;
	return err;
}

static void queue_capture(void)
{
	for (uint32_t i = 0; i < g.num_cap; i++)
		if (!g.cap_busy[i])
			qbuf(CAP, i);
	collect();
}

/* The packet into a free buffer. False: there is none, or the queue is in error. */
static bool queue_packet(void)
{
	uint32_t i = 0;
	struct vmedia_buf *b;

	while (i < BUFS && g.out_busy[i])
		i++;
	b = i < BUFS ? vmedia_queue_buf(vmedia_m2m_src(context()), i) : NULL;
	if (!b)
		return false;
	if (g.size > b->planes[0].length)
		g.size = b->planes[0].length;
	memcpy(vmedia_buf_plane(b, 0), g.packet, g.size);
	return !qbuf(OUT, i);
}

static void set_up_capture(uint32_t count)
{
	stream(CAP, false);
	reqbufs(CAP, 0);
	reqbufs(CAP, count);
	queue_capture();
	stream(CAP, true);
	g.change = g.last = false;
}

static int s_fmt(uint32_t type, uint32_t pixelformat)
{
	union vmedia_payload a = { .raw = { 0 } };

	a.format.type = type;
	a.format.fmt.pix_mp.pixelformat = pixelformat;
	a.format.fmt.pix_mp.width = type == OUT ? byte() : 48;
	a.format.fmt.pix_mp.height = type == OUT ? byte() : 34;
	return ioctl_of(VMEDIA_NR_S_FMT, &a);
}

static void decoder_cmd(uint32_t cmd)
{
	union vmedia_payload a = { .raw = { 0 } };

	a.decoder_cmd.cmd = cmd;
	ioctl_of(VMEDIA_NR_DECODER_CMD, &a);
}

static void open_session(void)
{
	union vmedia_payload a = { .raw = { 0 } };

	REQUIRE(!harness_open(&h, &g.session));
	a.event_subscription.type = V4L2_EVENT_SOURCE_CHANGE;
	REQUIRE(!ioctl_of(VMEDIA_NR_SUBSCRIBE_EVENT, &a));
	g.num_cap = 0;
	g.cap_on = false;
	memset(g.out_busy, 0, sizeof(g.out_busy));
	memset(g.cap_busy, 0, sizeof(g.cap_busy));
	REQUIRE(!s_fmt(OUT, g.stream->pixelformat));
	REQUIRE(!reqbufs(OUT, BUFS));
	REQUIRE(!stream(OUT, true));
}

/* ---- Packets ---- */

static void append(const uint8_t *data, size_t size)
{
	if (size > BYTES - g.size)
		size = BYTES - g.size;
	memcpy(g.packet + g.size, data, size);
	g.size += size;
}

static void append_packet(unsigned int n)
{
	n %= g.stream->num;
	append(g.stream->packets[n].data, g.stream->packets[n].size);
}

static void damage(void)
{
	for (unsigned int n = 1 + byte() % 8; n && g.size; n--) {
		size_t at = (size_t)(byte() << 8 | byte()) % g.size;

		g.packet[at] ^= byte();
	}
}

static void make_packet(uint8_t how)
{
	size_t n;

	g.size = 0;
	switch (how % 6) {
	case 0:
		append_packet(g.next++);
		break;
	case 1:
		append_packet(g.next++);
		damage();
		break;
	case 2:
		append_packet(g.next++);
		if (g.size)
			g.size = (size_t)(byte() << 8 | byte()) % g.size;
		break;
	case 3:
		append_packet(byte());
		damage();
		append_packet(byte());
		break;
	case 4:
		n = byte();
		n = n > (size_t)(g.end - g.at) ? (size_t)(g.end - g.at) : n;
		append(g.at, n);
		g.at += n;
		break;
	case 5:
		g.next = byte();
		append_packet(g.next++);
		break;
	}
}

/* ---- Operations ---- */

/* What a client does when something has come. */
static void follow(void)
{
	settle();
	if (g.change && (!g.cap_on || g.last))
		set_up_capture(1 + byte() % 4);
	else if (g.last)
		decoder_cmd(V4L2_DEC_CMD_START);
	g.last = false;
	queue_capture();
}

static void operate(void)
{
	uint8_t op = byte();

	switch (op % 20) {
	case 0 ... 9:
		make_packet(op / 20);
		queue_packet();
		break;
	case 10:
	case 11:
		follow();
		break;
	case 12:
		stream(OUT, false);
		stream(OUT, true);
		break;
	case 13:
		decoder_cmd(V4L2_DEC_CMD_STOP);
		break;
	case 14:
		decoder_cmd(V4L2_DEC_CMD_START);
		break;
	case 15:
		stream(CAP, byte() & 1);
		break;
	case 16:
		set_up_capture(1 + byte() % 4);
		break;
	case 17:
		vmedia_device_queue_stop(h.dev, VMEDIA_QUEUE_COMMAND);
		harness_step(&h);
		harness_kick(&h, VMEDIA_QUEUE_COMMAND);
		collect();
		break;
	case 18:
		if (byte() & 1) {
			collect();
			harness_close(&h, g.session);
			open_session();
		} else {
			s_fmt(CAP, op & 1 ? V4L2_PIX_FMT_NV12 : V4L2_PIX_FMT_YUV420M);
		}
		break;
	case 19:
		collect();
		break;
	}
}

/* Whatever was, a new stream is shown after both queues were off. */
static void check_works(void)
{
	g.stream = &fd_streams[byte() % fd_num_streams];
	stream(CAP, false);
	stream(OUT, false);
	REQUIRE(!reqbufs(CAP, 0) && !reqbufs(OUT, 0));
	REQUIRE(!s_fmt(OUT, g.stream->pixelformat));
	REQUIRE(!reqbufs(OUT, BUFS));
	REQUIRE(!stream(OUT, true));
	g.change = g.last = false;
	g.pictures = 0;
	for (unsigned int i = 0; i < g.stream->num; i++) {
		g.size = 0;
		append_packet(i);
		while (!queue_packet())
			follow();
		follow();
	}
	decoder_cmd(V4L2_DEC_CMD_STOP);
	for (unsigned int i = 0; i < 32 && !g.last; i++) {
		settle();
		if (!g.last)
			queue_capture();
	}
	REQUIRE(g.pictures == g.stream->num);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fd_make_streams();
	vmedia_log_set_level(getenv("FUZZ_VERBOSE") ? VMEDIA_LOG_DEBUG : VMEDIA_LOG_ERR);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vmedia_decoder_options opts = { .libav.region_size = 64 << 20 };
	struct vmedia_device *dev;
	uint8_t options;

	if (!fd_num_streams)
		return 0;
	memset(&g, 0, sizeof(g));
	g.at = data;
	g.end = data + size;
	g.stream = &fd_streams[byte() % fd_num_streams];
	options = byte();
	REQUIRE(!harness_init(&h, NULL));
	REQUIRE(!vmedia_libav_decoder_create(h.loop, &opts, &dev));
	harness_attach(&h, dev);
	harness_post_events(&h, 32, VMEDIA_EVT_DQBUF_SIZE);
	open_session();
	for (unsigned int i = 0; i < OPS && g.at < g.end; i++)
		operate();
	settle();
	if (options & 1)
		check_works();
	if (options & 2)
		harness_close(&h, g.session);
	harness_finish(&h);
	return 0;
}
