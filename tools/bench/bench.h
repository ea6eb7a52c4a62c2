/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vmedia-bench measures the cost of virtio-media beside the cost of the same work without it.
 *
 * Every figure is measured together with its floor, in turns or at the same time within one run,
 * and reported as a ratio to it. Floors: eventfd ping-pong of two processes for round trips, the
 * bare source for frames, memcpy for bytes, one buffer at a time for several, libavcodec alone for
 * codecs. The device runs in a separate process (peer.c), as the daemon does; the driver is this
 * process.
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
	const char *source;  /* as in the camera's --source */
	const char *json;    /* write the figures here; "-": standard output; NULL: no */
	double seconds;	     /* of each streaming run */
	unsigned int rounds; /* turns between a floor and its measurement */
	unsigned int trips;  /* round trips in each turn */
	const char *only;    /* "mmap_1080p": these frames only; "codec", "shared"; NULL: all */
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
/* The median of @n samples; sorts them. 0 for none. */
double bench_median(double *samples, size_t n);
/* Print one line to standard error. Returns @err. */
int bench_fail(const char *what, int err);

/* ---- floor.c ---- */

/* Another process that answers each eventfd write with one on another eventfd. */
struct bench_pingpong {
	pid_t pid;
	int there, back;
};

int bench_pingpong_start(struct bench_pingpong *p);
/* Make @n round trips, each a sample in nanoseconds. */
int bench_pingpong_run(struct bench_pingpong *p, double *samples, unsigned int n);
void bench_pingpong_stop(struct bench_pingpong *p);

/*
 * Nanoseconds for copying @bytes between memory that is not in the cache: the median of many
 * copies.
 */
double bench_memcpy_ns(size_t bytes);

/* ---- source.c ---- */

struct bench_source_result {
	uint64_t frames;
	double cpu_ns, wall_ns; /* for each frame */
};

/* How to take frames, from the bare source and from a device. */
struct bench_stream {
	uint32_t width, height; /* NV12 */
	uint32_t memory;	/* V4L2_MEMORY_*; the bare source ignores it */
	unsigned int buffers;	/* queued at a time */
	unsigned int fps;	/* 0: as fast as possible */
	bool scattered;
	bool nofill;		/* use the camera of nofill.c */
	bool no_spin;		/* the driver sleeps at once when it waits */
	double seconds;
};

/*
 * Check that the source can be opened. Returns 0, or negative errno after a line on standard error.
 */
int bench_source_check(const struct bench_options *o);

/* Run the source alone, into plain shared memory. */
int bench_source_run(const struct bench_options *o, const struct bench_stream *how,
		     struct bench_source_result *r);

/* The same in a separate process, until bench_source_beside_end(). */
struct bench_beside;

int bench_source_beside(const struct bench_options *o, const struct bench_stream *how,
			struct bench_beside **beside);
/* End and free @b, also on an error. */
int bench_source_beside_end(struct bench_beside *b, struct bench_source_result *r);

/* ---- peer.c ---- */

struct bench_peer_stats {
	struct vmedia_device_stats device;
	struct vmedia_server_stats server;
};

/* A device in a separate process, and an open file of it in this one. */
struct bench_peer {
	pid_t pid;
	/*
	 * A socket to the process, which writes struct bench_peer_stats for each byte and when it
	 * ends.
	 */
	int stats_fd;
	struct vmedia_driver *drv;
	struct vmedia_file *f;
};

/* The device of that process. */
struct bench_device {
	unsigned int fps; /* frames a second; 0: as fast as buffers come */
	bool nofill;	  /* the camera of nofill.c, as fast as buffers come */
	bool no_spin;	  /* the driver sleeps at once when it waits */
	unsigned int poll_us; /* time that the device polls for commands before it sleeps */
	const char *kind; /* of a module; NULL: a camera */
};

/* Returns 0 or negative errno after a line on standard error. */
int bench_peer_start(struct bench_peer *p, const struct bench_options *o,
		     const struct bench_device *device);
/* CPU time of a process, all threads, in nanoseconds; 0 if there is none. */
uint64_t bench_cpu_ns(pid_t pid);
/* That of the device's process. */
uint64_t bench_peer_cpu_ns(const struct bench_peer *p);
/* Its counters now. */
int bench_peer_stats(const struct bench_peer *p, struct bench_peer_stats *stats);
/* Disconnect, wait for the process, and read its counters (@stats may be NULL). */
int bench_peer_stop(struct bench_peer *p, struct bench_peer_stats *stats);

/* ---- nofill.c ---- */

