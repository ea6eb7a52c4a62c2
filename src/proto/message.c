/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only */
/*
 * SG lists, shapes of answers, the configuration space, and names.
 *
 * Security model: an SG list comes from the peer. Its end is not marked. A list is complete when
 * its entries cover the size asked for; it is refused when the bytes or the command's budget of
 * entries end before that. Empty entries are refused, since a list of them would never be complete,
 * and so are entries that wrap around the 64-bit address space. The memory map (virtq/mem.h) checks
 * that the addresses are guest memory.
 */
#include "proto/message.h"

struct vmedia_sg_entry vmedia_sg_at(const struct vmedia_sg *sg, uint32_t index)
{
	const uint8_t *p = sg->raw + (size_t)index * VMEDIA_SG_ENTRY_SIZE;
	struct vmedia_sg_entry e = { .start = vmedia_load64(p), .len = vmedia_load32(p + 8) };

	return e;
}

void vmedia_sg_put(uint8_t *raw, uint32_t index, const struct vmedia_sg_entry *e)
{
	uint8_t *p = raw + (size_t)index * VMEDIA_SG_ENTRY_SIZE;

	vmedia_store64(p, e->start);
	vmedia_store32(p + 8, e->len);
	vmedia_store32(p + 12, 0);
}

int vmedia_sg_take(struct vmedia_rd *rd, uint64_t size, struct vmedia_sg *sg, uint32_t *budget,
		   struct vmedia_why *why)
{
	size_t room = rd->bad ? 0 : rd->left / VMEDIA_SG_ENTRY_SIZE, n;
	size_t max = room < *budget ? room : *budget;
	const uint8_t *p = rd->p;
	uint64_t covered = 0;

	for (n = 0; covered < size && n < max; n++, p += VMEDIA_SG_ENTRY_SIZE) {
		uint64_t start = vmedia_load64(p);
		uint32_t len = vmedia_load32(p + 8);

		if (!len)
			return vmedia_refuse(why, -EINVAL, "SG entry of zero bytes, covered so far",
					     covered, size);
		if (len > size - covered)
			return vmedia_refuse(why, -EINVAL, "SG list covers more than its memory",
					     covered + len, size);
		if (start + len < start)
			return vmedia_refuse(why, -EINVAL, "SG entry wraps round the address space",
					     start, len);
		covered += len;
	}
	if (covered < size && n == *budget)
		return vmedia_refuse(why, -E2BIG, "more SG entries than allowed in a command",
				     (uint64_t)VMEDIA_MAX_SG_ENTRIES + 1, VMEDIA_MAX_SG_ENTRIES);
	if (covered < size)
		return vmedia_refuse(why, -EINVAL, "SG list ends before its memory is covered",
				     covered, size);
	sg->raw = vmedia_rd_take(rd, n * VMEDIA_SG_ENTRY_SIZE);
	sg->count = (uint32_t)n;
	*budget -= (uint32_t)n;
	return 0;
}

bool vmedia_has_plane_sg(const struct vmedia_ioctl *io)
{
	return io->info->follow == VMEDIA_FOLLOW_PLANES && io->info->nr != VMEDIA_NR_QUERYBUF &&
	       io->arg.buffer.memory == VMEDIA_MEMORY_USERPTR && !io->sg_apart;
}

struct vmedia_asked vmedia_shape(const struct vmedia_ioctl *io)
{
	struct vmedia_asked shape = { .known = true };
	const struct vmedia_buffer *b = &io->arg.buffer;

