// SPDX-License-Identifier: BSD-3-Clause
/*
 * Messages: formatting, the hook, escaping, rate limits. See <vmedia/log.h> and log.h.
 *
 * The hook is the only process-wide setting of the library. Its parts are atomics, so that a late
 * change is not a data race, although the header requires an early one.
 *
 * The limit on all messages protects the disk behind the log. Each owner limits the messages that
 * its peers can cause, but peers can reconnect, and not every message has an owner. For each level
 * it keeps the time until which the messages so far have used up the rate.
 *
 * System calls, serving: write
 */
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

static struct {
	vmedia_log_fn fn;
	void *opaque;
	int level;
} hook = { .level = VMEDIA_LOG_WARN };

/* The limit on all messages, by level. */
static struct {
	pthread_mutex_t lock;
	uint64_t used_until[VMEDIA_LOG_DEBUG];	/* by CLOCK_MONOTONIC, in nanoseconds */
	uint64_t missed[VMEDIA_LOG_DEBUG];
} limit = { .lock = PTHREAD_MUTEX_INITIALIZER };

void vmedia_log_set(vmedia_log_fn fn, void *opaque)
{
	__atomic_store_n(&hook.opaque, opaque, __ATOMIC_RELAXED);
	__atomic_store_n(&hook.fn, fn, __ATOMIC_RELEASE);
}

void vmedia_log_set_level(int level)
{
	__atomic_store_n(&hook.level, level, __ATOMIC_RELAXED);
}

int vmedia_log_wants(int level)
{
	return level <= __atomic_load_n(&hook.level, __ATOMIC_RELAXED);
}

/* One write(), so that lines of several threads and processes do not mix. */
static void to_stderr(int level, const char *msg)
{
	static const char *const prefix[] = { "error: ", "warning: ", "", "debug: " };
	char line[VMEDIA_LOG_MAX + 16];
	int n;

	n = snprintf(line, sizeof(line), "%s%s\n", level >= 0 && level <= 3 ? prefix[level] : "",
		     msg);
	if (n < 0)
		return;
	if (n > (int)sizeof(line) - 1)
		n = (int)sizeof(line) - 1;
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return;
}

static void deliver(int level, const char *msg)
{
	vmedia_log_fn fn = __atomic_load_n(&hook.fn, __ATOMIC_ACQUIRE);

	if (fn)
		fn(__atomic_load_n(&hook.opaque, __ATOMIC_RELAXED), level, msg);
	else
		to_stderr(level, msg);
}

bool vmedia_log_within_limit_at(int level, uint64_t now, uint64_t *missed)
{
	const uint64_t cost = VMEDIA_LOG_INTERVAL_MS * 1000000ull;
	bool ok;

	*missed = 0;
	if (level < 0 || level >= VMEDIA_LOG_DEBUG)
		return true;
	pthread_mutex_lock(&limit.lock);
	if (limit.used_until[level] < now)
		limit.used_until[level] = now;
	ok = limit.used_until[level] - now <= (VMEDIA_LOG_BURST - 1) * cost;
	if (ok) {
		limit.used_until[level] += cost;
		*missed = limit.missed[level];
		limit.missed[level] = 0;
	} else {
		limit.missed[level]++;
	}
	pthread_mutex_unlock(&limit.lock);
	return ok;
}

void vmedia_log(int level, const char *fmt, ...)
{
	char msg[VMEDIA_LOG_MAX];
	int saved = errno;
	uint64_t missed;
	va_list ap;

	if (!vmedia_log_wants(level) ||
	    !vmedia_log_within_limit_at(level, vmedia_now_ns(), &missed))
		return;
	if (missed) {
		snprintf(msg, sizeof(msg), "%llu messages were left out: too many for the log",
			 (unsigned long long)missed);
		deliver(level, msg);
	}
	va_start(ap, fmt);
	if (vsnprintf(msg, sizeof(msg), fmt, ap) < 0)
		msg[0] = 0;
	va_end(ap);
	deliver(level, msg);
	errno = saved;
}

static size_t escape_one(char out[5], unsigned char c)
{
	static const char hex[] = "0123456789abcdef";

	if (c >= 0x20 && c < 0x7f && c != '\\') {
		out[0] = (char)c;
		return 1;
	}
	out[0] = '\\';
	out[1] = 'x';
	out[2] = hex[c >> 4];
	out[3] = hex[c & 15];
	return 4;
}

char *vmedia_log_escape(char *buf, size_t cap, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	size_t pos = 0, cut = 0;
	char one[5];

	if (cap == 0)
		return buf;
	for (size_t i = 0; i < len; i++) {
		size_t n = escape_one(one, p[i]);

		if (pos + n > cap - 1) {
			/*
			 * cut is the last position where "..." still fits; a tiny buffer gets a
			 * part of it
			 */
			size_t dots = cap - 1 - cut < 3 ? cap - 1 - cut : 3;

			memcpy(buf + cut, "...", dots);
			buf[cut + dots] = 0;
			return buf;
		}
		memcpy(buf + pos, one, n);
		pos += n;
		if (pos + 3 <= cap - 1)
			cut = pos;
	}
	buf[pos] = 0;
	return buf;
}

bool vmedia_ratelimit_ok_at(struct vmedia_ratelimit *rl, int level, uint64_t now_ns)
{
	uint32_t burst = rl->burst ? rl->burst : VMEDIA_RATELIMIT_BURST;
	uint64_t interval =
		(rl->interval_ms ? rl->interval_ms : VMEDIA_RATELIMIT_INTERVAL_MS) * 1000000ull;
	uint64_t earned;

	if (!rl->started) {
		rl->started = 1;
		rl->tokens = burst;
		rl->last_ns = now_ns;
	}
	earned = now_ns > rl->last_ns ? (now_ns - rl->last_ns) / interval : 0;
	if (earned) {
		rl->last_ns += earned * interval;
		rl->tokens = earned >= burst - rl->tokens ? burst : rl->tokens + (uint32_t)earned;
	}
	if (rl->tokens == 0) {
		rl->suppressed++;
		return false;
	}
	rl->tokens--;
	if (rl->suppressed) {
		vmedia_log(level, "%llu messages suppressed", (unsigned long long)rl->suppressed);
		rl->suppressed = 0;
	}
	return true;
}

bool vmedia_ratelimit_ok(struct vmedia_ratelimit *rl, int level)
{
	return vmedia_ratelimit_ok_at(rl, level, vmedia_now_ns());
}
