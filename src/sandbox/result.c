/* SPDX-License-Identifier: BSD-3-Clause */
/* Names and results of the stages. */
#include <stdarg.h>
#include <stdio.h>

#include "sandbox/impl.h"

const char *sandbox_stage_name(enum sandbox_stage stage)
{
	static const char *const names[SANDBOX_NUM_STAGES] = {
		"user", "namespaces", "memory", "privileges", "start", "root", "limits", "calls",
	};

	return names[stage];
}

const char *sandbox_state_name(enum sandbox_state state)
{
	static const char *const names[] = { "not entered", "entered", "already confined",
					     "missing" };

	return names[state];
}

void sandbox_set(struct sandbox *sb, enum sandbox_stage stage, enum sandbox_state state,
		 const char *fmt, ...)
{
	struct sandbox_result *r = &sb->results[stage];
	va_list args;

	r->state = state;
	va_start(args, fmt);
	vsnprintf(r->text, sizeof(r->text), fmt, args);
	va_end(args);
}
