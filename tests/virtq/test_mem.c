// SPDX-License-Identifier: BSD-3-Clause
/*
 * The guest memory map: what is refused, lookups, snapshots, and a file that is cut short under us.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/fd.h"
#include "harness.h"
#include "virtq/view.h"

#define PAGE 4096ull

static int file(uint64_t size)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	return fd;
}

static struct vmedia_mem_desc region(int fd, uint64_t gpa, uint64_t size, uint64_t uva,
				     uint64_t off)
{
	return (struct vmedia_mem_desc){
		.fd = fd, .gpa = gpa, .size = size, .uva = uva, .fd_offset = off
	};
}

static void refused(struct vmedia_mem_desc *d, unsigned int n, int err)
{
	struct vmedia_mem *mem = NULL;

	assert_int_equal(vmedia_mem_create(d, n, &mem), err);
	assert_null(mem);
}

static void test_refusals(void **state)
{
	int fd = file(16 * PAGE), pipefd[2], ro, served;
	struct vmedia_mem_desc d[2], many[VMEDIA_MEM_MAX_REGIONS + 1];
	uint64_t top = ~0ull - PAGE + 1;
	char path[32];

	d[0] = region(fd, 0, 0, 0, 0);
	refused(d, 1, -EINVAL);
	d[0] = region(fd, top, 2 * PAGE, 0, 0);
	refused(d, 1, -EINVAL);
	d[0] = region(fd, 0, 2 * PAGE, top, 0);
	refused(d, 1, -EINVAL);
	d[0] = region(fd, 0, 2 * PAGE, 0, top);
	refused(d, 1, -EINVAL);
	d[0] = region(fd, 0, ~0ull, 0, 0);
	refused(d, 1, -EINVAL);
	d[0] = region(fd, 0, 17 * PAGE, 0, 0);
	refused(d, 1, -EINVAL);
	d[0] = region(fd, 0, PAGE, 0, 15 * PAGE + 1);
	refused(d, 1, -EINVAL);
	d[0] = region(-1, 0, PAGE, 0, 0);
	refused(d, 1, -EINVAL);
	d[0] = region(1000, 0, PAGE, 0, 0);
	refused(d, 1, -EBADF);
	assert_int_equal(pipe(pipefd), 0);
	d[0] = region(pipefd[0], 0, PAGE, 0, 0);
	refused(d, 1, -EINVAL);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ro = open(path, O_RDONLY | O_CLOEXEC);
	d[0] = region(ro, 0, PAGE, 0, 0);
	refused(d, 1, -EACCES);
	/* proc stands for all whose files have somebody behind them */
	served = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	d[0] = region(served, 0, PAGE, 0, 0);
	refused(d, 1, -EINVAL);
	close(served);
	/* overlaps: by gpa, by uva, by one byte */
	d[0] = region(fd, 0, 2 * PAGE, 0, 0);
	d[1] = region(fd, 2 * PAGE - 1, PAGE, 8 * PAGE, 0);
	refused(d, 2, -EINVAL);
	d[1] = region(fd, 8 * PAGE, PAGE, 2 * PAGE - 1, 0);
	refused(d, 2, -EINVAL);
	for (unsigned int i = 0; i < VMEDIA_ARRAY_SIZE(many); i++)
		many[i] = region(fd, i * PAGE, PAGE, i * PAGE, 0);
	refused(many, VMEDIA_ARRAY_SIZE(many), -E2BIG);
	close(fd);
	close(ro);
	close(pipefd[0]);
	close(pipefd[1]);
}

/*
 * A file of larger pages is mapped from the beginning of one, wherever in it the region begins. No
 * page is taken: the machine may have none to spare.
 */
static void test_large_pages(void **state)
{
	int fd = memfd_create("large", MFD_CLOEXEC | MFD_HUGETLB | MFD_ALLOW_SEALING);
	struct vmedia_mem_desc d = region(fd, 0x10000, 4 * PAGE, 0x10000, PAGE);
	struct vmedia_mem *mem;
	struct statx st;

	if (fd < 0)
		skip();
	assert_int_equal(vmedia_fd_stat(fd, &st), 0);
	assert_true(st.stx_blksize > PAGE);
	assert_int_equal(ftruncate(fd, st.stx_blksize), 0);
	assert_int_equal(vmedia_mem_create(&d, 1, &mem), 0);
	assert_int_equal((uintptr_t)vmedia_mem_at(mem, 0x10000, 4 * PAGE) % st.stx_blksize, PAGE);
	vmedia_mem_put(mem);
	close(fd);
}

