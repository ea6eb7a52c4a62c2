/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a policy is applied: between the dispatch of a command and the device's ->ioctl().
 *
 *   policy.c		what a policy allows
 *   policy_apply.c	the table: which ioctl takes which way; events; the device's copy
 *   policy_fields.c	where a format has its fourcc and size
 *   policy_enum.c	ENUM_FMT, ENUM_FRAMESIZES, ENUM_FRAMEINTERVALS
 *   policy_format.c	formats and sizes: G_FMT, TRY_FMT, S_FMT, and what makes buffers of them
 *   policy_rate.c	frame intervals: G_PARM, S_PARM, STREAMON
 *   policy_ctrl.c	controls
 *
 * Theory of operation: one ioctl of the guest can take several of the device. ENUM_FMT, for
 * instance, asks for the device's formats until it has met as many allowed ones as the guest's
 * index says. Each time the device has answered, at once or later, vmedia_policy_next() calls the
 * function that knows what comes then. That function either makes the request's payload the next
 * question and returns VMEDIA_POLICY_ASK, or makes it the guest's answer and returns 0 or an errno.
 * A session runs one command at a time, so it has one struct vmedia_asking.
 *
 * Security model: the guest's numbers decide how many questions there are, and so does what the
 * device answers. VMEDIA_POLICY_CALLS bounds them. A command that ends early, since its queue
 * stops, is answered with -ECANCELED, never with an answer that was not looked at.
 */
#ifndef VMEDIA_CORE_POLICY_H
#define VMEDIA_CORE_POLICY_H

#include <errno.h>

#include <linux/videodev2.h>

#include <vmedia/policy.h>

#include "base/checked.h"
#include "core/core.h"

#define VMEDIA_POLICY_ASK   1	 /* ask the device what is in the request now */
#define VMEDIA_POLICY_CALLS 512  /* of the device, for one command: -EINVAL beyond */
#define VMEDIA_POLICY_BLOCK 64	 /* of codecs: coded sizes are multiples of their blocks */

struct vmedia_asking;
/* @err: the device's answer. Returns VMEDIA_POLICY_ASK, or the result for the guest. */
typedef int vmedia_policy_fn(struct vmedia_request *req, struct vmedia_asking *a, int err);

struct vmedia_asking {
	const struct vmedia_policy *policy;
	const struct vmedia_ioctl_info *info; /* of the guest's ioctl */
	union vmedia_payload asked;	      /* the guest's */
	vmedia_policy_fn *then;		      /* NULL: the device's answer is the guest's */
	bool codec;			      /* the device is m2m */
	unsigned int calls;
	uint32_t index, left; /* of the present question, or tries; allowed entries to skip */
	/* policy_format.c */
	vmedia_policy_fn *fitted;
	struct vmedia_format wish;  /* what to set */
	struct vmedia_format tried; /* what the device made of it */
	struct vmedia_format found; /* what it has now */
	uint32_t width, height;	    /* wanted */
	bool chosen;		    /* its fourcc is one of the device's */
	bool listed;		    /* the sizes (the intervals) were looked through */
	uint64_t distance;	    /* of the nearest size; UINT64_MAX: none */
	/* policy_rate.c */
	vmedia_policy_fn *picked;
	struct vmedia_streamparm parm;
	struct vmedia_fract pick;
};

/* ---- policy_apply.c ---- */

/* True if the guest's ioctl does not exist. */
bool vmedia_policy_hides(const struct vmedia_request *req);
/* Begin the ioctl of @req. Returns as a vmedia_policy_fn. */
int vmedia_policy_begin(struct vmedia_request *req);
/* The device has answered @err. Returns as a vmedia_policy_fn. */
int vmedia_policy_next(struct vmedia_request *req, int err);
/* True if the device's answer is not yet the guest's. */
bool vmedia_policy_pending(const struct vmedia_request *req);
/* Returns false if the guest must not see @evt; else changes it to what the guest may see. */
bool vmedia_policy_event(const struct vmedia_policy *p, struct vmedia_event *evt);

/* ---- What a step does ---- */

/* Have the device asked ioctl @nr, whose payload is in the request, and go on with @then. */
static inline int vmedia_policy_ask(struct vmedia_request *req, struct vmedia_asking *a,
				    uint32_t nr, vmedia_policy_fn *then)
{
	req->cmd.io.info = vmedia_ioctl_info(nr);
	a->then = then;
	return VMEDIA_POLICY_ASK;
}

