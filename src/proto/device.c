/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only */
/*
 * Device end: decode commands, encode answers.
 *
 * Security model: the guest that sent the command is hostile. The command was copied once into
 * private memory. The cursor stops reads beyond its end. Counts (planes, controls, EDID blocks, SG
 * entries) are compared with their limits before any loop uses them. A decoded command is
 * well-formed, but its types, indexes and values are not checked; the device does that. The shape
 * of an answer (how many planes, controls and so on) comes from the decoded question, because the
 * device may have changed the structure since.
 */
#include "proto/message.h"

static int decode_planes(struct vmedia_cmd *cmd, struct vmedia_rd *rd)
{
	struct vmedia_ioctl *io = &cmd->io;
	const struct vmedia_buffer *b = &io->arg.buffer;
	const struct vmedia_layout *layout = vmedia_plane_layout(b->memory);
	const uint8_t *p;
	uint32_t i;

	if (!vmedia_buf_type_is_multiplanar(b->type))
		return 0;
	if (b->length > VMEDIA_MAX_PLANES)
		return vmedia_refuse(&cmd->why, -EINVAL, "more planes than V4L2 has", b->length,
				     VMEDIA_MAX_PLANES);
	for (i = 0; i < b->length; i++) {
		p = vmedia_rd_take(rd, sizeof(struct vmedia_plane));
		if (!p)
			return vmedia_refuse(&cmd->why, -EINVAL,
					     "command ends before its planes do", i, b->length);
		vmedia_layout_get(layout, &io->planes[i], p);
	}
	io->num_planes = b->length;
	return 0;
}

/*
 * Decode the memory of each plane: an SG list or a UUID. QUERYBUF has neither in its question; the
 * device already knows the memory.
 */
static int decode_buffer(struct vmedia_cmd *cmd, struct vmedia_rd *rd)
{
	struct vmedia_ioctl *io = &cmd->io;
	uint32_t budget = VMEDIA_MAX_SG_ENTRIES;
	uint32_t i, n;
	const uint8_t *p;
	int err;

	err = decode_planes(cmd, rd);
	if (err)
		return err;
	io->asked = vmedia_shape(io);
	n = vmedia_num_memories(&io->arg.buffer);
	for (i = 0; vmedia_has_plane_sg(io) && i < n; i++) {
		err = vmedia_sg_take(rd, vmedia_memory_size(io, i), &io->plane_sg[i], &budget,
				     &cmd->why);
		if (err)
			return err;
	}
	if (!io->asked.num_uuids)
		return 0;
	p = vmedia_rd_take(rd, (size_t)io->asked.num_uuids * VMEDIA_UUID_SIZE);
	if (!p && io->info->nr != VMEDIA_NR_QUERYBUF)
		return vmedia_refuse(&cmd->why, -EINVAL, "command ends before its UUIDs do",
				     rd->left, (uint64_t)io->asked.num_uuids * VMEDIA_UUID_SIZE);
	if (p)
		memcpy(io->uuid, p, (size_t)io->asked.num_uuids * VMEDIA_UUID_SIZE);
	else
		io->asked.num_uuids = 0;	/* whoever sends none has no room for any */
	return 0;
}

static int decode_ctrls(struct vmedia_cmd *cmd, struct vmedia_rd *rd)
{
	struct vmedia_ioctl *io = &cmd->io;
	uint32_t budget = VMEDIA_MAX_SG_ENTRIES;
	uint32_t i, count = io->arg.ext_controls.count;
	const uint8_t *p;

	io->asked = vmedia_shape(io);
	if (count > VMEDIA_MAX_CTRLS)
		return vmedia_refuse(&cmd->why, -E2BIG, "more controls than allowed", count,
				     VMEDIA_MAX_CTRLS);
	if (count > io->max_ctrls)
		return vmedia_refuse(&cmd->why, -E2BIG, "more controls than there is room for",
				     count, io->max_ctrls);
	for (i = 0; i < count; i++) {
		p = vmedia_rd_take(rd, sizeof(struct vmedia_ext_control));
		if (!p)
			return vmedia_refuse(&cmd->why, -EINVAL,
					     "command ends before its controls do", i, count);
		vmedia_layout_get(&vmedia_layout_ext_control, &io->ctrls[i], p);
	}
	for (i = 0; i < count; i++) {
		struct vmedia_sg sg = { 0 };
		int err = 0;

		if (io->ctrls[i].size)
			err = vmedia_sg_take(rd, io->ctrls[i].size, &sg, &budget, &cmd->why);
		if (err)
			return err;
		if (io->ctrl_sg)
			io->ctrl_sg[i] = sg;
	}
	return 0;
}

