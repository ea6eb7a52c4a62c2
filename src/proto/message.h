/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only */
/*
 * What the two ends of a command share inside src/proto: SG lists, the shape of answers, refusing
 * with a reason.
 */
#ifndef VMEDIA_PROTO_MESSAGE_H
#define VMEDIA_PROTO_MESSAGE_H

#include "proto/cursor.h"
#include "proto/layout.h"

/* Note why, and return @err. */
static inline int vmedia_refuse(struct vmedia_why *why, int err, const char *what, uint64_t got,
				uint64_t limit)
{
	why->what = what;
	why->got = got;
	why->limit = limit;
	return err;
}

/*
 * Take as many SG entries off @rd as cover @size bytes exactly; @budget is what is left of
 * VMEDIA_MAX_SG_ENTRIES.
 * Returns 0; -EINVAL for a list that ends early, covers more, or has an empty or wrapping entry;
 * -E2BIG.
 */
int vmedia_sg_take(struct vmedia_rd *rd, uint64_t size, struct vmedia_sg *sg, uint32_t *budget,
		   struct vmedia_why *why);

/*
 * What follows the structure, as the question had it: from io->asked if known, else from the
 * structure itself.
 */
struct vmedia_asked vmedia_shape(const struct vmedia_ioctl *io);
/* Bytes of it in an answer: planes, UUIDs, controls, EDID blocks. */
size_t vmedia_shape_size(const struct vmedia_asked *shape);
/* True if SG lists of buffers follow in this question. */
bool vmedia_has_plane_sg(const struct vmedia_ioctl *io);
/* The number of lists and UUIDs: one a plane, or one for a single-planar buffer. */
static inline uint32_t vmedia_num_memories(const struct vmedia_buffer *b)
{
	return vmedia_buf_type_is_multiplanar(b->type) ? b->length : 1;
}

/* The bytes that memory @i of the buffer takes in an SG list. */
static inline uint32_t vmedia_memory_size(const struct vmedia_ioctl *io, uint32_t i)
{
	return vmedia_buf_type_is_multiplanar(io->arg.buffer.type) ? io->planes[i].length
								   : io->arg.buffer.length;
}

/*
 * check.c: does the payload at @w, still in wire order, answer the question in @cmd? @err is the
 * answer's positive errno or 0; @shape what follows the structure in this answer. Returns 0 or -EIO
 * with cmd->why set; changes no more.
 */
int vmedia_check_answer(struct vmedia_cmd *cmd, const uint8_t *w, const struct vmedia_asked *shape,
			uint32_t err);

#endif /* VMEDIA_PROTO_MESSAGE_H */
