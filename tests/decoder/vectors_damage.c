// SPDX-License-Identifier: BSD-3-Clause
/*
 * Damaged streams of others: each file that is given, its first packets, cut off at 20 places, and
 * 100 times with bits that are flipped. The decoder gives as many pictures as libavcodec does of
 * the same packets, of the same sizes and packets, and says of the same ones that they are damaged;
 * or it refuses the stream. After each of them it decodes the beginning of the whole stream.
 * Not one of the tests of `make test': tests/decoder/vectors runs it.
 *
 * The container stays whole, and a filter makes of its packets what a client queues. Damage may
 * divide or join packets of a byte stream: those that libavcodec gets are what its parser makes.
 */
#include <libavcodec/bsf.h>
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
#define BUFFER (1 << 20)	/* what the client's buffers hold */

/* What else a codec's packets need than to be taken from a file. */
struct form {
	enum AVCodecID id;
	const char *filter;
	bool bytes;		/* a byte stream */
};
static const struct form forms[] = {
	{ AV_CODEC_ID_H264, "h264_mp4toannexb", true },
	{ AV_CODEC_ID_HEVC, "hevc_mp4toannexb", true },
	{ AV_CODEC_ID_MPEG1VIDEO, "null", true },
	{ AV_CODEC_ID_MPEG2VIDEO, "null", true },
	{ AV_CODEC_ID_MPEG4, "dump_extra=freq=keyframe", true },
	{ AV_CODEC_ID_NONE, "null", false },
};

static const struct form *form_of(enum AVCodecID id)
{
	const struct form *f = forms;

	while (f->id != id && f->id != AV_CODEC_ID_NONE)
		f++;
	return f;
}

/* ---- Files ---- */

static void add(struct stream *s, AVPacket *p)
{
	p->pts = s->num + 1;
	p->dts = AV_NOPTS_VALUE;
	p->flags = 0;
	if (p->size > BUFFER)
		p->size = BUFFER;
	s->packets[s->num++] = p;
}

/* Take the packets of stream @video, each as the decoder gets it. */
static void take_packets(AVFormatContext *demuxer, int video, unsigned int most, struct stream *s)
{
	AVCodecParameters *par = demuxer->streams[video]->codecpar;
	AVPacket *p = av_packet_alloc();
	AVBSFContext *filter;

	assert_int_equal(av_bsf_list_parse_str(form_of(par->codec_id)->filter, &filter), 0);
	assert_int_equal(avcodec_parameters_copy(filter->par_in, par), 0);
	assert_int_equal(av_bsf_init(filter), 0);
	while (s->num < most && av_read_frame(demuxer, p) >= 0) {
		if (p->stream_index != video || av_bsf_send_packet(filter, p) < 0) {
			av_packet_unref(p);
			continue;
		}
		while (s->num < most && !av_bsf_receive_packet(filter, p)) {
			add(s, p);
			p = av_packet_alloc();
		}
	}
	av_packet_free(&p);
	av_bsf_free(&filter);
}

/* The first packets of the file, and their codec. */
static enum AVCodecID load(const char *path, struct stream *s)
{
	AVFormatContext *demuxer = NULL;
	enum AVCodecID id = AV_CODEC_ID_NONE;
	unsigned int most = 100;
	int video = -1;

