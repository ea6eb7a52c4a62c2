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

struct vmedia_server_options {
	/* listen here; a dead socket of that name is replaced, a live one is -EADDRINUSE */
	const char *socket_path;
	/*
	 * Who may connect there: permissions of the socket, exactly these whatever the umask (0:
	 * 0600, with a group 0660), and its group (NULL: the process's own), which a process
	 * without privileges must be in.
	 */
	uint32_t socket_mode;
	const gid_t *socket_group;
	/*
	 * Used when socket_path is NULL: a connected socket, taken over; the loop is stopped when
	 * it closes.
	 */
	int fd;
	uint32_t shmem_feature_bit; /* 0: 22, QEMU's; 20 and 21 for peers of the drafts */
	bool once;		    /* with socket_path: stop the loop after the first guest */
	bool no_packed;		    /* do not offer VIRTIO_F_RING_PACKED */
	/*
	 * Do not offer CONFIGURE_MEM_SLOTS. The guest's memory may then have 8 regions at most.
	 * When the server was started anew under a running guest, QEMU sends all of it again; where
	 * this feature was offered it sends none, and cannot be served.
	 */
	bool no_mem_slots;
	/*
	 * Offer VIRTIO_F_ACCESS_PLATFORM, for guests that can share only part of their memory, or
	 * copy what they share. Addresses stay guest-physical: there is no IOTLB, so with a
	 * virtual IOMMU the rings do not start.
	 */
	bool access_platform;
	/*
	 * Microseconds that the loop looks into the guest's command ring before it sleeps; 0: none,
	 * at most VMEDIA_SERVER_MAX_POLL. What comes meanwhile is taken without the wake-up, which
	 * is most of what a command takes; 5 to 20 are enough for a driver that waits for answers
	 * in the same way. It costs CPU time of this thread while a guest gives commands one after
	 * the other, and gains nothing where driver and device share a CPU: so the loop stops
	 * looking for a while when it looks in vain (1 to 1023 sleeps, doubled with each miss), and
	 * after sleeps of ten times that long. An idle guest and a stream at a camera's pace cost
	 * nothing. Servers on one loop look together, for the longest of their times.
	 */
	uint32_t poll_us;
};

/*
 * vmedia_server_create - listen, or take the connection. @dev must outlive the server. Returns 0;
 * -EADDRINUSE (another process listens there, or the path is no socket); -EINVAL (path empty or too
 * long, no path and no fd, odd feature bit, poll_us); -EBUSY (another server has the device);
 * -EPERM (the group is none of this user's); errno of socket() or bind(). opts->fd is closed on
 * failure to serve it. Installs the SIGBUS guard of guest memory for the process.
 */
int vmedia_server_create(struct vmedia_device *dev, const struct vmedia_server_options *opts,
			 struct vmedia_server **srv);
/* Close the connection and the listening socket, and unlink its path. NULL is taken. */
void vmedia_server_destroy(struct vmedia_server *srv);

/* What the transport did, for logs and the bench; monotonic over all connections. */
struct vmedia_server_stats {
	uint64_t connections;
	uint64_t kicks[VMEDIA_NUM_QUEUES], calls[VMEDIA_NUM_QUEUES], chains[VMEDIA_NUM_QUEUES];
};
void vmedia_server_stats(const struct vmedia_server *srv, struct vmedia_server_stats *stats);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_SERVE_H */
