/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Access units of a byte stream that comes in packets.
 *
 * Context: send(), receive(), drain(), reset() and close() of <vmedia/codec.h>.
 */
#ifndef VMEDIA_DEVICES_LIBAV_SPLIT_H
#define VMEDIA_DEVICES_LIBAV_SPLIT_H

#include "libav.h"

struct vmedia_libav_split;

struct vmedia_libav_unit {
	const uint8_t *data;
	size_t size;
	uint64_t tag;			/* of the packet in which the unit begins */
};

/* Returns 0 or -ENOMEM. For codecs without byte streams each packet is a unit. */
int vmedia_libav_split_create(enum AVCodecID id, struct vmedia_libav_split **out);
void vmedia_libav_split_destroy(struct vmedia_libav_split *s);
/* Add a packet, after all units of the last one were taken. Its data is used until then. */
void vmedia_libav_split_add(struct vmedia_libav_split *s, const struct vmedia_codec_packet *p);
/* What was added until now ends the stream. */
void vmedia_libav_split_end(struct vmedia_libav_split *s);
/* Take the next unit. False: a packet is needed. The data is valid until the next call. */
bool vmedia_libav_split_next(struct vmedia_libav_split *s, struct vmedia_libav_unit *unit);
/* The number of bytes that wait for the end of their unit. */
size_t vmedia_libav_split_held(const struct vmedia_libav_split *s);
/* Forget what was added (a seek). Returns 0 or -ENOMEM. */
int vmedia_libav_split_reset(struct vmedia_libav_split *s);

#endif /* VMEDIA_DEVICES_LIBAV_SPLIT_H */
