/* SPDX-License-Identifier: BSD-3-Clause */
/* A function on every thread of a process, also of one whose /proc is another namespace's. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox/threads.h"

#define THREADS 4

static sem_t ready, go;
static _Thread_local int visits;
static int seen[THREADS];

static int visit(void)
{
	visits++;
	return 0;
}

static void *count_visits(void *arg)
{
	sem_post(&ready);
	while (sem_wait(&go) < 0)
		;
	*(int *)arg = visits;
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

static int on_every_thread(int (*fn)(void))
{
	DIR *threads = opendir("/proc/self/task");
	int ret = threads ? sandbox_on_every_thread(threads, fn) : -errno;

	if (threads)
		closedir(threads);
	return ret;
}

static int every_thread(void)
{
	pthread_t threads[THREADS];

	start(threads, count_visits);
	if (on_every_thread(visit) < 0)
		return 2;
	return finish(threads) && visits == 1 ? 0 : 1;
}

/* The first process of a pid namespace, which sees /proc of the one before. */
static int in_a_namespace(void)
{
	int status;
	pid_t pid;

	if (unshare(geteuid() == 0 ? CLONE_NEWPID : CLONE_NEWUSER | CLONE_NEWPID) < 0)
		return 3;
	pid = fork();
	if (pid == 0)
		_exit(every_thread());
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void *count_visits_deaf(void *arg)
{
	sigset_t all;

	sigfillset(&all);
	if (arg == &seen[0])
		pthread_sigmask(SIG_BLOCK, &all, NULL);
	return count_visits(arg);
}

/* A thread that blocks all signals does not keep the function from the others. */
static int deaf_thread(void)
{
	pthread_t threads[THREADS];
	int ret;

	start(threads, count_visits_deaf);
	ret = on_every_thread(visit);
	finish(threads);
	return ret == -ETIMEDOUT && visits == 1 && !seen[0] && seen[1] == 1 ? 0 : 1;
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
	ret = on_every_thread(refuse);
	finish(threads);
	return ret == -EPERM ? 0 : 1;
}

static void test_every_thread(void **state)
{
	(void)state;
	assert_int_equal(in_child(every_thread), 0);
	assert_int_equal(in_child(in_a_namespace), 0);
	assert_int_equal(in_child(error_of_a_thread), 0);
	assert_int_equal(in_child(deaf_thread), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
