// SPDX-License-Identifier: BSD-3-Clause
/* A publisher and its subscribers in one process; see pair.h. */
#include "pair.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct vmedia_share_format format = {
	.pixelformat = 0x59455247, /* GREY */
	.width = 100,
	.height = 60,
	.bytesperline = 100,
	.sizeimage = PAIR_BYTES,
	.colorspace = 8,
	.interval_numerator = 1,
	.interval_denominator = 30,
};

static int start(void *priv)
{
	struct pair *p = priv;

	assert_false(p->runs);
	p->starts++;
	p->runs = !p->start_error;
	if (p->fails)
		vmedia_publisher_fail(p->pub, p->fails);
	return p->start_error;
}

static void stop(void *priv)
{
	struct pair *p = priv;

	assert_true(p->runs);
	p->runs = false;
	p->stops++;
}

static const struct vmedia_publisher_ops ops = { start, stop };

/* A listening socket whose name the kernel chose. */
static void begin_listening(struct pair *p)
{
	const sa_family_t family = AF_UNIX;

	p->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(p->listen_fd >= 0);
	assert_int_equal(bind(p->listen_fd, (const struct sockaddr *)&family, sizeof(family)), 0);
	assert_int_equal(listen(p->listen_fd, 64), 0);
	p->addr_len = sizeof(p->addr);
	assert_int_equal(getsockname(p->listen_fd, (struct sockaddr *)&p->addr, &p->addr_len), 0);
}

void pair_begin(struct pair *p, const struct vmedia_publisher_options *opts)
{
	struct vmedia_publisher_options o = *opts;

	memset(p, 0, sizeof(*p));
	assert_int_equal(vmedia_loop_create(&p->loop), 0);
	begin_listening(p);
	o.listen_fd = p->listen_fd;
	o.format = &format;
	o.name = "test";
	o.ops = &ops;
	o.priv = p;
	assert_int_equal(vmedia_publisher_create(p->loop, &o, &p->pub), 0);
}

void pair_end(struct pair *p)
{
	vmedia_publisher_destroy(p->pub);
	assert_int_equal(p->starts - p->stops, p->start_error ? p->starts : 0);
	vmedia_loop_destroy(p->loop);
	close(p->listen_fd);
}

void pair_step(struct pair *p)
{
	for (int i = 0; i < 1000; i++)
		if (vmedia_loop_step(p->loop, 0) <= 0)
			return;
	fail_msg("the loop does not come to rest");
}

int pair_connect(struct pair *p)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&p->addr, p->addr_len), 0);
	pair_step(p);
	return fd;
}

void pair_process(struct vmedia_subscriber *sub)
{
	char why[256] = "";
	int err = vmedia_subscriber_process(sub, why, sizeof(why));

	if (err)
		fail_msg("%s (%d)", why, err);
}

struct vmedia_subscriber *pair_join(struct pair *p)
{
	struct vmedia_subscriber *sub;

	assert_int_equal(vmedia_subscriber_create(pair_connect(p), &sub), 0);
	assert_null(vmedia_subscriber_info(sub));
	pair_step(p);
	pair_process(sub);
	assert_non_null(vmedia_subscriber_info(sub));
	return sub;
}

void pair_publish(struct pair *p, uint8_t byte)
{
	struct vmedia_share_picture pic = { .bytesused = PAIR_BYTES,
					    .sequence = p->sequence,
					    .timestamp_ns = 1000 * p->sequence };

	p->sequence++;
	memset(vmedia_publisher_take(p->pub), byte, PAIR_BYTES);
	vmedia_publisher_publish(p->pub, &pic);
}

struct vmedia_subscriber_frame pair_frame(struct pair *p, struct vmedia_subscriber *sub)
{
	struct vmedia_subscriber_frame frame = { 0 };

	assert_int_equal(vmedia_subscriber_next(sub), 0);
	pair_step(p);
	pair_process(sub);
	assert_true(vmedia_subscriber_take(sub, &frame));
	return frame;
}

bool pair_shows(const struct vmedia_subscriber_frame *frame, uint8_t byte)
{
	for (uint32_t i = 0; i < frame->bytesused; i++)
		if (frame->data[i] != byte)
			return false;
	return frame->bytesused == PAIR_BYTES;
}

struct vmedia_publisher_stats pair_stats(struct pair *p)
{
	struct vmedia_publisher_stats st;

	vmedia_publisher_stats(p->pub, &st);
	return st;
}

void pair_send(int fd, const union vmedia_share_message *m)
{
	assert_int_equal(vmedia_share_send(fd, m, -1), 0);
}

void pair_say(int fd, enum vmedia_share_type type, uint32_t stream, uint32_t slot)
{
	union vmedia_share_message m;

	vmedia_share_prepare(&m, type);
	if (type != VMEDIA_SHARE_HELLO)
		m.release.stream = stream;
	if (type == VMEDIA_SHARE_RELEASE)
		m.release.slot = slot;
	pair_send(fd, &m);
}

int pair_receive(int fd, union vmedia_share_message *m)
{
	int passed = -1, err = vmedia_share_recv(fd, VMEDIA_SHARE_PUBLISHER, m, &passed);

	if (passed >= 0)
		close(passed);
	return err;
}
