/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Controls: their definitions and values. ctrl_cluster.c changes the values.
 *
 * Theory of operation: a context's controls are fixed when it begins, and sorted by ID. A change
 * takes these steps:
 *
 *	value of the driver -> new_val/new_data -> check (range) -> ->try_value() -> ->set() ->
 *	current -> event
 *
 * It ends at the first step that returns an error. Current scalars are atomic: workers read them
 * without a lock.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/videodev2.h>

#include "base/checked.h"
#include "base/log.h"
#include "v4l2/ctrl.h"

#define MAX_CTRL_BYTES (1u << 20)

/* ---- Creating controls ---- */

static uint32_t element_size(const struct vmedia_ctrl_config *cfg)
{
	uint32_t size;

	switch (cfg->type) {
	case V4L2_CTRL_TYPE_INTEGER64:
		return 8;
	case V4L2_CTRL_TYPE_STRING:
		return (uint32_t)cfg->max + 1;
	case V4L2_CTRL_TYPE_U8:
		return 1;
	case V4L2_CTRL_TYPE_U16:
		return 2;
	case V4L2_CTRL_TYPE_U32:
		return 4;
	default:
		break;
	}
	if (cfg->type < V4L2_CTRL_COMPOUND_TYPES)
		return 4;
	size = vmedia_ctrl_type_size(cfg->type);
	if (size && cfg->elem_size && cfg->elem_size != size)
		return 0;	/* no size fits */
	return size ? size : cfg->elem_size;
}

bool vmedia_ctrl_range_ok(const struct vmedia_ctrl_config *c)
{
	switch (c->type) {
	case V4L2_CTRL_TYPE_BOOLEAN:
		return c->min >= 0 && c->max <= 1 && c->min <= c->max && c->def >= c->min &&
		       c->def <= c->max;
	case V4L2_CTRL_TYPE_INTEGER:
		if (c->min < INT32_MIN || c->max > INT32_MAX)
			return false;
		__attribute__((fallthrough));
	case V4L2_CTRL_TYPE_INTEGER64:
	case V4L2_CTRL_TYPE_U8:
	case V4L2_CTRL_TYPE_U16:
	case V4L2_CTRL_TYPE_U32:
		return c->step && c->min <= c->max && c->def >= c->min && c->def <= c->max;
	case V4L2_CTRL_TYPE_BITMASK:
		return !c->step && !c->min && c->max && c->max <= UINT32_MAX && !(c->def & ~c->max);
	case V4L2_CTRL_TYPE_MENU:
	case V4L2_CTRL_TYPE_INTEGER_MENU:
		return c->min >= 0 && c->min <= c->max && c->max < 64 && c->def >= c->min &&
		       c->def <= c->max && !(c->menu_skip >> c->def & 1) &&
		       (c->type == V4L2_CTRL_TYPE_MENU ? !!c->menu : !!c->int_menu);
	case V4L2_CTRL_TYPE_STRING:
		return c->min >= 0 && c->min <= c->max && c->max < MAX_CTRL_BYTES && c->step &&
		       !c->def;
	default:
		return true;
	}
}

/* Set the range of types that have only one possible range, whatever the table has. */
static void fix_range(struct vmedia_ctrl_config *c)
{
	switch (c->type) {
	case V4L2_CTRL_TYPE_BUTTON:
	case V4L2_CTRL_TYPE_CTRL_CLASS:
		c->min = c->max = c->def = 0;
		c->step = 0;
		break;
	case V4L2_CTRL_TYPE_BOOLEAN:
		if (!c->min && !c->max)
			c->max = 1;
		c->step = 1;
		break;
	case V4L2_CTRL_TYPE_BITMASK:
		c->step = 0;
		break;
	case V4L2_CTRL_TYPE_MENU:
	case V4L2_CTRL_TYPE_INTEGER_MENU:
		c->step = 1;
		break;
	default:
		if (!c->step && (c->type < V4L2_CTRL_COMPOUND_TYPES || c->max))
			c->step = 1;
		break;
	}
}

