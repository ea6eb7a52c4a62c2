/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The handler of refused system calls.
 *
 * Theory of operation: the kernel raises SIGSYS in place of a call that the filter does not allow.
 * The handler puts an error into the register that holds a call's result, and returns there, so the
 * program sees a failed call. It also sets the call's bit in a table and writes to an eventfd.
 * Whoever waits for that descriptor reports the calls: sandbox_calls_report().
 *
 * A call of an attack ends the process: the handler writes a line and makes the call again. The
 * kernel blocks SIGSYS while the handler runs, and a SIGSYS that is blocked when a filter raises it
 * ends the process, whatever its handler is.
 *
 * The handler takes no lock and allocates nothing. Its state is process-wide, as signal handlers
 * are. On an architecture whose registers are not known here, a refused call gets EPERM from the
 * filter and is not reported.
 *
 * System calls, serving: write preadv2 poll|ppoll ppoll_time64
 * System calls, keeper: write preadv2 poll|ppoll ppoll_time64
 * System calls, opener: write
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/fd.h"
#include "sandbox/calls_impl.h"

#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1 /* glibc 2.36 has it not */
#endif

#define NUMBERS 4096 /* that are told apart; one bit stands for all others */
#define BITS	64

static struct {
	uint64_t refused[NUMBERS / BITS + 1];  /* a bit for each number; atomic */
	uint64_t reported[NUMBERS / BITS + 1]; /* of one thread */
	int wake; /* eventfd; -1: none */
} state = { .wake = -1 };

/* ---- Registers ---- */

#if defined(__x86_64__)
#define RESULT(uc)  ((uc)->uc_mcontext.gregs[REG_RAX])
#define SECOND(uc)  ((uc)->uc_mcontext.gregs[REG_RSI])
#elif defined(__i386__)
#define RESULT(uc)  ((uc)->uc_mcontext.gregs[REG_EAX])
#define SECOND(uc)  ((uc)->uc_mcontext.gregs[REG_ECX])
#elif defined(__aarch64__)
#define RESULT(uc)  ((uc)->uc_mcontext.regs[0])
#define SECOND(uc)  ((uc)->uc_mcontext.regs[1])
#elif defined(__arm__)
#define RESULT(uc)  ((uc)->uc_mcontext.arm_r0)
#define SECOND(uc)  ((uc)->uc_mcontext.arm_r1)
#elif defined(__riscv)
#define RESULT(uc)  ((uc)->uc_mcontext.__gregs[REG_A0])
#define SECOND(uc)  ((uc)->uc_mcontext.__gregs[REG_A0 + 1])
#elif defined(__powerpc64__) && defined(__linux__)
#define RESULT(uc)  ((uc)->uc_mcontext.gp_regs[3])
#define SECOND(uc)  ((uc)->uc_mcontext.gp_regs[4])
#elif defined(__s390x__)
#define RESULT(uc)  ((uc)->uc_mcontext.gregs[2])
#define SECOND(uc)  ((uc)->uc_mcontext.gregs[3])
#endif

#ifdef RESULT
static void set_error(ucontext_t *uc, int err)
{
#ifdef __powerpc64__
	/* After "sc" an error is positive with the summary overflow bit, after "scv" negative. */
	if ((uc->uc_mcontext.gp_regs[40] & 0xfff0) != 0x3000) { /* PT_TRAP */
		uc->uc_mcontext.gp_regs[38] |= 0x10000000; /* PT_CCR */
		err = -err;
	}
#endif
	RESULT(uc) = (__typeof__(RESULT(uc)))(long)err;
}
#endif

/* ---- The handler ---- */

/* What serves nobody but an attack. */
static const char *const attacks[] = {
	"execve",	"execveat",	   "ptrace",	       "process_vm_readv",
	"process_vm_writev", "process_madvise", "pidfd_getfd", "mount",
	"umount2",	"umount",	   "pivot_root",       "chroot",
	"open_tree",	"move_mount",	   "fsopen",	       "fsconfig",
	"fsmount",	"fspick",	   "mount_setattr",    "unshare",
	"setns",	"bpf",		   "userfaultfd",      "init_module",
	"finit_module",	"delete_module",   "kexec_load",       "kexec_file_load",
	"reboot",	"swapon",	   "swapoff",	       "open_by_handle_at",
	"add_key",	"request_key",	   "keyctl",	       "iopl",
	"ioperm",	"modify_ldt",
};

static bool is_attack(const char *name)
{
	for (size_t i = 0; name && i < sizeof(attacks) / sizeof(attacks[0]); i++)
		if (!strcmp(attacks[i], name))
			return true;
	return false;
}

#ifdef RESULT
/*
 * Files that the C library reads if it can: malloc() before it gives memory back, and sysconf() for
 * the number of CPUs.
 */
