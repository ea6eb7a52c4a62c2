/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The user of the process that serves. Root becomes somebody who has nothing; others stay who they
 * are.
 */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "sandbox/impl.h"

#define DEFAULT_USER "vmedia"
/* The number that the kernel has for it, too. */
#define NOBODY	     "nobody"
#define NOBODY_ID    65534

/* A package makes it, so it is in the host's own file: asking directories would take time. */
static const struct passwd *find_default(void)
{
	const struct passwd *pw = NULL;
	FILE *f = fopen("/etc/passwd", "re");

	while (f && (pw = fgetpwent(f)) && strcmp(pw->pw_name, DEFAULT_USER) != 0)
		;
	if (f)
		fclose(f);
	return pw;
}

static const struct passwd *find_user(const char *user)
{
	char *end;
	unsigned long uid;

	if (!user)
		return find_default();
	uid = strtoul(user, &end, 10);
	if (*user >= '0' && *user <= '9' && !*end && uid < UINT32_MAX)
		return getpwuid((uid_t)uid);
	return getpwnam(user);
}

/*
 * Root of a user namespace that somebody else has made is another user outside. Returns that
 * user's number there, 0 if it is root or not known.
 */
static unsigned int uid_outside(void)
{
	unsigned int inside, outside = 0;
	FILE *f = fopen("/proc/self/uid_map", "re");

	if (f && (fscanf(f, "%u %u", &inside, &outside) != 2 || inside != 0))
		outside = 0;
	if (f)
		fclose(f);
	return outside;
}

int sandbox_identity_find(struct sandbox *sb, struct sandbox_identity *id, char *why, size_t size)
{
	const struct passwd *pw;

	*id = (struct sandbox_identity){ .uid = geteuid(), .gid = getegid() };
	pw = sb->user || id->uid == 0 ? find_user(sb->user) : NULL;
	if (sb->user && !pw) {
		snprintf(why, size,
			 "--user=%.64s: no such user; getent passwd lists those there are",
			 sb->user);
		return -EINVAL;
	}
	if (id->uid != 0 && pw && pw->pw_uid != id->uid) {
		snprintf(why, size,
			 "--user=%.64s: only root can become another user; start it as that user, "
			 "or leave the option out",
			 sb->user);
		return -EPERM;
	}
	if (!pw && id->uid != 0)
		return 0;
	if (!pw) {
		snprintf(sb->user_name, sizeof(sb->user_name), NOBODY);
		id->change = true;
		id->uid = NOBODY_ID;
		id->gid = NOBODY_ID;
		return 0;
	}
	snprintf(sb->user_name, sizeof(sb->user_name), "%s", pw->pw_name);
	if (id->uid != 0 || pw->pw_uid == 0)
		return 0;
	id->change = true;
	id->uid = pw->pw_uid;
	id->gid = pw->pw_gid;
	id->num_groups = SANDBOX_MAX_GROUPS;
	if (getgrouplist(pw->pw_name, id->gid, id->groups, &id->num_groups) >= 0)
		return 0;
	snprintf(why, size, "--user=%s: the user is in more than %d groups; choose another",
		 pw->pw_name, SANDBOX_MAX_GROUPS);
	return -EINVAL;
}

/* Returns what failed, or NULL; errno is set. */
static const char *become(const struct sandbox_identity *id)
{
	/* To make namespaces, and to empty the bounding set. */
	const uint64_t kept = (1ull << CAP_SYS_ADMIN) | (1ull << CAP_SETPCAP);

	if (setgroups((size_t)id->num_groups, id->groups) < 0)
		return "setgroups";
	if (setresgid(id->gid, id->gid, id->gid) < 0)
		return "setresgid";
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return "PR_SET_KEEPCAPS";
	if (setresuid(id->uid, id->uid, id->uid) < 0)
		return "setresuid";
	errno = -sandbox_keep_capabilities(kept);
	if (errno)
		return "capset";
	/* Otherwise the files in /proc/self, which map users, stay root's. */
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0 ? "PR_SET_DUMPABLE" : NULL;
}

void sandbox_identity_enter(struct sandbox *sb, const struct sandbox_identity *id)
{
	const char *failed;
	unsigned int outside;

	if (id->uid != 0 && !id->change) {
		sandbox_set(sb, SANDBOX_USER, SANDBOX_ALREADY, "user %u, as it was started",
			    (unsigned int)id->uid);
		return;
	}
	outside = uid_outside();
	failed = id->change ? become(id) : NULL;
	if (id->change && !failed) {
		sb->changed_user = true;
		sandbox_set(sb, SANDBOX_USER, SANDBOX_ENTERED, "user %s (%u, group %u)",
			    sb->user_name, (unsigned int)id->uid, (unsigned int)id->gid);
	} else if (outside) {
		sandbox_set(sb, SANDBOX_USER, SANDBOX_ALREADY,
			    "root of a user namespace, user %u outside it", outside);
	} else if (failed) {
		sandbox_set(sb, SANDBOX_USER, SANDBOX_MISSING, "root cannot become user %s: %s: %s",
			    sb->user_name, failed, strerror(errno));
	} else {
		sandbox_set(sb, SANDBOX_USER, SANDBOX_MISSING, "--user=%s keeps user 0",
			    sb->user_name);
	}
}
