// SPDX-License-Identifier: BSD-3-Clause
/*
 * Views over scattered memory: which way is taken, what is seen through them, their limits.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/fd.h"
#include "harness.h"
#include "virtq/view.h"

#define PAGE 4096ull
#define PAGES 256u

struct guest {
	int fd;
	struct vmedia_mem *mem;
	uint8_t *bytes;
};

/* Two regions that touch in gpa but not in the file, and not all of it page-aligned in the file. */
static void guest_up(struct guest *g, uint64_t skew)
{
	struct vmedia_mem_desc d[2] = { { 0 } };

	g->fd = vmedia_memfd("guest", 2 * PAGES * PAGE + PAGE);
	assert_true(g->fd >= 0);
	d[0].fd = d[1].fd = g->fd;
	d[0].gpa = d[0].uva = GPA;
	d[1].gpa = d[1].uva = GPA + PAGES * PAGE;
	d[0].size = d[1].size = PAGES * PAGE;
	d[0].fd_offset = PAGES * PAGE + skew;
	assert_int_equal(vmedia_mem_create(d, 2, &g->mem), 0);
	for (uint64_t i = 0; i < 2 * PAGES * PAGE; i++)
		*(uint8_t *)vmedia_mem_at(g->mem, GPA + i, 1) = (uint8_t)(i / PAGE * 31 + i);
}

static void guest_down(struct guest *g)
{
	vmedia_mem_put(g->mem);
	close(g->fd);
}

static uint8_t at(struct guest *g, uint64_t gpa)
{
	return *(uint8_t *)vmedia_mem_at(g->mem, gpa, 1);
}

/* The view shows what the list says, and what is written through it arrives. */
static void check(struct guest *g, struct vmedia_view *v, const struct vmedia_gpa_range *sg,
		  unsigned int n)
{
	uint8_t *p = v->data;
	size_t k = 0;

	for (unsigned int i = 0; i < n; i++) {
		for (uint32_t j = 0; j < sg[i].len; j++, k++) {
			if (p[k] != at(g, sg[i].gpa + j))
				assert_int_equal(p[k], at(g, sg[i].gpa + j));
		}
	}
	assert_int_equal(k, v->len);
	if (v->rdonly)
		return;
	for (k = 0; k < v->len; k++)
		p[k] = (uint8_t)(k * 7 + 3);
	assert_int_equal(vmedia_view_flush(v, &(struct vmedia_view_pos){ 0 }, v->len),
			 v->bounced ? v->len : 0);
	/* aliased pieces show the last of the writes: look from behind, once at each place */
	k = v->len;
	for (unsigned int i = n; i-- > 0; ) {
		for (uint32_t j = sg[i].len; j-- > 0; ) {
			k--;
			if (n < 8)
				assert_int_equal(at(g, sg[i].gpa + j), (uint8_t)(k * 7 + 3));
		}
	}
}

enum way { DIRECT, MAPPED, BOUNCED };

static void expect(struct guest *g, const struct vmedia_gpa_range *sg, unsigned int n,
		   unsigned int flags, enum way way)
{
	struct vmedia_view *v;

	assert_int_equal(vmedia_view_create(g->mem, sg, n, flags, &v), 0);
	assert_int_equal(v->bounced, way == BOUNCED);
	assert_int_equal(v->mapped, way == MAPPED);
	check(g, v, sg, n);
	vmedia_view_put(v);
}

