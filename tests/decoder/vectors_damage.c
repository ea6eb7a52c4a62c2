// SPDX-License-Identifier: BSD-3-Clause
/*
 * Damaged streams of others: each file that is given, its first pictures, cut off at 20 places, and
 * 100 times with bits that are flipped. The decoder gives as many pictures as libavcodec does of
 * the same packets, of the same sizes and packets, and says of the same ones that they are damaged;
 * or it refuses the stream. After each of them it decodes the beginning of the whole stream.
 * Not one of the tests of `make test': tests/decoder/vectors runs it.
 */
#include <libavformat/avformat.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include <vmedia/log.h>

#include "libav.h"
#include "stream.h"

#define CUTS   20
#define FLIPS  100
#define PIXELS 1000000		/* about so many in a stream */
#define AFTER  4		/* packets of the whole stream that follow */

/* ---- Files in memory ---- */

struct file {
	uint8_t *data;
	size_t size, at;
};

static int read_file(void *opaque, uint8_t *buf, int size)
{
	struct file *f = opaque;
	size_t n = f->size - f->at < (size_t)size ? f->size - f->at : (size_t)size;

	if (!n)
		return AVERROR_EOF;
	memcpy(buf, f->data + f->at, n);
	f->at += n;
	return (int)n;
}

static int64_t seek_file(void *opaque, int64_t offset, int whence)
{
	struct file *f = opaque;

	if (whence == AVSEEK_SIZE)
		return (int64_t)f->size;
	if (whence != SEEK_SET || offset < 0 || offset > (int64_t)f->size)
		return AVERROR(EINVAL);
	f->at = (size_t)offset;
	return offset;
}

/* Take the packets of @demuxer, each as the decoder gets it. Returns where the last one ends. */
static size_t take_packets(AVFormatContext *demuxer, int video, unsigned int most,
			   struct stream *s)
{
	AVPacket *p = av_packet_alloc();
	int64_t end = 0;

	while (s->num < most && av_read_frame(demuxer, p) >= 0) {
		if (p->stream_index != video) {
			av_packet_unref(p);
			continue;
		}
		if (p->pos >= 0)
			end = p->pos + p->size;
		/* What a buffer holds. */
		if (p->size > 1 << 20)
			p->size = 1 << 20;
		p->pts = s->num + 1;
		p->dts = AV_NOPTS_VALUE;
		p->flags = 0;
		s->packets[s->num++] = p;
		p = av_packet_alloc();
	}
	av_packet_free(&p);
	return (size_t)end;
}

