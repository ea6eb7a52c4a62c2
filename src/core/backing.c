/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory of buffers: files of ours, files of others, guest pages.
 *
 * Security model: a file of another process can shrink while it is mapped; an access to the lost
 * part raises SIGBUS. A file that is sealed against shrinking is mapped directly, and so is a file
 * that is not regular (a dma-buf has a fixed size). All other files go through vmedia_mem_create(),
 * whose mappings are repaired by the guard of virtq/mem.h. Guest pages are views (virtq/view.h),
 * which are guarded in the same way. The list of pages that a view keeps is counted against
 * max_bytes, and so is the private copy if the view must be bounced. The copy also counts as a
 * file, since both are mappings. Pages of our own files are made present at once, so max_bytes also
 * bounds the host memory that a guest can occupy.
 *
 * The kernel takes long to free large memory, so a thread does it (base/pages.h). From then on the
 * memory and its file are not counted, so that a guest may free and allocate at once. max_bytes
 * also bounds the memory that waits for the thread, so the host holds at most twice as much for
 * short times. Pages of a file that was given to no other device are freed before it is unmapped.
 *
 * System calls, serving: mmap2|mmap lseek _llseek fcntl close
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "core/core.h"
#include "proto/cursor.h"
#include "virtq/view.h"

/*
 * @share: the share that it counts for, or NULL.
 */
static struct vmedia_backing *backing_new(struct vmedia_account *account,
					  struct vmedia_share *share, uint64_t length)
{
	struct vmedia_backing *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	atomic_init(&b->refs, 1);
	b->account = vmedia_account_get(account);
	b->share = share ? vmedia_share_get(share) : NULL;
	b->length = length;
	b->fd = -1;
	b->writable = true;
	return b;
}

/*
 * Unmap and free the backing of @job, which has no other user. Context: any thread, mostly that of
 * account->pages.
 */
static void backing_unmap(struct vmedia_pages_job *job)
{
	struct vmedia_backing *b = vmedia_container_of(job, struct vmedia_backing, pages);

	if (b->map && b->alone)
		vmedia_pages_discard(b->map, b->map_len);
	else if (b->map)
		vmedia_pages_unmap(b->map, b->map_len);
	vmedia_mem_put(b->mem);
	vmedia_view_put(b->view);
	free(b);
}

static void backing_free(struct vmedia_backing *b)
{
	struct vmedia_account *account = b->account;
	bool mapped = b->map || b->mem || (b->view && (b->view->bounced || b->view->mapped));

	vmedia_fd_close(&b->fd); /* the mapping keeps the file */
	if (b->charged)
		vmedia_share_uncharge(b->share, b->charged);
	if (b->filed && b->share)
		vmedia_share_unfile(b->share);
	else if (b->filed)
		vmedia_account_unfile(b->account);
	vmedia_share_put(b->share);
	vmedia_pages_release(&account->pages, &b->pages, mapped ? b->length : 0,
			     b->view ? b->charged : b->length, backing_unmap);
	vmedia_account_put(account);
}

static int backing_charge(struct vmedia_backing *b, uint64_t bytes)
{
	int err = vmedia_share_charge(b->share, bytes);

	if (!err)
		b->charged = bytes;
	return err;
}

static int backing_file(struct vmedia_backing *b)
{
	int err = b->share ? vmedia_share_file(b->share) : vmedia_account_file(b->account);

	if (!err)
		b->filed = true;
	return err;
}

/* Map [b->fd_offset, + b->length) of b->fd. The offset need not be aligned to a page. */
static int backing_map(struct vmedia_backing *b)
{
	uint64_t page = vmedia_page_size(), head = b->fd_offset & (page - 1);
	int prot = PROT_READ | PROT_WRITE;
	uint64_t size;
	void *map;

	if (vmedia_add_overflow(head, b->length, &size) || size > SIZE_MAX)
		return -ENOMEM;
	map = mmap(NULL, size, prot, MAP_SHARED, b->fd, (off_t)(b->fd_offset - head));
	if (map == MAP_FAILED && (errno == EACCES || errno == EPERM)) {
		b->writable = false;
		map = mmap(NULL, size, PROT_READ, MAP_SHARED, b->fd, (off_t)(b->fd_offset - head));
	}
	if (map == MAP_FAILED)
		return -errno;
	b->map = map;
	b->map_len = size;
	b->addr = (uint8_t *)map + head;
	return 0;
}

/*
 * Count @bytes, and a file if @file. Withdraws the oldest unused exports if needed. Returns 0 or
 * -ENOMEM.
 */
