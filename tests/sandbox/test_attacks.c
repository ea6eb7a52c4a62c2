/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a process that was taken over would try, each in a process of its own that has the filter of
 * serving and nothing else of a sandbox: as root, with a file and another process within reach.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "child.h"
#include "sandbox/sanitizer.h"

#define CONTENT "precious"

/* Numbers that this machine's headers may not have; unknown ones are refused, too. */
#define NR_PROCESS_MRELEASE 448
#define NR_FCHMODAT2	    452
#define NR_LISTMOUNT	    458
#define NR_SETXATTRAT	    463
#define NR_OPEN_TREE_ATTR   467

static char folder[] = "/tmp/vmedia-attack.XXXXXX";
static char file[64], other[64];
static pid_t victim;
static int bound = -1; /* a datagram socket that another process could have */
static struct sockaddr_un addr = { .sun_family = AF_UNIX };
static struct rlimit limit = { 1, 1 };

static long a_number(int nr)
{
	return syscall(nr, -1, file, 0, 0, 0, 0);
}

static long queue_signal(void)
{
	siginfo_t info = { .si_code = SI_QUEUE };

	return syscall(SYS_rt_tgsigqueueinfo, victim, victim, SIGKILL, &info);
}

static long exec_page(void)
{
	return mmap(NULL, 4096, PROT_EXEC | PROT_WRITE | PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0) == MAP_FAILED ? -1 : 0;
}

static long send_to(void)
{
	return sendto(bound, "x", 1, 0, (const struct sockaddr *)&addr, sizeof(addr));
}

static long connect_to(void)
{
	return connect(bound, (const struct sockaddr *)&addr, sizeof(addr));
}

static long pair(void)
{
	int sv[2];

	return socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
}

__attribute__((unused)) static long affinity(void)
{
	cpu_set_t set;

	return sched_getaffinity(victim, sizeof(set), &set);
}

#define TRY(what, call) static long what(void) { return call; }

