/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The filters of system calls, each in a child process: lists, what is left to serve, and what is
 * refused. The attacks on other processes and on files are in test_attacks.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <seccomp.h>

#include "base/fd.h"
#include "child.h"
#include "sandbox/calls.h"
#include "sandbox/sandbox.h"
#include "sandbox/sanitizer.h"

/* ---- Lists ---- */

static unsigned int get(enum sandbox_calls_stage stage, const char **names)
{
	unsigned int n = sandbox_calls_names(stage, NULL, names, SANDBOX_CALLS_MAX);

	assert_true(n > 0 && n < SANDBOX_CALLS_MAX);
	for (unsigned int i = 0; i < n; i++) {
		assert_true(seccomp_syscall_resolve_name(names[i]) >= 0);
		assert_true(i == 0 || strcmp(names[i - 1], names[i]) < 0);
	}
	return n;
}

static bool has(const char *const *names, unsigned int n, const char *name)
{
	for (unsigned int i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static void test_lists(void **state)
{
	const char *serve[SANDBOX_CALLS_MAX], *start[SANDBOX_CALLS_MAX], *keep[SANDBOX_CALLS_MAX];
	unsigned int num_serve = get(SANDBOX_CALLS_SERVE, serve);
	unsigned int num_start = get(SANDBOX_CALLS_START, start);

	unsigned int num_keep = get(SANDBOX_CALLS_KEEPER, keep);

	print_message("serving: %u calls; start: %u; keeper: %u\n", num_serve, num_start,
		      num_keep);
#if defined(__x86_64__) && !SANDBOX_SANITIZED
	assert_true(num_serve <= 40);
#endif
	for (unsigned int i = 0; i < num_serve; i++)
		assert_true(has(start, num_start, serve[i]));
	assert_true(has(serve, num_serve, "recvmsg"));
	assert_true(has(keep, num_keep, "unlink") || has(keep, num_keep, "unlinkat"));
	assert_false(has(keep, num_keep, "openat"));
	assert_false(has(serve, num_serve, "execve"));
	assert_false(has(start, num_start, "execve"));
}

static void test_wrong_lists(void **state)
{
	static const struct {
		const char *list, *said;
	} wrong[] = {
		{ "nosuchcall", "unknown system call 'nosuchcall'" },
		{ "read nosuchcall write", "unknown system call 'nosuchcall'" },
		{ "read|nosuchcall", "unknown system call 'nosuchcall'" },
		{ "read,", "unknown system call 'read,'" },
		{ "READ", "unknown system call 'READ'" },
		{ "read|", "unknown system call ''" },
		{ "|", "unknown system call ''" },
		{ ":any", "unknown system call ''" },
		{ "ioctl", "system call ioctl: '' is no argument of it" },
		{ "ioctl:", "system call ioctl: '' is no argument of it" },
		{ "ioctl:VV", "system call ioctl: 'VV' is no argument of it" },
		{ "read:exec", "system call read: 'exec' is no argument of it" },
		{ "mmap:", "system call mmap: '' is no argument of it" },
		{ "mmap:any:any", "system call mmap: 'any:any' is no argument of it" },
	};
	char why[256], longest[300];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		why[0] = 0;
		assert_int_equal(sandbox_calls_check(wrong[i].list, why, sizeof(why)), -EINVAL);
		assert_memory_equal(why, wrong[i].said, strlen(wrong[i].said));
		assert_int_equal(sandbox_calls_load(SANDBOX_CALLS_SERVE, wrong[i].list, why,
						    sizeof(why)), -EINVAL);
		assert_int_equal(sandbox_calls_names(SANDBOX_CALLS_SERVE, wrong[i].list, NULL, 0),
				 0);
	}
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = 0;
	assert_int_equal(sandbox_calls_check(longest, why, sizeof(why)), -EINVAL);
	assert_int_equal(sandbox_calls_check("", why, sizeof(why)), 0);
	assert_int_equal(sandbox_calls_check(" sysinfo\tioctl:V\nioctl:d  epoll_wait|epoll_pwait "
					     "mmap:exec openat:rw fcntl:any ", why, sizeof(why)),
			 0);
}

static void test_size(void **state)
{
	static const enum sandbox_calls_stage stages[] = { SANDBOX_CALLS_START,
							   SANDBOX_CALLS_SERVE,
							   SANDBOX_CALLS_KEEPER };
	static const char *const names[] = { "start", "serving", "keeper" };
	struct sandbox_filter f;
	char why[256] = "";

	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		assert_int_equal(sandbox_calls_build(&f, stages[i], NULL, why, sizeof(why)), 0);
		print_message("%s: %u calls, %u instructions\n", names[i], f.calls, f.len);
#if !SANDBOX_SANITIZED
		assert_in_range(f.len, f.calls, stages[i] == SANDBOX_CALLS_START ? 255 : 199);
#endif
	}
}