static int complete_config(struct vmedia_ctrl_config *c)
{
	const struct vmedia_std_ctrl *std = vmedia_std_ctrl_find(c->id);

	if (std) {
		c->name = c->name ? c->name : std->name;
		c->flags |= std->flags;
		if (!c->type)
			c->type = std->type;
		if (!c->menu && !c->int_menu && c->max < std->menu_len)
			c->menu = std->menu;
	}
	if (!c->name || !c->type || c->id & ~V4L2_CTRL_ID_MASK || c->id >= V4L2_CID_PRIVATE_BASE)
		return -EINVAL;
	if (c->type == V4L2_CTRL_TYPE_BUTTON)
		c->flags |= V4L2_CTRL_FLAG_WRITE_ONLY | V4L2_CTRL_FLAG_EXECUTE_ON_WRITE;
	fix_range(c);
	return vmedia_ctrl_range_ok(c) ? 0 : -ERANGE;
}

static int count_elements(struct vmedia_ctrl *c)
{
	uint64_t elems = 1;
	unsigned int i;

	for (i = 0; i < 4 && c->cfg.dims[i]; i++) {
		elems *= c->cfg.dims[i];
		if (elems > MAX_CTRL_BYTES)
			return -EINVAL;
		c->num_dims = i + 1;
	}
	c->elem_size = element_size(&c->cfg);
	c->elems = (uint32_t)elems;
	c->is_ptr = c->num_dims || c->cfg.type == V4L2_CTRL_TYPE_STRING ||
		    c->cfg.type >= V4L2_CTRL_COMPOUND_TYPES;
	return c->elem_size && elems * c->elem_size <= MAX_CTRL_BYTES ? 0 : -EINVAL;
}

uint32_t vmedia_ctrl_bytes(const struct vmedia_ctrl *c)
{
	return c->elems * c->elem_size;
}

/* One element of an array of numbers. */
static int64_t element_get(const struct vmedia_ctrl *c, const uint8_t *data, uint32_t i)
{
	union {
		uint8_t u8;
		uint16_t u16;
		uint32_t u32;
		int32_t s32;
		int64_t s64;
	} v = { .s64 = 0 };

	memcpy(&v, data + (size_t)i * c->elem_size, VMEDIA_MIN(c->elem_size, 8u));
	switch (c->elem_size) {
	case 1:
		return v.u8;
	case 2:
		return v.u16;
	case 4:
		return c->cfg.type == V4L2_CTRL_TYPE_U32 || c->cfg.type == V4L2_CTRL_TYPE_BITMASK
			       ? (int64_t)v.u32
			       : v.s32;
	default:
		return v.s64;
	}
}

static void element_put(const struct vmedia_ctrl *c, uint8_t *data, uint32_t i, int64_t value)
{
	union { uint8_t u8; uint16_t u16; uint32_t u32; int64_t s64; } v = { .s64 = value };

	if (c->elem_size == 1)
		v.u8 = (uint8_t)value;
	else if (c->elem_size == 2)
		v.u16 = (uint16_t)value;
	else if (c->elem_size == 4)
		v.u32 = (uint32_t)value;
	memcpy(data + (size_t)i * c->elem_size, &v, VMEDIA_MIN(c->elem_size, 8u));
}

static bool is_number(const struct vmedia_ctrl *c)
{
	return c->cfg.type < V4L2_CTRL_COMPOUND_TYPES ? c->cfg.type != V4L2_CTRL_TYPE_STRING :
							 c->cfg.type <= V4L2_CTRL_TYPE_U32;
}

void vmedia_ctrl_fill_default(const struct vmedia_ctrl *c, uint8_t *data)
{
	uint32_t i;

	memset(data, 0, vmedia_ctrl_bytes(c));
	for (i = 0; i < c->elems; i++) {
		if (c->cfg.type == V4L2_CTRL_TYPE_STRING) {
			uint8_t *s = data + (size_t)i * c->elem_size;

			memset(s, ' ', (size_t)c->cfg.min);
			if (c->cfg.def_data)
				memcpy(s, c->cfg.def_data,
				       strnlen(c->cfg.def_data, (size_t)c->cfg.max));
		} else if (c->cfg.def_data) {
			memcpy(data + (size_t)i * c->elem_size, c->cfg.def_data, c->elem_size);
		} else if (is_number(c)) {
			element_put(c, data, i, c->cfg.def);
		}
	}
}

