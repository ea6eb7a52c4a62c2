/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Measures the daemon's time from the start to a first frame, and its memory.
 *
 * The floor is a program that does nothing, started and waited for in the same turns. posix_spawn()
 * starts both, so the size of this process does not count. The sandbox costs the difference to
 * starts with --no-sandbox, in the same turns. The camera is the pattern, which makes a frame when
 * there is a buffer for it: with a pace, its first frame is one interval late. Times are long on a
 * busy machine, so the daemon's CPU time is shown too, from its start to its end: of all its
 * processes, some of which end before the first frame.
 *
 * The daemon is two processes: one serves, and one that was started keeps it. Memory is that of
 * both.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/videodev2.h>

#include "bench.h"

#define BUFFERS	     3
#define SESSIONS     1000
#define MAX_SESSIONS "--max-sessions=1001"

extern char **environ;

struct started {
	pid_t pid;
	struct vmedia_driver *drv;
};

/* ---- Finding it ---- */

/* Folders are X_OK too. */
static int is_program(const char *path)
{
	struct stat st;

	if (access(path, X_OK) < 0 || stat(path, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? 0 : -EACCES;
}

int bench_program(char *path, size_t size, const char *suffix)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n < 0)
		return -errno;
	self[n] = 0;
	slash = strrchr(self, '/');
	snprintf(path, size, "%.*s%s", slash ? (int)(slash - self) : 0, self, suffix);
	return is_program(path);
}

/* Installed, the daemon is in the same folder; in a build folder, it is in that of its sources. */
static int find(const struct bench_options *o, char *path, size_t size)
{
	if (o->daemon) {
		snprintf(path, size, "%s", o->daemon);
		return is_program(path);
	}
	if (bench_program(path, size, "/vhost-user-media") == 0)
		return 0;
	return bench_program(path, size, "/../../daemon/vhost-user-media");
}

int bench_start_check(const struct bench_options *o)
{
	char path[PATH_MAX];
	int ret = find(o, path, sizeof(path));

	if (ret < 0)
		fprintf(stderr, "vmedia-bench: %s: %s; give the program by --daemon=PATH\n", path,
			strerror(-ret));
	return ret;
}

/* ---- Starting it ---- */

static int spawn(const char *path, char *const argv[], pid_t *pid)
{
	int ret = posix_spawn(pid, path, NULL, NULL, argv, environ);

	return ret ? bench_fail(path, -ret) : 0;
}

static int start(const char *path, const char *kind, const char *more, struct started *s)
{
	struct vmedia_driver_options d = { 0 };
	char fd[16], fps[] = "--fps=max", extra[64];
	char *argv[] = { (char *)"vhost-user-media", fd, (char *)"--max-buffers=16", extra,
			 (char *)kind, strcmp(kind, "camera") == 0 ? fps : NULL, NULL };
	int sv[2], ret;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0)
		return bench_fail("socketpair", -errno);
	/* The daemon's end stays open over exec; this process closes its copy below. */
	fcntl(sv[1], F_SETFD, 0);
	snprintf(fd, sizeof(fd), "--fd=%d", sv[1]);
	snprintf(extra, sizeof(extra), "%s", more);
	*s = (struct started){ 0 };
	ret = spawn(path, argv, &s->pid);
	close(sv[1]);
	d.fd = sv[0];
	if (ret == 0)
		ret = vmedia_driver_connect(&d, &s->drv);
	if (ret < 0)
		close(sv[0]);
	return ret;
}

static double ns(const struct timeval *tv)
{
	return (double)tv->tv_sec * 1e9 + (double)tv->tv_usec * 1e3;
}

/* *cpu gets the CPU time of all its processes; NULL is allowed. */
static int stop(struct started *s, double *cpu)
{
	struct rusage used = { 0 };
	int status = 0;

	vmedia_driver_disconnect(s->drv);
	if (s->pid > 0 && (wait4(s->pid, &status, 0, &used) < 0 || status))
		return bench_fail("vhost-user-media did not end well", -EIO);
	if (cpu)
		*cpu = ns(&used.ru_utime) + ns(&used.ru_stime);
	return 0;
}

/* The file stays open until the driver disconnects. */
static int first_frame(struct vmedia_driver *drv)
{
	struct vmedia_requestbuffers req = { .count = BUFFERS,
					     .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
					     .memory = V4L2_MEMORY_MMAP };
	struct vmedia_buffer b = { .type = req.type, .memory = req.memory };
	struct vmedia_file *f;
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE, ret = vmedia_open(drv, 0, &f);

	if (ret < 0)
		return ret;
	ret = vmedia_ioctl(f, VIDIOC_REQBUFS, &req);
	for (b.index = 0; ret == 0 && b.index < req.count; b.index++)
		ret = vmedia_ioctl(f, VIDIOC_QBUF, &b);
	if (ret == 0)
		ret = vmedia_ioctl(f, VIDIOC_STREAMON, &type);
	if (ret == 0)
		ret = vmedia_ioctl(f, VIDIOC_DQBUF, &b);
	return ret < 0 ? bench_fail("first frame", ret) : 0;
}

static int one_start(const char *path, const char *option, double *wall, double *cpu)
{
	uint64_t from = bench_now_ns();
	struct started s;
	int ret = start(path, "camera", option, &s), end;

	if (ret == 0)
		ret = first_frame(s.drv);
	*wall = (double)(bench_now_ns() - from);
	end = stop(&s, cpu);
	return ret < 0 ? ret : end;
}