	if (!avformat_open_input(&demuxer, path, NULL, NULL) &&
	    avformat_find_stream_info(demuxer, NULL) >= 0)
		video = av_find_best_stream(demuxer, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
	if (video >= 0) {
		const AVCodecParameters *par = demuxer->streams[video]->codecpar;
		int64_t pixels = (int64_t)par->width * par->height;

		if (pixels > PIXELS / 100)
			most = pixels < PIXELS / 6 ? (unsigned int)(PIXELS / pixels) : 6;
		id = par->codec_id;
		take_packets(demuxer, video, most, s);
	}
	avformat_close_input(&demuxer);
	return id;
}

/* ---- Packets of damaged bytes ---- */

static void add_bytes(struct stream *s, const uint8_t *data, size_t size)
{
	AVPacket *p = av_packet_alloc();

	assert_true(s->num < sizeof(s->packets) / sizeof(s->packets[0]));
	assert_int_equal(av_new_packet(p, (int)size), 0);
	memcpy(p->data, data, size);
	add(s, p);
}

/* Packets of a byte stream. Those that do not fit into @s any more are not tried. */
static void parse(enum AVCodecID id, const uint8_t *bytes, size_t size, struct stream *s)
{
	AVCodecParserContext *parser = av_parser_init((int)id);
	AVCodecContext *av = avcodec_alloc_context3(avcodec_find_decoder(id));
	uint8_t *packet;
	int n, len;

	do {
		n = av_parser_parse2(parser, av, &packet, &len, size ? bytes : NULL, (int)size,
				     AV_NOPTS_VALUE, AV_NOPTS_VALUE, 0);
		if (len && s->num < sizeof(s->packets) / sizeof(s->packets[0]))
			add_bytes(s, packet, (size_t)len);
		bytes += n;
		size -= (size_t)n;
	} while (n || len);
	av_parser_close(parser);
	avcodec_free_context(&av);
}

/* The packets of @whole, of whose bytes these are left. */
static void divide(const struct stream *whole, const uint8_t *bytes, size_t size, struct stream *s)
{
	for (unsigned int i = 0; i < whole->num && size; i++) {
		size_t n = (size_t)whole->packets[i]->size;

		n = n < size ? n : size;
		add_bytes(s, bytes, n);
		bytes += n;
		size -= n;
	}
}

struct file {
	const char *name;
	enum AVCodecID id;
	uint32_t pixelformat;
	struct stream packets, first;	/* all, and those that are decoded after each variant */
	uint8_t *bytes;			/* of all packets */
	size_t size;
	bool shown;			/* else V4L2 has no format for its pictures */
};

/* False: there are no packets of a codec that the decoder has. */
static bool file_open(struct file *f, const char *path)
{
	const struct vmedia_libav_codec *codecs;
	unsigned int n = vmedia_libav_codecs(&codecs);
	const char *slash = strrchr(path, '/');

	*f = (struct file){ .name = slash ? slash + 1 : path };
	f->id = load(path, &f->packets);
	for (unsigned int i = 0; i < n; i++)
		if (codecs[i].id == f->id)
			f->pixelformat = codecs[i].pixelformat;
	if (!f->pixelformat || !f->packets.num)
		return false;
	for (unsigned int i = 0; i < f->packets.num; i++) {
		const AVPacket *p = f->packets.packets[i];

		f->bytes = realloc(f->bytes, f->size + (size_t)p->size);
		assert_non_null(f->bytes);
		memcpy(f->bytes + f->size, p->data, (size_t)p->size);
		f->size += (size_t)p->size;
		if (i < AFTER)
			add_bytes(&f->first, p->data, (size_t)p->size);
	}
	return true;
}

static void file_close(struct file *f)
{
	stream_free(&f->packets);
	stream_free(&f->first);
	free(f->bytes);
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
static void decode(const struct file *f, const uint8_t *bytes, size_t size, struct totals *t)
{
	struct stream s = { .num = 0 };
	struct pictures want, after;
	struct player p;

	alarm(120);
	t->variants++;
	if (form_of(f->id)->bytes)
		parse(f->id, bytes, size, &s);
	else
		divide(&f->packets, bytes, size, &s);
	t->empty += !s.num;
	player_begin(&p, f->pixelformat, 0);
	stream_decode_two(&s, &f->first, f->pixelformat, &want, &after);
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
	player_play(&p, &f->first, 0, f->first.num, true);
	if (f->shown) {
		assert_false(p.failed);
		pictures_compare(&p.got, &after);
	} else {
		assert_int_equal(p.got.num, 0);
	}
	player_end(&p);
	alarm(0);
}

static bool is_shown(const struct file *f)
{
	struct player p;
	bool shown;

	player_begin(&p, f->pixelformat, 0);
	player_play(&p, &f->first, 0, f->first.num, true);
	shown = p.got.num > 0;
	player_end(&p);
	return shown;
}

static void check_file(void **state)
{
	struct totals t = { 0 };
	struct file f;
	char text[128];

	if (!file_open(&f, *state)) {
		print_message("%-44s no packets\n", f.name);
		file_close(&f);
		return;
	}
	/* A file alone is damaged as it is among others. */
	rig_seed_more(f.name);
	f.shown = is_shown(&f);
	now = text;
	for (unsigned int i = 0; i < CUTS + FLIPS; i++) {
		size_t size = i < CUTS ? f.size * i / CUTS + rig_random() % 16 : f.size;
		unsigned int flips = i < CUTS ? 0 : i % 2 ? 1 : 1 + rig_random() % 32;
		uint8_t *bytes = calloc(1, f.size + AV_INPUT_BUFFER_PADDING_SIZE);

		assert_non_null(bytes);
		snprintf(text, sizeof(text), "%s, variant %u", f.name, i);
		if (getenv("VMEDIA_TEST_SEED"))
			print_message("%s\n", text);
		size = size < f.size ? size : f.size;
		memcpy(bytes, f.bytes, size);
		while (flips--)
			bytes[rig_random() % f.size] ^= (uint8_t)(1u << rig_random() % 8);
		decode(&f, bytes, size, &t);
		free(bytes);
	}
	print_message("%-44s %u variants, %u refused, %u without packets, %u pictures, %u "
		      "damaged%s\n", f.name, t.variants, t.refused, t.empty, t.pictures, t.damaged,
		      f.shown ? "" : "; it is refused as it is");
	file_close(&f);
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
