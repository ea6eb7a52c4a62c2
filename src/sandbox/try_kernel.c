/* SPDX-License-Identifier: BSD-3-Clause */
/* Tries: parts of the kernel that serving never needs, where exploits begin. */
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "sandbox/numbers.h"
#include "sandbox/tries.h"

/* ---- Large interfaces ---- */

static int make_bpf_map(const struct sandbox_bait *bait)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1
	};

	(void)bait;
	return sandbox_try_ret(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)));
}

static int count_events(const struct sandbox_bait *bait)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};

	(void)bait;
	return sandbox_try_ret(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

static int make_ring(const struct sandbox_bait *bait)
{
	char params[120] = "";

	(void)bait;
	return sandbox_try_ret(syscall(NR_IO_URING_SETUP, 1, params));
}

static int make_aio(const struct sandbox_bait *bait)
{
	unsigned long context = 0;

	(void)bait;
	return sandbox_try_ret(syscall(SYS_io_setup, 1, &context));
}

SANDBOX_TRY(enter_ring, syscall(NR_IO_URING_ENTER, -1, 0, 0, 0, NULL, 0))
SANDBOX_TRY(register_ring, syscall(NR_IO_URING_REGISTER, -1, 0, NULL, 0))
SANDBOX_TRY(use_keys, syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0))
SANDBOX_TRY(add_key_to, syscall(SYS_add_key, "user", "vmedia", "a", 1, KEY_SPEC_PROCESS_KEYRING))
SANDBOX_TRY(ask_for_key, syscall(SYS_request_key, "user", "vmedia", NULL, 0))

/* Pages of a pipe that alias others have been a way to write to files. */
static int splice_memory(const struct sandbox_bait *bait)
{
	char a[] = "a";
	struct iovec data = { a, 1 };

	return sandbox_try_ret(vmsplice(bait->stream_fd, &data, 1, 0));
}

SANDBOX_TRY(splice_file, splice(bait->memory_fd, NULL, bait->stream_fd, NULL, 1, 0))

/* ---- Queues between processes. What was made does not outlive the try. ---- */

static int message_queue(const struct sandbox_bait *bait)
{
	int id = msgget(IPC_PRIVATE, IPC_CREAT | 0600), ret = sandbox_try_ret(id);

	(void)bait;
	if (id >= 0)
		msgctl(id, IPC_RMID, NULL);
	return ret;
}

static int semaphores(const struct sandbox_bait *bait)
{
	int id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600), ret = sandbox_try_ret(id);

	(void)bait;
	if (id >= 0)
		semctl(id, 0, IPC_RMID);
	return ret;
}

static int posix_queue(const struct sandbox_bait *bait)
{
	long fd = syscall(SYS_mq_open, "vmedia-sandbox", O_CREAT | O_RDWR, 0600, NULL);
	int ret = sandbox_try_ret(fd);

	(void)bait;
	if (fd >= 0)
		syscall(SYS_mq_unlink, "vmedia-sandbox");
	return ret;
}

/* ---- Terminals. The socket is none, which the kernel says if it is asked. ---- */

SANDBOX_TRY(type_in_terminal, ioctl(bait->stream_fd, 0x5412 /* TIOCSTI */, "a"))
SANDBOX_TRY(paste_in_console, ioctl(bait->stream_fd, 0x541c /* TIOCLINUX */, "\3"))
SANDBOX_TRY(other_ioctl, ioctl(bait->memory_fd, 0x1261 /* BLKFLSBUF */, 0))

/*
 * ---- The machine ----
 *
 * The arguments are refused after the permission check: no such command, a size out of range, a
 * socket where a file must be.
 */

SANDBOX_TRY(restart, syscall(SYS_reboot, 0, 0, 0, NULL))
SANDBOX_TRY(name_machine, sethostname(bait->host, strlen(bait->host)))
SANDBOX_TRY(name_domain, syscall(SYS_setdomainname, "", (size_t)-1))
SANDBOX_TRY(load_module, syscall(SYS_init_module, NULL, 0, ""))
SANDBOX_TRY(load_module_file, syscall(SYS_finit_module, bait->memory_fd, "", 0))
SANDBOX_TRY(unload_module, syscall(SYS_delete_module, "vmedia no module", O_NONBLOCK))
SANDBOX_TRY(load_kernel, syscall(SYS_kexec_load, 0, 1000, NULL, 0))
SANDBOX_TRY(swap_to, syscall(SYS_swapon, bait->path.sun_path, 0))
SANDBOX_TRY(account, syscall(SYS_acct, bait->path.sun_path))
SANDBOX_TRY(read_kernel_log, syscall(SYS_syslog, 3 /* read all */, NULL, -1))

static int set_clock(const struct sandbox_bait *bait)
{
	struct timespec never = { .tv_nsec = -1 };

	(void)bait;
	return sandbox_try_ret(syscall(SYS_clock_settime, CLOCK_REALTIME, &never));
}

static int set_time_of_day(const struct sandbox_bait *bait)
{
	struct timeval never = { .tv_usec = -1 };

	(void)bait;
	return sandbox_try_ret(syscall(SYS_settimeofday, &never, NULL));
}

static int adjust_clock(const struct sandbox_bait *bait)
{
	struct timex nothing = { .modes = 0 };

	(void)bait;
	return sandbox_try_ret(adjtimex(&nothing));
}

