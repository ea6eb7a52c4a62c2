/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vmedia-bench: what virtio-media costs, beside what the same thing costs without it.
 *
 * Every figure is taken next to its floor, in turns or at the same time within one run, and
 * reported as a ratio to it: eventfd ping-pong of two processes under round trips, the bare source
 * under frames, memcpy under bytes, one buffer at a time under several. The device runs in a
 * process of its own (peer.c), as the daemon does; the driver is this process.
 */
#ifndef VMEDIA_BENCH_H
#define VMEDIA_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <vmedia/camera.h>
#include <vmedia/driver.h>
#include <vmedia/serve.h>

struct bench_options {
	const char *source;  /* as of the camera's --source */
	const char *json;    /* write the figures here; "-": standard output; NULL: no */
	double seconds;	     /* of each streaming run */
	unsigned int rounds; /* turns between a floor and what stands on it */
	unsigned int trips;  /* round trips in each turn */
	const char *only;    /* "mmap_1080p": that kind of frames alone; NULL: all */
	const char *daemon;  /* vhost-user-media; NULL: where it is built or installed */
	bool packed, quick, help;
};

/* ---- options.c ---- */

#define BENCH_MAX_ROUNDS 64

/* Parse the command line. Returns 0, or negative errno after one line on standard error. */
int bench_options_parse(struct bench_options *o, int argc, char **argv);
void bench_options_help(void);

/* ---- main.c ---- */

uint64_t bench_now_ns(void);
/* The median of @n samples, which it sorts. 0 for none. */
double bench_median(double *samples, size_t n);
/* One line on standard error; returns @err. */
int bench_fail(const char *what, int err);

/* ---- floor.c ---- */

/* Another process that answers an eventfd by an eventfd. */
struct bench_pingpong {
	pid_t pid;
	int there, back;
};

int bench_pingpong_start(struct bench_pingpong *p);
/* @n round trips, each a sample in nanoseconds. */
int bench_pingpong_run(struct bench_pingpong *p, double *samples, unsigned int n);
void bench_pingpong_stop(struct bench_pingpong *p);

/*
 * Nanoseconds that copying @bytes takes, from memory that is not in the cache to such memory: the
 * median of many.
 */
double bench_memcpy_ns(size_t bytes);

/* ---- source.c ---- */

struct bench_source_result {
	uint64_t frames;
	double cpu_ns, wall_ns; /* a frame */
};

/* How frames are taken, of the bare source and of a device. */
struct bench_stream {
	uint32_t width, height; /* NV12 */
	uint32_t memory;	/* V4L2_MEMORY_*; the bare source takes no heed of it */
	unsigned int buffers;	/* queued at a time */
	unsigned int fps;	/* 0: free run */
	bool scattered;
	bool nofill;		/* of the camera of nofill.c */
	bool no_spin;		/* the driver sleeps at once where it waits */
	double seconds;
};

/* Can the source be opened? 0, or negative errno after a line on standard error. */
int bench_source_check(const struct bench_options *o);

/* The source alone, into plain shared memory. */
int bench_source_run(const struct bench_options *o, const struct bench_stream *how,
		     struct bench_source_result *r);

/* The same in a process of its own, until the end is asked for. */
struct bench_beside;

int bench_source_beside(const struct bench_options *o, const struct bench_stream *how,
			struct bench_beside **beside);
/* Ends and frees @b, also where it fails. */
int bench_source_beside_end(struct bench_beside *b, struct bench_source_result *r);

/* ---- peer.c ---- */

struct bench_peer_stats {
	struct vmedia_device_stats device;
	struct vmedia_server_stats server;
};

/* A device in a process of its own, and an open file of it here. */
struct bench_peer {
	pid_t pid;
	int stats_fd; /* the process writes struct bench_peer_stats here when it ends */
	struct vmedia_driver *drv;
	struct vmedia_file *f;
};

/* What the device of that process is. */
struct bench_device {
	unsigned int fps; /* frames a second, 0: as fast as buffers come */
	bool nofill;	  /* the camera of nofill.c, as fast as buffers come */
	bool no_spin;	  /* the driver sleeps at once where it waits */
	unsigned int poll_us; /* the device looks for commands so long before it sleeps */
};

/* Returns 0 or negative errno after a line on standard error. */
int bench_peer_start(struct bench_peer *p, const struct bench_options *o,
		     const struct bench_device *device);
/* CPU time that the device's process has used, all threads, in nanoseconds. */
uint64_t bench_peer_cpu_ns(const struct bench_peer *p);
/* Disconnect, wait for the process, take its counters (@stats may be NULL). */
int bench_peer_stop(struct bench_peer *p, struct bench_peer_stats *stats);

/* ---- nofill.c ---- */

#define BENCH_NOFILL_WIDTH  640
#define BENCH_NOFILL_HEIGHT 480

/* A camera of NV12 in that size. 0 or negative errno. */
int bench_nofill_create(struct vmedia_loop *loop, struct vmedia_device **dev);

/* ---- stream.c ---- */

/* Per frame, of all that happened between the first frame and the last. */
struct bench_stream_result {
	uint64_t frames;
	double fps, device_cpu_ns, driver_cpu_ns, commands, events, kicks, interrupts, copied;
	double qbuf_to_event_ns; /* median from the call of QBUF to its event being seen */
	double dropped;		 /* frames that the sequence skipped, in all */
};

int bench_stream_run(const struct bench_options *o, const struct bench_stream *s,
		     struct bench_stream_result *r);

/* ---- report.c ---- */

struct bench_report;

/* The table goes to @table as figures come. NULL if there is no memory. */
struct bench_report *bench_report_new(FILE *table);
/*
 * A figure with the key of the JSON object; @unit and @label are for people, a NULL @label keeps it
 * out of the table.
 */
int bench_report_add(struct bench_report *r, const char *key, double value, const char *unit,
		     const char *label);
/* A heading of the table. */
void bench_report_section(struct bench_report *r, const char *title);
/*
 * The JSON object will go to @path, "-" for standard output: a file is opened, and keeps what is in
 * it until the figures are there. 0, or negative errno after a line on standard error.
 */
int bench_report_open(struct bench_report *r, const char *path);
int bench_report_json(struct bench_report *r);
void bench_report_free(struct bench_report *r);

/* ---- lazy.c ---- */

/* Frames that nobody writes, in step and with several buffers. @rtt_ns: an eventfd round trip. */
int bench_lazy(const struct bench_options *o, struct bench_report *r, double rtt_ns);

/* ---- start.c ---- */

/* Is there a daemon? 0, or negative errno after a line on standard error. */
int bench_start_check(const struct bench_options *o);
/* Starts of the daemon beside those of a program that does nothing, and what it holds. */
int bench_start_run(const struct bench_options *o, struct bench_report *r);

#endif /* VMEDIA_BENCH_H */
