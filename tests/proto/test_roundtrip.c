// SPDX-License-Identifier: BSD-3-Clause
/*
 * Random contents for every carried ioctl: a question arrives as it was sent; an answer arrives as
 * it was sent, or is refused and leaves the driver's structures untouched; neither is read beyond
 * its end however short it is cut.
 */
#include "support.h"

#include "proto/layout.h"

#define ROUNDS 300

static uint8_t wire[65536];

static uint32_t some_buf_type(void)
{
	return rnd_below(8) ? 1 + rnd_below(14) : 0x80 + rnd_below(4);
}

/* An SG list of @len bytes in random pieces. */
static struct vmedia_sg random_sg(struct end *e, uint32_t len)
{
	struct vmedia_sg_entry entries[4];
	uint32_t n = 0, piece;

	while (len) {
		piece = n == COUNT(entries) - 1 ? len : 1 + rnd_below(len);
		entries[n].start = rnd() >> 2;
		entries[n++].len = piece;
		len -= piece;
	}
	return end_sg(e, entries, n);
}

static uint32_t some_length(void)
{
	return rnd_below(4) ? 1 + (uint32_t)rnd() % 0x7fffffff : 0;
}

static void random_buffer(struct end *e, struct vmedia_ioctl *io)
{
	static const uint32_t memories[] = { VMEDIA_MEMORY_MMAP, VMEDIA_MEMORY_USERPTR,
					     VMEDIA_MEMORY_DMABUF, 0, 3 };
	struct vmedia_buffer *b = &io->arg.buffer;
	bool sg = io->info->nr != VMEDIA_NR_QUERYBUF;
	bool multi;
	uint32_t i;

	b->type = some_buf_type();
	b->memory = memories[rnd_below(COUNT(memories))];
	multi = vmedia_buf_type_is_multiplanar(b->type);
	b->length = multi ? rnd_below(VMEDIA_MAX_PLANES + 1) : some_length();
	sg = sg && b->memory == VMEDIA_MEMORY_USERPTR;
	if (multi) {
		io->num_planes = b->length;
		rnd_fill(io->planes, b->length * sizeof(io->planes[0]));
	}
	for (i = 0; i < io->num_planes; i++) {
		io->planes[i].length = some_length();
		if (sg)
			io->plane_sg[i] = random_sg(e, io->planes[i].length);
	}
	if (!multi && sg)
		io->plane_sg[0] = random_sg(e, b->length);
	if (b->memory == VMEDIA_MEMORY_DMABUF)
		rnd_fill(io->uuid, (multi ? b->length : 1) * VMEDIA_UUID_SIZE);
}

static void random_ctrls(struct end *e, struct vmedia_ioctl *io)
{
	uint32_t i, count = rnd_below(END_CTRLS + 1);

	io->arg.ext_controls.count = count;
	rnd_fill(e->ctrls, count * sizeof(e->ctrls[0]));
	for (i = 0; i < count; i++) {
		e->ctrls[i].size = rnd_below(2) ? some_length() : 0;
		e->ctrl_sg[i] = random_sg(e, e->ctrls[i].size);
	}
}

/* A question of ioctl @nr that an end may ask, with everything else random. */
static struct end *random_question(uint32_t nr)
{
	struct end *e = end_new();
	struct vmedia_ioctl *io = end_ioctl(e, nr);

	if (io->info->dir & VMEDIA_DIR_W)
		rnd_fill(&io->arg, io->info->size);
	if (io->info->layout->name_len || rnd_below(2))	/* let unions have all their members */
		io->arg.format.type = rnd_below(16);
	switch (io->info->follow) {
	case VMEDIA_FOLLOW_PLANES:
		random_buffer(e, io);
		break;
	case VMEDIA_FOLLOW_CTRLS:
		random_ctrls(e, io);
		break;
	case VMEDIA_FOLLOW_UUID:
		rnd_fill(io->uuid[0], VMEDIA_UUID_SIZE);
		break;
	case VMEDIA_FOLLOW_EDID:
		io->arg.edid.blocks = rnd_below(END_BLOCKS + 1);
		rnd_fill(e->edid, io->arg.edid.blocks * 128);
		break;
	}
	if (!(io->info->dir & VMEDIA_DIR_W))
		memset(&io->arg, 0, sizeof(io->arg));
	return e;
}

static int decode_cut(struct end *device, size_t len)
{
	uint8_t *copy = exact(wire, len);
	int err = vmedia_cmd_decode(&device->cmd, copy, len);

	free(copy);
	return err;
}