#if defined(__x86_64__) || defined(__i386__)
SANDBOX_TRY(use_ports, syscall(SYS_iopl, 3))
#else
static int use_ports(const struct sandbox_bait *bait)
{
	(void)bait;
	return SANDBOX_TRY_NOT_HERE;
}
#endif

/* ---- Other ways into the kernel ---- */

SANDBOX_TRY(number_999, syscall(NR_NONE))
SANDBOX_TRY(file_attributes, syscall(NR_FILE_SETATTR, -1, NULL, NULL, 0, 0))

#ifdef __x86_64__
/* getpid() of i386: its numbers mean other calls, so a filter that overlooks them has a hole. */
static int other_architecture(const struct sandbox_bait *bait)
{
	long ret;

	(void)bait;
	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(20L) : "memory", "cc", "r8", "r9", "r10",
			 "r11");
	errno = ret < 0 ? (int)-ret : 0;
	return sandbox_try_ret(ret < 0 ? -1 : 0);
}

/* getpid() with the bit of x32. */
SANDBOX_TRY(other_numbers, syscall(0x40000000 + SYS_getpid))
#else
static int other_architecture(const struct sandbox_bait *bait)
{
	(void)bait;
	return SANDBOX_TRY_NOT_HERE;
}

static int other_numbers(const struct sandbox_bait *bait)
{
	(void)bait;
	return SANDBOX_TRY_NOT_HERE;
}
#endif

static const struct sandbox_try tries[] = {
	{ "bpf", "load code into the kernel", make_bpf_map, SANDBOX_TRY_NEEDS_ROOT, { 0 } },
	{ "perf_event_open", "measure the kernel", count_events, SANDBOX_TRY_SETTING, { 0 } },
	{ "io_setup", "read and write in the background", make_aio, 0, { 0 } },
	{ "io_uring_setup", "make calls without calls", make_ring, SANDBOX_TRY_SETTING,
	  { ENOMEM /* RLIMIT_MEMLOCK */ } },
	{ "io_uring_enter", "run a ring", enter_ring, SANDBOX_TRY_SETTING, { 0 } },
	{ "io_uring_register", "give a ring memory", register_ring, SANDBOX_TRY_SETTING, { 0 } },
	{ "keyctl", "use the kernel's keys", use_keys, 0, { 0 } },
	{ "add_key", "store a key", add_key_to, 0, { 0 } },
	{ "request_key", "have a key fetched", ask_for_key, 0, { 0 } },
	{ "vmsplice", "put memory into a pipe", splice_memory, 0, { 0 } },
	{ "splice", "put a file into a pipe", splice_file, 0, { 0 } },
	{ "msgget", "make a message queue", message_queue, 0, { 0 } },
	{ "semget", "make semaphores", semaphores, 0, { 0 } },
	{ "mq_open", "make a POSIX message queue", posix_queue, 0,
	  { EMFILE /* RLIMIT_MSGQUEUE */ } },
	{ "ioctl TIOCSTI", "type in a terminal", type_in_terminal, 0, { 0 } },
	{ "ioctl TIOCLINUX", "paste in a console", paste_in_console, 0, { 0 } },
	{ "ioctl BLKFLSBUF", "send a request to a disk", other_ioctl, 0, { 0 } },
	{ "reboot", "restart the machine", restart, SANDBOX_TRY_NEEDS_ROOT, { 0 } },
	{ "sethostname", "rename the machine", name_machine, SANDBOX_TRY_NEEDS_ROOT, { 0 } },
	{ "setdomainname", "rename the domain", name_domain, SANDBOX_TRY_NEEDS_ROOT, { 0 } },
	{ "clock_settime", "set the clock", set_clock, 0, { 0 } },
	{ "settimeofday", "set the clock, the old way", set_time_of_day, 0, { 0 } },
	{ "adjtimex", "look at how the clock is adjusted", adjust_clock, 0, { 0 } },
	{ "init_module", "load a kernel module", load_module, SANDBOX_TRY_NEEDS_ROOT, { 0 } },
	{ "finit_module", "load a kernel module's file", load_module_file,
	  SANDBOX_TRY_NEEDS_ROOT, { 0 } },
	{ "delete_module", "unload a kernel module", unload_module, SANDBOX_TRY_NEEDS_ROOT, { 0 } },
	{ "kexec_load", "load another kernel", load_kernel, SANDBOX_TRY_NEEDS_ROOT, { 0 } },
	{ "swapon", "swap to a file", swap_to, SANDBOX_TRY_NEEDS_ROOT, { ENOENT } },
	{ "acct", "have all processes recorded", account, SANDBOX_TRY_NEEDS_ROOT, { ENOENT } },
	{ "syslog", "read the kernel's log", read_kernel_log, SANDBOX_TRY_NEEDS_ROOT, { 0 } },
	{ "iopl", "use the hardware's ports", use_ports, SANDBOX_TRY_NEEDS_ROOT, { 0 } },
	{ "file_setattr", "change flags of a file", file_attributes, 0, { 0 } },
	{ "number 999", "a call that no kernel has yet", number_999, SANDBOX_TRY_NO_KERNEL, { 0 } },
	{ "int 0x80", "a call of another architecture", other_architecture,
	  SANDBOX_TRY_FAULTS, { 0 } },
	{ "x32 getpid", "a call of another ABI", other_numbers, SANDBOX_TRY_NO_KERNEL, { 0 } },
};

const struct sandbox_try_group sandbox_tries_kernel = {
	"kernel", tries, sizeof(tries) / sizeof(tries[0])
};
