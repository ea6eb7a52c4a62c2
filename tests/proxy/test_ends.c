/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls that block, ends of sessions while they do, and devices that go. */
#include "fake_host.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#define CAPTURE V4L2_BUF_TYPE_VIDEO_CAPTURE

static struct harness_req *offer(struct fake_host *f, uint32_t session, uint32_t nr, uint32_t type)
{
	struct harness_req *req;
	struct vmedia_cmd cmd;

	harness_cmd_ioctl(&cmd, session, nr);
	cmd.io.arg.u32 = type;
	req = harness_offer_cmd(&f->h, &cmd);
	harness_kick(&f->h, VMEDIA_QUEUE_COMMAND);
	return req;
}

/* A call that blocks stops neither the loop nor another session. */
static void test_blocked(void **state)
{
	struct fake_host *f = fake_host_new(NULL);
	struct harness_req *req;
	uint32_t a, b, count = 2;
	unsigned int opens;

	assert_int_equal(ask_open(f, &a), 0);
	assert_int_equal(ask_open(f, &b), 0);
	fake_block(f, VMEDIA_NR_S_FMT);
	req = offer(f, a, VMEDIA_NR_S_FMT, CAPTURE);
	fake_wait_blocked(f);
	/* The other's buffers, which are asked for on the loop at other times. */
	assert_int_equal(reqbufs(f, b, CAPTURE, V4L2_MEMORY_MMAP, &count), 0);
	assert_int_equal(qbuf(f, b, CAPTURE, 0, V4L2_MEMORY_MMAP, NULL, 0), 0);
	opens = f->opens;
	assert_int_equal(ask_open(f, &count), 0);
	assert_int_equal(f->opens, opens + 1);
	ask_close(f, count);
	assert_false(req->used);
	fake_release(f);
	wait_for(f, req);
	harness_put(&f->h, req);
	ask_close(f, a);
	ask_close(f, b);
	fake_host_end(f);
}

/* So many calls block that one for each session would need a thread. */
static void test_all_blocked(void **state)
{
	struct fake_host *f = fake_host_new(NULL);
	struct harness_req *req[20];
	uint32_t session[20], other;

	for (unsigned int i = 0; i < 20; i++)
		assert_int_equal(ask_open(f, &session[i]), 0);
	fake_block(f, VMEDIA_NR_S_FMT);
	for (unsigned int i = 0; i < 20; i++)
		req[i] = offer(f, session[i], VMEDIA_NR_S_FMT, CAPTURE);
	assert_int_equal(ask_open(f, &other), 0);
	assert_int_equal(ask_ioctl(f, other, VMEDIA_NR_G_INPUT, NULL), 0);
	ask_close(f, other);
	fake_release(f);
	for (unsigned int i = 0; i < 20; i++) {
		wait_for(f, req[i]);
		harness_put(&f->h, req[i]);
		ask_close(f, session[i]);
	}
	fake_host_end(f);
}

static int no_input(struct fake_host *f, uint32_t nr, void *arg)
{
	return nr == VMEDIA_NR_G_INPUT ? -ENODEV : HOST_DEFAULT;
}

/* A driver that says ENODEV of something else, while a call of another session blocks. */
static void test_no_input(void **state)
{
	struct fake_host *f = fake_host_new(NULL);
	struct harness_req *req;
	struct vmedia_evt evt;
	uint32_t a, b, used;

	assert_int_equal(ask_open(f, &a), 0);
	assert_int_equal(ask_open(f, &b), 0);
	fake_block(f, VMEDIA_NR_S_FMT);
	req = offer(f, a, VMEDIA_NR_S_FMT, CAPTURE);
	fake_wait_blocked(f);
	fake_script(f, no_input);
	assert_int_equal(ask_ioctl(f, b, VMEDIA_NR_G_INPUT, NULL), -ENODEV);
	fake_script(f, NULL);
	/* The device is there, and the session goes on. */
	assert_int_equal(ask_ioctl(f, b, VMEDIA_NR_G_INPUT, NULL), 0);
	fake_release(f);
	wait_for(f, req);
	harness_put(&f->h, req);
	assert_int_equal(harness_event(&f->h, &evt, &used), 0);
	ask_close(f, a);
	ask_close(f, b);
	fake_host_end(f);
}

