/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Logging inside the library: the public macros, and a rate limit for messages that a peer can
 * cause.
 */
#ifndef VMEDIA_BASE_LOG_H
#define VMEDIA_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include <vmedia/log.h>

/*
 * A token bucket, one for each owner (a connection, a queue). It allows @burst messages at once,
 * then one every @interval_ms milliseconds. If it is zero, the defaults apply (20, 1000). Context:
 * the owner's thread only.
 */
struct vmedia_ratelimit {
	uint32_t burst;
	uint32_t interval_ms;
	/* private */
	uint64_t last_ns;
	uint32_t tokens;
	uint32_t started;
	uint64_t suppressed;
};

#define VMEDIA_RATELIMIT_BURST 20
#define VMEDIA_RATELIMIT_INTERVAL_MS 1000

/*
 * vmedia_ratelimit_ok - true if one more message may be written
 *
 * If messages were suppressed since the last one, logs their number in one line at @level.
 */
bool vmedia_ratelimit_ok(struct vmedia_ratelimit *rl, int level);

/*
 * vmedia_ratelimit_ok_at - the same with the caller's clock, for tests and for callers that have
 * the time already.
 */
bool vmedia_ratelimit_ok_at(struct vmedia_ratelimit *rl, int level, uint64_t now_ns);

/*
 * vmedia_log_within_limit_at - true if the process may write one more message of @level at @now_ns.
 * Then *missed is the number of messages before it that were suppressed. Used by vmedia_log();
 * public for tests.
 */
bool vmedia_log_within_limit_at(int level, uint64_t now_ns, uint64_t *missed);

#define vmedia_log_rl(rl, level, ...)                                            \
	do {                                                                     \
		if (vmedia_log_wants(level) && vmedia_ratelimit_ok((rl), level)) \
			vmedia_log(level, __VA_ARGS__);                          \
	} while (0)

#define vmedia_warn_rl(rl, ...) vmedia_log_rl(rl, VMEDIA_LOG_WARN, __VA_ARGS__)
#define vmedia_dbg_rl(rl, ...) vmedia_log_rl(rl, VMEDIA_LOG_DEBUG, __VA_ARGS__)

#endif
