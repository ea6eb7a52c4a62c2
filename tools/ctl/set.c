/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Set controls by name. All controls of a command line go in one VIDIOC_S_EXT_CTRLS, so that the
 * device changes either all of them or, if it can tell beforehand, none.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controls.h"
#include "ctl.h"

/* The controls to set. It owns the payloads and the names, which error messages use. */
struct batch {
	struct vmedia_ext_control *v;
	char **words;
	unsigned int num;
};

static void set_element(const struct vmedia_query_ext_ctrl *q, uint8_t *data, uint64_t v)
{
	uint16_t v16 = (uint16_t)v;
	uint32_t v32 = (uint32_t)v;

	switch (q->elem_size) {
	case 2:
		memcpy(data, &v16, sizeof(v16));
		break;
	case 4:
		memcpy(data, &v32, sizeof(v32));
		break;
	case 8:
		memcpy(data, &v, sizeof(v));
		break;
	default:
		data[0] = (uint8_t)v;
	}
}

/* True if the value fits into an element, signed or unsigned. */
static bool fits(const struct vmedia_query_ext_ctrl *q, uint64_t v)
{
	unsigned int bits = q->elem_size == 2 || q->elem_size == 4 ? q->elem_size * 8 : 8;

	return q->elem_size == 8 || v >> bits == 0 || ~v >> (bits - 1) == 0;
}

/*
 * Elements are given as "1:2:3", since commas separate controls. A single value sets all elements.
 */
static int parse_elements(const struct vmedia_query_ext_ctrl *q, const char *value, uint8_t *data)
{
	const char *p = value;
	uint64_t v = 0;

	if (!*value)
		return ctl_usage_text("'' is no list of numbers");

	for (uint32_t i = 0; i < q->elems; i++) {
		char *end;

		if (*p) {
			errno = 0;
			v = strtoull(p, &end, 0);
			if (end == p || (*end && *end != ':') || errno)
				return ctl_usage_text("'%s' is no list of numbers", value);
			if (!fits(q, v))
				return ctl_usage_text("'%.*s' is more than an element of %u bytes "
						      "holds", (int)(end - p), p, q->elem_size);
			p = *end ? end + 1 : end;
		}
		set_element(q, data + (size_t)i * q->elem_size, v);
	}
	if (*p)
		return ctl_usage_text("'%s' has more numbers than the control, which takes %u",
				      value, q->elems);
	return 0;
}

static int set_payload(const struct vmedia_query_ext_ctrl *q, const char *value,
		       struct vmedia_ext_control *ec)
{
	uint32_t size = ctl_payload_size(q);
	uint8_t *payload;

	if (!size)
		return ctl_fail_text("the control is too large to be set here");
	payload = calloc(1, size + 1);
	if (!payload)
		return ctl_fail("--set-ctrl", -ENOMEM);
	ec->size = size;
	ec->ptr = (uintptr_t)payload;
	if (q->type != V4L2_CTRL_TYPE_STRING)
		return parse_elements(q, value, payload);
	if (strlen(value) >= size)
		return ctl_usage_text("'%.64s...' is longer than the control, which takes %u bytes",
				      value, size - 1);
	memcpy(payload, value, strlen(value));
	return 0;
}

/*
 * Check the control's range. A device would silently replace a value outside it. A button has no
 * range. 32-bit masks are unsigned.
 */
static int parse_number(const struct vmedia_query_ext_ctrl *q, const char *name, const char *value,
			struct vmedia_ext_control *ec)
{
	bool ranged = q->type != V4L2_CTRL_TYPE_BUTTON;
	long long v;
	char *end;

