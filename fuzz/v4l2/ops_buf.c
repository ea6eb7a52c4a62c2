// SPDX-License-Identifier: BSD-3-Clause
/*
 * Operations on single buffers: QUERYBUF, PREPARE_BUF, QBUF, EXPBUF, MMAP, MUNMAP.
 */
#include <string.h>

#include "base/checked.h"
#include "world.h"

#define PAGE		4096u
#define OUTSIDE		0x7000000000ull		/* no guest memory there */
#define PLANES_POINTER	0x7f0012345678ull

/* A buffer and what is asked of it. */
struct ask {
	struct fz_queue *q;			/* NULL: no such type */
	struct fz_buf *b;			/* NULL: no such buffer */
	struct vmedia_cmd cmd;
	uint8_t sg[VMEDIA_MAX_PLANES][2 * VMEDIA_SG_ENTRY_SIZE];
	bool bad_memory;			/* outside of the guest, no object */
	bool no_object;				/* which the transport says before anybody else */
	uint32_t lengths[VMEDIA_MAX_PLANES];
};

/* The one that fits best: by @pick among those in @state if there are any, or just any. */
static uint32_t pick_index(const struct fz_queue *q, enum fz_state state, uint8_t pick)
{
	unsigned int n = fz_count(q, state), i;

	if (pick >= 0xe8)
		return pick == 0xff ? 0xffffffff : pick % (FZ_BUFS + 2);
	if (!n)
		return pick % FZ_BUFS;
	n = pick % n;
	for (i = 0; q->buf[i].state != state || n--; i++)
		;
	return i;
}

/* The question's fixed part. @bits: what is to be odd about it. */
static void begin(struct fz *w, const struct fz_op *o, struct ask *a, uint32_t nr,
		  enum fz_state state)
{
	struct vmedia_buffer *b = &a->cmd.io.arg.buffer;
	uint32_t type = fz_pick_type(w, o, o->p[1], &a->q);

	a->b = NULL;
	a->bad_memory = false;
	a->no_object = false;
	harness_cmd_ioctl(&a->cmd, w->s[o->s].id, nr);
	b->type = type;
	b->memory = a->q && a->q->memory ? a->q->memory : V4L2_MEMORY_MMAP;
	b->index = a->q ? pick_index(a->q, state, o->p[2]) : o->p[2];
	if (a->q && b->index < FZ_BUFS && a->q->buf[b->index].state != FZ_NONE)
		a->b = &a->q->buf[b->index];
	if (V4L2_TYPE_IS_MULTIPLANAR(type)) {
		b->length = a->b ? a->b->num_planes : 1;
		if (o->p[3] >= 0xf0)
			b->length = o->p[3] % (VMEDIA_MAX_PLANES + 1);
		b->m.planes = PLANES_POINTER;
		a->cmd.io.num_planes = b->length;
	}
}

static bool too_few_planes(const struct ask *a)
{
	return a->b && a->q->mplane && a->cmd.io.num_planes < a->b->num_planes;
}

/* What each call says to a buffer that cannot be meant. */
static void forbid_common(const struct ask *a, struct fz_verdict *v)
{
	fz_forbid(v, !a->q, EINVAL);
	fz_forbid(v, !a->b, EINVAL);
	fz_forbid(v, too_few_planes(a), EINVAL);
}

void fz_do_querybuf(struct fz *w, const struct fz_op *o)
{
	struct fz_verdict v = { .num = 0 };
	struct ask a;
	int ret;

	begin(w, o, &a, VMEDIA_NR_QUERYBUF, (enum fz_state)(1 + o->p[4] % 3));
	if (a.b && a.q->mplane && o->p[3] < 0xf0) {
		a.cmd.io.num_planes = VMEDIA_MAX_PLANES;
		a.cmd.io.arg.buffer.length = VMEDIA_MAX_PLANES;
	}
	forbid_common(&a, &v);
	w->doing = "QUERYBUF";
	ret = fz_cmd(w, &a.cmd);
	fz_note(w, "s%u QUERYBUF %s %u: %d", o->s, vmedia_buf_type_name(a.cmd.io.arg.buffer.type),
		a.cmd.io.arg.buffer.index, ret);
	fz_judge(w, &v, ret);
	if (!ret && a.b)
		fz_check_buffer(w, a.q, &a.cmd.io.arg.buffer, a.cmd.io.planes);
}