	if (io->asked.known)
		return io->asked;
	switch (io->info->follow) {
	case VMEDIA_FOLLOW_PLANES:
		if (vmedia_buf_type_is_multiplanar(b->type)) {
			shape.num_planes = b->length;
			shape.pointer = b->m.planes;
			shape.restore = true;
		}
		if (b->memory == VMEDIA_MEMORY_DMABUF)
			shape.num_uuids = vmedia_num_memories(b);
		break;
	case VMEDIA_FOLLOW_CTRLS:
		shape.num_ctrls = io->arg.ext_controls.count;
		shape.pointer = io->arg.ext_controls.controls;
		shape.restore = true;
		break;
	case VMEDIA_FOLLOW_UUID:
		shape.num_uuids = 1;
		shape.pointer = (uint32_t)io->arg.exportbuffer.fd;
		shape.restore = true;
		break;
	case VMEDIA_FOLLOW_EDID:
		shape.edid_blocks = io->arg.edid.blocks;
		shape.pointer = io->arg.edid.edid;
		shape.restore = true;
		break;
	}
	return shape;
}

size_t vmedia_shape_size(const struct vmedia_asked *shape)
{
	return (size_t)shape->num_planes * sizeof(struct vmedia_plane) +
	       (size_t)shape->num_uuids * VMEDIA_UUID_SIZE +
	       (size_t)shape->num_ctrls * sizeof(struct vmedia_ext_control) +
	       (size_t)shape->edid_blocks * 128;
}

size_t vmedia_resp_size(const struct vmedia_cmd *cmd)
{
	struct vmedia_asked shape;

	switch (cmd->type) {
	case VMEDIA_CMD_OPEN:
		return VMEDIA_RESP_OPEN_SIZE;
	case VMEDIA_CMD_CLOSE:
		return 0;
	case VMEDIA_CMD_MMAP:
		return VMEDIA_RESP_MMAP_SIZE;
	case VMEDIA_CMD_IOCTL:
		if (!cmd->io.info || !(cmd->io.info->dir & VMEDIA_DIR_R))
			break;
		shape = vmedia_shape(&cmd->io);
		return VMEDIA_RESP_HDR_SIZE + cmd->io.info->size + vmedia_shape_size(&shape);
	}
	return VMEDIA_RESP_HDR_SIZE;
}

void vmedia_config_encode(const struct vmedia_config *cfg, uint8_t out[VMEDIA_CONFIG_SIZE])
{
	vmedia_store32(out, cfg->device_caps);
	vmedia_store32(out + 4, cfg->device_type);
	memcpy(out + 8, cfg->card, sizeof(cfg->card));
}

void vmedia_config_decode(struct vmedia_config *cfg, const uint8_t in[VMEDIA_CONFIG_SIZE])
{
	cfg->device_caps = vmedia_load32(in);
	cfg->device_type = vmedia_load32(in + 4);
	memcpy(cfg->card, in + 8, sizeof(cfg->card));
}

#define NAME_OF(names, i) ((i) < VMEDIA_COUNT(names) && (names)[i] ? (names)[i] : "?")

const char *vmedia_cmd_name(uint32_t type)
{
	static const char *const names[] = { NULL, "OPEN", "CLOSE", "IOCTL", "MMAP", "MUNMAP" };

	return NAME_OF(names, type);
}

const char *vmedia_evt_name(uint32_t type)
{
	static const char *const names[] = { "ERROR", "DQBUF", "EVENT" };

	return NAME_OF(names, type);
}

const char *vmedia_buf_type_name(uint32_t type)
{
	static const char *const names[] = {
		NULL,
		"VIDEO_CAPTURE",
		"VIDEO_OUTPUT",
		"VIDEO_OVERLAY",
		"VBI_CAPTURE",
		"VBI_OUTPUT",
		"SLICED_VBI_CAPTURE",
		"SLICED_VBI_OUTPUT",
		"VIDEO_OUTPUT_OVERLAY",
		"VIDEO_CAPTURE_MPLANE",
		"VIDEO_OUTPUT_MPLANE",
		"SDR_CAPTURE",
		"SDR_OUTPUT",
		"META_CAPTURE",
		"META_OUTPUT",
	};

	return NAME_OF(names, type);
}

const char *vmedia_memory_name(uint32_t memory)
{
	static const char *const names[] = { NULL, "MMAP", "SHARED_PAGES", "OVERLAY", "OBJECT" };

	return NAME_OF(names, memory);
}