/* ---- Numbers ---- */

static int unknown_numbers(void)
{
	struct pollfd p = { .events = POLLIN };

	EXPECT(sandbox_calls_fd() == -1);
	child_enter(SANDBOX_CALLS_SERVE, NULL);
	p.fd = sandbox_calls_fd();
	EXPECT(poll(&p, 1, 0) == 0);
	EXPECT(syscall(999) == -1 && errno == ENOSYS);
	EXPECT(syscall(4095) == -1 && errno == ENOSYS);
	EXPECT(syscall(4096) == -1 && errno == ENOSYS);
	EXPECT(syscall(0x3fffffff) == -1 && errno == ENOSYS);
	EXPECT(poll(&p, 1, 0) == 1);
	child_report();
	EXPECT(poll(&p, 1, 0) == 0);
	/* known by now */
	EXPECT(syscall(999) == -1 && errno == ENOSYS);
	EXPECT(poll(&p, 1, 0) == 0);
	child_report();
	return 0;
}

static void test_unknown_numbers(void **state)
{
	child_is_well(unknown_numbers, "refused system call number 999\n"
				       "refused system call number 4095\n"
				       "refused system calls with numbers above 4095\n");
}

static int refused_calls(void)
{
	child_enter(SANDBOX_CALLS_SERVE, NULL);
	EXPECT(syscall(SYS_getppid) == -1 && errno == EPERM);
	EXPECT(syscall(SYS_getppid) == -1 && errno == EPERM);
	EXPECT(sysconf(_SC_NPROCESSORS_ONLN) > 0);
	EXPECT(open("/proc/sys/vm/overcommit_memory", O_RDONLY) == -1 && errno == EPERM);
	EXPECT(syscall(SYS_clone3, NULL, 0) == -1 && errno == ENOSYS);
	EXPECT(syscall(SYS_openat2, 0, "/", NULL, 0) == -1 && errno == ENOSYS);
	child_report();
	EXPECT(open("/etc/passwd", O_RDONLY) == -1 && errno == EPERM);
	child_report();
	return 0;
}

static void test_refused_calls(void **state)
{
	char wanted[128];

	snprintf(wanted, sizeof(wanted), "refused system call getppid (%ld)\n"
		 "refused system call openat (%ld)\n", (long)SYS_getppid, (long)SYS_openat);
	child_is_well(refused_calls, wanted);
}

#ifdef __x86_64__
static int of_i386(void)
{
	long ret = 20; /* getpid */

	child_enter(SANDBOX_CALLS_SERVE, NULL);
	__asm__ volatile("int $0x80" : "+a"(ret) : : "memory", "r8", "r9", "r10", "r11");
	return 1;
}

static int of_x32(void)
{
	child_enter(SANDBOX_CALLS_SERVE, NULL);
	syscall(0x40000000 | SYS_getpid);
	return 1;
}

static void test_other_architectures(void **state)
{
	char said[512];
	int status = child_run(of_i386, said, sizeof(said));

	assert_true(WIFSIGNALED(status));
	/* SIGSEGV: a kernel without calls of i386 */
	assert_true(WTERMSIG(status) == SIGSYS || WTERMSIG(status) == SIGSEGV);
	child_dies(of_x32, SIGSYS, "");
}
#endif

/* ---- Threads ---- */

#define THREADS 4

static sem_t ready, go;

