/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tries without a sandbox: each of them must fail, since a try that nothing can let through
 * shows nothing. And how a try is judged, by tries of this test.
 */
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox/tries.h"

static int enter_nothing(void *opaque)
{
	(void)opaque;
	return 0;
}

static int cannot_enter(void *opaque)
{
	(void)opaque;
	return -ENOMEM;
}

static bool noted_nothing(void *opaque)
{
	(void)opaque;
	return false;
}

static bool noted(void *opaque)
{
	(void)opaque;
	return true;
}

static const struct sandbox_cage open_cage = { enter_nothing, noted_nothing, NULL };

/* True if a container's filter or rights may refuse what root may. */
static bool is_confined(void)
{
	unsigned long long caps = 0, bound = 0, word;
	unsigned int seccomp = 0;
	char line[256];
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "CapEff: %llx", &word) == 1)
			caps = word;
		if (sscanf(line, "CapBnd: %llx", &word) == 1)
			bound = word;
		sscanf(line, "Seccomp: %u", &seccomp);
	}
	if (f)
		fclose(f);
	/* CAP_SYS_ADMIN and CAP_SYS_MODULE: a container's root has neither. */
	return seccomp != 0 || (geteuid() == 0 && !(caps & bound & 1u << 21 && caps & 1u << 16));
}

/* Whether the kernel has no such call, with or without a sandbox. */
static bool is_missing(const struct sandbox_try_result *r)
{
	return r->state == SANDBOX_TRY_SKIPPED || !strcmp(r->how, "ENOSYS");
}

/* Returns the number of tries that were stopped by nothing that this test knows. */
static int run_bare(unsigned int without)
{
	int wrong = 0;

	for (const struct sandbox_try_group *const *g = sandbox_tries; *g; g++) {
		for (unsigned int i = 0; i < (*g)->num; i++) {
			const struct sandbox_try *t = &(*g)->tries[i];
			struct sandbox_try_result r;
			struct sandbox_bait bait;
			char why[256];

			if (t->flags & without)
				continue;
			/* A new bait, since a try that goes through takes it. */
			if (sandbox_bait_make(&bait, why, sizeof(why)) < 0) {
				print_error("%s\n", why);
				return -1;
			}
			sandbox_try_run(t, &bait, &open_cage, &r);
			sandbox_bait_remove(&bait);
			if (r.state == SANDBOX_TRY_FAILED || is_missing(&r))
				continue;
			print_error("%s, %s: %s without a sandbox\n", t->call, t->what, r.how);
			wrong++;
		}
	}
	return wrong;
}

static void test_all_fail_for_root(void **state)
{
	(void)state;
	if (geteuid() != 0 || is_confined())
		skip();
	assert_int_equal(run_bare(SANDBOX_TRY_SETTING | SANDBOX_TRY_DIES), 0);
}

static int as_nobody(void)
{
	if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0))
		return 100;
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* as a process of that user is */
	return run_bare(SANDBOX_TRY_SETTING | SANDBOX_TRY_DIES | SANDBOX_TRY_NEEDS_ROOT);
}