/* ---- The memory of a question ---- */

/* In one or two pieces that lie side by side; @odd: where nothing is. */
static void put_pages(struct ask *a, uint32_t i, uint64_t gpa, uint32_t len, bool odd)
{
	struct vmedia_sg_entry e = { .start = odd ? OUTSIDE : gpa, .len = len };
	uint32_t first = (uint32_t)(PAGE - (gpa & (PAGE - 1))), n = 0;

	if (gpa & 0x20 && len > first) {
		e.len = first;
		vmedia_sg_put(a->sg[i], n++, &e);
		e.start += first;
		e.len = len - first;
	}
	vmedia_sg_put(a->sg[i], n++, &e);
	a->cmd.io.plane_sg[i] = (struct vmedia_sg){ a->sg[i], n };
	a->bad_memory |= odd;
}

static void plane_shared(struct fz *w, struct ask *a, uint32_t i, uint32_t len, uint8_t how,
			 struct vmedia_plane *p)
{
	uint64_t gpa;

	if (a->b && a->b->state == FZ_PREPARED && a->b->given[i]) {
		gpa = a->b->gpa[i];
		len = a->b->given[i];
	} else {
		gpa = a->b ? fz_pages_lend(w, a->b, len, how) : 0;
	}
	if (!gpa) {
		/* No room left: such a buffer is not lent anything real. */
		gpa = OUTSIDE;
		a->bad_memory = true;
	}
	p->length = len;
	p->m.userptr = 0x7f0000000000ull + gpa;
	if (a->b && i < VMEDIA_MAX_PLANES && a->b->state == FZ_DEQUEUED) {
		a->b->gpa[i] = gpa;
		a->b->given[i] = len;
	}
	put_pages(a, i, gpa, len, how == 0xfe);
}

static void plane_object(struct ask *a, uint32_t i, uint32_t len, uint8_t how,
			 struct vmedia_plane *p)
{
	bool none = how == 0xfe && !(a->b && a->b->state == FZ_PREPARED);

	memset(a->cmd.io.uuid[i], 0, VMEDIA_UUID_SIZE);
	a->cmd.io.uuid[i][0] = (uint8_t)(none ? 0xee : 1 + how % FZ_OBJECTS);
	a->no_object |= none;
	a->bad_memory |= none || (how % FZ_OBJECTS == FZ_OBJECTS - 1 && len > 4096);
	/* 0: of the size that the buffer needs. */
	p->length = how & 0x40 && a->b && a->b->min[i] ? 0 : len;
	p->m.fd = how;
}

static void put_planes(struct fz *w, struct ask *a, uint8_t how)
{
	struct vmedia_buffer *b = &a->cmd.io.arg.buffer;
	uint32_t i, n = V4L2_TYPE_IS_MULTIPLANAR(b->type) ? a->cmd.io.num_planes : 1;

	for (i = 0; i < n; i++) {
		struct vmedia_plane *p = &a->cmd.io.planes[i];
		uint32_t len = a->b && i < a->b->num_planes ? VMEDIA_MAX(a->b->min[i],
									 a->b->length[i]) : 64;

		/* Of a size that nobody told yet: as large as a buffer gets here. */
		if (!len)
			len = 80000;
		else if (how == 0xf0 && b->memory != V4L2_MEMORY_MMAP && a->b && a->b->min[i])
			len--;
		if (b->memory == V4L2_MEMORY_USERPTR)
			plane_shared(w, a, i, len, how, p);
		else if (b->memory == V4L2_MEMORY_DMABUF)
			plane_object(a, i, len, how, p);
		a->lengths[i] = b->memory == V4L2_MEMORY_MMAP ? len : p->length;
	}
	if (!V4L2_TYPE_IS_MULTIPLANAR(b->type)) {
		b->length = a->cmd.io.planes[0].length;
		if (b->memory == V4L2_MEMORY_USERPTR)
			b->m.userptr = a->cmd.io.planes[0].m.userptr;
		else if (b->memory == V4L2_MEMORY_DMABUF)
			b->m.fd = a->cmd.io.planes[0].m.fd;
	}
}

