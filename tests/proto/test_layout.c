// SPDX-License-Identifier: BSD-3-Clause
/*
 * The walk that turns bytes round, which little-endian hosts never take in earnest: it covers each
 * structure exactly, it is its own inverse whatever the bytes are, and it turns what it should.
 */
#include "support.h"

#include "proto/layout.h"

static unsigned int covered(const struct vmedia_layout *layout)
{
	unsigned int i, sum = 0;

	for (i = 0; i < layout->num_runs; i++) {
		const struct vmedia_run *run = &layout->runs[i];

		if (run->kind == VMEDIA_RUN_SUB) {
			assert_int_equal(covered(run->sub), run->sub->size);
			sum += run->count * run->sub->size;
		} else {
			sum += run->count * (run->kind == VMEDIA_RUN_UNION ? 1 : run->kind);
		}
	}
	return sum;
}

static void test_cover(void **state)
{
	const struct vmedia_ioctl_info *const *table;
	unsigned int i, count;
	uint32_t memory;

	(void)state;
	table = vmedia_ioctl_table(&count);
	for (i = 0; i < count; i++) {
		const struct vmedia_layout *layout = table[i]->layout;

		CHECK(layout->size == table[i]->size, "%s: layout of %u", table[i]->name,
		      layout->size);
		CHECK(covered(layout) == layout->size, "%s: runs of %u", table[i]->name,
		      covered(layout));
		CHECK(layout->name_off + layout->name_len <= layout->size, "%s: name",
		      table[i]->name);
	}
	assert_int_equal(covered(&vmedia_layout_ext_control), 20);
	assert_int_equal(covered(&vmedia_layout_event), 136);
	for (memory = 0; memory < 6; memory++)
		assert_int_equal(covered(vmedia_plane_layout(memory)), 64);
}

/* Little discriminators, so that every member of every union has its turn; and wild ones. */
static void fill(uint8_t *p, size_t n)
{
	uint32_t v;

	rnd_fill(p, n);
	if (n >= 4) {
		v = rnd_below(4) ? rnd_below(16) : (uint32_t)rnd();
		memcpy(p, &v, 4);
		if (n >= 8)
			memcpy(p + 4, &v, 4);	/* v4l2_buffer.type */
		if (n >= 64) {
			v = rnd_below(6);
			memcpy(p + 60, &v, 4);	/* v4l2_buffer.memory */
		}
	}
}

static void test_inverse(void **state)
{
	const struct vmedia_ioctl_info *const *table;
	uint8_t host[2080], wire[2080], back[2080];
	unsigned int i, round, count;

	(void)state;
	rnd_init();
	table = vmedia_ioctl_table(&count);
	for (i = 0; i < count; i++) {
		const struct vmedia_layout *layout = table[i]->layout;

		for (round = 0; round < 200; round++) {
			fill(host, sizeof(host));
			memset(wire, 0xa5, sizeof(wire));
			memset(back, 0x5a, sizeof(back));
			vmedia_layout_walk(layout, wire, host, host);
			vmedia_layout_walk(layout, back, wire, back);
			CHECK(!memcmp(host, back, layout->size), "%s: not its own inverse",
			      table[i]->name);
			CHECK(wire[layout->size] == 0xa5 && back[layout->size] == 0x5a,
			      "%s: beyond its size", table[i]->name);
			/* The plain conversions are inverse too, on this host. */
			vmedia_layout_put(layout, wire, host);
			vmedia_layout_get(layout, back, wire);
			CHECK(!memcmp(host, back, layout->size), "%s: put and get", table[i]->name);
		}
	}
}

#define TURNED(layout, host, wire)                                                                \
	vmedia_layout_walk(&vmedia_layout_##layout, (uint8_t *)&(wire), (const uint8_t *)&(host), \
			   (const uint8_t *)&(host))

static void test_turns(void **state)
{
	struct vmedia_buffer b = { .type = 1,
				   .memory = VMEDIA_MEMORY_MMAP,
				   .timestamp.tv_sec = 0x0102030405060708,
				   .timecode.frames = 9,
				   .m.offset = 0x11223344 },
			     bw;
	struct vmedia_format f = { .type = 9 }, fw;
	struct vmedia_dv_timings_cap d = { .type = 7 }, dw;
	struct vmedia_event e = { .type = 0x08000001, .u.data = "raw bytes stay" }, ew;

	(void)state;
	TURNED(buffer, b, bw);
	assert_int_equal(bw.type, 0x01000000);
	assert_int_equal(bw.timestamp.tv_sec, 0x0807060504030201);
	assert_int_equal(bw.timecode.frames, 9);
	assert_int_equal(bw.m.offset, 0x44332211);
	b.memory = VMEDIA_MEMORY_USERPTR;
	b.m.userptr = 0x1122334455667788;
	TURNED(buffer, b, bw);
	assert_int_equal(bw.m.userptr, 0x8877665544332211);
	b.memory = 77;
	TURNED(buffer, b, bw);
	assert_int_equal(bw.m.userptr, 0x1122334455667788);	/* unknown: as it is */
	b.type = VMEDIA_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
	TURNED(buffer, b, bw);
	/* multi-planar: a pointer whatever the memory */
	assert_int_equal(bw.m.planes, 0x8877665544332211);

	f.fmt.pix_mp.plane_fmt[7].bytesperline = 0x11223344;
	f.fmt.pix_mp.num_planes = 3;
	TURNED(format, f, fw);
	assert_int_equal(fw.fmt.pix_mp.plane_fmt[7].bytesperline, 0x44332211);
	assert_int_equal(fw.fmt.pix_mp.num_planes, 3);

	d.raw_data[31] = 0x11223344;
	TURNED(dv_timings_cap, d, dw);
	assert_int_equal(dw.raw_data[31], 0x44332211);

	TURNED(event, e, ew);
	assert_string_equal((char *)ew.u.data, "raw bytes stay");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cover),
		cmocka_unit_test(test_inverse),
		cmocka_unit_test(test_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
