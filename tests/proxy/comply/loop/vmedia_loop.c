/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vmedia_loop: a virtio transport for tests, by which a driver of this kernel has a device that a
 * program of this machine serves. So one kernel is host and guest.
 *
 * Theory of operation: the rings and what they point to are the kernel's memory, and the program
 * gets a file that is all of the machine's memory, to give to whatever serves the device. A change
 * of the driver's state is read by the program, kicks are eventfds, interrupts are ioctls.
 *
 * Who may open it owns the machine: never load it on one that matters.
 */
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/poll.h>
#include <linux/pseudo_fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/version.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#include "loop.h"

#define RING_SIZE 128

/*
 * Bytes of the machine's memory, from address 0. User-mode Linux has more than its mem= says,
 * another amount at each boot: what lies between the program and its heap, which the kernel of the
 * machine below places at random.
 */
static u64 ram;

struct loop_queue {
	struct virtqueue *vq;
	struct eventfd_ctx *kick;
	bool kicked;		/* before there was an eventfd */
};

struct loop {
	struct virtio_device vdev;
	struct work_struct add;
	struct loop_device info;
	bool made, gone;
	u8 status;
	struct mutex calls;	/* queues do not go while one is called */
	spinlock_t kicks;
	struct loop_queue queue[LOOP_QUEUES];
	/* The state of the driver. */
	wait_queue_head_t news;
	struct mutex changing;
	struct loop_change change;
	u32 read, done;		/* numbers of changes */
};

static struct loop *to_loop(struct virtio_device *vdev)
{
	return container_of(vdev, struct loop, vdev);
}

/* ---- The transport ---- */

static void loop_get(struct virtio_device *vdev, unsigned int offset, void *buf, unsigned int len)
{
	struct loop *l = to_loop(vdev);

	memset(buf, 0, len);
	if (offset <= l->info.config_size && len <= l->info.config_size - offset)
		memcpy(buf, l->info.config + offset, len);
}

static void loop_set(struct virtio_device *vdev, unsigned int offset, const void *buf,
		     unsigned int len)
{
}

static u8 loop_get_status(struct virtio_device *vdev)
{
	return to_loop(vdev)->status;
}

static struct loop_ring ring_of(struct virtqueue *vq)
{
	struct loop_ring r = { 0 };

	if (!vq)
		return r;
	r.desc = virtqueue_get_desc_addr(vq);
	r.avail = virtqueue_get_avail_addr(vq);
	r.used = virtqueue_get_used_addr(vq);
	r.num = virtqueue_get_vring_size(vq);
	return r;
}

static u32 tell(struct loop *l, bool running)
{
	u32 number;

	mutex_lock(&l->changing);
	l->change.features = l->vdev.features;
	l->change.running = running;
	for (unsigned int i = 0; i < LOOP_QUEUES; i++)
		l->change.ring[i] = ring_of(running ? l->queue[i].vq : NULL);
	number = ++l->change.number;
	mutex_unlock(&l->changing);
	wake_up_all(&l->news);
	return number;
}

static void loop_set_status(struct virtio_device *vdev, u8 status)
{
	struct loop *l = to_loop(vdev);
	bool begins = status & ~l->status & VIRTIO_CONFIG_S_DRIVER_OK;

	l->status = status;
	if (begins)
		tell(l, true);
}

/* Nobody uses the rings afterwards. */
static void loop_reset(struct virtio_device *vdev)
{
	struct loop *l = to_loop(vdev);
	u32 number;

	if (l->status & VIRTIO_CONFIG_S_DRIVER_OK) {
		number = tell(l, false);
		wait_event(l->news, READ_ONCE(l->done) == number || READ_ONCE(l->gone));
	}
	l->status = 0;
}

static bool loop_notify(struct virtqueue *vq)
{
	struct loop *l = to_loop(vq->vdev);
	struct loop_queue *q = &l->queue[vq->index];
	unsigned long flags;

	spin_lock_irqsave(&l->kicks, flags);
	if (!q->kick)
		q->kicked = true;
	else
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
		eventfd_signal(q->kick);
#else
		eventfd_signal(q->kick, 1);
#endif
	spin_unlock_irqrestore(&l->kicks, flags);
	return true;
}

static void loop_del_vqs(struct virtio_device *vdev)
{
	struct loop *l = to_loop(vdev);
	struct virtqueue *vq, *next;

	mutex_lock(&l->calls);
	for (unsigned int i = 0; i < LOOP_QUEUES; i++)
		l->queue[i].vq = NULL;
	list_for_each_entry_safe(vq, next, &vdev->vqs, list)
		vring_del_virtqueue(vq);
	mutex_unlock(&l->calls);
}

