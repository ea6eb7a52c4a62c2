/* SPDX-License-Identifier: BSD-3-Clause */
/* Tries: get memory that is writable and executable, which code of an attacker needs. */
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/numbers.h"
#include "sandbox/tries.h"

#define SIZE 4096

static long mapped(void *p)
{
	return p == MAP_FAILED ? -1 : 0;
}

#define MAP(prot, flags, fd) mapped(mmap(NULL, SIZE, prot, flags, fd, 0))
#define ALL (PROT_READ | PROT_WRITE | PROT_EXEC)

SANDBOX_TRY(map_all, MAP(ALL, MAP_PRIVATE | MAP_ANONYMOUS, -1))
SANDBOX_TRY(map_code, MAP(PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1))
SANDBOX_TRY(map_file, MAP(PROT_READ | PROT_EXEC, MAP_SHARED, bait->memory_fd))
SANDBOX_TRY(faults, syscall(SYS_userfaultfd, 1 /* UFFD_USER_MODE_ONLY */))
SANDBOX_TRY(large_file, ftruncate(bait->memory_fd, 1ll << 50))
SANDBOX_TRY(secret_memory, syscall(NR_MEMFD_SECRET, 0))

/* A segment that was made does not outlive the try. */
static int shared_segment(const struct sandbox_bait *bait)
{
	int id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | 0600), ret = sandbox_try_ret(id);

	(void)bait;
	if (id >= 0)
		shmctl(id, IPC_RMID, NULL);
	return ret;
}

static int turn_to_code(const struct sandbox_bait *bait)
{
	void *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)bait;
	return sandbox_try_ret(p == MAP_FAILED ? -1 : mprotect(p, SIZE, PROT_READ | PROT_EXEC));
}

#ifdef SYS_pkey_mprotect
static int turn_to_code_by_key(const struct sandbox_bait *bait)
{
	void *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)bait;
	return sandbox_try_ret(p == MAP_FAILED ? -1 : syscall(SYS_pkey_mprotect, p, SIZE,
							      PROT_READ | PROT_EXEC, -1));
}
#else
static int turn_to_code_by_key(const struct sandbox_bait *bait)
{
	(void)bait;
	return SANDBOX_TRY_NOT_HERE;
}
#endif

/* Pages of the program's own code, made writable. */
static int change_code(const struct sandbox_bait *bait)
{
	uintptr_t page = (uintptr_t)turn_to_code & ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);

	(void)bait;
	return sandbox_try_ret(mprotect((void *)page, SIZE, ALL));
}

/* With this personality every readable page can be executed. */
static int readable_is_code(const struct sandbox_bait *bait)
{
	(void)bait;
	return sandbox_try_ret(personality(READ_IMPLIES_EXEC));
}

#ifdef SYS_modify_ldt
SANDBOX_TRY(segments, syscall(SYS_modify_ldt, 0, NULL, 0))
#else
static int segments(const struct sandbox_bait *bait)
{
	(void)bait;
	return SANDBOX_TRY_NOT_HERE;
}
#endif

static const struct sandbox_try tries[] = {
	{ "mmap", "map memory to write and to execute", map_all, 0, { 0 } },
	{ "mmap", "map memory to execute", map_code, 0, { 0 } },
	{ "mmap", "map a memory file to execute", map_file, 0, { 0 } },
	{ "mprotect", "turn written memory into code", turn_to_code, 0, { 0 } },
	{ "mprotect", "make its own code writable", change_code, 0, { 0 } },
	{ "pkey_mprotect", "turn written memory into code by a key", turn_to_code_by_key,
	  0, { 0 } },
	{ "personality", "execute all that is readable", readable_is_code, 0, { 0 } },
	{ "shmget", "make memory that other processes find", shared_segment, 0, { 0 } },
	{ "memfd_secret", "hide memory from the kernel", secret_memory, 0, { 0 } },
	{ "userfaultfd", "stop the kernel at a page fault", faults, SANDBOX_TRY_SETTING, { 0 } },
	{ "ftruncate", "make a memory file of a petabyte", large_file, 0, { EFBIG } },
	{ "modify_ldt", "change memory segments", segments, 0, { 0 } },
};

const struct sandbox_try_group sandbox_tries_memory = {
	"memory", tries, sizeof(tries) / sizeof(tries[0])
};
