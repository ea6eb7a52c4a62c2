// SPDX-License-Identifier: BSD-3-Clause
/*
 * Memory made present: counted by the faults of the thread that uses it afterwards.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/prefault.h"

#define LARGE	(16u << 20)
#define SMALL	(16u << 10)

struct memory {
	int fd;
	uint8_t *data;
	size_t len;
	struct vmedia_prefault_job job;
};

static void memory_make(struct memory *m, size_t len)
{
	*m = (struct memory){ .fd = vmedia_memfd("test", len), .len = len };
	m->data = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
	assert_true(m->data != MAP_FAILED);
}

static void memory_free(struct memory *m)
{
	munmap(m->data, m->len);
	vmedia_fd_close(&m->fd);
}

/* Faults of this thread while it writes to all pages. Sanitizers have memory of their own. */
__attribute__((no_sanitize("address", "thread", "undefined"))) static long use(struct memory *m)
{
	volatile uint8_t *p = m->data;
	struct rusage before, after;
	size_t page = vmedia_page_size();

	getrusage(RUSAGE_THREAD, &before);
	for (size_t i = 0; i < m->len; i += page)
		p[i + 1] = 1;
	getrusage(RUSAGE_THREAD, &after);
	return after.ru_minflt - before.ru_minflt;
}

static void test_present(void **state)
{
	struct vmedia_prefault p;
	struct memory m[4], cold;

	vmedia_prefault_init(&p);
	for (int i = 0; i < 4; i++) {
		memory_make(&m[i], i ? LARGE : SMALL);
		m[i].data[0] = 42;		/* what is there stays */
		vmedia_prefault_start(&p, &m[i].job, m[i].data, m[i].len);
	}
	vmedia_prefault_wait(&p);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(use(&m[i]), 0);
		assert_int_equal(m[i].data[0], 42);
	}
	/* the counting counts */
	memory_make(&cold, LARGE);
	assert_true(use(&cold) > 0);
	memory_free(&cold);
	for (int i = 0; i < 4; i++) {
		vmedia_prefault_cancel(&p, &m[i].job);
		memory_free(&m[i]);
	}
	vmedia_prefault_finish(&p);
}

/* Memory goes at once, wherever its job is; the pages are not missed by anybody. */
static void test_cancel(void **state)
{
	struct vmedia_prefault p;
	struct memory m[8];

	vmedia_prefault_init(&p);
	for (int round = 0; round < 30; round++) {
		for (int i = 0; i < 8; i++) {
			memory_make(&m[i], LARGE);
			vmedia_prefault_start(&p, &m[i].job, m[i].data, m[i].len);
		}
		for (int i = 0; i < 8; i++) {
			int j = round % 2 ? i : 7 - i;

			vmedia_prefault_cancel(&p, &m[j].job);
			memory_free(&m[j]);
		}
	}
	vmedia_prefault_wait(&p);
	vmedia_prefault_finish(&p);
}

/* A kernel that does not know the advice. */
static int refuse_populate(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 23 /* MADV_POPULATE_WRITE */, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 22 /* EINVAL */),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(code[0]), code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0);
}

static int use_without(void)
{
	struct vmedia_prefault p;
	struct memory m;
	int status = 0;

	vmedia_prefault_init(&p);
	memory_make(&m, LARGE);
	m.data[0] = 42;
	vmedia_prefault_start(&p, &m.job, m.data, m.len);
	vmedia_prefault_wait(&p);
	if (use(&m) || m.data[0] != 42)
		status = 1;
	memory_free(&m);
	vmedia_prefault_finish(&p);
	return status;
}

static void test_old_kernel(void **state)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid)
		_exit(refuse_populate() ? 77 : use_without());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_present),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_old_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