static int one_exec(double *wall)
{
	char *argv[] = { (char *)"true", NULL };
	uint64_t from = bench_now_ns();
	pid_t pid;
	int ret = spawn("/bin/true", argv, &pid);

	if (ret == 0 && waitpid(pid, NULL, 0) < 0)
		ret = bench_fail("/bin/true", -errno);
	*wall = (double)(bench_now_ns() - from);
	return ret;
}

/* ---- Its memory ---- */

pid_t bench_serving(pid_t pid)
{
	char path[64];
	int child;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%d", &child) != 1)
		child = pid;
	if (f)
		fclose(f);
	return child;
}

/* VmRSS of /proc/PID/status, which is readable although the daemon is not dumpable. */
static double rss_of(pid_t pid)
{
	char path[64], line[256];
	double kb = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "VmRSS:", 6) == 0)
			kb = strtod(line + 6, NULL);
	if (f)
		fclose(f);
	return kb;
}

static int rss_kb(pid_t pid, double *kb)
{
	pid_t child = bench_serving(pid);

	*kb = rss_of(pid);
	if (child != pid)
		*kb += rss_of(child);
	return *kb > 0 ? 0 : bench_fail("memory of vhost-user-media", -ENOENT);
}

/* Count the mapped shared objects. Only possible without the sandbox. */
static int count_objects(pid_t pid, double *count)
{
	char path[64], line[PATH_MAX + 128], last[PATH_MAX + 128] = "";
	const char *name;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	f = fopen(path, "re");
	*count = 0;
	while (f && fgets(line, sizeof(line), f)) {
		name = strchr(line, '/');
		if (!name || !strstr(name, ".so") || strcmp(name, last) == 0)
			continue;
		snprintf(last, sizeof(last), "%s", name);
		++*count;
	}
	if (f)
		fclose(f);
	return *count > 0 ? 0 : bench_fail(path, -ENOENT);
}

static int open_sessions(struct vmedia_driver *drv)
{
	struct vmedia_file *f;
	int ret = 0;

	/* Disconnecting closes them. */
	for (unsigned int i = 0; ret == 0 && i < SESSIONS; i++)
		ret = vmedia_open(drv, 0, &f);
	return ret < 0 ? bench_fail("opening sessions", ret) : 0;
}

/* The memory without a session, and that of one. */
static int sessions(const char *path, const char *kind, double *idle, double *one)
{
	double full = 0;
	struct started s;
	int ret = start(path, kind, MAX_SESSIONS, &s), end;

	if (ret == 0)
		ret = rss_kb(s.pid, idle);
	if (ret == 0)
		ret = open_sessions(s.drv);
	if (ret == 0)
		ret = rss_kb(s.pid, &full);
	end = stop(&s, NULL);
	*one = (full - *idle) / SESSIONS;
	return ret < 0 || end < 0 ? -EIO : 0;
}

int bench_start_session(const struct bench_options *o, const char *kind, double *kb)
{
	char path[PATH_MAX];
	double idle;
	int ret = find(o, path, sizeof(path));

	return ret < 0 ? ret : sessions(path, kind, &idle, kb);
}

static int memory(const char *path, struct bench_report *r)
{
	double idle = 0, one = 0, objects = 0;
	struct started s;
	int ret = sessions(path, "camera", &idle, &one), end;

	if (ret < 0)
		return ret;
	ret = start(path, "camera", "--no-sandbox", &s);
	if (ret == 0)
		ret = count_objects(s.pid, &objects);
	end = stop(&s, NULL);
	if (ret < 0 || end < 0)
		return -EIO;
	bench_report_add(r, "start_shared_objects", objects, "", "shared objects");
	bench_report_add(r, "rss_idle_kb", idle, "kB",
			 "resident memory of its two processes, no session");
	return bench_report_add(r, "rss_per_session_kb", one, "kB",
				"resident memory of one session more");
}

int bench_start_run(const struct bench_options *o, struct bench_report *r)
{
	double wall[BENCH_MAX_ROUNDS], open[BENCH_MAX_ROUNDS], cpu[BENCH_MAX_ROUNDS];
	double exec[BENCH_MAX_ROUNDS];
	char path[PATH_MAX];
	int ret = find(o, path, sizeof(path));
	double started, floor;

	for (unsigned int i = 0; ret == 0 && i < o->rounds; i++) {
		ret = one_exec(&exec[i]);
		if (ret == 0)
			ret = one_start(path, "--no-sandbox", &open[i], NULL);
		if (ret == 0)
			ret = one_start(path, "--log-level=warning", &wall[i], &cpu[i]);
	}
	if (ret < 0)
		return ret;
	started = bench_median(wall, o->rounds);
	floor = bench_median(exec, o->rounds);
	bench_report_section(r, "vhost-user-media with a pattern camera");
	bench_report_add(r, "exec_ms", floor / 1e6, "ms", "floor: a program that does nothing");
	bench_report_add(r, "start_to_first_frame_ms", started / 1e6, "ms",
			 "from its start to a first frame");
	bench_report_add(r, "start_vs_exec", started / floor, "x", "ratio to the floor");
	bench_report_add(r, "start_sandbox_ms", (started - bench_median(open, o->rounds)) / 1e6,
			 "ms", "of these the sandbox: more than with --no-sandbox");
	bench_report_add(r, "start_cpu_ms", bench_median(cpu, o->rounds) / 1e6, "ms",
			 "its processor time, end included");
	return memory(path, r);
}