/* What may end early: bytes that only the device writes. */
static bool may_end_early(const struct vmedia_ioctl_info *info)
{
	return info->nr == VMEDIA_NR_QUERYBUF || info->nr == VMEDIA_NR_EXPBUF ||
	       info->nr == VMEDIA_NR_G_EDID;
}

static void check_question(const struct end *driver, struct end *device, bool cut)
{
	const struct vmedia_ioctl_info *info = driver->cmd.io.info;
	int i, len = vmedia_cmd_encode(&driver->cmd, wire, sizeof(wire));
	struct end *scratch = end_new();
	int err;

	CHECK(len > 0, "%s: encode: %d", info->name, len);
	assert_int_equal(vmedia_cmd_size(&driver->cmd), len);
	for (i = 0; cut && i < len; i++) {
		err = decode_cut(scratch, (size_t)i);
		CHECK(err == -EINVAL || (!err && may_end_early(info)), "%s: %d of %d bytes: %d",
		      info->name, i, len, err);
		assert_true(!err == !scratch->cmd.why.what);
		assert_int_equal(vmedia_resp_encode(&scratch->cmd, -EINVAL, wire + len, 8), 8);
	}
	free(scratch);
	assert_int_equal(vmedia_cmd_decode(&device->cmd, wire, (size_t)len), 0);
	assert_same_question(driver, device);
	assert_int_equal(vmedia_resp_size(&driver->cmd), vmedia_resp_size(&device->cmd));
}

/*
 * Numbers that a driver checks, where chance alone would hardly ever give good ones; good most of
 * the time.
 */
static void plausible(struct vmedia_ioctl *io)
{
	union vmedia_payload *arg = &io->arg;

	switch (io->info->nr) {
	case VMEDIA_NR_ENUM_FRAMESIZES:
		arg->frmsizeenum.type = rnd_below(5);
		break;
	case VMEDIA_NR_ENUM_FRAMEINTERVALS:
		arg->frmivalenum.type = rnd_below(5);
		break;
	case VMEDIA_NR_QUERYCTRL:
		arg->queryctrl.id = arg->queryctrl.id & 0xc0000000 ? 1 + rnd_below(0x0fffffff)
								   : arg->queryctrl.id;
		break;
	case VMEDIA_NR_QUERY_EXT_CTRL:
		if (arg->query_ext_ctrl.id & 0xc0000000)
			arg->query_ext_ctrl.id = 1 + rnd_below(0x0fffffff);
		arg->query_ext_ctrl.nr_of_dims = rnd_below(6);
		arg->query_ext_ctrl.dims[rnd_below(4)] = rnd_below(3);
		arg->query_ext_ctrl.dims[rnd_below(4)] = 2;
		arg->query_ext_ctrl.elems = rnd_below(3);
		break;
	case VMEDIA_NR_REQBUFS:
		arg->requestbuffers.count = rnd_below(VMEDIA_MAX_BUFFERS + 100);
		break;
	case VMEDIA_NR_CREATE_BUFS:
		arg->create_buffers.index = rnd_below(VMEDIA_MAX_BUFFERS + 100);
		arg->create_buffers.count = rnd_below(50);
		if (vmedia_buf_type_is_multiplanar(arg->create_buffers.format.type))
			arg->create_buffers.format.fmt.pix_mp.num_planes = (uint8_t)rnd_below(10);
		break;
	case VMEDIA_NR_G_FMT:
	case VMEDIA_NR_S_FMT:
	case VMEDIA_NR_TRY_FMT:
		if (vmedia_buf_type_is_multiplanar(arg->format.type))
			arg->format.fmt.pix_mp.num_planes = (uint8_t)rnd_below(10);
		break;
	case VMEDIA_NR_G_ENC_INDEX:
		arg->enc_idx.entries = rnd_below(70);
		break;
	}
}

/*
 * Change some of what the device may answer with; whether it still fits the question is for the
 * driver to find.
 */
static void random_answer(struct end *device)
{
	struct vmedia_ioctl *io = &device->cmd.io;
	uint32_t n = rnd_below(4);

	if (!(io->info->dir & VMEDIA_DIR_W))
		rnd_fill(&io->arg, io->info->size);
	plausible(io);
	while (n--)
		io->arg.raw[rnd_below(io->info->size)] = (uint8_t)rnd();
	if (io->info->follow == VMEDIA_FOLLOW_PLANES) {
		rnd_fill(&io->planes[0].bytesused, 4);
		rnd_fill(io->planes[7].reserved, 4);
		if (!rnd_below(4))
			rnd_fill(&io->planes[1], sizeof(io->planes[1]));
		rnd_fill(io->uuid[rnd_below(8)], VMEDIA_UUID_SIZE);
	}
	if (io->info->follow == VMEDIA_FOLLOW_CTRLS && rnd_below(2))
		rnd_fill(&device->ctrls[0], 1 + rnd_below(20));
	if (io->info->follow == VMEDIA_FOLLOW_EDID)
		rnd_fill(device->edid, sizeof(device->edid));
	if (io->info->follow == VMEDIA_FOLLOW_UUID)
		rnd_fill(io->uuid[0], VMEDIA_UUID_SIZE);
}

