/* SPDX-License-Identifier: BSD-3-Clause */
/* The stages of the sandbox, in order; see sandbox.h. */
#include "sandbox/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "sandbox/calls.h"
#include "sandbox/impl.h"

/* With @strict: an error if a stage up to @last is missing. */
static int check_strict(const struct sandbox *sb, enum sandbox_stage last, char *why, size_t size)
{
	for (unsigned int i = 0; sb->strict && i <= last; i++) {
		if (sb->results[i].state != SANDBOX_MISSING)
			continue;
		snprintf(why, size,
			 "--sandbox=strict: stage %s is missing: %s; allow it, or leave strict out",
			 sandbox_stage_name(i), sb->results[i].text);
		return -EPERM;
	}
	return 0;
}

/* Make the filter of @stage. If that fails, its length is 0. */
static void build_calls(struct sandbox *sb, enum sandbox_stage stage,
			enum sandbox_calls_stage which, const char *more,
			struct sandbox_filter *filter)
{
	char reason[160] = "";
	int ret = sandbox_calls_build(filter, which, more, reason, sizeof(reason));

	if (ret == 0)
		return;
	filter->len = 0;
	sandbox_set(sb, stage, SANDBOX_MISSING, "%s", *reason ? reason : strerror(-ret));
}

static void enter_calls(struct sandbox *sb, enum sandbox_stage stage,
			const struct sandbox_filter *filter)
{
	char reason[160] = "";
	int ret;

	if (!filter->len)
		return;
	ret = sandbox_calls_enter(filter, reason, sizeof(reason));
	if (ret == 0)
		sandbox_set(sb, stage, SANDBOX_ENTERED, "system calls are filtered");
	else
		sandbox_set(sb, stage, SANDBOX_MISSING, "%s",
			    *reason ? reason : strerror(-ret));
}

/* fork() and unshare() are for processes without threads. */
static int check_threads(char *why, size_t size)
{
	DIR *dir = opendir("/proc/self/task");
	const struct dirent *e;
	unsigned int threads = 0;

	while (dir && (e = readdir(dir)))
		threads += e->d_name[0] != '.';
	if (dir)
		closedir(dir);
	if (threads <= 1)
		return 0;
	snprintf(why, size,
		 "the sandbox cannot begin: %u threads run already, which a module has started; "
		 "--no-sandbox goes on without",
		 threads);
	return -EBUSY;
}

static int enter_memory(struct sandbox *sb)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	sandbox_set(sb, SANDBOX_MEMORY, SANDBOX_ENTERED, "not dumpable");
	return 0;
}

int sandbox_begin(struct sandbox *sb, char *why, size_t size)
{
	struct sandbox_identity id;
	struct sandbox_filter filter;
	char calls[4096];
	int ret = sandbox_identity_find(sb, &id, why, size);

	if (ret == 0)
		ret = check_threads(why, size);
	if (ret == 0)
		ret = sandbox_keeper_fork(sb);
	if (ret)
		return ret;
	sb->kept = true;
	sandbox_identity_enter(sb, &id);
	sandbox_ns_enter(sb);
	ret = enter_memory(sb);
	if (ret == 0)
		ret = sb->entered_ns ? sandbox_keeper_split(sb) : sandbox_keeper_stay(sb);
	if (ret == 0)
		ret = sandbox_privileges_enter(sb);
	if (ret < 0)
		return ret;
	/* Filters add up, so this one needs what the next one has. */
	snprintf(calls, sizeof(calls), "%s %s", sb->calls_start ? sb->calls_start : "",
		 sb->calls_serve ? sb->calls_serve : "");
	build_calls(sb, SANDBOX_START, SANDBOX_CALLS_START, calls, &filter);
	enter_calls(sb, SANDBOX_START, &filter);
	return check_strict(sb, SANDBOX_START, why, size);
}

int sandbox_enter_place(struct sandbox *sb, char *why, size_t size)
{
	int ret = sandbox_keeper_release(sb);

	if (ret < 0)
		return ret;
	sandbox_root_enter(sb);
	ret = sandbox_keeper_await(sb);
	return ret < 0 ? ret : check_strict(sb, SANDBOX_ROOT, why, size);
}

int sandbox_enter_rest(struct sandbox *sb, char *why, size_t size)
{
	struct sandbox_filter filter;

	/* It is made before there are limits, and loading it takes no memory. */
	build_calls(sb, SANDBOX_CALLS, SANDBOX_CALLS_SERVE, sb->calls_serve, &filter);
	sandbox_limits_enter(sb);
	enter_calls(sb, SANDBOX_CALLS, &filter);
	/* Where there was a first filter there can be a second, unless some thread prevents it. */
	if (sb->results[SANDBOX_START].state == SANDBOX_ENTERED &&
	    sb->results[SANDBOX_CALLS].state != SANDBOX_ENTERED) {
		snprintf(why, size, "the filter of system calls for serving cannot be entered: %s",
			 sb->results[SANDBOX_CALLS].text);
		return -EPERM;
	}
	return check_strict(sb, SANDBOX_CALLS, why, size);
}
