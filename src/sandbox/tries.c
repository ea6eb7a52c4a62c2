/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Run one try in a child, and judge it.
 *
 * Theory of operation: parent and child share a page. The child writes there how far it came: that
 * it entered the sandbox, then what the try returned. So the parent can tell a process that the
 * filter ended during the try from one that never entered.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/numbers.h"
#include "sandbox/tries.h"

#define PATIENCE_S 20

const struct sandbox_try_group *const sandbox_tries[] = {
	&sandbox_tries_files,  &sandbox_tries_sockets, &sandbox_tries_processes,
	&sandbox_tries_rights, &sandbox_tries_memory,  &sandbox_tries_kernel,
	NULL,
};

enum { NOT_NOTED, NOTED, NOTES_UNKNOWN };

struct page {
	int entered; /* 1, or negative errno */
	int ended;   /* 1: the try returned */
	int ret;     /* its result */
	int noted;
};

static void say(struct sandbox_try_result *result, enum sandbox_try_state state, const char *how)
{
	result->state = state;
	snprintf(result->how, sizeof(result->how), "%s", how);
}

static const char *errno_name(int err)
{
#ifdef __GLIBC__
	const char *name = strerrorname_np(err);

	if (name)
		return name;
#endif
	return strerror(err);
}

static bool is_stop(const struct sandbox_try *t, int err)
{
	if (err == EPERM || err == EACCES || err == ENOSYS)
		return true;
	for (size_t i = 0; i < sizeof(t->stops) / sizeof(t->stops[0]); i++)
		if (err == t->stops[i])
			return true;
	return false;
}

static void judge_return(const struct sandbox_try *t, const struct page *page,
			 struct sandbox_try_result *result)
{
	int err = -page->ret;

	if (page->ret == SANDBOX_TRY_NOT_HERE) {
		say(result, SANDBOX_TRY_SKIPPED, "not on this architecture");
	} else if (page->ret == SANDBOX_TRY_NOTHING) {
		say(result, SANDBOX_TRY_PASSED, "nothing came of it");
	} else if (page->ret == SANDBOX_TRY_THE_NODE) {
		say(result, SANDBOX_TRY_PASSED, "the node came, and no more");
	} else if (page->ret >= 0) {
		say(result, SANDBOX_TRY_FAILED, "it went through");
	} else if (!is_stop(t, err)) {
		result->state = SANDBOX_TRY_FAILED;
		snprintf(result->how, sizeof(result->how), "the kernel took it: %s",
			 errno_name(err));
	} else if (t->flags & SANDBOX_TRY_NO_KERNEL && page->noted != NOTED) {
		say(result, page->noted == NOT_NOTED ? SANDBOX_TRY_FAILED : SANDBOX_TRY_SKIPPED,
		    "this kernel has no such call, and no filter stopped it");
	} else {
		result->state = SANDBOX_TRY_PASSED;
		snprintf(result->how, sizeof(result->how), "%s%s", errno_name(err),
			 page->noted == NOTED ? ", filter" : "");
	}
}

static void judge_signal(const struct sandbox_try *t, int status, struct sandbox_try_result *result)
{
	int sig = WTERMSIG(status);

	if (sig == SIGSYS) {
		say(result, SANDBOX_TRY_PASSED, "SIGSYS, filter");
	} else if (t->flags & SANDBOX_TRY_DIES && sig != SIGALRM) {
		say(result, WCOREDUMP(status) ? SANDBOX_TRY_FAILED : SANDBOX_TRY_PASSED,
		    WCOREDUMP(status) ? "a core file was written" : "ended, no core file");
	} else if (t->flags & SANDBOX_TRY_FAULTS && sig == SIGSEGV) {
		say(result, SANDBOX_TRY_SKIPPED, "not in this kernel");
	} else {
		result->state = SANDBOX_TRY_FAILED;
		snprintf(result->how, sizeof(result->how), "the process ended by signal %d", sig);
	}
}

static void judge(const struct sandbox_try *t, const struct page *page, int status,
		  struct sandbox_try_result *result)
{
	result->state = SANDBOX_TRY_FAILED;
	if (page->entered < 0)
		snprintf(result->how, sizeof(result->how), "cannot enter the sandbox: %s",
			 errno_name(-page->entered));
	else if (!page->entered)
		say(result, SANDBOX_TRY_FAILED, "the process ended before the try");
	else if (page->ended)
		judge_return(t, page, result);
	else if (WIFSIGNALED(status))
		judge_signal(t, status, result);
	else
		say(result, SANDBOX_TRY_FAILED, "the process ended during the try");
}

static void try_in_child(const struct sandbox_try *t, const struct sandbox_bait *bait,
			 const struct sandbox_cage *cage, struct page *page)
{
	struct sandbox_bait own = *bait;
	int ret;

	own.parent = getppid();
	own.parent_fd = (int)syscall(NR_PIDFD_OPEN, own.parent, 0);
	dup2(own.null_fd, STDERR_FILENO);
	signal(SIGALRM, SIG_DFL);
	/* A fault ends it, whatever the program does with faults. */
	signal(SIGILL, SIG_DFL);
	signal(SIGTRAP, SIG_DFL);
	signal(SIGSEGV, SIG_DFL);
	alarm(PATIENCE_S);
	ret = cage->enter(cage->opaque);
	page->entered = ret < 0 ? ret : 1;
	if (ret < 0)
		_exit(1);
	page->ret = t->fn(&own);
	page->noted = !cage->stopped ? NOTES_UNKNOWN :
		      cage->stopped(cage->opaque) ? NOTED : NOT_NOTED;
	page->ended = 1;
	_exit(0);
}

void sandbox_try_run(const struct sandbox_try *t, const struct sandbox_bait *bait,
		     const struct sandbox_cage *cage, struct sandbox_try_result *result)
{
	struct page *page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 0;
	pid_t pid;

	if (page == MAP_FAILED) {
		say(result, SANDBOX_TRY_FAILED, "no memory to share with a child");
		return;
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		try_in_child(t, bait, cage, page);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid < 0)
		snprintf(result->how, sizeof(result->how), "cannot make a child: %s",
			 errno_name(errno));
	if (pid < 0)
		result->state = SANDBOX_TRY_FAILED;
	else
		judge(t, page, status, result);
	munmap(page, sizeof(*page));
}
