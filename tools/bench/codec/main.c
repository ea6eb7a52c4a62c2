/* SPDX-License-Identifier: BSD-3-Clause */
/* The program vmedia-bench-codec, which vmedia-bench starts for each job. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>

#include <signal.h>

#include <libavutil/error.h>
#include <libavutil/log.h>

#include "codec.h"

static uint64_t read_clock(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t floor_now_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int floor_fail(const char *what, int err)
{
	fprintf(stderr, "vmedia-bench-codec: %s: %s\n", what, strerror(-err));
	return err;
}

int floor_fail_av(const char *what, int averror)
{
	char text[AV_ERROR_MAX_STRING_SIZE] = "";

	av_strerror(averror, text, sizeof(text));
	fprintf(stderr, "vmedia-bench-codec: %s: %s\n", what, text);
	return -EIO;
}

/* ---- What is measured ---- */

void floor_span_init(struct floor_span *s, const struct bench_job *job, uint32_t pictures)
{
	*s = (struct floor_span){ .sessions = job->sessions,
				  .total = (uint64_t)job->sessions * job->loops * pictures };
}

static void take(struct floor_span *s, unsigned int end)
{
	s->wall[end] = floor_now_ns();
	s->cpu[end] = read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

bool floor_span_frame(struct floor_span *s, uint64_t nth)
{
	if (!s->total)
		return true;
	if (atomic_load(&s->begun) && atomic_fetch_add(&s->frames, 1) + 1 == s->total) {
		take(s, 1);
		atomic_store(&s->ended, true);
	}
	if (nth == BENCH_WARM_PICTURES && atomic_fetch_add(&s->warm, 1) + 1 == s->sessions) {
		take(s, 0);
		atomic_store(&s->begun, true);
	}
	return atomic_load(&s->ended);
}

void floor_span_result(const struct floor_span *s, struct bench_job *job)
{
	double n = (double)s->total;

	job->frames = s->total;
	if (!job->frames)
		return;
	job->wall_ns = (double)(s->wall[1] - s->wall[0]) / n;
	job->cpu_ns = (double)(s->cpu[1] - s->cpu[0]) / n;
}

/* ---- The job ---- */

static int with_media(struct bench_job *job, int fd)
{
	struct bench_media *m;
	struct stat st;
	int err;

	if (fstat(fd, &st) < 0)
		return floor_fail("media", -errno);
	m = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (m == MAP_FAILED)
		return floor_fail("media", -errno);
	err = job->verb == BENCH_JOB_DECODE ? floor_decode(job, m) : floor_encode(job, m);
	munmap(m, (size_t)st.st_size);
	return err;
}

static int run(struct bench_job *job, int fd)
{
	switch (job->verb) {
	case BENCH_JOB_PICTURES:
		return floor_make_pictures(job, fd);
	case BENCH_JOB_STREAM:
		return floor_make_stream(job, fd);
	case BENCH_JOB_DECODE:
	case BENCH_JOB_ENCODE:
		return with_media(job, fd);
	default:
		return floor_fail("job", -EINVAL);
	}
}

int main(int argc, char **argv)
{
	struct bench_job *job = MAP_FAILED;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (argc == 3)
		job = mmap(NULL, sizeof(*job), PROT_READ | PROT_WRITE, MAP_SHARED, atoi(argv[1]),
			   0);
	if (job == MAP_FAILED || job->bytes != sizeof(*job)) {
		fputs("vmedia-bench-codec: vmedia-bench of the same build runs this program\n",
		      stderr);
		return 2;
	}
	av_log_set_level(AV_LOG_ERROR);
	job->err = run(job, atoi(argv[2]));
	return job->err < 0;
}