static int decode_edid(struct vmedia_cmd *cmd, struct vmedia_rd *rd)
{
	struct vmedia_ioctl *io = &cmd->io;
	uint32_t blocks = io->arg.edid.blocks;
	const uint8_t *p;

	io->asked = vmedia_shape(io);
	if (blocks > VMEDIA_MAX_EDID_BLOCKS)
		return vmedia_refuse(&cmd->why, -E2BIG, "more EDID blocks than allowed", blocks,
				     VMEDIA_MAX_EDID_BLOCKS);
	if (blocks > io->max_edid_blocks)
		return vmedia_refuse(&cmd->why, -E2BIG, "more EDID blocks than there is room for",
				     blocks, io->max_edid_blocks);
	if (!blocks)
		return 0;
	p = vmedia_rd_take(rd, (size_t)blocks * 128);
	if (p)
		memcpy(io->edid, p, (size_t)blocks * 128);
	else if (io->info->nr == VMEDIA_NR_G_EDID)
		memset(io->edid, 0, (size_t)blocks * 128);
	else
		return vmedia_refuse(&cmd->why, -EINVAL, "command ends before its EDID does",
				     rd->left, (uint64_t)blocks * 128);
	return 0;
}

static int decode_following(struct vmedia_cmd *cmd, struct vmedia_rd *rd)
{
	struct vmedia_ioctl *io = &cmd->io;
	const uint8_t *p;
	size_t n;

	switch (io->info->follow) {
	case VMEDIA_FOLLOW_PLANES:
		n = vmedia_buf_type_is_multiplanar(io->arg.buffer.type) ? VMEDIA_MAX_PLANES : 1;
		memset(io->planes, 0, n * sizeof(io->planes[0]));
		memset(io->plane_sg, 0, n * sizeof(io->plane_sg[0]));
		memset(io->uuid, 0, n * sizeof(io->uuid[0]));
		return decode_buffer(cmd, rd);
	case VMEDIA_FOLLOW_CTRLS:
		return decode_ctrls(cmd, rd);
	case VMEDIA_FOLLOW_EDID:
		return decode_edid(cmd, rd);
	case VMEDIA_FOLLOW_UUID:
		io->asked = vmedia_shape(io);
		memset(io->uuid, 0, sizeof(io->uuid));
		p = vmedia_rd_take(rd, VMEDIA_UUID_SIZE);
		if (p)
			memcpy(io->uuid[0], p, VMEDIA_UUID_SIZE);
		return 0;
	}
	io->asked = vmedia_shape(io);
	return 0;
}

static int decode_ioctl(struct vmedia_cmd *cmd, struct vmedia_rd *rd)
{
	struct vmedia_ioctl *io = &cmd->io;
	const struct vmedia_ioctl_info *info = vmedia_ioctl_info(cmd->code);
	const uint8_t *p;
	int err;

	if (!info)
		return vmedia_refuse(&cmd->why, -ENOTTY, "unknown ioctl", cmd->code,
				     VMEDIA_NR_END - 1);
	if (!(info->flags & VMEDIA_IOCTL_CARRIED))
		return vmedia_refuse(&cmd->why, -ENOTTY, "ioctl that virtio-media does not carry",
				     cmd->code, 0);
	io->info = info;
	memset(&io->arg, 0, info->size);
	if (info->dir & VMEDIA_DIR_W) {
		size_t left = rd->left;

		p = vmedia_rd_take(rd, info->size);
		if (!p) {
			io->info = NULL;
			return vmedia_refuse(&cmd->why, -EINVAL,
					     "payload shorter than its structure", left,
					     info->size);
		}
		vmedia_layout_get(info->layout, &io->arg, p);
	}
	err = decode_following(cmd, rd);
	if (err)
		io->info = NULL;
	return err;
}

int vmedia_cmd_decode(struct vmedia_cmd *cmd, const void *buf, size_t len)
{
	struct vmedia_rd rd = vmedia_rd_init(buf, len);
	struct vmedia_ioctl *io = &cmd->io;

	cmd->session_id = cmd->code = cmd->mmap_flags = cmd->mmap_offset = 0;
	cmd->driver_addr = cmd->mmap_len = 0;
	io->info = NULL;
	io->num_planes = 0;
	io->sg_apart = false;
	memset(&io->asked, 0, sizeof(io->asked));
	memset(&cmd->why, 0, sizeof(cmd->why));

	cmd->type = vmedia_rd_le32(&rd);
	vmedia_rd_le32(&rd);
	switch (cmd->type) {
	case VMEDIA_CMD_OPEN:
		break;
	case VMEDIA_CMD_CLOSE:
		cmd->session_id = vmedia_rd_le32(&rd);
		vmedia_rd_le32(&rd);
		break;
	case VMEDIA_CMD_IOCTL:
		cmd->session_id = vmedia_rd_le32(&rd);
		cmd->code = vmedia_rd_le32(&rd);
		break;
	case VMEDIA_CMD_MMAP:
		cmd->session_id = vmedia_rd_le32(&rd);
		cmd->mmap_flags = vmedia_rd_le32(&rd);
		cmd->mmap_offset = vmedia_rd_le32(&rd);
		break;
	case VMEDIA_CMD_MUNMAP:
		cmd->driver_addr = vmedia_rd_le64(&rd);
		break;
	default:
		if (!rd.bad)
			return vmedia_refuse(&cmd->why, -ENOTTY, "unknown command", cmd->type,
					     VMEDIA_CMD_MUNMAP);
	}
	if (rd.bad)
		return vmedia_refuse(&cmd->why, -EINVAL, "command shorter than its type needs", len,
				     cmd->type);
	return cmd->type == VMEDIA_CMD_IOCTL ? decode_ioctl(cmd, &rd) : 0;
}

