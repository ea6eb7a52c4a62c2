// SPDX-License-Identifier: BSD-3-Clause
/* The subscriber, with publishers that die or break the rules. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pair.h"

#define SLOTS 4u

/* The publisher's end is the test's own. */
static int peer;
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif
#define SEALS (F_SEAL_SHRINK | F_SEAL_FUTURE_WRITE)

static struct vmedia_subscriber *sub;
static char why[256];
static bool holes;	/* of the memory that is made */

static int memory(uint64_t size, unsigned int seals)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	/* A page is no hole when it was written. */
	for (uint64_t at = 0; !holes && at < size; at += 4096)
		assert_int_equal(pwrite(fd, "", 1, (off_t)at), 1);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static union vmedia_share_message welcome(void)
{
	union vmedia_share_message m;

	vmedia_share_prepare(&m, VMEDIA_SHARE_WELCOME);
	m.welcome.num_slots = SLOTS;
	m.welcome.max_held = 2;
	m.welcome.slot_size = 65536;
	m.welcome.format = (struct vmedia_share_format){ .width = 16, .height = 16,
							 .bytesperline = 16, .sizeimage = 256 };
	return m;
}

static void give(const union vmedia_share_message *m, int fd)
{
	assert_int_equal(vmedia_share_send(peer, m, fd), 0);
	if (fd >= 0)
		close(fd);
}

static int process(void)
{
	why[0] = 0;
	return vmedia_subscriber_process(sub, why, sizeof(why));
}

static int setup(void **state)
{
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), 0);
	peer = sv[1];
	assert_int_equal(vmedia_subscriber_create(sv[0], &sub), 0);
	return 0;
}

static int teardown(void **state)
{
	vmedia_subscriber_destroy(sub);
	if (peer >= 0)
		close(peer);
	return 0;
}

static void be_welcomed(void)
{
	union vmedia_share_message m = welcome();

	give(&m, memory(SLOTS * 65536, SEALS));
	assert_int_equal(process(), 0);
}

/* The next message of the subscriber is of @type. */
static union vmedia_share_message expect(enum vmedia_share_type type)
{
	union vmedia_share_message m;

	assert_int_equal(vmedia_share_recv(peer, VMEDIA_SHARE_SUBSCRIBER, &m, NULL), 0);
	assert_int_equal(m.header.type, type);
	return m;
}

static union vmedia_share_message frame(uint32_t stream, uint32_t slot)
{
	union vmedia_share_message m;

	vmedia_share_prepare(&m, VMEDIA_SHARE_FRAME);
	m.frame.stream = stream;
	m.frame.slot = slot;
	m.frame.bytesused = 256;
	return m;
}

static void test_what_it_says(void **state)
{
	struct vmedia_subscriber_frame f;
	union vmedia_share_message m;
	uint32_t stream;

	expect(VMEDIA_SHARE_HELLO);
	assert_int_equal(vmedia_subscriber_start(sub), -EAGAIN);
	be_welcomed();
	assert_int_equal(vmedia_subscriber_next(sub), -EINVAL);
	assert_int_equal(vmedia_subscriber_start(sub), 0);
	assert_int_equal(vmedia_subscriber_start(sub), -EBUSY);
	stream = expect(VMEDIA_SHARE_START).start.stream;
	for (uint32_t slot = 0; slot < 2; slot++) {
		assert_int_equal(vmedia_subscriber_next(sub), 0);
		assert_int_equal(vmedia_subscriber_next(sub), 0);
		assert_int_equal(expect(VMEDIA_SHARE_NEXT).next.stream, stream);
		m = frame(stream, slot);
		give(&m, -1);
		assert_int_equal(process(), 0);
		assert_true(vmedia_subscriber_take(sub, &f));
		assert_false(vmedia_subscriber_take(sub, &f));
		assert_int_equal(f.slot, slot);
	}
	assert_int_equal(vmedia_subscriber_next(sub), -ENOBUFS);
	assert_int_equal(vmedia_subscriber_release(sub, 3), -EINVAL);
	assert_int_equal(vmedia_subscriber_release(sub, 1), 0);
	assert_int_equal(expect(VMEDIA_SHARE_RELEASE).release.slot, 1);
	vmedia_subscriber_stop(sub);
	assert_int_equal(expect(VMEDIA_SHARE_STOP).stop.stream, stream);
	/* A frame that was on its way is of a stream that has ended. */
	assert_int_equal(vmedia_subscriber_start(sub), 0);
	assert_int_not_equal(expect(VMEDIA_SHARE_START).start.stream, stream);
	m = frame(stream, 2);
	give(&m, -1);
	assert_int_equal(process(), 0);
	assert_false(vmedia_subscriber_take(sub, &f));
}

static void test_another_version(void **state)
{
	union vmedia_share_message m;

	vmedia_share_prepare(&m, VMEDIA_SHARE_REFUSED);
	m.refused.version = 9;
	m.refused.reason = VMEDIA_SHARE_OTHER_VERSION;
	give(&m, -1);
	assert_int_equal(process(), -EPROTONOSUPPORT);
	assert_non_null(strstr(why, "version 9"));
}

