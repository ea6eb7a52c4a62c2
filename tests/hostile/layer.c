/* SPDX-License-Identifier: BSD-3-Clause */
/* The layer: what core takes and gives passes here. */
#include <string.h>

#include <vmedia/proto.h>

#include "hostile.h"
#include "vhost/backend_impl.h"
#include "virtq/dev.h"

static struct hostile *of_transport(struct vmedia_transport *t)
{
	struct vmedia_guest *g = vmedia_container_of(t, struct vmedia_guest, transport);

	return vmedia_container_of(g, struct hostile, guest);
}

/* ---- Sessions, as far as the guest knows of them ---- */

struct hostile_session *hostile_session_of(struct hostile *h, uint32_t id)
{
	unsigned int i;

	for (i = 0; i < h->num_sessions; i++)
		if (h->sessions[i].id == id)
			return &h->sessions[i];
	return NULL;
}

struct hostile_session *hostile_any_session(struct hostile *h)
{
	unsigned int i, first = h->num_sessions ? hostile_below(h, h->num_sessions) : 0;

	for (i = 0; i < h->num_sessions; i++) {
		struct hostile_session *s = &h->sessions[(first + i) % h->num_sessions];

		if (!s->spared)
			return s;
	}
	return NULL;
}

static void session_opened(struct hostile *h, uint32_t id)
{
	if (h->num_sessions == HOSTILE_MAX_SESSIONS)
		h->num_sessions--;
	memset(&h->sessions[h->num_sessions], 0, sizeof(h->sessions[0]));
	h->sessions[h->num_sessions++].id = id;
}

static void session_closed(struct hostile *h, uint32_t id)
{
	struct hostile_session *s = hostile_session_of(h, id);

	if (s)
		*s = h->sessions[--h->num_sessions];
}

/* What core has written. */
static void read_back(const struct vmedia_chain *chain, uint8_t *to, size_t len)
{
	unsigned int i;

	for (i = 0; i < chain->in_num && len; i++) {
		size_t n = VMEDIA_MIN(chain->in[i].iov_len, len);

		memcpy(to, chain->in[i].iov_base, n);
		to += n;
		len -= n;
	}
}

/* ---- Questions ---- */

static void remember(struct hostile *h, const struct vmedia_chain *chain)
{
	struct hostile_question *q = &h->questions[chain->id];

	memset(q->bytes, 0, 16);
	q->len = vmedia_chain_read(chain, 0, q->bytes, sizeof(q->bytes));
	q->cmd = hostile_get32(q->bytes);
	q->session_id = hostile_get32(q->bytes + 8);
	q->code = q->cmd == VMEDIA_CMD_IOCTL ? hostile_get32(q->bytes + 12) : 0;
}

static int op_pop(struct vmedia_transport *t, unsigned int queue, struct vmedia_chain **chain)
{
	struct hostile *h = of_transport(t);
	int ret;

	if (h->frozen)
		return 0;
	do {
		ret = h->guest.ops.pop(t, queue, chain);
		if (ret <= 0 || queue != VMEDIA_QUEUE_COMMAND)
			return ret;
	} while (hostile_control(h, *chain));
	remember(h, *chain);
	return ret;
}

/* ---- Answers ---- */

static uint32_t which_of(const struct hostile_question *q)
{
	return q->cmd == VMEDIA_CMD_IOCTL ? q->code : HOSTILE_CMD + q->cmd;
}

/* What an honest answer tells of the device's state. */
static void learn(struct hostile *h, const struct hostile_answer *a)
{
	struct hostile_session *s = hostile_session_of(h, a->q->session_id);
	uint32_t index = hostile_get32(a->q->bytes + 16);

	if (a->q->cmd == VMEDIA_CMD_CLOSE)
		session_closed(h, a->q->session_id);
	if (a->len < VMEDIA_RESP_HDR_SIZE || hostile_get32(a->bytes))
		return;
	if (a->q->cmd == VMEDIA_CMD_MMAP && a->len >= VMEDIA_RESP_MMAP_SIZE)
		h->mappings[h->num_mappings++ % HOSTILE_MAPPINGS] =
			hostile_get64(a->bytes + VMEDIA_RESP_HDR_SIZE);
	if (h->num_mappings == 2 * HOSTILE_MAPPINGS)
		h->num_mappings = HOSTILE_MAPPINGS;
	if (!s || a->q->cmd != VMEDIA_CMD_IOCTL)
		return;
	if (a->q->code == VMEDIA_NR_QBUF && index < 64)
		s->lent |= 1ull << index;
	if (a->q->code == VMEDIA_NR_STREAMOFF || a->q->code == VMEDIA_NR_REQBUFS)
		s->lent = 0;
}

static bool is_change(enum hostile_fault f)
{
	return f <= HOSTILE_FIELD;
}

