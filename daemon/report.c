/* SPDX-License-Identifier: BSD-3-Clause */
/* The report on the sandbox: its processes, its tries and its rows; see report.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"
#include "report_state.h"
#include "sandbox/calls.h"
#include "sandbox/opener.h"

/*
 * What the report does after stage start and serving does not: children. The last stage does not
 * allow it any more, so a try meets the filter of serving.
 */
#define CALLS                                                                                  \
	"clone:any wait4|waitid set_robust_list gettid getpid getppid alarm|setitimer dup2|dup3 "  \
	"pidfd_open readlink|readlinkat mmap munmap rt_sigaction exit_group"

/* ---- The starter ---- */

static int copy(int from)
{
	char buf[4096];
	ssize_t n;

	while ((n = read(from, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		for (ssize_t done = 0, w; done < n; done += w) {
			w = write(STDOUT_FILENO, buf + done, (size_t)(n - done));
			if (w < 0 && errno != EINTR)
				return -errno;
			if (w < 0)
				w = 0;
		}
	}
	return 0;
}

/* Signals wait until the folders are removed. A terminal sends its own to the keeper, too. */
static void hold_signals(sigset_t *old)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, old);
}

static int wait_for_report(struct daemon_report *r, pid_t pid, int from, const sigset_t *old)
{
	int status = 0, ret = pid < 0 ? -errno : copy(from);

	close(from);
	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			break;
	sandbox_bait_remove(&r->bait);
	sigprocmask(SIG_SETMASK, old, NULL);
	if (ret < 0)
		return ret;
	r->status = sandbox_end_as(status);
	return 1;
}

int daemon_report_start(struct daemon_report *r, struct sandbox *sb, char *why, size_t size)
{
	int out[2], ret;
	sigset_t old;
	pid_t pid;

	r->kind_calls_start = sb->calls_start;
	snprintf(r->calls_start, sizeof(r->calls_start), "%s %s",
		 sb->calls_start ? sb->calls_start : "", CALLS);
	sb->calls_start = r->calls_start;
	daemon_report_starter(r);
	ret = sandbox_bait_make(&r->bait, why, size);
	if (ret < 0)
		return ret;
	if (pipe2(out, O_CLOEXEC) < 0) {
		ret = -errno;
		sandbox_bait_remove(&r->bait);
		return ret;
	}
	hold_signals(&old);
	pid = fork();
	close(out[pid ? 1 : 0]);
	if (pid)
		return wait_for_report(r, pid, out[0], &old);
	sigprocmask(SIG_SETMASK, &old, NULL);
	dup2(out[1], STDOUT_FILENO);
	close(out[1]);
	sandbox_bait_leave(&r->bait);
	return 0;
}

/* ---- Tries ---- */

static void count(void *opaque, const char *text)
{
	(void)text;
	++*(unsigned int *)opaque;
}

static int enter(void *opaque)
{
	unsigned int before = 0;
	char why[256];
	int ret = sandbox_enter_rest(opaque, why, sizeof(why));

	sandbox_calls_report(count, &before);
	return ret;
}

static bool stopped(void *opaque)
{
	unsigned int calls = 0;

	(void)opaque;
	sandbox_calls_report(count, &calls);
	return calls > 0;
}

static unsigned int count_tries(void)
{
	unsigned int n = 0;

	for (const struct sandbox_try_group *const *g = sandbox_tries; *g; g++)
		n += (*g)->num;
	return n;
}

static void run_tries(const struct daemon_report *r, const struct sandbox_cage *cage,
		      unsigned int without, struct sandbox_try_result *result)
{
	for (const struct sandbox_try_group *const *g = sandbox_tries; *g; g++) {
		for (unsigned int i = 0; i < (*g)->num; i++, result++) {
			if ((*g)->tries[i].flags & without)
				*result = (struct sandbox_try_result){
					SANDBOX_TRY_SKIPPED, "it needs this to open the node" };
			else
				sandbox_try_run(&(*g)->tries[i], &r->bait, cage, result);
		}
	}
}

static struct sandbox_try_result *print_group(const struct sandbox_try_group *g, const char *where,
					      struct sandbox_try_result *result,
					      unsigned int *sums)
{
	printf("\nTries%s: %s\n", where, g->name);
	for (unsigned int i = 0; i < g->num; i++, result++) {
		const struct sandbox_try *t = &g->tries[i];

		daemon_report_row(result->state, t->call, t->what, result->how);
		sums[result->state]++;
	}
	return result;
}

static void print_tries(const char *where, struct sandbox_try_result *result, unsigned int *sums)
{
	for (const struct sandbox_try_group *const *g = sandbox_tries; *g; g++)
		result = print_group(*g, where, result, sums);
}

/* ---- The opener ---- */

static int enter_opener(void *opaque)
{
	const struct daemon_report *r = opaque;

	sandbox_opener_confine(r->node, SANDBOX_OPENER_NODE);
	return 0;
}

/* The opener cannot read what sandbox_calls_report() reads. */
static bool stopped_opener(void *opaque)
{
	(void)opaque;
	return sandbox_calls_refused();
}

int daemon_report_opener(struct daemon_report *r, const char *node)
{
	const struct sandbox_cage cage = { enter_opener, stopped_opener, r };

	r->in_opener = calloc(count_tries(), sizeof(*r->in_opener));
	if (!r->in_opener)
		return -ENOMEM;
	r->node = node;
	run_tries(r, &cage, SANDBOX_TRY_OPENS, r->in_opener);
	return sandbox_bait_openers(&r->bait, node, sandbox_opener_start);
}

static void run_opener_tries(const struct daemon_report *r, const struct sandbox_cage *cage,
			     struct sandbox_try_result *result)
{
	const struct sandbox_try_group *g = &sandbox_tries_opener;

	for (unsigned int i = 0; r->node && i < g->num; i++)
		sandbox_try_run(&g->tries[i], &r->bait, cage, &result[i]);
}

static void print_opener_tries(const struct daemon_report *r, struct sandbox_try_result *result,
			       unsigned int *sums)
{
	if (!r->node)
		return;
	print_group(&sandbox_tries_opener, "", result, sums);
	print_tries(" in the opener", r->in_opener, sums);
}

/* ---- The report ---- */

int daemon_report_run(struct daemon_report *r, struct sandbox *sb, char *why, size_t size)
{
	const struct sandbox_cage cage = { enter, stopped, sb };
	const unsigned int num = count_tries();
	struct sandbox_try_result *results = calloc(num + sandbox_tries_opener.num,
						    sizeof(*results));
	unsigned int sums[3] = { 0 };
	int ret;

	if (!results)
		return -ENOMEM;
	/* The C library asks what standard output is, unless it has a buffer. */
	setvbuf(stdout, r->out, _IOFBF, sizeof(r->out));
	daemon_report_root(r);
	run_tries(r, &cage, 0, results);
	run_opener_tries(r, &cage, results + num);
	ret = sandbox_enter_rest(sb, why, size);
	if (ret == 0) {
		daemon_report_print(r, sb, sums);
		print_tries("", results, sums);
		print_opener_tries(r, results + num, sums);
		printf("\n%u passed, %u failed, %u skipped\n", sums[SANDBOX_TRY_PASSED],
		       sums[SANDBOX_TRY_FAILED], sums[SANDBOX_TRY_SKIPPED]);
		/* If it cannot be written, the starter knows why. */
		ret = fflush(stdout) == 0 ? (int)sums[SANDBOX_TRY_FAILED] : 1;
	}
	free(results);
	free(r->in_opener);
	r->in_opener = NULL;
	return ret;
}
