/* SPDX-License-Identifier: BSD-3-Clause */
/* A host's device that a policy is made for: formats, sizes, intervals and controls. */
#ifndef VMEDIA_TESTS_PROXY_POLICY_HOST_H
#define VMEDIA_TESTS_PROXY_POLICY_HOST_H

#include "fake_host.h"

#define TYPE V4L2_BUF_TYPE_VIDEO_CAPTURE
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/*
 * The device, which all sessions share. It has YUYV, MJPG, NV12 and H264, each of 1920x1080,
 * 640x480, 1280x720 and 320x240 with 60, 30 and 15 frames a second, and takes what is nearest; and
 * the controls brightness, contrast and saturation.
 */
struct hw {
	uint32_t fourcc, w, h, line;
	struct vmedia_fract interval;
	bool dictates; /* its size cannot be set */
	bool no_try;
	unsigned int sets, rates, writes, reads;
	uint32_t event_id; /* the event of this control comes next, then those of lower IDs */
};

extern struct hw hw;

int hw_script(struct fake_host *f, uint32_t nr, void *arg);

/* The device with a policy of pairs of options and values, and a session of it. */
struct fake_host *with_policy(uint32_t *session, const char *const *options);
#define POLICY(...) ((const char *const[]){ __VA_ARGS__, NULL })
void end_policy(struct fake_host *f, uint32_t session);

#endif
