/* SPDX-License-Identifier: BSD-3-Clause */
/* Tries: make processes and programs, and reach others. The other process is the try's parent. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "sandbox/numbers.h"
#include "sandbox/tries.h"

/* ---- New processes and programs ---- */

/* A child that was made ends at once. */
static int made(long pid)
{
	if (pid == 0)
		_exit(0);
	return sandbox_try_ret(pid);
}

#ifdef __s390__
#define CLONE(flags) syscall(SYS_clone, 0, flags, 0, 0, 0)
#else
#define CLONE(flags) syscall(SYS_clone, flags, 0, 0, 0, 0)
#endif

static int clone_process(const struct sandbox_bait *bait)
{
	(void)bait;
	return made(CLONE(SIGCHLD));
}

static int clone_user(const struct sandbox_bait *bait)
{
	(void)bait;
	return made(CLONE(CLONE_NEWUSER | SIGCHLD));
}

static int clone_process_3(const struct sandbox_bait *bait)
{
	uint64_t args[8] = { [4] = SIGCHLD };

	(void)bait;
	return made(syscall(NR_CLONE3, args, sizeof(args)));
}

#ifdef SYS_fork
static int fork_process(const struct sandbox_bait *bait)
{
	(void)bait;
	return made(syscall(SYS_fork));
}
#else
static int fork_process(const struct sandbox_bait *bait)
{
	(void)bait;
	return SANDBOX_TRY_NOT_HERE;
}
#endif

static int vfork_process(const struct sandbox_bait *bait)
{
	pid_t pid = vfork();

	(void)bait;
	if (pid == 0)
		_exit(0);
	return sandbox_try_ret(pid);
}

static int leave(void *arg)
{
	(void)arg;
	_exit(0);
}

/* As clone() of a thread, but another process. */
static int clone_memory(const struct sandbox_bait *bait)
{
	char stack[16384] __attribute__((aligned(64)));

	(void)bait;
	return made(clone(leave, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, NULL));
}

/* The kernel takes a file that is no program with ENOEXEC, so that a try has no other effect. */
static int exec_path(const struct sandbox_bait *bait)
{
	char name[] = "a", *argv[] = { name, NULL };

	return sandbox_try_ret(execve(bait->file, argv, argv + 1));
}

static int exec_memory(const struct sandbox_bait *bait)
{
	char name[] = "a", *argv[] = { name, NULL };

	return sandbox_try_ret(syscall(SYS_execveat, bait->memory_fd, "", argv, argv + 1,
				       AT_EMPTY_PATH));
}

/* ---- Signals. Signal 0 checks the permission only. ---- */

SANDBOX_TRY(kill_parent, kill(bait->parent, 0))
SANDBOX_TRY(kill_all, kill(-1, 0))
SANDBOX_TRY(tkill_parent, syscall(SYS_tkill, bait->parent, 0))
SANDBOX_TRY(tgkill_parent, syscall(SYS_tgkill, bait->parent, bait->parent, 0))
SANDBOX_TRY(pidfd_parent, syscall(NR_PIDFD_OPEN, bait->parent, 0))
SANDBOX_TRY(pidfd_signal, syscall(NR_PIDFD_SEND_SIGNAL, bait->parent_fd, 0, NULL, 0))
SANDBOX_TRY(signal_owner, fcntl(bait->stream_fd, F_SETOWN, bait->parent))
SANDBOX_TRY(signal_owner_ioctl, ioctl(bait->stream_fd, 0x8901 /* FIOSETOWN */, &bait->parent))

static int queue_signal(const struct sandbox_bait *bait)
{
	siginfo_t info = { .si_code = SI_QUEUE };

	return sandbox_try_ret(syscall(SYS_rt_sigqueueinfo, bait->parent, 0, &info));
}

static int queue_to_thread(const struct sandbox_bait *bait)
{
	siginfo_t info = { .si_code = SI_QUEUE };

	return sandbox_try_ret(syscall(SYS_rt_tgsigqueueinfo, bait->parent, bait->parent, 0,
				       &info));
}

/* ---- Memory and descriptors of others ---- */

static char secret[16] = "of the parent";

SANDBOX_TRY(trace, ptrace(PTRACE_SEIZE, bait->parent, NULL, NULL))
SANDBOX_TRY(be_traced, ptrace(PTRACE_TRACEME, 0, NULL, NULL))
SANDBOX_TRY(take_descriptor, syscall(NR_PIDFD_GETFD, bait->parent_fd, 0, 0))
SANDBOX_TRY(compare, syscall(SYS_kcmp, getpid(), bait->parent, 0 /* KCMP_FILE */, 0, 0))
SANDBOX_TRY(reap_memory, syscall(NR_PROCESS_MRELEASE, bait->parent_fd, 0))

static int read_memory(const struct sandbox_bait *bait)
{
	char copy[sizeof(secret)];
	struct iovec to = { copy, sizeof(copy) }, from = { secret, sizeof(secret) };

	return sandbox_try_ret(process_vm_readv(bait->parent, &to, 1, &from, 1, 0));
}

static int write_memory(const struct sandbox_bait *bait)
{
	char copy[sizeof(secret)] = "of the parent";
	struct iovec from = { copy, sizeof(copy) }, to = { secret, sizeof(secret) };

	return sandbox_try_ret(process_vm_writev(bait->parent, &from, 1, &to, 1, 0));
}