static int add_vq(struct loop *l, unsigned int i, vq_callback_t *callback, const char *name)
{
	struct virtqueue *vq;

	if (i >= LOOP_QUEUES || !name)
		return -ENOENT;
	vq = vring_create_virtqueue(i, RING_SIZE, PAGE_SIZE, &l->vdev, true, true, false,
				    loop_notify, callback, name);
	if (!vq)
		return -ENOMEM;
	mutex_lock(&l->calls);
	l->queue[i].vq = vq;
	mutex_unlock(&l->calls);
	return 0;
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
static int loop_find_vqs(struct virtio_device *vdev, unsigned int num, struct virtqueue *vqs[],
			 struct virtqueue_info info[], struct irq_affinity *desc)
#define CALLBACK(i) info[i].callback
#define NAME(i) info[i].name
#else
static int loop_find_vqs(struct virtio_device *vdev, unsigned int num, struct virtqueue *vqs[],
			 vq_callback_t *callbacks[], const char *const names[], const bool *ctx,
			 struct irq_affinity *desc)
#define CALLBACK(i) callbacks[i]
#define NAME(i) names[i]
#endif
{
	struct loop *l = to_loop(vdev);
	int err = 0;

	for (unsigned int i = 0; i < num && !err; i++) {
		err = add_vq(l, i, CALLBACK(i), NAME(i));
		if (!err)
			vqs[i] = l->queue[i].vq;
	}
	if (err)
		loop_del_vqs(vdev);
	return err;
}

static u64 loop_get_features(struct virtio_device *vdev)
{
	return to_loop(vdev)->info.features;
}

static int loop_finalize_features(struct virtio_device *vdev)
{
	vring_transport_features(vdev);
	return 0;
}

static const char *loop_bus_name(struct virtio_device *vdev)
{
	return "vmedia-loop";
}

static const struct virtio_config_ops loop_ops = {
	.get = loop_get,
	.set = loop_set,
	.get_status = loop_get_status,
	.set_status = loop_set_status,
	.reset = loop_reset,
	.find_vqs = loop_find_vqs,
	.del_vqs = loop_del_vqs,
	.get_features = loop_get_features,
	.finalize_features = loop_finalize_features,
	.bus_name = loop_bus_name,
};

/* ---- The machine's memory as a file ---- */

static vm_fault_t memory_fault(struct vm_fault *vmf)
{
	return vmf_insert_pfn(vmf->vma, vmf->address, vmf->pgoff);
}

static const struct vm_operations_struct memory_vm_ops = { .fault = memory_fault };

static int memory_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff + vma_pages(vma) > ram >> PAGE_SHIFT)
		return -EINVAL;
	vma->vm_ops = &memory_vm_ops;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
#else
	vma->vm_flags |= VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP;
#endif
	return 0;
}

/* It has no owner, since alloc_file_pseudo() takes no reference. The module stays anyway. */
static const struct file_operations memory_fops = {
	.mmap = memory_mmap,
};

static int memory_init_context(struct fs_context *fc)
{
	return init_pseudo(fc, 0x766d6c70) ? 0 : -ENOMEM;
}

static struct file_system_type memory_type = {
	.name = "vmedia_loop",
	.owner = THIS_MODULE,
	.init_fs_context = memory_init_context,
	.kill_sb = kill_anon_super,
};
static struct vfsmount *memory_mount;

static int open_memory(void)
{
	struct inode *inode = alloc_anon_inode(memory_mount->mnt_sb);
	struct file *file;
	int fd;

	if (IS_ERR(inode))
		return PTR_ERR(inode);
	inode->i_mode = S_IFREG | 0600;
	inode->i_size = ram;
	file = alloc_file_pseudo(inode, memory_mount, "memory", O_RDWR, &memory_fops);
	if (IS_ERR(file)) {
		iput(inode);
		return PTR_ERR(file);
	}
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		fput(file);
	else
		fd_install(fd, file);
	return fd;
}

/* ---- The program's end ---- */

static void free_loop(struct device *dev)
{
	kfree(container_of(dev, struct loop, vdev.dev));
}

/* The probe waits for answers, so it is not the program's call that does it. */
static void add_device(struct work_struct *work)
{
	struct loop *l = container_of(work, struct loop, add);

	if (register_virtio_device(&l->vdev))
		pr_err("vmedia_loop: the device cannot be registered\n");
}

static int loop_open(struct inode *inode, struct file *file)
{
	struct miscdevice *misc = file->private_data;
	struct loop *l = kzalloc(sizeof(*l), GFP_KERNEL);

	if (!l)
		return -ENOMEM;
	mutex_init(&l->calls);
	mutex_init(&l->changing);
	spin_lock_init(&l->kicks);
	init_waitqueue_head(&l->news);
	INIT_WORK(&l->add, add_device);
	l->vdev.config = &loop_ops;
	l->vdev.dev.parent = misc->this_device;
	l->vdev.dev.release = free_loop;
	file->private_data = l;
	return 0;
}