TRY(read_shadow, open("/etc/shadow", O_RDONLY))
TRY(read_environ, open("/proc/1/environ", O_RDONLY))
TRY(list_root, open("/root", O_RDONLY | O_DIRECTORY))
TRY(write_file, open(file, O_WRONLY))
TRY(truncate_open, open(file, O_RDONLY | O_TRUNC))
TRY(truncate_file, truncate(file, 0))
TRY(create_file, open(other, O_RDONLY | O_CREAT, 0777))
TRY(unlink_file, unlink(file))
TRY(rename_file, rename(file, other))
TRY(link_file, link(file, other))
TRY(chmod_file, chmod(file, 0777))
TRY(chmod_number, syscall(NR_FCHMODAT2, AT_FDCWD, file, 0777, 0))
TRY(remove_attribute, removexattr(file, "user.x"))
TRY(set_attribute, syscall(NR_SETXATTRAT, AT_FDCWD, file, 0, "user.x", NULL, 0))
TRY(set_times, utimensat(AT_FDCWD, file, NULL, 0))
TRY(make_folder, mkdir(other, 0700))
TRY(kill_other, kill(victim, SIGKILL))
TRY(tkill_other, syscall(SYS_tkill, victim, SIGKILL))
TRY(tgkill_other, syscall(SYS_tgkill, victim, victim, SIGKILL))
TRY(limit_get, prlimit(1, RLIMIT_NOFILE, NULL, &limit))
TRY(limit_set, prlimit(victim, RLIMIT_NOFILE, &limit, NULL))
TRY(priority, setpriority(PRIO_PROCESS, (id_t)victim, 0))
TRY(inet, socket(AF_INET, SOCK_DGRAM, 0))
TRY(netlink, socket(AF_NETLINK, SOCK_RAW, 0))
TRY(unix_socket, socket(AF_UNIX, SOCK_DGRAM, 0))
TRY(listen_on, listen(bound, 1))
TRY(tiocsti, ioctl(0, TIOCSTI, "x"))
TRY(tioclinux, ioctl(0, TIOCLINUX, "x"))
TRY(inotify, inotify_init1(0))
TRY(fanotify, syscall(SYS_fanotify_init, 0, 0))
TRY(landlock, syscall(444, NULL, 0, 1))
TRY(filter, syscall(SYS_seccomp, 2, 0, &(unsigned int){ 0x7fff0000 }))
TRY(dumpable, prctl(PR_SET_DUMPABLE, 1))
TRY(shared_memory, syscall(SYS_shmget, 0, 4096, 01600))
TRY(message_queue, syscall(SYS_mq_open, "x", O_CREAT | O_RDWR, 0600, NULL))
TRY(messages, syscall(SYS_msgget, 0, 01600))
TRY(pidfd, syscall(SYS_pidfd_open, 1, 0))
TRY(io_uring, syscall(SYS_io_uring_setup, 1, NULL))
TRY(mrelease, a_number(NR_PROCESS_MRELEASE))
TRY(migrate, syscall(SYS_migrate_pages, victim, 0, NULL, NULL))
TRY(a_process, syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0))
TRY(list_mounts, a_number(NR_LISTMOUNT))
TRY(tree_attr, a_number(NR_OPEN_TREE_ATTR))
TRY(set_uid, syscall(SYS_setuid, 0))
TRY(capabilities, syscall(SYS_capset, NULL, NULL))
TRY(domain_name, sethostname("x", 1))
TRY(set_clock, syscall(SYS_clock_settime, 0, NULL))
TRY(kernel_log, syscall(SYS_syslog, 3, file, sizeof(file)))
TRY(perf, syscall(SYS_perf_event_open, NULL, 0, 0, -1, 0))
TRY(compare, syscall(SYS_kcmp, victim, getpid(), 0, 0, 0))
/* These end the process. */
TRY(exec, syscall(SYS_execve, "/bin/true", NULL, NULL))
TRY(exec_at, syscall(SYS_execveat, 0, "/bin/true", NULL, NULL, 0))
TRY(trace, syscall(SYS_ptrace, 16, victim, 0, 0))
TRY(read_other, syscall(SYS_process_vm_readv, victim, NULL, 0, NULL, 0, 0))
TRY(mount_it, syscall(SYS_mount, "none", folder, "tmpfs", 0, NULL))
TRY(unmount, syscall(SYS_umount2, folder, 0))
TRY(change_root, syscall(SYS_chroot, folder))
TRY(unshare_it, syscall(SYS_unshare, CLONE_NEWNS))
TRY(enter, syscall(SYS_setns, -1, 0))
TRY(bpf, syscall(SYS_bpf, 0, NULL, 0))
TRY(userfault, syscall(SYS_userfaultfd, 0))
TRY(swap, syscall(SYS_swapon, file, 0))
TRY(module, syscall(SYS_finit_module, -1, "", 0))
TRY(keys, syscall(SYS_keyctl, 0, 0, 0, 0, 0))
TRY(by_handle, syscall(SYS_open_by_handle_at, -1, NULL, 0))

#define ROW(what, ends) { #what, what, ends }