/* ---- An output's content ---- */

FZ_GUEST_WRITES static void put_le32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)(v >> 16);
	p[3] = (uint8_t)(v >> 24);
}

/* What the decoders of tests/devices take for a picture of 32x32 to 128x96. */
static void put_header(uint8_t *p, uint8_t how)
{
	put_le32(p, 'V' | 'T' << 8 | 'S' << 16 | (uint32_t)'T' << 24);
	put_le32(p + 4, 32u << (how & 3) > 128 ? 64 : 32u << (how & 3));
	put_le32(p + 8, how & 4 ? 96 : 32);
	put_le32(p + 12, 64);
}

/* bytesused and data_offset; true if they cannot be. */
static bool put_content(struct fz *w, struct ask *a, uint8_t how)
{
	struct vmedia_buffer *b = &a->cmd.io.arg.buffer;
	uint32_t i, len, used, n = a->q->mplane ? a->cmd.io.num_planes : 1;
	bool bad = false;

	for (i = 0; i < n; i++) {
		struct vmedia_plane *p = &a->cmd.io.planes[i];
		uint8_t *mem = a->b->mapped[i];

		len = a->lengths[i];
		if (a->q->memory == V4L2_MEMORY_DMABUF && !len)
			len = a->b->min[i];
		used = how & 0x80 ? len : how & 0x40 ? 0 : VMEDIA_MIN(len, 80u);
		if (how == 0x3f)
			used = len + 1;
		p->bytesused = used;
		p->data_offset = a->q->mplane && how == 0x3e ? len : 0;
		bad |= used > len || (p->data_offset && p->data_offset >= (used ? used : len));
		if (a->q->memory == V4L2_MEMORY_USERPTR && !a->bad_memory && a->b->slots &&
		    i < a->b->num_planes && a->b->gpa[i] && a->b->gpa[i] != OUTSIDE)
			mem = fz_pages_at(w, a->b->gpa[i]);
		if (mem && len >= 16)
			put_header(mem, how);
	}
	if (!a->q->mplane)
		b->bytesused = a->cmd.io.planes[0].bytesused;
	return bad;
}

/* ---- PREPARE_BUF, QBUF ---- */

static bool too_short(const struct ask *a)
{
	uint32_t i;

	if (!a->b || a->q->memory == V4L2_MEMORY_MMAP)
		return false;
	for (i = 0; i < a->b->num_planes; i++)
		if (a->lengths[i] < a->b->min[i] &&
		    !(a->q->memory == V4L2_MEMORY_DMABUF && !a->lengths[i]))
			return true;
	return false;
}

/* Both calls up to their answer. */
static int queue_or_prepare(struct fz *w, const struct fz_op *o, struct ask *a, uint32_t nr,
			    struct fz_verdict *v)
{
	struct vmedia_buffer *b = &a->cmd.io.arg.buffer;
	bool fresh, bad_content = false, foreign;

