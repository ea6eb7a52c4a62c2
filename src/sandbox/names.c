/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Names of system calls by their numbers. The handler of a refused call may not allocate memory, so
 * all names are looked up before. The table is process-wide, as the handler is.
 */
#include <errno.h>

#include "sandbox/calls_impl.h"

/*
 * Linux has less than 500 calls. The numbers below 0 are libseccomp's, for what i386 and s390 do by
 * socketcall() and ipc().
 */
#if defined(__i386__) || defined(__s390__)
#define FIRST (-256)
#else
#define FIRST 0
#endif
#define LAST  511

static const char *table[LAST - FIRST + 1];
static bool filled;

int sandbox_names_init(void)
{
	bool any = false;

	if (filled)
		return 0;
	for (int nr = FIRST; nr <= LAST; nr++) {
		const char *name = seccomp_syscall_resolve_num_arch(seccomp_arch_native(), nr);

		table[nr - FIRST] = name;
		any |= name != NULL;
	}
	filled = any;
	return any ? 0 : -ENOMEM;
}

const char *sandbox_names_get(int nr)
{
	return nr >= FIRST && nr <= LAST ? table[nr - FIRST] : NULL;
}
