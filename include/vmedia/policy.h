/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a guest may do with a device: formats, sizes, frame rates, controls, ioctls.
 *
 * A policy belongs to the host's owner, and holds for a device of any kind. Core applies it between
 * the guest's command and the device, so devices do not know of it. What it refuses looks to the
 * guest as V4L2 refuses it:
 *
 *   a format not allowed	is not enumerated; TRY_FMT and S_FMT give an allowed one;
 *				CREATE_BUFS is EINVAL
 *   a size beyond the limit	is not enumerated, ranges are cut; TRY_FMT and S_FMT give the
 *				nearest size within; CREATE_BUFS is EINVAL
 *   an interval too short	is not enumerated, ranges are cut; S_PARM gives the nearest one
 *				that is allowed
 *   a control not seen		does not exist: EINVAL, and there is no event of it
 *   a control not written	has V4L2_CTRL_FLAG_READ_ONLY: EACCES
 *   an ioctl denied		is ENOTTY
 *
 * What the device itself has set up when the guest opens it, or what a stream or a signal dictates,
 * can be outside. Then G_FMT and G_PARM show what the device would be set to, and the first
 * REQBUFS, CREATE_BUFS or STREAMON sets it. If the device cannot be set so, these are EINVAL.
 *
 * The structure is plain data, and all zeros allow everything. The functions that read text keep it
 * valid on errors.
 */
#ifndef VMEDIA_POLICY_H
#define VMEDIA_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vmedia/proto.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vmedia_device;

#define VMEDIA_POLICY_FORMATS	128
#define VMEDIA_POLICY_CTRLS	512
#define VMEDIA_POLICY_FILE_SIZE (64u << 10)

/* What a guest may do with a control. */
enum vmedia_policy_access {
	VMEDIA_POLICY_WRITE,	/* all that the device lets it */
	VMEDIA_POLICY_READ,
	VMEDIA_POLICY_HIDE,
};

struct vmedia_policy {
	bool limit_formats;	/* only those that follow */
	unsigned int num_formats;
	uint32_t formats[VMEDIA_POLICY_FORMATS]; /* fourccs */
	uint32_t max_width, max_height;		 /* 0: any */
	uint32_t max_fps;			 /* frames a second; 0: any */
	enum vmedia_policy_access others;	 /* of controls that are not in the list */
	unsigned int num_ctrls;
	uint32_t ctrls[VMEDIA_POLICY_CTRLS];	/* IDs of those that may be written */
	uint8_t denied[(VMEDIA_NR_END + 7) / 8]; /* ioctls, a bit for each nr */
};

/*
 * vmedia_policy_option - set what one option says
 * @name: "allow-formats", "max-size", "max-fps", "controls" or "deny-ioctls"
 * @value: words with commas between (vhost-user-media(1) has them); replaces what was set before
 * @why: receives a sentence without a newline that says what is wrong with @value and what to do
 *
 * Returns 0; -ENOENT: there is no such option; -EINVAL: a name in @value is unknown, or it is
 * malformed. Context: any thread.
 */
int vmedia_policy_option(struct vmedia_policy *p, const char *name, const char *value, char *why,
			 size_t why_size);
/*
 * vmedia_policy_parse - set what the text of a file says: lines "name = value", with the names
 * above; empty lines and what follows a # are ignored
 * @file: its name, for @why
 *
 * Returns 0 or -EINVAL; @why begins with the file and the line. @text needs no NUL at its end.
 */
int vmedia_policy_parse(struct vmedia_policy *p, const char *file, const char *text, size_t size,
			char *why, size_t why_size);
/*
 * vmedia_policy_read - read such a file, of VMEDIA_POLICY_FILE_SIZE bytes at most
 *
 * Returns as vmedia_policy_parse(), or errno of open() and read(), with a sentence too.
 */
int vmedia_policy_read(struct vmedia_policy *p, const char *path, char *why, size_t why_size);

/* True if it allows everything. */
bool vmedia_policy_is_empty(const struct vmedia_policy *p);
bool vmedia_policy_denies(const struct vmedia_policy *p, uint32_t nr);
bool vmedia_policy_allows_format(const struct vmedia_policy *p, uint32_t fourcc);
bool vmedia_policy_allows_size(const struct vmedia_policy *p, uint32_t width, uint32_t height);
/* True also for an interval that is no number, which V4L2 takes for the device's default. */
bool vmedia_policy_allows_interval(const struct vmedia_policy *p, struct vmedia_fract interval);
/* Flags in @id do not count, as in V4L2. The class of a control that may be seen is seen, too. */
enum vmedia_policy_access vmedia_policy_access(const struct vmedia_policy *p, uint32_t id);

/*
 * vmedia_device_set_policy - have @dev apply a copy of @policy to its guests, in place of the last
 *
 * Returns 0; -EBUSY if a session is open; -ENOMEM. Context: the loop's thread.
 */
int vmedia_device_set_policy(struct vmedia_device *dev, const struct vmedia_policy *policy);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_POLICY_H */
