/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only */
/*
 * Functions that both ends of a command use inside src/proto: SG lists, the shape of an answer, and
 * refusal with a reason.
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
 * Take SG entries from @rd until they cover @size bytes exactly. @budget is how many of
 * VMEDIA_MAX_SG_ENTRIES are left for the command.
 * Returns 0; -EINVAL if the list ends early, covers more than @size, or has an empty or wrapping
 * entry; -E2BIG if the budget is used up.
 */
int vmedia_sg_take(struct vmedia_rd *rd, uint64_t size, struct vmedia_sg *sg, uint32_t *budget,
		   struct vmedia_why *why);

/*
 * The shape of the question: what followed its structure. Taken from io->asked if that is known,
 * else from the structure itself.
 */
struct vmedia_asked vmedia_shape(const struct vmedia_ioctl *io);
/* Bytes that planes, UUIDs, controls and EDID blocks of this shape take in an answer. */
size_t vmedia_shape_size(const struct vmedia_asked *shape);
/* True if SG lists of the buffer follow in this question. */
bool vmedia_has_plane_sg(const struct vmedia_ioctl *io);
/* The number of SG lists or UUIDs: one for each plane, one for a single-planar buffer. */
static inline uint32_t vmedia_num_memories(const struct vmedia_buffer *b)
{
	return vmedia_buf_type_is_multiplanar(b->type) ? b->length : 1;
}

/* The bytes that the SG list of the buffer's memory @i must cover. */
static inline uint32_t vmedia_memory_size(const struct vmedia_ioctl *io, uint32_t i)
{
	return vmedia_buf_type_is_multiplanar(io->arg.buffer.type) ? io->planes[i].length
								   : io->arg.buffer.length;
}

/*
 * check.c: check that the payload at @w, in wire order, fits the question in @cmd. @err is the
 * answer's positive errno or 0. @shape says what follows the structure in this answer. Returns 0,
 * or -EIO with cmd->why set. Changes nothing else.
 */
int vmedia_check_answer(struct vmedia_cmd *cmd, const uint8_t *w, const struct vmedia_asked *shape,
			uint32_t err);

#endif /* VMEDIA_PROTO_MESSAGE_H */
