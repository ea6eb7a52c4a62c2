/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Limits on the memory and files that a guest can make the device hold: the defaults, and the
 * account of backings, which counts for the device and for each session. The table of all limits is
 * in <vmedia/device.h>.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/core.h"
#include "virtq/view.h"

#define USUAL_MAP_COUNT 65530 /* the kernel's default */
#define OTHER_THREADS	256   /* CPUs, decoders, closing descriptors, the log */

void vmedia_limits_default(struct vmedia_limits *limits)
{
	*limits = (struct vmedia_limits){
		.max_sessions = 128,
		.max_buffers = 64,
		.max_bytes = 1ull << 30,
		.max_mappings = 1024,
		.max_subscriptions = 512,
		.max_objects = 256,
		.max_request = VMEDIA_MAX_REQ_SIZE,
		.max_ctrl_bytes = 1ull << 20,
	};
}

void vmedia_limits_set_shares(struct vmedia_limits *l, uint64_t region_size)
{
	if (!l->session_region)
		l->session_region = VMEDIA_CORE_SHARE(region_size);
	if (!l->session_bytes) {
		l->session_bytes = VMEDIA_CORE_SHARE(l->max_bytes);
		if (region_size)
			l->session_bytes = VMEDIA_MIN(l->session_bytes, l->session_region);
	}
	if (!l->session_mappings)
		l->session_mappings = VMEDIA_CORE_SHARE(l->max_mappings);
	if (!l->session_objects)
		l->session_objects = VMEDIA_CORE_SHARE(l->max_objects);
}

/* Return @a + @b * @c, or UINT64_MAX if that is more. */
static uint64_t plus(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t sum;

	if (vmedia_mul_overflow(b, c, &sum) || vmedia_add_overflow(a, sum, &sum))
		return UINT64_MAX;
	return sum;
}

void vmedia_limits_needs(const struct vmedia_limits *l, struct vmedia_needs *needs)
{
	uint64_t files, most;

	/* Buffers that were freed stay for their mappings and exports. Imports have no bytes. */
	files = plus(l->max_mappings, l->max_sessions, l->max_buffers);
	files = plus(files, l->max_objects, 2);
	most = plus(l->max_bytes / vmedia_page_size(), l->max_objects, 1);
	most = VMEDIA_MIN(most, (uint64_t)VMEDIA_CORE_MAX_FILES);
	files = VMEDIA_MIN(files, most);
	needs->files = files + VMEDIA_CORE_FILES_RESERVE;
	needs->threads = plus(OTHER_THREADS, l->max_sessions, 1);
	/* A thread has a stack and a guard page below it. */
	needs->mappings = plus(files + VMEDIA_VIEW_MAX_MAPS_TOTAL + VMEDIA_CORE_MAPS_RESERVE,
			       needs->threads, 2);
}

/*
 * Return vm.max_map_count.
 *
 * System calls, start: openat read close
 */