/*
 * Make the device's structures what @driver, which asked, should see: with its own pointers, and
 * names that end.
 */
static void as_received(struct end *e, const struct end *driver)
{
	struct vmedia_ioctl *io = &e->cmd.io;
	const union vmedia_payload *asked = &driver->cmd.io.arg;
	uint32_t uuids = 0;

	vmedia_layout_terminate(io->info->layout, &io->arg);
	switch (io->info->follow) {
	case VMEDIA_FOLLOW_PLANES:
		if (asked->buffer.memory == VMEDIA_MEMORY_DMABUF)
			uuids = vmedia_buf_type_is_multiplanar(asked->buffer.type)
					? asked->buffer.length
					: 1;
		/* Those beyond are not sent. */
		memcpy(io->uuid[uuids], driver->cmd.io.uuid[uuids],
		       sizeof(io->uuid) - uuids * VMEDIA_UUID_SIZE);
		if (vmedia_buf_type_is_multiplanar(asked->buffer.type)) {
			io->arg.buffer.m.planes = asked->buffer.m.planes;
			io->num_planes = io->num_planes ? io->arg.buffer.length : 0;
		}
		break;
	case VMEDIA_FOLLOW_CTRLS:
		if (io->arg.ext_controls.error_idx > asked->ext_controls.count)
			io->arg.ext_controls.error_idx = asked->ext_controls.count;
		io->arg.ext_controls.controls = asked->ext_controls.controls;
		break;
	case VMEDIA_FOLLOW_EDID:
		io->arg.edid.edid = asked->edid.edid;
		break;
	case VMEDIA_FOLLOW_UUID:
		io->arg.exportbuffer.fd = asked->exportbuffer.fd;
		break;
	}
}

static int decode_answer_cut(struct end *driver, int len)
{
	uint8_t *copy = exact(wire, (size_t)len);
	int err = vmedia_resp_decode(&driver->cmd, copy, (size_t)len);

	free(copy);
	return err;
}

static void check_untouched(struct end *before, struct end *after)
{
	const char *name = before->cmd.io.info->name;

	memset(&after->cmd.why, 0, sizeof(after->cmd.why));
	CHECK(!memcmp(&before->cmd.io.arg, &after->cmd.io.arg, sizeof(before->cmd.io.arg)),
	      "%s: arg touched", name);
	CHECK(!memcmp(before->cmd.io.planes, after->cmd.io.planes, sizeof(before->cmd.io.planes)),
	      "%s: planes", name);
	CHECK(!memcmp(before->ctrls, after->ctrls, sizeof(before->ctrls)), "%s: ctrls touched",
	      name);
	CHECK(!memcmp(before->edid, after->edid, sizeof(before->edid)), "%s: edid touched", name);
	assert_memory_equal(before->cmd.io.uuid, after->cmd.io.uuid, sizeof(before->cmd.io.uuid));
	assert_int_equal(before->cmd.io.num_planes, after->cmd.io.num_planes);
}

/* Returns whether the answer was accepted. */
static bool check_answer(struct end *driver, struct end *device, bool cut)
{
	const struct vmedia_ioctl_info *info = driver->cmd.io.info;
	struct end *asked = end_copy(driver);
	int i, err, len;
	bool fits;

	random_answer(device);
	len = vmedia_resp_encode(&device->cmd, 0, wire, sizeof(wire));
	CHECK(len == (int)vmedia_resp_size(&driver->cmd), "%s: %d bytes of answer", info->name,
	      len);
	assert_int_equal(vmedia_resp_encode(&device->cmd, 0, wire, (size_t)len - 1), -ENOSPC);
	for (i = 0; cut && i < len; i++) {
		struct end *scratch = end_copy(driver);

		err = decode_answer_cut(scratch, i);
		/* Planes or blocks that the structure does not count may be missing. */
		CHECK(err == -EIO || (i >= VMEDIA_RESP_HDR_SIZE + (int)info->size && info->follow),
		      "%s: %d of %d", info->name, i, len);
		if (err) {
			assert_non_null(scratch->cmd.why.what);
			check_untouched(asked, scratch);
		}
		free(scratch);
	}
	err = decode_answer_cut(driver, len);
	fits = !err;
	assert_true(!err || err == -EIO);
	if (err) {
		assert_non_null(driver->cmd.why.what);
		check_untouched(asked, driver);
	} else if (info->dir & VMEDIA_DIR_R) {
		as_received(device, asked);
		assert_null(driver->cmd.why.what);
		assert_int_equal(device->cmd.io.num_planes, driver->cmd.io.num_planes);
		assert_same_payload(device, driver);
	}
	free(asked);
	return fits;
}

