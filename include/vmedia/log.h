/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages of the library to the administrator.
 *
 * The library writes messages only through the hook that is set here. A message is a whole sentence
 * without a newline. Bytes that came from a peer are escaped.
 */
#ifndef VMEDIA_LOG_H
#define VMEDIA_LOG_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum vmedia_log_level {
	VMEDIA_LOG_ERR,		/* something that the user requested failed */
	VMEDIA_LOG_WARN,	/* a peer misbehaved, or something works less well than it could */
	VMEDIA_LOG_INFO,	/* a guest came or went: a few lines in a device's life */
	VMEDIA_LOG_DEBUG,	/* every decision; for developers */
};

/*
 * vmedia_log_fn - receives one message
 * @level: enum vmedia_log_level
 * @msg: one sentence, no newline, at most VMEDIA_LOG_MAX - 1 bytes; valid during the call only
 *
 * Context: any thread, several at once.
 */
typedef void (*vmedia_log_fn)(void *opaque, int level, const char *msg);

#define VMEDIA_LOG_MAX 1024

/*
 * vmedia_log_set - send messages to @fn; NULL restores the default, which is standard error
 *
 * @fn must not block: the thread that serves a guest calls it. The default writes to standard error
 *	at once, so a slow reader delays the guest. A program that must avoid this sets its own hook
 *	(daemon/log.c is an example).
 *
 * This setting is process-wide, the only one of the library. Context: before other threads use the
 * library.
 */
void vmedia_log_set(vmedia_log_fn fn, void *opaque);

/* vmedia_log_set_level - drop messages above @level (default: VMEDIA_LOG_WARN). Context: any. */
void vmedia_log_set_level(int level);

/* vmedia_log_wants - return nonzero if a message of @level would be reported. Context: any. */
int vmedia_log_wants(int level);

/*
 * vmedia_log - report one message. Longer ones are cut. Keeps errno. Context: any thread, not in a
 * signal handler.
 *
 * Peers can cause messages, and the messages must not fill the disk. So the messages of a process
 * are limited: for each level but debug to VMEDIA_LOG_BURST at once, and one each
 * VMEDIA_LOG_INTERVAL_MS in the long run, which is some megabytes a day at most. Further messages
 * are counted and dropped. A line with their number precedes the next message that is written.
 * Debug is not limited.
 */
#define VMEDIA_LOG_BURST 1000
#define VMEDIA_LOG_INTERVAL_MS 10000

void vmedia_log(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define vmedia_log_if(level, ...)                       \
	do {                                            \
		if (vmedia_log_wants(level))            \
			vmedia_log(level, __VA_ARGS__); \
	} while (0)

#define vmedia_err(...) vmedia_log_if(VMEDIA_LOG_ERR, __VA_ARGS__)
#define vmedia_warn(...) vmedia_log_if(VMEDIA_LOG_WARN, __VA_ARGS__)
#define vmedia_info(...) vmedia_log_if(VMEDIA_LOG_INFO, __VA_ARGS__)
#define vmedia_dbg(...) vmedia_log_if(VMEDIA_LOG_DEBUG, __VA_ARGS__)

/*
 * vmedia_log_escape - make @len bytes of a peer printable
 * @buf, @cap: receives the text, always terminated if @cap > 0; cut with "..." if it does not
 *	fit
 *
 * Printable ASCII other than backslash stays unchanged; every other byte, also NUL, becomes \xNN.
 * Returns @buf.
 */
char *vmedia_log_escape(char *buf, size_t cap, const void *bytes, size_t len);

#ifdef __cplusplus
}
#endif
#endif
