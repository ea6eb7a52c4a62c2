// SPDX-License-Identifier: BSD-3-Clause
/*
 * Clips for the tests of the file source.
 */
#include "clips.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libavformat/avformat.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>

#include "eye.h"

static char dir[64];

void clips_init(void)
{
	snprintf(dir, sizeof(dir), "camera-clips-XXXXXX");
	assert_non_null(mkdtemp(dir));
}

void clips_fini(void)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char path[512];

	while (d && (e = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (e->d_name[0] != '.')
			unlink(path);
	}
	if (d)
		closedir(d);
	rmdir(dir);
}

static char *slot(void)
{
	static char slots[8][256];
	static unsigned int next;

	return slots[next++ % 8];
}

const char *clip_path(const char *name)
{
	char *s = slot();

	snprintf(s, 256, "%s/%s", dir, name);
	return s;
}

const char *clip_source(const char *name)
{
	char *s = slot();

	snprintf(s, 256, "file:%s/%s", dir, name);
	return s;
}

void clip_make_bytes(const char *name, const void *bytes, size_t size)
{
	FILE *f = fopen(clip_path(name), "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

/* ---- Making ---- */

static int triangle(int v)
{
	v %= 256;
	return v < 128 ? v : 255 - v;
}

/* Something that moves, with structure in every plane; no two pictures are alike. */
static void draw(AVFrame *f, int n, bool smooth)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(f->format);

	for (int p = 0; p < 4 && f->data[p]; p++) {
		int h = p == 1 || p == 2 ? AV_CEIL_RSHIFT(f->height, d->log2_chroma_h) : f->height;
		int bytes = av_image_get_linesize(f->format, f->width, p);

		for (int y = 0; y < h; y++) {
			for (int x = 0; x < bytes; x++) {
				int v = 40 + p * 30 + x + 2 * y + 5 * n;

				/* Samples of more than 8 bits: the upper byte stays small. */
				if (d->comp[0].depth > 8 && (x & 1))
					v = (x / 16 + y / 8 + n) & 3;
				if (smooth)
					v = 64 +
					    triangle((p ? 80 : 0) + x + y + 5 * n) / (p ? 2 : 1);
				else if ((x / 8 + y / 8 + n) % 5 == 0)
					v = 255 - v;
				f->data[p][y * f->linesize[p] + x] = (uint8_t)v;
			}
		}
	}
}

void clip_put(AVFrame *f, int plane, int x, int y, double value)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(f->format);
	const AVComponentDescriptor *c = &d->comp[plane];
	bool chroma = (plane == 1 || plane == 2) && !(d->flags & AV_PIX_FMT_FLAG_RGB);
	int v = (int)(value + 0.5);
	uint8_t *at;

	if (chroma) {
		x >>= d->log2_chroma_w;
		y >>= d->log2_chroma_h;
	}
	v = v < 0 ? 0 : v > 255 ? 255 : v;
	at = f->data[c->plane] + y * f->linesize[c->plane] + x * c->step + c->offset;
	if (c->depth > 8) {
		bool big = d->flags & AV_PIX_FMT_FLAG_BE;

		at[big] = (uint8_t)(v << (c->depth - 8));
		at[!big] = (uint8_t)(v >> (16 - c->depth));
	} else {
		at[0] = (uint8_t)v;
	}
}

void clip_paint_quarters(AVFrame *f, const double colours[4][3])
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(f->format);
	bool rgb = d->flags & AV_PIX_FMT_FLAG_RGB;

	for (int y = 0; y < f->height; y++) {
		for (int x = 0; x < f->width; x++) {
			int quarter = (x >= f->width / 2) + 2 * (y >= f->height / 2);
			const double *colour = colours[quarter];
			double ycc[3];

			rgb_to_ycc(weights_of_space(f->colorspace),
				   f->color_range == AVCOL_RANGE_JPEG, colour, ycc);
			for (int i = 0; i < (d->nb_components < 3 ? 1 : 3); i++)
				clip_put(f, i, x, y, rgb ? colour[i] : ycc[i]);
		}
	}
}

struct maker {
	AVFormatContext *mux;
	AVCodecContext *enc;
	AVStream *stream;
	AVPacket *packet;
};

static void write_packets(struct maker *m, const AVFrame *frame)
{
	assert_int_equal(avcodec_send_frame(m->enc, frame), 0);
	while (!avcodec_receive_packet(m->enc, m->packet)) {
		av_packet_rescale_ts(m->packet, m->enc->time_base, m->stream->time_base);
		m->packet->stream_index = 0;
		if (!m->packet->duration)
			m->packet->duration =
				av_rescale_q(1, m->enc->time_base, m->stream->time_base);
		assert_int_equal(av_interleaved_write_frame(m->mux, m->packet), 0);
	}
}

#define MATRIX_SIZE (9 * sizeof(int32_t))

