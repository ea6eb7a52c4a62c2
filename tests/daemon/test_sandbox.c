/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The daemon's sandbox, in child processes that have threads already: what each of them is left
 * with, and what the process can still do and not do.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox.h"
#include "threads.h"

#define THREADS 4

static sem_t ready, go;
static _Thread_local int visits;
static int seen[THREADS];

static int visit(void)
{
	visits++;
	return 0;
}

/* What /proc says of the calling thread, opened before files cannot be opened any more. */
static int open_status(void)
{
	return open("/proc/thread-self/status", O_RDONLY);
}

/* The number behind @key, base 16. */
static unsigned long status_of_thread(int fd, const char *key)
{
	char text[4096], *at;
	struct iovec iov = { .iov_base = text, .iov_len = sizeof(text) - 1 };
	ssize_t n = preadv2(fd, &iov, 1, 0, 0);

	text[n < 0 ? 0 : n] = 0;
	at = strstr(text, key);
	return at ? strtoul(at + strlen(key), NULL, 16) : ~0ul;
}

static bool is_confined(int fd)
{
	return status_of_thread(fd, "CapEff:") == 0 && status_of_thread(fd, "CapPrm:") == 0 &&
	       status_of_thread(fd, "Seccomp:") == 2 && status_of_thread(fd, "NoNewPrivs:") == 1;
}

static void *count_visits(void *arg)
{
	sem_post(&ready);
	while (sem_wait(&go) < 0)
		;
	*(int *)arg = visits;
	return NULL;
}

static void *look_around(void *arg)
{
	int fd = open_status();

	sem_post(&ready);
	while (sem_wait(&go) < 0)
		;
	*(int *)arg = is_confined(fd);
	return NULL;
}

static void start(pthread_t *threads, void *(*fn)(void *))
{
	sem_init(&ready, 0, 0);
	sem_init(&go, 0, 0);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, fn, &seen[i]);
	for (int i = 0; i < THREADS; i++)
		while (sem_wait(&ready) < 0)
			;
}

static bool finish(pthread_t *threads)
{
	bool all = true;

	for (int i = 0; i < THREADS; i++)
		sem_post(&go);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		all = all && seen[i] == 1;
	}
	return all;
}

/* Runs @fn in a child, which the sandbox of one test does not outlive: its status. */
static int in_child(int (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn());
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int every_thread(void)
{
	pthread_t threads[THREADS];

	start(threads, count_visits);
	if (daemon_on_every_thread(visit) < 0)
		return 2;
	return finish(threads) && visits == 1 ? 0 : 1;
}

static int refuse(void)
{
	return -EPERM;
}

static int error_of_a_thread(void)
{
	pthread_t threads[THREADS];
	int ret;

	start(threads, count_visits);
	ret = daemon_on_every_thread(refuse);
	finish(threads);
	return ret == -EPERM ? 0 : 1;
}

static int confines_threads(void)
{
	pthread_t threads[THREADS];
	int fd = open_status();

	start(threads, look_around);
	if (daemon_sandbox_enter(NULL) < 0)
		return 2;
	return finish(threads) && is_confined(fd) ? 0 : 1;
}

static void *nothing(void *arg)
{
	return arg;
}

/* What serving needs goes on: threads, memory files, unlinking the socket. */
static int still_works(void)
{
	char path[] = "/tmp/vmedia-sandbox.XXXXXX";
	int file = mkstemp(path), fd;
	pthread_t t;

	if (file < 0 || daemon_sandbox_enter(NULL) < 0)
		return 2;
	if (pthread_create(&t, NULL, nothing, NULL) || pthread_join(t, NULL))
		return 3;
	fd = memfd_create("a", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || ftruncate(fd, 4096) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) < 0)
		return 4;
	if (mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED)
		return 5;
	if (open(path, O_RDONLY) >= 0 || unlink(path) < 0)
		return 6;
	return write(file, "a", 1) == 1 ? 0 : 7;
}

#define REFUSED(call) (errno = 0, (call) == -1 && errno == EPERM)

static int refuses(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX, .sun_path = "/nonexistent" };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0 || daemon_sandbox_enter(NULL) < 0)
		return 2;
	if (!REFUSED(fork()) || !REFUSED(vfork()))
		return 3;
	if (!REFUSED(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)))
		return 4;
	if (!REFUSED(open("/dev/null", O_WRONLY)) || !REFUSED(open("/dev/null", O_RDWR)) ||
	    !REFUSED(open("/tmp/vmedia-never", O_WRONLY | O_CREAT, 0600)))
		return 5;
	if (!REFUSED(connect(fd, (struct sockaddr *)&addr, sizeof(addr))) ||
	    !REFUSED(socket(AF_INET, SOCK_STREAM, 0)))
		return 6;
	if (!REFUSED(kill(getppid(), 0)) ||
	    !REFUSED(rename("/nonexistent", "/nonexistent2")))
		return 7;
	return 0;
}

static void test_every_thread(void **state)
{
	(void)state;
	assert_int_equal(in_child(every_thread), 0);
	assert_int_equal(in_child(error_of_a_thread), 0);
}

static void test_confines_threads(void **state)
{
	(void)state;
	assert_int_equal(in_child(confines_threads), 0);
}

static void test_still_works(void **state)
{
	(void)state;
	assert_int_equal(in_child(still_works), 0);
}

static void test_refuses(void **state)
{
	(void)state;
	assert_int_equal(in_child(refuses), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_thread),
		cmocka_unit_test(test_confines_threads),
		cmocka_unit_test(test_still_works),
		cmocka_unit_test(test_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
