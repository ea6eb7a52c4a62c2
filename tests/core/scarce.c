/* SPDX-License-Identifier: BSD-3-Clause */
/* A process without descriptors or mappings: see scarce.h. */
#include "scarce.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/fd.h"

#define MOST (1u << 18) /* mappings that this makes */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

void scarce_files_begin(struct scarce_files *s)
{
	int lowest = vmedia_fd_dup(STDERR_FILENO);
	struct rlimit none;

	assert(lowest >= 0);
	assert(getrlimit(RLIMIT_NOFILE, &s->before) == 0);
	none = s->before;
	none.rlim_cur = (rlim_t)lowest;
	vmedia_fd_close(&lowest);
	assert(setrlimit(RLIMIT_NOFILE, &none) == 0);
	assert(vmedia_fd_dup(STDERR_FILENO) == -EMFILE);
}

void scarce_files_end(struct scarce_files *s)
{
	assert(setrlimit(RLIMIT_NOFILE, &s->before) == 0);
}

bool scarce_maps_begin(struct scarce_maps *s)
{
	size_t page = vmedia_page_size();
	unsigned int i, n;

	*s = (struct scarce_maps){ .len = 0 };
	if (SANITIZED)
		return false;
	s->len = 2 * (size_t)MOST * page;
	s->addr = mmap(NULL, s->len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (s->addr == MAP_FAILED)
		return false;
	/*
	 * Each page that may be read is a mapping, and divides the one that it lies in. The first
	 * page is one, so that no new mapping is joined to this one.
	 */
	for (i = 0; i < MOST; i++)
		if (mprotect((uint8_t *)s->addr + 2 * i * page, page, PROT_READ))
			break;
	for (n = 0; i < MOST && errno == ENOMEM && n < VMEDIA_ARRAY_SIZE(s->last); n++) {
		s->last[n] = mmap(NULL, page, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (s->last[n] == MAP_FAILED)
			return true;
	}
	scarce_maps_end(s);
	return false;
}

void scarce_maps_end(struct scarce_maps *s)
{
	unsigned int n;

	for (n = 0; n < VMEDIA_ARRAY_SIZE(s->last); n++)
		if (s->last[n] && s->last[n] != MAP_FAILED)
			munmap(s->last[n], vmedia_page_size());
	assert(munmap(s->addr, s->len) == 0);
}