static int advise_memory(const struct sandbox_bait *bait)
{
	struct iovec range = { NULL, 0 };

	return sandbox_try_ret(syscall(NR_PROCESS_MADVISE, bait->parent_fd, &range, 1,
				       20 /* MADV_COLD */, 0));
}

/* ---- Limits and scheduling of others ---- */

SANDBOX_TRY(nice_parent, setpriority(PRIO_PROCESS, (id_t)bait->parent, 0))
SANDBOX_TRY(io_priority, syscall(SYS_ioprio_set, 1 /* a process */, bait->parent,
				 2 << 13 | 4 /* best effort, the default */))
SANDBOX_TRY(group_of_processes, setpgid(0, 0))
SANDBOX_TRY(new_session, setsid())

static int limits_of_parent(const struct sandbox_bait *bait)
{
	struct rlimit old;

	return sandbox_try_ret(prlimit(bait->parent, RLIMIT_NOFILE, NULL, &old));
}

static int processors_of_parent(const struct sandbox_bait *bait)
{
	cpu_set_t cpus;

	memset(&cpus, 0xff, sizeof(cpus));
	return sandbox_try_ret(sched_setaffinity(bait->parent, sizeof(cpus), &cpus));
}

static int real_time(const struct sandbox_bait *bait)
{
	struct sched_param param = { .sched_priority = 1 };

	(void)bait;
	return sandbox_try_ret(sched_setscheduler(0, SCHED_FIFO, &param));
}

static int move_pages_of_parent(const struct sandbox_bait *bait)
{
	return sandbox_try_ret(syscall(SYS_move_pages, bait->parent, 0, NULL, NULL, NULL, 0));
}

/* Another process has no such number in a PID namespace of one's own, or a handle is not there. */
#define OTHER	{ ESRCH }

static const struct sandbox_try tries[] = {
	{ "fork", "make a process", fork_process, 0, { EAGAIN } },
	{ "vfork", "make a process that shares memory", vfork_process, 0, { EAGAIN } },
	{ "clone", "make a process, not a thread", clone_process, 0, { EAGAIN } },
	{ "clone CLONE_VM", "make a process with its memory", clone_memory, 0, { EAGAIN } },
	{ "clone3", "make a process, the new way", clone_process_3, 0, { EAGAIN } },
	{ "clone CLONE_NEWUSER", "be root in a namespace of its own", clone_user,
	  SANDBOX_TRY_SETTING, { EAGAIN, ENOSPC, EUSERS } },
	{ "execve", "run a program", exec_path, 0, { ENOENT } },
	{ "execveat", "run a program from memory", exec_memory, 0, { 0 } },
	{ "kill", "signal another process", kill_parent, 0, OTHER },
	{ "kill", "signal all processes", kill_all, 0, OTHER },
	{ "tkill", "signal a thread of another process", tkill_parent, 0, OTHER },
	{ "tgkill", "signal a thread of another process", tgkill_parent, 0, OTHER },
	{ "rt_sigqueueinfo", "queue a signal to another process", queue_signal, 0, OTHER },
	{ "rt_tgsigqueueinfo", "queue a signal to a thread", queue_to_thread, 0, OTHER },
	{ "pidfd_open", "get a handle of another process", pidfd_parent, 0, OTHER },
	{ "pidfd_send_signal", "signal another process by its handle", pidfd_signal, 0, OTHER },
	{ "fcntl F_SETOWN", "signal another process by a socket", signal_owner, 0, OTHER },
	{ "ioctl FIOSETOWN", "signal another process by a socket", signal_owner_ioctl, 0, OTHER },
	{ "ptrace", "control another process", trace, SANDBOX_TRY_SETTING, OTHER },
	{ "ptrace", "be controlled by another process", be_traced, 0, { 0 } },
	{ "process_vm_readv", "read another process's memory", read_memory,
	  SANDBOX_TRY_SETTING, OTHER },
	{ "process_vm_writev", "write another process's memory", write_memory,
	  SANDBOX_TRY_SETTING, OTHER },
	{ "process_madvise", "slow another process", advise_memory, SANDBOX_TRY_SETTING, OTHER },
	{ "process_mrelease", "free another process's memory", reap_memory, 0, OTHER },
	{ "pidfd_getfd", "take a descriptor of another process", take_descriptor,
	  SANDBOX_TRY_SETTING, OTHER },
	{ "kcmp", "compare descriptors with another process", compare, SANDBOX_TRY_SETTING, OTHER },
	{ "prlimit64", "limits of another process", limits_of_parent, 0, OTHER },
	{ "setpriority", "priority of another process", nice_parent, 0, OTHER },
	{ "ioprio_set", "disk priority of another process", io_priority, 0, OTHER },
	{ "sched_setaffinity", "processors of another process", processors_of_parent, 0, OTHER },
	{ "move_pages", "memory nodes of another process", move_pages_of_parent, 0, OTHER },
	{ "sched_setscheduler", "run before all others", real_time, SANDBOX_TRY_NEEDS_ROOT, { 0 } },
	{ "setpgid", "leave its group of processes", group_of_processes, 0, { 0 } },
	{ "setsid", "leave its session", new_session, 0, { 0 } },
};

const struct sandbox_try_group sandbox_tries_processes = {
	"processes", tries, sizeof(tries) / sizeof(tries[0])
};
