/* SPDX-License-Identifier: BSD-3-Clause */
/* Short streams, made when the target begins, that inputs take packets from. */
#ifndef FUZZ_DECODER_STREAMS_H
#define FUZZ_DECODER_STREAMS_H

#include <stddef.h>
#include <stdint.h>

#define FD_STREAMS 12
#define FD_PACKETS 16

struct fd_stream {
	uint32_t pixelformat;		/* of V4L2 */
	unsigned int num;
	struct {
		uint8_t *data;
		size_t size;
	} packets[FD_PACKETS];
};

/* Those that this libavcodec has encoders for. */
extern struct fd_stream fd_streams[FD_STREAMS];
extern unsigned int fd_num_streams;
void fd_make_streams(void);

#endif