/* Returns NULL if a refused call fails as it should. */
static void *call_refused(void *arg)
{
	sem_post(&ready);
	while (arg && sem_wait(&go) < 0)
		;
	return syscall(SYS_getppid) == -1 && errno == EPERM ? NULL : arg;
}

static int threads_before_and_after(void)
{
	pthread_t before[THREADS], after[THREADS];
	void *wrong;

	sem_init(&ready, 0, 0);
	sem_init(&go, 0, 0);
	for (int i = 0; i < THREADS; i++)
		EXPECT(pthread_create(&before[i], NULL, call_refused, &go) == 0);
	for (int i = 0; i < THREADS; i++)
		sem_wait(&ready);
	child_enter(SANDBOX_CALLS_SERVE, NULL);
	for (int i = 0; i < THREADS; i++)
		EXPECT(pthread_create(&after[i], NULL, call_refused, &go) == 0);
	for (int i = 0; i < 2 * THREADS; i++)
		sem_post(&go);
	for (int i = 0; i < THREADS; i++) {
		EXPECT(pthread_join(before[i], &wrong) == 0 && !wrong);
		EXPECT(pthread_join(after[i], &wrong) == 0 && !wrong);
	}
	return 0;
}

static void *attack(void *arg)
{
	syscall(SYS_ptrace, 0, 0, 0, 0);
	return NULL;
}

static int attack_in_a_thread(void)
{
	pthread_t t;

	child_enter(SANDBOX_CALLS_SERVE, NULL);
	pthread_create(&t, NULL, attack, NULL);
	pthread_join(t, NULL);
	return 1;
}

static int signals_were_blocked(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	child_enter(SANDBOX_CALLS_SERVE, NULL);
	EXPECT(syscall(SYS_getppid) == -1 && errno == EPERM);
	return 0;
}

static void test_threads(void **state)
{
	child_is_well(threads_before_and_after, "");
	child_is_well(signals_were_blocked, "");
	child_dies(attack_in_a_thread, SIGSYS, "error: refused system call ptrace, which only an "
					       "attack makes: leaving at once\n");
}

/* Nobody reads what the end would say. */
static int attack_unread(void)
{
	static char fill[4096];
	int p[2];

	EXPECT(pipe2(p, O_NONBLOCK) == 0);
	while (write(p[1], fill, sizeof(fill)) > 0)
		;
	EXPECT(fcntl(p[1], F_SETFL, 0) == 0 && dup2(p[1], STDERR_FILENO) >= 0);
	child_enter(SANDBOX_CALLS_SERVE, NULL);
	attack(NULL);
	return 1;
}

static void test_unread(void **state)
{
	child_dies(attack_unread, SIGSYS, "");
}

/* ---- What is left, and with which arguments ---- */

static void *allocate(void *arg)
{
	char *p;

	prctl(PR_SET_NAME, "some-thread");
	for (size_t size = 1; size < 64u << 20; size *= 2) {
		p = malloc(size);
		if (!p)
			return arg;
		memset(p, 1, size);
		p = realloc(p, 2 * size);
		if (!p)
			return arg;
		free(p);
	}
	return NULL;
}

static int still_works(void)
{
	struct statx st;
	pthread_t t;
	void *wrong;
	int fd;

	child_enter(SANDBOX_CALLS_SERVE, NULL);
	EXPECT(!allocate(&st));
	EXPECT(pthread_create(&t, NULL, allocate, &st) == 0);
	EXPECT(pthread_join(t, &wrong) == 0 && !wrong);
	fd = memfd_create("a", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	EXPECT(fd >= 0 && ftruncate(fd, 4096) == 0);
	EXPECT(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) == 0);
	EXPECT(fcntl(fd, F_DUPFD_CLOEXEC, 0) >= 0);
	EXPECT(vmedia_fd_stat(fd, &st) == 0 && st.stx_size == 4096);
	EXPECT(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED);
	EXPECT(raise(SIGURG) == 0); /* ignored by default */
	child_report();
	return 0;
}

/* A thread with a filter of its own cannot get that of the process. */
static void *diverge(void *arg)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);

	if (!ctx || seccomp_load(ctx) < 0)
		_exit(98);
	sem_post(arg);
	for (;;)
		pause();
}

