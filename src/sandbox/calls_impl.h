/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of calls.h share: names, lists of words, rules for arguments, the handler. */
#ifndef VMEDIA_SANDBOX_CALLS_IMPL_H
#define VMEDIA_SANDBOX_CALLS_IMPL_H

#include <stdbool.h>
#include <stddef.h>

#include <seccomp.h>

#include "sandbox/calls.h"

/* ---- names.c ---- */

/* Look all names up, once; the functions below need it. Returns 0 or -ENOMEM. */
int sandbox_names_init(void);

/* Return the name of call @nr, NULL if it has none here. Async-signal-safe. */
const char *sandbox_names_get(int nr);

/* ---- words.c ---- */

enum sandbox_args {
	SANDBOX_ARGS_CHECKED,	/* as args.c has it for this call */
	SANDBOX_ARGS_ANY,
	SANDBOX_ARGS_WRITE,	/* open for writing */
	SANDBOX_ARGS_TYPE,	/* ioctl of one type */
};

struct sandbox_word {
	int nr;
	enum sandbox_args args;
	unsigned char type;
};

struct sandbox_words {
	unsigned int num;
	struct sandbox_word word[SANDBOX_CALLS_MAX];
};

/* Add the words of @list that the architecture has. Returns 0, or -EINVAL with a sentence. */
int sandbox_words_add(struct sandbox_words *w, const char *list, char *why, size_t size);

/* True if another word allows all that @at allows. */
bool sandbox_words_covered(const struct sandbox_words *w, unsigned int at);

/* ---- args.c ---- */

/* Allow the call of @word, with the arguments it may have. Returns 0 or negative errno. */
int sandbox_args_allow(scmp_filter_ctx ctx, const struct sandbox_word *word);

/* ---- sigsys.c ---- */

/* The action for a call that is not allowed, and for one that ends the process. */
unsigned int sandbox_sigsys_action(void);

/*
 * Refuse the calls that are to end the process, where no handler does. Returns 0 or negative errno.
 */
int sandbox_sigsys_rules(scmp_filter_ctx ctx, bool (*allowed)(const void *opaque, int nr),
			 const void *opaque);

/* Install the handler, once. Returns 0 or negative errno. */
int sandbox_sigsys_install(void);

#endif /* VMEDIA_SANDBOX_CALLS_IMPL_H */
