/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Put a device on a vhost-user socket and serve one guest after another.
 *
 *	vmedia_loop_create(&loop);
 *	vmedia_device_create(loop, &cfg, &dev);	 (or vmedia_video_create(), <vmedia/video.h>)
 *	vmedia_server_create(dev, &opts, &srv);
 *	vmedia_loop_run(loop);
 *
 * Context: the loop's thread.
 */
#ifndef VMEDIA_SERVE_H
#define VMEDIA_SERVE_H

#include <sys/types.h>
#include <vmedia/device.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vmedia_server;

#define VMEDIA_SERVER_MAX_POLL 1000u

/* A listening socket. Its members are to be read only. */
struct vmedia_listener {
	int fd; /* -1: none */
	char *path;
	dev_t dev; /* of the path's inode, so that only this file is unlinked */
	ino_t ino;
};

struct vmedia_server_options {
	/* listen at this path; a dead socket is replaced, a live one is -EADDRINUSE */
	const char *socket_path;
	/*
	 * Listen on this socket instead, which vmedia_listen() has made; NULL: make one. It is
	 * borrowed: the server neither closes it nor unlinks its path. For a program that makes the
	 * socket before it gives up rights.
	 */
	const struct vmedia_listener *listener;
	/*
	 * Access to the socket: its permissions, exactly these whatever the umask (0: 0600, or 0660
	 * with a group), and its group (NULL: the process's own). A process without privileges must
	 * be a member of the group.
	 */
	uint32_t socket_mode;
	const gid_t *socket_group;
	bool seqpacket; /* vmedia_listen(): SOCK_SEQPACKET, for a publisher (<vmedia/share.h>) */
	/*
	 * With socket_path and listener NULL: a connected socket. The server owns it. The loop
	 * stops when it closes.
	 */
	int fd;
	uint32_t shmem_feature_bit; /* 0: 22, as in QEMU; 20 and 21 for older drafts */
	bool once;		    /* unless with fd: stop the loop after the first guest */
	bool no_packed;		    /* do not offer VIRTIO_F_RING_PACKED */
	/*
	 * Do not offer CONFIGURE_MEM_SLOTS. The guest's memory may then have at most 8 regions.
	 * QEMU sends all regions again to a server that was restarted under a running guest. With
	 * this feature it sends none, so the new server cannot serve that guest.
	 */
	bool no_mem_slots;
	/*
	 * Offer VIRTIO_F_ACCESS_PLATFORM, for guests that can share only part of their memory, or
	 * that copy what they share. Addresses stay guest-physical. There is no IOTLB, so with a
	 * virtual IOMMU the rings do not start.
	 */
	bool access_platform;
	/*
	 * Microseconds that the loop polls the guest's command ring before it sleeps; 0: none, at
	 * most VMEDIA_SERVER_MAX_POLL. A command that comes in this time needs no wake-up, which is
	 * most of a command's time. 5 to 20 are enough for a driver that polls for answers in the
	 * same way. Polling takes CPU time of this thread while a guest sends one command after the
	 * other, and has no use if driver and device share a CPU. So after a poll that finds
	 * nothing, the loop does not poll before the next 1 to 1023 sleeps (doubled with each
	 * miss). It also does not poll after a sleep of ten times the polling time. An idle guest
	 * and a stream at a camera's pace have no cost. Servers on one loop poll together, for the
	 * longest of their times.
	 */
	uint32_t poll_us;
};

/*
 * vmedia_listen - bind and listen, non-blocking, at opts->socket_path with its mode and group
 *
 * A dead socket file is replaced. The file appears when the socket listens, unless the path is
 * within 9 bytes of the longest possible. Other options are not used. Returns 0; -EADDRINUSE:
 * another process listens there, or the path is no socket; -EINVAL: empty or too long; -EPERM: the
 * user is not a member of the group; errno of socket(), bind(), chown(), link(). Context: any
 * thread.
 */
int vmedia_listen(const struct vmedia_server_options *opts, struct vmedia_listener *l);
/*
 * vmedia_listener_close - close the socket and unlink its path, if the file there is still this
 * socket's. Does nothing if vmedia_listen() failed or this was called before.
 */
void vmedia_listener_close(struct vmedia_listener *l);

/*
 * vmedia_server_create - listen on opts->socket_path, or on opts->listener, or serve the connection
 * opts->fd
 *
 * @dev must outlive the server. Installs the SIGBUS guard of guest memory for the process. opts->fd
 * is closed if it cannot be served.
 *
 * Returns 0; -EADDRINUSE (another process listens there, or the path is no socket); -EINVAL (path
 * empty or too long, no path and no fd, bad feature bit, bad poll_us); -EBUSY (another server has
 * the device); -EPERM (the user is not a member of the group); errno of socket() or bind().
 */
int vmedia_server_create(struct vmedia_device *dev, const struct vmedia_server_options *opts,
			 struct vmedia_server **srv);
/*
 * Close the connection, and the listening socket with its path unless it is borrowed. NULL is
 * allowed.
 */
void vmedia_server_destroy(struct vmedia_server *srv);

/* Counters of the transport, for logs and the bench; they only grow, over all connections. */
struct vmedia_server_stats {
	uint64_t connections;
	uint64_t kicks[VMEDIA_NUM_QUEUES], calls[VMEDIA_NUM_QUEUES], chains[VMEDIA_NUM_QUEUES];
};
void vmedia_server_stats(const struct vmedia_server *srv, struct vmedia_server_stats *stats);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_SERVE_H */
