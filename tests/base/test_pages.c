// SPDX-License-Identifier: BSD-3-Clause
/*
 * Memory made present: counted by the faults of the thread that uses it afterwards. Memory freed by
 * the thread: a job before it, which waits for the test, shows that nobody else does so.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sched.h>
#include <semaphore.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "base/fd.h"
#include "base/pages.h"

#define LARGE	(16u << 20)
#define SMALL	(16u << 10)

struct memory {
	int fd;
	uint8_t *data;
	size_t len;
	struct vmedia_pages_job job;
	bool released; /* atomic */
	pthread_t by;
	sem_t *gate; /* released when it opens, or NULL */
};

static void memory_make(struct memory *m, size_t len)
{
	*m = (struct memory){ .fd = vmedia_memfd("test", len), .len = len };
	m->data = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
	assert_true(m->data != MAP_FAILED);
}

static void memory_unmap(struct vmedia_pages_job *job)
{
	struct memory *m = vmedia_container_of(job, struct memory, job);

	if (m->gate && gettid() != getpid()) { /* the test itself must not come here */
		while (sem_wait(m->gate))
			;
	}
	vmedia_pages_unmap(m->data, m->len);
	m->by = pthread_self();
	__atomic_store_n(&m->released, true, __ATOMIC_RELEASE);
}

static void memory_free(struct vmedia_pages *p, struct memory *m)
{
	vmedia_fd_close(&m->fd);
	vmedia_pages_release(p, &m->job, m->len, m->len, memory_unmap);
}

static bool memory_mapped(const struct memory *m)
{
	return !msync(m->data, m->len, MS_ASYNC);
}

static bool memory_released(const struct memory *m)
{
	return __atomic_load_n(&m->released, __ATOMIC_ACQUIRE);
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
	struct vmedia_pages p;
	struct memory m[4], cold;

	vmedia_pages_init(&p, UINT64_MAX);
	for (int i = 0; i < 4; i++) {
		memory_make(&m[i], i ? LARGE : SMALL);
		m[i].data[0] = 42;		/* what is there stays */
		vmedia_pages_populate(&p, &m[i].job, m[i].data, m[i].len);
	}
	vmedia_pages_wait(&p);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(use(&m[i]), 0);
		assert_int_equal(m[i].data[0], 42);
	}
	/* the counting counts */
	memory_make(&cold, LARGE);
	assert_true(use(&cold) > 0);
	memory_free(&p, &cold);
	for (int i = 0; i < 4; i++)
		memory_free(&p, &m[i]);
	vmedia_pages_finish(&p);
}

/* Memory is released wherever its job is, and finish() misses none. */
static void test_release(void **state)
{
	struct vmedia_pages p;
	struct memory m[8];

	vmedia_pages_init(&p, UINT64_MAX);
	for (int round = 0; round < 30; round++) {
		for (int i = 0; i < 8; i++) {
			memory_make(&m[i], LARGE);
			vmedia_pages_populate(&p, &m[i].job, m[i].data, m[i].len);
		}
		for (int i = 0; i < 8; i++)
			memory_free(&p, &m[round % 2 ? i : 7 - i]);
		if (round < 29)
			vmedia_pages_wait(&p);
		else
			vmedia_pages_finish(&p);
		for (int i = 0; i < 8; i++) {
			assert_true(memory_released(&m[i]));
			assert_false(memory_mapped(&m[i]));
		}
	}
}

/* Who frees does not unmap, and does not wait for the thread, even if that populates the memory. */
static void test_elsewhere(void **state)
{
	struct memory first, small, large[3];
	struct vmedia_pages p;
	sem_t gate;

	sem_init(&gate, 0, 0);
	vmedia_pages_init(&p, UINT64_MAX);
	memory_make(&first, LARGE);
	first.gate = &gate;
	memory_free(&p, &first);
	for (int i = 0; i < 3; i++) {
		memory_make(&large[i], LARGE);
		if (i)
			vmedia_pages_populate(&p, &large[i].job, large[i].data, LARGE);
		memory_free(&p, &large[i]);
		assert_true(memory_mapped(&large[i]));
	}
	/* what is small goes at once, by the caller */
	memory_make(&small, SMALL);
	memory_free(&p, &small);
	assert_true(memory_released(&small));
	assert_true(pthread_equal(small.by, pthread_self()));
	assert_false(memory_mapped(&small));
	assert_false(memory_released(&first));
	sem_post(&gate);
	vmedia_pages_wait(&p);
	for (int i = 0; i < 3; i++) {
		assert_true(memory_released(&large[i]));
		assert_false(pthread_equal(large[i].by, pthread_self()));
		assert_false(memory_mapped(&large[i]));
	}
	vmedia_pages_finish(&p);
	sem_destroy(&gate);
}

/* Bytes of the file that the host holds. */
static uint64_t memory_present(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return (uint64_t)st.st_blocks * 512;
}

/* The pages go with the mapping, whoever still has the file; unmap() leaves them. */
static void test_discard(void **state)
{
	struct memory m[2];

	for (int i = 0; i < 2; i++) {
		memory_make(&m[i], LARGE + SMALL);
		use(&m[i]);
		assert_int_equal(memory_present(m[i].fd), m[i].len);
	}
	vmedia_pages_unmap(m[0].data, m[0].len);
	vmedia_pages_discard(m[1].data, m[1].len);
	assert_int_equal(memory_present(m[0].fd), m[0].len);
	assert_int_equal(memory_present(m[1].fd), 0);
	for (int i = 0; i < 2; i++) {
		assert_false(memory_mapped(&m[i]));
		vmedia_fd_close(&m[i].fd);
	}
}

static void *open_late(void *arg)
{
	for (int i = 0; i < 1000; i++)
		sched_yield();
	sem_post(arg);
	return NULL;
}

/* No more than max_held bytes wait, but for one piece that is larger. */
static void test_bound(void **state)
{
	struct memory first, second, third;
	struct vmedia_pages p;
	pthread_t thread;
	sem_t gate;

	sem_init(&gate, 0, 0);
	vmedia_pages_init(&p, LARGE + LARGE / 2);
	memory_make(&first, 2 * LARGE);
	first.gate = &gate;
	memory_free(&p, &first);
	assert_int_equal(pthread_create(&thread, NULL, open_late, &gate), 0);
	memory_make(&second, LARGE);
	second.gate = &gate;
	memory_free(&p, &second);
	assert_true(memory_released(&first));
	/* less than the rest: no wait */
	memory_make(&third, LARGE / 2);
	memory_free(&p, &third);
	assert_false(memory_released(&second));
	sem_post(&gate);
	vmedia_pages_finish(&p);
	assert_true(memory_released(&third));
	assert_int_equal(pthread_join(thread, NULL), 0);
	sem_destroy(&gate);
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
	struct vmedia_pages p;
	struct memory m;
	int status = 0;

	vmedia_pages_init(&p, UINT64_MAX);
	memory_make(&m, LARGE);
	m.data[0] = 42;
	vmedia_pages_populate(&p, &m.job, m.data, m.len);
	vmedia_pages_wait(&p);
	if (use(&m) || m.data[0] != 42)
		status = 1;
	memory_free(&p, &m);
	vmedia_pages_finish(&p);
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
		cmocka_unit_test(test_release),
		cmocka_unit_test(test_elsewhere),
		cmocka_unit_test(test_discard),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_old_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