static void test_all_fail_for_others(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (is_confined())
		skip();
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(as_nobody() == 0 ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* ---- Judging ---- */

static int returned; /* by the try below */
static int died;

static int returns_it(const struct sandbox_bait *bait)
{
	(void)bait;
	return returned;
}

static int dies(const struct sandbox_bait *bait)
{
	(void)bait;
	signal(died, SIG_DFL); /* cmocka has handlers */
	raise(died);
	return 0;
}

static int leaves(const struct sandbox_bait *bait)
{
	(void)bait;
	_exit(0);
}

static struct sandbox_try_result judged(struct sandbox_try t, const struct sandbox_cage *cage)
{
	struct sandbox_bait bait = SANDBOX_BAIT_NONE;
	struct sandbox_try_result r = { .state = -1 };

	sandbox_try_run(&t, &bait, cage, &r);
	return r;
}

static struct sandbox_try_result judge_return(int ret, unsigned int flags, bool note)
{
	struct sandbox_try t = { "call", "what", returns_it, flags, { ESRCH } };
	struct sandbox_cage cage = { enter_nothing, note ? noted : noted_nothing, NULL };

	returned = ret;
	return judged(t, &cage);
}

static void test_returns(void **state)
{
	static const int stops[] = { EPERM, EACCES, ENOSYS, ESRCH }, others[] = { EINVAL, EBADF };
	struct sandbox_try_result r;

	(void)state;
	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
		assert_int_equal(judge_return(-stops[i], 0, false).state, SANDBOX_TRY_PASSED);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(judge_return(-others[i], 0, false).state, SANDBOX_TRY_FAILED);
	assert_int_equal(judge_return(0, 0, true).state, SANDBOX_TRY_FAILED);
	r = judge_return(-EPERM, 0, true);
	assert_string_equal(r.how, "EPERM, filter");
	r = judge_return(-EPERM, 0, false);
	assert_string_equal(r.how, "EPERM");
	r = judge_return(SANDBOX_TRY_NOT_HERE, 0, false);
	assert_int_equal(r.state, SANDBOX_TRY_SKIPPED);
	assert_string_equal(r.how, "not on this architecture");
}

/* ENOSYS of a call that no kernel has says nothing, unless the filter gave it. */
static void test_unknown_number(void **state)
{
	struct sandbox_try t = { "call", "what", returns_it, SANDBOX_TRY_NO_KERNEL, { 0 } };
	struct sandbox_cage no_notes = { enter_nothing, NULL, NULL };

	(void)state;
	assert_int_equal(judge_return(-ENOSYS, SANDBOX_TRY_NO_KERNEL, false).state,
			 SANDBOX_TRY_FAILED);
	assert_int_equal(judge_return(-ENOSYS, SANDBOX_TRY_NO_KERNEL, true).state,
			 SANDBOX_TRY_PASSED);
	returned = -ENOSYS;
	assert_int_equal(judged(t, &no_notes).state, SANDBOX_TRY_SKIPPED);
}

static enum sandbox_try_state judge_signal(int sig, unsigned int flags)
{
	struct sandbox_try t = { "call", "what", dies, flags, { 0 } };

	died = sig;
	return judged(t, &open_cage).state;
}

static void test_ends(void **state)
{
	struct sandbox_try leaver = { "call", "what", leaves, 0, { 0 } };
	struct sandbox_cage closed = { cannot_enter, noted_nothing, NULL };
	struct rlimit none = { 0, 0 };

	(void)state;
	setrlimit(RLIMIT_CORE, &none);
	assert_int_equal(judge_signal(SIGSYS, 0), SANDBOX_TRY_PASSED);
	assert_int_equal(judge_signal(SIGSEGV, 0), SANDBOX_TRY_FAILED);
	assert_int_equal(judge_signal(SIGALRM, 0), SANDBOX_TRY_FAILED);
	assert_int_equal(judge_signal(SIGSEGV, SANDBOX_TRY_FAULTS), SANDBOX_TRY_SKIPPED);
	assert_int_equal(judge_signal(SIGQUIT, SANDBOX_TRY_DIES), SANDBOX_TRY_PASSED);
	assert_int_equal(judged(leaver, &open_cage).state, SANDBOX_TRY_FAILED);
	assert_int_equal(judged(leaver, &closed).state, SANDBOX_TRY_FAILED);
}

/* Whether a core file appears in the folder where a process is that may write one. */
static bool cores_are_files(void)
{
	char pattern[64] = "";
	FILE *f = fopen("/proc/sys/kernel/core_pattern", "r");

	if (f && !fgets(pattern, sizeof(pattern), f))
		*pattern = '\0';
	if (f)
		fclose(f);
	return !strncmp(pattern, "core", 4);
}

/* The tries that end by themselves, where a core file may be written: each of them must fail. */
static int run_deaths(const struct sandbox_bait *bait)
{
	int wrong = 0, num = 0;

	for (const struct sandbox_try_group *const *g = sandbox_tries; *g; g++) {
		for (unsigned int i = 0; i < (*g)->num; i++) {
			struct sandbox_try_result r;

			if (!((*g)->tries[i].flags & SANDBOX_TRY_DIES))
				continue;
			sandbox_try_run(&(*g)->tries[i], bait, &open_cage, &r);
			wrong += r.state != SANDBOX_TRY_FAILED;
			num++;
		}
	}
	return num ? wrong : -1;
}

static void test_core(void **state)
{
	struct sandbox_bait bait;
	struct rlimit old, all;
	char why[256], here[4096];
	int wrong;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_CORE, &old), 0);
	all = (struct rlimit){ old.rlim_max, old.rlim_max };
	if (!cores_are_files() || all.rlim_cur == 0)
		skip();
	assert_int_equal(sandbox_bait_make(&bait, why, sizeof(why)), 0);
	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(chdir(bait.folder), 0);
	setrlimit(RLIMIT_CORE, &all);
	wrong = run_deaths(&bait);
	setrlimit(RLIMIT_CORE, &old);
	assert_int_equal(chdir(here), 0);
	sandbox_bait_remove(&bait);
	assert_int_equal(wrong, 0);
}

/* ---- Bait ---- */

static void test_bait(void **state)
{
	struct sandbox_bait bait;
	char why[256] = "", top[sizeof(bait.top)];
	struct stat st;

	(void)state;
	assert_int_equal(sandbox_bait_make(&bait, why, sizeof(why)), 0);
	memcpy(top, bait.top, sizeof(top));
	assert_int_equal(stat(bait.file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0777);
	/* The folder that everybody may write to can be found by nobody else. */
	assert_int_equal(stat(bait.folder, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0777);
	assert_int_equal(stat(bait.top, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0711);
	assert_null(strstr(bait.path.sun_path, bait.folder));
	assert_int_equal(mkdir(bait.absent, 0700), 0); /* a try may leave a folder */
	sandbox_bait_remove(&bait);
	assert_int_equal(stat(top, &st), -1);
	sandbox_bait_remove(&bait); /* again, which does nothing */

	setenv("TMPDIR", "/nonexistent", 1);
	assert_true(sandbox_bait_make(&bait, why, sizeof(why)) < 0);
	assert_non_null(strstr(why, "TMPDIR"));
	unsetenv("TMPDIR");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_fail_for_root),
		cmocka_unit_test(test_all_fail_for_others),
		cmocka_unit_test(test_returns),
		cmocka_unit_test(test_unknown_number),
		cmocka_unit_test(test_core),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_bait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
