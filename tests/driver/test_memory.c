// SPDX-License-Identifier: BSD-3-Clause
/*
 * Region 0 as a hostile device would have it, mappings that answers only claim, guest RAM and its
 * SG lists. (The reference driver's defect: driver_addr unchecked maps any page into a process.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fake.h"

#define PAGE 4096ull
#define REGION (64 * PAGE)

static int setup(void **state)
{
	vmedia_log_set_level(VMEDIA_LOG_ERR);
	*state = fake_create(1ull << VMEDIA_VIRTIO_F_INDIRECT_DESC, 0, REGION);
	return 0;
}

static int setup_trusting(void **state)
{
	vmedia_log_set_level(VMEDIA_LOG_ERR);
	*state = fake_create(0, VMEDIA_DRIVER_ALLOW_UNSEALED, REGION);
	return 0;
}

static int teardown(void **state)
{
	fake_destroy(*state);
	return 0;
}

static void map_bounds(void **state)
{
	static const struct {
		uint64_t fd_off, off, len;
	} bad[] = {
		{ 0, 0, 0 },
		{ 0, REGION, PAGE },
		{ 0, REGION - PAGE, 2 * PAGE },
		{ 0, 1, PAGE },
		{ 0, 0, PAGE + 1 },
		{ 1, 0, PAGE },
		{ 0, UINT64_MAX - PAGE + 1, PAGE },
		{ 0, UINT64_MAX - PAGE + 1, 2 * PAGE },
		{ 0, 0, UINT64_MAX - PAGE + 1 },
		{ 0, 0, 9 * PAGE },
		{ 8 * PAGE, 0, PAGE },
		{ UINT64_MAX - PAGE + 1, 0, 2 * PAGE },
		{ 0, PAGE, UINT64_MAX & ~(PAGE - 1) },
	};
	struct fake *d = *state;
	int fd = vmedia_memfd("test", 8 * PAGE);
	unsigned int i;

	for (i = 0; i < VMEDIA_ARRAY_SIZE(bad); i++)
		assert_true(vmedia_region_map(d->drv, fd, bad[i].fd_off, bad[i].off, bad[i].len,
					      true) < 0);
	assert_int_equal(fake_stats(d).refused_requests, VMEDIA_ARRAY_SIZE(bad));
	assert_int_equal(fake_stats(d).maps, 0);
	assert_int_equal(vmedia_region_map(d->drv, fd, 0, REGION - 8 * PAGE, 8 * PAGE, true), 0);
	close(fd);
}

static void map_overlaps(void **state)
{
	struct fake *d = *state;
	int fd = vmedia_memfd("test", 8 * PAGE);
	uint64_t off, len;

	assert_int_equal(vmedia_region_map(d->drv, fd, 0, 8 * PAGE, 4 * PAGE, true), 0);
	for (off = 5; off < 12; off++) {
		for (len = 1; len <= 8; len++) {
			if (off + len <= 8)
				continue;
			assert_true(vmedia_region_map(d->drv, fd, 0, off * PAGE, len * PAGE, true) <
				    0);
		}
	}
	assert_int_equal(vmedia_region_map(d->drv, fd, 0, 12 * PAGE, PAGE, true), 0);
	assert_int_equal(vmedia_region_map(d->drv, fd, 0, 7 * PAGE, PAGE, true), 0);
	/* Only what was mapped, whole. */
	assert_true(vmedia_region_unmap(d->drv, 8 * PAGE, 3 * PAGE) < 0);
	assert_true(vmedia_region_unmap(d->drv, 9 * PAGE, 3 * PAGE) < 0);
	assert_true(vmedia_region_unmap(d->drv, 0, PAGE) < 0);
	assert_true(vmedia_region_unmap(d->drv, UINT64_MAX, PAGE) < 0);
	assert_int_equal(vmedia_region_unmap(d->drv, 8 * PAGE, 4 * PAGE), 0);
	assert_true(vmedia_region_unmap(d->drv, 8 * PAGE, 4 * PAGE) < 0);
	assert_int_equal(vmedia_region_map(d->drv, fd, 0, 8 * PAGE, 4 * PAGE, true), 0);
	close(fd);
}

