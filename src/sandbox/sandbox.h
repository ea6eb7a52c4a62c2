/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sandbox of a program that serves a device: what the process gives up, in named stages.
 *
 *   stage	entered by	what it takes away
 *   user	begin		root: the process gets a user of its own
 *   namespaces	begin		other processes, the network, IPC objects and names of the host
 *   memory	begin		core dumps with guest memory, and attaching
 *   privileges	begin		capabilities
 *   start	begin		system calls that neither set-up nor serving needs
 *   root	enter_place	the file system: an empty read-only root, and Landlock
 *   limits	enter_rest	descriptors, threads, core files, sizes of files without bound
 *   calls	enter_rest	system calls that serving does not need
 *
 * Theory of operation: sandbox_begin() makes a second process, which serves. The first one, the
 * keeper, stays outside: it forwards signals, removes the socket file at the end, and ends as the
 * other one did. Between begin and enter the program opens what the device needs, as its new user.
 *
 * A stage that the machine does not allow is "missing", with a reason; the program goes on without
 * it, unless @strict. A stage that somebody else has entered for this process (a service manager, a
 * container) is "already confined"; this is checked.
 *
 * Errors: functions return negative errno. A sentence in @why tells the user what to do; without
 * one, it is an error of the program.
 */
#ifndef VMEDIA_SANDBOX_SANDBOX_H
#define VMEDIA_SANDBOX_SANDBOX_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sandbox_stage {
	SANDBOX_USER,
	SANDBOX_NAMESPACES,
	SANDBOX_MEMORY,
	SANDBOX_PRIVILEGES,
	SANDBOX_START,
	SANDBOX_ROOT,
	SANDBOX_LIMITS,
	SANDBOX_CALLS,
	SANDBOX_NUM_STAGES,
};

enum sandbox_state {
	SANDBOX_NOT_ENTERED,
	SANDBOX_ENTERED,
	SANDBOX_ALREADY, /* confined before the program started, as was checked */
	SANDBOX_MISSING,
};

struct sandbox_result {
	enum sandbox_state state;
	char text[192]; /* what is in force, or why it is missing; no newline, no full stop */
};

struct sandbox {
	/* ---- Set before sandbox_begin(); borrowed. ---- */
	bool strict;		 /* a missing stage is an error */
	const char *user;	 /* name or number; NULL: vmedia if it exists, else nobody */
	const char *calls_start; /* of the kind, see calls.h; NULL: none */
	const char *calls_serve;
	uint64_t largest_file;	 /* bytes of the largest memory file that serving makes */
	unsigned int threads;	 /* that serving makes at most */

	/* ---- Results. ---- */
	struct sandbox_result results[SANDBOX_NUM_STAGES];
	unsigned int entered_ns; /* namespaces that begin made: CLONE_NEW* */
	unsigned int already_ns; /* those that somebody else made for this process */
	bool kept;		 /* this process serves, and has a keeper */
	bool changed_user;
	char user_name[64];	 /* whom create() opens files as, for messages */
	int status;		 /* in the keeper: of wait() */

	/* ---- Of the sandbox. ---- */
	int keeper_fd;		 /* to the keeper; -1: none */
	int mounter_fd;		 /* to the process that mounts; -1: none */
};

/* The initial state, with no option set. */
#define SANDBOX_INIT { .keeper_fd = -1, .mounter_fd = -1 }

/*
 * sandbox_begin - make the process that serves: stages user to start
 *
 * Returns 0 in the process that serves; 1 in the keeper, when the other process has ended: the
 * caller removes what only it can remove, and ends by sandbox_end_as(sb->status); negative errno
 * in either. SIGTERM, SIGINT and SIGHUP are blocked in the process that serves, unless they are
 * ignored; it gets them from the keeper with the code SI_QUEUE.
 *
 * Context: before the program has made a thread. The listening socket exists, and modules are
 * loaded: both need the user who started the program.
 */
int sandbox_begin(struct sandbox *sb, char *why, size_t size);

/*
 * sandbox_enter_place - stage root: no path can be opened any more
 *
 * Context: the main thread, once, after set-up. SIGURG is not blocked in any thread.
 */
int sandbox_enter_place(struct sandbox *sb, char *why, size_t size);

/*
 * sandbox_enter_rest - stages limits and calls
 *
 * Context: as sandbox_enter_place(), after it; or in a process that was forked after it.
 */
int sandbox_enter_rest(struct sandbox *sb, char *why, size_t size);

/*
 * sandbox_ending_signals - get the signals that end the program: SIGTERM, and SIGINT and SIGHUP
 * unless the parent had ignored them (a background job of a shell, nohup)
 *
 * The keeper forwards these. Context: any thread.
 */
void sandbox_ending_signals(sigset_t *set);

/*
 * sandbox_end_as - return the exit status for a program whose child ended with @status (of wait())
 *
 * If a signal ended the child, the same signal ends the calling process, and this does not return.
 */
int sandbox_end_as(int status);

/* The name of a stage, as in the table above; that of a state: "entered", "already confined" ... */
const char *sandbox_stage_name(enum sandbox_stage stage);
const char *sandbox_state_name(enum sandbox_state state);

/* The namespaces of the bit mask @flags (CLONE_NEW*), by name with spaces between. */
void sandbox_ns_names(unsigned int flags, char *names, size_t size);

#endif /* VMEDIA_SANDBOX_SANDBOX_H */
