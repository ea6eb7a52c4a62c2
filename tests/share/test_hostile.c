// SPDX-License-Identifier: BSD-3-Clause
/* Subscribers that break the rules: they lose their connection, and nobody else loses a picture. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "pair.h"

static struct pair p;
static struct vmedia_subscriber *good;	/* one that follows the rules beside them */
static uint8_t shown;

static int setup(void **state)
{
	pair_begin(&p, &(struct vmedia_publisher_options){ .max_subscribers = 4 });
	good = pair_join(&p);
	assert_int_equal(vmedia_subscriber_start(good), 0);
	pair_step(&p);
	shown = 0;
	return 0;
}

static int teardown(void **state)
{
	vmedia_subscriber_destroy(good);
	pair_end(&p);
	return 0;
}

/* The good one gets the next picture, and has missed none. */
static void others_go_on(void)
{
	struct vmedia_subscriber_frame f;

	shown++;
	assert_int_equal(vmedia_subscriber_next(good), 0);
	pair_step(&p);
	pair_publish(&p, shown);
	pair_process(good);
	assert_true(vmedia_subscriber_take(good, &f));
	assert_true(pair_shows(&f, shown));
	assert_int_equal(f.missed, 0);
	assert_int_equal(vmedia_subscriber_release(good, f.slot), 0);
	pair_step(&p);
}

static int welcomed(void)
{
	union vmedia_share_message m;
	int fd = pair_connect(&p);

	pair_say(fd, VMEDIA_SHARE_HELLO, 0, 0);
	pair_step(&p);
	assert_int_equal(pair_receive(fd, &m), 0);
	assert_int_equal(m.header.type, VMEDIA_SHARE_WELCOME);
	return fd;
}

static int streaming(uint32_t stream)
{
	union vmedia_share_message m;
	int fd = welcomed();

	pair_say(fd, VMEDIA_SHARE_START, stream, 0);
	pair_step(&p);
	assert_int_equal(pair_receive(fd, &m), 0);
	assert_int_equal(m.header.type, VMEDIA_SHARE_STATE);
	assert_int_equal(m.state.stream, stream);
	return fd;
}

/* @fd was refused for @reason and closed. */
static void is_refused(int fd, enum vmedia_share_reason reason)
{
	union vmedia_share_message m;

	pair_step(&p);
	do {
		assert_int_equal(pair_receive(fd, &m), 0);
	} while (m.header.type != VMEDIA_SHARE_REFUSED);
	assert_int_equal(m.refused.reason, reason);
	assert_int_equal(pair_receive(fd, &m), -ECONNRESET);
	close(fd);
	others_go_on();
	assert_int_equal(pair_stats(&p).subscribers, 1);
}

static void test_junk(void **state)
{
	char junk[4096];
	int fd;

	memset(junk, 0xa5, sizeof(junk));
	for (size_t len = 1; len <= sizeof(junk); len *= 2) {
		fd = pair_connect(&p);
		assert_int_equal(send(fd, junk, len, 0), len);
		is_refused(fd, VMEDIA_SHARE_BAD_MESSAGE);
		fd = streaming(1);
		assert_int_equal(send(fd, junk, len, 0), len);
		is_refused(fd, VMEDIA_SHARE_BAD_MESSAGE);
	}
}

static void test_truncated_messages(void **state)
{
	union vmedia_share_message m;
	int fd;

	vmedia_share_prepare(&m, VMEDIA_SHARE_NEXT);
	m.next.stream = 1;
	for (size_t len = 1; len < sizeof(m.next); len++) {
		fd = streaming(1);
		assert_int_equal(send(fd, &m, len, 0), len);
		is_refused(fd, VMEDIA_SHARE_BAD_MESSAGE);
	}
}

static void test_another_version(void **state)
{
	union vmedia_share_message m;
	int fd = pair_connect(&p);

	vmedia_share_prepare(&m, VMEDIA_SHARE_HELLO);
	m.hello.version = 7;
	pair_send(fd, &m);
	is_refused(fd, VMEDIA_SHARE_OTHER_VERSION);
}