static struct vmedia_ctrl *ctrl_create(struct vmedia_ctx *ctx, const struct vmedia_ctrl_config *cfg)
{
	struct vmedia_ctrl *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->ctx = ctx;
	c->master = c;
	c->cfg = *cfg;
	if (complete_config(&c->cfg) || count_elements(c)) {
		vmedia_err("control 0x%08x has an impossible type or range (%lld to %lld, step "
			   "%llu, default %lld)",
			   cfg->id, (long long)cfg->min, (long long)cfg->max,
			   (unsigned long long)cfg->step, (long long)cfg->def);
		goto free_ctrl;
	}
	c->flags = c->cfg.flags | (c->is_ptr ? V4L2_CTRL_FLAG_HAS_PAYLOAD : 0);
	c->cur = c->cfg.def;
	if (!c->is_ptr)
		return c;
	c->data = calloc(2, vmedia_ctrl_bytes(c));
	if (!c->data)
		goto free_ctrl;
	c->new_data = c->data + vmedia_ctrl_bytes(c);
	vmedia_ctrl_fill_default(c, c->data);
	return c;
free_ctrl:
	free(c);
	return NULL;
}

static int insert(struct vmedia_ctrls *cs, struct vmedia_ctrl *c)
{
	unsigned int i = cs->num;

	if (cs->num == cs->cap) {
		unsigned int cap = cs->cap ? cs->cap * 2 : 16;
		struct vmedia_ctrl **v = realloc(cs->v, cap * sizeof(struct vmedia_ctrl *));

		if (!v)
			return -ENOMEM;
		cs->v = v;
		cs->cap = cap;
	}
	while (i && cs->v[i - 1]->cfg.id > c->cfg.id) {
		cs->v[i] = cs->v[i - 1];
		i--;
	}
	cs->v[i] = c;
	cs->num++;
	return 0;
}

struct vmedia_ctrl *vmedia_ctrl_add(struct vmedia_ctx *ctx, const struct vmedia_ctrl_config *cfg)
{
	struct vmedia_ctrls *cs = &ctx->ctrls;
	struct vmedia_ctrl *c;

	if (cs->error)
		return NULL;
	if (vmedia_ctrl_find(ctx, cfg->id)) {
		vmedia_err("control 0x%08x was added twice", cfg->id);
		cs->error = -EINVAL;
		return NULL;
	}
	c = ctrl_create(ctx, cfg);
	if (!c) {
		cs->error = -EINVAL;
		return NULL;
	}
	cs->error = insert(cs, c);
	if (cs->error) {
		free(c->data);
		free(c);
		return NULL;
	}
	return c;
}

int vmedia_ctrls_init(struct vmedia_ctx *ctx)
{
	const struct vmedia_video_config *cfg = &ctx->v->cfg;
	unsigned int i;

	for (i = 0; i < cfg->num_ctrls; i++)
		vmedia_ctrl_add(ctx, &cfg->ctrls[i]);
	return ctx->ctrls.error;
}

void vmedia_ctrls_finish(struct vmedia_ctx *ctx)
{
	unsigned int i;

	for (i = 0; i < ctx->ctrls.num; i++) {
		free(ctx->ctrls.v[i]->data);
		free(ctx->ctrls.v[i]);
	}
	free(ctx->ctrls.v);
}

/* ---- Checking a value ---- */

static int64_t round_to_range(const struct vmedia_ctrl_config *c, int64_t v)
{
	uint64_t off;

	if (v >= c->max || v <= c->min || !c->step)
		return v >= c->max ? c->max : v <= c->min ? c->min : v;
	off = (uint64_t)v - (uint64_t)c->min;
	if (off + c->step / 2 >= off)
		off += c->step / 2;
	off = off / c->step * c->step;
	v = (int64_t)((uint64_t)c->min + off);
	return v > c->max || v < c->min ? c->max : v;
}

