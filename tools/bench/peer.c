/* SPDX-License-Identifier: BSD-3-Clause */
/* The device in a separate process, like vhost-user-media, with counters at the end. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <vmedia/loop.h>

#include "bench.h"

static int camera(struct vmedia_loop *loop, const struct bench_options *o, unsigned int fps,
		  char *why, size_t size, struct vmedia_device **dev)
{
	struct vmedia_camera_options opts;

	vmedia_camera_options_init(&opts);
	opts.source = o->source;
	opts.free_run = fps == 0;
	if (fps)
		opts.interval = (struct vmedia_fract){ 1, fps };
	return vmedia_camera_create(loop, &opts, why, size, dev);
}

static int serve(int fd, int stats_fd, const struct bench_options *o, const struct bench_device *d)
{
	struct vmedia_server_options so = { .fd = fd, .poll_us = d->poll_us };
	struct bench_peer_stats stats;
	struct vmedia_device *dev = NULL;
	struct vmedia_server *srv = NULL;
	struct vmedia_loop *loop = NULL;
	char why[256] = "";
	int ret;

	ret = vmedia_loop_create(&loop);
	if (ret == 0)
		ret = d->nofill ? bench_nofill_create(loop, &dev)
				: camera(loop, o, d->fps, why, sizeof(why), &dev);
	if (ret == 0)
		ret = vmedia_server_create(dev, &so, &srv);
	if (ret == 0)
		ret = vmedia_loop_run(loop);
	if (ret < 0)
		return bench_fail(*why ? why : "device process", ret);
	vmedia_server_stats(srv, &stats.server);
	vmedia_device_stats(dev, &stats.device);
	vmedia_server_destroy(srv);
	vmedia_device_destroy(dev);
	vmedia_loop_destroy(loop);
	return write(stats_fd, &stats, sizeof(stats)) == sizeof(stats) ? 0 : -EIO;
}

static int spawn(struct bench_peer *p, const struct bench_options *o, const struct bench_device *d,
		 int *sock)
{
	int sv[2], pipefd[2], ret;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0)
		return -errno;
	if (pipe2(pipefd, O_CLOEXEC) < 0) {
		ret = -errno;
		goto close_sockets;
	}
	fflush(NULL);
	p->pid = fork();
	if (p->pid < 0) {
		ret = -errno;
		goto close_pipe;
	}
	if (p->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(sv[0]);
		close(pipefd[0]);
		_exit(serve(sv[1], pipefd[1], o, d) < 0);
	}
	close(sv[1]);
	close(pipefd[1]);
	p->stats_fd = pipefd[0];
	*sock = sv[0];
	return 0;

close_pipe:
	close(pipefd[0]);
	close(pipefd[1]);
close_sockets:
	close(sv[0]);
	close(sv[1]);
	return ret;
}

int bench_peer_start(struct bench_peer *p, const struct bench_options *o,
		     const struct bench_device *device)
{
	struct vmedia_driver_options d = {
		.flags = (o->packed ? VMEDIA_DRIVER_PACKED : 0) |
			 (device->no_spin ? VMEDIA_DRIVER_NO_SPIN : 0),
	};
	int ret;

	*p = (struct bench_peer){ .pid = -1, .stats_fd = -1 };
	ret = spawn(p, o, device, &d.fd);
	if (ret < 0)
		return bench_fail("cannot start the device process", ret);
	ret = vmedia_driver_connect(&d, &p->drv);
	if (ret < 0)
		close(d.fd);
	else
		ret = vmedia_open(p->drv, 0, &p->f);
	if (ret == 0)
		return 0;
	bench_fail("cannot connect to the device process", ret);
	bench_peer_stop(p, NULL);
	return ret;
}

uint64_t bench_peer_cpu_ns(const struct bench_peer *p)
{
	struct timespec ts = { 0 };
	clockid_t clock;

	if (clock_getcpuclockid(p->pid, &clock) == 0)
		clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

int bench_peer_stop(struct bench_peer *p, struct bench_peer_stats *stats)
{
	struct bench_peer_stats s = { 0 };
	int status = 0, ret = 0;

	vmedia_close(p->f);
	vmedia_driver_disconnect(p->drv);
	if (p->stats_fd >= 0) {
		if (read(p->stats_fd, &s, sizeof(s)) != sizeof(s))
			ret = -EIO;
		close(p->stats_fd);
	}
	if (p->pid > 0)
		waitpid(p->pid, &status, 0);
	if (stats)
		*stats = s;
	*p = (struct bench_peer){ .pid = -1, .stats_fd = -1 };
	if (ret < 0 || status)
		return bench_fail("the device process did not end well", -EIO);
	return 0;
}
