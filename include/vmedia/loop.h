/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The event loop, as much of it as a program needs that puts devices on it and lets it run.
 */
#ifndef VMEDIA_LOOP_H
#define VMEDIA_LOOP_H

#ifdef __cplusplus
extern "C" {
#endif

struct vmedia_loop;

/*
 * 0 and *out, or negative errno. The calling thread is the loop's thread until another one runs it.
 */
int vmedia_loop_create(struct vmedia_loop **out);
/* All that was put on it must be gone (asserted). NULL is fine. */
void vmedia_loop_destroy(struct vmedia_loop *loop);
/* Serve until vmedia_loop_stop(): 0, or negative errno if epoll fails. */
int vmedia_loop_run(struct vmedia_loop *loop);
/*
 * One round, waiting at most @timeout_ms (-1: without end): the number of callbacks that ran, or
 * negative errno. For programs with a loop of their own, never from a callback; vmedia_loop_fd() is
 * readable when there is something to do.
 */
int vmedia_loop_step(struct vmedia_loop *loop, int timeout_ms);
int vmedia_loop_fd(const struct vmedia_loop *loop);
/* Make vmedia_loop_run() return. Context: any thread, signal handlers too. */
void vmedia_loop_stop(struct vmedia_loop *loop);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_LOOP_H */