/* Where the first filter was entered, the process does not serve without the second one. */
static int needs_the_second_filter(void)
{
	struct sandbox sb = SANDBOX_INIT;
	char why[256] = "";
	pthread_t t;
	sem_t there;

	sb.results[SANDBOX_START].state = SANDBOX_ENTERED;
	sem_init(&there, 0, 0);
	EXPECT(pthread_create(&t, NULL, diverge, &there) == 0);
	EXPECT(sem_wait(&there) == 0);
	EXPECT(sandbox_enter_rest(&sb, why, sizeof(why)) == -EPERM);
	EXPECT(strstr(why, "for serving cannot be entered"));
	return 0;
}

static void test_second_filter(void **state)
{
	child_is_well(needs_the_second_filter, "");
}

static int ends_by_abort(void)
{
	child_enter(SANDBOX_CALLS_SERVE, NULL);
	abort();
}

static void test_still_works(void **state)
{
	char said[512];
	int status;

	child_is_well(still_works, "");
	status = child_run(ends_by_abort, said, sizeof(said));
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

static int arguments(void)
{
	struct sigaction sa = { .sa_handler = SIG_IGN };
	struct v4l2_capability caps;
	char *argv[] = { NULL };
	pid_t pid;
	void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t parent = getppid();
	struct statx st;
	int fd = open("/dev/null", O_RDWR);

	child_enter(SANDBOX_CALLS_SERVE, NULL);
	EXPECT(REFUSED(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0) == MAP_FAILED ? -1 : 0));
	EXPECT(REFUSED(mprotect(page, 4096, PROT_READ | PROT_EXEC)));
	EXPECT(REFUSED(syscall(SYS_pkey_mprotect, page, 4096, PROT_EXEC, -1)));
	EXPECT(mprotect(page, 4096, PROT_READ | PROT_WRITE) == 0);
	EXPECT(REFUSED(fcntl(fd, F_SETOWN, parent)));
	EXPECT(REFUSED(fcntl(fd, F_NOTIFY, 0)));
	EXPECT(REFUSED(fcntl(fd, F_SETFL, O_ASYNC)));
	EXPECT(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
	EXPECT(REFUSED(prctl(PR_SET_DUMPABLE, 1)));
	EXPECT(REFUSED(prctl(PR_SET_PTRACER, parent)));
	EXPECT(REFUSED(memfd_create("a", 0)));
	EXPECT(REFUSED(memfd_create("a", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB)));
	EXPECT(REFUSED(syscall(SYS_tgkill, parent, parent, 0)));
	EXPECT(REFUSED(syscall(SYS_tkill, parent, 0)));
	EXPECT(syscall(SYS_tgkill, getpid(), getpid(), 0) == 0);
	EXPECT(REFUSED(statx(AT_FDCWD, "/etc/passwd", 0, STATX_SIZE, &st)));
	EXPECT(REFUSED(sigaction(SIGSYS, &sa, NULL)));
	EXPECT(REFUSED(ioctl(fd, VIDIOC_QUERYCAP, &caps)));
	EXPECT(REFUSED(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)));
	EXPECT(REFUSED(syscall(SYS_clone, 0x00010f00 | 0x00020000, 0, 0, 0, 0)));
	EXPECT(posix_spawn(&pid, "/bin/true", NULL, NULL, argv, NULL) == EPERM);
	return 0;
}

static int more_calls(void)
{
	struct v4l2_capability caps;
	int fd = open("/dev/null", O_RDWR);

	child_enter(SANDBOX_CALLS_SERVE, "getppid ioctl:V mmap:exec fcntl:any");
	EXPECT(getppid() > 0);
	EXPECT(ioctl(fd, VIDIOC_QUERYCAP, &caps) == -1 && errno == ENOTTY);
	EXPECT(REFUSED(ioctl(fd, TIOCSTI, "x")));
	EXPECT(fcntl(fd, F_GETOWN) == 0);
	EXPECT(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	       MAP_FAILED);
	return 0;
}