#define BENCH_NOFILL_WIDTH  640
#define BENCH_NOFILL_HEIGHT 480

/* Create a camera of NV12 in that size. Returns 0 or negative errno. */
int bench_nofill_create(struct vmedia_loop *loop, struct vmedia_device **dev);

/* ---- stream.c ---- */

/* Figures for each frame, between the first frame and the last. */
struct bench_stream_result {
	uint64_t frames;
	double fps, device_cpu_ns, driver_cpu_ns, commands, events, kicks, interrupts, copied;
	double qbuf_to_event_ns; /* median from the call of QBUF to its event */
	double dropped;		 /* frames missing in the sequence, in all */
};

int bench_stream_run(const struct bench_options *o, const struct bench_stream *s,
		     struct bench_stream_result *r);

/* ---- report.c ---- */

struct bench_report;

/* The table is written to @table as figures are added. Returns NULL without memory. */
struct bench_report *bench_report_new(FILE *table);
/*
 * Add a figure. @key: in the JSON object; @unit and @label: for the table; if @label is NULL, the
 * figure is not in the table.
 */
int bench_report_add(struct bench_report *r, const char *key, double value, const char *unit,
		     const char *label);
/* Add a heading to the table. */
void bench_report_section(struct bench_report *r, const char *title);
/*
 * Open @path for the JSON object, "-" for standard output. A file keeps its old content until the
 * figures are complete. Returns 0, or negative errno after a line on standard error.
 */
int bench_report_open(struct bench_report *r, const char *path);
int bench_report_json(struct bench_report *r);
void bench_report_free(struct bench_report *r);

/* ---- lazy.c ---- */

/*
 * Measure frames that are not filled, in step and with several buffers. @rtt_ns: an eventfd round
 * trip.
 */
int bench_lazy(const struct bench_options *o, struct bench_report *r, double rtt_ns);

/* ---- start.c ---- */

/* Check that there is a daemon. Returns 0, or negative errno after a line on standard error. */
int bench_start_check(const struct bench_options *o);
/* Measure starts of the daemon beside those of a program that does nothing, and its memory. */
int bench_start_run(const struct bench_options *o, struct bench_report *r);
/* Measure the memory of one session of a daemon's @kind, in kB. */
int bench_start_session(const struct bench_options *o, const char *kind, double *kb);
/* Put @suffix behind the folder of this program. Returns 0 if that is a program, or its errno. */
int bench_program(char *path, size_t size, const char *suffix);

/* The process that serves: the child of the one that was started, or that one itself. */
pid_t bench_serving(pid_t pid);

/* ---- shared.c ---- */

/* Check that --only=shared can be done. Returns 0, or negative errno after a line. */
int bench_shared_check(const struct bench_options *o);
/* Measure a source that several devices share. */
int bench_shared(const struct bench_options *o, struct bench_report *r);

/* ---- codec_floor.c ---- */

struct bench_job;
struct bench_media;

/* Media in a memory file. */
struct bench_film {
	int fd;
	struct bench_media *m;
};

/* Find vmedia-bench-codec. Returns 0, or negative errno of its path. */
int bench_codec_find(char *path, size_t size);
/* Have it do a job; @fd: the file of its media. Returns 0 or negative errno after a line. */
int bench_codec_floor(struct bench_job *job, int fd);
/* Have it make media, as @job says. */
int bench_film_make(struct bench_film *film, struct bench_job *job);
/* Also of one that is all zeros. */
void bench_film_free(struct bench_film *film);

/* ---- codec_run.c ---- */

/* A decoder's or encoder's sessions, all at once. */
struct bench_codec_how {
	const char *kind; /* "decoder" or "encoder" */
	const struct bench_media *media;
	uint32_t raw; /* V4L2_PIX_FMT_* of the pictures */
	unsigned int sessions;
	unsigned int loops; /* of the media; 0: end with the first picture */
};

/* Figures for each picture, after those that warm up. */
struct bench_codec_result {
	double fps, device_cpu_ns, driver_cpu_ns, copied;
	double first_ns;      /* from the first packet to the first picture */
	uint64_t coded_bytes; /* of an encoder's packets in the first loop */
};

int bench_codec_run(const struct bench_options *o, const struct bench_codec_how *how,
		    struct bench_codec_result *res);

/* ---- codec.c ---- */

/* Check that --only=codec can be done. Returns 0, or negative errno after a line. */
int bench_codec_check(const struct bench_options *o);
/* Measure codecs beside libavcodec. */
int bench_codec(const struct bench_options *o, struct bench_report *r);

#endif /* VMEDIA_BENCH_H */