static void test_ways(void **state)
{
	const struct vmedia_gpa_range one[] = { { GPA + 5, 1000 } };
	const struct vmedia_gpa_range merged[] = { { GPA + PAGE, PAGE },
						   { 0, 0 },
						   { GPA + 2 * PAGE, PAGE } };
	const struct vmedia_gpa_range pages[] = { { GPA + 9 * PAGE, PAGE },
						  { GPA + 3 * PAGE, 2 * PAGE } };
	const struct vmedia_gpa_range ends[] = { { GPA + 9 * PAGE + 100, PAGE - 100 },
						 { GPA + 3 * PAGE, PAGE },
						 { GPA + 7 * PAGE, 10 } };
	/* over two regions */
	const struct vmedia_gpa_range both[] = { { GPA + (PAGES - 1) * PAGE, 2 * PAGE } };
	const struct vmedia_gpa_range inner[] = { { GPA + 9 * PAGE, PAGE - 1 },
						  { GPA + 3 * PAGE, PAGE } };
	const struct vmedia_gpa_range inner2[] = { { GPA + 9 * PAGE, PAGE },
						   { GPA + 3 * PAGE + 1, PAGE } };
	struct guest g;

	guest_up(&g, 0);
	expect(&g, one, 1, 0, DIRECT);
	expect(&g, merged, 3, 0, DIRECT);
	expect(&g, pages, 2, 0, MAPPED);
	expect(&g, pages, 2, VMEDIA_VIEW_RDONLY, MAPPED);
	expect(&g, ends, 3, 0, MAPPED);
	expect(&g, both, 1, 0, MAPPED);
	expect(&g, inner, 2, 0, BOUNCED);
	expect(&g, inner2, 2, 0, BOUNCED);
	expect(&g, inner, 2, VMEDIA_VIEW_RDONLY, BOUNCED);
	expect(&g, one, 1, VMEDIA_VIEW_FORCE_BOUNCE, BOUNCED);
	guest_down(&g);
	guest_up(&g, 256);	/* guest pages that are not pages of the file */
	expect(&g, one, 1, 0, DIRECT);
	expect(&g, pages, 2, 0, BOUNCED);
	guest_down(&g);
}

static void test_refusals(void **state)
{
	struct vmedia_gpa_range sg[600];
	struct vmedia_view *v;
	struct guest g;

	guest_up(&g, 0);
	sg[0] = (struct vmedia_gpa_range){ GPA, 0 };
	assert_int_equal(vmedia_view_create(g.mem, sg, 1, 0, &v), -EINVAL);
	assert_int_equal(vmedia_view_create(g.mem, sg, 0, 0, &v), -EINVAL);
	sg[0] = (struct vmedia_gpa_range){ GPA + 2 * PAGES * PAGE - 1, 2 };
	assert_int_equal(vmedia_view_create(g.mem, sg, 1, 0, &v), -EFAULT);
	sg[0] = (struct vmedia_gpa_range){ ~0ull, UINT32_MAX };
	assert_int_equal(vmedia_view_create(g.mem, sg, 1, 0, &v), -EFAULT);
	for (int i = 0; i < 600; i++)	/* 2 MiB over and over: more than 1 GiB */
		sg[i] = (struct vmedia_gpa_range){ GPA, 2 * PAGES * PAGE };
	assert_int_equal(vmedia_view_create(g.mem, sg, 600, 0, &v), -E2BIG);
	assert_int_equal(vmedia_view_create(g.mem, sg, 512, 0, &v), 0);
	assert_true(v->mapped);
	vmedia_view_put(v);
	guest_down(&g);
}

/* Mappings of the guest's file. */
static unsigned int count_maps(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned int n = 0;
	char line[512];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		n += strstr(line, "memfd:guest") != NULL;
	fclose(f);
	return n;
}

/* One guest's views together get so many mappings, then copies; all of it comes back. */
static void test_budget(void **state)
{
	const unsigned int n = VMEDIA_VIEW_MAX_MAPS;
	struct vmedia_gpa_range *sg = calloc(n + 1, sizeof(*sg));
	struct vmedia_view *v[VMEDIA_VIEW_MAX_MAPS_TOTAL / VMEDIA_VIEW_MAX_MAPS + 1];
	unsigned int last = VMEDIA_ARRAY_SIZE(v) - 1;
	struct vmedia_mem_desc d;
	struct vmedia_mem *mem;
	struct guest g;

	guest_up(&g, 0);
	for (unsigned int i = 0; i < n + 1; i++)
		sg[i] = (struct vmedia_gpa_range){ GPA + (i * 7) % PAGES * PAGE, (uint32_t)PAGE };
	/* one piece too many for any */
	assert_int_equal(vmedia_view_create(g.mem, sg, n + 1, VMEDIA_VIEW_NOLOAD, &v[0]), 0);
	assert_true(v[0]->bounced);
	vmedia_view_put(v[0]);
	for (unsigned int i = 0; i <= last; i++) {
		assert_int_equal(vmedia_view_create(g.mem, sg, n, VMEDIA_VIEW_NOLOAD, &v[i]), 0);
		assert_int_equal(v[i]->bounced, i == last);
	}
	/* Views of an earlier map stay, and count. */
	vmedia_mem_region(g.mem, 0, &d);
	assert_int_equal(vmedia_mem_replace(g.mem, &d, 1, &mem), 0);
	vmedia_view_put(v[last]);
	assert_int_equal(vmedia_view_create(mem, sg, 2, VMEDIA_VIEW_NOLOAD, &v[last]), 0);
	assert_true(v[last]->bounced);
	for (unsigned int i = 0; i <= last; i++)
		vmedia_view_put(v[i]);
	assert_int_equal(vmedia_view_create(mem, sg, 2, VMEDIA_VIEW_NOLOAD, &v[0]), 0);
	assert_true(v[0]->mapped);
	vmedia_view_put(v[0]);
	vmedia_mem_put(mem);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(vmedia_view_create(g.mem, sg, n, 0, &v[0]), 0);
		assert_true(v[0]->mapped);
		vmedia_view_put(v[0]);
	}
	guest_down(&g);
	assert_int_equal(count_maps(), 0);
	free(sg);
}