static void test_all(void **state)
{
	const struct vmedia_ioctl_info *const *table;
	unsigned int i, count, round;

	(void)state;
	table = vmedia_ioctl_table(&count);
	for (i = 0; i < count; i++) {
		unsigned int accepted = 0;

		if (!(table[i]->flags & VMEDIA_IOCTL_CARRIED))
			continue;
		for (round = 0; round < ROUNDS; round++) {
			struct end *driver = random_question(table[i]->nr), *device = end_new();
			bool cut = round < 4 && vmedia_cmd_size(&driver->cmd) < 3000;

			check_question(driver, device, cut);
			accepted += check_answer(driver, device, cut);
			free(driver);
			free(device);
		}
		CHECK(accepted > ROUNDS / 20, "%s: only %u of %u answers fit", table[i]->name,
		      accepted, ROUNDS);
	}
}

/* Errors: the driver learns the number, and the structure only where that means something. */
static void test_errors(void **state)
{
	const struct vmedia_ioctl_info *const *table;
	unsigned int i, count;

	(void)state;
	table = vmedia_ioctl_table(&count);
	for (i = 0; i < count; i++) {
		struct end *driver, *device, *asked;
		int len, err = -(int)(1 + rnd_below(4095));

		if (!(table[i]->flags & VMEDIA_IOCTL_CARRIED))
			continue;
		driver = random_question(table[i]->nr);
		device = end_new();
		check_question(driver, device, false);
		asked = end_copy(driver);
		len = vmedia_resp_encode(&device->cmd, err, wire, sizeof(wire));
		assert_int_equal(len, table[i]->flags & VMEDIA_IOCTL_ERR_PAYLOAD
					      ? vmedia_resp_size(&device->cmd)
					      : 8);
		/* With no room for more, the header alone. */
		assert_int_equal(vmedia_resp_encode(&device->cmd, err, wire + 1024, 8), 8);
		assert_int_equal(vmedia_resp_encode(&device->cmd, err, wire + 1024, 7), -ENOSPC);
		assert_int_equal(decode_answer_cut(driver, 8), err);
		check_untouched(asked, driver);
		/*
		 * A device that writes what nobody should read: ignored, unless it is one of those
		 * that may.
		 */
		if (!(table[i]->flags & VMEDIA_IOCTL_ERR_PAYLOAD)) {
			rnd_fill(wire + 8, 4096);
			assert_int_equal(decode_answer_cut(driver, 4096), err);
			check_untouched(asked, driver);
		}
		free(driver);
		free(device);
		free(asked);
	}
}

/*
 * Bytes of no meaning, of every length: never a crash, and never an answer that leaves counts out
 * of bounds.
 */
static void test_noise(void **state)
{
	unsigned int round;

	(void)state;
	for (round = 0; round < 60000; round++) {
		struct end *e = end_new();
		size_t len = rnd_below(700);
		struct vmedia_evt evt;
		uint8_t *noise;
		int err;

		rnd_fill(wire, 700);
		if (rnd_below(8)) {
			memset(wire, 0, 16);
			wire[0] = (uint8_t)(1 + rnd_below(5));
			wire[12] = (uint8_t)rnd_below(105);
			if (rnd_below(2))
				wire[20] = (uint8_t)(9 + rnd_below(2));
		}
		noise = exact(wire, len);
		err = vmedia_cmd_decode(&e->cmd, noise, len);
		assert_true(!err || err == -EINVAL || err == -ENOTTY || err == -E2BIG);
		assert_true(!err == !e->cmd.why.what);
		assert_true(e->cmd.io.num_planes <= VMEDIA_MAX_PLANES || err);
		assert_true(vmedia_resp_size(&e->cmd) <= VMEDIA_MAX_RESP_SIZE);
		err = vmedia_evt_decode(&evt, noise, len);
		assert_true(!err == !evt.why.what);
		free(noise);
		free(e);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_noise),
	};

	rnd_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