/* At most one fault an answer. True if the chain was taken care of. */
static bool lie(struct hostile *h, struct hostile_answer *a, struct vmedia_chain *chain)
{
	unsigned int i, first = hostile_below(h, HOSTILE_JUMP + 1);
	uint32_t which = which_of(a->q);

	for (i = 0; i <= HOSTILE_JUMP; i++) {
		enum hostile_fault f = (first + i) % (HOSTILE_JUMP + 1);

		if (!hostile_roll(h, f, which))
			continue;
		if (f == HOSTILE_LATE || f == HOSTILE_NEVER) {
			hostile_done(h, f, false);
			return hostile_hold(h, f, chain, a->used);
		}
		if (f >= HOSTILE_DOUBLE) {
			hostile_spoil_ring(h, f, chain, a->used);
			return true;
		}
		if (is_change(f) && hostile_change_answer(h, f, a)) {
			vmedia_chain_write(chain, 0, a->bytes, a->len);
			hostile_done(h, f, a->must);
			return false;
		}
		a->must = false;
	}
	return false;
}

static void push_answer(struct hostile *h, struct vmedia_chain *chain, uint32_t used)
{
	struct hostile_answer a = {
		.q = &h->questions[chain->id],
		.room = VMEDIA_MIN(chain->in_len, (size_t)HOSTILE_ROOM),
		.used = used,
	};
	struct hostile_session *s = hostile_session_of(h, a.q->session_id);
	bool spared = s && s->spared && a.q->cmd != VMEDIA_CMD_OPEN &&
		      a.q->cmd != VMEDIA_CMD_MUNMAP;
	uint32_t which = which_of(a.q);
	uint32_t opened = 0;

	a.len = VMEDIA_MIN(a.room, (size_t)used);
	read_back(chain, a.bytes, a.len);
	learn(h, &a);
	h->answers++;
	if (spared || !lie(h, &a, chain))
		hostile_push(h, VMEDIA_QUEUE_COMMAND, chain, a.used);
	if (a.q->cmd == VMEDIA_CMD_OPEN && a.len >= VMEDIA_RESP_OPEN_SIZE && !a.must) {
		opened = hostile_get32(a.bytes + VMEDIA_RESP_HDR_SIZE);
		if (!hostile_get32(a.bytes) && !hostile_session_of(h, opened))
			session_opened(h, opened);
	}
	if (!spared)
		hostile_add_events(h, hostile_session_of(h, a.q->session_id), which);
}

/* ---- Events ---- */

static void push_event(struct hostile *h, struct vmedia_chain *chain, uint32_t used)
{
	uint8_t bytes[VMEDIA_EVT_MAX_SIZE] = { 0 };
	struct hostile_session *s;
	unsigned int i, first = hostile_below(h, HOSTILE_NUM_FAULTS);
	size_t len = VMEDIA_MIN((size_t)used, sizeof(bytes));
	uint8_t *flicker = NULL;
	bool must;

	read_back(chain, bytes, len);
	s = hostile_session_of(h, hostile_get32(bytes + 4));
	h->events++;
	if (s && hostile_get32(bytes) == VMEDIA_EVT_DQBUF) {
		uint32_t index = hostile_get32(bytes + 8);

		memcpy(s->dqbuf, bytes, sizeof(bytes));
		s->has_dqbuf = true;
		if (index < 64)
			s->lent &= ~(1ull << index);
	}
	for (i = 0; i < HOSTILE_NUM_FAULTS && !(s && s->spared) && len; i++) {
		enum hostile_fault f = (first + i) % HOSTILE_NUM_FAULTS;

		if (f < HOSTILE_EV_BITS || f > HOSTILE_EV_LOST || !hostile_roll(h, f, HOSTILE_ANY))
			continue;
		if (!hostile_change_event(h, f, bytes, len, &used, &must))
			continue;
		vmedia_chain_write(chain, 0, bytes, len);
		hostile_done(h, f, must);
		/* In one piece, as drivers post them. */
		if (f == HOSTILE_EV_FLICKER && chain->in[0].iov_len >= sizeof(bytes))
			flicker = chain->in[0].iov_base;
		break;
	}
	hostile_push(h, VMEDIA_QUEUE_EVENT, chain, used);
	if (flicker)
		hostile_flicker(flicker, bytes);
	if (s && !s->spared)
		hostile_add_events(h, s, HOSTILE_ANY);
}

/* ---- Both ---- */

void hostile_push(struct hostile *h, unsigned int queue, struct vmedia_chain *chain, uint32_t used)
{
	if (h->frozen)
		return;
	/* The ring's code cuts a length to the room there is: there is room for any. */
	chain->in_len = SIZE_MAX;
	h->guest.ops.push(&h->guest.transport, queue, chain, used);
	h->guest.ops.notify(&h->guest.transport, queue);
}

