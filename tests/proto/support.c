/* SPDX-License-Identifier: BSD-3-Clause */
/* See support.h. */
#include "support.h"

#include <time.h>

#ifdef VMEDIA_MINI_CMOCKA
jmp_buf mini_failed;
#endif

static void own_pointers(struct end *e)
{
	e->cmd.io.ctrls = e->ctrls;
	e->cmd.io.ctrl_sg = e->ctrl_sg;
	e->cmd.io.max_ctrls = END_CTRLS;
	e->cmd.io.edid = e->edid;
	e->cmd.io.max_edid_blocks = END_BLOCKS;
}

struct end *end_new(void)
{
	struct end *e = calloc(1, sizeof(*e));

	if (!e)
		abort();
	own_pointers(e);
	return e;
}

static void move_sg(struct vmedia_sg *sg, const struct end *from, struct end *to)
{
	if (sg->raw >= from->sg && sg->raw < from->sg + sizeof(from->sg))
		sg->raw = to->sg + (sg->raw - from->sg);
}

struct end *end_copy(const struct end *e)
{
	struct end *c = end_new();
	unsigned int i;

	memcpy(c, e, sizeof(*c));
	own_pointers(c);
	for (i = 0; i < VMEDIA_MAX_PLANES; i++)
		move_sg(&c->cmd.io.plane_sg[i], e, c);
	for (i = 0; i < END_CTRLS; i++)
		move_sg(&c->ctrl_sg[i], e, c);
	return c;
}

struct vmedia_ioctl *end_ioctl(struct end *e, uint32_t nr)
{
	e->cmd.type = VMEDIA_CMD_IOCTL;
	e->cmd.session_id = 5;
	e->cmd.code = nr;
	e->cmd.io.info = vmedia_ioctl_info(nr);
	return &e->cmd.io;
}

struct vmedia_sg end_sg(struct end *e, const struct vmedia_sg_entry *entries, uint32_t count)
{
	struct vmedia_sg sg = { .raw = e->sg + (size_t)e->sg_used * VMEDIA_SG_ENTRY_SIZE,
				.count = count };
	uint32_t i;

	if (e->sg_used + count > END_SG)
		fail_msg("test needs more than %d SG entries", END_SG);
	for (i = 0; i < count; i++)
		vmedia_sg_put(e->sg, e->sg_used++, &entries[i]);
	return sg;
}

struct vmedia_sg end_sg1(struct end *e, uint64_t start, uint32_t len)
{
	struct vmedia_sg_entry entry = { start, len };

	return end_sg(e, &entry, len ? 1 : 0);
}

static void assert_same_sg(const struct vmedia_sg *a, const struct vmedia_sg *b)
{
	uint32_t i;

	assert_int_equal(a->count, b->count);
	for (i = 0; i < a->count; i++) {
		assert_int_equal(vmedia_sg_at(a, i).start, vmedia_sg_at(b, i).start);
		assert_int_equal(vmedia_sg_at(a, i).len, vmedia_sg_at(b, i).len);
	}
}

void assert_same_payload(const struct end *a, const struct end *b)
{
	const struct vmedia_ioctl *x = &a->cmd.io, *y = &b->cmd.io;
	const char *name = x->info->name;
	uint32_t blocks;

	CHECK(!memcmp(&x->arg, &y->arg, x->info->size), "%s: structures differ", name);
	switch (x->info->follow) {
	case VMEDIA_FOLLOW_PLANES:
		CHECK(x->num_planes == y->num_planes, "%s: %u and %u planes", name, x->num_planes,
		      y->num_planes);
		CHECK(!memcmp(x->planes, y->planes, x->num_planes * sizeof(x->planes[0])),
		      "%s: planes", name);
		CHECK(!memcmp(x->uuid, y->uuid, sizeof(x->uuid)), "%s: UUIDs differ", name);
		break;
	case VMEDIA_FOLLOW_UUID:
		CHECK(!memcmp(x->uuid[0], y->uuid[0], VMEDIA_UUID_SIZE), "%s: UUIDs differ", name);
		break;
	case VMEDIA_FOLLOW_CTRLS:
		CHECK(!memcmp(x->ctrls, y->ctrls, x->arg.ext_controls.count * sizeof(x->ctrls[0])),
		      "%s: controls differ", name);
		break;
	case VMEDIA_FOLLOW_EDID:
		/*
		 * What travelled: an answer may count more blocks than were asked for, if the
		 * question asked for their number. The device's end knows what was asked.
		 */
		blocks = x->asked.edid_blocks | y->asked.edid_blocks;
		if (x->arg.edid.blocks < blocks)
			blocks = x->arg.edid.blocks;
		CHECK(!memcmp(x->edid, y->edid, (size_t)blocks * 128), "%s: EDIDs", name);
		break;
	}
}

