/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the stages of the sandbox take away, as root, as a user, and in places that do not allow
 * them. The process is looked at from outside, while it waits in the sandbox.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "confined.h"

#define ALL_NS \
	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | \
	 CLONE_NEWNET | CLONE_NEWCGROUP)

static const struct sandbox options = {
	.largest_file = 1 << 20, .threads = 100, .keeper_fd = -1, .mounter_fd = -1
};

static void need_root(void)
{
	if (geteuid() != 0)
		skip();
}

static bool has_state(const struct confined *c, enum sandbox_stage stage, enum sandbox_state state)
{
	const struct sandbox_result *r = &c->sb.results[stage];

	if (r->state != state)
		print_message("stage %s: %s: %s\n", sandbox_stage_name(stage),
			      sandbox_state_name(r->state), r->text);
	return r->state == state;
}

#define assert_state(c, stage, state) \
	assert_true(has_state(c, SANDBOX_##stage, SANDBOX_##state))

/* No right of any kind, and none to be had. */
static void check_rights(const struct confined *c, const char *uid)
{
	static const char *const sets[] = { "CapInh:", "CapPrm:", "CapEff:", "CapAmb:" };
	const char *status;

	status = confined_status(c->child, "status", "Uid:");
	assert_int_equal(strtoul(status, NULL, 10), strtoul(uid, NULL, 10));
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		assert_string_equal(confined_status(c->child, "status", sets[i]),
				    "0000000000000000");
	assert_string_equal(confined_status(c->child, "status", "NoNewPrivs:"), "1");
	assert_string_equal(confined_status(c->child, "status", "Seccomp:"), "2");
}

/* Returns those of @flags that the child shares with this process. Only root may look. */
static unsigned int shared(const struct confined *c, unsigned int flags)
{
	static const struct {
		unsigned int flag;
		const char *name;
	} spaces[] = {
		{ CLONE_NEWUSER, "user" }, { CLONE_NEWNS, "mnt" }, { CLONE_NEWPID, "pid" },
		{ CLONE_NEWIPC, "ipc" },   { CLONE_NEWUTS, "uts" }, { CLONE_NEWNET, "net" },
		{ CLONE_NEWCGROUP, "cgroup" },
	};
	char path[64], theirs[64], ours[64];
	unsigned int same = 0;

	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		memset(theirs, 0, sizeof(theirs));
		memset(ours, 0, sizeof(ours));
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)c->child, spaces[i].name);
		assert_true(readlink(path, theirs, sizeof(theirs) - 1) > 0);
		snprintf(path, sizeof(path), "/proc/self/ns/%s", spaces[i].name);
		assert_true(readlink(path, ours, sizeof(ours) - 1) > 0);
		if (strcmp(theirs, ours) == 0)
			same |= spaces[i].flag;
	}
	return same & flags;
}

static bool is_empty_root(const struct confined *c)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/root/etc", (int)c->child);
	return access(path, F_OK) < 0 && errno == ENOENT;
}

static unsigned long soft_limit(const struct confined *c, const char *key)
{
	return strtoul(confined_status(c->child, "limits", key), NULL, 10);
}

static void check_limits(const struct confined *c)
{
	assert_int_equal(soft_limit(c, "Max core file size"), 0);
	assert_int_equal(soft_limit(c, "Max file size"), 1 << 20);
	assert_int_equal(soft_limit(c, "Max msgqueue size"), 0);
	assert_true(soft_limit(c, "Max open files") > 0);
}

static void finish(struct confined *c)
{
	confined_tell(c, 'x');
	assert_int_equal(WEXITSTATUS(confined_end(c)), 7);
	assert_true(WIFEXITED(c->status));
}

/* Root: another user, all namespaces, an empty root. */
static void test_root(void **state)
{
	confined_place_fn *const places[] = { confined_as_root, NULL };
	struct confined c;

	need_root();
	confined_start(&c, &options, places);
	assert_string_equal(c.why, "");
	for (unsigned int i = 0; i < SANDBOX_NUM_STAGES; i++)
		assert_true(has_state(&c, i, SANDBOX_ENTERED));
	check_rights(&c, "65534");
	assert_string_equal(confined_status(c.child, "status", "CapBnd:"), "0000000000000000");
	assert_int_equal(c.sb.entered_ns, ALL_NS);
	assert_int_equal(shared(&c, ALL_NS), 0);
	assert_int_equal(c.paths, -ENOENT);
	assert_true(is_empty_root(&c));
	check_limits(&c);
	assert_int_equal(soft_limit(&c, "Max processes"), 100);
	finish(&c);
}

static void test_user(void **state)
{
	confined_place_fn *const places[] = { confined_as_user, NULL };
	char uid[16];
	struct confined c;

	snprintf(uid, sizeof(uid), "%u", geteuid() ? (unsigned int)geteuid() : 65534);
	confined_start(&c, &options, places);
	assert_string_equal(c.why, "");
	assert_state(&c, USER, ALREADY);
	for (unsigned int i = SANDBOX_NAMESPACES; i < SANDBOX_NUM_STAGES; i++)
		assert_true(has_state(&c, i, SANDBOX_ENTERED));
	check_rights(&c, uid);
	assert_int_equal(c.sb.entered_ns, ALL_NS);
	assert_int_equal(c.paths, -ENOENT);
	if (geteuid() == 0) {
		assert_int_equal(shared(&c, ALL_NS), 0);
		assert_true(is_empty_root(&c));
	}
	check_limits(&c);
	finish(&c);
}

