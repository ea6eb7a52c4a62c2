/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tries: what a hijacked process would do, one system call each, to show that a sandbox stops it.
 *
 * A try runs in a child process that enters the sandbox first. It is harmless where nothing stops
 * it: it reaches for the bait (a folder made for it), for its own parent with signal 0, or gives
 * the kernel an argument that is refused after the permission check.
 */
#ifndef VMEDIA_SANDBOX_TRIES_H
#define VMEDIA_SANDBOX_TRIES_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

/* Openers (opener.h) that tries talk to, each with one of its own. What is at their path: */
enum sandbox_bait_opener {
	SANDBOX_OPENER_NAMED,	/* the node, and up to FLOODED */
	SANDBOX_OPENER_EMPTY,
	SANDBOX_OPENER_LONG,
	SANDBOX_OPENER_FILLED,	/* it can have SANDBOX_OPENER_FEW descriptors */
	SANDBOX_OPENER_FLOODED,
	SANDBOX_OPENER_FILE,	/* the bait's file */
	SANDBOX_OPENER_LINKED,	/* a link to another device */
	SANDBOX_OPENER_SWAPPED,	/* a link to the node first, then to the bait's file */
	SANDBOX_OPENERS,
};

#define SANDBOX_OPENER_FEW  32
#define SANDBOX_OPENER_MANY 100000 /* requests, more than sockets hold */

/*
 * What the tries reach for. All paths are absolute.
 *
 * The process that tries may be another user's, so the folder is open to everybody. Its name is
 * random and is in a folder that nobody else can list: others cannot put a link there.
 */
struct sandbox_bait {
	char top[80];		/* has the folder and the socket */
	char folder[100];	/* has the rest, and can be written to */
	char file[108];		/* a file that can be read, written and executed */
	char other[108];	/* a second one */
	char absent[108];	/* no file */
	struct sockaddr_un path;     /* a datagram socket listens here */
	struct sockaddr_un abstract; /* and here, by an abstract name */
	socklen_t path_size, abstract_size;
	int listening[2];	/* those two sockets */
	/* A hijacked process has these open; children inherit them. */
	int folder_fd;		/* the folder */
	int memory_fd;		/* a memory file that is no program */
	int datagram_fd;	/* an unconnected UNIX datagram socket */
	int stream_fd;		/* an unconnected UNIX stream socket */
	int uts_fd;		/* a namespace, or -1 */
	int null_fd;		/* what a try writes to standard error goes here */
	int openers[SANDBOX_OPENERS]; /* sockets to them, or -1 */
	char host[65];
	/* The other process, which is the parent of the child that tries; sandbox_try_run() */
	pid_t parent;
	int parent_fd;		/* refers to it, or -1 */
};

#define SANDBOX_BAIT_NONE                                                                      \
	{                                                                                      \
		.listening = { -1, -1 }, .folder_fd = -1, .memory_fd = -1, .datagram_fd = -1,  \
		.stream_fd = -1, .uts_fd = -1, .null_fd = -1,                                  \
		.openers = { -1, -1, -1, -1, -1, -1, -1, -1 }, .parent_fd = -1                 \
	}

/*
 * sandbox_bait_make - make folders, files and sockets below the folder for temporary files
 *
 * Returns 0, or negative errno with a sentence in @why; then nothing is left behind. Context: a
 * process that stays outside the sandbox; a child of it enters.
 */
int sandbox_bait_make(struct sandbox_bait *bait, char *why, size_t size);
/* As sandbox_opener_start(). */
typedef int sandbox_bait_start(const char *path, int *fd);

/*
 * sandbox_bait_openers - start openers of @node, and of what could be in its place
 *
 * Returns 0 or negative errno. Context: before the sandbox.
 */
int sandbox_bait_openers(struct sandbox_bait *bait, const char *node, sandbox_bait_start *start);
/* Close all descriptors and remove the folders with what is in them. */
void sandbox_bait_remove(struct sandbox_bait *bait);
/* Close what only the listener needs, in the process that enters the sandbox. */
void sandbox_bait_leave(struct sandbox_bait *bait);

/* Results of a try's function beside 0 (it went through) and negative errno. */
#define SANDBOX_TRY_NOT_HERE (-5000) /* not on this architecture */
#define SANDBOX_TRY_NOTHING  (-5001) /* stopped: it was taken, and nothing came of it */
#define SANDBOX_TRY_THE_NODE (-5002) /* stopped: it got the node of the device, and no more */

/* What is special about a try. */
enum {
	SANDBOX_TRY_NEEDS_ROOT = 1, /* only root can, without any sandbox */
	SANDBOX_TRY_NO_KERNEL = 2,  /* no kernel has the call: only the filter can stop it */
	SANDBOX_TRY_DIES = 4,	    /* the process ends itself; a core file is the harm */
	SANDBOX_TRY_FAULTS = 8,	    /* SIGSEGV: this kernel has no such entry */
	SANDBOX_TRY_SETTING = 16,   /* an administrator's setting may refuse it without a sandbox */
	SANDBOX_TRY_OPENS = 32,	    /* an opener must be able to */
};

/*
 * One try. A stop is EPERM, EACCES, ENOSYS, one of @stops, or the end by SIGSYS. Every other errno
 * comes from a kernel that has taken the call, so nothing stopped it.
 */
struct sandbox_try {
	const char *call;	/* how: the system call */
	const char *what;	/* what a hijacked process has of it */
	int (*fn)(const struct sandbox_bait *bait);
	unsigned int flags;
	int stops[3];		/* 0: none */
};

struct sandbox_try_group {
	const char *name;
	const struct sandbox_try *tries;
	unsigned int num;
};

extern const struct sandbox_try_group sandbox_tries_files, sandbox_tries_sockets,
	sandbox_tries_processes, sandbox_tries_rights, sandbox_tries_memory, sandbox_tries_kernel;

/* All of them, in the order of the report. The last one is NULL. */
extern const struct sandbox_try_group *const sandbox_tries[];

/* Those that talk to an opener: of a device that has one. */
extern const struct sandbox_try_group sandbox_tries_opener;

/* What a system call returned, as a try returns it. */
static inline int sandbox_try_ret(long ret)
{
	return ret < 0 ? -errno : 0;
}

/* Define the function @name of a try that is one expression with @bait. */
#define SANDBOX_TRY(name, call)                                                                \
	static int name(const struct sandbox_bait *bait)                                       \
	{                                                                                      \
		(void)bait;                                                                    \
		return sandbox_try_ret(call);                                                  \
	}

enum sandbox_try_state { SANDBOX_TRY_PASSED, SANDBOX_TRY_FAILED, SANDBOX_TRY_SKIPPED };

struct sandbox_try_result {
	enum sandbox_try_state state;
	char how[96];		/* how it was stopped, or that it went through, or why skipped */
};

/* The sandbox that a try has to get through. */
struct sandbox_cage {
	/* Enter it. Returns 0 or negative errno. Context: the child of a fork. */
	int (*enter)(void *opaque);
	/*
	 * True if the filter stopped a call of this process since enter(). NULL: not known, so
	 * SANDBOX_TRY_NO_KERNEL tries are skipped.
	 */
	bool (*stopped)(void *opaque);
	void *opaque;
};

/*
 * sandbox_try_run - run @t in a child
 *
 * Context: the caller may fork and wait. The child ends after 20 seconds at the latest.
 */
void sandbox_try_run(const struct sandbox_try *t, const struct sandbox_bait *bait,
		     const struct sandbox_cage *cage, struct sandbox_try_result *result);

#endif /* VMEDIA_SANDBOX_TRIES_H */
