/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is in force. /proc cannot be opened when all stages are entered, so its files are opened
 * before and read then: what they show is the state at the time of reading.
 */
#include "report_state.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "sandbox/calls.h"

#define COLUMNS 100

static const char *const space_names[DAEMON_REPORT_SPACES] = {
	"user", "mnt", "pid", "net", "ipc", "uts", "cgroup",
};

/* The names of the caller's namespaces; empty for those that the kernel does not have. */
static void read_spaces(char spaces[DAEMON_REPORT_SPACES][64])
{
	for (int i = 0; i < DAEMON_REPORT_SPACES; i++) {
		char path[32];
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/self/ns/%s", space_names[i]);
		n = readlink(path, spaces[i], sizeof(spaces[i]) - 1);
		spaces[i][n < 0 ? 0 : n] = '\0';
	}
}

void daemon_report_starter(struct daemon_report *r)
{
	struct stat st;

	read_spaces(r->spaces);
	r->root = stat("/", &st) == 0 ? st.st_dev : 0;
}

void daemon_report_root(struct daemon_report *r)
{
	struct statvfs fs;
	struct stat st;

	r->own_root = stat("/", &st) == 0 && st.st_dev != r->root;
	r->read_only = statvfs("/", &fs) == 0 && fs.f_flag & ST_RDONLY;
}

void daemon_report_open(struct daemon_report *r)
{
	char now[DAEMON_REPORT_SPACES][64];

	r->status_fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	r->limits_fd = open("/proc/self/limits", O_RDONLY | O_CLOEXEC);
	read_spaces(now);
	r->known = 0;
	r->private = 0;
	for (int i = 0; i < DAEMON_REPORT_SPACES; i++) {
		if (!*now[i] || !*r->spaces[i])
			continue;
		r->known |= 1u << i;
		if (strcmp(now[i], r->spaces[i]))
			r->private |= 1u << i;
	}
}

/* ---- Files of /proc ---- */

/* Read all of @fd into @text. Returns false if there is nothing. */
static bool read_all(int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len + 1 < size && (n = vmedia_fd_read(fd, text + len, size - len - 1, 0)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	return len > 0;
}

/* Get the words of @text's line that begins with @key. Returns false if there is none. */
static bool get_line(const char *text, const char *key, char *words, size_t size)
{
	size_t len = strlen(key);

	for (const char *p = text; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : NULL) {
		if (strncmp(p, key, len))
			continue;
		p += len + strspn(p + len, " \t");
		snprintf(words, size, "%.*s", (int)strcspn(p, "\n"), p);
		return true;
	}
	*words = '\0';
	return false;
}

/* ---- Rows ---- */

void daemon_report_row(enum sandbox_try_state state, const char *call, const char *what,
		       const char *how)
{
	static const char *const words[] = { "passed", "failed", "skipped" };

	printf("%-8s%-30s%-46s%s\n", words[state], call, what, how);
}

static bool is_zero(const char *words)
{
	return *words && !words[strspn(words, "0")];
}

static bool is_one(const char *words)
{
	return !strcmp(words, "1");
}

static bool is_filter(const char *words)
{
	return !strcmp(words, "2");
}

static bool is_user(const char *words)
{
	return *words && *words != '0';
}

static const struct {
	const char *key, *what;
	bool (*is_right)(const char *words);
} states[] = {
	{ "Uid:", "the user is not root", is_user },
	{ "CapEff:", "no capability that has an effect", is_zero },
	{ "CapPrm:", "no capability that could have one", is_zero },
	{ "CapInh:", "no capability for programs", is_zero },
	{ "CapAmb:", "no capability for all programs", is_zero },
	{ "NoNewPrivs:", "no new privileges", is_one },
	{ "Seccomp:", "a filter of system calls", is_filter },
};

static void print_states(const char *status, const struct sandbox *sb, unsigned int *sums)
{
	/* Root of somebody's user namespace is another user outside it, as stage user finds out. */
	const bool any_user = sb->results[SANDBOX_USER].state == SANDBOX_ALREADY;

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		enum sandbox_try_state state = SANDBOX_TRY_SKIPPED;
		char words[128];

		if (get_line(status, states[i].key, words, sizeof(words)))
			state = states[i].is_right(words) ||
				(any_user && states[i].is_right == is_user) ?
				SANDBOX_TRY_PASSED : SANDBOX_TRY_FAILED;
		words[strcspn(words, " \t")] = '\0';
		daemon_report_row(state, states[i].key, states[i].what,
				  *words ? words : "/proc cannot be read");
		sums[state]++;
	}
}

