/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Controls, with the semantics of the kernel's control framework.
 *
 * A device lists its controls in a table of struct vmedia_ctrl_config; for the standard ones an ID
 * and a range suffice, name, type and flags are the kernel's. The framework adds a V4L2_CID_*_CLASS
 * control for each class, answers QUERYCTRL, QUERY_EXT_CTRL, QUERYMENU, G/S_CTRL and
 * G/S/TRY_EXT_CTRLS, checks ranges, and sends V4L2_EVENT_CTRL. The device learns of a new value by
 * ->set(), before it becomes the current one, and may refuse it. Controls that belong together can
 * be made a cluster.
 *
 * A scalar's current value may be read in any thread: that is how a worker follows controls.
 *
 * Context: the loop's thread, unless said otherwise.
 */
#ifndef VMEDIA_CTRL_H
#define VMEDIA_CTRL_H

#include <stdbool.h>
#include <vmedia/v4l2.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vmedia_ctx;
struct vmedia_ctrl;

/* A value on its way: what ->set(), ->try_value() and ->get_volatile() see. */
struct vmedia_ctrl_value {
	int64_t val;			/* scalars, buttons (0) and menu indexes */
	/* strings, arrays and compounds: size bytes; NULL for scalars */
	void *data;
	uint32_t size;
};

struct vmedia_ctrl_ops {
	/*
	 * @v has passed all checks; make it so. 0, or a negative errno that S_CTRL gets: then the
	 * old value stays. Called once for each control with its default too, when the context
	 * begins; the errno is then ignored.
	 */
	int (*set)(struct vmedia_ctrl *c, const struct vmedia_ctrl_value *v);
	/* Adjust or refuse (-EINVAL, -ERANGE) a value beyond what its range says. Optional. */
	int (*try_value)(struct vmedia_ctrl *c, struct vmedia_ctrl_value *v);
	/* The present value of a V4L2_CTRL_FLAG_VOLATILE control. */
	int (*get_volatile)(struct vmedia_ctrl *c, struct vmedia_ctrl_value *v);
};

struct vmedia_ctrl_config {
	uint32_t id;			/* V4L2_CID_* */
	/* strings: bytes, NUL not counted; bitmask: max is the mask; menu: max is the last */
	int64_t min, max;
	uint64_t step;			/* 0: 1, and 0 where V4L2 wants it */
	int64_t def;
	/* The rest may stay zero for standard controls. */
	const char *name;		/* at most 31 bytes */
	uint32_t type;			/* V4L2_CTRL_TYPE_* */
	uint32_t flags;			/* V4L2_CTRL_FLAG_*, added to the standard ones */
	const char *const *menu;	/* max + 1 entries; NULL or "" entries are skipped */
	const int64_t *int_menu;	/* the same for V4L2_CTRL_TYPE_INTEGER_MENU */
	uint64_t menu_skip;		/* bit i: entry i of a (standard) menu is not there */
	uint32_t elem_size;		/* compound types that V4L2 does not know: bytes of one */
	uint32_t dims[4];	/* arrays; dims[0] == 0: not an array */
	/* compounds and strings: initial value, elem_size bytes or a string; NULL: zeros */
	const void *def_data;
	const struct vmedia_ctrl_ops *ops;	/* NULL: ->set_ctrl() of the device, or nothing */
	void *priv;
};

/*
 * vmedia_ctrl_add - add one control to a context, in ->context_init() only
 *
 * NULL with the reason in the log if the configuration is impossible (unknown ID without name and
 * type, range that its type forbids, an ID twice); the context then fails to begin with -EINVAL.
 */
struct vmedia_ctrl *vmedia_ctrl_add(struct vmedia_ctx *ctx, const struct vmedia_ctrl_config *cfg);

/*
 * vmedia_ctrl_cluster - controls that change together, as hardware that has them in one register
 * @ids: at most once each; the first is the master and must be there, others may be missing
 *
 * In ->context_init() only. From then on the master's operations serve all: a call that changes any
 * of them makes one ->set() (or ->try_value(), ->get_volatile()) of the master, which sees the
 * values of all by vmedia_ctrl_new(). Several of them in one S_EXT_CTRLS are one change, made or
 * refused as a whole. 0; -EINVAL: no master; -EBUSY: one is in a cluster already. The context then
 * fails to begin.
 */
