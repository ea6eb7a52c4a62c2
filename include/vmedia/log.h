/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages of the library to the people who run it.
 *
 * The library never writes anywhere by itself except through the one hook set here. Messages are
 * whole sentences without a newline; bytes that came from a peer are escaped before they get into
 * one.
 */
#ifndef VMEDIA_LOG_H
#define VMEDIA_LOG_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum vmedia_log_level {
	VMEDIA_LOG_ERR,		/* something failed that the user asked for */
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
 * @fn must not block: it is called by the thread that serves a guest. The default writes to
 * standard error at once, so that a reader who falls behind holds the guest up; a program for
 * which that matters brings its own (daemon/log.c has one).
 *
 * A process-wide setting, the only one of the library. Context: before other threads use the
 * library.
 */
void vmedia_log_set(vmedia_log_fn fn, void *opaque);

/* vmedia_log_set_level - drop messages above @level (default: VMEDIA_LOG_WARN). Context: any. */
void vmedia_log_set_level(int level);

/* vmedia_log_wants - nonzero if a message of @level would go anywhere. Context: any. */
int vmedia_log_wants(int level);

/*
 * vmedia_log - one message; longer ones are cut. Keeps errno. Context: any thread, not in a signal
 * handler.
 *
 * Peers can cause messages, and a log that nobody cuts must not fill its disk. So what one process
 * writes is limited: of each level but debug, VMEDIA_LOG_BURST at once and one each
 * VMEDIA_LOG_INTERVAL_MS in the long run, some megabytes a day at most. The rest is counted, and
 * the next message that gets through comes behind a line with that number. Debug is not limited.
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
 * @buf, @cap: receives the text, always terminated when @cap > 0; cut with "..." when it does not
 * fit
 *
 * Printable ASCII stays, but for backslash; everything else, NUL included, becomes \xNN. Returns
 * @buf.
 */
char *vmedia_log_escape(char *buf, size_t cap, const void *bytes, size_t len);

#ifdef __cplusplus
}
#endif
#endif