static void test_messages_out_of_order(void **state)
{
	static const struct {
		enum vmedia_share_type type;
		uint32_t stream, slot;
	} wrong[] = {
		{ VMEDIA_SHARE_HELLO, 0, 0 }, { VMEDIA_SHARE_START, 5, 0 },
		{ VMEDIA_SHARE_NEXT, 6, 0 },  { VMEDIA_SHARE_STOP, 4, 0 },
		{ VMEDIA_SHARE_RELEASE, 5, 0 }, { VMEDIA_SHARE_RELEASE, 5, 1000 },
	};
	int fd;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		fd = streaming(5);
		pair_say(fd, wrong[i].type, wrong[i].stream, wrong[i].slot);
		is_refused(fd, VMEDIA_SHARE_BAD_MESSAGE);
		if (wrong[i].type == VMEDIA_SHARE_HELLO || wrong[i].type == VMEDIA_SHARE_START)
			continue;
		/* Without a stream, and before HELLO. */
		fd = welcomed();
		pair_say(fd, wrong[i].type, wrong[i].stream, wrong[i].slot);
		is_refused(fd, VMEDIA_SHARE_BAD_MESSAGE);
		fd = pair_connect(&p);
		pair_say(fd, wrong[i].type, wrong[i].stream, wrong[i].slot);
		is_refused(fd, VMEDIA_SHARE_BAD_MESSAGE);
	}
	fd = streaming(5);
	pair_say(fd, VMEDIA_SHARE_NEXT, 5, 0);
	pair_say(fd, VMEDIA_SHARE_NEXT, 5, 0);
	/* The first is answered if there is a picture, and the second asks for the next. */
	pair_say(fd, VMEDIA_SHARE_NEXT, 5, 0);
	is_refused(fd, VMEDIA_SHARE_BAD_MESSAGE);
}

static void test_descriptors(void **state)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(200 * sizeof(int))];
	} control;
	union vmedia_share_message m;
	int fds[200], fd, before = dup(0);

	close(before);
	for (unsigned int num = 1; num <= 200; num += 199) {
		struct iovec iov = { &m, sizeof(m.next) };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
				      .msg_controllen = CMSG_SPACE(num * sizeof(int)) };

		fd = streaming(1);
		vmedia_share_prepare(&m, VMEDIA_SHARE_NEXT);
		m.next.stream = 1;
		control.head = (struct cmsghdr){ CMSG_LEN(num * sizeof(int)), SOL_SOCKET,
						 SCM_RIGHTS };
		for (unsigned int i = 0; i < num; i++)
			fds[i] = fd;
		memcpy(CMSG_DATA(&control.head), fds, num * sizeof(int));
		/* Since Linux 6.16 the kernel refuses to send them. */
		if (sendmsg(fd, &msg, 0) < 0) {
			assert_int_equal(errno, EPERM);
			close(fd);
			continue;
		}
		is_refused(fd, VMEDIA_SHARE_BAD_MESSAGE);
	}
	/* None stayed open. */
	fd = dup(0);
	assert_int_equal(fd, before);
	close(fd);
}

static void test_one_that_releases_nothing(void **state)
{
	union vmedia_share_message m;
	int fd[3];

	for (int i = 0; i < 3; i++) {
		fd[i] = streaming(1);
		for (int k = 0; k < 2; k++) {
			pair_say(fd[i], VMEDIA_SHARE_NEXT, 1, 0);
			pair_step(&p);
			others_go_on();
		}
	}
	/* All places but one are taken by such, and pictures go on. */
	for (int i = 0; i < 100; i++)
		others_go_on();
	/* A third slot is asked for in vain. */
	pair_say(fd[0], VMEDIA_SHARE_NEXT, 1, 0);
	pair_step(&p);
	do {
		assert_int_equal(pair_receive(fd[0], &m), 0);
	} while (m.header.type != VMEDIA_SHARE_REFUSED);
	for (int i = 0; i < 3; i++)
		close(fd[i]);
	pair_step(&p);
	assert_int_equal(pair_stats(&p).subscribers, 1);
}