static int make_device(struct loop *l, void __user *arg)
{
	if (l->made)
		return -EBUSY;
	if (copy_from_user(&l->info, arg, sizeof(l->info)))
		return -EFAULT;
	if (l->info.config_size > LOOP_CONFIG)
		return -EINVAL;
	l->made = true;
	l->vdev.id.device = l->info.id;
	l->vdev.id.vendor = 0x1af4;
	queue_work(system_unbound_wq, &l->add);
	return 0;
}

static int set_kick(struct loop *l, void __user *arg)
{
	struct loop_eventfd e;
	struct eventfd_ctx *ctx, *old;
	bool kicked;

	if (copy_from_user(&e, arg, sizeof(e)))
		return -EFAULT;
	if (e.queue >= LOOP_QUEUES)
		return -EINVAL;
	ctx = eventfd_ctx_fdget(e.fd);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	spin_lock_irq(&l->kicks);
	old = l->queue[e.queue].kick;
	l->queue[e.queue].kick = ctx;
	kicked = l->queue[e.queue].kicked;
	l->queue[e.queue].kicked = false;
	spin_unlock_irq(&l->kicks);
	if (old)
		eventfd_ctx_put(old);
	if (kicked)
		loop_notify(l->queue[e.queue].vq);
	return 0;
}

static int call(struct loop *l, unsigned long i)
{
	unsigned long flags;

	if (i >= LOOP_QUEUES)
		return -EINVAL;
	mutex_lock(&l->calls);
	if (l->queue[i].vq) {
		local_irq_save(flags);
		vring_interrupt(0, l->queue[i].vq);
		local_irq_restore(flags);
	}
	mutex_unlock(&l->calls);
	return 0;
}

static long loop_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct loop *l = file->private_data;

	switch (cmd) {
	case LOOP_DEVICE:
		return make_device(l, (void __user *)arg);
	case LOOP_MEMORY:
		return open_memory();
	case LOOP_KICK:
		return set_kick(l, (void __user *)arg);
	case LOOP_CALL:
		return call(l, arg);
	case LOOP_DONE:
		WRITE_ONCE(l->done, arg);
		wake_up_all(&l->news);
		return 0;
	default:
		return -ENOTTY;
	}
}

static ssize_t loop_read(struct file *file, char __user *buf, size_t size, loff_t *offset)
{
	struct loop *l = file->private_data;
	struct loop_change change;

	if (size < sizeof(change))
		return -EINVAL;
	mutex_lock(&l->changing);
	change = l->change;
	mutex_unlock(&l->changing);
	if (change.number == l->read)
		return -EAGAIN;
	if (copy_to_user(buf, &change, sizeof(change)))
		return -EFAULT;
	l->read = change.number;
	return sizeof(change);
}

static __poll_t loop_poll(struct file *file, poll_table *wait)
{
	struct loop *l = file->private_data;

	poll_wait(file, &l->news, wait);
	return READ_ONCE(l->change.number) != l->read ? EPOLLIN : 0;
}

static int loop_release(struct inode *inode, struct file *file)
{
	struct loop *l = file->private_data;

	WRITE_ONCE(l->gone, true);
	wake_up_all(&l->news);
	if (!l->made) {
		kfree(l);
		return 0;
	}
	/* A probe that is under way waits for what does not come. */
	virtio_break_device(&l->vdev);
	flush_work(&l->add);
	for (unsigned int i = 0; i < LOOP_QUEUES; i++) {
		struct eventfd_ctx *ctx;

		spin_lock_irq(&l->kicks);
		ctx = l->queue[i].kick;
		l->queue[i].kick = NULL;
		spin_unlock_irq(&l->kicks);
		if (ctx)
			eventfd_ctx_put(ctx);
	}
	unregister_virtio_device(&l->vdev);
	return 0;
}

static const struct file_operations loop_fops = {
	.owner = THIS_MODULE,
	.open = loop_open,
	.read = loop_read,
	.poll = loop_poll,
	.unlocked_ioctl = loop_ioctl,
	.release = loop_release,
};

static struct miscdevice loop_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vmedia_loop",
	.fops = &loop_fops,
	.mode = 0600,
};

static int __init loop_init(void)
{
	dev_t dev;

	ram = PAGE_ALIGN(__pa(high_memory - 1));
	memory_mount = kern_mount(&memory_type);
	if (IS_ERR(memory_mount))
		return PTR_ERR(memory_mount);
	/* The daemon takes files of file systems with a device. The minor stays, as it is freed. */
	dev = memory_mount->mnt_sb->s_dev;
	memory_mount->mnt_sb->s_dev = MKDEV(240, MINOR(dev));
	return misc_register(&loop_misc);
}
module_init(loop_init);

MODULE_DESCRIPTION("A virtio transport whose device is a program of this machine, for tests");
MODULE_LICENSE("Dual BSD/GPL");