/* The first packets of @f. @pixelformat 0: find it. Returns where they end; 0: there are none. */
static size_t load(struct file *f, const char *path, struct stream *s, uint32_t *pixelformat)
{
	const struct vmedia_libav_codec *codecs;
	AVFormatContext *demuxer = avformat_alloc_context();
	unsigned int most = 100, n = vmedia_libav_codecs(&codecs);
	AVIOContext *io;
	int video = -1;
	size_t end = 0;

	f->at = 0;
	io = avio_alloc_context(av_malloc(4096), 4096, 0, f, read_file, NULL, seek_file);
	demuxer->pb = io;
	if (!avformat_open_input(&demuxer, path, NULL, NULL) &&
	    avformat_find_stream_info(demuxer, NULL) >= 0)
		video = av_find_best_stream(demuxer, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
	if (video >= 0) {
		const AVCodecParameters *par = demuxer->streams[video]->codecpar;
		int64_t pixels = (int64_t)par->width * par->height;

		for (unsigned int i = 0; i < n; i++)
			if (!*pixelformat && codecs[i].id == par->codec_id)
				*pixelformat = codecs[i].pixelformat;
		if (pixels > PIXELS / 100)
			most = pixels < PIXELS / 6 ? (unsigned int)(PIXELS / pixels) : 6;
		end = take_packets(demuxer, video, most, s);
	}
	/* One that cannot be opened is freed, without these. */
	avformat_close_input(&demuxer);
	av_freep(&io->buffer);
	avio_context_free(&io);
	return s->num ? end : 0;
}

static struct file copy_of(const struct file *f, size_t size)
{
	struct file copy = { .data = malloc(f->size), .size = size };

	assert_non_null(copy.data);
	memcpy(copy.data, f->data, f->size);
	return copy;
}

/* ---- Damage ---- */

static const char *now; /* what is being decoded, for the alarm */

static void on_alarm(int sig)
{
	char text[256];
	int n = snprintf(text, sizeof(text), "\nthe decoder hangs: %s\n", now);

	(void)sig;
	(void)!write(STDERR_FILENO, text, (size_t)n);
	abort();
}

struct totals {
	unsigned int variants, refused, pictures, damaged, empty;
};

static void compare(const struct player *p, const struct pictures *want, struct totals *t)
{
	pictures_compare_times(&p->got, want);
	for (unsigned int i = 0; i < want->num; i++)
		t->damaged += !!(want->p[i].flags & V4L2_BUF_FLAG_ERROR);
	t->pictures += want->num;
}

/* One variant, and then the beginning of the whole stream in the same session. */
static void decode(struct file *bad, const char *path, uint32_t pixelformat,
		   const struct stream *whole, struct totals *t)
{
	struct stream s = { .num = 0 };
	struct pictures want, after;
	struct player p;

	alarm(120);
	t->variants++;
	player_begin(&p, pixelformat, 0);
	t->empty += !load(bad, path, &s, &pixelformat);
	stream_decode_two(&s, whole, pixelformat, &want, &after);
	if (s.num) {
		player_play(&p, &s, 0, s.num, true);
		if (p.failed)
			t->refused++;
		else if (p.setup)
			compare(&p, &want, t);
		player_seek(&p, true);
	}
	stream_free(&s);
	p.got.num = 0;
	player_play(&p, whole, 0, whole->num, true);
	assert_false(p.failed);
	pictures_compare(&p.got, &after);
	player_end(&p);
	alarm(0);
}

static struct file read_whole(const char *path)
{
	FILE *in = fopen(path, "rb");
	struct file f = { 0 };

	assert_non_null(in);
	fseek(in, 0, SEEK_END);
	f.size = (size_t)ftell(in);
	rewind(in);
	f.data = malloc(f.size);
	assert_non_null(f.data);
	assert_int_equal(fread(f.data, 1, f.size, in), f.size);
	fclose(in);
	return f;
}

static void check_file(void **state)
{
	const char *path = *state, *slash = strrchr(path, '/');
	struct file f = read_whole(path);
	struct stream whole = { .num = 0 };
	struct totals t = { 0 };
	uint32_t pixelformat = 0;
	char text[128];
	size_t end = load(&f, path, &whole, &pixelformat);

	if (!end || !pixelformat) {
		print_message("%-44s no packets\n", slash ? slash + 1 : path);
		stream_free(&whole);
		free(f.data);
		return;
	}
	while (whole.num > AFTER)
		av_packet_free(&whole.packets[--whole.num]);
	now = text;
	for (unsigned int i = 0; i < CUTS + FLIPS; i++) {
		struct file bad = copy_of(&f, i < CUTS ? end * i / CUTS + rig_random() % 16 : end);
		unsigned int flips = i < CUTS ? 0 : i % 2 ? 1 : 1 + rig_random() % 32;

		snprintf(text, sizeof(text), "%s, variant %u", slash ? slash + 1 : path, i);
		if (getenv("VMEDIA_TEST_SEED"))
			print_message("%s\n", text);
		while (flips--)
			bad.data[rig_random() % end] ^= (uint8_t)(1u << rig_random() % 8);
		decode(&bad, path, pixelformat, &whole, &t);
		free(bad.data);
	}
	stream_free(&whole);
	free(f.data);
	print_message("%-44s %u variants, %u refused, %u without packets, %u pictures, %u "
		      "damaged\n", slash ? slash + 1 : path, t.variants, t.refused, t.empty,
		      t.pictures, t.damaged);
}

int main(int argc, char **argv)
{
	struct CMUnitTest *tests = calloc((size_t)argc, sizeof(*tests));
	int failed;

	if (argc < 2 || !tests) {
		fprintf(stderr, "usage: decoder-damage FILE...\n");
		return 2;
	}
	vmedia_log_set_level(-1);
	av_log_set_level(AV_LOG_QUIET);
	signal(SIGALRM, on_alarm);
	rig_seed();
	for (int i = 1; i < argc; i++)
		tests[i - 1] = (struct CMUnitTest){ argv[i], check_file, NULL, NULL, argv[i] };
	failed = _cmocka_run_group_tests("damage", tests, (size_t)argc - 1, NULL, NULL);
	free(tests);
	printf("%d passed, %d failed, 0 skipped\n", argc - 1 - failed, failed);
	fflush(stdout);
	return failed ? 1 : 0;
}
