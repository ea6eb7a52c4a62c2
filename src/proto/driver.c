/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only */
/*
 * Driver end: encode commands, decode answers.
 *
 * Security model: the device that sent the answer is hostile. The status is read once and must be
 * an errno. A successful answer must be long enough for all that it must hold. check.c then
 * compares the answer, still in wire order, with the question. Only an answer that fits is
 * converted into the caller's structures. With an error, only those structures are read that V4L2
 * updates on errors.
 */
#include "proto/message.h"

/* ---- Questions ---- */

/* True if @sg covers @size bytes exactly and fits into what is left of the command's entries. */
static bool sg_covers(const struct vmedia_sg *sg, uint64_t size, uint32_t *budget)
{
	struct vmedia_rd rd = vmedia_rd_init(sg->raw, (size_t)sg->count * VMEDIA_SG_ENTRY_SIZE);
	struct vmedia_why why;
	struct vmedia_sg seen;

	if (sg->count && !sg->raw)
		return false;
	return !vmedia_sg_take(&rd, size, &seen, budget, &why) && seen.count == sg->count;
}

static bool question_of_buffer(const struct vmedia_ioctl *io, size_t *extra)
{
	const struct vmedia_buffer *b = &io->arg.buffer;
	uint32_t budget = VMEDIA_MAX_SG_ENTRIES;
	uint32_t i;

	if (vmedia_buf_type_is_multiplanar(b->type)) {
		if (b->length > VMEDIA_MAX_PLANES || io->num_planes != b->length)
			return false;
	} else if (io->num_planes) {
		return false;
	}
	for (i = 0; vmedia_has_plane_sg(io) && i < vmedia_num_memories(b); i++) {
		if (!sg_covers(&io->plane_sg[i], vmedia_memory_size(io, i), &budget))
			return false;
		*extra += (size_t)io->plane_sg[i].count * VMEDIA_SG_ENTRY_SIZE;
	}
	return true;
}

static bool question_of_ctrls(const struct vmedia_ioctl *io, size_t *extra)
{
	uint32_t i, count = io->arg.ext_controls.count;
	uint32_t budget = VMEDIA_MAX_SG_ENTRIES;

	if (count > VMEDIA_MAX_CTRLS || count > io->max_ctrls || (count && !io->ctrls))
		return false;
	for (i = 0; i < count; i++) {
		if (!io->ctrls[i].size)
			continue;
		if (!io->ctrl_sg || !sg_covers(&io->ctrl_sg[i], io->ctrls[i].size, &budget))
			return false;
		*extra += (size_t)io->ctrl_sg[i].count * VMEDIA_SG_ENTRY_SIZE;
	}
	return true;
}

/* Check that a device could accept this question. @extra receives the bytes of its SG lists. */
static bool question_ok(const struct vmedia_ioctl *io, size_t *extra)
{
	uint32_t blocks;

	switch (io->info->follow) {
	case VMEDIA_FOLLOW_PLANES:
		return question_of_buffer(io, extra);
	case VMEDIA_FOLLOW_CTRLS:
		return question_of_ctrls(io, extra);
	case VMEDIA_FOLLOW_EDID:
		blocks = io->arg.edid.blocks;
		return blocks <= VMEDIA_MAX_EDID_BLOCKS && blocks <= io->max_edid_blocks &&
		       (!blocks || io->edid);
	}
	return true;
}

/* Bytes of the question, or negative errno. */
static int question_size(const struct vmedia_cmd *cmd)
{
	const struct vmedia_ioctl *io = &cmd->io;
	struct vmedia_asked shape;
	size_t extra = 0;

	switch (cmd->type) {
	case VMEDIA_CMD_OPEN:
		return VMEDIA_CMD_OPEN_SIZE;
	case VMEDIA_CMD_CLOSE:
		return VMEDIA_CMD_CLOSE_SIZE;
	case VMEDIA_CMD_MMAP:
		return VMEDIA_CMD_MMAP_SIZE;
	case VMEDIA_CMD_MUNMAP:
		return VMEDIA_CMD_MUNMAP_SIZE;
	case VMEDIA_CMD_IOCTL:
		break;
	default:
		return -EINVAL;
	}
	if (!io->info)
		return -EINVAL;
	if (!(io->info->flags & VMEDIA_IOCTL_CARRIED))
		return -ENOTTY;
	if (!question_ok(io, &extra))
		return -EINVAL;
	if (!(io->info->dir & VMEDIA_DIR_W))
		return VMEDIA_CMD_IOCTL_SIZE;
	shape = vmedia_shape(io);
	return (int)(VMEDIA_CMD_IOCTL_SIZE + io->info->size + vmedia_shape_size(&shape) + extra);
}