static void test_lookup(void **state)
{
	int fd = file(16 * PAGE);
	struct vmedia_mem_desc d[3] = {
		/* not page-aligned in the file */
		region(fd, 0x100000, 2 * PAGE, 0x7000000, 4 * PAGE + 512),
		region(fd, 0, PAGE, 0x9000000, 0),
		/* touches the first */
		region(fd, 0x100000 + 2 * PAGE, PAGE, 0x8000000, 8 * PAGE),
	};
	struct vmedia_mem *mem;
	struct iovec iov[4];
	char mark[] = "mark";
	uint8_t *p;

	assert_int_equal(pwrite(fd, mark, 4, 4 * PAGE + 512 + 100), 4);
	assert_int_equal(vmedia_mem_create(d, 3, &mem), 0);
	close(fd);	/* it has its own */
	assert_int_equal(vmedia_mem_num_regions(mem), 3);
	vmedia_mem_region(mem, 0, &d[0]);
	assert_int_equal(d[0].gpa, 0);
	p = vmedia_mem_at(mem, 0x100064, 4);
	assert_memory_equal(p, mark, 4);
	assert_ptr_equal(vmedia_mem_uva(mem, 0x7000064, 4), p);
	assert_non_null(vmedia_mem_at(mem, 0x100000, 2 * PAGE));
	assert_null(vmedia_mem_at(mem, 0x100000, 2 * PAGE + 1));
	assert_null(vmedia_mem_at(mem, 0x100000, ~0ull));
	assert_null(vmedia_mem_at(mem, 0xfffff, 1));
	assert_null(vmedia_mem_at(mem, 0x100000 + 3 * PAGE, 0));
	assert_null(vmedia_mem_at(mem, PAGE, 1));
	assert_null(vmedia_mem_uva(mem, 0x7000000 + 2 * PAGE - 1, 2));
	assert_null(vmedia_mem_uva(mem, ~0ull, 1));
	assert_int_equal(vmedia_mem_iov(mem, 0x100000 + PAGE, 2 * PAGE, iov, 4), 2);
	assert_int_equal(iov[0].iov_len, PAGE);
	assert_ptr_equal(iov[1].iov_base, vmedia_mem_at(mem, 0x100000 + 2 * PAGE, 1));
	assert_int_equal(vmedia_mem_iov(mem, 0x100000 + PAGE, 2 * PAGE, iov, 1), -E2BIG);
	assert_int_equal(vmedia_mem_iov(mem, 0x100000 + PAGE, 2 * PAGE + 1, iov, 4), -EFAULT);
	assert_int_equal(vmedia_mem_iov(mem, 0x100000, 0, iov, 4), 0);
	vmedia_mem_put(mem);
}

/* The first and the last byte of the address space: no arithmetic may wrap. */
static void test_top(void **state)
{
	uint8_t *a = malloc(PAGE), *b = malloc(PAGE);
	struct vmedia_mem_desc d[2] = {
		{ .fd = -1, .host = a, .gpa = ~0ull - PAGE + 1, .size = PAGE, .uva = 0x10000 },
		{ .fd = -1, .host = b, .gpa = 0, .size = PAGE, .uva = 0x20000 },
	};
	struct vmedia_gpa_range wrap = { .gpa = ~0ull - 9, .len = 20 };
	struct vmedia_view *view;
	struct vmedia_mem *mem;
	struct iovec iov[4];

	assert_int_equal(vmedia_mem_create(d, 2, &mem), 0);
	assert_ptr_equal(vmedia_mem_at(mem, ~0ull, 1), a + PAGE - 1);
	assert_null(vmedia_mem_at(mem, ~0ull, 2));
	assert_int_equal(vmedia_mem_iov(mem, ~0ull - 9, 20, iov, 4), -EFAULT);
	assert_int_equal(vmedia_mem_iov(mem, ~0ull - 9, 10, iov, 4), 1);
	assert_int_equal(vmedia_view_create(mem, &wrap, 1, 0, &view), -EFAULT);
	vmedia_mem_put(mem);
	free(a);
	free(b);
}

static void test_snapshots(void **state)
{
	int fd = file(4 * PAGE);
	struct vmedia_mem_desc d = region(fd, 0, PAGE, 0, 0);
	struct vmedia_mem *one, *two, *three;
	uint8_t *p;

	assert_int_equal(vmedia_mem_create(&d, 1, &one), 0);
	assert_int_equal(vmedia_mem_add(one, &d, &two), -EINVAL);
	d = region(fd, 4 * PAGE, PAGE, 4 * PAGE, PAGE);
	assert_int_equal(vmedia_mem_add(one, &d, &two), 0);
	assert_null(vmedia_mem_at(one, 4 * PAGE, 1));
	p = vmedia_mem_at(two, 4 * PAGE, 1);
	assert_non_null(p);
	assert_int_equal(vmedia_mem_remove(two, 4 * PAGE, PAGE, 0, &three), -ENOENT);
	assert_int_equal(vmedia_mem_remove(two, 4 * PAGE, PAGE + 1, 4 * PAGE, &three), -ENOENT);
	assert_int_equal(vmedia_mem_remove(two, 4 * PAGE + 1, PAGE, 4 * PAGE, &three), -ENOENT);
	assert_int_equal(vmedia_mem_remove(two, 4 * PAGE, PAGE, 4 * PAGE, &three), 0);
	assert_null(vmedia_mem_at(three, 4 * PAGE, 1));
	vmedia_mem_put(one);
	vmedia_mem_put(three);
	*p = 1;		/* still mapped: two has it */
	vmedia_mem_put(two);
	close(fd);
}