/* Room for the display matrix of @st. */
static void *matrix_of(AVStream *st)
{
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 31, 102)
	AVPacketSideData *sd = av_packet_side_data_new(&st->codecpar->coded_side_data,
						       &st->codecpar->nb_coded_side_data,
						       AV_PKT_DATA_DISPLAYMATRIX, MATRIX_SIZE, 0);

	assert_non_null(sd);
	return sd->data;
#else
	void *data = av_stream_new_side_data(st, AV_PKT_DATA_DISPLAYMATRIX, MATRIX_SIZE);

	assert_non_null(data);
	return data;
#endif
}

static void open_maker(struct maker *m, const AVCodec *codec, const char *name,
		       const struct clip_look *look)
{
	if (m->mux->oformat->flags & AVFMT_GLOBALHEADER)
		m->enc->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
	/* The same file each time. */
	m->enc->flags |= AV_CODEC_FLAG_BITEXACT;
	m->mux->flags |= AVFMT_FLAG_BITEXACT;
	assert_int_equal(avcodec_open2(m->enc, codec, NULL), 0);
	m->stream = avformat_new_stream(m->mux, NULL);
	assert_non_null(m->stream);
	m->stream->time_base = m->enc->time_base;
	m->stream->avg_frame_rate = m->enc->framerate;
	if (look->sar.num)
		m->stream->sample_aspect_ratio = look->sar;
	assert_true(avcodec_parameters_from_context(m->stream->codecpar, m->enc) >= 0);
	if (look->matrix)
		memcpy(matrix_of(m->stream), look->matrix, MATRIX_SIZE);
	assert_true(avio_open(&m->mux->pb, clip_path(name), AVIO_FLAG_WRITE) >= 0);
	assert_true(avformat_write_header(m->mux, NULL) >= 0);
	m->packet = av_packet_alloc();
}

static void close_maker(struct maker *m)
{
	write_packets(m, NULL);
	assert_int_equal(av_write_trailer(m->mux), 0);
	avio_closep(&m->mux->pb);
	av_packet_free(&m->packet);
	avcodec_free_context(&m->enc);
	avformat_free_context(m->mux);
}

static void tell(const struct clip_look *look, AVCodecContext *enc, AVFrame *frame)
{
	if (look->sar.num)
		enc->sample_aspect_ratio = frame->sample_aspect_ratio = look->sar;
	if (look->fields) {
		enc->flags |= AV_CODEC_FLAG_INTERLACED_DCT;
		enc->field_order = look->fields == 1 ? AV_FIELD_TT : AV_FIELD_BB;
#ifdef AV_FRAME_FLAG_INTERLACED
		frame->flags |= AV_FRAME_FLAG_INTERLACED |
				(look->fields == 1 ? AV_FRAME_FLAG_TOP_FIELD_FIRST : 0);
#else
		frame->interlaced_frame = 1;
		frame->top_field_first = look->fields == 1;
#endif
	}
	enc->color_range = frame->color_range = look->colour.range;
	if (look->colour.space)
		enc->colorspace = frame->colorspace = look->colour.space;
	if (look->colour.primaries)
		enc->color_primaries = frame->color_primaries = look->colour.primaries;
	if (look->colour.transfer)
		enc->color_trc = frame->color_trc = look->colour.transfer;
}

bool clip_make_as(const struct clip_spec *spec, const struct clip_look *look)
{
	const AVCodec *codec = avcodec_find_encoder_by_name(spec->codec);
	const char *extension = strrchr(spec->name, '.');
	bool still = !strcmp(extension, ".png") || !strcmp(extension, ".jpg") ||
		     !strcmp(extension, ".bmp");
	struct maker m = { 0 };
	AVFrame *frame;

	if (!codec)
		return false;
	assert_true(avformat_alloc_output_context2(&m.mux, NULL, still ? "image2pipe" : NULL,
						   spec->name) >= 0);
	m.enc = avcodec_alloc_context3(codec);
	m.enc->width = spec->width;
	m.enc->height = spec->height;
	m.enc->pix_fmt = spec->format;
	m.enc->time_base = (AVRational){ 1, spec->fps };
	m.enc->framerate = (AVRational){ spec->fps, 1 };
	m.enc->gop_size = 6;
	m.enc->max_b_frames = spec->b_frames;
	m.enc->thread_count = 1;
	m.enc->global_quality = 3 * FF_QP2LAMBDA;
	m.enc->flags |= AV_CODEC_FLAG_QSCALE;
	m.enc->strict_std_compliance = FF_COMPLIANCE_UNOFFICIAL;
	frame = av_frame_alloc();
	tell(look, m.enc, frame);
	open_maker(&m, codec, spec->name, look);
	frame->format = spec->format;
	frame->width = spec->width;
	frame->height = spec->height;
	for (int n = 0; n < spec->frames; n++) {
		av_frame_get_buffer(frame, 0);
		if (look->paint)
			look->paint(frame, n);
		else
			draw(frame, n, spec->how & SMOOTH);
		frame->pts = spec->how & UNEVEN ? n + (n % 3 == 2 ? n / 3 + 1 : n / 3) : n;
		if (look->stamp)
			frame->pts = look->stamp(n);
		frame->quality = m.enc->global_quality;
		write_packets(&m, frame);
		av_buffer_unref(&frame->buf[0]);
		for (int i = 1; i < 4; i++)
			av_buffer_unref(&frame->buf[i]);
	}
	av_frame_free(&frame);
	close_maker(&m);
	return true;
}

