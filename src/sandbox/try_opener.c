/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tries: get more of the opener of a device node (opener.h) than that node. Each one has an opener
 * of its own, since some of them end it.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/opener.h"
#include "sandbox/tries.h"

union rights {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

/* Send one message, with the descriptor @passed unless it is -1. Returns 0 or negative errno. */
static int ask(int sock, const void *bytes, size_t len, int passed, int flags)
{
	union rights rights = { .head = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec iov = { (void *)(uintptr_t)bytes, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (passed >= 0) {
		memcpy(CMSG_DATA(&rights.head), &passed, sizeof(passed));
		msg.msg_control = &rights;
		msg.msg_controllen = sizeof(rights.room);
	}
	return sandbox_try_ret(sendmsg(sock, &msg, MSG_NOSIGNAL | flags));
}

/*
 * Receive one answer. Returns 0 with a descriptor in *@fd; the errno that the opener says, with -1
 * there; or -EPIPE if it has ended.
 */
static int answer(int sock, int *fd)
{
	union rights rights;
	int32_t err = 0;
	struct iovec iov = { &err, sizeof(err) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &rights,
			      .msg_controllen = sizeof(rights.room) };
	ssize_t n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);

	*fd = -1;
	if (n <= 0)
		return n < 0 && errno != ECONNRESET ? -errno : -EPIPE;
	if (CMSG_FIRSTHDR(&msg))
		memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(*fd));
	return *fd >= 0 ? 0 : err;
}

/* The process that serves has no fstat(), and statx() in the way that this kernel takes. */
static bool is_node(int fd)
{
	struct statx st;
	long ret = syscall(SYS_statx, fd, NULL, AT_EMPTY_PATH, STATX_TYPE, &st);

	if (ret < 0)
		ret = syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &st);
	return ret == 0 && S_ISCHR(st.stx_mode) && st.stx_rdev_major == SANDBOX_OPENER_MAJOR;
}

/* What came of a request that was all right: the node or nothing is no harm. */
static int judge_answer(int sock)
{
	int fd, err = answer(sock, &fd);

	if (err)
		return err;
	if (!is_node(fd))
		return 0;
	close(fd);
	return SANDBOX_TRY_THE_NODE;
}

/* ---- What a request says. Whatever the opener answers to such a one, it has listened. ---- */

static int listens(int sock, const void *bytes, size_t len)
{
	int fd, err = ask(sock, bytes, len, -1, 0);

	if (!err)
		err = answer(sock, &fd);
	return err == -EPIPE || err == -ECONNRESET ? -EPIPE : 0;
}

static int name_file(const struct sandbox_bait *bait)
{
	return listens(bait->openers[SANDBOX_OPENER_NAMED], bait->file, strlen(bait->file) + 1);
}

static int say_nothing(const struct sandbox_bait *bait)
{
	return listens(bait->openers[SANDBOX_OPENER_EMPTY], "", 0);
}

static int say_much(const struct sandbox_bait *bait)
{
	static const char much[32768] = "o";

	return listens(bait->openers[SANDBOX_OPENER_LONG], much, sizeof(much));
}

/* ---- What it can be made to keep ---- */

/*
 * This one can have few descriptors. If it keeps those that it is given, it has none left for the
 * node.
 */
static int fill_it(const struct sandbox_bait *bait)
{
	const int sock = bait->openers[SANDBOX_OPENER_FILLED];
	int ret = 0;

	for (unsigned int i = 0; i < 2 * SANDBOX_OPENER_FEW; i++) {
		ret = ask(sock, "o", 1, bait->memory_fd, 0);
		if (!ret)
			ret = judge_answer(sock);
		if (!ret || ret == -EPIPE || ret == -EMFILE)
			return ret == -EPIPE ? ret : 0;
	}
	return ret == SANDBOX_TRY_THE_NODE ? ret : SANDBOX_TRY_NOTHING;
}

/* As many requests as fit, then all their answers. It must end neither for want of anything. */
static int flood(const struct sandbox_bait *bait)
{
	const int sock = bait->openers[SANDBOX_OPENER_FLOODED];
	unsigned int sent = 0;
	int ret = 0;

	while (sent < SANDBOX_OPENER_MANY && ask(sock, "o", 1, -1, MSG_DONTWAIT) == 0)
		sent++;
	for (unsigned int i = 0; i < sent; i++) {
		ret = judge_answer(sock);
		if (!ret || ret == -EPIPE || ret == -EMFILE || ret == -ENFILE || ret == -ENOMEM)
			return 0;
	}
	return ret == SANDBOX_TRY_THE_NODE ? ret : SANDBOX_TRY_NOTHING;
}

/* ---- What is at its path ---- */

static int get(int sock)
{
	int err = ask(sock, "o", 1, -1, 0);

	return err ? err : judge_answer(sock);
}

static int get_file(const struct sandbox_bait *bait)
{
	return get(bait->openers[SANDBOX_OPENER_FILE]);
}

static int get_linked(const struct sandbox_bait *bait)
{
	return get(bait->openers[SANDBOX_OPENER_LINKED]);
}

static int get_swapped(const struct sandbox_bait *bait)
{
	return get(bait->openers[SANDBOX_OPENER_SWAPPED]);
}

/* It ends at what is no request. */
#define ENDS		{ EPIPE }
/* It looks before it opens; Landlock does not let it go elsewhere. */
#define NO_NODE		{ ENOTTY }

static const struct sandbox_try tries[] = {
	{ "sendmsg", "name a file to the opener", name_file, 0, ENDS },
	{ "sendmsg", "send the opener an empty request", say_nothing, 0, ENDS },
	{ "sendmsg", "send the opener a long request", say_much, 0, ENDS },
	{ "sendmsg SCM_RIGHTS", "fill the opener with descriptors", fill_it, 0, ENDS },
	{ "sendmsg", "flood the opener with requests", flood, 0, { 0 } },
	{ "recvmsg SCM_RIGHTS", "get a file that is where the node was", get_file, 0, NO_NODE },
	{ "recvmsg SCM_RIGHTS", "get another device by a link", get_linked, 0, NO_NODE },
	{ "recvmsg SCM_RIGHTS", "get what a link leads to by now", get_swapped, 0, NO_NODE },
};

const struct sandbox_try_group sandbox_tries_opener = {
	"the opener's socket", tries, sizeof(tries) / sizeof(tries[0])
};