static void unsealed(void **state)
{
	struct fake *d = *state;
	int fd = memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING), pipes[2];

	assert_int_equal(ftruncate(fd, 8 * PAGE), 0);
	assert_true(vmedia_region_map(d->drv, fd, 0, 0, PAGE, true) < 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	assert_int_equal(vmedia_region_map(d->drv, fd, 0, 0, PAGE, true), 0);
	close(fd);
	assert_int_equal(pipe(pipes), 0);
	assert_true(vmedia_region_map(d->drv, pipes[0], 0, PAGE, PAGE, true) < 0);
	assert_true(vmedia_region_map(d->drv, -1, 0, PAGE, PAGE, true) < 0);
	close(pipes[0]);
	close(pipes[1]);
}

static void unsealed_allowed(void **state)
{
	struct fake *d = *state;
	int fd = memfd_create("unsealed", MFD_CLOEXEC);

	assert_int_equal(ftruncate(fd, 8 * PAGE), 0);
	assert_int_equal(vmedia_region_map(d->drv, fd, 0, 0, PAGE, true), 0);
	assert_true(vmedia_region_map(d->drv, fd, 0, PAGE, 9 * PAGE, true) < 0);
	close(fd);
}

static void mmap_answers(void **state)
{
	static const struct {
		uint64_t addr, len;
	} bad[] = {
		{ 0, PAGE },
		{ 8 * PAGE, 5 * PAGE },
		{ 9 * PAGE, 4 * PAGE },
		{ 8 * PAGE + 8, PAGE },
		{ 7 * PAGE, 2 * PAGE },
		{ REGION, PAGE },
		{ REGION - PAGE, 2 * PAGE },
		{ UINT64_MAX - PAGE + 1, PAGE },
		{ 8 * PAGE, UINT64_MAX / 2 },
		{ 0x40000000, PAGE },
		{ 8 * PAGE, 4 * PAGE + 1 },
	};
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 1, V4L2_MEMORY_MMAP);
	int fd = vmedia_memfd("test", 8 * PAGE);
	unsigned int i;
	void *p;

	assert_int_equal(vmedia_region_map(d->drv, fd, 0, 8 * PAGE, 4 * PAGE, true), 0);
	for (i = 0; i < VMEDIA_ARRAY_SIZE(bad); i++) {
		d->map_addr = bad[i].addr;
		d->map_len = bad[i].len;
		assert_int_equal(vmedia_mmap(f, 0, 1, PROT_READ, &p), -EIO);
	}
	assert_int_equal(fake_stats(d).mappings, 0);
	d->map_addr = 8 * PAGE;
	d->map_len = 4 * PAGE - 100;
	assert_int_equal(vmedia_mmap(f, 0, 4 * PAGE, PROT_READ, &p), -EINVAL);
	assert_int_equal(d->munmaps, 1);	/* longer than the plane: undone */
	assert_int_equal(vmedia_mmap(f, 0, 100, PROT_READ | PROT_EXEC, &p), -EINVAL);
	assert_int_equal(vmedia_mmap(f, 0, 0, PROT_READ, &p), -EINVAL);
	assert_int_equal(vmedia_mmap(f, 0, 4 * PAGE - 100, PROT_READ, &p), 0);
	assert_int_equal(vmedia_munmap(d->drv, p), 0);
	assert_int_equal(vmedia_munmap(d->drv, p), -EINVAL);
	assert_int_equal(vmedia_munmap(d->drv, NULL), -EINVAL);
	assert_int_equal(vmedia_munmap(d->drv, &p), -EINVAL);
	vmedia_close(f);
	close(fd);
}