int vmedia_ctrl_cluster(struct vmedia_ctx *ctx, const uint32_t *ids, unsigned int num);
/*
 * vmedia_ctrl_auto_cluster - one whose master turns the others over to the hardware, like
 * V4L2_CID_AUTOGAIN and V4L2_CID_GAIN
 * @manual: the value of the master with which the others count
 * @volatiles: the hardware can say what it chose: ->get_volatile() of the master, which stores it
 *	with vmedia_ctrl_put(), answers reads, and gives the values that are kept when the driver
 *	goes back to manual
 *
 * The master gets V4L2_CTRL_FLAG_UPDATE. With any other value of it the others are
 * V4L2_CTRL_FLAG_INACTIVE, and V4L2_CTRL_FLAG_VOLATILE with @volatiles. Errors as above; -EINVAL
 * also for a @manual that the master cannot have, and for @volatiles without ->get_volatile().
 */
int vmedia_ctrl_auto_cluster(struct vmedia_ctx *ctx, const uint32_t *ids, unsigned int num,
			     int64_t manual, bool volatiles);

/*
 * In the operations of a master, for itself and its members: the value on its way, or the bytes of
 * it (vmedia_ctrl_new_data(), size 0 for scalars); whether the caller gave it, which tells a button
 * that is pressed; and another value in its place, in ->try_value() and ->get_volatile(), for
 * scalars but the master, whose place is the operation's argument.
 */
int64_t vmedia_ctrl_new(const struct vmedia_ctrl *c);
const void *vmedia_ctrl_new_data(const struct vmedia_ctrl *c, uint32_t *size);
bool vmedia_ctrl_is_new(const struct vmedia_ctrl *c);
void vmedia_ctrl_put(struct vmedia_ctrl *c, int64_t value);

/*
 * The control @id of @ctx, or NULL. Context: any thread while the context lives (the set is fixed
 * by then).
 */
struct vmedia_ctrl *vmedia_ctrl_find(struct vmedia_ctx *ctx, uint32_t id);

/* Current value of a scalar. Context: any thread; atomic. */
int64_t vmedia_ctrl_get(const struct vmedia_ctrl *c);
/*
 * vmedia_ctrl_find() and vmedia_ctrl_get(); @missing if there is no such control. Context: any
 * thread.
 */
int64_t vmedia_ctrl_read(struct vmedia_ctx *ctx, uint32_t id, int64_t missing);
/* Current bytes of a string, array or compound. */
const void *vmedia_ctrl_data(const struct vmedia_ctrl *c, uint32_t *size);

uint32_t vmedia_ctrl_id(const struct vmedia_ctrl *c);
struct vmedia_ctx *vmedia_ctrl_ctx(const struct vmedia_ctrl *c);
void *vmedia_ctrl_priv(const struct vmedia_ctrl *c);

/*
 * The device itself changes a control: range checked, ->set() called, event sent to all
 * subscribers. vmedia_ctrl_update() is for what the hardware did by itself (a volatile or read-only
 * status): no ->set().
 */
int vmedia_ctrl_set(struct vmedia_ctrl *c, int64_t value);
int vmedia_ctrl_update(struct vmedia_ctrl *c, int64_t value);
int vmedia_ctrl_update_data(struct vmedia_ctrl *c, const void *data, uint32_t size);

/* V4L2_CTRL_FLAG_INACTIVE off or on, V4L2_CTRL_FLAG_GRABBED on or off: flags, and their event. */
void vmedia_ctrl_activate(struct vmedia_ctrl *c, bool active);
void vmedia_ctrl_grab(struct vmedia_ctrl *c, bool grabbed);
/*
 * New range of an integer-like control; the value moves into it; event CH_RANGE. -EINVAL, -ERANGE
 * as for adding.
 */
int vmedia_ctrl_modify_range(struct vmedia_ctrl *c, int64_t min, int64_t max, uint64_t step,
			     int64_t def);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_CTRL_H */