/* Root makes the other namespaces by itself, and does not keep the right to. */
static void test_root_without_user_ns(void **state)
{
	confined_place_fn *const places[] = { confined_as_root, confined_without_user_ns, NULL };
	struct confined c;

	need_root();
	confined_start(&c, &options, places);
	assert_state(&c, USER, ENTERED);
	assert_state(&c, NAMESPACES, ENTERED);
	assert_state(&c, ROOT, ENTERED);
	check_rights(&c, "65534");
	assert_string_equal(confined_status(c.child, "status", "CapBnd:"), "0000000000000000");
	assert_int_equal(shared(&c, ALL_NS), CLONE_NEWUSER);
	assert_int_equal(c.paths, -ENOENT);
	assert_true(is_empty_root(&c));
	/* The mounts stay in the namespace. */
	assert_int_equal(access("/etc/passwd", R_OK), 0);
	finish(&c);
}

/* Landlock is left. */
static void test_without_ns(void **state)
{
	confined_place_fn *const as[] = { confined_as_root, confined_as_user };
	struct confined c;

	for (unsigned int i = geteuid() ? 1 : 0; i < 2; i++) {
		confined_place_fn *const places[] = { as[i], confined_without_ns, NULL };

		confined_start(&c, &options, places);
		assert_string_equal(c.why, "");
		assert_state(&c, NAMESPACES, MISSING);
		assert_state(&c, ROOT, ENTERED);
		assert_state(&c, CALLS, ENTERED);
		assert_int_equal(c.sb.entered_ns, 0);
		assert_int_equal(c.paths, -EACCES);
		check_limits(&c);
		finish(&c);
	}
}

/* A container has made them. */
static int in_a_container(void)
{
	pid_t pid;
	int status;

	if (unshare(ALL_NS & ~(CLONE_NEWUSER | CLONE_NEWNS)))
		return -1;
	pid = fork();
	if (pid > 0) {
		waitpid(pid, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 97);
	}
	return pid < 0 ? -1 : confined_as_user();
}

static void test_container(void **state)
{
	confined_place_fn *const places[] = { in_a_container, confined_without_ns, NULL };
	struct confined c;

	need_root();
	confined_start(&c, &options, places);
	assert_state(&c, NAMESPACES, ALREADY);
	assert_int_equal(c.sb.already_ns, ALL_NS & ~(CLONE_NEWUSER | CLONE_NEWNS));
	assert_state(&c, ROOT, ENTERED);
	finish(&c);
}

/* What is missing is an error that says so with @strict, and a result without. */
static void test_strict(void **state)
{
	confined_place_fn *const no_ns[] = { confined_as_user, confined_without_ns, NULL };
	confined_place_fn *const neither[] = { confined_as_user, confined_without_ns,
					       confined_without_landlock, NULL };
	struct sandbox strict = options;
	struct confined c;

	strict.strict = true;
	confined_start(&c, &strict, no_ns);
	assert_non_null(strstr(c.why, "--sandbox=strict: stage namespaces is missing: "));
	assert_non_null(strstr(c.why, "allow"));
	assert_int_equal(WEXITSTATUS(confined_end(&c)), CONFINED_FAILED);

	confined_start(&c, &options, neither);
	assert_state(&c, ROOT, MISSING);
	assert_state(&c, CALLS, ENTERED);
	assert_int_equal(c.paths, 0);
	finish(&c);
}

/* The user is looked for before anything is made. */
static void test_wrong_user(void **state)
{
	struct sandbox sb = options;
	char why[256] = "";

	sb.user = "nosuch";
	assert_int_equal(sandbox_begin(&sb, why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, "--user=nosuch: no such user; getent passwd"));
	sb.user = "4294967294";
	assert_int_equal(sandbox_begin(&sb, why, sizeof(why)), -EINVAL);
	if (geteuid() == 0)
		return;
	sb.user = "root";
	assert_int_equal(sandbox_begin(&sb, why, sizeof(why)), -EPERM);
	assert_non_null(strstr(why, "only root can become another user"));
}

/* Root that wants to stay root has a stage less. */
static void test_stays_root(void **state)
{
	confined_place_fn *const places[] = { confined_as_root, NULL };
	struct sandbox sb = options;
	struct confined c;

	need_root();
	sb.user = "root";
	confined_start(&c, &sb, places);
	assert_state(&c, USER, MISSING);
	assert_state(&c, ROOT, ENTERED);
	check_rights(&c, "0");
	assert_string_equal(confined_status(c.child, "status", "CapBnd:"), "0000000000000000");
	assert_int_equal(shared(&c, ALL_NS), 0);
	finish(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root),
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_root_without_user_ns),
		cmocka_unit_test(test_without_ns),
		cmocka_unit_test(test_container),
		cmocka_unit_test(test_strict),
		cmocka_unit_test(test_wrong_user),
		cmocka_unit_test(test_stays_root),
	};

	return cmocka_run_group_tests_name("sandbox place", tests, NULL, NULL);
}