static void op_push(struct vmedia_transport *t, unsigned int queue, struct vmedia_chain *chain,
		    uint32_t used)
{
	struct hostile *h = of_transport(t);

	if (queue == VMEDIA_QUEUE_COMMAND)
		push_answer(h, chain, used);
	else
		push_event(h, chain, used);
}

/* hostile_push() has told the driver of everything. */
static void op_notify(struct vmedia_transport *t, unsigned int queue)
{
}

/* May the answer to an MMAP be lied about? */
static bool may_hide(const struct hostile *h)
{
	unsigned int f;

	for (f = 0; f <= HOSTILE_JUMP; f++)
		if (h->armed[f].every && h->armed[f].left &&
		    (h->armed[f].which == HOSTILE_ANY ||
		     h->armed[f].which == HOSTILE_CMD + VMEDIA_CMD_MMAP))
			return true;
	return false;
}

static bool *blind_page(struct hostile *h, uint64_t offset)
{
	return offset >> 12 < HOSTILE_PAGES ? &h->blind_pages[offset >> 12] : NULL;
}

/*
 * A lie can hide a mapping from the driver, which then never undoes it; and QEMU 11.1 does not
 * survive that a device is reset with one. So the VMM is not told of a mapping whose answer may be
 * lied about: the guest sees a hole in the region.
 */
static void op_shm_map(struct vmedia_transport *t, int fd, uint64_t fd_offset, uint64_t shm_offset,
		       uint64_t len, bool writable, vmedia_transport_done_fn done, void *opaque)
{
	struct hostile *h = of_transport(t);
	bool *blind = blind_page(h, shm_offset);

	if (blind)
		*blind = h->blind || may_hide(h);
	if (blind && *blind)
		done(opaque, 0, -1);
	else
		h->guest.ops.shm_map(t, fd, fd_offset, shm_offset, len, writable, done, opaque);
}

static void op_shm_unmap(struct vmedia_transport *t, uint64_t shm_offset, uint64_t len,
			 vmedia_transport_done_fn done, void *opaque)
{
	struct hostile *h = of_transport(t);
	bool *blind = blind_page(h, shm_offset);

	if (blind && *blind)
		done(opaque, 0, -1);
	else
		h->guest.ops.shm_unmap(t, shm_offset, len, done, opaque);
}

/* ---- What the back-end says passes here too ---- */

void hostile_layer_forget(struct hostile *h, unsigned int queue)
{
	if (queue != VMEDIA_QUEUE_COMMAND)
		return;
	h->held_num = 0;
	h->late_num = 0;
	h->num_sessions = 0;
	h->num_mappings = 0;
	vmedia_timer_cancel(&h->late);
	vmedia_timer_cancel(&h->after);
}

static void on_queue_ready(void *opaque, unsigned int queue, struct vmedia_vqd *vq)
{
	struct hostile *h = vmedia_container_of(opaque, struct hostile, guest);

	h->frozen = false;
	h->real_vub_ops->queue_ready(opaque, queue, vq);
}

static void on_queue_stop(void *opaque, unsigned int queue)
{
	struct hostile *h = vmedia_container_of(opaque, struct hostile, guest);

	h->real_vub_ops->queue_stop(opaque, queue);
	hostile_layer_forget(h, queue);
}

static void on_get_config(void *opaque, uint32_t offset, void *data, uint32_t len)
{
	struct hostile *h = vmedia_container_of(opaque, struct hostile, guest);

	if (offset <= sizeof(h->config) && len <= sizeof(h->config) - offset)
		memcpy(data, h->config + offset, len);
	/* Who refuses it leaves nobody who could put it right: it is said to one probe. */
	if (h->config_once && offset + len == sizeof(h->config)) {
		h->config_once = false;
		vmedia_config_encode(vmedia_device_config(h->dev), h->config);
	}
}

static void on_channel_ready(void *opaque)
{
	struct hostile *h = vmedia_container_of(opaque, struct hostile, guest);

	h->real_vub_ops->channel_ready(opaque);
	h->ops.object_add = h->guest.ops.object_add;
	h->ops.object_remove = h->guest.ops.object_remove;
	h->ops.object_lookup = h->guest.ops.object_lookup;
}

void hostile_layer_init(struct hostile *h)
{
	h->ops = h->guest.ops;
	h->ops.pop = op_pop;
	h->ops.push = op_push;
	h->ops.notify = op_notify;
	h->ops.shm_map = op_shm_map;
	h->ops.shm_unmap = op_shm_unmap;
	memset(h->blind_pages, 0, sizeof(h->blind_pages));
	h->guest.transport.ops = &h->ops;
	h->real_vub_ops = h->guest.vub->ops;
	h->vub_ops = *h->real_vub_ops;
	h->vub_ops.queue_ready = on_queue_ready;
	h->vub_ops.queue_stop = on_queue_stop;
	h->vub_ops.get_config = on_get_config;
	h->vub_ops.channel_ready = on_channel_ready;
	h->guest.vub->ops = &h->vub_ops;
	h->frozen = false;
}
