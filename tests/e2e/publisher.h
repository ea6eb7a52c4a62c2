/* SPDX-License-Identifier: BSD-3-Clause */
/* The real vmedia-source for a test program, and a subscriber that waits for its pictures. */
#ifndef TESTS_E2E_PUBLISHER_H
#define TESTS_E2E_PUBLISHER_H

#include <stdbool.h>
#include <sys/types.h>
#include <vmedia/share.h>

struct publisher_process {
	pid_t pid;
	char folder[48];
	char path[64];
	char log[64];		/* its standard error */
};

/* Make a folder for the socket. 0 or -1. */
int publisher_prepare(struct publisher_process *p);
/*
 * Start @program with @args, which end with NULL: the kind and options; 12 at most. Waits until it
 * listens. May be called again after it has ended. 0 or -1.
 */
int publisher_start(struct publisher_process *p, const char *program, const char *const *args);
/* True as soon as its log has @words; false if it ends before. */
bool publisher_says(struct publisher_process *p, const char *words);
/* The same in @times lines. */
bool publisher_says_again(struct publisher_process *p, const char *words, int times);
/*
 * 0 if it ends by SIGTERM with status 0, its socket is gone, and the sandbox refused it nothing.
 * What it said goes to standard error.
 */
int publisher_stop(struct publisher_process *p);
/*
 * End it by SIGKILL: the keeper and, as that is its end, the process that serves. Waits until
 * nobody listens.
 */
void publisher_kill(struct publisher_process *p);
/* Remove the folder, and end the program if it runs. */
void publisher_forget(struct publisher_process *p);

/* A subscriber that streams, or NULL. */
struct vmedia_subscriber *publisher_join(const struct publisher_process *p);
/* Wait for the next frame. 0 or -1. */
int publisher_frame(struct vmedia_subscriber *sub, struct vmedia_subscriber_frame *frame);
/* Wait until the publisher says that there are pictures, or none. False if it does not. */
bool publisher_signals(struct vmedia_subscriber *sub, bool signal);

#endif
