// SPDX-License-Identifier: BSD-3-Clause
/* Messages: what is taken, and what is not. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pair.h"

static union vmedia_share_message welcome(void)
{
	union vmedia_share_message m;

	vmedia_share_prepare(&m, VMEDIA_SHARE_WELCOME);
	m.welcome.num_slots = 34;
	m.welcome.max_held = 2;
	m.welcome.slot_size = 1u << 16;
	m.welcome.format = (struct vmedia_share_format){
		.width = 16, .height = 16, .bytesperline = 16, .sizeimage = 256,
		.interval_numerator = 1, .interval_denominator = 30,
	};
	return m;
}

static int check(enum vmedia_share_side from, const union vmedia_share_message *m,
		 unsigned int fds)
{
	union vmedia_share_message got;
	int err = vmedia_share_check(from, m, m->header.size, fds, &got);

	if (!err)
		assert_memory_equal(&got, m, m->header.size);
	return err;
}

static int check_welcome(const union vmedia_share_message *m)
{
	return check(VMEDIA_SHARE_PUBLISHER, m, 1);
}

static void test_all_types_are_taken_from_one_side(void **state)
{
	static const enum vmedia_share_type subscriber[] = {
		VMEDIA_SHARE_HELLO, VMEDIA_SHARE_START, VMEDIA_SHARE_STOP, VMEDIA_SHARE_NEXT,
		VMEDIA_SHARE_RELEASE,
	};
	union vmedia_share_message m;

	for (size_t i = 0; i < sizeof(subscriber) / sizeof(subscriber[0]); i++) {
		vmedia_share_prepare(&m, subscriber[i]);
		assert_int_equal(check(VMEDIA_SHARE_SUBSCRIBER, &m, 0), 0);
		assert_int_equal(check(VMEDIA_SHARE_PUBLISHER, &m, 0), -EPROTO);
		assert_int_equal(check(VMEDIA_SHARE_SUBSCRIBER, &m, 1), -EPROTO);
	}
	vmedia_share_prepare(&m, VMEDIA_SHARE_STATE);
	assert_int_equal(check(VMEDIA_SHARE_PUBLISHER, &m, 0), 0);
	assert_int_equal(check(VMEDIA_SHARE_SUBSCRIBER, &m, 0), -EPROTO);
	vmedia_share_prepare(&m, VMEDIA_SHARE_FRAME);
	assert_int_equal(check(VMEDIA_SHARE_PUBLISHER, &m, 0), 0);
	m = welcome();
	assert_int_equal(check_welcome(&m), 0);
	assert_int_equal(check(VMEDIA_SHARE_PUBLISHER, &m, 0), -EPROTO);
	assert_int_equal(check(VMEDIA_SHARE_PUBLISHER, &m, 2), -EPROTO);
}

static void test_another_size_is_no_message(void **state)
{
	union vmedia_share_message m, got;
	char bytes[sizeof(m) + 8] = { 0 };

	vmedia_share_prepare(&m, VMEDIA_SHARE_NEXT);
	memcpy(bytes, &m, sizeof(m));
	for (size_t len = 0; len < sizeof(bytes); len++)
		assert_int_equal(vmedia_share_check(VMEDIA_SHARE_SUBSCRIBER, bytes, len, 0, &got),
				 len == sizeof(m.next) ? 0 : -EPROTO);
	m.header.size--;
	assert_int_equal(vmedia_share_check(VMEDIA_SHARE_SUBSCRIBER, &m, sizeof(m.next), 0, &got),
			 -EPROTO);
}

static void test_another_version_is_told_apart(void **state)
{
	union vmedia_share_message m, got;

	vmedia_share_prepare(&m, VMEDIA_SHARE_HELLO);
	m.hello.version = VMEDIA_SHARE_VERSION + 1;
	/* The HELLO of a later version may be longer. */
	for (size_t len = sizeof(m.hello); len < sizeof(m); len++) {
		m.header.size = (uint32_t)len;
		assert_int_equal(vmedia_share_check(VMEDIA_SHARE_SUBSCRIBER, &m, len, 0, &got),
				 -EPROTONOSUPPORT);
		assert_int_equal(got.hello.version, VMEDIA_SHARE_VERSION + 1);
	}
	m.hello.magic++;
	assert_int_equal(check(VMEDIA_SHARE_SUBSCRIBER, &m, 0), -EPROTO);
}