static void mapping_lives(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 1, V4L2_MEMORY_MMAP);
	int fd = vmedia_memfd("test", 8 * PAGE);
	uint8_t *p, *q, c;

	assert_int_equal(vmedia_region_map(d->drv, fd, 0, 8 * PAGE, 4 * PAGE, true), 0);
	d->map_addr = 8 * PAGE;
	d->map_len = 4 * PAGE;
	assert_int_equal(vmedia_mmap(f, 0, 4 * PAGE, PROT_READ | PROT_WRITE, (void **)&p), 0);
	assert_int_equal(vmedia_mmap(f, 0, 4 * PAGE, PROT_READ, (void **)&q), 0);
	assert_ptr_equal(p, q);
	p[100] = 42;
	assert_int_equal(pread(fd, &c, 1, 100), 1);
	assert_int_equal(c, 42);
	assert_int_equal(vmedia_close(f), 0);
	/* Valid until MUNMAP, whatever the device does. */
	assert_int_equal(vmedia_region_unmap(d->drv, 8 * PAGE, 4 * PAGE), -EBUSY);
	p[100] = 43;
	assert_int_equal(vmedia_munmap(d->drv, p), 0);
	assert_int_equal(vmedia_region_unmap(d->drv, 8 * PAGE, 4 * PAGE), -EBUSY);
	assert_int_equal(vmedia_munmap(d->drv, p), 0);
	assert_int_equal(d->munmaps, 2);
	assert_int_equal(d->last_munmap, 8 * PAGE);
	assert_int_equal(vmedia_region_unmap(d->drv, 8 * PAGE, 4 * PAGE), 0);
	close(fd);
}

static void read_only_is_not_writable(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 1, V4L2_MEMORY_MMAP);
	int fd = vmedia_memfd("test", PAGE), status;
	uint8_t *p;
	pid_t pid;

	assert_int_equal(vmedia_region_map(d->drv, fd, 0, 0, PAGE, false), 0);
	d->map_len = PAGE;
	assert_int_equal(vmedia_mmap(f, 0, PAGE, PROT_READ | PROT_WRITE, (void **)&p), -EIO);
	assert_int_equal(vmedia_mmap(f, 0, PAGE, PROT_READ, (void **)&p), 0);
	assert_int_equal(p[5], 0);
	pid = fork();
	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		p[5] = 1;
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_false(WIFEXITED(status) && !WEXITSTATUS(status));
	vmedia_munmap(d->drv, p);
	vmedia_close(f);
	close(fd);
}

static void lie_late_mmap(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 1, V4L2_MEMORY_MMAP);
	int fd = vmedia_memfd("test", PAGE);
	void *p;

	assert_int_equal(vmedia_region_map(d->drv, fd, 0, 0, PAGE, true), 0);
	d->map_len = PAGE;
	d->hold = true;
	assert_int_equal(vmedia_mmap(f, 0, PAGE, PROT_READ, &p), -ETIMEDOUT);
	d->hold = false;
	fake_release(d);
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	fake_turn(d);
	assert_int_equal(d->munmaps, 1);	/* what nobody will use is given back */
	vmedia_close(f);
	close(fd);
}

/* ---- Guest RAM ---- */

/* xorshift32: enough to pick sizes with. */
static unsigned int pick(unsigned int *seed, unsigned int below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed % below;
}

static void arena_random(void **state)
{
	struct vmedia_arena a;
	struct {
		uint64_t first, n;
	} have[64] = { 0 };
	const char *env = getenv("VMEDIA_TEST_SEED");
	unsigned int seed = env ? (unsigned int)atoi(env) : (unsigned int)time(NULL), i, k;
	uint64_t total = 0, p;

	print_message("seed %u\n", seed);
	seed |= 1;
	assert_int_equal(vmedia_arena_init(&a, 300 * PAGE), 0);
	for (i = 0; i < 20000; i++) {
		k = pick(&seed, 64);
		if (have[k].n) {
			for (p = 0; p < have[k].n; p++)
				assert_int_equal(
					*(uint32_t *)vmedia_arena_ptr(&a, have[k].first + p),
					k + 1);
			vmedia_arena_free(&a, have[k].first, have[k].n);
			total -= have[k].n;
			have[k].n = 0;
			continue;
		}
		have[k].n = 1 + pick(&seed, 20);
		if (vmedia_arena_alloc(&a, have[k].n, &have[k].first)) {
			have[k].n = 0;
			continue;
		}
		total += have[k].n;
		for (p = 0; p < have[k].n; p++) {
			assert_int_equal(*(uint32_t *)vmedia_arena_ptr(&a, have[k].first + p), 0);
			*(uint32_t *)vmedia_arena_ptr(&a, have[k].first + p) = k + 1;
		}
		assert_int_equal(a.free, 300 - total);
	}
	assert_int_equal(vmedia_arena_alloc(&a, 301, &p), -ENOMEM);
	assert_int_equal(vmedia_arena_alloc(&a, 0, &p), -ENOMEM);
	vmedia_arena_fini(&a);
}