static void test_a_flood_of_starts_and_stops(void **state)
{
	union vmedia_share_message m;
	int fd = welcomed();

	vmedia_subscriber_stop(good);
	for (uint32_t i = 0; i < 5000; i++) {
		int err;

		vmedia_share_prepare(&m, i & 1 ? VMEDIA_SHARE_STOP : VMEDIA_SHARE_START);
		m.start.stream = i / 2;
		err = vmedia_share_send(fd, &m, -1);
		if (err) {
			/* It is not read, or was dropped: it has to wait. */
			assert_true(err == -EAGAIN || err == -ECONNRESET);
			break;
		}
		if (i % 64 == 0)
			pair_step(&p);
	}
	pair_step(&p);
	assert_int_equal(p.starts, 1);
	assert_int_equal(p.stops, 0);
	close(fd);
	pair_step(&p);
	assert_int_equal(vmedia_subscriber_start(good), 0);
	others_go_on();
}

static void test_a_source_that_fails_is_not_tried_at_each_start(void **state)
{
	unsigned int before;
	int fd = welcomed();

	vmedia_subscriber_stop(good);
	while (p.runs)
		assert_true(vmedia_loop_step(p.loop, -1) >= 0);
	p.start_error = -EBUSY;
	before = p.starts;
	for (uint32_t i = 0; i < 50; i++) {
		pair_say(fd, VMEDIA_SHARE_START, i, 0);
		pair_say(fd, VMEDIA_SHARE_STOP, i, 0);
		pair_step(&p);
	}
	assert_int_equal(p.starts, before + 1);
	close(fd);
	p.start_error = 0;
	p.starts = p.stops;
	assert_int_equal(vmedia_subscriber_start(good), 0);
	while (!p.runs)
		assert_true(vmedia_loop_step(p.loop, -1) >= 0);
	pair_process(good);
	others_go_on();
}

static void test_a_flood_of_messages(void **state)
{
	int fd = streaming(1), sent = 0, err = 0;
	union vmedia_share_message m, got;

	/* Far more than it may send in a tenth of a second: it is not read any more. */
	vmedia_share_prepare(&m, VMEDIA_SHARE_STOP);
	m.stop.stream = 1;
	while (!err && sent < 100000) {
		vmedia_share_prepare(&m, sent & 1 ? VMEDIA_SHARE_START : VMEDIA_SHARE_STOP);
		m.stop.stream = 1;
		err = vmedia_share_send(fd, &m, -1);
		sent++;
		if (sent % 16)
			continue;
		others_go_on();
		while (!pair_receive(fd, &got))
			;
	}
	assert_int_equal(err, -EAGAIN);
	close(fd);
	pair_step(&p);
	others_go_on();
}

static void test_one_that_does_not_read(void **state)
{
	int fd = streaming(1);

	/* States are all that it can be sent without asking. */
	for (int i = 0; i < 5000 && pair_stats(&p).subscribers == 2; i++) {
		vmedia_publisher_fail(p.pub, -EIO);
		pair_process(good);
		pair_publish(&p, shown);
		pair_process(good);
	}
	assert_int_equal(pair_stats(&p).subscribers, 1);
	close(fd);
	/* What was published meanwhile, the good one did not ask for. */
	vmedia_subscriber_stop(good);
	assert_int_equal(vmedia_subscriber_start(good), 0);
	pair_frame(&p, good);
	others_go_on();
}

static void test_silent_connections_take_no_place(void **state)
{
	int fds[40], late;
	union vmedia_share_message m;

	for (int i = 0; i < 40; i++)
		fds[i] = pair_connect(&p);
	others_go_on();
	late = welcomed();
	/* The oldest were replaced. */
	assert_int_equal(pair_receive(fds[0], &m), -ECONNRESET);
	assert_int_equal(pair_receive(fds[39], &m), -EAGAIN);
	for (int i = 0; i < 40; i++)
		close(fds[i]);
	close(late);
	pair_step(&p);
	others_go_on();
}

static void test_one_that_dies_gives_all_back(void **state)
{
	for (int i = 0; i < 200; i++) {
		int fd = streaming(3);

		pair_say(fd, VMEDIA_SHARE_NEXT, 3, 0);
		others_go_on();
		close(fd);
		pair_step(&p);
		assert_int_equal(pair_stats(&p).streaming, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_junk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_truncated_messages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_another_version, setup, teardown),
		cmocka_unit_test_setup_teardown(test_messages_out_of_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_descriptors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_that_releases_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_flood_of_starts_and_stops, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_a_source_that_fails_is_not_tried_at_each_start, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_flood_of_messages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_that_does_not_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_silent_connections_take_no_place, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_one_that_dies_gives_all_back, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
