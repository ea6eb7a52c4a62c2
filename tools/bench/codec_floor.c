/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs vmedia-bench-codec, which has libavcodec: the floor for codecs, in a process of its own. So
 * this program does not load libavcodec, with its hundred shared objects, for those who measure
 * other things. In the device's process the kind's module loads it.
 */
#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "codec/job.h"
#include "config.h"

#define NAME "vmedia-bench-codec"

extern char **environ;

int bench_codec_find(char *path, size_t size)
{
	if (bench_program(path, size, "/" NAME) == 0)
		return 0;
	if (VMEDIA_LIBEXEC[0] != '/')
		return bench_program(path, size, "/" VMEDIA_LIBEXEC "/" NAME);
	snprintf(path, size, "%s", VMEDIA_LIBEXEC "/" NAME);
	return access(path, X_OK) < 0 ? -errno : 0;
}

static int spawn(const char *path, int job_fd, int fd)
{
	posix_spawn_file_actions_t files;
	char first[16], second[16];
	char *argv[] = { (char *)NAME, first, second, NULL };
	int status, err;
	pid_t pid;

	snprintf(first, sizeof(first), "%d", job_fd);
	snprintf(second, sizeof(second), "%d", fd);
	if (posix_spawn_file_actions_init(&files))
		return -ENOMEM;
	/* A descriptor that is duplicated onto itself stays open. */
	err = posix_spawn_file_actions_adddup2(&files, job_fd, job_fd);
	if (!err)
		err = posix_spawn_file_actions_adddup2(&files, fd, fd);
	if (!err)
		err = posix_spawn(&pid, path, &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	if (err)
		return bench_fail(path, -err);
	if (waitpid(pid, &status, 0) < 0)
		return bench_fail(path, -errno);
	return status ? bench_fail("the process of libavcodec did not end well", -EIO) : 0;
}

int bench_codec_floor(struct bench_job *job, int fd)
{
	int job_fd = memfd_create("vmedia-bench job", MFD_CLOEXEC), ret;
	char path[PATH_MAX];

	if (job_fd < 0)
		return bench_fail("memfd_create", -errno);
	job->bytes = sizeof(*job);
	ret = bench_codec_find(path, sizeof(path));
	if (ret < 0)
		bench_fail(path, ret);
	else if (write(job_fd, job, sizeof(*job)) != sizeof(*job))
		ret = bench_fail("job", -errno);
	else
		ret = spawn(path, job_fd, fd);
	if (ret == 0 && pread(job_fd, job, sizeof(*job), 0) != sizeof(*job))
		ret = bench_fail("job", -EIO);
	close(job_fd);
	return ret < 0 ? ret : job->err;
}

int bench_film_make(struct bench_film *film, struct bench_job *job)
{
	struct stat st;
	int ret;

	*film = (struct bench_film){ .fd = memfd_create("vmedia-bench film", MFD_CLOEXEC) };
	if (film->fd < 0)
		return bench_fail("memfd_create", -errno);
	ret = bench_codec_floor(job, film->fd);
	if (ret == 0 && fstat(film->fd, &st) < 0)
		ret = bench_fail("film", -errno);
	if (ret == 0) {
		film->m = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, film->fd, 0);
		if (film->m == MAP_FAILED) {
			film->m = NULL;
			ret = bench_fail("film", -errno);
		}
	}
	if (ret < 0)
		bench_film_free(film);
	return ret;
}

void bench_film_free(struct bench_film *film)
{
	if (film->m)
		munmap(film->m, film->m->size);
	if (film->fd > 0)
		close(film->fd);
	*film = (struct bench_film){ 0 };
}