size_t vmedia_cmd_size(const struct vmedia_cmd *cmd)
{
	int size = question_size(cmd);

	return size < 0 ? 0 : (size_t)size;
}

static void encode_sg(struct vmedia_wr *wr, const struct vmedia_sg *sg)
{
	vmedia_wr_bytes(wr, sg->raw, (size_t)sg->count * VMEDIA_SG_ENTRY_SIZE);
}

static void encode_buffer(const struct vmedia_ioctl *io, const struct vmedia_asked *shape,
			  struct vmedia_wr *wr)
{
	uint32_t i;
	uint8_t *p;

	for (i = 0; i < shape->num_planes; i++) {
		p = vmedia_wr_room(wr, sizeof(struct vmedia_plane));
		if (p)
			vmedia_layout_put(vmedia_plane_layout(io->arg.buffer.memory), p,
					  &io->planes[i]);
	}
	for (i = 0; vmedia_has_plane_sg(io) && i < vmedia_num_memories(&io->arg.buffer); i++)
		encode_sg(wr, &io->plane_sg[i]);
	if (shape->num_uuids)
		vmedia_wr_bytes(wr, io->uuid, (size_t)shape->num_uuids * VMEDIA_UUID_SIZE);
}

static void encode_ctrls(const struct vmedia_ioctl *io, struct vmedia_wr *wr)
{
	uint32_t i;
	uint8_t *p;

	for (i = 0; i < io->arg.ext_controls.count; i++) {
		p = vmedia_wr_room(wr, sizeof(struct vmedia_ext_control));
		if (p)
			vmedia_layout_put(&vmedia_layout_ext_control, p, &io->ctrls[i]);
	}
	for (i = 0; i < io->arg.ext_controls.count; i++)
		if (io->ctrls[i].size)
			encode_sg(wr, &io->ctrl_sg[i]);
}

static void encode_ioctl(const struct vmedia_ioctl *io, struct vmedia_wr *wr)
{
	struct vmedia_asked shape = vmedia_shape(io);
	uint8_t *p;

	if (!(io->info->dir & VMEDIA_DIR_W))
		return;
	p = vmedia_wr_room(wr, io->info->size);
	if (p)
		vmedia_layout_put(io->info->layout, p, &io->arg);
	switch (io->info->follow) {
	case VMEDIA_FOLLOW_PLANES:
		encode_buffer(io, &shape, wr);
		break;
	case VMEDIA_FOLLOW_CTRLS:
		encode_ctrls(io, wr);
		break;
	case VMEDIA_FOLLOW_UUID:
		vmedia_wr_bytes(wr, io->uuid, VMEDIA_UUID_SIZE);
		break;
	case VMEDIA_FOLLOW_EDID:
		vmedia_wr_bytes(wr, io->edid, (size_t)shape.edid_blocks * 128);
		break;
	}
}

