// SPDX-License-Identifier: BSD-3-Clause
/*
 * Both ends of a queue over one piece of memory; see harness.h.
 */
#include "harness.h"

#include "base/fd.h"
#include "base/checked.h"

uint64_t test_seed(const char *what)
{
	const char *s = getenv("VMEDIA_TEST_SEED");
	uint64_t seed = s ? strtoull(s, NULL, 0) : vmedia_now_ns();

	if (seed == 0)
		seed = 1;
	printf("%s: VMEDIA_TEST_SEED=%llu\n", what, (unsigned long long)seed);
	fflush(stdout);
	return seed;
}

void pair_restart_dev(struct pair *p, uint32_t base)
{
	vmedia_vqd_destroy(p->dev);
	p->dev = NULL;
	p->cfg.base = base;
	assert_int_equal(vmedia_vqd_create(&p->cfg, p->mem, &p->dev), 0);
}

void pair_up(struct pair *p, uint32_t num, uint64_t features, uint32_t indirect_max)
{
	struct vmedia_vqr_config rc = { .features = features, .base_gpa = GPA, .name = "test" };

	memset(p, 0, sizeof(*p));
	p->num = num;
	p->features = features;
	assert_int_equal(vmedia_vq_layout(num, features, indirect_max, &p->layout), 0);
	p->size = vmedia_align_up(p->layout.size, 4096) + DATA_SIZE;
	p->mem_bytes = aligned_alloc(4096, p->size);
	assert_non_null(p->mem_bytes);
	memset(p->mem_bytes, 0, p->size);
	p->data = p->mem_bytes + p->size - DATA_SIZE;
	p->data_gpa = GPA + p->size - DATA_SIZE;
	assert_int_equal(vmedia_mem_plain(p->mem_bytes, GPA, p->size, &p->mem), 0);
	rc.layout = p->layout;
	rc.base = p->mem_bytes;
	assert_int_equal(vmedia_vqr_create(&rc, &p->drv), 0);
	p->cfg = (struct vmedia_vqd_config){
		.num = num,
		.features = features,
		.desc = (uintptr_t)p->mem_bytes + p->layout.desc,
		.driver = (uintptr_t)p->mem_bytes + p->layout.driver,
		.device = (uintptr_t)p->mem_bytes + p->layout.device,
		.name = "test",
	};
	pair_restart_dev(p, vmedia_vqr_base(p->drv));
}

void pair_down(struct pair *p)
{
	vmedia_vqd_destroy(p->dev);
	vmedia_vqr_destroy(p->drv);
	vmedia_mem_put(p->mem);
	free(p->mem_bytes);
}
