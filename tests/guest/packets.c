// SPDX-License-Identifier: BSD-3-Clause
/*
 * Splits a coded stream into packets for v4l2-compliance --stream-from-hdr: before each its magic
 * number and its size, big-endian.
 * usage: guest-packets STREAM OUT
 */
#include <arpa/inet.h>
#include <libavformat/avformat.h>
#include <stdio.h>

#define MAGIC 0x72646856u	/* v4l2_fourcc('V', 'h', 'd', 'r') */

static int copy(AVFormatContext *demuxer, FILE *out)
{
	AVPacket *p = av_packet_alloc();
	int n = 0;

	if (!p)
		return 0;
	while (av_read_frame(demuxer, p) >= 0) {
		uint32_t head[2] = { htonl(MAGIC), htonl((uint32_t)p->size) };

		if (fwrite(head, sizeof(head), 1, out) != 1 ||
		    fwrite(p->data, (size_t)p->size, 1, out) != 1)
			break;
		n++;
		av_packet_unref(p);
	}
	av_packet_free(&p);
	return n;
}

int main(int argc, char **argv)
{
	AVFormatContext *demuxer = NULL;
	FILE *out;
	int n;

	if (argc != 3) {
		fprintf(stderr, "usage: guest-packets STREAM OUT\n");
		return 2;
	}
	if (avformat_open_input(&demuxer, argv[1], NULL, NULL) ||
	    avformat_find_stream_info(demuxer, NULL) < 0) {
		fprintf(stderr, "%s: libavformat finds no stream\n", argv[1]);
		return 1;
	}
	out = fopen(argv[2], "wb");
	n = out ? copy(demuxer, out) : 0;
	avformat_close_input(&demuxer);
	if (!out || fclose(out) || !n) {
		fprintf(stderr, "%s: no packets could be written\n", argv[2]);
		return 1;
	}
	printf("%d packets\n", n);
	return 0;
}