/* ---- Facts ---- */

static void print_stages(const struct sandbox *sb)
{
	for (unsigned int i = 0; i < SANDBOX_NUM_STAGES; i++)
		printf("%-12s%-18s%s\n", sandbox_stage_name(i),
		       sandbox_state_name(sb->results[i].state), sb->results[i].text);
}

static void print_spaces(const struct daemon_report *r, const char *title, unsigned int which)
{
	printf("%-30s", title);
	for (int i = 0; i < DAEMON_REPORT_SPACES; i++)
		if (which & 1u << i)
			printf("%s ", space_names[i]);
	printf("%s\n", which ? "" : "none");
}

/* The soft and the hard limit, as /proc has them in columns. */
static void print_limits(const char *text)
{
	static const char *const names[] = {
		"Max open files", "Max file size", "Max core file size", "Max processes",
		"Max locked memory", "Max msgqueue size",
	};
	char words[128], soft[32], hard[32];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (get_line(text, names[i], words, sizeof(words)) &&
		    sscanf(words, "%31s %31s", soft, hard) == 2)
			printf("%-30s%s, hard %s\n", names[i], soft, hard);
}

static unsigned int print_calls(enum sandbox_calls_stage stage, const char *more)
{
	const char *names[SANDBOX_CALLS_MAX];
	unsigned int num = sandbox_calls_names(stage, more, names, SANDBOX_CALLS_MAX);
	size_t column = 0;

	for (unsigned int i = 0; i < num && i < SANDBOX_CALLS_MAX; i++) {
		size_t len = strlen(names[i]);

		if (column && column + 1 + len > COLUMNS) {
			printf("\n");
			column = 0;
		}
		column += (size_t)printf("%s%s", column ? " " : "", names[i]);
	}
	printf("\n");
	return num;
}

void daemon_report_print(struct daemon_report *r, const struct sandbox *sb, unsigned int *sums)
{
	static const char *const facts[] = { "Uid:", "Gid:", "Groups:", "CapBnd:" };
	char status[8192], limits[4096], words[128], start[4096];

	read_all(r->status_fd, status, sizeof(status));
	read_all(r->limits_fd, limits, sizeof(limits));
	printf("Stages\n");
	print_stages(sb);
	printf("\nIn force\n");
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		if (get_line(status, facts[i], words, sizeof(words)))
			printf("%-30s%s\n", facts[i], words);
	print_spaces(r, "Namespaces of its own:", r->private);
	print_spaces(r, "Namespaces of the starter:", r->known & ~r->private);
	printf("%-30s%s, %s\n", "Root folder:", r->own_root ? "of its own" : "the starter's",
	       r->read_only ? "read-only" : "writable");
	print_limits(limits);
	printf("\nSystem calls before serving\n");
	snprintf(start, sizeof(start), "%s %s", r->kind_calls_start ? r->kind_calls_start : "",
		 sb->calls_serve ? sb->calls_serve : "");
	printf("%u system calls, before serving\n", print_calls(SANDBOX_CALLS_START, start));
	printf("\nSystem calls in serving\n");
	printf("%u system calls\n", print_calls(SANDBOX_CALLS_SERVE, sb->calls_serve));
	if (r->node) {
		printf("\nSystem calls of the opener\n");
		printf("%u system calls, the opener\n", print_calls(SANDBOX_CALLS_OPENER, NULL));
	}
	printf("\nState\n");
	print_states(status, sb, sums);
}
