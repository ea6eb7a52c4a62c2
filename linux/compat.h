/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only */
/*
 * Differences between the kernels that this driver builds for: 6.1 and later.
 */
#ifndef VMEDIA_COMPAT_H
#define VMEDIA_COMPAT_H

#include <linux/version.h>
#include <linux/mm.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <media/v4l2-fh.h>
#include <media/videobuf2-core.h>
#include <media/videobuf2-memops.h>

#define VMEDIA_KERNEL(a, b) (LINUX_VERSION_CODE >= KERNEL_VERSION(a, b, 0))

/*
 * Return the flags for pinning pages. Before 6.3 a page that is pinned only for reading may be
 * replaced by a copy when the program writes to it. FOLL_WRITE | FOLL_FORCE makes that copy first.
 */
static inline unsigned int vmedia_pin_flags(bool write)
{
	unsigned int flags = FOLL_LONGTERM;

	if (write)
		flags |= FOLL_WRITE;
#if !VMEDIA_KERNEL(6, 3)
	else
		flags |= FOLL_WRITE | FOLL_FORCE;
#endif
	return flags;
}

/* 6.6: it may be another device than the parent. There is none if DMA is mapped in another way. */
static inline struct device *vmedia_dma_dev(struct virtio_device *vdev, struct virtqueue *vq)
{
#if VMEDIA_KERNEL(6, 6)
	return virtqueue_dma_dev(vq);
#else
	return virtio_has_feature(vdev, VIRTIO_F_ACCESS_PLATFORM) ? vdev->dev.parent : NULL;
#endif
}

/* 6.3: vm_flags must not be written directly. */
static inline void vmedia_vm_flags(struct vm_area_struct *vma, unsigned long set,
				   unsigned long clear)
{
#if VMEDIA_KERNEL(6, 3)
	vm_flags_mod(vma, set, clear);
#else
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
#endif
}

/* 6.8: videobuf2 counts buffers in a bitmap. */
static inline unsigned int vmedia_num_buffers(struct vb2_queue *q)
{
#if VMEDIA_KERNEL(6, 8)
	return vb2_get_num_buffers(q);
#else
	return q->num_buffers;
#endif
}

static inline struct vb2_buffer *vmedia_get_buffer(struct vb2_queue *q, unsigned int index)
{
#if VMEDIA_KERNEL(6, 8)
	return vb2_get_buffer(q, index);
#else
	return index < q->num_buffers ? q->bufs[index] : NULL;
#endif
}

/* The limit of buffer indexes. With holes it is larger than the number of buffers. */
static inline unsigned int vmedia_max_index(struct vb2_queue *q)
{
#if VMEDIA_KERNEL(6, 8)
	return q->max_num_buffers;
#else
	return q->num_buffers;
#endif
}

/* 6.11: names, callbacks and contexts of virtqueues are in one structure. */
static inline int vmedia_find_vqs(struct virtio_device *vdev, struct virtqueue *vqs[],
				  vq_callback_t *command, vq_callback_t *event)
{
#if VMEDIA_KERNEL(6, 11)
	struct virtqueue_info info[] = {
		{ .name = "commandq", .callback = command },
		{ .name = "eventq", .callback = event },
	};

	return virtio_find_vqs(vdev, 2, vqs, info, NULL);
#else
	vq_callback_t *callbacks[] = { command, event };
	static const char * const names[] = { "commandq", "eventq" };

	return virtio_find_vqs(vdev, 2, vqs, callbacks, names, NULL);
#endif
}

/* 6.18: file handles and files point to each other. */
static inline void vmedia_fh_add(struct v4l2_fh *fh, struct file *file)
{
#if VMEDIA_KERNEL(6, 18)
	v4l2_fh_add(fh, file);
#else
	file->private_data = fh;
	v4l2_fh_add(fh);
#endif
}

static inline void vmedia_fh_del(struct v4l2_fh *fh, struct file *file)
{
#if VMEDIA_KERNEL(6, 18)
	v4l2_fh_del(fh, file);
#else
	v4l2_fh_del(fh);
#endif
}

#if VMEDIA_KERNEL(6, 13)
#define VMEDIA_IMPORT_NS(ns) MODULE_IMPORT_NS(#ns)
#else
#define VMEDIA_IMPORT_NS(ns) MODULE_IMPORT_NS(ns)
#endif

/* 6.13: videobuf2 itself releases the queue's lock while it waits. */
#if VMEDIA_KERNEL(6, 13)
#define VMEDIA_VB2_WAIT_OPS
#else
#define VMEDIA_VB2_WAIT_OPS					\
	.wait_prepare = vb2_ops_wait_prepare,			\
	.wait_finish = vb2_ops_wait_finish,
#endif

#endif /* VMEDIA_COMPAT_H */
