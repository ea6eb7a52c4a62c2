/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Filters of system calls, from lists to the kernel; see calls.h.
 *
 * libseccomp makes the instructions, as a tree in which a call is found in a few steps. They are
 * kept in an array, so that the last step needs no memory and no file: only seccomp() itself.
 *
 * What the C library needs of the kernel in each process: memory, threads, signals and the end.
 * rseq() and set_robust_list() are called by a thread that begins. restart_syscall() is what a
 * process calls that was stopped and goes on. clock_gettime() is called where the kernel has no
 * clock that a process can read by itself.
 *
 * System calls, serving: mmap2|mmap munmap mprotect madvise brk futex futex_time64
 * clone set_robust_list rseq rt_sigprocmask rt_sigreturn sigreturn exit exit_group
 * getpid gettid tgkill restart_syscall clock_gettime clock_gettime64
 *
 * What a device may do before it serves: read files and folders, load libraries, ask for limits,
 * processors and users; and what the next stages need. It cannot make a socket: behind the sockets
 * of a user are services that start programs. A kind whose device needs one lists socket and
 * connect.
 *
 * System calls, start: mmap2|mmap:exec mprotect:exec mremap openat open|openat read readv pread64
 * writev lseek _llseek close dup dup2|dup3 dup3 pipe|pipe2 pipe2 fcntl fcntl64
 * stat|fstatat64:any lstat|fstatat64:any fstat|fstat64 newfstatat:any fstatat64|newfstatat:any
 * statx:any statfs fstatfs statfs64 fstatfs64 access|faccessat faccessat readlink|readlinkat
 * readlinkat getdents|getdents64 getdents64 getcwd flock fadvise64 fadvise64_64 memfd_create:any
 * ftruncate ftruncate64 sigaltstack rt_sigaction:any rt_sigpending rt_sigtimedwait signalfd4
 * eventfd2 timerfd_create timerfd_settime timerfd_settime64 epoll_create1 epoll_ctl
 * epoll_wait|epoll_pwait epoll_pwait select|pselect6 pselect6 nanosleep clock_nanosleep
 * clock_nanosleep_time64 clock_getres gettimeofday getrandom membarrier sched_yield
 * sched_getaffinity sched_getparam sched_getscheduler sched_setaffinity mlock mlock2|mlock munlock
 * set_mempolicy sched_get_priority_min sched_get_priority_max getcpu get_mempolicy uname sysinfo
 * prlimit64 getrlimit|prlimit64 ugetrlimit|prlimit64 getrusage getuid geteuid getgid getegid
 * getresuid getresgid getgroups getuid32 geteuid32 getgid32 getegid32 getppid getpgrp|getpgid
 * recvfrom sendto prctl:any arch_prctl seccomp
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/calls_impl.h"
#include "sandbox/sanitizer.h"
#include "calls_table.h" /* made by scripts/gather-calls */

/* The C library does without these, and cannot be asked not to try. realloc() copies instead. */
static const char *const optional[] = { "clone3", "openat2", "faccessat2", "statx", "mremap" };

#ifdef SANDBOX_ADDRESS_SANITIZER
int __lsan_is_turned_off(void);

/* LeakSanitizer looks into /proc, and stops threads by ptrace(). A filter does not let it. */
int __lsan_is_turned_off(void)
{
	return sandbox_calls_fd() >= 0;
}
#endif

/* ---- Lists ---- */

static const char *base(enum sandbox_calls_stage stage)
{
	switch (stage) {
	case SANDBOX_CALLS_START:
		return CALLS_START;
	case SANDBOX_CALLS_SERVE:
		return CALLS_SERVING SANDBOX_SANITIZER_CALLS;
	case SANDBOX_CALLS_KEEPER:
		return CALLS_KEEPER SANDBOX_SANITIZER_CALLS;
	case SANDBOX_CALLS_OPENER:
		return CALLS_OPENER SANDBOX_SANITIZER_CALLS;
	}
	return "";
}

static int collect(struct sandbox_words *w, enum sandbox_calls_stage stage, const char *more,
		   char *why, size_t size)
{
	int ret = sandbox_names_init();

	w->num = 0;
	if (ret < 0)
		snprintf(why, size, "libseccomp knows no system call");
	if (ret == 0)
		ret = sandbox_words_add(w, base(stage), why, size);
	if (ret == 0 && stage == SANDBOX_CALLS_START)
		ret = sandbox_words_add(w, base(SANDBOX_CALLS_SERVE), why, size);
	if (ret == 0 && more)
		ret = sandbox_words_add(w, more, why, size);
	return ret;
}

