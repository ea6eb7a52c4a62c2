// SPDX-License-Identifier: BSD-3-Clause
/*
 * A page before and a page behind each mapping that the code under test makes: linked with
 * --wrap=mmap,--wrap=munmap. AddressSanitizer knows nothing of mapped files, and without these
 * pages what is written beyond one buffer lands in the next.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE	  4096u
#define MAX_MAPS  4096

/* With 64-bit file offsets the C library's mmap() is called mmap64() in object files. */
void *__real_mmap64(void *addr, size_t len, int prot, int flags, int fd, off_t offset);
void *__wrap_mmap64(void *addr, size_t len, int prot, int flags, int fd, off_t offset);
void *__wrap_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset);
int __real_munmap(void *addr, size_t len);
int __wrap_munmap(void *addr, size_t len);

static struct {
	pthread_mutex_t lock;
	struct {
		void *addr;
		size_t len;
	} maps[MAX_MAPS];
	unsigned int num;
} guard = { .lock = PTHREAD_MUTEX_INITIALIZER };

static size_t round_up(size_t len)
{
	return (len + PAGE - 1) & ~(size_t)(PAGE - 1);
}

static void remember(void *addr, size_t len)
{
	pthread_mutex_lock(&guard.lock);
	if (guard.num == MAX_MAPS)
		abort();
	guard.maps[guard.num].addr = addr;
	guard.maps[guard.num++].len = len;
	pthread_mutex_unlock(&guard.lock);
}

/* Was it made here, whole? Newest first: buffers come and go in bunches. */
static int forget(void *addr, size_t len)
{
	unsigned int i;

	pthread_mutex_lock(&guard.lock);
	for (i = guard.num; i--;) {
		if (guard.maps[i].addr != addr || guard.maps[i].len != len)
			continue;
		guard.maps[i] = guard.maps[--guard.num];
		pthread_mutex_unlock(&guard.lock);
		return 1;
	}
	pthread_mutex_unlock(&guard.lock);
	return 0;
}

void *__wrap_mmap64(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	uint8_t *around;
	void *map;

	if (addr || flags & MAP_FIXED)
		return __real_mmap64(addr, len, prot, flags, fd, offset);
	around = __real_mmap64(NULL, round_up(len) + 2 * PAGE, PROT_NONE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (around == MAP_FAILED)
		return MAP_FAILED;
	map = __real_mmap64(around + PAGE, len, prot, flags | MAP_FIXED, fd, offset);
	if (map == MAP_FAILED)
		__real_munmap(around, round_up(len) + 2 * PAGE);
	else
		remember(map, len);
	return map;
}

void *__wrap_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	return __wrap_mmap64(addr, len, prot, flags, fd, offset);
}

int __wrap_munmap(void *addr, size_t len)
{
	if (!forget(addr, len))
		return __real_munmap(addr, len);
	return __real_munmap((uint8_t *)addr - PAGE, round_up(len) + 2 * PAGE);
}