static void test_a_publisher_that_dies(void **state)
{
	union vmedia_share_message m;
	struct vmedia_subscriber_frame f;

	be_welcomed();
	assert_int_equal(vmedia_subscriber_start(sub), 0);
	assert_int_equal(vmedia_subscriber_next(sub), 0);
	m = frame(1, 0);
	give(&m, -1);
	/* It had read everything; otherwise what it sent would be lost. */
	expect(VMEDIA_SHARE_HELLO);
	expect(VMEDIA_SHARE_START);
	expect(VMEDIA_SHARE_NEXT);
	close(peer);
	peer = -1;
	/* What it sent before is read, and stays readable. */
	assert_int_equal(process(), -ECONNRESET);
	assert_true(vmedia_subscriber_take(sub, &f));
	assert_int_equal(f.data[255], 0);
	assert_int_equal(vmedia_subscriber_next(sub), -ECONNRESET);
	vmedia_subscriber_stop(sub);
}

static void test_memory_that_could_fault_is_refused(void **state)
{
	static const struct {
		uint64_t size;
		unsigned int seals;
	} bad[] = { { SLOTS * 65536, 0 },
		    { SLOTS * 65536, F_SEAL_SHRINK },
		    { SLOTS * 65536 - 4096, SEALS } };
	union vmedia_share_message m = welcome();
	int fd;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		give(&m, memory(bad[i].size, bad[i].seals));
		assert_int_equal(process(), -EPROTO);
		assert_null(vmedia_subscriber_info(sub));
		teardown(state);
		setup(state);
	}
	give(&m, open("/dev/null", O_RDONLY | O_CLOEXEC));
	assert_int_equal(process(), -EPROTO);
	/* It has seals, but there may be no huge page for it when it is read. */
	fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB);
	if (fd < 0 || ftruncate(fd, 64 << 20) < 0 || fcntl(fd, F_ADD_SEALS, SEALS) < 0) {
		print_message("no files of huge pages here\n");
		if (fd >= 0)
			close(fd);
		return;
	}
	teardown(state);
	setup(state);
	give(&m, fd);
	assert_int_equal(process(), -EPROTO);
}

/* Libraries that convert pictures read a few bytes past the last one. */
static void test_behind_the_last_slot_are_zeros(void **state)
{
	union vmedia_share_message m = frame(1, SLOTS - 1);
	struct vmedia_subscriber_frame f;

	be_welcomed();
	assert_int_equal(vmedia_subscriber_start(sub), 0);
	assert_int_equal(vmedia_subscriber_next(sub), 0);
	give(&m, -1);
	assert_int_equal(process(), 0);
	assert_true(vmedia_subscriber_take(sub, &f));
	assert_int_equal(f.data[65536], 0);
}

static void test_an_empty_packet_leaves_no_descriptor(void **state)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS } };
	struct msghdr m = { .msg_control = &control, .msg_controllen = sizeof(control.room) };
	int next = dup(peer);

	close(next);
	memcpy(CMSG_DATA(&control.head), &peer, sizeof(int));
	assert_int_equal(sendmsg(peer, &m, 0), 0);
	assert_int_equal(process(), -ECONNRESET);
	assert_int_equal(dup(peer), next);
	close(next);
}

static void test_frames_that_may_not_come(void **state)
{
	for (int i = 0; i < 6; i++) {
		union vmedia_share_message m = frame(1, 0);

		if (i) {
			teardown(state);
			setup(state);
		}
		holes = i == 5;
		be_welcomed();
		holes = false;
		assert_int_equal(vmedia_subscriber_start(sub), 0);
		if (i != 1)
			assert_int_equal(vmedia_subscriber_next(sub), 0);
		if (i == 2)
			m.frame.slot = SLOTS;
		if (i == 3)
			m.frame.bytesused = 257;
		give(&m, -1);
		if (i == 4) {
			struct vmedia_subscriber_frame f;

			assert_int_equal(process(), 0);
			assert_true(vmedia_subscriber_take(sub, &f));
			assert_int_equal(vmedia_subscriber_next(sub), 0);
			give(&m, -1);	/* it is held already */
		}
		assert_int_equal(process(), i ? -EPROTO : 0);
	}
}

static void test_welcome_comes_once_and_first(void **state)
{
	union vmedia_share_message m = welcome(), state_msg;

	be_welcomed();
	give(&m, memory(SLOTS * 65536, SEALS));
	assert_int_equal(process(), -EPROTO);
	teardown(state);
	setup(state);
	vmedia_share_prepare(&state_msg, VMEDIA_SHARE_STATE);
	give(&state_msg, -1);
	assert_int_equal(process(), -EPROTO);
}

static void test_what_listens_is_no_publisher(void **state)
{
	assert_int_equal(send(peer, "hello, who is there?", 20, 0), 20);
	assert_int_equal(process(), -EPROTO);
	assert_non_null(strstr(why, "no publisher"));
	assert_int_equal(vmedia_subscriber_connect("/nonexistent/socket"), -ENOENT);
	assert_int_equal(vmedia_subscriber_connect("/dev/null"), -ENOTSOCK);
	assert_int_equal(vmedia_subscriber_connect(""), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_it_says, setup, teardown),
		cmocka_unit_test_setup_teardown(test_another_version, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_publisher_that_dies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_memory_that_could_fault_is_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_behind_the_last_slot_are_zeros, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_an_empty_packet_leaves_no_descriptor, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_frames_that_may_not_come, setup, teardown),
		cmocka_unit_test_setup_teardown(test_welcome_comes_once_and_first, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_listens_is_no_publisher, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