	errno = 0;
	v = strtoll(value, &end, 0);
	if (end == value || *end || errno ||
	    (q->type != V4L2_CTRL_TYPE_INTEGER64 && (v < INT32_MIN || v > UINT32_MAX)))
		return ctl_usage_text("--set-ctrl=%s=%s: give a number", name, value);
	if (ranged && (v < q->minimum || v > q->maximum))
		return ctl_usage_text("--set-ctrl=%s=%s: give a number from %lld to %lld", name,
				      value, (long long)q->minimum, (long long)q->maximum);
	if (q->type == V4L2_CTRL_TYPE_INTEGER64)
		ec->value64 = v;
	else
		ec->value = (int32_t)v;
	return 0;
}

/* Room for one more, cleared. */
static struct vmedia_ext_control *batch_add(struct batch *b, const char *name, const char *value)
{
	struct vmedia_ext_control *v = realloc(b->v, (b->num + 1) * sizeof(*v));
	char **words;

	if (!v)
		return NULL;
	b->v = v;
	words = realloc(b->words, (b->num + 1) * sizeof(*words));
	if (!words)
		return NULL;
	b->words = words;
	if (asprintf(&words[b->num], "%s=%.64s", name, value) < 0)
		return NULL;
	v[b->num] = (struct vmedia_ext_control){ 0 };
	return &v[b->num++];
}

static void batch_free(struct batch *b)
{
	for (unsigned int i = 0; i < b->num; i++) {
		if (b->v[i].size)
			free((void *)(uintptr_t)b->v[i].ptr);
		free(b->words[i]);
	}
	free(b->words);
	free(b->v);
}

static int collect_one(struct ctl *c, struct batch *b, const char *name, const char *value)
{
	struct vmedia_query_ext_ctrl q;
	struct vmedia_ext_control *ec;
	int ret = ctl_find_ctrl(c, name, &q);

	if (ret < 0)
		return ret;
	ec = batch_add(b, name, value);
	if (!ec)
		return ctl_fail("--set-ctrl", -ENOMEM);
	ec->id = q.id;
	return ctl_has_payload(&q) ? set_payload(&q, value, ec) : parse_number(&q, name, value, ec);
}

static int collect(struct ctl *c, struct batch *b, const char *pairs)
{
	char name[CTL_CTRL_WORD], value[CTL_CTRL_WORD];
	int ret = 0;

	if (!*pairs)
		return ctl_usage_text("--set-ctrl: give NAME=VALUE[,...]");
	while (ret == 0 && ctl_next_pair(&pairs, name, value, CTL_CTRL_WORD)) {
		if (!*name)
			return ctl_usage_text("--set-ctrl=%s: give NAME=VALUE", value);
		if (strlen(value) == CTL_CTRL_WORD - 1)
			return ctl_usage_text("--set-ctrl=%s: give a value of less than %d bytes",
					      name, CTL_CTRL_WORD - 1);
		ret = collect_one(c, b, name, value);
	}
	return ret;
}

/*
 * error_idx names the control at fault if the device had begun to change controls. Before that it
 * is the count.
 */
static int refused(const struct batch *b, uint32_t index, int err)
{
	if (b->num == 1)
		return ctl_fail(b->words[0], err);
	if (index >= b->num)
		return ctl_fail("--set-ctrl, of which nothing was set", err);
	ctl_fail_text("%s, and what comes behind it: %s", b->words[index], strerror(-err));
	return err;
}

int ctl_set_controls(struct ctl *c, const struct ctl_args *args)
{
	struct vmedia_ext_controls ecs = { .which = V4L2_CTRL_WHICH_CUR_VAL };
	struct batch b = { 0 };
	int ret = 0;

	for (unsigned int i = 0; ret == 0 && i < args->count; i++)
		ret = collect(c, &b, args->value[i]);
	if (ret == 0 && b.num) {
		ecs.count = b.num;
		ecs.controls = (uintptr_t)b.v;
		ret = vmedia_ioctl(c->f, VIDIOC_S_EXT_CTRLS, &ecs);
		if (ret < 0)
			ret = refused(&b, ecs.error_idx, ret);
	}
	batch_free(&b);
	return ret;
}
