/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Notify the driver of returned chains.
 */
#include "core/core.h"

void vmedia_device_notify(struct vmedia_device *dev, unsigned int q)
{
	if (!dev->dirty[q])
		return;
	dev->dirty[q] = false;
	dev->transport->ops->notify(dev->transport, q);
}

void vmedia_device_notify_all(struct vmedia_device *dev)
{
	if (dev->event_first)
		vmedia_device_notify(dev, VMEDIA_QUEUE_EVENT);
	dev->event_first = false;
	vmedia_device_notify(dev, VMEDIA_QUEUE_COMMAND);
	vmedia_device_notify(dev, VMEDIA_QUEUE_EVENT);
}
