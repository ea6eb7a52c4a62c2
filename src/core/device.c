/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device: creation, its transport, kicks, the end of a turn, and its three ends.
 *
 *                 sessions   chains held     mappings          exports       transport
 *   queue_stop    suspended  answered        stay              stay          stays
 *   reset         end        back, empty     unmapped          withdrawn     stays
 *   detach        end        forgotten       forgotten         forgotten     goes
 *
 * queue_stop happens when a virtual machine is paused. A command in progress is answered with
 * -ECANCELED (its session waits for it to end), and so are the commands queued behind it. When a
 * guest resets in QEMU, queue_stop is also the only message before the memory of its buffers is
 * used for something else. So the remaining sessions are suspended: nothing writes the guest's
 * memory until the queue runs again.
 *
 * Every end suspends all sessions before it ends the first one. Otherwise a device that lets
 * sessions take turns would start the next session's job when one ends, and the end would wait for
 * that job. A command that finishes because of the suspend is answered with its result.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/fd.h"
#include "core/policy.h"

static void turn(struct vmedia_deferred *d);

static int check_config(const struct vmedia_device_config *cfg)
{
	if (!cfg->ops || cfg->region_size & (vmedia_page_size() - 1))
		return -EINVAL;
	return 0;
}

static void init_lists(struct vmedia_device *dev)
{
	unsigned int i;

	for (i = 0; i < VMEDIA_CORE_SESSION_BUCKETS; i++)
		vmedia_list_init(&dev->buckets[i]);
	vmedia_list_init(&dev->sessions);
	vmedia_list_init(&dev->ready);
	vmedia_list_init(&dev->live);
	vmedia_list_init(&dev->done);
	vmedia_list_init(&dev->pool);
	vmedia_list_init(&dev->mappings);
	vmedia_list_init(&dev->objects);
	vmedia_list_init(&dev->cache);
	vmedia_list_init(&dev->ops_pending);
	vmedia_list_init(&dev->backlog);
	vmedia_list_init(&dev->none.queue);
	vmedia_list_init(&dev->none.backlog);
	dev->none.dev = dev;
}

int vmedia_device_create(struct vmedia_loop *loop, const struct vmedia_device_config *cfg,
			 struct vmedia_device **out)
{
	struct vmedia_device *dev;
	int err = check_config(cfg);

	if (err)
		return err;
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return -ENOMEM;
	dev->resp = malloc(VMEDIA_MAX_RESP_SIZE);
	dev->account = vmedia_account_create(cfg->limits.max_bytes, vmedia_account_default_files());
	if (!dev->resp || !dev->account) {
		vmedia_account_put(dev->account);
		free(dev->resp);
		free(dev);
		return -ENOMEM;
	}
	dev->loop = loop;
	dev->ops = cfg->ops;
	dev->priv = cfg->priv;
	dev->config = cfg->config;
	dev->limits = cfg->limits;
	dev->account->reclaim = vmedia_objects_reclaim;
	vmedia_limits_set_shares(&dev->limits, cfg->region_size);
	dev->region_size = cfg->region_size;
	dev->turn_ns = VMEDIA_CORE_TURN_NS;
	vmedia_region_setup(&dev->region, dev->region_size, vmedia_page_size());
	init_lists(dev);
	if (getrandom(&dev->next_id, sizeof(dev->next_id), GRND_NONBLOCK) != sizeof(dev->next_id))
		dev->next_id = 1;
	vmedia_deferred_init(loop, &dev->turn, turn);
	*out = dev;
	return 0;
}

void vmedia_device_destroy(struct vmedia_device *dev)
{
	if (!dev)
		return;
	vmedia_loop_assert(dev->loop);
	vmedia_device_detach(dev);
	vmedia_deferred_cancel(&dev->turn);
	if (dev->ops->destroy)
		dev->ops->destroy(dev);
	vmedia_request_pool_drain(dev);
	vmedia_account_put(dev->account);
	free(dev->ranges);
	free(dev->resp);
	free(dev->policy);
	free(dev);
}

void *vmedia_device_priv(const struct vmedia_device *dev)
{
	return dev->priv;
}

struct vmedia_loop *vmedia_device_loop(const struct vmedia_device *dev)
{
	return dev->loop;
}

const struct vmedia_limits *vmedia_device_limits(const struct vmedia_device *dev)
{
	return &dev->limits;
}

const struct vmedia_config *vmedia_device_config(const struct vmedia_device *dev)
{
	return &dev->config;
}

uint64_t vmedia_device_region_size(const struct vmedia_device *dev)
{
	return dev->region_size;
}

