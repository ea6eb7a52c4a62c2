// SPDX-License-Identifier: BSD-3-Clause
/*
 * Polling of the event loop before it sleeps: it checks the pollers and the posted calls. spin.h
 * decides when polling pays.
 *
 * A post during that time does not write the eventfd, since `sleeping' is 0. It is set to 1 again
 * before the last check of the posts, as at the end of a round (barrier pair [P] in loop.c).
 */
#include "base/fd.h"
#include "base/loop_impl.h"

/* Set the polling time to the longest of all pollers. All are called for that time. */
static void set_time(struct vmedia_loop *loop)
{
	struct vmedia_poller *p;

	loop->spin.ns = 0;
	vmedia_list_for_each(p, &loop->pollers, node)
		loop->spin.ns = VMEDIA_MAX(loop->spin.ns, p->ns);
}

void vmedia_poller_add(struct vmedia_loop *loop, struct vmedia_poller *p, uint64_t ns,
		       vmedia_poller_fn fn)
{
	vmedia_loop_assert(loop);
	p->loop = loop;
	p->fn = fn;
	p->ns = ns;
	vmedia_list_add_tail(&loop->pollers, &p->node);
	set_time(loop);
}

void vmedia_poller_del(struct vmedia_poller *p)
{
	struct vmedia_loop *loop = p->loop;

	if (!loop)
		return;
	vmedia_loop_assert(loop);
	vmedia_list_del(&p->node);
	p->loop = NULL;
	set_time(loop);
}

static bool look(struct vmedia_loop *loop)
{
	struct vmedia_poller *p;

	if (__atomic_load_n(&loop->posts, __ATOMIC_RELAXED))
		return true;
	/* A poller that found something may have changed the list. */
	vmedia_list_for_each(p, &loop->pollers, node)
		if (p->fn(p))
			return true;
	return false;
}

/* Return the deadline of the first timer, at which polling ends. */
static uint64_t first_timer(const struct vmedia_loop *loop)
{
	return vmedia_list_empty(&loop->timers)
		       ? UINT64_MAX
		       : vmedia_list_first(&loop->timers, struct vmedia_timer, node)->deadline_ns;
}

bool vmedia_loop_poll(struct vmedia_loop *loop)
{
	uint64_t end, timer = first_timer(loop), now;
	bool found;

	if (!vmedia_spin_begin(&loop->spin))
		return false;
	__atomic_store_n(&loop->sleeping, 0, __ATOMIC_RELAXED);
	end = vmedia_now_ns() + loop->spin.ns;
	do {
		vmedia_spin_relax();
		now = vmedia_now_ns();
		found = look(loop) || now >= timer;
	} while (!found && now < end);
	vmedia_spin_end(&loop->spin, found);
	__atomic_store_n(&loop->sleeping, 1, __ATOMIC_SEQ_CST);
	return found;
}