static void arena_whole(void **state)
{
	struct vmedia_arena a;
	uint64_t p;

	assert_int_equal(vmedia_arena_init(&a, 130 * PAGE), 0);
	assert_int_equal(vmedia_arena_alloc(&a, 130, &p), 0);
	assert_int_equal(vmedia_arena_alloc(&a, 1, &p), -ENOMEM);
	vmedia_arena_free(&a, 64, 64);
	vmedia_arena_free(&a, 0, 1);
	assert_int_equal(vmedia_arena_alloc(&a, 65, &p), -ENOMEM);
	assert_int_equal(vmedia_arena_alloc(&a, 64, &p), 0);
	assert_int_equal(p, 64);
	assert_int_equal(vmedia_arena_alloc(&a, 1, &p), 0);
	assert_int_equal(p, 0);
	vmedia_arena_fini(&a);
}

/* The list of [ptr, ptr + len) leads to the same bytes. */
static void check_sg(struct fake *d, uint8_t *ptr, uint64_t len)
{
	struct vmedia_pages *p = vmedia_pages_find(d->drv, (uintptr_t)ptr, len);
	uint8_t raw[64 * VMEDIA_SG_ENTRY_SIZE], *at;
	struct vmedia_sg sg = { .raw = raw };
	struct vmedia_sg_entry e;
	uint64_t done = 0, i;
	uint32_t k;

	assert_non_null(p);
	sg.count = vmedia_pages_sg(p, (uintptr_t)ptr, len, NULL);
	assert_in_range(sg.count, 1, 64);
	assert_int_equal(vmedia_pages_sg(p, (uintptr_t)ptr, len, raw), sg.count);
	for (k = 0; k < sg.count; k++) {
		e = vmedia_sg_at(&sg, k);
		at = vmedia_mem_at(d->mem, e.start, e.len);
		assert_non_null(at);
		for (i = 0; i < e.len; i += 97)
			assert_int_equal(at[i], ptr[done + i]);
		done += e.len;
	}
	assert_int_equal(done, len);
}

static void sg_lists(void **state)
{
	struct fake *d = *state;
	uint64_t size = 20 * PAGE, i, off, len;
	uint32_t flags;
	uint8_t *p;

	for (flags = 0; flags <= VMEDIA_PAGES_SCATTERED; flags++) {
		assert_int_equal(vmedia_pages_alloc(d->drv, size - 5, flags, (void **)&p), 0);
		for (i = 0; i < size; i++)
			p[i] = (uint8_t)(i * 31 + i / PAGE);
		for (off = 0; off < size; off += 1237) {
			for (len = 1; len <= size - off; len += 7919)
				check_sg(d, p + off, len);
			check_sg(d, p + off, size - off);
		}
		if (flags)
			assert_true(vmedia_pages_sg(vmedia_pages_find(d->drv, (uintptr_t)p, size),
						    (uintptr_t)p, size, NULL) > 10);
		assert_null(vmedia_pages_find(d->drv, (uintptr_t)p, size + 1));
		assert_null(vmedia_pages_find(d->drv, (uintptr_t)p + 1, size));
		assert_null(vmedia_pages_find(d->drv, (uintptr_t)p - 1, 2));
		assert_null(vmedia_pages_find(d->drv, (uintptr_t)p, UINT64_MAX));
		assert_int_equal(vmedia_pages_free(d->drv, p), 0);
	}
	assert_int_equal(vmedia_pages_alloc(d->drv, 0, 0, (void **)&p), -EINVAL);
	assert_int_equal(vmedia_pages_alloc(d->drv, SIZE_MAX, 0, (void **)&p), -EINVAL);
	assert_int_equal(vmedia_pages_alloc(d->drv, 1ull << 40, 0, (void **)&p), -ENOMEM);
	assert_int_equal(vmedia_pages_alloc(d->drv, 1, 0x80, (void **)&p), -EINVAL);
	/* More than there is: nothing is kept of it. */
	off = d->drv->arena.free;
	len = (off + 1) * PAGE;
	assert_int_equal(vmedia_pages_alloc(d->drv, len, 0, (void **)&p), -ENOMEM);
	assert_int_equal(vmedia_pages_alloc(d->drv, len, VMEDIA_PAGES_SCATTERED, (void **)&p),
			 -ENOMEM);
	assert_int_equal(d->drv->arena.free, off);
	assert_int_equal(fake_stats(d).pages_bytes, 0);
}

