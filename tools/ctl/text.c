/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Text: messages, strings of the device, pixel formats in letters, lists on the command line.
 *
 * Security model: names and descriptions come from the device. All of them are printed through
 * ctl_text(), so that they cannot move the cursor, change the window's title or send a query to the
 * terminal.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vmedia/log.h>

#include "ctl.h"

/* The frame rate may already be on this line: begin a new one. */
static void say(const char *fmt, va_list ap)
{
	fputs(isatty(STDERR_FILENO) ? "\r\033[Kvmedia-ctl: " : "vmedia-ctl: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

int ctl_fail(const char *what, int err)
{
	ctl_fail_text("%s: %s", what, strerror(-err));
	return err;
}

int ctl_fail_text(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	return -EINVAL;
}

int ctl_usage_text(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	return CTL_ERR_USAGE;
}

const char *ctl_text(char buf[CTL_TEXT], const void *s, unsigned int size)
{
	return vmedia_log_escape(buf, CTL_TEXT, s, strnlen(s, size < 32 ? size : 32));
}

bool ctl_number(const char *text, int64_t min, int64_t max, int64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoll(text, &end, 10);
	return end != text && !*end && !errno && *value >= min && *value <= max;
}

bool ctl_may_list(struct ctl *c)
{
	if (c->listed == CTL_MAX_LISTED)
		ctl_fail_text("the device's lists do not end: %u entries shown", c->listed);
	return c->listed <= CTL_MAX_LISTED && c->listed++ < CTL_MAX_LISTED;
}

int ctl_list_ended(const struct ctl *c, const char *what, int err)
{
	if (c->listed > CTL_MAX_LISTED)
		return -EIO;
	return err == 0 || err == -EINVAL || err == -ENOTTY ? 0 : ctl_fail(what, err);
}

const char *ctl_fourcc(uint32_t pixelformat, char buf[8])
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		char ch = (char)(pixelformat >> (8 * i) & 0x7f);

		buf[i] = ch >= ' ' && ch < 0x7f ? ch : '.';
	}
	buf[4] = 0;
	if (pixelformat >> 31)
		memcpy(buf + 4, "-BE", 4);
	return buf;
}

bool ctl_next_pair(const char **list, char *key, char *value, unsigned int size)
{
	const char *start = *list, *end, *eq;

	if (!start || !*start)
		return false;
	end = strchrnul(start, ',');
	eq = memchr(start, '=', (size_t)(end - start));
	*key = 0;
	if (eq) {
		snprintf(key, size, "%.*s", (int)(eq - start), start);
		start = eq + 1;
	}
	snprintf(value, size, "%.*s", (int)(end - start), start);
	*list = *end ? end + 1 : end;
	return true;
}