	begin(w, o, a, nr, nr == VMEDIA_NR_QBUF && o->p[4] >= 0xc0 ? FZ_PREPARED : FZ_DEQUEUED);
	if (o->p[4] == 0x11)
		b->memory = 1 + b->memory % 4;
	put_planes(w, a, o->p[5]);
	if (o->p[4] == 0x12) {
		b->flags |= V4L2_BUF_FLAG_REQUEST_FD;
		b->request_fd = 3;
	}
	foreign = !a->q || b->memory != a->q->memory;
	fresh = a->b && a->b->state == FZ_DEQUEUED;
	if (a->b && a->q->output && !foreign)
		bad_content = put_content(w, a, o->p[4]);
	forbid_common(a, v);
	fz_forbid(v, foreign, EINVAL);
	fz_forbid(v, a->q && fz_not_owner(a->q, o->s), EBUSY);
	fz_forbid(v, fresh && bad_content, EINVAL);
	fz_forbid(v, fresh && too_short(a), EINVAL);
	fz_forbid(v, fresh && a->bad_memory, EFAULT);
	fz_forbid(v, fresh && a->bad_memory, EINVAL);
	fz_forbid(v, a->no_object, ENOENT);
	fz_forbid(v, a->q && a->q->failed, EIO);
	v->may_lack_memory = fresh && b->memory != V4L2_MEMORY_MMAP;
	w->doing = nr == VMEDIA_NR_QBUF ? "QBUF" : "PREPARE_BUF";
	if (!a->b || foreign)
		return 1;
	return 0;
}

/* In a queue that fails by itself, QBUF may be the first to learn of it. */
static void allow_failure(struct fz *w, struct fz_verdict *v, const struct ask *a, int ret)
{
	if (ret == -EIO && w->d->fails && a->q && a->q->streaming) {
		a->q->failed = true;
		v->err[0] = EIO;
		v->num = 1;
	}
}

static void refused(struct fz *w, struct ask *a, enum fz_state was)
{
	if (!a->b || was != FZ_DEQUEUED)
		return;
	a->b->lost = a->q->memory != V4L2_MEMORY_MMAP;
	fz_pages_return(w, a->b);
}

static void report(struct fz *w, const struct fz_op *o, const struct ask *a, int ret)
{
	const struct vmedia_buffer *b = &a->cmd.io.arg.buffer;

	fz_note(w, "s%u %s %s %u, %s of %u bytes, %u used, flags %#x: %d", o->s, w->doing,
		vmedia_buf_type_name(b->type), b->index, vmedia_memory_name(b->memory),
		V4L2_TYPE_IS_MULTIPLANAR(b->type) ? a->cmd.io.planes[0].length : b->length,
		V4L2_TYPE_IS_MULTIPLANAR(b->type) ? a->cmd.io.planes[0].bytesused : b->bytesused,
		b->flags, ret);
}

void fz_do_prepare_buf(struct fz *w, const struct fz_op *o)
{
	struct fz_verdict v = { .num = 0 };
	enum fz_state was;
	struct ask a;
	int ret;

	queue_or_prepare(w, o, &a, VMEDIA_NR_PREPARE_BUF, &v);
	was = a.b ? a.b->state : FZ_NONE;
	if (was == FZ_QUEUED && fz_blind(w))
		return;
	fz_forbid(&v, a.b && was != FZ_DEQUEUED, EINVAL);
	fz_forbid(&v, a.cmd.io.arg.buffer.flags & V4L2_BUF_FLAG_REQUEST_FD, EINVAL);
	ret = fz_cmd(w, &a.cmd);
	report(w, o, &a, ret);
	allow_failure(w, &v, &a, ret);
	fz_judge(w, &v, ret);
	if (ret || !a.b) {
		refused(w, &a, was);
		return;
	}
	a.b->state = FZ_PREPARED;
	a.b->lost = false;
	a.b->handle[0] = a.cmd.io.arg.buffer.m.userptr;
	fz_check_buffer(w, a.q, &a.cmd.io.arg.buffer, a.cmd.io.planes);
}