static void seen_qbuf(struct fake *d)
{
	const struct vmedia_ioctl *io = &d->cmd.io;
	struct vmedia_sg_entry e;
	uint64_t sum = 0;
	uint32_t i;

	if (d->cmd.code != 15)
		return;
	for (i = 0; i < io->plane_sg[0].count; i++) {
		e = vmedia_sg_at(&io->plane_sg[0], i);
		assert_non_null(vmedia_mem_at(d->mem, e.start, e.len));
		sum += e.len;
	}
	assert_int_equal(sum, io->arg.buffer.length);
	/* No address of the program's leaves it. */
	assert_int_equal(io->arg.buffer.m.userptr, vmedia_sg_at(&io->plane_sg[0], 0).start);
	d->test = (void *)(uintptr_t)io->plane_sg[0].count;
}

static void userptr_questions(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 2, V4L2_MEMORY_USERPTR);
	struct vmedia_buffer b = { .type = 1, .memory = V4L2_MEMORY_USERPTR };
	uint64_t big = 600 * PAGE;
	char outside[FAKE_BUF_LEN];
	uint8_t *p;

	d->seen = seen_qbuf;
	b.m.userptr = (uintptr_t)outside;
	b.length = sizeof(outside);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_QBUF, &b), -EFAULT);
	b.m.userptr = 0;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_QBUF, &b), -EFAULT);
	/* A list that needs more than a slot: 600 scattered pages. */
	assert_int_equal(vmedia_pages_alloc(d->drv, big, VMEDIA_PAGES_SCATTERED, (void **)&p), 0);
	b.m.userptr = (uintptr_t)p + 24;
	b.length = (uint32_t)big - 24;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_QBUF, &b), 0);
	assert_ptr_equal((void *)(uintptr_t)b.m.userptr, p + 24);
	assert_true((uintptr_t)d->test > 500);
	b.m.userptr++;
	b.length++;
	b.index = 1;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_QBUF, &b), -EFAULT);
	b.index = 0;
	b.length = 0;
	b.memory = 0;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_QUERYBUF, &b), 0);
	assert_ptr_equal((void *)(uintptr_t)b.m.userptr, p + 24);
	vmedia_close(f);
	assert_int_equal(vmedia_pages_free(d->drv, p), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(map_bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(map_overlaps, setup, teardown),
		cmocka_unit_test_setup_teardown(unsealed, setup, teardown),
		cmocka_unit_test_setup_teardown(unsealed_allowed, setup_trusting, teardown),
		cmocka_unit_test_setup_teardown(mmap_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(mapping_lives, setup, teardown),
		cmocka_unit_test_setup_teardown(read_only_is_not_writable, setup, teardown),
		cmocka_unit_test_setup_teardown(lie_late_mmap, setup, teardown),
		cmocka_unit_test(arena_random),
		cmocka_unit_test(arena_whole),
		cmocka_unit_test_setup_teardown(sg_lists, setup, teardown),
		cmocka_unit_test_setup_teardown(userptr_questions, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
