// SPDX-License-Identifier: BSD-3-Clause
/*
 * Fuzz target of src/proto: the bytes of a hostile peer into each decoder, and the structures that
 * come out back through the encoders.
 *
 * The first byte says which: 0 a command at the device end, and its answer with an errno from the
 * second byte; 1 an answer at the driver end, to the question whose length is in the next two bytes
 * and which precedes it; 2 an event; 3 a configuration space. Seeds: tests/vectors/to-seeds.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <vmedia/proto.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CTRLS 16
#define BLOCKS 4

struct end {
	struct vmedia_cmd cmd;
	struct vmedia_ext_control ctrls[CTRLS];
	struct vmedia_sg ctrl_sg[CTRLS];
	uint8_t edid[BLOCKS * 128];
};

static void must(int condition)
{
	if (!condition)
		abort();
}

static struct end *new_end(void)
{
	struct end *e = calloc(1, sizeof(*e));

	must(e != NULL);
	e->cmd.io.ctrls = e->ctrls;
	e->cmd.io.ctrl_sg = e->ctrl_sg;
	e->cmd.io.max_ctrls = CTRLS;
	e->cmd.io.edid = e->edid;
	e->cmd.io.max_edid_blocks = BLOCKS;
	return e;
}

/* Every entry that a decoded list says it has can be read. */
static uint64_t touch_sg(const struct vmedia_sg *sg)
{
	uint64_t sum = 0;
	uint32_t i;

	must(sg->count <= VMEDIA_MAX_SG_ENTRIES);
	for (i = 0; i < sg->count; i++) {
		struct vmedia_sg_entry e = vmedia_sg_at(sg, i);

		must(e.len && e.start + e.len >= e.start);
		sum += e.len;
	}
	return sum;
}

static void check_lists(const struct end *e)
{
	const struct vmedia_ioctl *io = &e->cmd.io;
	const struct vmedia_buffer *b = &io->arg.buffer;
	uint32_t i, len;

	if (io->info->follow == VMEDIA_FOLLOW_PLANES) {
		must(io->num_planes <= VMEDIA_MAX_PLANES);
		for (i = 0; i < VMEDIA_MAX_PLANES; i++) {
			len = vmedia_buf_type_is_multiplanar(b->type) ? io->planes[i].length
								      : b->length;
			must(!io->plane_sg[i].count || touch_sg(&io->plane_sg[i]) == len);
		}
	}
	if (io->info->follow == VMEDIA_FOLLOW_CTRLS) {
		must(io->arg.ext_controls.count <= CTRLS);
		for (i = 0; i < io->arg.ext_controls.count; i++)
			must(touch_sg(&e->ctrl_sg[i]) == io->ctrls[i].size);
	}
	if (io->info->follow == VMEDIA_FOLLOW_EDID)
		must(io->arg.edid.blocks <= BLOCKS);
}

/* What was decoded can be asked again, and arrives the same. */
static void ask_again(struct end *e)
{
	struct end *again = new_end();
	size_t size;
	uint8_t *wire;

	memset(&e->cmd.io.asked, 0, sizeof(e->cmd.io.asked));
	size = vmedia_cmd_size(&e->cmd);
	must(size >= 8);
	wire = malloc(size);
	must(wire != NULL);
	must(vmedia_cmd_encode(&e->cmd, wire, size - 1) == -ENOSPC);
	must(vmedia_cmd_encode(&e->cmd, wire, size) == (int)size);
	must(vmedia_cmd_decode(&again->cmd, wire, size) == 0);
	must(vmedia_resp_size(&again->cmd) == vmedia_resp_size(&e->cmd));
	if (e->cmd.io.info)
		must(!memcmp(&again->cmd.io.arg, &e->cmd.io.arg, e->cmd.io.info->size));
	free(wire);
	free(again);
}

static void fuzz_command(const uint8_t *data, size_t size)
{
	struct end *e = new_end();
	int ret, err;
	size_t cap;
	uint8_t *answer;

	if (!size)
		goto out;
	err = -(int)data[0];
	ret = vmedia_cmd_decode(&e->cmd, data + 1, size - 1);
	must(!ret == !e->cmd.why.what);
	if (ret) {
		must(ret == -EINVAL || ret == -ENOTTY || ret == -E2BIG);
		must(!e->cmd.io.info);
		err = ret;
	} else if (e->cmd.io.info) {
		check_lists(e);
	}
	cap = vmedia_resp_size(&e->cmd);
	must(cap <= VMEDIA_MAX_RESP_SIZE);
	answer = malloc(cap ? cap : 1);
	must(answer != NULL);
	must(vmedia_resp_encode(&e->cmd, err, answer, cap) <= (int)cap);
	if (cap)
		must(vmedia_resp_encode(&e->cmd, err, answer, 7) == -ENOSPC);
	free(answer);
	if (!ret)
		ask_again(e);
out:
	free(e);
}

