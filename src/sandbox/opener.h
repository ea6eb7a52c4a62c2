/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The opener: a process outside the sandbox that can open one device node or one FIFO, or connect
 * to one socket, and nothing else.
 *
 * A device that proxies a node of the host opens it for each session, and again after it was
 * unplugged, but the process that serves can open no path. So it asks a process that was forked
 * before the sandbox, over a socket pair:
 *
 *	request		one byte
 *	answer		int32_t: 0, with a descriptor (SCM_RIGHTS); or a negative errno
 *
 * The socket is SOCK_SEQPACKET, so each is one message.
 *
 * Security model: who sends the requests may have been taken over by a guest. A request says
 * nothing, and one that is not a single byte ends the opener. It opens the path that the user gave,
 * and gives away only a character device of V4L2's major number; the path may be a link, which
 * leads to another node after a replug. The opener has no capabilities. Started as root, it becomes
 * nobody, with the group that may use the node (video, mostly). It has no descriptor but its
 * socket, and a filter of system calls. Where there is Landlock, it can open files of the node's
 * folder, and of the one that a link leads to, alone.
 *
 * A device that shows the pictures of a publisher (<vmedia/share.h>) connects again when that was
 * started again. Its opener connects to the socket at the path, of type SOCK_SEQPACKET, and gives
 * away the connection. It can open no file at all, and call socket() and connect() in addition. Who
 * sends the requests may thus talk to what listens at that path, which is what it is there for.
 *
 * A source that reads a FIFO closes it while nobody streams, and opens it again. Its opener opens
 * the path for reading only, without waiting for a writer, and gives away nothing but a FIFO.
 */
#ifndef VMEDIA_SANDBOX_OPENER_H
#define VMEDIA_SANDBOX_OPENER_H

#define SANDBOX_OPENER_MAJOR 81 /* V4L2's devices */

enum sandbox_opener_kind {
	SANDBOX_OPENER_NODE,
	SANDBOX_OPENER_SOCKET,
	SANDBOX_OPENER_FIFO,
};

/*
 * sandbox_opener_start - fork the opener of @path
 *
 * Returns 0 with the socket in *@fd, or negative errno. The opener ends when all copies of the
 * socket are closed. Context: before the program has made a thread; as the user who started it.
 */
int sandbox_opener_start(const char *path, int *fd);

/* The same for the socket, or the FIFO, at @path. */
int sandbox_opener_start_socket(const char *path, int *fd);
int sandbox_opener_start_fifo(const char *path, int *fd);

/*
 * sandbox_opener_confine - take all from this process that the opener of @path does not need
 * @kind: what is at @path
 *
 * What the kernel does not allow is left out. Descriptors stay. For the report on the sandbox,
 * beside the opener. Context: as sandbox_opener_start().
 */
void sandbox_opener_confine(const char *path, enum sandbox_opener_kind kind);

/*
 * sandbox_opener_serve - answer requests from @sock, until it is closed or sends something else
 *
 * The opener's loop, for tests and fuzzers. @major: of the devices that it gives away, of nodes.
 */
void sandbox_opener_serve(int sock, const char *path, enum sandbox_opener_kind kind,
			  unsigned int major);

#endif /* VMEDIA_SANDBOX_OPENER_H */
