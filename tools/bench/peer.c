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
#include <vmedia/module.h>

#include "bench.h"

/* Enough for eight sessions of a decoder. */
#define REGION (1ull << 30)

/* What the process has to answer with. */
struct served {
	struct vmedia_source src; /* of the socket for counters */
	struct vmedia_device *dev;
	struct vmedia_server *srv;
};

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

static int module(struct vmedia_loop *loop, const char *kind, char *why, size_t size,
		  struct vmedia_device **dev)
{
	const struct vmedia_module *m;
	struct vmedia_limits limits;
	struct vmedia_module_args args = { .loop = loop, .limits = &limits, .region_size = REGION };
	int ret = vmedia_module_load(NULL, kind, why, size, &m);

	vmedia_limits_default(&limits);
	return ret < 0 ? ret : m->create(&args, why, size, dev);
}

static int write_stats(const struct served *s)
{
	struct bench_peer_stats stats;

	vmedia_server_stats(s->srv, &stats.server);
	vmedia_device_stats(s->dev, &stats.device);
	return write(s->src.fd, &stats, sizeof(stats)) == sizeof(stats) ? 0 : -EIO;
}

static void asked(struct vmedia_source *src, uint32_t revents)
{
	const struct served *s = (struct served *)src;
	char byte;

	(void)revents;
	if (read(src->fd, &byte, 1) != 1 || write_stats(s) < 0)
		vmedia_loop_del_fd(src);
}

static int create(struct vmedia_loop *loop, const struct bench_options *o,
		  const struct bench_device *d, char *why, size_t size, struct vmedia_device **dev)
{
	if (d->kind)
		return module(loop, d->kind, why, size, dev);
	return d->nofill ? bench_nofill_create(loop, dev)
			 : camera(loop, o, d->fps, why, size, dev);
}

static int serve(int fd, int stats_fd, const struct bench_options *o, const struct bench_device *d)
{
	struct vmedia_server_options so = { .fd = fd, .poll_us = d->poll_us };
	struct vmedia_loop *loop = NULL;
	struct served s = { .dev = NULL };
	char why[256] = "";
	int ret;

	ret = vmedia_loop_create(&loop);
	if (ret == 0)
		ret = create(loop, o, d, why, sizeof(why), &s.dev);
	if (ret == 0)
		ret = vmedia_server_create(s.dev, &so, &s.srv);
	if (ret == 0)
		ret = vmedia_loop_add_fd(loop, &s.src, stats_fd, EPOLLIN, asked);
	if (ret == 0)
		ret = vmedia_loop_run(loop);
	if (ret < 0)
		return bench_fail(*why ? why : "device process", ret);
	s.src.fd = stats_fd;
	ret = write_stats(&s);
	vmedia_loop_del_fd(&s.src);
	vmedia_server_destroy(s.srv);
	vmedia_device_destroy(s.dev);
	vmedia_loop_destroy(loop);
	return ret;
}

static int spawn(struct bench_peer *p, const struct bench_options *o, const struct bench_device *d,
		 int *sock)
{
	int sv[2], stats[2], ret;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0)
		return -errno;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stats) < 0) {
		ret = -errno;
		goto close_sockets;
	}
	fflush(NULL);
	p->pid = fork();
	if (p->pid < 0) {
		ret = -errno;
		goto close_stats;
	}
	if (p->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(sv[0]);
		close(stats[0]);
		_exit(serve(sv[1], stats[1], o, d) < 0);
	}
	close(sv[1]);
	close(stats[1]);
	p->stats_fd = stats[0];
	*sock = sv[0];
	return 0;

close_stats:
	close(stats[0]);
	close(stats[1]);
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

uint64_t bench_cpu_ns(pid_t pid)
{
	struct timespec ts = { 0 };
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) == 0)
		clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t bench_peer_cpu_ns(const struct bench_peer *p)
{
	return bench_cpu_ns(p->pid);
}

int bench_peer_stats(const struct bench_peer *p, struct bench_peer_stats *stats)
{
	if (write(p->stats_fd, "", 1) != 1 ||
	    read(p->stats_fd, stats, sizeof(*stats)) != sizeof(*stats))
		return bench_fail("counters of the device process", -EIO);
	return 0;
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