/* A reset does not wait for the host; its file is closed when the call has ended. */
static void test_reset_blocked(void **state)
{
	struct fake_host *f = fake_host_new(NULL);
	uint32_t session;
	unsigned int closes;
	struct vmedia_cmd cmd;

	assert_int_equal(ask_open(f, &session), 0);
	fake_block(f, VMEDIA_NR_REQBUFS);
	harness_cmd_ioctl(&cmd, session, VMEDIA_NR_REQBUFS);
	cmd.io.arg.requestbuffers = (struct vmedia_requestbuffers){
		.count = 2, .type = CAPTURE, .memory = V4L2_MEMORY_MMAP };
	harness_offer_cmd(&f->h, &cmd);
	offer(f, session, VMEDIA_NR_G_INPUT, 0);
	fake_wait_blocked(f);
	closes = f->closes;
	harness_restart(&f->h);
	harness_forget(&f->h);
	assert_int_equal(f->closes, closes);
	/* The next guest does not wait either. */
	harness_post_events(&f->h, 4, VMEDIA_EVT_MAX_SIZE);
	assert_int_equal(ask_open(f, &session), 0);
	fake_release(f);
	wait_until(f, &f->closes, closes + 1);
	ask_close(f, session);
	fake_host_end(f);
}

/* The connection is lost while the host opens: what was opened is closed. */
static void test_reset_opening(void **state)
{
	struct fake_host *f = fake_host_new(NULL);
	uint8_t open[8] = { VMEDIA_CMD_OPEN };
	uint32_t session;

	for (unsigned int i = 0; i < 50; i++) {
		harness_offer(&f->h, open, sizeof(open), VMEDIA_RESP_OPEN_SIZE, HARNESS_PART);
		harness_kick(&f->h, VMEDIA_QUEUE_COMMAND);
		if (i % 2)
			harness_restart(&f->h);
		else
			harness_reconnect(&f->h);
		harness_forget(&f->h);
	}
	harness_post_events(&f->h, 4, VMEDIA_EVT_MAX_SIZE);
	assert_int_equal(ask_open(f, &session), 0);
	ask_close(f, session);
	fake_host_end(f);
}

static void test_open_errors(void **state)
{
	struct fake_host *f = fake_host_new(NULL);
	uint32_t session;

	f->open_err = -EBUSY;
	assert_int_equal(ask_open(f, &session), -EBUSY);
	f->open_err = -EACCES;
	assert_int_equal(ask_open(f, &session), -EACCES);
	f->open_err = 0;
	/* Another device has the node's name now. */
	f->caps |= V4L2_CAP_AUDIO;
	vmedia_log_set_level(-1);
	assert_int_equal(ask_open(f, &session), -ENODEV);
	f->caps &= ~(uint32_t)V4L2_CAP_AUDIO;
	assert_int_equal(ask_open(f, &session), 0);
	ask_close(f, session);
	fake_host_end(f);
}

/* Unplugged: every session that had it is told, and one that has another does not notice. */
static void test_unplugged(void **state)
{
	struct fake_host *f = fake_host_new(NULL);
	uint32_t session[3];
	struct vmedia_evt evt;

	vmedia_log_set_level(-1);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(ask_open(f, &session[i]), 0);
	pthread_mutex_lock(&f->lock);
	f->file[1].gone = true;
	pthread_mutex_unlock(&f->lock);
	fake_unplug(f, 0);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(next_event(f, &evt), 1);
		assert_int_equal(evt.type, VMEDIA_EVT_ERROR);
		assert_int_equal(evt.err, ENODEV);
		assert_int_equal(evt.session_id, session[i]);
	}
	assert_int_equal(ask_ioctl(f, session[2], VMEDIA_NR_G_INPUT, NULL), 0);
	for (unsigned int i = 0; i < 3; i++)
		ask_close(f, session[i]);
	/* Plugged in again, it serves the next OPEN. */
	assert_int_equal(ask_open(f, &session[0]), 0);
	assert_int_equal(ask_ioctl(f, session[0], VMEDIA_NR_G_INPUT, NULL), 0);
	ask_close(f, session[0]);
	fake_host_end(f);
}

