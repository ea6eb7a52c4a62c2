/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Controls, with the semantics of the kernel's control framework.
 *
 * A device lists its controls in a table of struct vmedia_ctrl_config. A standard control needs
 * only its ID and a range; its name, type and flags are the kernel's. The framework adds a
 * V4L2_CID_*_CLASS control for each class, answers QUERYCTRL, QUERY_EXT_CTRL, QUERYMENU, G/S_CTRL
 * and G/S/TRY_EXT_CTRLS, checks ranges, and sends V4L2_EVENT_CTRL. It calls ->set() with a new
 * value before that becomes the current one, and the device may refuse it. Controls that change
 * together can form a cluster.
 *
 * Any thread may read a scalar's current value. A worker follows controls this way.
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

/* A value that is being set, tried or read: the argument of the operations below. */
struct vmedia_ctrl_value {
	int64_t val;			/* scalars, buttons (0) and menu indexes */
	/* strings, arrays and compounds: size bytes; NULL for scalars */
	void *data;
	uint32_t size;
};

struct vmedia_ctrl_ops {
	/*
	 * Apply @v, which has passed all checks. Returns 0, or a negative errno that S_CTRL
	 * returns; the old value then stays. When the context begins, the framework calls this once
	 * for each control with its default, and ignores the errno.
	 */
	int (*set)(struct vmedia_ctrl *c, const struct vmedia_ctrl_value *v);
	/* Adjust or refuse (-EINVAL, -ERANGE) a value beyond what its range says. Optional. */
	int (*try_value)(struct vmedia_ctrl *c, struct vmedia_ctrl_value *v);
	/* Get the current value of a V4L2_CTRL_FLAG_VOLATILE control. */
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
	uint64_t menu_skip;		/* bit i: the menu has no entry i */
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
 * Returns NULL and logs the reason if the configuration is impossible (an unknown ID without name
 * and type, a range that its type forbids, an ID that the context already has). The context then
 * fails to begin with -EINVAL.
 */
struct vmedia_ctrl *vmedia_ctrl_add(struct vmedia_ctx *ctx, const struct vmedia_ctrl_config *cfg);

/*
 * vmedia_ctrl_cluster - make controls change together, for instance if they share a register
 * @ids: the controls, each at most once; the first is the master and must exist, others may be
 *	missing
 *
 * In ->context_init() only. The master's operations then serve the whole cluster. A call that
 * changes one or more of the controls calls ->set() (or ->try_value(), ->get_volatile()) of the
 * master once; vmedia_ctrl_new() gives it the values of all. Several controls of a cluster in one
 * S_EXT_CTRLS are changed or refused together. Returns 0; -EINVAL: no master; -EBUSY: one is in a
 * cluster already. The context fails to begin after an error.
 */
int vmedia_ctrl_cluster(struct vmedia_ctx *ctx, const uint32_t *ids, unsigned int num);
/*
 * vmedia_ctrl_auto_cluster - make a cluster whose master lets the hardware choose the other values,
 * like V4L2_CID_AUTOGAIN and V4L2_CID_GAIN
 * @manual: the value of the master that makes the other controls effective
 * @volatiles: the hardware can tell the values that it chose. ->get_volatile() of the master stores
 *	them with vmedia_ctrl_put(). It answers reads, and it gives the values that stay when the
 *	driver goes back to manual.
 *
 * The master gets V4L2_CTRL_FLAG_UPDATE. While it has another value than @manual, the other
 * controls are V4L2_CTRL_FLAG_INACTIVE, and with @volatiles also V4L2_CTRL_FLAG_VOLATILE. Errors
 * are those of vmedia_ctrl_cluster(); -EINVAL also for a @manual that the master cannot have, and
 * for @volatiles without ->get_volatile().
 */
int vmedia_ctrl_auto_cluster(struct vmedia_ctx *ctx, const uint32_t *ids, unsigned int num,
			     int64_t manual, bool volatiles);

/* For the operations of a master, which may ask about itself and the others of its cluster: */

/* The new value of a scalar. */
int64_t vmedia_ctrl_new(const struct vmedia_ctrl *c);
/* The new bytes of a string, array or compound; @size is 0 for scalars. */
const void *vmedia_ctrl_new_data(const struct vmedia_ctrl *c, uint32_t *size);
/* True if the call set this control. For a button this means that it was pressed. */
bool vmedia_ctrl_is_new(const struct vmedia_ctrl *c);
/*
 * Replace the new value of a scalar, in ->try_value() and ->get_volatile(). The master's own value
 * is replaced in the operation's argument instead.
 */
void vmedia_ctrl_put(struct vmedia_ctrl *c, int64_t value);

/*
 * The control @id of @ctx, or NULL. Context: any thread while the context exists, since its set of
 * controls does not change.
 */
struct vmedia_ctrl *vmedia_ctrl_find(struct vmedia_ctx *ctx, uint32_t id);

/* The current value of a scalar, read atomically. Context: any thread. */
int64_t vmedia_ctrl_get(const struct vmedia_ctrl *c);
/* The current value of control @id; @missing if @ctx does not have it. Context: any thread. */
int64_t vmedia_ctrl_read(struct vmedia_ctx *ctx, uint32_t id, int64_t missing);
/* The current bytes of a string, array or compound. */
const void *vmedia_ctrl_data(const struct vmedia_ctrl *c, uint32_t *size);

uint32_t vmedia_ctrl_id(const struct vmedia_ctrl *c);
struct vmedia_ctx *vmedia_ctrl_ctx(const struct vmedia_ctrl *c);
void *vmedia_ctrl_priv(const struct vmedia_ctrl *c);

/*
 * Change a control from the device's side. The range is checked, ->set() is called, and all
 * subscribers get an event.
 */
int vmedia_ctrl_set(struct vmedia_ctrl *c, int64_t value);
/* The same without ->set(), for changes by the hardware (a volatile or read-only status). */
int vmedia_ctrl_update(struct vmedia_ctrl *c, int64_t value);
int vmedia_ctrl_update_data(struct vmedia_ctrl *c, const void *data, uint32_t size);

/* Clear or set V4L2_CTRL_FLAG_INACTIVE; set or clear V4L2_CTRL_FLAG_GRABBED. Both send an event. */
void vmedia_ctrl_activate(struct vmedia_ctrl *c, bool active);
void vmedia_ctrl_grab(struct vmedia_ctrl *c, bool grabbed);
/*
 * Change the range of an integer-like control. The value is moved into it, and subscribers get
 * V4L2_EVENT_CTRL_CH_RANGE. Returns 0; -EINVAL or -ERANGE for a range that the type forbids.
 */
int vmedia_ctrl_modify_range(struct vmedia_ctrl *c, int64_t min, int64_t max, uint64_t step,
			     int64_t def);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_CTRL_H */
