/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * m2m-client: encoders and decoders, their drains, their restarts, changes of resolution.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "m2m-client.h"

void m2m_queues(const char *node, struct client_queue *out, struct client_queue *cap)
{
	struct v4l2_capability c;
	int fd = client_open(node, O_NONBLOCK);

	if (ioctl(fd, VIDIOC_QUERYCAP, &c))
		client_die("QUERYCAP");
	if (c.device_caps & V4L2_CAP_VIDEO_M2M_MPLANE) {
		client_setup(out, fd, V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE);
		client_setup(cap, fd, V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE);
	} else {
		client_setup(out, fd, V4L2_BUF_TYPE_VIDEO_OUTPUT);
		client_setup(cap, fd, V4L2_BUF_TYPE_VIDEO_CAPTURE);
	}
}

void m2m_both(struct client_queue *out, struct client_queue *cap, unsigned int index)
{
	client_queue_buf(out, index);
	client_queue_buf(cap, index);
	client_await(out->fd, "both", IO);
	client_dequeue(out);
	client_dequeue(cap);
}

/* ---- encode ---- */

static int command(int fd, bool encoder, uint32_t cmd, const char *what)
{
	struct v4l2_encoder_cmd e = { .cmd = cmd };
	struct v4l2_decoder_cmd d = { .cmd = cmd };

	return client_result(what, encoder ? ioctl(fd, VIDIOC_ENCODER_CMD, &e)
					   : ioctl(fd, VIDIOC_DECODER_CMD, &d));
}

static bool encodes, starts;

static void cmd_stop(const struct client_queue *q)
{
	command(q->fd, encodes, V4L2_ENC_CMD_STOP, "STOP");
}

static void cmd_start(const struct client_queue *q)
{
	command(q->fd, encodes, V4L2_ENC_CMD_START, "START");
}

static void restart(struct client_queue *cap)
{
	if (starts) {
		cmd_start(cap);
		client_dequeue(cap);
	} else {
		client_stream(cap, false);
		client_stream(cap, true);
	}
}

/* Frames up to LAST, which may be the last one or an empty buffer behind it; EOS and EPIPE. */
static void drained(struct client_queue *cap)
{
	unsigned int full = 0;

	do {
		struct pollfd p = { .fd = cap->fd, .events = POLLIN };

		if (poll(&p, 1, 20000) <= 0 || client_take_buf(cap))
			client_die("no LAST buffer");
		full += client_used(cap) > 0;
		if (cap->last.flags & V4L2_BUF_FLAG_ERROR)
			client_say("a buffer with ERROR\n");
	} while (!(cap->last.flags & V4L2_BUF_FLAG_LAST));
	client_say("drained, frames: %u\n", full);
	client_poll(cap->fd, "after LAST", POLLIN);
	client_dequeue(cap);
	client_await(cap->fd, "EOS", POLLPRI);
	client_event(cap->fd);
	client_event(cap->fd);
}

static void drain_ways(struct client_queue *out, struct client_queue *cap)
{
	client_say("-- STOP, no OUTPUT buffer\n");
	client_queue_buf(cap, 0);
	cmd_stop(cap);
	drained(cap);
	client_say("-- STOP, no buffer at all\n");
	restart(cap);
	cmd_stop(cap);
	client_poll(cap->fd, "drained without a buffer", IO);
	client_queue_buf(cap, 1);
	drained(cap);
	client_say("-- STOP before there is a CAPTURE buffer\n");
	restart(cap);
	client_queue_buf(out, 0);
	client_queue_buf(out, 1);
	cmd_stop(cap);
	cmd_stop(cap);
	cmd_start(cap);
	client_queue_buf(cap, 0);
	client_queue_buf(cap, 1);
	client_queue_buf(cap, 2);
	drained(cap);
	client_frame(out);
	client_frame(out);
	client_say("-- OUTPUT while it is stopped waits for the restart\n");
	client_queue_buf(out, 0);
	client_dequeue(cap);
	client_stream(cap, false);
	client_stream(cap, true);
	client_queue_buf(cap, 0);
	client_frame(cap);
	client_frame(out);
	client_say("-- STREAMOFF of CAPTURE while it drains\n");
	client_queue_buf(out, 0);
	cmd_stop(cap);
	client_stream(cap, false);
	client_stream(cap, true);
	client_event(cap->fd);
	client_queue_buf(cap, 1);
	client_frame(cap);
	client_frame(out);
	client_say("-- STREAMOFF of OUTPUT while it drains\n");
	client_queue_buf(out, 0);
	cmd_stop(cap);
	client_stream(out, false);
	client_queue_buf(cap, 2);
	drained(cap);
	restart(cap);
	client_stream(out, true);
}

static void try_commands(int fd)
{
	struct v4l2_encoder_cmd e = { .cmd = V4L2_ENC_CMD_STOP, .flags = 77 };
	struct v4l2_decoder_cmd d = { .cmd = V4L2_DEC_CMD_STOP };

	client_result("TRY_ENCODER_CMD STOP", ioctl(fd, VIDIOC_TRY_ENCODER_CMD, &e));
	client_say("flags %u\n", e.flags);
	e.cmd = V4L2_ENC_CMD_PAUSE;
	client_result("TRY_ENCODER_CMD PAUSE", ioctl(fd, VIDIOC_TRY_ENCODER_CMD, &e));
	client_result("TRY_DECODER_CMD STOP", ioctl(fd, VIDIOC_TRY_DECODER_CMD, &d));
}

