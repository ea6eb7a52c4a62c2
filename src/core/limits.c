/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a guest can make the device hold: default limits, and the account that backings are counted
 * in.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "core/core.h"

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

unsigned int vmedia_account_default_files(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) || rl.rlim_cur == RLIM_INFINITY || rl.rlim_cur > 1u << 20)
		return 1u << 20;
	if (rl.rlim_cur < 2 * VMEDIA_CORE_FILES_RESERVE)
		return (unsigned int)rl.rlim_cur / 2;
	return (unsigned int)rl.rlim_cur - VMEDIA_CORE_FILES_RESERVE;
}

struct vmedia_account *vmedia_account_create(uint64_t max_bytes, unsigned int max_files)
{
	struct vmedia_account *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	atomic_init(&a->refs, 1);
	a->max_bytes = max_bytes;
	a->max_files = max_files;
	vmedia_prefault_init(&a->prefault);
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
	vmedia_prefault_finish(&a->prefault);
	free(a);
}

int vmedia_account_charge(struct vmedia_account *a, uint64_t bytes)
{
	uint_fast64_t now = atomic_load_explicit(&a->bytes, memory_order_relaxed);

	do {
		if (bytes > a->max_bytes || now > a->max_bytes - bytes)
			return -ENOMEM;
	} while (!atomic_compare_exchange_weak(&a->bytes, &now, now + bytes));
	return 0;
}

void vmedia_account_uncharge(struct vmedia_account *a, uint64_t bytes)
{
	atomic_fetch_sub(&a->bytes, bytes);
}

int vmedia_account_file(struct vmedia_account *a)
{
	unsigned int now = atomic_load_explicit(&a->files, memory_order_relaxed);

	do {
		if (now >= a->max_files)
			return -ENOMEM;
	} while (!atomic_compare_exchange_weak(&a->files, &now, now + 1));
	return 0;
}

void vmedia_account_unfile(struct vmedia_account *a)
{
	atomic_fetch_sub(&a->files, 1);
}

uint64_t vmedia_account_bytes(const struct vmedia_account *a)
{
	return atomic_load_explicit(&a->bytes, memory_order_relaxed);
}
