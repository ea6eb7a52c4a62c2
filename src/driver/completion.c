// SPDX-License-Identifier: BSD-3-Clause
/*
 * Completions of vmedia_submit(): finished commands whose done() is still to be called.
 *
 * done() may submit again, so it may change any state of a session. It is therefore never called
 * when an answer is taken, in the middle of another wait. Taking the answer only moves its
 * completion to drv->completed. vmedia_drv_complete() calls done() of the completions there. The
 * functions of the public interface call it before they return. Waits for an event (DQBUF, DQEVENT,
 * vmedia_wait()) also call it before each check of their condition, since a command that done()
 * submits may end the wait. Waits for a slot, for room in the ring or for an answer never call it,
 * so that the state that their callers checked or claimed does not change.
 *
 * A completion is separate from the command's slot, which is free as soon as the answer is taken.
 * So a call that waits for a slot gets one without a call of done().
 */
#include "driver/internal.h"

#include <errno.h>
#include <stdlib.h>

int vmedia_drv_completion_get(struct vmedia_driver *drv, vmedia_done_fn done, void *opaque,
			      struct vmedia_drv_completion **out)
{
	struct vmedia_drv_completion *n;

	if (vmedia_list_empty(&drv->spare)) {
		n = calloc(1, sizeof(*n));
		if (!n)
			return -ENOMEM;
		vmedia_list_init(&n->node);
	} else {
		n = vmedia_list_entry(vmedia_list_pop(&drv->spare), struct vmedia_drv_completion,
				      node);
	}
	n->done = done;
	n->opaque = opaque;
	*out = n;
	return 0;
}

void vmedia_drv_completion_put(struct vmedia_driver *drv, struct vmedia_drv_completion *n)
{
	if (n)
		vmedia_list_add_head(&drv->spare, &n->node);
}

void vmedia_drv_completion_over(struct vmedia_driver *drv, struct vmedia_drv_completion *n, int err)
{
	n->err = err;
	vmedia_list_add_tail(&drv->completed, &n->node);
}

void vmedia_drv_complete(struct vmedia_driver *drv)
{
	struct vmedia_drv_completion *n;
	vmedia_done_fn done;
	void *opaque;
	int err;

	while (!vmedia_list_empty(&drv->completed)) {
		n = vmedia_list_entry(vmedia_list_pop(&drv->completed),
				      struct vmedia_drv_completion, node);
		done = n->done;
		opaque = n->opaque;
		err = n->err;
		vmedia_drv_completion_put(drv, n);
		done(opaque, err);
	}
}

void vmedia_drv_completions_fini(struct vmedia_driver *drv)
{
	struct vmedia_drv_completion *n, *tmp;

	vmedia_list_splice_tail(&drv->spare, &drv->completed);
	vmedia_list_for_each_safe(n, tmp, &drv->spare, node)
		free(n);
	vmedia_list_init(&drv->spare);
}