/* ---- A turn ---- */

static void take_commands(struct vmedia_device *dev)
{
	struct vmedia_transport *t = dev->transport;
	struct vmedia_chain *chain;
	unsigned int i;

	dev->turn_end = vmedia_now_ns() + dev->turn_ns;
	dev->more[VMEDIA_QUEUE_COMMAND] = false;
	for (i = 0; i < VMEDIA_CORE_TURN_CHAINS; i++) {
		if (dev->ahead_segs >= VMEDIA_CORE_AHEAD_SEGS ||
		    t->ops->pop(t, VMEDIA_QUEUE_COMMAND, &chain) <= 0)
			break;
		vmedia_dispatch_chain(dev, chain);
	}
	if (i == VMEDIA_CORE_TURN_CHAINS || dev->ahead_segs >= VMEDIA_CORE_AHEAD_SEGS)
		dev->more[VMEDIA_QUEUE_COMMAND] = true;
	vmedia_dispatch_backlog(dev);
}

/* Do all work that waits for the end of a turn. */
static void end_turn(struct vmedia_device *dev)
{
	if (!dev->transport)
		return;
	dev->turn_end = vmedia_now_ns() + dev->turn_ns;
	vmedia_dispatch_errors(dev);
	vmedia_dispatch_done(dev);
	dev->more[VMEDIA_QUEUE_EVENT] = vmedia_events_flush(dev);
	vmedia_device_notify_all(dev);
	if (dev->more[VMEDIA_QUEUE_COMMAND] || dev->more[VMEDIA_QUEUE_EVENT] || dev->errors ||
	    !vmedia_list_empty(&dev->done))
		vmedia_device_defer(dev);
	else
		vmedia_deferred_cancel(&dev->turn);
}

static void turn(struct vmedia_deferred *d)
{
	struct vmedia_device *dev = vmedia_container_of(d, struct vmedia_device, turn);

	if (dev->transport && dev->more[VMEDIA_QUEUE_COMMAND])
		take_commands(dev);
	/*
	 * Commands taken here came without a kick. A kick for the next one must still be requested.
	 */
	if (dev->transport && !dev->more[VMEDIA_QUEUE_COMMAND] && dev->transport->ops->look)
		dev->transport->ops->look(dev->transport, VMEDIA_QUEUE_COMMAND);
	end_turn(dev);
}

static void suspend(struct vmedia_device *dev, bool on)
{
	struct vmedia_session *s;

	if (dev->suspended == on)
		return;
	dev->suspended = on;
	vmedia_list_for_each(s, &dev->sessions, all) {
		if (dev->ops->suspend && !vmedia_session_open_failed(s))
			dev->ops->suspend(s, on);
		if (!on && s->work)
			vmedia_session_work(s);
	}
}

void vmedia_device_kick(struct vmedia_device *dev, unsigned int q)
{
	vmedia_loop_assert(dev->loop);
	if (!dev->transport)
		return;
	if (q == VMEDIA_QUEUE_COMMAND) {
		suspend(dev, false);
		/* If commands wait for time, the next turn takes the new ones too. */
		if (!dev->more[VMEDIA_QUEUE_COMMAND])
			take_commands(dev);
	}
	end_turn(dev);
}

/* ---- Attach and the ends ---- */

int vmedia_device_attach(struct vmedia_device *dev, struct vmedia_transport *t)
{
	vmedia_loop_assert(dev->loop);
	if (dev->transport)
		return -EBUSY;
	dev->transport = t;
	return 0;
}

/* Take the chains of all requests: return them to the driver with used length 0, or forget them. */
static void take_chains(struct vmedia_device *dev, bool push)
{
	struct vmedia_request *req;

	vmedia_list_for_each(req, &dev->live, all) {
		struct vmedia_chain *chain = req->chain;

		req->chain = NULL;
		if (chain && push)
			vmedia_device_push(dev, VMEDIA_QUEUE_COMMAND, chain, 0);
	}
}

static void end_everything(struct vmedia_device *dev, bool push)
{
	struct vmedia_list *node;

	suspend(dev, true);
	take_chains(dev, push);
	vmedia_sessions_end_all(dev, -ECANCELED);
	while ((node = vmedia_list_pop(&dev->none.queue)))
		vmedia_request_free(vmedia_list_entry(node, struct vmedia_request, node));
	vmedia_list_del(&dev->none.backlog);
	dev->suspended = false;
	dev->more[VMEDIA_QUEUE_COMMAND] = false;
	dev->more[VMEDIA_QUEUE_EVENT] = false;
	dev->event_first = false;
	dev->errors = false;
}