static int backing_count(struct vmedia_session *s, struct vmedia_backing *b, uint64_t bytes,
			 bool file)
{
	struct vmedia_device *dev = s->dev;
	int err;

	do {
		err = b->charged ? 0 : backing_charge(b, bytes);
		if (!err && file)
			err = backing_file(b);
	} while (err && b->account->reclaim(s, err, b->charged ? 0 : bytes));
	if (!err)
		return 0;
	vmedia_warn_rl(&dev->rl,
		       "a buffer of %llu bytes was refused: session %u holds %llu of %llu bytes, "
		       "%u of %u files, all sessions %llu of %llu and %u of %u",
		       (unsigned long long)bytes, s->id,
		       (unsigned long long)atomic_load(&b->share->bytes) - b->charged,
		       (unsigned long long)b->share->max_bytes, atomic_load(&b->share->files),
		       b->share->max_files,
		       (unsigned long long)vmedia_account_bytes(b->account) - b->charged,
		       (unsigned long long)b->account->max_bytes, atomic_load(&b->account->files),
		       b->account->max_files);
	return -ENOMEM;
}

int vmedia_backing_create(struct vmedia_session *s, uint64_t length,
			  struct vmedia_backing **backing)
{
	struct vmedia_device *dev = s->dev;
	struct vmedia_backing *b;
	uint64_t size;
	int err;

	vmedia_loop_assert(dev->loop);
	if (!length)
		return -EINVAL;
	if (vmedia_align_overflow(length, vmedia_page_size(), &size))
		return -ENOMEM;
	b = backing_new(dev->account, s->share, length);
	if (!b)
		return -ENOMEM;
	err = backing_count(s, b, size, true);
	if (err)
		goto fail;
	b->fd = vmedia_memfd("vmedia-buffer", size);
	if (b->fd < 0) {
		err = -ENOMEM;
		goto fail;
	}
	err = backing_map(b);
	if (err)
		goto fail;
	b->alone = true;
	vmedia_pages_populate(&dev->account->pages, &b->pages, b->map, b->map_len);
	*backing = b;
	return 0;
fail:
	backing_free(b);
	return err == -EINVAL ? err : -ENOMEM;
}

/* Return the size of a file or dma-buf in bytes. A dma-buf reports its size only by lseek(). */
static int64_t file_size(int fd, struct statx *st)
{
	int ret = vmedia_fd_stat(fd, st);
	off_t end;

	if (ret < 0)
		return ret;
	if (S_ISREG(st->stx_mode))
		return (int64_t)st->stx_size;
	end = lseek(fd, 0, SEEK_END);
	return end < 0 ? -errno : end;
}

/* Map the range of b->fd that @b describes. @st: the attributes of b->fd. */
static int backing_adopt(struct vmedia_backing *b, const struct statx *st)
{
	struct vmedia_mem_desc desc = {
		.size = b->length, .uva = 0x1000, .fd_offset = b->fd_offset, .fd = b->fd,
		.object = true,
	};
	int seals, err;

	seals = fcntl(b->fd, F_GET_SEALS);
	if (!S_ISREG(st->stx_mode) || (seals >= 0 && seals & F_SEAL_SHRINK))
		return backing_map(b);
	err = vmedia_mem_create(&desc, 1, &b->mem);
	if (err)
		return err;
	b->addr = vmedia_mem_at(b->mem, 0, b->length);
	return b->addr ? 0 : -EFAULT;
}

int vmedia_backing_from_fd(struct vmedia_device *dev, int fd, uint64_t offset, uint64_t length,
			   struct vmedia_backing **backing)
{
	struct vmedia_backing *b;
	struct statx st;
	int64_t size;
	int err;

	vmedia_loop_assert(dev->loop);
	size = file_size(fd, &st);
	if (size < 0)
		return (int)size;
	if (!length || !vmedia_range_ok(offset, length, (uint64_t)size))
		return -EINVAL;
	b = backing_new(dev->account, NULL, length);
	if (!b)
		return -ENOMEM;
	err = backing_file(b);
	if (err)
		goto fail;
	b->fd_offset = offset;
	b->fd = vmedia_fd_dup(fd);
	if (b->fd < 0) {
		err = b->fd;
		goto fail;
	}
	err = backing_adopt(b, &st);
	if (err)
		goto fail;
	*backing = b;
	return 0;
fail:
	backing_free(b);
	return err;
}

int vmedia_backing_from_object(struct vmedia_session *s, int fd, struct vmedia_backing **backing)
{
	struct vmedia_backing *b;
	struct statx st;
	int64_t size;
	int err;

	b = backing_new(s->dev->account, s->share, 0);
	if (!b) {
		close(fd);
		return -ENOMEM;
	}
	b->fd = fd;
	err = backing_file(b);
	if (err)
		goto fail;
	size = file_size(fd, &st);
	if (size <= 0) {
		err = size ? (int)size : -EINVAL;
		goto fail;
	}
	b->length = (uint64_t)size;
	err = backing_adopt(b, &st);
	if (err)
		goto fail;
	*backing = b;
	return 0;
fail:
	backing_free(b);
	return err;
}