static const char *const optional[] = {
	"/proc/sys/vm/overcommit_memory",
	"/sys/devices/system/cpu/online",
	"/sys/devices/system/cpu/possible",
	"/proc/stat",
};

static bool is_optional(const char *name, const ucontext_t *uc)
{
	const char *path = (const char *)(uintptr_t)SECOND(uc);

	if (!name || strcmp(name, "openat") || !path)
		return false;
	for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++)
		if (!strcmp(optional[i], path))
			return true;
	return false;
}

static void note(int nr)
{
	unsigned int bit = nr >= 0 && nr < NUMBERS ? (unsigned int)nr : NUMBERS;
	uint64_t mask = 1ull << bit % BITS;
	const uint64_t one = 1;

	if (__atomic_fetch_or(&state.refused[bit / BITS], mask, __ATOMIC_SEQ_CST) & mask)
		return;
	(void)!write(state.wake, &one, sizeof(one));
}

/* The last words. Nobody may be reading them, so they are said only if that does not block. */
static void end(int nr, const char *name)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
	char line[128];
	size_t len = 0;

	for (const char *part[] = { "error: refused system call ", name,
				    ", which only an attack makes: leaving at once\n", NULL },
	     **at = part; *at; at++) {
		size_t n = strnlen(*at, sizeof(line) - len);

		memcpy(line + len, *at, n);
		len += n;
	}
	if (poll(&p, 1, 0) > 0)
		(void)!write(STDERR_FILENO, line, len);
	syscall(nr, -1, 0, 0, 0, 0, 0); /* SIGSYS is blocked here: this is the end */
}

static void on_sigsys(int sig, siginfo_t *info, void *context)
{
	int saved = errno, nr = info->si_syscall;
	const char *name = sandbox_names_get(nr);

	if (info->si_code != SYS_SECCOMP)
		return; /* somebody sent it */
	if (is_attack(name))
		end(nr, name);
	if (!is_optional(name, context))
		note(nr);
	set_error(context, name ? -EPERM : -ENOSYS);
	errno = saved;
}
#endif

unsigned int sandbox_sigsys_action(void)
{
#ifdef RESULT
	return SCMP_ACT_TRAP;
#else
	return SCMP_ACT_ERRNO(EPERM);
#endif
}

int sandbox_sigsys_rules(scmp_filter_ctx ctx, bool (*allowed)(const void *opaque, int nr),
			 const void *opaque)
{
	int ret = 0;

#ifndef RESULT
	for (size_t i = 0; ret == 0 && i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		int nr = seccomp_syscall_resolve_name(attacks[i]);

		if (nr >= 0 && !allowed(opaque, nr))
			ret = seccomp_rule_add(ctx, SCMP_ACT_KILL_PROCESS, nr, 0);
	}
#endif
	return ret;
}

int sandbox_sigsys_install(void)
{
#ifdef RESULT
	struct sigaction sa = { .sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	sigset_t set;

	if (state.wake < 0) {
		int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

		if (fd < 0)
			return -errno;
		state.wake = fd;
		if (sigaction(SIGSYS, &sa, NULL) < 0)
			return -errno;
	}
	/* The parent may have blocked it. */
	sigemptyset(&set);
	sigaddset(&set, SIGSYS);
	return -pthread_sigmask(SIG_UNBLOCK, &set, NULL);
#else
	return 0;
#endif
}

/* ---- Reports ---- */

int sandbox_calls_fd(void)
{
	return state.wake;
}

static void report_one(unsigned int bit, void (*fn)(void *opaque, const char *text), void *opaque)
{
	const char *name = sandbox_names_get((int)bit);
	char text[128];

	if (bit == NUMBERS)
		snprintf(text, sizeof(text), "refused system calls with numbers above %u", bit - 1);
	else if (name)
		snprintf(text, sizeof(text), "refused system call %s (%u)", name, bit);
	else
		snprintf(text, sizeof(text), "refused system call number %u", bit);
	fn(opaque, text);
}

bool sandbox_calls_refused(void)
{
	for (unsigned int i = 0; i <= NUMBERS / BITS; i++)
		if (__atomic_load_n(&state.refused[i], __ATOMIC_SEQ_CST) & ~state.reported[i])
			return true;
	return false;
}

void sandbox_calls_report(void (*fn)(void *opaque, const char *text), void *opaque)
{
	uint64_t count;

	/* Before the table is read, so that a call that comes meanwhile signals again. */
	if (state.wake < 0 || vmedia_fd_read(state.wake, &count, sizeof(count), 0) < 0)
		return;
	for (unsigned int i = 0; i <= NUMBERS / BITS; i++) {
		uint64_t now = __atomic_load_n(&state.refused[i], __ATOMIC_SEQ_CST);

		for (uint64_t left = now & ~state.reported[i]; left; left &= left - 1)
			report_one(i * BITS + (unsigned int)__builtin_ctzll(left), fn, opaque);
		state.reported[i] |= now;
	}
}