static void test_ranges_of_welcome(void **state)
{
	union vmedia_share_message m;

#define BAD(member, value)                                       \
	do {                                                     \
		m = welcome();                                   \
		m.welcome.member = (value);                      \
		assert_int_equal(check_welcome(&m), -EPROTO);    \
	} while (0)
	BAD(num_slots, 1);
	BAD(num_slots, VMEDIA_SHARE_MAX_SLOTS + 1);
	BAD(max_held, 0);
	BAD(max_held, VMEDIA_SHARE_MAX_HELD + 1);
	BAD(slot_size, 0);
	BAD(slot_size, 1000);
	BAD(slot_size, 2ull * VMEDIA_SHARE_MAX_SLOT);
	BAD(slot_size, UINT64_MAX);
	BAD(format.width, 0);
	BAD(format.height, VMEDIA_SHARE_MAX_SIDE + 1);
	BAD(format.sizeimage, 0);
	BAD(format.sizeimage, (1u << 16) + 1);
	BAD(format.bytesperline, 257);
	BAD(format.interval_denominator, 0);
	BAD(name[0], '\033');
#undef BAD
	m = welcome();
	memset(m.welcome.name, 'a', sizeof(m.welcome.name));
	assert_int_equal(check_welcome(&m), -EPROTO);
	m.welcome.name[31] = 0;
	assert_int_equal(check_welcome(&m), 0);
}

static void test_reserved_members_are_zero(void **state)
{
	union vmedia_share_message m;

	vmedia_share_prepare(&m, VMEDIA_SHARE_STOP);
	m.stop.reserved = 1;
	assert_int_equal(check(VMEDIA_SHARE_SUBSCRIBER, &m, 0), -EPROTO);
	vmedia_share_prepare(&m, VMEDIA_SHARE_FRAME);
	m.frame.reserved = 1;
	assert_int_equal(check(VMEDIA_SHARE_PUBLISHER, &m, 0), -EPROTO);
	vmedia_share_prepare(&m, VMEDIA_SHARE_STATE);
	m.state.error = 1;
	assert_int_equal(check(VMEDIA_SHARE_PUBLISHER, &m, 0), -EPROTO);
}

static void test_send_and_receive(void **state)
{
	union vmedia_share_message m = welcome(), got;
	int sv[2], file = open("/dev/null", O_RDONLY | O_CLOEXEC), passed = -1;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), 0);
	assert_int_equal(vmedia_share_recv(sv[1], VMEDIA_SHARE_PUBLISHER, &got, &passed), -EAGAIN);
	assert_int_equal(vmedia_share_send(sv[0], &m, file), 0);
	assert_int_equal(vmedia_share_recv(sv[1], VMEDIA_SHARE_PUBLISHER, &got, &passed), 0);
	assert_memory_equal(&got.welcome, &m.welcome, sizeof(m.welcome));
	assert_true(passed >= 0);
	assert_int_equal(fcntl(passed, F_GETFD), FD_CLOEXEC);
	close(passed);
	close(sv[0]);
	assert_int_equal(vmedia_share_recv(sv[1], VMEDIA_SHARE_PUBLISHER, &got, &passed),
			 -ECONNRESET);
	assert_int_equal(vmedia_share_send(sv[1], &m, -1), -ECONNRESET);
	close(sv[1]);
	close(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_types_are_taken_from_one_side),
		cmocka_unit_test(test_another_size_is_no_message),
		cmocka_unit_test(test_another_version_is_told_apart),
		cmocka_unit_test(test_ranges_of_welcome),
		cmocka_unit_test(test_reserved_members_are_zero),
		cmocka_unit_test(test_send_and_receive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
