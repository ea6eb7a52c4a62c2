/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines on standard error, which nobody may be reading.
 *
 * Theory of operation: standard error may be a pipe that is full, a terminal that is stopped or a
 * file on storage that hangs. write() then blocks, and a guest would wait with it. O_NONBLOCK is no
 * cure: it belongs to the open file, which the parent and its other children share; and an open
 * file of our own cannot always be had (a pipe of another user, a socket). So a thread writes. Up
 * to DAEMON_LOG_BYTES wait for it; what does not fit is dropped and counted, and a line says how
 * many were as soon as there is room. Nothing else waits for the thread, but the end of the
 * program, for DAEMON_LOG_PATIENCE_MS.
 *
 * Each line is one write() of less than PIPE_BUF bytes, so that it does not mix with those of other
 * processes. A reader that is gone (EPIPE) and a full disk (ENOSPC) cost lines and nothing else.
 */
#ifndef VMEDIA_DAEMON_LOG_H
#define VMEDIA_DAEMON_LOG_H

#define DAEMON_LOG_BYTES	(64u << 10)
#define DAEMON_LOG_PATIENCE_MS	1000

/*
 * daemon_log_start - from now on the thread writes; before, each line is written at once. Returns 0
 * or negative errno. Context: the main thread, once, after daemon_sandbox_enter(), which the thread
 * would not hear.
 */
int daemon_log_start(void);

/* daemon_log_finish - what waits is written, if it can be. Context: the main thread. */
void daemon_log_finish(void);

/* One line, which begins with the program's name; @line has no newline. Context: any thread. */
void daemon_log_line(const char *line);

/* The same with the level's name: what the library logs (a vmedia_log_fn). */
void daemon_log(void *opaque, int level, const char *msg);

/*
 * The last line before _exit(): waits for it a little, but for nothing else. Context: any thread.
 */
void daemon_log_last(const char *line);

#endif /* VMEDIA_DAEMON_LOG_H */
