/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines on standard error, whose reader may be slow or absent.
 *
 * Theory of operation: standard error may be a full pipe, a stopped terminal or a file on storage
 * that does not respond. write() then blocks, and a guest would wait with it. O_NONBLOCK does not
 * help: it belongs to the open file, which the parent and its other children share. A separate open
 * file cannot always be had (a pipe of another user, a socket). So a thread writes. Up to
 * DAEMON_LOG_BYTES wait for it. Lines that do not fit are dropped and counted, and a line reports
 * their number as soon as there is room. Only the end of the program waits for the thread, for
 * DAEMON_LOG_PATIENCE_MS.
 *
 * Each line is one write() of less than PIPE_BUF bytes, so it does not mix with lines of other
 * processes. If the reader has closed the pipe (EPIPE) or the disk is full (ENOSPC), lines are lost
 * and nothing else happens.
 */
#ifndef VMEDIA_DAEMON_LOG_H
#define VMEDIA_DAEMON_LOG_H

#define DAEMON_LOG_BYTES	(64u << 10)
#define DAEMON_LOG_PATIENCE_MS	1000

/*
 * daemon_log_start - start the thread, which writes from now on; before, each line is written at
 * once. Returns 0 or negative errno. Context: the main thread, once, after the sandbox is entered,
 * whose signal the thread blocks.
 */
int daemon_log_start(void);

/* daemon_log_finish - write the waiting lines, if possible. Context: the main thread. */
void daemon_log_finish(void);

/* Report one line, after the program's name; @line has no newline. Context: any thread. */
void daemon_log_line(const char *line);

/* Report a message of the library, with the level's name (a vmedia_log_fn). */
void daemon_log(void *opaque, int level, const char *msg);

/* Report the last line before _exit(). Waits a little until it is written. Context: any thread. */
void daemon_log_last(const char *line);

#endif /* VMEDIA_DAEMON_LOG_H */
