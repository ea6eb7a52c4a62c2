/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The interface between the camera and a source of pictures. Implement it for a new source.
 *
 * A source is opened by its name ("pattern", "file:PATH"). find.c knows the name, or a module
 * provides it (<vmedia/module.h>). ->open() fills in the source's formats, sizes, intervals and
 * controls as data; the camera enumerates, negotiates and checks. Then the camera calls
 *
 *	start ((next) (fill | skip))* stop
 *
 * A live source has the pace of what it shows. Only vmedia-source opens one, and calls next() and
 * fill() through <vmedia/camera.h>.
 *
 * with a format that was negotiated. All pixel formats are offered in all sizes that fit them.
 *
 * Context: open and close run on the thread that made the device. start to stop run on one other
 * thread, not at the same time as open and close; if quick() returns true for the format, they run
 * on the device's loop. Values of controls and the interrupt flag may change at any moment. They
 * are atomics, read by vmedia_camera_value() and vmedia_camera_interrupted().
 */
#ifndef VMEDIA_CAMERA_SOURCE_H
#define VMEDIA_CAMERA_SOURCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <vmedia/camera.h>

#include "layout.h"

/*
 * A source may be a module that was built with this header: a change here needs a new
 * VMEDIA_MODULE_ABI.
 */

#define VMEDIA_CAMERA_MAX_FORMATS	12
#define VMEDIA_CAMERA_MAX_INTERVALS	12
#define VMEDIA_CAMERA_MAX_CONTROLS	12

struct vmedia_camera_source_ops {
	/*
	 * It is live: start() succeeds whether there are pictures or not. next() waits for one, for
	 * a second or two at most, and gets its time (CLOCK_MONOTONIC); -EAGAIN: there is none.
	 * fill() writes that picture; -EAGAIN: it cannot be shown. Both are called again after
	 * that.
	 */
	bool live;
	/* Its "opens" is what the open()'s @arg names. */
	struct vmedia_camera_needs needs;
	/*
	 * Open a source. @arg is the text after the name's colon, or NULL. Sets *src. The base must
	 * be zeroed and have @ops; fill in the rest. On an error, explain it in @why and leave
	 * nothing allocated.
	 */
	int (*open)(const struct vmedia_camera_options *opts, const char *arg, char *why,
		    size_t why_size, struct vmedia_camera_source **src);
	void (*close)(struct vmedia_camera_source *src);
	/*
	 * Set the colours and field of @fmt, whose other members are final. The field is
	 * V4L2_FIELD_NONE before.
	 */
	void (*colorimetry)(const struct vmedia_camera_source *src,
			    struct vmedia_camera_format *fmt);
	int (*start)(struct vmedia_camera_source *src, const struct vmedia_camera_format *fmt,
		     const struct vmedia_fract *interval);
	int (*fill)(struct vmedia_camera_source *src, struct vmedia_camera_target *target);
	/* As in struct vmedia_capture_ops, but without next(). Optional; NULL means false. */
	bool (*quick)(const struct vmedia_camera_source *src,
		      const struct vmedia_camera_format *fmt);
	/*
	 * When the next picture is due, as in struct vmedia_capture_ops. Optional; NULL: by the
	 * interval.
	 */
	int (*next)(struct vmedia_camera_source *src, uint64_t *when);
	/* A picture passes without a buffer. Optional. */
	void (*skip)(struct vmedia_camera_source *src);
	void (*stop)(struct vmedia_camera_source *src);
	/*
	 * Make a next() that waits return soon; the interrupt flag is set. Any thread. Optional.
	 */
	void (*interrupt)(struct vmedia_camera_source *src);
};

/* The base of every source; the first member of its structure. */
struct vmedia_camera_source {
	const struct vmedia_camera_source_ops *ops;
	char name[32];
	uint32_t num_formats, num_sizes, num_intervals, num_controls;
	uint32_t formats[VMEDIA_CAMERA_MAX_FORMATS];
	struct vmedia_camera_size sizes[VMEDIA_CAMERA_MAX_SIZES + 8];
	struct vmedia_fract intervals[VMEDIA_CAMERA_MAX_INTERVALS];
	const struct vmedia_camera_control *controls;
	/* For the camera */
	atomic_int values[VMEDIA_CAMERA_MAX_CONTROLS];
	atomic_bool interrupted;
	bool started;
	struct vmedia_camera_format format;
};

/* All options, the last one without a name. */
extern const struct vmedia_module_option vmedia_camera_option_table[];

extern const struct vmedia_camera_source_ops vmedia_camera_pattern_ops;
extern const struct vmedia_camera_source_ops vmedia_camera_file_ops;
extern const struct vmedia_camera_source_ops vmedia_camera_shared_ops;
extern const struct vmedia_camera_source_ops vmedia_camera_fifo_ops;

/*
 * vmedia_camera_source_find - find a source by the first @len bytes of @name
 *
 * Returns 0; -EINVAL: there is none; errors of vmedia_module_load(). On an error, @why has a
 * sentence. Implemented in find.c, and in find_all.c for programs that have all sources linked in
 * (tests).
 */
int vmedia_camera_source_find(const struct vmedia_camera_options *opts, const char *name,
			      size_t len, char *why, size_t why_size,
			      const struct vmedia_camera_source_ops **ops);

/*
 * vmedia_camera_source_named - find the source that @opts name; *arg is what follows its name and
 * ':', NULL if nothing does. Returns as vmedia_camera_source_find().
 */
int vmedia_camera_source_named(const struct vmedia_camera_options *opts, char *why, size_t why_size,
			       const struct vmedia_camera_source_ops **ops, const char **arg);

/* The current value of control @id; 0 if the source does not have it. Context: any thread. */
int32_t vmedia_camera_value(const struct vmedia_camera_source *src, uint32_t id);

static inline bool vmedia_camera_interrupted(const struct vmedia_camera_source *src)
{
	return atomic_load_explicit(&src->interrupted, memory_order_relaxed);
}

/*
 * vmedia_camera_cut - the number of bytes of @text that fit into @most without cutting a UTF-8
 * character
 * vmedia_camera_copy_name - copy @text as a name that a guest may print, in @size bytes
 *
 * The copy has whole characters only. A question mark replaces bytes that are not UTF-8 and
 * characters that control terminals.
 */
size_t vmedia_camera_cut(const char *text, size_t most);
void vmedia_camera_copy_name(char *name, size_t size, const char *text);

/* Append a value, unless it exists already, is out of range or there is no room. For open(). */
void vmedia_camera_add_size(struct vmedia_camera_source *src, uint32_t width, uint32_t height);
void vmedia_camera_add_interval(struct vmedia_camera_source *src, uint32_t numerator,
				uint32_t denominator);
/* Append the usual intervals, of 5 to 60 frames a second. */
void vmedia_camera_add_usual_intervals(struct vmedia_camera_source *src);

/* Fill the framework's planes instead of a plain buffer. For the device. */
int vmedia_camera_source_fill_target(struct vmedia_camera_source *src,
				     struct vmedia_camera_target *target);

#endif