void fz_do_qbuf(struct fz *w, const struct fz_op *o)
{
	struct fz_verdict v = { .num = 0 };
	enum fz_state was;
	struct ask a;
	int ret;

	queue_or_prepare(w, o, &a, VMEDIA_NR_QBUF, &v);
	was = a.b ? a.b->state : FZ_NONE;
	if (was == FZ_QUEUED && fz_blind(w))
		return;
	fz_forbid(&v, a.b && was == FZ_QUEUED, EINVAL);
	fz_forbid(&v, a.cmd.io.arg.buffer.flags & V4L2_BUF_FLAG_REQUEST_FD, EBADR);
	if (was == FZ_PREPARED && !a.q->mplane && a.q->memory == V4L2_MEMORY_USERPTR)
		a.cmd.io.arg.buffer.m.userptr = 0;
	ret = fz_cmd(w, &a.cmd);
	report(w, o, &a, ret);
	allow_failure(w, &v, &a, ret);
	fz_judge(w, &v, ret);
	if (ret || !a.b) {
		refused(w, &a, was);
		return;
	}
	a.b->state = FZ_QUEUED;
	a.b->lost = false;
	a.b->order = w->order++;
	fz_check_buffer(w, a.q, &a.cmd.io.arg.buffer, a.cmd.io.planes);
	if (was == FZ_PREPARED && !a.q->mplane && a.q->memory == V4L2_MEMORY_USERPTR)
		FZ_REQUIRE(w, a.cmd.io.arg.buffer.m.userptr == a.b->handle[0],
			   "QBUF of a prepared buffer answers with pointer %#llx, not %#llx",
			   (unsigned long long)a.cmd.io.arg.buffer.m.userptr,
			   (unsigned long long)a.b->handle[0]);
}

/* ---- Mappings ---- */

static void map_plane(struct fz *w, unsigned int s, uint32_t offset, uint32_t flags,
		      struct fz_buf *b, uint32_t plane)
{
	struct vmedia_cmd cmd = { .type = VMEDIA_CMD_MMAP,
				  .session_id = w->s[s].id,
				  .mmap_flags = flags,
				  .mmap_offset = offset };
	struct fz_verdict v = { .may_lack_memory = true };
	struct harness_map *m;
	int ret;

	if (w->num_maps == FZ_MAPS)
		return;
	fz_forbid(&v, !b, EINVAL);
	fz_forbid(&v, !w->s[s].open, EINVAL);
	w->doing = "MMAP";
	ret = fz_cmd(w, &cmd);
	fz_note(w, "s%u MMAP %#x, flags %u: %d", s, offset, flags, ret);
	fz_judge(w, &v, ret);
	if (ret)
		return;
	m = harness_map_at(&w->h, cmd.driver_addr);
	FZ_REQUIRE(w, m && cmd.mmap_len == (b ? b->length[plane] : 0),
		   "MMAP answers with %llu bytes at %#llx", (unsigned long long)cmd.mmap_len,
		   (unsigned long long)cmd.driver_addr);
	w->maps[w->num_maps++] = (struct fz_map){ cmd.driver_addr, (int)s, b, plane };
	if (b && m)
		b->mapped[plane] = flags & VMEDIA_MMAP_FLAG_RW ? m->addr : b->mapped[plane];
}

void fz_do_mmap(struct fz *w, const struct fz_op *o)
{
	struct fz_queue *q;
	struct fz_buf *b;
	uint32_t plane, index;

	fz_pick_type(w, o, (uint8_t)(o->p[1] % 0xf0), &q);
	index = pick_index(q, o->p[4] & 1 ? FZ_QUEUED : FZ_DEQUEUED, o->p[2]);
	if (index >= FZ_BUFS || !q->buf[index].has_offset) {
		/* Offsets are multiples of 64 KiB, and this is none. */
		if (o->p[3] >= 0xe0)
			map_plane(w, o->s, 0x1234u * o->p[3] + 1, 1, NULL, 0);
		return;
	}
	b = &q->buf[index];
	plane = o->p[3] % b->num_planes;
	map_plane(w, o->s, b->offset[plane], VMEDIA_MMAP_FLAG_RW, b, plane);
}

