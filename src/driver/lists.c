// SPDX-License-Identifier: BSD-3-Clause
/*
 * SG lists of SHARED_PAGES buffers, in guest RAM.
 *
 * A list is written once, and kept with its buffer. While the buffer is queued with the same
 * memory, QBUF sends the list from its place, whatever its length. Nothing is allocated, copied or
 * walked for it.
 *
 * The device may read a list while a command that names it is in the ring. Each such command holds
 * a reference, so an abandoned command keeps the list as it was sent. A list is rewritten only if
 * its buffer has the only reference.
 *
 * Security model: the device can change the entries. That affects only the device, since the driver
 * never reads them.
 */
#include "driver/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct vmedia_drv_list *list_new(struct vmedia_driver *drv, uint64_t bytes, int *err)
{
	struct vmedia_drv_list *l = calloc(1, sizeof(*l));

	*err = -ENOMEM;
	if (!l)
		return NULL;
	l->refs = 1;
	l->pages = (bytes + VMEDIA_DRV_PAGE - 1) / VMEDIA_DRV_PAGE;
	*err = vmedia_arena_alloc(&drv->arena, l->pages, &l->page);
	if (*err) {
		free(l);
		return NULL;
	}
	return l;
}

static struct vmedia_drv_list *list_get(struct vmedia_drv_list *l)
{
	l->refs++;
	return l;
}

void vmedia_drv_list_put(struct vmedia_driver *drv, struct vmedia_drv_list *l)
{
	if (!l || --l->refs)
		return;
	vmedia_arena_free(&drv->arena, l->page, l->pages);
	free(l);
}

/*
 * True if @l describes @mem. Compares serials, since another allocation may have the same address.
 */
static bool is_of(const struct vmedia_drv_list *l, const struct vmedia_drv_memory *mem,
		  uint32_t num)
{
	uint32_t i;

	if (l->num != num)
		return false;
	for (i = 0; i < num; i++) {
		if (l->plane[i].serial != mem[i].pages->serial ||
		    l->plane[i].userptr != mem[i].userptr || l->plane[i].length != mem[i].length)
			return false;
	}
	return true;
}

static void list_write(struct vmedia_driver *drv, struct vmedia_drv_list *l,
		       const struct vmedia_drv_memory *mem, uint32_t num)
{
	uint8_t *at = vmedia_arena_ptr(&drv->arena, l->page);
	uint32_t i, count;

	l->num = num;
	l->bytes = 0;
	for (i = 0; i < num; i++) {
		count = vmedia_pages_sg(mem[i].pages, mem[i].userptr, mem[i].length, at + l->bytes);
		l->bytes += count * VMEDIA_SG_ENTRY_SIZE;
		l->plane[i].serial = mem[i].pages->serial;
		l->plane[i].userptr = mem[i].userptr;
		l->plane[i].length = mem[i].length;
		l->plane[i].gpa = vmedia_pages_gpa(mem[i].pages, mem[i].userptr);
	}
}

int vmedia_drv_list_of(struct vmedia_driver *drv, const struct vmedia_drv_memory *mem,
		       uint32_t num, struct vmedia_drv_list *kept, struct vmedia_drv_list **out)
{
	uint64_t entries = 0, bytes;
	uint32_t i;
	int err;

	if (kept && is_of(kept, mem, num)) {
		*out = list_get(kept);
		return 0;
	}
	for (i = 0; i < num; i++)
		entries += vmedia_pages_sg(mem[i].pages, mem[i].userptr, mem[i].length, NULL);
	if (entries > VMEDIA_MAX_SG_ENTRIES)
		return -E2BIG;
	bytes = entries * VMEDIA_SG_ENTRY_SIZE;
	if (kept && kept->refs == 1 && bytes <= kept->pages * VMEDIA_DRV_PAGE)
		*out = list_get(kept);
	else
		*out = list_new(drv, bytes, &err);
	if (!*out)
		return err;
	list_write(drv, *out, mem, num);
	return 0;
}

void vmedia_drv_list_keep(struct vmedia_driver *drv, struct vmedia_drv_list **kept,
			  struct vmedia_drv_list *l)
{
	if (*kept == l)
		return;
	vmedia_drv_list_put(drv, *kept);
	*kept = list_get(l);
}
