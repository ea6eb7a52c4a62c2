/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Controls: the standard ones, values, clusters.
 */
#ifndef VMEDIA_V4L2_CTRL_H
#define VMEDIA_V4L2_CTRL_H

#include "v4l2/context.h"

struct vmedia_ctrl {
	struct vmedia_ctx *ctx;
	struct vmedia_ctrl_config cfg;	/* name, type, flags, range filled in */
	uint32_t flags;			/* V4L2_CTRL_FLAG_* as QUERYCTRL reports them */
	uint32_t elem_size, elems, num_dims;
	bool is_ptr;			/* payload: string, array, compound */
	_Atomic int64_t cur;
	uint8_t *data;			/* is_ptr: elems * elem_size bytes */
	/* Working values of the present call. */
	int64_t new_val;
	uint8_t *new_data;
	bool is_new;			/* given by the caller */
	uint32_t what;			/* V4L2_EVENT_CTRL_CH_* to report */
	/* The cluster: a chain that begins with the master. See ctrl_cluster.c. */
	struct vmedia_ctrl *master, *next_member;
	bool is_auto, has_volatiles;	/* master */
	bool taken;			/* master: an entry of the call has brought its cluster */
	int64_t manual;			/* master: the value that means manual */
};

/* The kernel's description of a standard control; NULL if it has none of that ID. */
struct vmedia_std_ctrl {
	uint32_t id;
	const char *name;
	uint16_t type, flags;
	const char *const *menu;
	uint8_t menu_len;
};
const struct vmedia_std_ctrl *vmedia_std_ctrl_find(uint32_t id);
/* Bytes of a structure type; 0 for types that V4L2 does not define. */
uint32_t vmedia_ctrl_type_size(uint32_t type);

int vmedia_ctrls_init(struct vmedia_ctx *ctx);
/*
 * Add the classes and call ->set() with the defaults. Call after the last vmedia_ctrl_add().
 * Returns 0 or the sticky error.
 */
int vmedia_ctrls_ready(struct vmedia_ctx *ctx);
void vmedia_ctrls_finish(struct vmedia_ctx *ctx);
/* Set all defaults again through ->set(). */
void vmedia_ctrls_reset(struct vmedia_ctx *ctx);
uint32_t vmedia_ctrl_bytes(const struct vmedia_ctrl *c);
/* Round and check @v. Returns 0, -ERANGE or -EINVAL. */
int vmedia_ctrl_check(const struct vmedia_ctrl *c, struct vmedia_ctrl_value *v);
bool vmedia_ctrl_range_ok(const struct vmedia_ctrl_config *c);
void vmedia_ctrl_fill_default(const struct vmedia_ctrl *c, uint8_t *data);
/* Read the present value, volatile ones from the device, into new_val / new_data. */
int vmedia_ctrl_fetch(struct vmedia_ctrl *c);

/*
 * Change a cluster, in these steps. vmedia_cluster_begin() comes first. If the master is to get
 * @value, vmedia_cluster_value() follows: the members may then take the hardware's values. The
 * caller sets new_val or new_data, and is_new, of the controls that it changes.
 * vmedia_cluster_try() rounds and checks the values and calls ->try_value().
 * vmedia_cluster_commit() calls ->set() unless nothing changed, makes the values current, and sends
 * events to all sessions but @from, which made the change.
 */
void vmedia_cluster_begin(struct vmedia_ctrl *master);
void vmedia_cluster_value(struct vmedia_ctrl *master, int64_t value);
int vmedia_cluster_try(struct vmedia_ctrl *master);
int vmedia_cluster_commit(struct vmedia_ctrl *master, struct vmedia_file *from);
void vmedia_ctrl_event(const struct vmedia_ctrl *c, uint32_t changes, struct vmedia_event *ev);

#endif /* VMEDIA_V4L2_CTRL_H */