/* Restore the driver's pointer, or EXPBUF's fd, in case the device changed it. */
static void restore_pointer(const struct vmedia_ioctl_info *info, const struct vmedia_asked *shape,
			    uint8_t *arg)
{
	if (!shape->restore)
		return;
	switch (info->follow) {
	case VMEDIA_FOLLOW_PLANES:
		vmedia_store64(arg + offsetof(struct vmedia_buffer, m), shape->pointer);
		break;
	case VMEDIA_FOLLOW_CTRLS:
		vmedia_store64(arg + offsetof(struct vmedia_ext_controls, controls),
			       shape->pointer);
		break;
	case VMEDIA_FOLLOW_EDID:
		vmedia_store64(arg + offsetof(struct vmedia_edid, edid), shape->pointer);
		break;
	case VMEDIA_FOLLOW_UUID:
		vmedia_store32(arg + offsetof(struct vmedia_exportbuffer, fd),
			       (uint32_t)shape->pointer);
		break;
	}
}

static void encode_payload(const struct vmedia_ioctl *io, struct vmedia_wr *wr)
{
	struct vmedia_asked shape = vmedia_shape(io);
	uint8_t *p = vmedia_wr_room(wr, io->info->size);
	uint32_t i;

	if (!p)
		return;
	vmedia_layout_put(io->info->layout, p, &io->arg);
	restore_pointer(io->info, &shape, p);
	for (i = 0; i < shape.num_planes; i++) {
		p = vmedia_wr_room(wr, sizeof(struct vmedia_plane));
		if (p)
			vmedia_layout_put(vmedia_plane_layout(io->arg.buffer.memory), p,
					  &io->planes[i]);
	}
	for (i = 0; i < shape.num_ctrls; i++) {
		p = vmedia_wr_room(wr, sizeof(struct vmedia_ext_control));
		if (p)
			vmedia_layout_put(&vmedia_layout_ext_control, p, &io->ctrls[i]);
	}
	if (shape.num_uuids)
		vmedia_wr_bytes(wr, io->uuid, (size_t)shape.num_uuids * VMEDIA_UUID_SIZE);
	if (shape.edid_blocks)
		vmedia_wr_bytes(wr, io->edid, (size_t)shape.edid_blocks * 128);
}

/* True if the answer holds more than the header. */
static bool answer_has_body(const struct vmedia_cmd *cmd, int err, size_t cap)
{
	const struct vmedia_ioctl_info *info = cmd->io.info;

	if (cmd->type != VMEDIA_CMD_IOCTL)
		return !err;
	if (!info || !(info->dir & VMEDIA_DIR_R))
		return false;
	return !err || ((info->flags & VMEDIA_IOCTL_ERR_PAYLOAD) && cap >= vmedia_resp_size(cmd));
}

int vmedia_resp_encode(const struct vmedia_cmd *cmd, int err, void *buf, size_t cap)
{
	struct vmedia_wr wr = vmedia_wr_init(buf, cap);
	bool body = answer_has_body(cmd, err, cap);

	if (cmd->type == VMEDIA_CMD_CLOSE)
		return 0;
	if (cap < (body ? vmedia_resp_size(cmd) : VMEDIA_RESP_HDR_SIZE))
		return -ENOSPC;
	if (err > 0 || err < -VMEDIA_MAX_ERRNO)
		err = -EIO;
	vmedia_wr_le32(&wr, (uint32_t)-err);
	vmedia_wr_le32(&wr, 0);
	if (!body)
		return (int)wr.done;
	switch (cmd->type) {
	case VMEDIA_CMD_OPEN:
		vmedia_wr_le32(&wr, cmd->session_id);
		vmedia_wr_le32(&wr, 0);
		break;
	case VMEDIA_CMD_MMAP:
		vmedia_wr_le64(&wr, cmd->driver_addr);
		vmedia_wr_le64(&wr, cmd->mmap_len);
		break;
	case VMEDIA_CMD_IOCTL:
		encode_payload(&cmd->io, &wr);
		break;
	}
	return (int)wr.done;
}