/* However many views there are, the guest's memory can grow by as many regions as it may have. */
static void test_regions_have_room(void **state)
{
	enum { MANY = 9000 };
	const struct vmedia_gpa_range sg[] = { { GPA + 9 * PAGE, PAGE }, { GPA + 3 * PAGE, PAGE } };
	struct vmedia_mem_desc d = { .gpa = 0x1000, .uva = 0x1000, .size = PAGE };
	struct vmedia_view **v = calloc(MANY, sizeof(struct vmedia_view *));
	struct vmedia_mem *mem, *more;
	unsigned int n = 0;
	struct guest g;

	guest_up(&g, 0);
	do {
		assert_true(n < MANY);
		assert_int_equal(vmedia_view_create(g.mem, sg, 2, VMEDIA_VIEW_NOLOAD, &v[n]), 0);
	} while (v[n++]->mapped);
	assert_true(n > 4096);
	d.fd = g.fd;
	mem = vmedia_mem_get(g.mem);
	while (vmedia_mem_num_regions(mem) < VMEDIA_MEM_MAX_REGIONS) {
		assert_int_equal(vmedia_mem_add(mem, &d, &more), 0);
		vmedia_mem_put(mem);
		mem = more;
		d.gpa += PAGE;
		d.uva += PAGE;
	}
	vmedia_mem_put(mem);
	while (n)
		vmedia_view_put(v[--n]);
	free(v);
	guest_down(&g);
}

/* The view outlives the map that it was made from. */
static void test_lifetime(void **state)
{
	const struct vmedia_gpa_range sg[] = { { GPA + 9 * PAGE, PAGE }, { GPA + 3 * PAGE, PAGE } };
	struct vmedia_view *v, *w;
	struct guest g;

	guest_up(&g, 0);
	assert_int_equal(vmedia_view_create(g.mem, sg, 1, 0, &v), 0);
	assert_int_equal(vmedia_view_create(g.mem, sg, 2, 0, &w), 0);
	vmedia_view_put(vmedia_view_get(w));
	guest_down(&g);
	memset(v->data, 1, v->len);
	memset(w->data, 2, w->len);
	assert_int_equal(*(uint8_t *)v->data, 2);	/* the same page */
	vmedia_view_put(v);
	vmedia_view_put(w);
	vmedia_view_put(NULL);
}

/* Random lists: whatever the way, the bytes are right. */
static void test_random(void **state)
{
	uint64_t s = test_seed("views");
	unsigned int ways[3] = { 0 };
	struct guest g;

	guest_up(&g, 0);
	for (int round = 0; round < 300; round++) {
		struct vmedia_gpa_range sg[12];
		unsigned int n = 1 + below(&s, 12);
		struct vmedia_view *v;

		for (unsigned int i = 0; i < n; i++) {
			sg[i].gpa = GPA + below(&s, 2 * PAGES - 8) * PAGE;
			sg[i].len = (uint32_t)(below(&s, 4) * PAGE);
			if (below(&s, 10) == 0 || (i == 0 && below(&s, 2))) {
				sg[i].gpa += 100;
				sg[i].len = sg[i].len > 100 ? sg[i].len - 100 : 0;
			}
		}
		sg[n - 1].len += 1 + below(&s, 100);
		assert_int_equal(vmedia_view_create(g.mem, sg, n, VMEDIA_VIEW_RDONLY, &v), 0);
		check(&g, v, sg, n);
		ways[v->bounced ? 2 : v->mapped]++;
		vmedia_view_put(v);
	}
	assert_true(ways[0] && ways[1] && ways[2]);
	guest_down(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ways),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_regions_have_room),
		cmocka_unit_test(test_lifetime),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
