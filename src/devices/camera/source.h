/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a source of pictures is to the camera: the interface to implement for a new one.
 *
 * A source is opened by its name ("pattern", "file:PATH"), which find.c knows or which a module has
 * (<vmedia/module.h>). Its ->open() fills in what it offers, as data; the camera enumerates,
 * negotiates and checks. Then
 *
 *	start ((next) (fill | skip))* stop
 *
 * with a format that was negotiated. All pixel formats are offered in all sizes that fit them.
 *
 * Context: open and close on the thread that made the device; start to stop on one other thread,
 * not at the same time as those, or if quick() says so of the format, on the device's loop. Values
 * of controls and the interrupt flag may change at any moment: they are atomics, read by
 * vmedia_camera_value() and vmedia_camera_interrupted().
 */
#ifndef VMEDIA_CAMERA_SOURCE_H
#define VMEDIA_CAMERA_SOURCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <vmedia/camera.h>

#include "layout.h"

/* A source may be a module, built with this header: a change here changes VMEDIA_MODULE_ABI. */

#define VMEDIA_CAMERA_MAX_FORMATS	12
#define VMEDIA_CAMERA_MAX_INTERVALS	12
#define VMEDIA_CAMERA_MAX_CONTROLS	12

struct vmedia_camera_source_ops {
	/*
	 * @arg is what follows the name's colon, or NULL. The base is zeroed and has @ops; fill in
	 * the rest. On an error say why and leave nothing allocated.
	 */
	int (*open)(const struct vmedia_camera_options *opts, const char *arg, char *why,
		    size_t why_size, struct vmedia_camera_source **src);
	void (*close)(struct vmedia_camera_source *src);
	/* The colours of @fmt and its field, whose rest is final; field is V4L2_FIELD_NONE. */
	void (*colorimetry)(const struct vmedia_camera_source *src,
			    struct vmedia_camera_format *fmt);
	int (*start)(struct vmedia_camera_source *src, const struct vmedia_camera_format *fmt,
		     const struct vmedia_fract *interval);
	int (*fill)(struct vmedia_camera_source *src, struct vmedia_camera_target *target);
	/* As of struct vmedia_capture_ops, without next(). Optional: never. */
	bool (*quick)(const struct vmedia_camera_source *src,
		      const struct vmedia_camera_format *fmt);
	/*
	 * When the next picture is due, as of struct vmedia_capture_ops. Optional: by the interval.
	 */
	int (*next)(struct vmedia_camera_source *src, uint64_t *when);
	/* A picture passes unseen. Optional. */
	void (*skip)(struct vmedia_camera_source *src);
	void (*stop)(struct vmedia_camera_source *src);
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
	/* The camera's */
	atomic_int values[VMEDIA_CAMERA_MAX_CONTROLS];
	atomic_bool interrupted;
	bool started;
	struct vmedia_camera_format format;
};

/* All options, the last one without a name. */
extern const struct vmedia_module_option vmedia_camera_option_table[];

extern const struct vmedia_camera_source_ops vmedia_camera_pattern_ops;
extern const struct vmedia_camera_source_ops vmedia_camera_file_ops;

/*
 * vmedia_camera_source_find - the source that is called by the first @len bytes of @name
 *
 * Returns 0; -EINVAL: there is none; errors of vmedia_module_load(). A sentence in @why. In find.c,
 * or for programs that have all sources linked in (tests) in find_all.c.
 */
int vmedia_camera_source_find(const struct vmedia_camera_options *opts, const char *name,
			      size_t len, char *why, size_t why_size,
			      const struct vmedia_camera_source_ops **ops);

/* Present value of control @id, 0 if the source has none of that ID. Context: any thread. */
int32_t vmedia_camera_value(const struct vmedia_camera_source *src, uint32_t id);

static inline bool vmedia_camera_interrupted(const struct vmedia_camera_source *src)
{
	return atomic_load_explicit(&src->interrupted, memory_order_relaxed);
}

/*
 * vmedia_camera_cut - bytes of @text that fit into @most without cutting a UTF-8 character
 * vmedia_camera_copy_name - @text as a name that a guest may print, in @size bytes: whole
 * characters of it; what is no UTF-8, and what controls terminals, is a question mark
 */
size_t vmedia_camera_cut(const char *text, size_t most);
void vmedia_camera_copy_name(char *name, size_t size, const char *text);

/* Append unless it is there already, is out of range or there is no room. For open(). */
void vmedia_camera_add_size(struct vmedia_camera_source *src, uint32_t width, uint32_t height);
void vmedia_camera_add_interval(struct vmedia_camera_source *src, uint32_t numerator,
				uint32_t denominator);
/* 5 to 60 frames a second, those that are not there yet. */
void vmedia_camera_add_usual_intervals(struct vmedia_camera_source *src);

/* The device's way to the same: planes from the framework instead of a plain buffer. */
int vmedia_camera_source_fill_target(struct vmedia_camera_source *src,
				     struct vmedia_camera_target *target);

#endif