/* Mappings of the test's file. */
static unsigned int count_maps(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned int n = 0;
	char line[512];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		n += strstr(line, "memfd:test") != NULL;
	fclose(f);
	return n;
}

static void test_no_leak(void **state)
{
	int fd = file(64 * PAGE), probe;
	struct vmedia_mem_desc d[32], more = region(fd, 1 << 30, PAGE, 1 << 30, 0);
	struct vmedia_mem *mem, *next;

	for (int i = 0; i < 32; i++)
		d[i] = region(fd, (uint64_t)i * PAGE * 2, PAGE, (uint64_t)i * PAGE * 2,
			      (uint64_t)i * PAGE * 2);
	for (int i = 0; i < 300; i++) {
		assert_int_equal(vmedia_mem_create(d, 32, &mem), 0);
		assert_int_equal(vmedia_mem_add(mem, &more, &next), 0);
		vmedia_mem_put(mem);
		vmedia_mem_put(next);
	}
	assert_int_equal(count_maps(), 0);
	probe = dup(fd);
	assert_int_equal(probe, fd + 1);	/* no fd was left open */
	close(probe);
	close(fd);
}

static void test_truncated(void **state)
{
	int fd = file(16 * PAGE);
	struct vmedia_mem_desc d = region(fd, 0, 16 * PAGE, 0, 0);
	struct vmedia_gpa_range sg[2] = { { 8 * PAGE, PAGE }, { 4 * PAGE, PAGE } };
	struct vmedia_view *view;
	struct vmedia_mem *mem, *other;
	volatile uint8_t *p;
	uint8_t sum = 0;

	assert_int_equal(vmedia_mem_guard_install(), 0);
	assert_int_equal(vmedia_mem_guard_install(), 0);
	assert_int_equal(vmedia_mem_create(&d, 1, &mem), 0);
	assert_int_equal(vmedia_view_create(mem, sg, 2, 0, &view), 0);
	assert_true(view->mapped);
	p = vmedia_mem_at(mem, 0, 16 * PAGE);
	memset((void *)(uintptr_t)p, 0x55, 16 * PAGE);
	assert_int_equal(((uint8_t *)view->data)[PAGE + 1], 0x55);
	assert_false(vmedia_mem_broken(mem));
	assert_int_equal(ftruncate(fd, 0), 0);
	for (unsigned int i = 0; i < 16 * PAGE; i++) {
		sum |= p[i];
		p[i] = 1;
	}
	assert_int_equal(sum, 0);
	assert_true(vmedia_mem_broken(mem));
	vmedia_view_put(view);
	vmedia_mem_put(mem);

	/* the same through a view only, and seen by a later snapshot too */
	assert_int_equal(ftruncate(fd, 16 * PAGE), 0);
	assert_int_equal(vmedia_mem_create(&d, 1, &mem), 0);
	assert_int_equal(vmedia_view_create(mem, sg, 2, 0, &view), 0);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_false(vmedia_view_broken(view));
	memset(view->data, 7, view->len);
	assert_true(vmedia_view_broken(view));
	d = region(-1, 32 * PAGE, PAGE, 32 * PAGE, 0);
	d.host = view;
	assert_int_equal(vmedia_mem_add(mem, &d, &other), 0);
	assert_true(vmedia_mem_broken(other));
	vmedia_mem_put(other);
	vmedia_view_put(view);
	vmedia_mem_put(mem);
	close(fd);
}

static void exit_42(int sig)
{
	(void)sig;
	_exit(42);
}

/*
 * A child that has @old for SIGBUS, then the guard, then touches memory that is not the guest's.
 * Its exit status.
 */
static int touch_elsewhere(void (*old)(int))
{
	int fd = file(PAGE), status;
	volatile uint8_t *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	pid_t pid;

	assert_true((void *)(uintptr_t)p != MAP_FAILED);
	assert_int_equal(ftruncate(fd, 0), 0);
	fflush(stdout);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		signal(SIGBUS, old);
		vmedia_mem_guard_install();
		p[0] = 1;
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	munmap((void *)(uintptr_t)p, PAGE);
	close(fd);
	return status;
}

/*
 * Elsewhere, SIGBUS does what it did before. First of the tests: a process installs the guard once.
 */
static void test_other_sigbus(void **state)
{
	int status = touch_elsewhere(SIG_DFL);

	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
	status = touch_elsewhere(exit_42);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_other_sigbus),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_large_pages),
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_top),
		cmocka_unit_test(test_snapshots),
		cmocka_unit_test(test_no_leak),
		cmocka_unit_test(test_truncated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