static const struct attempt {
	const char *name;
	long (*call)(void);
	bool ends;
} attempts[] = {
	ROW(read_shadow, false), ROW(read_environ, false), ROW(list_root, false),
	ROW(write_file, false), ROW(truncate_open, false), ROW(truncate_file, false),
	ROW(create_file, false), ROW(unlink_file, false), ROW(rename_file, false),
	ROW(link_file, false), ROW(chmod_file, false), ROW(chmod_number, false),
	ROW(remove_attribute, false), ROW(set_attribute, false), ROW(set_times, false),
	ROW(make_folder, false), ROW(kill_other, false), ROW(tkill_other, false),
	ROW(tgkill_other, false), ROW(queue_signal, false), ROW(limit_get, false),
	ROW(limit_set, false), ROW(priority, false), ROW(inet, false),
#if !SANDBOX_SANITIZED
	ROW(affinity, false),
#endif
	ROW(netlink, false), ROW(unix_socket, false), ROW(pair, false), ROW(connect_to, false),
	ROW(send_to, false), ROW(listen_on, false), ROW(exec_page, false), ROW(tiocsti, false),
	ROW(tioclinux, false), ROW(inotify, false), ROW(fanotify, false), ROW(landlock, false),
	ROW(filter, false), ROW(dumpable, false), ROW(shared_memory, false),
	ROW(message_queue, false), ROW(messages, false), ROW(pidfd, false), ROW(io_uring, false),
	ROW(mrelease, false), ROW(migrate, false), ROW(a_process, false), ROW(list_mounts, false),
	ROW(tree_attr, false), ROW(set_uid, false), ROW(capabilities, false),
	ROW(domain_name, false), ROW(set_clock, false), ROW(kernel_log, false), ROW(perf, false),
	ROW(compare, false),
	ROW(exec, true), ROW(exec_at, true), ROW(trace, true), ROW(read_other, true),
	ROW(mount_it, true), ROW(unmount, true), ROW(change_root, true), ROW(unshare_it, true),
	ROW(enter, true), ROW(bpf, true), ROW(userfault, true), ROW(swap, true),
	ROW(module, true), ROW(keys, true), ROW(by_handle, true),
};

static const struct attempt *now;

static int attempt(void)
{
	long ret;

	child_enter(SANDBOX_CALLS_SERVE, NULL);
	errno = 0;
	ret = now->call();
	if (!REFUSED(ret)) {
		fprintf(stderr, "%s: %ld, errno %d\n", now->name, ret, errno);
		return 1;
	}
	child_report();
	return 0;
}

/* What is refused is named. */
static void test_attempts(void **state)
{
	static const char refused[] = "refused system call";
	static const char ends[] = "error: refused system call ";
	char said[512];

	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		int status;

		now = &attempts[i];
		status = child_run(attempt, said, sizeof(said));
		if (now->ends ? !WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS
			      : status != 0)
			print_message("%s: status %#x, said: %s\n", now->name, status, said);
		assert_int_equal(now->ends ? WTERMSIG(status) : status, now->ends ? SIGSYS : 0);
		assert_memory_equal(said, now->ends ? ends : refused,
				    strlen(now->ends ? ends : refused));
	}
}

static void test_victims(void **state)
{
	struct rlimit now_limit;
	char text[32] = "";
	struct stat st;
	int fd = open(file, O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof(text)), strlen(CONTENT));
	assert_string_equal(text, CONTENT);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	close(fd);
	assert_int_equal(access(other, F_OK), -1);
	assert_int_equal(waitpid(victim, NULL, WNOHANG), 0);
	assert_int_equal(prlimit(victim, RLIMIT_NOFILE, NULL, &now_limit), 0);
	assert_true(now_limit.rlim_cur > 1);
}

static int make_victims(void **state)
{
	int fd;

	if (!mkdtemp(folder))
		return -1;
	snprintf(file, sizeof(file), "%s/file", folder);
	snprintf(other, sizeof(other), "%s/other", folder);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/socket", folder);
	fd = open(file, O_CREAT | O_WRONLY, 0600);
	if (fd < 0 || write(fd, CONTENT, strlen(CONTENT)) < 0)
		return -1;
	close(fd);
	bound = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (bound < 0 || bind(bound, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -1;
	victim = fork();
	if (!victim)
		for (;;)
			pause();
	return victim < 0 ? -1 : 0;
}

static int end_victims(void **state)
{
	kill(victim, SIGKILL);
	waitpid(victim, NULL, 0);
	close(bound);
	unlink(addr.sun_path);
	unlink(file);
	unlink(other);
	rmdir(folder);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attempts),
		cmocka_unit_test(test_victims),
	};

	return cmocka_run_group_tests_name("attacks", tests, make_victims, end_victims);
}
