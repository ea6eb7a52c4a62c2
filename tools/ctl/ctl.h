/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vmedia-ctl: drive a virtio-media device from the command line, with v4l2-ctl's option names.
 *
 * options.c first collects all options. main.c then carries them out in v4l2-ctl's fixed order,
 * whatever their order on the command line: set, get, list, wait for events, stream.
 */
#ifndef VMEDIA_CTL_H
#define VMEDIA_CTL_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/videodev2.h>
#include <vmedia/driver.h>

#define CTL_MAX_ARGS 32 /* repeats of one option that are kept */

enum { CTL_EXIT_OK = 0, CTL_EXIT_FAILED = 1, CTL_EXIT_USAGE = 2 };

/* An error beside negative errno: wrong usage, already said on standard error. Exit status 2. */
#define CTL_ERR_USAGE (-10000)

/* Arguments of an option that may be given several times. */
struct ctl_args {
	unsigned int count;
	const char *value[CTL_MAX_ARGS];
};

/* The buffers of one queue. */
struct ctl_memory {
	uint32_t type;	  /* V4L2_MEMORY_MMAP or USERPTR; 0: none asked for */
	uint32_t buffers; /* wanted */
	bool scattered;	  /* USERPTR pages scattered in guest memory */
	bool either;	  /* USERPTR if the device has no region to map buffers from */
};

struct ctl_stream_options {
	struct ctl_memory capture; /* type 0: no streaming asked for */
	struct ctl_memory out;
	uint64_t count, skip; /* frames; count 0: until interrupted */
	const char *from;     /* the input of OUTPUT; "-": standard input; NULL: none */
	const char *to;	      /* raw or, by its ending, Y4M; "-": standard output */
	bool from_hdr, to_hdr; /* each frame has a header, see source.c */
	bool loop;	       /* begin anew at the input's end */
	const char *snapshot; /* PNG of the first frame; "-": standard output */
	int stdout_fd;	      /* the descriptor of "-": text may have replaced descriptor 1 */
	bool count_given, skip_given;
	bool preview, scattered;
};

/* What vmedia-ctl-codec does. NULL: not given. */
struct ctl_codec_options {
	const char *decode, *encode; /* a media file; "-": standard input */
	const char *to;		     /* "-": standard output */
	bool verify;
};

struct ctl_options {
	struct vmedia_driver_options connect;
	const char *source; /* the socket of a publisher, in place of a device */
	bool help, version, silent, verbose, stats;
	bool info, all, list_formats, list_formats_ext, list_formats_out, list_formats_out_ext,
		list_ctrls, list_menus, list_inputs, get_input, get_fmt, get_fmt_out, get_parm,
		get_parm_out;
	/* NULL: not given; "": given without the value that it may have */
	const char *set_fmt, *try_fmt, *set_fmt_out, *try_fmt_out, *list_sizes, *list_intervals,
		*set_parm, *set_parm_out, *set_input, *wait_event, *get_selection,
		*get_selection_out, *set_selection, *set_selection_out, *decoder_cmd,
		*try_decoder_cmd, *encoder_cmd, *try_encoder_cmd;
	struct ctl_args set_ctrl, get_ctrl;
	struct ctl_stream_options stream;
	struct ctl_codec_options codec;
};

struct ctl_codec;

/* A connected device and an open file of it. */
struct ctl {
	const struct ctl_options *o;
	struct vmedia_driver *drv;
	struct vmedia_file *f;
	uint32_t caps; /* V4L2_CAP_* of the node */
	uint32_t type; /* buffer type that its video capture (or output) uses; 0: none */
	uint32_t out_type; /* that its video output uses, alone or beside capture; 0: none */
	uint32_t listed; /* entries asked for so far, see ctl_may_list() */
	const struct ctl_codec *codec; /* --decode, --encode: what does it; NULL: neither given */
	void *codec_priv;
};

/*
 * The program: connect, do what the options ask, disconnect. Returns the exit status. @codec: what
 * does --decode and --encode; NULL: another program does, which takes the place of this one.
 */
int ctl_main(int argc, char **argv, const struct ctl_codec *codec);
/* Run vmedia-ctl-codec in the place of this program. Returns CTL_EXIT_FAILED if it cannot. */
int ctl_run_codec(char **argv);

/* Parse the command line. Returns 0, or CTL_ERR_USAGE after one line on standard error. */
int ctl_options_parse(struct ctl_options *o, int argc, char **argv);
void ctl_help(void);