int sandbox_calls_check(const char *list, char *why, size_t size)
{
	struct sandbox_words w = { 0 };
	int ret = sandbox_names_init();

	return ret < 0 ? ret : sandbox_words_add(&w, list, why, size);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

unsigned int sandbox_calls_names(enum sandbox_calls_stage stage, const char *more,
				 const char **names, unsigned int max)
{
	const char *all[SANDBOX_CALLS_MAX];
	struct sandbox_words w;
	unsigned int n = 0;
	char why[128];

	if (collect(&w, stage, more, why, sizeof(why)) < 0)
		return 0;
	for (unsigned int i = 0; i < w.num; i++)
		all[i] = sandbox_names_get(w.word[i].nr);
	qsort(all, w.num, sizeof(all[0]), compare);
	for (unsigned int i = 0; i < w.num; i++) {
		if (i && !strcmp(all[i], all[i - 1]))
			continue;
		if (n < max)
			names[n] = all[i];
		n++;
	}
	return n;
}

/* ---- Filters ---- */

static bool is_allowed(const void *opaque, int nr)
{
	const struct sandbox_words *w = opaque;

	for (unsigned int i = 0; i < w->num; i++)
		if (w->word[i].nr == nr)
			return true;
	return false;
}

static int add_rules(scmp_filter_ctx ctx, const struct sandbox_words *w)
{
	int ret = 0;

	for (unsigned int i = 0; ret == 0 && i < w->num; i++)
		if (!sandbox_words_covered(w, i))
			ret = sandbox_args_allow(ctx, &w->word[i]);
	for (size_t i = 0; ret == 0 && i < sizeof(optional) / sizeof(optional[0]); i++) {
		int nr = seccomp_syscall_resolve_name(optional[i]);

		if (nr >= 0 && !is_allowed(w, nr))
			ret = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), nr, 0);
	}
	return ret < 0 ? ret : sandbox_sigsys_rules(ctx, is_allowed, w);
}

/* Get the instructions of @ctx, which libseccomp gives to a file only. */
static int export(scmp_filter_ctx ctx, struct sandbox_filter *f)
{
	int fd = memfd_create("filter", MFD_CLOEXEC), ret;
	ssize_t n;

	_Static_assert(sizeof(f->code[0]) == sizeof(struct sock_filter), "one layout");
	if (fd < 0)
		return -errno;
	ret = seccomp_export_bpf(ctx, fd);
	n = ret < 0 ? ret : pread(fd, f->code, sizeof(f->code), 0);
	if (n < 0)
		n = ret < 0 ? ret : -errno;
	else if (lseek(fd, 0, SEEK_END) > n)
		n = -E2BIG;
	close(fd);
	f->len = n > 0 ? (unsigned int)((size_t)n / sizeof(f->code[0])) : 0;
	return n < 0 ? (int)n : 0;
}

static int make(struct sandbox_filter *f, const struct sandbox_words *w)
{
	scmp_filter_ctx ctx = seccomp_init(sandbox_sigsys_action());
	int ret;

	if (!ctx)
		return -ENOMEM;
	ret = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	/* A tree; libseccomp before 2.5 has none. */
	seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (ret == 0)
		ret = add_rules(ctx, w);
	if (ret == 0)
		ret = export(ctx, f);
	seccomp_release(ctx);
	return ret;
}

int sandbox_calls_build(struct sandbox_filter *f, enum sandbox_calls_stage stage, const char *more,
			char *why, size_t size)
{
	struct sandbox_words w;
	int ret = collect(&w, stage, more, why, size);

	if (ret < 0)
		return ret;
	f->calls = sandbox_calls_names(stage, more, NULL, 0);
	ret = make(f, &w);
	if (ret < 0)
		snprintf(why, size, "a filter of system calls cannot be made: %s", strerror(-ret));
	return ret;
}

int sandbox_calls_enter(const struct sandbox_filter *f, char *why, size_t size)
{
	struct sock_fprog program = { (unsigned short)f->len, (struct sock_filter *)f->code };
	long ret = sandbox_sigsys_install();

	if (ret == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		ret = -errno;
	if (ret == 0) {
		ret = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC,
			      &program);
		/* A number is that of a thread that cannot follow. */
		ret = ret < 0 ? -errno : ret > 0 ? -ESRCH : 0;
	}
	if (ret < 0)
		snprintf(why, size, "the kernel does not take a filter of system calls: %s",
			 strerror((int)-ret));
	return (int)ret;
}

int sandbox_calls_load(enum sandbox_calls_stage stage, const char *more, char *why, size_t size)
{
	struct sandbox_filter f;
	int ret = sandbox_calls_build(&f, stage, more, why, size);

	return ret < 0 ? ret : sandbox_calls_enter(&f, why, size);
}