/* Found by an ioctl. */
static void test_unplugged_unseen(void **state)
{
	struct fake_host *f = fake_host_new(NULL);
	struct vmedia_evt evt;
	uint32_t session;

	vmedia_log_set_level(-1);
	assert_int_equal(ask_open(f, &session), 0);
	pthread_mutex_lock(&f->lock);
	f->file[0].gone = true;
	pthread_mutex_unlock(&f->lock);
	assert_int_equal(ask_ioctl(f, session, VMEDIA_NR_G_INPUT, NULL), -ENODEV);
	assert_int_equal(next_event(f, &evt), 1);
	assert_int_equal(evt.type, VMEDIA_EVT_ERROR);
	ask_close(f, session);
	fake_host_end(f);
}

/* A guest that is paused: its page, full of 0x99, is written once it goes on. */
static void written_when_it_goes_on(struct fake_host *f, uint32_t session, const uint8_t *page)
{
	struct vmedia_evt evt;
	uint32_t used;

	harness_step(&f->h);
	assert_int_equal(harness_event(&f->h, &evt, &used), 0);
	assert_int_equal(page[0], 0x99);
	assert_int_equal(ask_ioctl(f, session, VMEDIA_NR_G_INPUT, NULL), 0);
	assert_int_equal(next_event(f, &evt), 1);
	assert_int_equal(evt.type, VMEDIA_EVT_DQBUF);
	assert_int_equal(page[0], 0);
}

/* A paused guest's pages are not written, and nothing is lost when it goes on. */
static void test_paused(void **state)
{
	uint8_t raw[VMEDIA_SG_ENTRY_SIZE], *page;
	struct vmedia_sg sg = { raw, 1 };
	struct fake_host *f = fake_host_new(NULL);
	uint32_t session, count = 1;

	f->bytesused = HOST_LENGTH;
	assert_int_equal(ask_open(f, &session), 0);
	page = harness_alloc(&f->h, HOST_LENGTH, 4096);
	vmedia_sg_put(raw, 0, &(struct vmedia_sg_entry){ harness_gpa(&f->h, page), HOST_LENGTH });
	assert_int_equal(reqbufs(f, session, CAPTURE, V4L2_MEMORY_USERPTR, &count), 0);
	assert_int_equal(qbuf(f, session, CAPTURE, 0, V4L2_MEMORY_USERPTR, &sg, HOST_LENGTH), 0);
	assert_int_equal(stream(f, session, CAPTURE, true), 0);
	vmedia_device_queue_stop(f->dev, VMEDIA_QUEUE_COMMAND);
	memset(page, 0x99, HOST_LENGTH);
	fake_done(f, 0, CAPTURE, 0);
	vmedia_loop_step(f->h.loop, 1000);
	written_when_it_goes_on(f, session, page);
	ask_close(f, session);
	fake_host_end(f);
}

/* A session that streams into guest pages, and whose job is in DQBUF. */
static struct fake_host *dequeuing(uint32_t *session, uint8_t **page)
{
	static uint8_t raw[VMEDIA_SG_ENTRY_SIZE];
	struct vmedia_sg sg = { raw, 1 };
	struct fake_host *f = fake_host_new(NULL);
	uint32_t count = 1;

	f->bytesused = HOST_LENGTH;
	assert_int_equal(ask_open(f, session), 0);
	*page = harness_alloc(&f->h, HOST_LENGTH, 4096);
	vmedia_sg_put(raw, 0, &(struct vmedia_sg_entry){ harness_gpa(&f->h, *page), HOST_LENGTH });
	assert_int_equal(reqbufs(f, *session, CAPTURE, V4L2_MEMORY_USERPTR, &count), 0);
	assert_int_equal(qbuf(f, *session, CAPTURE, 0, V4L2_MEMORY_USERPTR, &sg, HOST_LENGTH), 0);
	assert_int_equal(stream(f, *session, CAPTURE, true), 0);
	fake_block(f, VMEDIA_NR_DQBUF);
	fake_done(f, 0, CAPTURE, 0);
	vmedia_loop_step(f->h.loop, 1000);
	harness_step(&f->h);
	fake_wait_blocked(f);
	return f;
}

/* The host gives a buffer after the guest was reset: its pages are not the session's any more. */
static void test_reset_dequeuing(void **state)
{
	struct fake_host *f;
	unsigned int closes;
	uint32_t session;
	uint8_t *page;

	f = dequeuing(&session, &page);
	closes = f->closes;
	harness_restart(&f->h);
	harness_forget(&f->h);
	memset(page, 0x99, HOST_LENGTH);
	fake_release(f);
	wait_until(f, &f->closes, closes + 1);
	assert_int_equal(page[0], 0x99);
	assert_int_equal(page[HOST_LENGTH - 1], 0x99);
	fake_host_end(f);
}

