// SPDX-License-Identifier: BSD-3-Clause
/*
 * Functions for both ends of a virtqueue: sizes and places of its parts (virtio 1.2, 2.7 and 2.8),
 * and marking a queue as broken. See ring.h.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/checked.h"
#include "base/log.h"
#include "virtq/ring.h"

uint64_t vmedia_vq_desc_size(uint32_t num)
{
	return 16ull * num;
}

uint64_t vmedia_vq_driver_size(uint32_t num, uint64_t features)
{
	if (vmedia_vq_has(features, VMEDIA_VIRTIO_F_RING_PACKED))
		return sizeof(struct vmedia_packed_event);
	return 4 + 2ull * num + (vmedia_vq_has(features, VMEDIA_VIRTIO_F_EVENT_IDX) ? 2 : 0);
}

uint64_t vmedia_vq_device_size(uint32_t num, uint64_t features)
{
	if (vmedia_vq_has(features, VMEDIA_VIRTIO_F_RING_PACKED))
		return sizeof(struct vmedia_packed_event);
	return 4 + 8ull * num + (vmedia_vq_has(features, VMEDIA_VIRTIO_F_EVENT_IDX) ? 2 : 0);
}

int vmedia_vq_layout(uint32_t num, uint64_t features, uint32_t indirect_max,
		     struct vmedia_vq_layout *l)
{
	if (num == 0 || num > VMEDIA_VQ_MAX_NUM || indirect_max > VMEDIA_VQ_MAX_NUM)
		return -EINVAL;
	if (!vmedia_vq_has(features, VMEDIA_VIRTIO_F_RING_PACKED) && (num & (num - 1)))
		return -EINVAL;
	l->num = num;
	l->indirect_max = indirect_max;
	l->desc = 0;
	l->desc_size = vmedia_vq_desc_size(num);
	l->driver = vmedia_align_up(l->desc + l->desc_size, 64);
	l->driver_size = vmedia_vq_driver_size(num, features);
	/* A separate cache line, since the other side writes it. */
	l->device = vmedia_align_up(l->driver + l->driver_size, 64);
	l->device_size = vmedia_vq_device_size(num, features);
	l->indirect = vmedia_align_up(l->device + l->device_size, 64);
	l->size = vmedia_align_up(l->indirect + 16ull * num * indirect_max, 64);
	return 0;
}

int vmedia_vq_break(int *err, const char *name, const char *who, const char *fmt, ...)
{
	char why[160];
	va_list ap;

	if (*err)
		return *err;
	*err = -EIO;
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	vmedia_warn("Queue %s: the %s broke it: %s", name, who, why);
	return *err;
}