/* Have the device asked what the guest asked; its answer is the guest's. */
static inline int vmedia_policy_resume(struct vmedia_request *req, struct vmedia_asking *a)
{
	req->cmd.io.info = a->info;
	req->cmd.io.arg = a->asked;
	return VMEDIA_POLICY_ASK;
}

/*
 * True if the device may have this size. A codec rounds the size of its pictures up to its blocks
 * (1080 lines to 1088).
 */
static inline bool vmedia_policy_fits(const struct vmedia_asking *a, uint32_t width,
				      uint32_t height)
{
	const struct vmedia_policy *p = a->policy;
	uint64_t block = a->codec ? VMEDIA_POLICY_BLOCK : 1;

	return (!p->max_width || width <= vmedia_align_up(p->max_width, block)) &&
	       (!p->max_height || height <= vmedia_align_up(p->max_height, block));
}

/* True if the device has no more of what it was asked for, or nothing at all: no failure. */
static inline bool vmedia_policy_at_end(int err)
{
	return err == -EINVAL || err == -ENOTTY;
}

/* ---- policy_fields.c ---- */

/* The fourcc of @f; 0 for types that have none (VBI), which are not limited. */
uint32_t vmedia_policy_fourcc(const struct vmedia_format *f);
void vmedia_policy_set_fourcc(struct vmedia_format *f, uint32_t fourcc);
bool vmedia_policy_has_fourcc(uint32_t type);
/* The size of @f. Returns false for types that have none. */
bool vmedia_policy_size(const struct vmedia_format *f, uint32_t *width, uint32_t *height);
void vmedia_policy_set_size(struct vmedia_format *f, uint32_t width, uint32_t height);

/* ---- policy_enum.c ---- */

/* Cut a range of sizes, or intervals, to what is allowed. Returns false if nothing is left. */
bool vmedia_policy_cut_sizes(const struct vmedia_policy *p, struct vmedia_frmsizeenum *e);
bool vmedia_policy_cut_intervals(const struct vmedia_policy *p, struct vmedia_frmivalenum *e);

int vmedia_policy_enum_fmt(struct vmedia_request *req, struct vmedia_asking *a, int err);
int vmedia_policy_enum_sizes(struct vmedia_request *req, struct vmedia_asking *a, int err);
int vmedia_policy_enum_intervals(struct vmedia_request *req, struct vmedia_asking *a, int err);

/* ---- policy_format.c ---- */

int vmedia_policy_g_fmt(struct vmedia_request *req, struct vmedia_asking *a, int err);
int vmedia_policy_try_fmt(struct vmedia_request *req, struct vmedia_asking *a, int err);
int vmedia_policy_s_fmt(struct vmedia_request *req, struct vmedia_asking *a, int err);
int vmedia_policy_reqbufs(struct vmedia_request *req, struct vmedia_asking *a, int err);
int vmedia_policy_create_bufs(struct vmedia_request *req, struct vmedia_asking *a, int err);
int vmedia_policy_streamon(struct vmedia_request *req, struct vmedia_asking *a, int err);
int vmedia_policy_decoder_cmd(struct vmedia_request *req, struct vmedia_asking *a, int err);

/* ---- policy_rate.c ---- */

int vmedia_policy_g_parm(struct vmedia_request *req, struct vmedia_asking *a, int err);
int vmedia_policy_s_parm(struct vmedia_request *req, struct vmedia_asking *a, int err);
/* STREAMON of @type, whose format is allowed: see to its interval, then resume. */
int vmedia_policy_guard_rate(struct vmedia_request *req, struct vmedia_asking *a, uint32_t type);

/* ---- policy_ctrl.c ---- */

int vmedia_policy_query_ctrl(struct vmedia_request *req, struct vmedia_asking *a, int err);
int vmedia_policy_querymenu(struct vmedia_request *req, struct vmedia_asking *a, int err);
int vmedia_policy_g_ctrl(struct vmedia_request *req, struct vmedia_asking *a, int err);
int vmedia_policy_s_ctrl(struct vmedia_request *req, struct vmedia_asking *a, int err);
int vmedia_policy_ext_ctrls(struct vmedia_request *req, struct vmedia_asking *a, int err);
int vmedia_policy_subscribe(struct vmedia_request *req, struct vmedia_asking *a, int err);

#endif /* VMEDIA_CORE_POLICY_H */