void vmedia_device_reset(struct vmedia_device *dev, bool push_back)
{
	unsigned int q;

	vmedia_loop_assert(dev->loop);
	if (!dev->transport)
		return;
	end_everything(dev, push_back);
	vmedia_mappings_unmap_all(dev);
	vmedia_objects_reset(dev, true);
	if (dev->ops->reset)
		dev->ops->reset(dev);
	for (q = 0; q < VMEDIA_NUM_QUEUES; q++) {
		if (push_back)
			vmedia_device_notify(dev, q);
		dev->dirty[q] = false;
	}
}

void vmedia_device_detach(struct vmedia_device *dev)
{
	struct vmedia_list *node;

	vmedia_loop_assert(dev->loop);
	if (!dev->transport)
		return;
	end_everything(dev, false);
	vmedia_mappings_forget(dev);
	vmedia_objects_reset(dev, false);
	while (!vmedia_list_empty(&dev->ops_pending))
		vmedia_op_abandon(vmedia_list_first(&dev->ops_pending, struct vmedia_op, node));
	/* MUNMAPs that had just ended. */
	while ((node = vmedia_list_pop(&dev->done)))
		vmedia_request_free(vmedia_list_entry(node, struct vmedia_request, node));
	dev->dirty[VMEDIA_QUEUE_COMMAND] = false;
	dev->dirty[VMEDIA_QUEUE_EVENT] = false;
	dev->transport = NULL;
	if (dev->ops->reset)
		dev->ops->reset(dev);
	vmedia_deferred_cancel(&dev->turn);
}

/*
 * Return one command: execute a CLOSE, answer any other. Returns true if the list changed; then the
 * caller starts again.
 */
static bool stop_request(struct vmedia_request *req)
{
	struct vmedia_session *s = req->session;

	if (!req->chain)
		return false;
	if (req->cmd.type == VMEDIA_CMD_CLOSE) {
		vmedia_list_del(&req->node);
		if (s)
			vmedia_session_end(s, -ECANCELED, req);
		vmedia_request_finish(req, 0);
		return true;
	}
	if (req->state == VMEDIA_REQ_DONE && !req->err && s && req->cmd.type == VMEDIA_CMD_IOCTL)
		vmedia_events_drop(s, &req->cmd.io);
	/* The driver does not know the session of an OPEN that did not succeed. */
	if (req->cmd.type == VMEDIA_CMD_OPEN && s) {
		vmedia_list_del(&req->node);
		vmedia_session_end(s, -ECANCELED, NULL);
		return true;
	}
	vmedia_request_answer(req, req->state == VMEDIA_REQ_DONE && !vmedia_policy_pending(req)
					   ? req->err
					   : -ECANCELED);
	if (req->state == VMEDIA_REQ_QUEUED) {
		vmedia_request_free(req);
		return true;
	}
	return false;
}

void vmedia_device_queue_stop(struct vmedia_device *dev, unsigned int q)
{
	struct vmedia_request *req;
	bool again;

	vmedia_loop_assert(dev->loop);
	if (!dev->transport || q != VMEDIA_QUEUE_COMMAND) {
		dev->more[q] = false;
		return;
	}
	/*
	 * The machine may only pause, so waiting commands may run now, up to VMEDIA_CORE_STOP_NS.
	 */
	dev->turn_end = vmedia_now_ns() + VMEDIA_CORE_STOP_NS;
	vmedia_dispatch_backlog(dev);
	dev->more[q] = false;
	suspend(dev, true);
	do {
		again = false;
		vmedia_list_for_each(req, &dev->live, all) {
			again = stop_request(req);
			if (again)
				break;
		}
	} while (again);
	vmedia_device_notify(dev, q);
}

void vmedia_device_stats(const struct vmedia_device *dev, struct vmedia_device_stats *stats)
{
	*stats = (struct vmedia_device_stats){
		.commands = dev->commands,
		.events = dev->events,
		.bad_chains = dev->bad_chains,
		.sessions_opened = dev->sessions_opened,
		.bytes_copied = atomic_load(&dev->account->copied),
		.sessions_open = dev->num_sessions,
		.mappings = dev->num_mappings,
		.bytes_held = vmedia_account_bytes(dev->account),
	};
}

void vmedia_device_add_copied(struct vmedia_device *dev, uint64_t bytes)
{
	atomic_fetch_add_explicit(&dev->account->copied, bytes, memory_order_relaxed);
}