int m2m_encode(const char *node, bool by_start)
{
	struct client_queue out, cap;

	encodes = true;
	starts = by_start;
	m2m_queues(node, &out, &cap);
	try_commands(out.fd);
	client_say("-- not streaming\n");
	cmd_stop(&cap);
	cmd_start(&cap);
	client_poll(out.fd, "only PRI", POLLPRI);
	client_event(out.fd);
	client_subscribe(out.fd, V4L2_EVENT_EOS);
	client_request(&out, 3);
	client_request(&cap, 3);
	client_stream(&out, true);
	client_stream(&cap, true);
	client_say("-- two frames, drained\n");
	client_queue_buf(&out, 0);
	client_queue_buf(&out, 1);
	cmd_stop(&cap);
	client_queue_buf(&cap, 0);
	client_queue_buf(&cap, 1);
	drained(&cap);
	client_frame(&out);
	client_frame(&out);
	client_say("-- and on\n");
	restart(&cap);
	m2m_both(&out, &cap, 0);
	drain_ways(&out, &cap);
	m2m_both(&out, &cap, 0);
	client_stream(&out, false);
	client_stream(&cap, false);
	close(out.fd);
	return 0;
}

/* ---- decode ---- */

struct packet {
	uint8_t *data;
	uint32_t len;
};

/* Packets of @width x @height from an encoder, without a word. */
static void make_packets(const char *node, uint32_t width, uint32_t height, struct packet *p,
			 unsigned int num)
{
	struct client_queue out, cap;
	FILE *say = stdout;
	unsigned int i;

	stdout = fopen("/dev/null", "w");
	m2m_queues(node, &out, &cap);
	if (client_format(&out, 0, width, height))
		client_die("S_FMT of the encoder");
	client_request(&out, 1);
	client_request(&cap, 1);
	client_stream(&out, true);
	client_stream(&cap, true);
	for (i = 0; i < num; i++) {
		memset(out.mem[0][0], 40 + 10 * (int)i, out.len[0][0]);
		m2m_both(&out, &cap, 0);
		p[i].len = client_used(&cap);
		p[i].data = malloc(p[i].len);
		if (!p[i].data)
			client_die("malloc");
		memcpy(p[i].data, cap.mem[0][0], p[i].len);
	}
	close(out.fd);
	fclose(stdout);
	stdout = say;
}

static void feed(struct client_queue *out, unsigned int index, const struct packet *p)
{
	memcpy(out->mem[index][0], p->data, p->len);
	out->used = p->len;
	client_queue_buf(out, index);
}

static void capture_begin(struct client_queue *cap)
{
	struct v4l2_format f = { .type = cap->type };
	unsigned int i;

	client_result("G_FMT", ioctl(cap->fd, VIDIOC_G_FMT, &f));
	client_say("%u x %u\n", f.fmt.pix.width, f.fmt.pix.height);
	client_request(cap, 3);
	for (i = 0; i < 3; i++)
		client_queue_buf(cap, i);
	client_stream(cap, true);
}

int m2m_decode(const char *encoder, const char *decoder)
{
	struct client_queue out, cap;
	struct packet a[3], b[2];
	unsigned int i;

	make_packets(encoder, 640, 480, a, 3);
	make_packets(encoder, 800, 576, b, 2);
	m2m_queues(decoder, &out, &cap);
	client_subscribe(out.fd, V4L2_EVENT_SOURCE_CHANGE);
	client_subscribe(out.fd, V4L2_EVENT_EOS);
	client_request(&out, 3);
	client_say("-- the first header\n");
	client_stream(&out, true);
	feed(&out, 0, &a[0]);
	client_await(out.fd, "source change", POLLPRI);
	client_event(out.fd);
	client_event(out.fd);
	client_poll(out.fd, "no CAPTURE yet", IO);
	capture_begin(&cap);
	client_frame(&cap);
	client_frame(&out);
	feed(&out, 1, &a[1]);
	client_frame(&cap);
	client_frame(&out);
	client_queue_buf(&cap, 0);
	client_queue_buf(&cap, 1);
	client_say("-- another resolution\n");
	feed(&out, 0, &b[0]);
	client_await(out.fd, "source change", POLLPRI);
	client_event(out.fd);
	client_frame(&cap);
	client_poll(cap.fd, "after LAST", POLLIN);
	client_dequeue(&cap);
	client_stream(&cap, false);
	client_request(&cap, 0);
	capture_begin(&cap);
	client_frame(&cap);
	client_frame(&out);
	client_say("-- drained\n");
	feed(&out, 1, &b[1]);
	cmd_stop(&cap);
	drained(&cap);
	client_frame(&out);
	client_stream(&cap, false);
	client_stream(&out, false);
	for (i = 0; i < 3; i++)
		free(a[i].data);
	for (i = 0; i < 2; i++)
		free(b[i].data);
	close(out.fd);
	return 0;
}
