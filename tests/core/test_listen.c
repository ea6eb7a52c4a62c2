/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The listening socket and its path. listen() is replaced, to look at the folder before the socket
 * listens, or to fail.
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "serve/serve.h"

static struct {
	const char *path; /* where to look */
	unsigned int calls;
	bool exists; /* something was there before the socket listened */
	int err;     /* listen() is to fail with this */
} watch;

int listen(int fd, int backlog)
{
	watch.calls++;
	watch.exists = !access(watch.path, F_OK);
	errno = watch.err;
	return watch.err ? -1 : (int)syscall(SYS_listen, fd, backlog);
}

struct place {
	char dir[64], path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct vmedia_server_options opts;
};

static void place_make(struct place *p, const char *name)
{
	*p = (struct place){ .dir = "/tmp/vmedia-listen-XXXXXX", .opts.fd = -1 };
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->path, sizeof(p->path), "%s/%s", p->dir, name);
	p->opts.socket_path = p->path;
	memset(&watch, 0, sizeof(watch));
	watch.path = p->path;
}

static unsigned int place_files(const struct place *p)
{
	DIR *dir = opendir(p->dir);
	unsigned int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

/* A socket at the path that was bound by somebody else. */
static int place_bind(const struct place *p)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(addr.sun_path, p->path, sizeof(addr.sun_path));
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static int place_connect(const struct place *p)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), err;

	memcpy(addr.sun_path, p->path, sizeof(addr.sun_path));
	err = connect(fd, (struct sockaddr *)&addr, sizeof(addr)) ? -errno : 0;
	close(fd);
	return err;
}

static void place_remove(struct place *p)
{
	assert_int_equal(place_files(p), 0);
	assert_int_equal(rmdir(p->dir), 0);
}

/* Who sees the file can connect. */
static void test_appears_listening(void **state)
{
	struct vmedia_listener l;
	struct place p;
	struct stat st;

	place_make(&p, "socket");
	p.opts.socket_mode = 0640;
	assert_int_equal(vmedia_listen(&p.opts, &l), 0);
	assert_int_equal(watch.calls, 1);
	assert_false(watch.exists);
	assert_int_equal(place_files(&p), 1);
	assert_int_equal(stat(p.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(place_connect(&p), 0);
	vmedia_listener_close(&l);
	place_remove(&p);
}

/* A dead socket is replaced when the new one listens; a live one stays. */
static void test_replaces(void **state)
{
	struct vmedia_listener l;
	struct place p;
	int fd;

	place_make(&p, "socket");
	close(place_bind(&p));
	assert_int_equal(vmedia_listen(&p.opts, &l), 0);
	assert_int_equal(place_connect(&p), 0);
	assert_int_equal(place_files(&p), 1);
	vmedia_listener_close(&l);
	fd = place_bind(&p);
	assert_int_equal(syscall(SYS_listen, fd, 1), 0);
	assert_int_equal(vmedia_listen(&p.opts, &l), -EADDRINUSE);
	assert_int_equal(place_connect(&p), 0);
	assert_int_equal(place_files(&p), 1);
	close(fd);
	unlink(p.path);
	place_remove(&p);
}

/* An error leaves the folder as it was, a dead socket in it too. */
static void test_error(void **state)
{
	struct vmedia_listener l;
	struct place p;

	place_make(&p, "socket");
	watch.err = ENOBUFS;
	assert_int_equal(vmedia_listen(&p.opts, &l), -ENOBUFS);
	assert_int_equal(l.fd, -1);
	assert_int_equal(place_files(&p), 0);
	close(place_bind(&p));
	assert_int_equal(vmedia_listen(&p.opts, &l), -ENOBUFS);
	assert_int_equal(place_connect(&p), -ECONNREFUSED);
	assert_int_equal(place_files(&p), 1);
	unlink(p.path);
	place_remove(&p);
}

/* The longest path works; from 9 bytes less on, its file appears late too. */
static void test_long_path(void **state)
{
	const size_t longest = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;
	struct vmedia_listener l;
	struct place p;

	for (size_t less = 0; less < 20; less++) {
		place_make(&p, "");
		memset(p.path + strlen(p.path), 'x', longest - less - strlen(p.path));
		assert_int_equal(strlen(p.path), longest - less);
		assert_int_equal(vmedia_listen(&p.opts, &l), 0);
		assert_int_equal(watch.exists, less < 9);
		assert_int_equal(place_files(&p), 1);
		vmedia_listener_close(&l);
		place_remove(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_appears_listening),
		cmocka_unit_test(test_replaces),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_long_path),
	};

	return cmocka_run_group_tests_name("core listen", tests, NULL, NULL);
}