static bool still_done(struct fake_host *f)
{
	bool done;

	pthread_mutex_lock(&f->lock);
	done = f->file[0].done_index >= 0;
	pthread_mutex_unlock(&f->lock);
	return done;
}

/* And while it is paused: they are written when it goes on. */
static void test_paused_dequeuing(void **state)
{
	struct fake_host *f;
	uint32_t session;
	uint8_t *page;

	f = dequeuing(&session, &page);
	vmedia_device_queue_stop(f->dev, VMEDIA_QUEUE_COMMAND);
	memset(page, 0x99, HOST_LENGTH);
	fake_release(f);
	while (still_done(f)) /* until the host has given it */
		vmedia_loop_step(f->h.loop, 1);
	written_when_it_goes_on(f, session, page);
	ask_close(f, session);
	fake_host_end(f);
}

/* The other end of an opener's socket: one answer of @len bytes, with @fd unless it is -1. */
static void answer_opening(int sock, int32_t err, size_t len, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .head = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec iov = { &err, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control.room);
	}
	assert_int_equal(sendmsg(sock, &msg, MSG_NOSIGNAL), len);
}

static void test_opener(void **state)
{
	struct proxy_node node = { .path = "/dev/fake" };
	int sv[2], null = open("/dev/null", O_RDWR | O_CLOEXEC), fd = -1;
	unsigned int fds;
	char asked[4];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), 0);
	pthread_mutex_init(&node.lock, NULL);
	node.opener = sv[0];
	fds = harness_count_fds();
	answer_opening(sv[1], 0, 4, null); /* sent before it is asked for */
	assert_int_equal(vmedia_proxy_node_ops.open(&node, &fd), 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	vmedia_proxy_node_ops.close(&node, fd);
	assert_int_equal(recv(sv[1], asked, sizeof(asked), 0), 1);
	answer_opening(sv[1], -EACCES, 4, -1);
	assert_int_equal(vmedia_proxy_node_ops.open(&node, &fd), -EACCES);
	/* What it does not say. */
	answer_opening(sv[1], 0, 4, -1);
	assert_int_equal(vmedia_proxy_node_ops.open(&node, &fd), -EPIPE);
	answer_opening(sv[1], 5, 4, -1);
	assert_int_equal(vmedia_proxy_node_ops.open(&node, &fd), -EPIPE);
	answer_opening(sv[1], 0, 2, -1);
	assert_int_equal(vmedia_proxy_node_ops.open(&node, &fd), -EPIPE);
	assert_int_equal(harness_count_fds(), fds);
	close(sv[1]);
	assert_int_equal(vmedia_proxy_node_ops.open(&node, &fd), -EPIPE);
	close(sv[0]);
	close(null);
	pthread_mutex_destroy(&node.lock);
}

static void test_many(void **state)
{
	struct fake_host *f = fake_host_new(NULL);
	unsigned int fds;
	uint32_t session, count;

	assert_int_equal(ask_open(f, &session), 0);
	ask_close(f, session);
	fds = harness_count_fds();
	for (unsigned int i = 0; i < 2000; i++) {
		count = 2;
		assert_int_equal(ask_open(f, &session), 0);
		assert_int_equal(reqbufs(f, session, CAPTURE, V4L2_MEMORY_MMAP, &count), 0);
		ask_close(f, session);
	}
	assert_int_equal(harness_count_fds(), fds);
	assert_int_equal(f->opens, f->closes);
	fake_host_end(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocked),	    cmocka_unit_test(test_reset_blocked),
		cmocka_unit_test(test_reset_opening), cmocka_unit_test(test_open_errors),
		cmocka_unit_test(test_unplugged),     cmocka_unit_test(test_unplugged_unseen),
		cmocka_unit_test(test_paused),	      cmocka_unit_test(test_many),
		cmocka_unit_test(test_all_blocked),   cmocka_unit_test(test_no_input),
		cmocka_unit_test(test_reset_dequeuing),
		cmocka_unit_test(test_paused_dequeuing),
		cmocka_unit_test(test_opener),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