bool clip_make(const struct clip_spec *spec)
{
	static const struct clip_look nothing;

	return clip_make_as(spec, &nothing);
}

static void join_packets(AVFormatContext *out, AVFormatContext *in, int index)
{
	AVPacket *packet = av_packet_alloc();

	while (av_read_frame(in, packet) >= 0) {
		av_packet_rescale_ts(packet, in->streams[0]->time_base,
				     out->streams[index]->time_base);
		packet->stream_index = index;
		assert_int_equal(av_interleaved_write_frame(out, packet), 0);
	}
	av_packet_free(&packet);
	avformat_close_input(&in);
}

void clip_join(const char *name, const char *const *parts, const int *dispositions, int count)
{
	AVFormatContext *out = NULL, *in[4] = { 0 };

	assert_true(avformat_alloc_output_context2(&out, NULL, NULL, name) >= 0);
	for (int i = 0; i < count; i++) {
		AVStream *st = avformat_new_stream(out, NULL);

		assert_int_equal(avformat_open_input(&in[i], clip_path(parts[i]), NULL, NULL), 0);
		assert_true(avformat_find_stream_info(in[i], NULL) >= 0);
		assert_true(avcodec_parameters_copy(st->codecpar, in[i]->streams[0]->codecpar) >=
			    0);
		st->codecpar->codec_tag = 0;
		st->time_base = in[i]->streams[0]->time_base;
		st->avg_frame_rate = in[i]->streams[0]->avg_frame_rate;
		st->disposition = dispositions[i];
	}
	assert_true(avio_open(&out->pb, clip_path(name), AVIO_FLAG_WRITE) >= 0);
	assert_true(avformat_write_header(out, NULL) >= 0);
	for (int i = 0; i < count; i++)
		join_packets(out, in[i], i);
	assert_int_equal(av_write_trailer(out), 0);
	avio_closep(&out->pb);
	avformat_free_context(out);
}

void clip_make_sound(const char *name)
{
	uint8_t wav[44 + 8000];

	memcpy(wav,
	       "RIFF\x64\x1f\0\0WAVEfmt "
	       "\x10\0\0\0\1\0\1\0\x40\x1f\0\0\x40\x1f\0\0\1\0\x8\0data\x40\x1f\0\0",
	       44);
	for (int i = 0; i < 8000; i++)
		wav[44 + i] = (uint8_t)(128 + (i / 10 % 2 ? 50 : -50));
	clip_make_bytes(name, wav, sizeof(wav));
}

/* ---- Reading ---- */

static void take_frames(struct reference *ref, AVCodecContext *dec, const AVPacket *packet)
{
	AVFrame *f;

	/* An error is one packet's: ours is to take what comes. */
	avcodec_send_packet(dec, packet);
	for (;;) {
		f = av_frame_alloc();
		if (avcodec_receive_frame(dec, f))
			break;
		assert_true(ref->num_frames < 256);
		if (f->flags & AV_FRAME_FLAG_CORRUPT)
			av_frame_free(&f);
		else
			ref->frames[ref->num_frames++] = f;
	}
	av_frame_free(&f);
}

void reference_load(struct reference *ref, const char *name)
{
	AVFormatContext *in = NULL;
	const AVCodec *codec;
	AVCodecContext *dec;
	AVPacket *packet = av_packet_alloc();
	int stream;

	memset(ref, 0, sizeof(*ref));
	assert_int_equal(avformat_open_input(&in, clip_path(name), NULL, NULL), 0);
	assert_true(avformat_find_stream_info(in, NULL) >= 0);
	stream = av_find_best_stream(in, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
	assert_true(stream >= 0);
	dec = avcodec_alloc_context3(codec);
	avcodec_parameters_to_context(dec, in->streams[stream]->codecpar);
	dec->thread_count = 1;
	assert_int_equal(avcodec_open2(dec, codec, NULL), 0);
	while (av_read_frame(in, packet) >= 0) {
		if (packet->stream_index == stream) {
			assert_true(ref->num_packets < 256);
			ref->packets[ref->num_packets++] = av_packet_clone(packet);
			take_frames(ref, dec, packet);
		}
		av_packet_unref(packet);
	}
	take_frames(ref, dec, NULL);
	av_packet_free(&packet);
	avcodec_free_context(&dec);
	avformat_close_input(&in);
	assert_true(ref->num_frames > 0);
}

void reference_free(struct reference *ref)
{
	for (size_t i = 0; i < ref->num_frames; i++)
		av_frame_free(&ref->frames[i]);
	for (size_t i = 0; i < ref->num_packets; i++)
		av_packet_free(&ref->packets[i]);
	memset(ref, 0, sizeof(*ref));
}