static void check_answer(const struct end *e, int ret, const union vmedia_payload *asked)
{
	const struct vmedia_ioctl *io = &e->cmd.io;

	must(ret <= 0 && ret >= -4095);
	if (e->cmd.why.what) {
		must(ret == -EIO);
		must(!io->info || !memcmp(&io->arg, asked, sizeof(*asked)));
		return;
	}
	if (!io->info)
		return;
	must(io->num_planes <= VMEDIA_MAX_PLANES);
	if (io->info->follow == VMEDIA_FOLLOW_PLANES) {
		must(io->arg.buffer.index == asked->buffer.index);
		must(io->arg.buffer.type == asked->buffer.type);
	}
	if (io->info->follow == VMEDIA_FOLLOW_CTRLS) {
		must(io->arg.ext_controls.count == asked->ext_controls.count);
		must(!ret || io->arg.ext_controls.error_idx <= asked->ext_controls.count ||
		     io->arg.ext_controls.error_idx == asked->ext_controls.error_idx);
		must(ret || io->arg.ext_controls.error_idx <= asked->ext_controls.count);
	}
	if (!ret && io->info->nr == VMEDIA_NR_CREATE_BUFS)
		must((uint64_t)io->arg.create_buffers.index + io->arg.create_buffers.count <=
		     VMEDIA_MAX_BUFFERS);
}

static void fuzz_answer(const uint8_t *data, size_t size)
{
	struct end *e = new_end();
	union vmedia_payload asked;
	size_t question;
	uint8_t *answer;

	if (size < 2)
		goto out;
	question = data[0] | (size_t)data[1] << 8;
	data += 2;
	size -= 2;
	if (question > size || vmedia_cmd_decode(&e->cmd, data, question))
		goto out;
	memset(&e->cmd.io.asked, 0, sizeof(e->cmd.io.asked));
	memset(e->cmd.io.arg.raw + (e->cmd.io.info ? e->cmd.io.info->size : 0), 0,
	       sizeof(e->cmd.io.arg) - (e->cmd.io.info ? e->cmd.io.info->size : 0));
	asked = e->cmd.io.arg;
	size -= question;
	answer = malloc(size ? size : 1);
	must(answer != NULL);
	memcpy(answer, data + question, size);
	check_answer(e, vmedia_resp_decode(&e->cmd, answer, size), &asked);
	free(answer);
out:
	free(e);
}

static void fuzz_event(const uint8_t *data, size_t size)
{
	uint8_t wire[VMEDIA_EVT_MAX_SIZE];
	struct vmedia_evt evt, again;
	int ret = vmedia_evt_decode(&evt, data, size);

	must(!ret == !evt.why.what);
	if (ret)
		return;
	if (evt.type == VMEDIA_EVT_DQBUF) {
		must(evt.buffer.index < VMEDIA_MAX_BUFFERS);
		/* Planes that the buffer has not are not sent again. */
		ret = vmedia_buf_type_is_multiplanar(evt.buffer.type) ? (int)evt.buffer.length : 0;
		must(ret <= VMEDIA_MAX_PLANES);
		memset(&evt.planes[ret], 0,
		       (size_t)(VMEDIA_MAX_PLANES - ret) * sizeof(evt.planes[0]));
	}
	ret = vmedia_evt_encode(&evt, wire, sizeof(wire));
	must(ret > 0 && (size_t)ret == vmedia_evt_size(&evt));
	must(!vmedia_evt_decode(&again, wire, (size_t)ret));
	must(!memcmp(&again, &evt, sizeof(evt)));
}

static void fuzz_config(const uint8_t *data, size_t size)
{
	uint8_t wire[VMEDIA_CONFIG_SIZE];
	struct vmedia_config cfg;

	if (size < VMEDIA_CONFIG_SIZE)
		return;
	vmedia_config_decode(&cfg, data);
	vmedia_config_encode(&cfg, wire);
	must(!memcmp(wire, data, sizeof(wire)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	switch (data[0] % 4) {
	case 0:
		fuzz_command(data + 1, size - 1);
		break;
	case 1:
		fuzz_answer(data + 1, size - 1);
		break;
	case 2:
		fuzz_event(data + 1, size - 1);
		break;
	case 3:
		fuzz_config(data + 1, size - 1);
		break;
	}
	return 0;
}