void fz_do_munmap(struct fz *w, const struct fz_op *o)
{
	struct vmedia_cmd cmd = { .type = VMEDIA_CMD_MUNMAP };
	unsigned int i = w->num_maps ? o->p[2] % w->num_maps : 0, j;
	struct fz_verdict v = { .num = 0 };
	struct fz_map m;
	int ret;

	if (!w->num_maps || o->p[3] >= 0xf0) {
		cmd.driver_addr = 0xfff000000ull + o->p[2];
		fz_forbid(&v, true, EINVAL);
	} else {
		cmd.driver_addr = w->maps[i].addr;
	}
	w->doing = "MUNMAP";
	ret = fz_cmd(w, &cmd);
	fz_note(w, "MUNMAP %#llx: %d", (unsigned long long)cmd.driver_addr, ret);
	fz_judge(w, &v, ret);
	if (ret)
		return;
	m = w->maps[i];
	w->maps[i] = w->maps[--w->num_maps];
	for (j = 0; j < w->num_maps; j++)
		if (w->maps[j].addr == m.addr)
			return;
	if (m.buf)
		m.buf->mapped[m.plane] = NULL;
}

void fz_do_expbuf(struct fz *w, const struct fz_op *o)
{
	struct fz_verdict v = { .may_lack_memory = true };
	struct vmedia_exportbuffer *e;
	struct vmedia_cmd cmd;
	struct fz_queue *q;
	struct fz_buf *b = NULL;
	int ret;

	harness_cmd_ioctl(&cmd, w->s[o->s].id, VMEDIA_NR_EXPBUF);
	e = &cmd.io.arg.exportbuffer;
	e->type = fz_pick_type(w, o, o->p[1], &q);
	e->index = q ? pick_index(q, FZ_DEQUEUED, o->p[2]) : 0;
	e->plane = o->p[3] >= 0xf0 ? o->p[3] : 0;
	e->flags = o->p[4] >= 0xf0 ? o->p[4] : o->p[4] & 3 ? 02000002 : 0;
	if (q && e->index < FZ_BUFS && q->buf[e->index].state != FZ_NONE)
		b = &q->buf[e->index];
	fz_forbid(&v, !b || e->plane >= b->num_planes, EINVAL);
	fz_forbid(&v, e->flags & ~02000003u, EINVAL);
	fz_forbid(&v, q && q->memory != V4L2_MEMORY_MMAP, EINVAL);
	fz_forbid(&v, q && fz_not_owner(q, o->s), EBUSY);
	w->doing = "EXPBUF";
	ret = fz_cmd(w, &cmd);
	fz_note(w, "s%u EXPBUF %s %u, plane %u, flags %#x: %d", o->s, vmedia_buf_type_name(e->type),
		e->index, e->plane, e->flags, ret);
	fz_judge(w, &v, ret);
	if (ret || !b)
		return;
	b->exported = true;
	w->exported = true;
}

/* ---- A client that fills its queue ---- */

void fz_do_qbuf_all(struct fz *w, const struct fz_op *o)
{
	uint8_t p[6] = { 0, o->p[1], 0, 0, o->p[4], o->p[5] };
	struct fz_op one = { o->s, p };
	struct fz_queue *q;
	unsigned int i, n;

	/* Nothing odd in here. */
	p[1] = (uint8_t)(p[1] % 0xf0);
	p[4] = p[4] == 0x11 || p[4] == 0x12 || p[4] == 0x3f || p[4] == 0x3e ? 0 : p[4];
	p[5] = p[5] == 0xfe || p[5] == 0xf0 ? 2 : p[5];
	fz_pick_type(w, &one, p[1], &q);
	n = fz_count(q, FZ_DEQUEUED);
	if (q->output && q->memory == V4L2_MEMORY_MMAP && n && !(o->p[3] & 3)) {
		fz_do_querybuf(w, &one);
		fz_do_mmap(w, &one);
		fz_settle(w);
	}
	if (fz_not_owner(q, o->s))
		n = n ? 1 : 0;
	for (i = 0; i < n; i++) {
		fz_do_qbuf(w, &one);
		fz_settle(w);
	}
}