void assert_same_question(const struct end *a, const struct end *b)
{
	const struct vmedia_ioctl *x = &a->cmd.io, *y = &b->cmd.io;
	uint32_t i;

	assert_int_equal(a->cmd.type, b->cmd.type);
	assert_int_equal(a->cmd.session_id, b->cmd.session_id);
	assert_int_equal(a->cmd.code, b->cmd.code);
	assert_int_equal(a->cmd.mmap_flags, b->cmd.mmap_flags);
	assert_int_equal(a->cmd.mmap_offset, b->cmd.mmap_offset);
	assert_int_equal(a->cmd.driver_addr, b->cmd.driver_addr);
	if (a->cmd.type != VMEDIA_CMD_IOCTL)
		return;
	assert_true(x->info == y->info);
	if (!(x->info->dir & VMEDIA_DIR_W))
		return;
	assert_same_payload(a, b);
	if (x->info->follow == VMEDIA_FOLLOW_PLANES)
		for (i = 0; i < VMEDIA_MAX_PLANES; i++)
			assert_same_sg(&x->plane_sg[i], &y->plane_sg[i]);
	if (x->info->follow == VMEDIA_FOLLOW_CTRLS)
		for (i = 0; i < x->arg.ext_controls.count; i++)
			assert_same_sg(&x->ctrl_sg[i], &y->ctrl_sg[i]);
}

uint8_t *exact(const void *buf, size_t len)
{
	uint8_t *p = malloc(len);	/* of no bytes, too: not one may be read then */

	if (!p)
		abort();
	if (len)
		memcpy(p, buf, len);
	return p;
}

static uint64_t rnd_state;

void rnd_init(void)
{
	const char *env = getenv("VMEDIA_TEST_SEED");

	rnd_state = env ? strtoull(env, NULL, 0) : (uint64_t)time(NULL) * 0x9e3779b97f4a7c15u;
	if (!rnd_state)
		rnd_state = 1;
	print_message("VMEDIA_TEST_SEED=0x%llx\n", (unsigned long long)rnd_state);
}

uint64_t rnd(void)
{
	rnd_state ^= rnd_state << 13;
	rnd_state ^= rnd_state >> 7;
	rnd_state ^= rnd_state << 17;
	return rnd_state;
}

uint32_t rnd_below(uint32_t n)
{
	return (uint32_t)(rnd() >> 20) % n;
}

void rnd_fill(void *p, size_t n)
{
	uint8_t *b = p;

	while (n--)
		*b++ = (uint8_t)(rnd() >> 24);
}

/* One "xx" or "xx*count" of a line. Returns the rest of the line, or NULL if it is neither. */
static const char *read_byte(const char *s, struct part *part)
{
	char *end;
	unsigned long byte = strtoul(s, &end, 16), count = 1;

	if (end != s + 2)
		return NULL;
	if (*end == '*')
		count = strtoul(end + 1, &end, 10);
	if (!count || part->len + count > VECTOR_MAX)
		return NULL;
	memset(part->bytes + part->len, (int)byte, count);
	part->len += count;
	return end;
}

static struct part *part_of(struct vector *v, const char *line)
{
	if (!strncmp(line, "[question]", 10))
		return &v->question;
	if (!strncmp(line, "[extra]", 7))
		return &v->extra;
	if (!strncmp(line, "[answer]", 8))
		return &v->answer;
	if (!strncmp(line, "[event]", 7))
		return &v->event;
	return NULL;
}

static const char *vector_dir(void)
{
	const char *dir = getenv("VMEDIA_VECTORS");

	return dir ? dir : "tests/vectors";
}

void vector_load(struct vector *v, const char *name)
{
	struct part *part = NULL;
	char path[512], line[512];
	FILE *f;

	memset(v, 0, sizeof(*v));
	snprintf(path, sizeof(path), "%s/%s.hex", vector_dir(), name);
	f = fopen(path, "r");
	CHECK(f, "%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		const char *s = line;

		if (*s == '[') {
			part = part_of(v, s);
			CHECK(part, "%s: no such part: %s", path, line);
			continue;
		}
		for (s += strspn(s, " \t\n"); *s && *s != '#'; s += strspn(s, " \t\n")) {
			s = part ? read_byte(s, part) : NULL;
			CHECK(s, "%s: cannot read: %s", path, line);
		}
	}
	fclose(f);
}

void assert_bytes(const char *what, const uint8_t *got, size_t got_len, const struct part *want)
{
	size_t i;

	for (i = 0; i < got_len && i < want->len; i++)
		CHECK(got[i] == want->bytes[i], "%s: byte %zu is %02x, not %02x", what, i, got[i],
		      want->bytes[i]);
	CHECK(got_len == want->len, "%s: %zu bytes, not %zu", what, got_len, want->len);
}