static unsigned long max_map_count(void)
{
	int fd = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
	char text[24] = "";
	unsigned long n;

	if (fd >= 0 && read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	vmedia_fd_close(&fd);
	n = strtoul(text, NULL, 10);
	return n ? n : USUAL_MAP_COUNT;
}

/* System calls, start: prlimit64 */
unsigned int vmedia_account_default_files(void)
{
	unsigned long most = VMEDIA_MIN(max_map_count() / 2, (unsigned long)VMEDIA_CORE_MAX_FILES);
	struct rlimit rl;
	rlim_t files;

	if (getrlimit(RLIMIT_NOFILE, &rl))
		return (unsigned int)most;
	if (rl.rlim_cur < 2 * VMEDIA_CORE_FILES_RESERVE)
		files = rl.rlim_cur / 2;
	else
		files = rl.rlim_cur - VMEDIA_CORE_FILES_RESERVE;
	return (unsigned int)VMEDIA_MIN(files, (rlim_t)most);
}

struct vmedia_account *vmedia_account_create(uint64_t max_bytes, unsigned int max_files)
{
	struct vmedia_account *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	atomic_init(&a->refs, 1);
	a->max_bytes = max_bytes;
	a->max_files = max_files;
	vmedia_pages_init(&a->pages, max_bytes);
	return a;
}

struct vmedia_account *vmedia_account_get(struct vmedia_account *a)
{
	atomic_fetch_add_explicit(&a->refs, 1, memory_order_relaxed);
	return a;
}

void vmedia_account_put(struct vmedia_account *a)
{
	if (!a || atomic_fetch_sub_explicit(&a->refs, 1, memory_order_acq_rel) != 1)
		return;
	vmedia_pages_finish(&a->pages);
	free(a);
}

/* Add to a count. Returns false if the result would be more than @max. */
static bool add_bytes(atomic_uint_fast64_t *count, uint64_t bytes, uint64_t max)
{
	uint_fast64_t now = atomic_load_explicit(count, memory_order_relaxed);

	do {
		if (bytes > max || now > max - bytes)
			return false;
	} while (!atomic_compare_exchange_weak(count, &now, now + bytes));
	return true;
}

static bool add_file(atomic_uint *count, unsigned int max)
{
	unsigned int now = atomic_load_explicit(count, memory_order_relaxed);

	do {
		if (now >= max)
			return false;
	} while (!atomic_compare_exchange_weak(count, &now, now + 1));
	return true;
}

int vmedia_account_file(struct vmedia_account *a)
{
	return add_file(&a->files, a->max_files) ? 0 : -ENOMEM;
}

void vmedia_account_unfile(struct vmedia_account *a)
{
	atomic_fetch_sub(&a->files, 1);
}

uint64_t vmedia_account_bytes(const struct vmedia_account *a)
{
	return atomic_load_explicit(&a->bytes, memory_order_relaxed);
}

struct vmedia_share *vmedia_share_create(struct vmedia_account *a, uint64_t max_bytes)
{
	struct vmedia_share *sh = calloc(1, sizeof(*sh));

	if (!sh)
		return NULL;
	atomic_init(&sh->refs, 1);
	sh->account = vmedia_account_get(a);
	sh->max_bytes = max_bytes;
	sh->max_files = VMEDIA_CORE_SHARE(a->max_files);
	return sh;
}

struct vmedia_share *vmedia_share_get(struct vmedia_share *sh)
{
	atomic_fetch_add_explicit(&sh->refs, 1, memory_order_relaxed);
	return sh;
}

void vmedia_share_put(struct vmedia_share *sh)
{
	if (!sh || atomic_fetch_sub_explicit(&sh->refs, 1, memory_order_acq_rel) != 1)
		return;
	vmedia_account_put(sh->account);
	free(sh);
}

int vmedia_share_charge(struct vmedia_share *sh, uint64_t bytes)
{
	struct vmedia_account *a = sh->account;

	if (!add_bytes(&sh->bytes, bytes, sh->max_bytes))
		return -EDQUOT;
	if (add_bytes(&a->bytes, bytes, a->max_bytes))
		return 0;
	atomic_fetch_sub(&sh->bytes, bytes);
	return -ENOMEM;
}

void vmedia_share_uncharge(struct vmedia_share *sh, uint64_t bytes)
{
	atomic_fetch_sub(&sh->bytes, bytes);
	atomic_fetch_sub(&sh->account->bytes, bytes);
}

int vmedia_share_file(struct vmedia_share *sh)
{
	if (!add_file(&sh->files, sh->max_files))
		return -EDQUOT;
	if (!vmedia_account_file(sh->account))
		return 0;
	atomic_fetch_sub(&sh->files, 1);
	return -ENOMEM;
}

void vmedia_share_unfile(struct vmedia_share *sh)
{
	atomic_fetch_sub(&sh->files, 1);
	vmedia_account_unfile(sh->account);
}
