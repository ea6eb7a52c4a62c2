/* SPDX-License-Identifier: BSD-3-Clause */
/* The grammar of lists of system calls; see calls.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sandbox/calls_impl.h"

#define SPACES	 " \t\n"
#define MAX_WORD 128
#define NONE	 __NR_SCMP_ERROR

/* What may stand behind the colon, and of which calls. */
static const struct {
	const char *name; /* NULL: of each call */
	const char *argument;
	enum sandbox_args args;
} arguments[] = {
	{ "mmap", "exec", SANDBOX_ARGS_ANY },
	{ "mmap2", "exec", SANDBOX_ARGS_ANY },
	{ "mprotect", "exec", SANDBOX_ARGS_ANY },
	{ "pkey_mprotect", "exec", SANDBOX_ARGS_ANY },
	{ "open", "rw", SANDBOX_ARGS_WRITE },
	{ "openat", "rw", SANDBOX_ARGS_WRITE },
	{ NULL, "any", SANDBOX_ARGS_ANY },
};

static int find_argument(const char *name, const char *argument, struct sandbox_word *word)
{
	if (!strcmp(name, "ioctl") && argument && strlen(argument) == 1) {
		word->args = SANDBOX_ARGS_TYPE;
		word->type = (unsigned char)*argument;
		return 0;
	}
	if (!argument) {
		word->args = SANDBOX_ARGS_CHECKED;
		return strcmp(name, "ioctl") ? 0 : -EINVAL;
	}
	for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++) {
		if ((!arguments[i].name || !strcmp(arguments[i].name, name)) &&
		    !strcmp(arguments[i].argument, argument)) {
			word->args = arguments[i].args;
			return 0;
		}
	}
	return -EINVAL;
}

static void append(struct sandbox_words *w, struct sandbox_word word)
{
	for (unsigned int i = 0; i < w->num; i++)
		if (w->word[i].nr == word.nr && w->word[i].args == word.args &&
		    w->word[i].type == word.type)
			return;
	w->word[w->num++] = word;
}

/* Add one word; @text is a copy, which is cut up. */
static int add_word(struct sandbox_words *w, char *text, char *why, size_t size)
{
	char *argument = strchr(text, ':'), *name, *rest = text;
	struct sandbox_word word = { .nr = NONE };

	if (argument)
		*argument++ = 0;
	if (w->num == SANDBOX_CALLS_MAX) {
		snprintf(why, size, "more than %d system calls", SANDBOX_CALLS_MAX);
		return -EINVAL;
	}
	while ((name = strsep(&rest, "|"))) {
		int nr = seccomp_syscall_resolve_name(name);

		if (nr == __NR_SCMP_ERROR) {
			snprintf(why, size, "unknown system call '%s'", name);
			return -EINVAL;
		}
		if (find_argument(name, argument, &word) < 0) {
			snprintf(why, size, "system call %s: '%s' is no argument of it; %s", name,
				 argument ? argument : "",
				 "write ioctl:TYPE, mmap:exec, openat:rw, NAME:any or NAME");
			return -EINVAL;
		}
		if (word.nr == NONE && sandbox_names_get(nr))
			word.nr = nr;
	}
	if (word.nr != NONE)
		append(w, word);
	return 0;
}

int sandbox_words_add(struct sandbox_words *w, const char *list, char *why, size_t size)
{
	char text[MAX_WORD];
	int ret = 0;

	list += strspn(list, SPACES);
	while (ret == 0 && *list) {
		size_t len = strcspn(list, SPACES);

		if (len >= sizeof(text)) {
			snprintf(why, size, "a word of more than %d characters", MAX_WORD - 1);
			return -EINVAL;
		}
		memcpy(text, list, len);
		text[len] = 0;
		ret = add_word(w, text, why, size);
		list += len;
		list += strspn(list, SPACES);
	}
	return ret;
}

bool sandbox_words_covered(const struct sandbox_words *w, unsigned int at)
{
	const struct sandbox_word *word = &w->word[at];

	if (word->args == SANDBOX_ARGS_ANY)
		return false;
	for (unsigned int i = 0; i < w->num; i++)
		if (w->word[i].nr == word->nr &&
		    (w->word[i].args == SANDBOX_ARGS_ANY ||
		     (w->word[i].args == SANDBOX_ARGS_WRITE &&
		      word->args == SANDBOX_ARGS_CHECKED)))
			return true;
	return false;
}