int vmedia_cmd_encode(const struct vmedia_cmd *cmd, void *buf, size_t cap)
{
	struct vmedia_wr wr = vmedia_wr_init(buf, cap);
	int size = question_size(cmd);

	if (size < 0)
		return size;
	if (cap < (size_t)size)
		return -ENOSPC;
	vmedia_wr_le32(&wr, cmd->type);
	vmedia_wr_le32(&wr, 0);
	switch (cmd->type) {
	case VMEDIA_CMD_CLOSE:
		vmedia_wr_le32(&wr, cmd->session_id);
		vmedia_wr_le32(&wr, 0);
		break;
	case VMEDIA_CMD_IOCTL:
		vmedia_wr_le32(&wr, cmd->session_id);
		vmedia_wr_le32(&wr, cmd->io.info->nr);
		encode_ioctl(&cmd->io, &wr);
		break;
	case VMEDIA_CMD_MMAP:
		vmedia_wr_le32(&wr, cmd->session_id);
		vmedia_wr_le32(&wr, cmd->mmap_flags);
		vmedia_wr_le32(&wr, cmd->mmap_offset);
		break;
	case VMEDIA_CMD_MUNMAP:
		vmedia_wr_le64(&wr, cmd->driver_addr);
		break;
	}
	return size;
}

/* ---- Answers ---- */

/*
 * The shape of this answer. It normally equals the question's. A device may also write fewer planes
 * or EDID blocks than asked for, if the structure in its answer says so. An answer with an error
 * may lack the array or the blocks.
 */
static int answer_shape(struct vmedia_cmd *cmd, struct vmedia_rd *rd, uint32_t err,
			struct vmedia_asked *shape)
{
	const struct vmedia_ioctl_info *info = cmd->io.info;
	uint32_t n;

	if (rd->left < info->size)
		return vmedia_refuse(&cmd->why, -EIO, "answer shorter than its structure", rd->left,
				     info->size);
	*shape = vmedia_shape(&cmd->io);
	if (rd->left >= info->size + vmedia_shape_size(shape))
		return 0;
	switch (info->follow) {
	case VMEDIA_FOLLOW_PLANES:
		n = vmedia_load32(rd->p + offsetof(struct vmedia_buffer, length));
		if (n < shape->num_planes) {
			shape->num_uuids = shape->num_uuids ? n : 0;
			shape->num_planes = n;
		}
		break;
	case VMEDIA_FOLLOW_EDID:
		n = err ? 0 : vmedia_load32(rd->p + offsetof(struct vmedia_edid, blocks));
		if (n < shape->edid_blocks)
			shape->edid_blocks = n;
		break;
	case VMEDIA_FOLLOW_CTRLS:
		if (err)
			shape->num_ctrls = 0;
		break;
	}
	if (rd->left < info->size + vmedia_shape_size(shape))
		return vmedia_refuse(&cmd->why, -EIO,
				     "answer ends before what follows its structure", rd->left,
				     info->size + vmedia_shape_size(shape));
	return 0;
}

static void take_following(struct vmedia_ioctl *io, struct vmedia_rd *rd,
			   const struct vmedia_asked *shape)
{
	const struct vmedia_layout *plane = vmedia_plane_layout(io->arg.buffer.memory);
	const uint8_t *p;
	uint32_t i;

	for (i = 0; i < shape->num_planes; i++) {
		p = vmedia_rd_take(rd, sizeof(struct vmedia_plane));
		if (p)
			vmedia_layout_get(plane, &io->planes[i], p);
	}
	for (i = 0; i < shape->num_ctrls; i++) {
		p = vmedia_rd_take(rd, sizeof(struct vmedia_ext_control));
		if (p)
			vmedia_layout_get(&vmedia_layout_ext_control, &io->ctrls[i], p);
	}
	p = vmedia_rd_take(rd, (size_t)shape->num_uuids * VMEDIA_UUID_SIZE);
	if (p && shape->num_uuids)
		memcpy(io->uuid, p, (size_t)shape->num_uuids * VMEDIA_UUID_SIZE);
	p = vmedia_rd_take(rd, (size_t)shape->edid_blocks * 128);
	if (p && shape->edid_blocks)
		memcpy(io->edid, p, (size_t)shape->edid_blocks * 128);
}

