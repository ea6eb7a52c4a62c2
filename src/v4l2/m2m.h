/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between m2m.c (jobs) and m2m_drain.c (ends of streams).
 */
#ifndef VMEDIA_V4L2_M2M_H
#define VMEDIA_V4L2_M2M_H

#include "v4l2/internal.h"

/* A LAST buffer is due: send it, EOS before it if that is due too, once CAPTURE has a buffer. */
void vmedia_m2m_send_last(struct vmedia_m2m *m);
/* Something happened after which a drain may be dry: then its LAST is due. */
void vmedia_m2m_settle(struct vmedia_m2m *m);
/* Streaming of @q began, or ended: what that means for a drain. */
void vmedia_m2m_queue_started(struct vmedia_m2m *m, struct vmedia_queue *q);
void vmedia_m2m_queue_stopped(struct vmedia_m2m *m, struct vmedia_queue *q);

#endif /* VMEDIA_V4L2_M2M_H */