static int start_reads(void)
{
	child_enter(SANDBOX_CALLS_START, NULL);
	EXPECT(open("/dev/null", O_RDONLY) >= 0);
	EXPECT(REFUSED(open("/dev/null", O_RDWR)));
	EXPECT(REFUSED(open("/dev/null", O_WRONLY)));
	EXPECT(REFUSED(open("/dev/null", O_RDONLY | O_TRUNC)));
	EXPECT(REFUSED(open("/dev/null", O_PATH)));
	EXPECT(REFUSED(openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC)));
	EXPECT(REFUSED(open("/tmp/vmedia-never", O_RDONLY | O_CREAT, 0600)));
	EXPECT(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	       MAP_FAILED);
	return 0;
}

/* No descriptor is made to signal another process. */
static int start_signals(void)
{
	struct f_owner_ex owner = { F_OWNER_PID, getppid() };
	int fd = open("/dev/null", O_RDWR);

	child_enter(SANDBOX_CALLS_START, NULL);
	EXPECT(REFUSED(fcntl(fd, F_SETOWN, owner.pid)));
	EXPECT(REFUSED(fcntl(fd, F_SETOWN_EX, &owner)));
	EXPECT(REFUSED(fcntl(fd, F_SETSIG, SIGKILL)));
	EXPECT(REFUSED(fcntl(fd, F_NOTIFY, 0)));
	EXPECT(REFUSED(fcntl(fd, F_SETFL, O_ASYNC)));
	EXPECT(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
	EXPECT(fcntl(fd, F_DUPFD, 0) > fd);
	return 0;
}

/* Services that start programs listen on sockets of the user's. */
static int start_connects(void)
{
	const struct sockaddr_un addr = { AF_UNIX, "/tmp/vmedia-never" };
	int sv[2], fd = socket(AF_UNIX, SOCK_STREAM, 0);

	child_enter(SANDBOX_CALLS_START, NULL);
	EXPECT(REFUSED(socket(AF_UNIX, SOCK_STREAM, 0)));
	EXPECT(REFUSED(socketpair(AF_UNIX, SOCK_DGRAM, 0, sv)));
	EXPECT(REFUSED(connect(fd, (const struct sockaddr *)&addr, sizeof(addr))));
	return 0;
}

/* A kind that needs to says so. */
static int start_connects_if_asked(void)
{
	const struct sockaddr_un addr = { AF_UNIX, "/tmp/vmedia-never" };
	int fd;

	child_enter(SANDBOX_CALLS_START, "socket connect");
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	EXPECT(fd >= 0);
	EXPECT(connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) == -1 && errno == ENOENT);
	EXPECT(REFUSED(socket(AF_INET, SOCK_STREAM, 0)));
	return 0;
}

static int start_writes(void)
{
	child_enter(SANDBOX_CALLS_START, "openat:rw");
	EXPECT(open("/dev/null", O_RDWR) >= 0);
	EXPECT(REFUSED(open("/tmp", O_TMPFILE | O_RDWR, 0600)));
	EXPECT(REFUSED(open("/dev/null", O_WRONLY | O_TRUNC)));
	EXPECT(REFUSED(open("/dev/null", O_PATH)));
	EXPECT(REFUSED(open("/tmp/vmedia-never", O_WRONLY | O_CREAT, 0600)));
	/* the next filter adds to this one */
	child_enter(SANDBOX_CALLS_SERVE, "openat:rw");
	EXPECT(open("/dev/null", O_RDWR) >= 0);
	return 0;
}

static void test_arguments(void **state)
{
	child_is_well(arguments, "");
	child_is_well(more_calls, "");
	child_is_well(start_reads, "");
	child_is_well(start_signals, "");
	child_is_well(start_connects, "");
	child_is_well(start_connects_if_asked, "");
	child_is_well(start_writes, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_wrong_lists),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_unknown_numbers),
		cmocka_unit_test(test_refused_calls),
#ifdef __x86_64__
		cmocka_unit_test(test_other_architectures),
#endif
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_unread),
		cmocka_unit_test(test_still_works),
		cmocka_unit_test(test_second_filter),
		cmocka_unit_test(test_arguments),
	};

	return cmocka_run_group_tests_name("sandbox calls", tests, NULL, NULL);
}