static int decode_payload(struct vmedia_cmd *cmd, struct vmedia_rd *rd, uint32_t err)
{
	struct vmedia_ioctl *io = &cmd->io;
	struct vmedia_asked shape;
	const uint8_t *p;
	int ret;

	ret = answer_shape(cmd, rd, err, &shape);
	if (!ret)
		ret = vmedia_check_answer(cmd, rd->p, &shape, err);
	if (ret)
		return ret;
	p = vmedia_rd_take(rd, io->info->size);
	vmedia_layout_get(io->info->layout, &io->arg, p);
	vmedia_layout_terminate(io->info->layout, &io->arg);
	take_following(io, rd, &shape);
	/* A device need not write error_idx when nothing failed. */
	if (io->info->follow == VMEDIA_FOLLOW_CTRLS && !err &&
	    io->arg.ext_controls.error_idx > shape.num_ctrls)
		io->arg.ext_controls.error_idx = shape.num_ctrls;
	if (io->num_planes)
		io->num_planes = io->arg.buffer.length;
	return 0;
}

/* The structure of an answer with an error is read if V4L2 defines it and the device wrote it. */
static int decode_error(struct vmedia_cmd *cmd, struct vmedia_rd *rd, uint32_t err)
{
	const struct vmedia_ioctl_info *info = cmd->io.info;
	int ret = 0;

	if (cmd->type == VMEDIA_CMD_IOCTL && (info->flags & VMEDIA_IOCTL_ERR_PAYLOAD) &&
	    rd->left >= info->size)
		ret = decode_payload(cmd, rd, err);
	return ret ? ret : -(int)err;
}

static int decode_mapping(struct vmedia_cmd *cmd, struct vmedia_rd *rd)
{
	uint64_t addr = vmedia_rd_le64(rd), len = vmedia_rd_le64(rd);

	if (rd->bad)
		return vmedia_refuse(&cmd->why, -EIO, "answer to MMAP shorter than 24 bytes",
				     VMEDIA_RESP_HDR_SIZE + rd->left, VMEDIA_RESP_MMAP_SIZE);
	if (!len)
		return vmedia_refuse(&cmd->why, -EIO, "mapping of zero bytes at", addr, 0);
	if (addr + len < addr)
		return vmedia_refuse(&cmd->why, -EIO, "mapping wraps round the address space", addr,
				     len);
	cmd->driver_addr = addr;
	cmd->mmap_len = len;
	return 0;
}

static int decode_session(struct vmedia_cmd *cmd, struct vmedia_rd *rd)
{
	uint32_t id = vmedia_rd_le32(rd);

	vmedia_rd_le32(rd);
	if (rd->bad)
		return vmedia_refuse(&cmd->why, -EIO, "answer to OPEN shorter than 16 bytes",
				     VMEDIA_RESP_HDR_SIZE + rd->left, VMEDIA_RESP_OPEN_SIZE);
	cmd->session_id = id;
	return 0;
}

int vmedia_resp_decode(struct vmedia_cmd *cmd, const void *buf, size_t len)
{
	struct vmedia_rd rd = vmedia_rd_init(buf, len);
	uint32_t status;

	memset(&cmd->why, 0, sizeof(cmd->why));
	if (cmd->type == VMEDIA_CMD_CLOSE)
		return 0;
	status = vmedia_rd_le32(&rd);
	vmedia_rd_le32(&rd);
	if (rd.bad)
		return vmedia_refuse(&cmd->why, -EIO, "answer shorter than its header", len,
				     VMEDIA_RESP_HDR_SIZE);
	if (status > VMEDIA_MAX_ERRNO)
		return vmedia_refuse(&cmd->why, -EIO, "status that is no errno", status,
				     VMEDIA_MAX_ERRNO);
	if (cmd->type == VMEDIA_CMD_IOCTL && !cmd->io.info)
		return vmedia_refuse(&cmd->why, -EIO, "answer to an ioctl that was not asked",
				     cmd->code, 0);
	if (status)
		return decode_error(cmd, &rd, status);
	switch (cmd->type) {
	case VMEDIA_CMD_OPEN:
		return decode_session(cmd, &rd);
	case VMEDIA_CMD_MMAP:
		return decode_mapping(cmd, &rd);
	case VMEDIA_CMD_IOCTL:
		return cmd->io.info->dir & VMEDIA_DIR_R ? decode_payload(cmd, &rd, 0) : 0;
	}
	return 0;
}
