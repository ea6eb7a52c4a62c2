// SPDX-License-Identifier: BSD-3-Clause
/*
 * Virtio objects: the device's, which are fetched by UUID, and the program's, which the device
 * looks up.
 */
#include "driver/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vhost/frontend.h"

static struct vmedia_drv_object *find(struct vmedia_driver *drv, const uint8_t *uuid)
{
	unsigned int i;

	for (i = 0; i < drv->num_objects; i++) {
		if (!memcmp(drv->objects[i].uuid, uuid, VMEDIA_UUID_SIZE))
			return &drv->objects[i];
	}
	return NULL;
}

int vmedia_object_get(struct vmedia_driver *drv, const uint8_t uuid[VMEDIA_UUID_SIZE], int *fd)
{
	if (drv->err)
		return drv->err;
	if (!drv->vuf ||
	    !(vmedia_vuf_protocol_features(drv->vuf) >> VMEDIA_VU_PF_SHARED_OBJECT & 1))
		return -EOPNOTSUPP;
	return vmedia_vuf_get_shared_object(drv->vuf, uuid, fd);
}

int vmedia_object_offer(struct vmedia_driver *drv, const uint8_t uuid[VMEDIA_UUID_SIZE], int fd)
{
	struct vmedia_drv_object *o;
	int copy;

	if (find(drv, uuid))
		return -EEXIST;
	if (drv->num_objects == VMEDIA_DRV_MAX_OBJECTS)
		return -ENOSPC;
	o = reallocarray(drv->objects, drv->num_objects + 1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	drv->objects = o;
	copy = vmedia_fd_dup(fd);
	if (copy < 0)
		return copy;
	o += drv->num_objects++;
	memcpy(o->uuid, uuid, VMEDIA_UUID_SIZE);
	o->fd = copy;
	return 0;
}

int vmedia_object_withdraw(struct vmedia_driver *drv, const uint8_t uuid[VMEDIA_UUID_SIZE])
{
	struct vmedia_drv_object *o = find(drv, uuid);

	if (!o)
		return -ENOENT;
	vmedia_fd_close(&o->fd);
	*o = drv->objects[--drv->num_objects];
	return 0;
}

int vmedia_object_lookup(struct vmedia_driver *drv, const uint8_t uuid[VMEDIA_UUID_SIZE])
{
	struct vmedia_drv_object *o = find(drv, uuid);

	return o ? vmedia_fd_dup(o->fd) : -ENOENT;
}

void vmedia_object_fini(struct vmedia_driver *drv)
{
	while (drv->num_objects)
		vmedia_fd_close(&drv->objects[--drv->num_objects].fd);
	free(drv->objects);
	drv->objects = NULL;
}
