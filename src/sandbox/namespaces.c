/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Namespaces: the process sees no other process, network, IPC object or name of the host.
 *
 * With a user namespace all others can be made without privileges. Where it is forbidden, root
 * still makes the others. Where no namespace can be made, those of a container serve too: they are
 * told from the host's own by their numbers, which the kernel fixes (PROC_PID_INIT_INO ...), and a
 * network by its interfaces: loopback alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "sandbox/impl.h"

/* The mount namespace counts in stage root; the user namespace is the way to the others. */
static const struct space {
	unsigned int flag;
	const char *name;
	unsigned int host; /* the number of the host's own; 0: not fixed */
	bool counts;
} spaces[] = {
	{ CLONE_NEWUSER, "user", 0xeffffffdu, false },
	{ CLONE_NEWNS, "mnt", 0, false },
	{ CLONE_NEWPID, "pid", 0xeffffffcu, true },
	{ CLONE_NEWIPC, "ipc", 0xefffffffu, true },
	{ CLONE_NEWUTS, "uts", 0xeffffffeu, true },
	{ CLONE_NEWNET, "net", 0, true },
	{ CLONE_NEWCGROUP, "cgroup", 0xeffffffbu, true },
};

#define NUM_SPACES (sizeof(spaces) / sizeof(spaces[0]))

void sandbox_ns_names(unsigned int flags, char *names, size_t size)
{
	size_t len = 0;

	*names = 0;
	for (size_t i = 0; i < NUM_SPACES; i++)
		if (flags & spaces[i].flag && len < size)
			len += (size_t)snprintf(names + len, size - len, "%s%s", len ? " " : "",
						spaces[i].name);
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* Map the process's own user and group to themselves. Without, the process still has its rights. */
static void map_ids(uid_t uid, gid_t gid)
{
	char line[64];

	snprintf(line, sizeof(line), "%u %u 1\n", (unsigned int)uid, (unsigned int)uid);
	write_file("/proc/self/uid_map", line);
	write_file("/proc/self/setgroups", "deny");
	snprintf(line, sizeof(line), "%u %u 1\n", (unsigned int)gid, (unsigned int)gid);
	write_file("/proc/self/gid_map", line);
}

static bool decides(const struct space *s, unsigned int made)
{
	return s->flag == CLONE_NEWUSER || (s->counts && made & CLONE_NEWUSER);
}

/* Returns the flags of what was made; *err is why something was not. */
static unsigned int make(int *err)
{
	unsigned int all = 0, made = 0;

	for (size_t i = 0; i < NUM_SPACES; i++)
		all |= spaces[i].flag;
	*err = 0;
	if (unshare((int)all) == 0)
		return all;
	*err = errno;
	/* Without a user namespace the others fail in consequence. A limit is always the reason. */
	for (size_t i = 0; i < NUM_SPACES; i++)
		if (unshare((int)spaces[i].flag) == 0)
			made |= spaces[i].flag;
		else if (errno == ENOSPC || (*err != ENOSPC && decides(&spaces[i], made)))
			*err = errno;
	return made;
}

static bool only_loopback(void)
{
	struct if_nameindex *list = if_nameindex();
	bool only = list != NULL;

	for (const struct if_nameindex *i = list; i && i->if_name; i++)
		only = only && strcmp(i->if_name, "lo") == 0;
	if (list)
		if_freenameindex(list);
	return only;
}

static bool is_confined(const struct space *s)
{
	char path[32], link[64];
	const char *number;
	ssize_t n;

	if (s->flag == CLONE_NEWNET)
		return only_loopback();
	snprintf(path, sizeof(path), "/proc/self/ns/%s", s->name);
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0 || !s->host)
		return false;
	link[n] = 0;
	number = strchr(link, '[');
	return number && strtoul(number + 1, NULL, 10) != s->host;
}

/* Why unshare() failed, and what helps. */
static const char *reason(int err)
{
	switch (err) {
	case EPERM:
		return "the kernel, an administrator or a container forbids user namespaces: allow "
		       "them, or start as root";
	case ENOSPC:
		return "there may be no more: raise the sysctls user.max_*_namespaces";
	case EINVAL:
	case ENOSYS:
		return "the kernel has none: use one that has";
	default:
		return strerror(err);
	}
}

void sandbox_ns_enter(struct sandbox *sb)
{
	unsigned int missing = 0;
	uid_t uid = geteuid();
	gid_t gid = getegid();
	char names[64];
	int err;

	sb->entered_ns = make(&err);
	if (sb->entered_ns & CLONE_NEWUSER)
		map_ids(uid, gid);
	for (size_t i = 0; i < NUM_SPACES; i++) {
		if (sb->entered_ns & spaces[i].flag)
			continue;
		if (is_confined(&spaces[i]))
			sb->already_ns |= spaces[i].flag;
		else if (spaces[i].counts)
			missing |= spaces[i].flag;
	}
	if (missing) {
		sandbox_ns_names(missing, names, sizeof(names));
		sandbox_set(sb, SANDBOX_NAMESPACES, SANDBOX_MISSING, "%s shared with others: %s",
			    names, reason(err));
	} else if (sb->entered_ns) {
		sandbox_ns_names(sb->entered_ns, names, sizeof(names));
		sandbox_set(sb, SANDBOX_NAMESPACES, SANDBOX_ENTERED, "%s", names);
	} else {
		sandbox_ns_names(sb->already_ns, names, sizeof(names));
		sandbox_set(sb, SANDBOX_NAMESPACES, SANDBOX_ALREADY, "%s", names);
	}
}