/* Print one line: "vmedia-ctl: VIDIOC_S_FMT: Device or resource busy". Returns @err. */
int ctl_fail(const char *what, int err);
/* Print one line with the words given. These return -EINVAL and CTL_ERR_USAGE. */
int ctl_fail_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int ctl_usage_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * ctl_text - make a device's string safe for a terminal: bytes that are not printable ASCII become
 * \xNN
 * @s: a fixed array of @size bytes, at most 32, terminated or not. Returns @buf.
 */
#define CTL_TEXT 129
const char *ctl_text(char buf[CTL_TEXT], const void *s, unsigned int size);

/* "YUYV", or "YUYV-BE" as v4l2-ctl writes it; @buf of 8 bytes. */
const char *ctl_fourcc(uint32_t pixelformat, char buf[8]);

/*
 * Take the next "key=value" or "value" from the comma-separated list at *@list. Returns false at
 * its end. @key is "" if there is only a value. Both buffers have @size bytes; longer text is cut.
 */
bool ctl_next_pair(const char **list, char *key, char *value, unsigned int size);

/* Parse a decimal number from @min to @max. Returns false if @text is none. */
bool ctl_number(const char *text, int64_t min, int64_t max, int64_t *value);

/*
 * ctl_may_list - true if one more entry of a list may be asked for. A hostile device may have lists
 * without an end. After CTL_MAX_LISTED entries in all this prints a line and returns false.
 * ctl_list_ended - the result of a list. Returns 0 if @err is the errno that ends V4L2's lists,
 * else prints a line and returns @err.
 */
#define CTL_MAX_LISTED (1u << 16)
bool ctl_may_list(struct ctl *c);
int ctl_list_ended(const struct ctl *c, const char *what, int err);

bool ctl_is_output(uint32_t type);
bool ctl_is_mplane(uint32_t type);
/*
 * True if @pixelformat, of the queue of @type, is coded: packets, not pictures. @flags: its
 * V4L2_FMT_FLAG_*.
 */
bool ctl_is_coded(struct ctl *c, uint32_t type, uint32_t pixelformat, uint32_t *flags);

/*
 * Each of these does one thing on the device and prints the result. They return 0, or negative
 * errno or CTL_ERR_USAGE after a line on standard error.
 */
int ctl_show_info(struct ctl *c);
int ctl_show_all(struct ctl *c);
int ctl_show_fmt(struct ctl *c, uint32_t type);
int ctl_change_fmt(struct ctl *c, uint32_t type, const char *spec, bool try_only);
/* Without @out, of all queues but those that --list-formats-out tells. */
int ctl_list_formats(struct ctl *c, bool out, bool extended);
int ctl_list_sizes(struct ctl *c, const char *spec);
int ctl_list_intervals(struct ctl *c, const char *spec);
int ctl_show_parm(struct ctl *c, uint32_t type);
int ctl_set_parm(struct ctl *c, uint32_t type, const char *fps);
int ctl_list_inputs(struct ctl *c);
int ctl_show_input(struct ctl *c);
int ctl_set_input(struct ctl *c, const char *index);
/* @spec: "target=T", or "" for all that the device has. */
int ctl_show_selection(struct ctl *c, uint32_t type, const char *spec);
int ctl_set_selection(struct ctl *c, uint32_t type, const char *spec);
int ctl_decoder_cmd(struct ctl *c, const char *spec, bool try_only);
int ctl_encoder_cmd(struct ctl *c, const char *spec, bool try_only);
int ctl_list_controls(struct ctl *c, bool menus);
int ctl_get_controls(struct ctl *c, const char *names);
int ctl_set_controls(struct ctl *c, const struct ctl_args *args);
int ctl_wait_event(struct ctl *c, const char *spec);
int ctl_stream(struct ctl *c);

/* Show the pictures of the publisher at o->source. Returns as the above. */
int ctl_shared(const struct ctl_options *o);

/*
 * From now on SIGINT, SIGTERM and SIGHUP make ctl_interrupted() true, and a second one ends the
 * program at once. SIGPIPE is ignored: a closed pipe is then an error of write(), and the terminal
 * is restored before the program ends.
 */
void ctl_catch_interrupts(void);
bool ctl_interrupted(void);

#endif /* VMEDIA_CTL_H */
