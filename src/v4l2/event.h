/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Events: a session's subscriptions and its pending events.
 */
#ifndef VMEDIA_V4L2_EVENT_H
#define VMEDIA_V4L2_EVENT_H

#include "v4l2/context.h"

void vmedia_file_release_events(struct vmedia_file *f);
void vmedia_file_pull(struct vmedia_file *f, struct vmedia_evt *evt);
uint64_t vmedia_file_event_stamp(const struct vmedia_file *f);
void vmedia_ctx_event_but(struct vmedia_ctx *ctx, const struct vmedia_event *ev,
			  const struct vmedia_file *but);

#endif /* VMEDIA_V4L2_EVENT_H */