/* True if the first bytes of @sg, as many as @v has, are the list of @v. */
static bool same_list(const struct vmedia_view *v, const struct vmedia_sg *sg)
{
	const uint8_t *p = sg->raw;
	unsigned int i;

	if (sg->count < v->n)
		return false;
	for (i = 0; i + 1 < v->n; i++, p += VMEDIA_SG_ENTRY_SIZE)
		if (vmedia_load64(p) != v->ents[i].gpa || vmedia_load32(p + 8) != v->ents[i].len)
			return false;
	return vmedia_load64(p) == v->ents[i].gpa && vmedia_load32(p + 8) >= v->ents[i].len;
}

bool vmedia_backing_is_of(const struct vmedia_backing *b, const struct vmedia_mem *mem,
			  const struct vmedia_sg *sg, uint64_t length, bool write)
{
	return b && b->view && b->view->mem == mem && b->length == length &&
	       b->view->rdonly == !write && same_list(b->view, sg);
}

int vmedia_backing_from_guest(struct vmedia_session *s, struct vmedia_mem *mem,
			      const struct vmedia_gpa_range *ranges, unsigned int num,
			      uint64_t length, bool write, struct vmedia_backing **backing)
{
	struct vmedia_backing *b;
	uint64_t bytes;
	int err;

	if (length > VMEDIA_VIEW_MAX_BYTES)
		return -E2BIG;
	if (length > s->dev->limits.max_bytes)
		return -ENOMEM;
	b = backing_new(s->dev->account, s->share, length);
	if (!b)
		return -ENOMEM;
	b->writable = write;
	err = vmedia_view_create(mem, ranges, num,
				 VMEDIA_VIEW_NOLOAD | (write ? 0 : VMEDIA_VIEW_RDONLY), &b->view);
	if (err)
		goto fail;
	/* The view keeps the list. A list of small pieces is longer than what it describes. */
	bytes = num * sizeof(*ranges) + (b->view->bounced ? b->view->map_len : 0);
	err = backing_count(s, b, bytes, b->view->bounced);
	if (err)
		goto fail;
	b->addr = b->view->data;
	*backing = b;
	return 0;
fail:
	backing_free(b);
	return err;
}

struct vmedia_backing *vmedia_backing_get(struct vmedia_backing *b)
{
	atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
	return b;
}

void vmedia_backing_put(struct vmedia_backing *b)
{
	if (b && atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) == 1)
		backing_free(b);
}

void *vmedia_backing_addr(const struct vmedia_backing *b)
{
	return b->addr;
}

uint64_t vmedia_backing_length(const struct vmedia_backing *b)
{
	return b->length;
}

int vmedia_backing_fd(const struct vmedia_backing *b, uint64_t *offset)
{
	if (b->fd >= 0 && offset)
		*offset = b->fd_offset;
	return b->fd;
}

bool vmedia_backing_mapped(const struct vmedia_backing *b)
{
	return b->mappings;
}

bool vmedia_backing_broken(const struct vmedia_backing *b)
{
	return (b->view && vmedia_view_broken(b->view)) || (b->mem && vmedia_mem_broken(b->mem));
}

bool vmedia_backing_is_copy(const struct vmedia_backing *b)
{
	return b->view && b->view->bounced;
}

/* Copy [pos->done, @end) out or in, at most @max bytes. Returns true if there is more. */
static bool copy(struct vmedia_backing *b, uint64_t end, uint64_t max, struct vmedia_copy *pos,
		 bool out)
{
	struct vmedia_view_pos at = { .done = (size_t)pos->done, .entry = pos->entry,
				      .gpa = pos->gpa, .left = pos->left };
	size_t n;

	end = VMEDIA_MIN(end, b->length);
	if (!b->view || !b->view->bounced || pos->done >= end)
		return false;
	max = VMEDIA_MIN(max, end - pos->done);
	n = out ? vmedia_view_flush(b->view, &at, (size_t)max)
		: vmedia_view_load(b->view, &at, (size_t)max);
	atomic_fetch_add_explicit(&b->account->copied, n, memory_order_relaxed);
	*pos = (struct vmedia_copy){ .done = at.done, .entry = at.entry, .gpa = at.gpa,
				     .left = at.left };
	return n && pos->done < end;
}

void vmedia_backing_flush(struct vmedia_backing *b, uint64_t bytes)
{
	copy(b, bytes, bytes, &(struct vmedia_copy){ 0 }, true);
}

void vmedia_backing_fetch(struct vmedia_backing *b, uint64_t bytes)
{
	copy(b, bytes, bytes, &(struct vmedia_copy){ 0 }, false);
}

bool vmedia_backing_flush_step(struct vmedia_backing *b, uint64_t bytes, struct vmedia_copy *pos)
{
	return copy(b, bytes, VMEDIA_COPY_STEP, pos, true);
}

bool vmedia_backing_fetch_step(struct vmedia_backing *b, uint64_t bytes, struct vmedia_copy *pos)
{
	return copy(b, bytes, VMEDIA_COPY_STEP, pos, false);
}