static int check_number(const struct vmedia_ctrl_config *c, int64_t *v)
{
	switch (c->type) {
	case V4L2_CTRL_TYPE_BOOLEAN:
		*v = !!*v;
		return 0;
	case V4L2_CTRL_TYPE_MENU:
	case V4L2_CTRL_TYPE_INTEGER_MENU:
		if (*v < c->min || *v > c->max)
			return -ERANGE;
		if (c->menu_skip >> *v & 1)
			return -EINVAL;
		return c->type == V4L2_CTRL_TYPE_MENU && (!c->menu[*v] || !c->menu[*v][0]) ? -EINVAL
											   : 0;
	case V4L2_CTRL_TYPE_BITMASK:
		*v &= c->max;
		return 0;
	case V4L2_CTRL_TYPE_BUTTON:
	case V4L2_CTRL_TYPE_CTRL_CLASS:
		*v = 0;
		return 0;
	default:
		*v = round_to_range(c, *v);
		return 0;
	}
}

static int check_string(const struct vmedia_ctrl *c, const char *s)
{
	size_t len = strnlen(s, c->elem_size);

	if (len < (size_t)c->cfg.min || len > (size_t)c->cfg.max)
		return -ERANGE;
	return (len - (size_t)c->cfg.min) % c->cfg.step ? -ERANGE : 0;
}

int vmedia_ctrl_check(const struct vmedia_ctrl *c, struct vmedia_ctrl_value *v)
{
	uint32_t i;
	int64_t n;
	int err = 0;

	if (!c->is_ptr)
		return check_number(&c->cfg, &v->val);
	for (i = 0; i < c->elems && !err; i++) {
		if (c->cfg.type == V4L2_CTRL_TYPE_STRING) {
			err = check_string(c, (char *)v->data + (size_t)i * c->elem_size);
		} else if (is_number(c)) {
			n = element_get(c, v->data, i);
			err = check_number(&c->cfg, &n);
			element_put(c, v->data, i, n);
		}
	}
	return err;
}

/* ---- Events ---- */

void vmedia_ctrl_event(const struct vmedia_ctrl *c, uint32_t changes, struct vmedia_event *ev)
{
	memset(ev, 0, sizeof(*ev));
	ev->type = V4L2_EVENT_CTRL;
	ev->id = c->cfg.id;
	ev->u.ctrl.changes = changes;
	ev->u.ctrl.type = c->cfg.type;
	ev->u.ctrl.flags = c->flags;
	ev->u.ctrl.value64 = c->is_ptr ? 0 : c->cur;
	if (c->cfg.type != V4L2_CTRL_TYPE_INTEGER64)
		ev->u.ctrl.value = c->is_ptr ? 0 : (int32_t)c->cur;
	ev->u.ctrl.minimum = (int32_t)c->cfg.min;
	ev->u.ctrl.maximum = (int32_t)c->cfg.max;
	ev->u.ctrl.step = (int32_t)c->cfg.step;
	ev->u.ctrl.default_value = (int32_t)c->cfg.def;
}

/* ---- For devices ---- */

struct vmedia_ctrl *vmedia_ctrl_find(struct vmedia_ctx *ctx, uint32_t id)
{
	unsigned int lo = 0, hi = ctx->ctrls.num, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (ctx->ctrls.v[mid]->cfg.id == id)
			return ctx->ctrls.v[mid];
		if (ctx->ctrls.v[mid]->cfg.id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

int64_t vmedia_ctrl_get(const struct vmedia_ctrl *c)
{
	return c->cur;
}

int64_t vmedia_ctrl_read(struct vmedia_ctx *ctx, uint32_t id, int64_t missing)
{
	const struct vmedia_ctrl *c = vmedia_ctrl_find(ctx, id);

	return c ? c->cur : missing;
}

const void *vmedia_ctrl_data(const struct vmedia_ctrl *c, uint32_t *size)
{
	*size = c->is_ptr ? vmedia_ctrl_bytes(c) : 0;
	return c->data;
}

uint32_t vmedia_ctrl_id(const struct vmedia_ctrl *c)
{
	return c->cfg.id;
}

struct vmedia_ctx *vmedia_ctrl_ctx(const struct vmedia_ctrl *c)
{
	return c->ctx;
}

void *vmedia_ctrl_priv(const struct vmedia_ctrl *c)
{
	return c->cfg.priv;
}
