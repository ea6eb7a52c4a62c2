// SPDX-License-Identifier: BSD-3-Clause
/*
 * The file source's clock: frame n shows the picture of its time, whatever passed before it, and
 * what passed is not decoded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "clips.h"
#include "devices/camera/source.h"
#include "picture.h"

#define FILM_PICTURES 250

static const struct clip_spec films[] = {
	{ "film.mp4", "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 25, FILM_PICTURES, 0, 0 },
	{ "film.avi", "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 25, FILM_PICTURES, 0, 0 },
	{ "film.mkv", "mpeg2video", AV_PIX_FMT_YUV420P, 64, 48, 25, FILM_PICTURES, 2, 0 },
	{ "film264.mp4", "libx264", AV_PIX_FMT_YUV420P, 64, 48, 25, FILM_PICTURES, 2, 0 },
	{ "film.ts", "mpeg2video", AV_PIX_FMT_YUV420P, 64, 48, 25, FILM_PICTURES, 0, 0 },
	{ "film.flv", "flv", AV_PIX_FMT_YUV420P, 64, 48, 25, FILM_PICTURES, 0, 0 },
};
#define NUM_FILMS (sizeof(films) / sizeof(films[0]))

struct show {
	struct vmedia_camera_source *src;
	struct vmedia_camera_format fmt;
	struct reference ref;
	struct guarded g;
};

static void show_start(struct show *s, const char *name, const char *fps,
		       struct vmedia_fract interval)
{
	s->src = open_source(clip_source(name), fps, NULL);
	s->fmt = (struct vmedia_camera_format){ .pixelformat = V4L2_PIX_FMT_YUV420,
						.width = 64,
						.height = 48 };
	reference_load(&s->ref, name);
	vmedia_camera_source_try(s->src, &s->fmt);
	guarded_init(&s->g, s->fmt.sizeimage, 0);
	assert_int_equal(vmedia_camera_source_start(s->src, &s->fmt, &interval), 0);
}

static void show_end(struct show *s)
{
	reference_free(&s->ref);
	guarded_fini(&s->g);
	vmedia_camera_source_close(s->src);
}


/* Which picture of the film is shown? */
static size_t shown(const struct show *s)
{
	for (size_t n = 0; n < s->ref.num_frames; n++) {
		const AVFrame *f = s->ref.frames[n];
		bool same = true;

		for (uint32_t y = 0; same && y < s->fmt.height; y++)
			same = !memcmp(s->g.data + y * s->fmt.bytesperline,
				       f->data[0] + (ptrdiff_t)y * f->linesize[0], s->fmt.width);
		if (same)
			return n;
	}
	fail_msg("what is shown is no picture of the film");
	return 0;
}

/* Frame @number shows picture @want of the film. */
static void show_is(struct show *s, uint64_t number, size_t want)
{
	size_t at;

	fill_source(s->src, &s->g, number, 0);
	at = shown(s);
	if (at != want)
		fail_msg("%s: frame %llu shows picture %zu, should show %zu",
			 vmedia_camera_source_name(s->src), (unsigned long long)number, at, want);
}

static void pass(struct show *s, unsigned int frames)
{
	while (frames--)
		(s->src->ops->skip)(s->src);	/* cmocka has a macro of that name */
}

/* Bytes that this process has read. */
static uint64_t bytes_read(void)
{
	FILE *f = fopen("/proc/self/io", "r");
	unsigned long long n = 0;

	if (!f)
		return 0;
	if (fscanf(f, "rchar: %llu", &n) != 1)
		n = 0;
	fclose(f);
	return n;
}

/*
 * Ten minutes without a buffer, or lost: the next frame shows the picture of its time, and no more
 * was read for it than a few times the film of ten seconds.
 */
static void check_gap(const struct clip_spec *film, const char *fps, struct vmedia_fract interval,
		      size_t num, size_t den, bool lost)
{
	uint64_t frames = 600ull * interval.denominator / interval.numerator + 7;
	uint64_t number = 3, before;
	struct show s;
	struct stat st;

	show_start(&s, film->name, fps, interval);
	assert_int_equal(stat(clip_path(film->name), &st), 0);
	for (size_t n = 0; n < 3; n++)
		show_is(&s, n, n * num / den);
	for (int gap = 0; gap < 3; gap++) {
		before = bytes_read();
		number += frames;
		if (!lost)
			pass(&s, (unsigned int)frames);
		show_is(&s, number, number * num / den % FILM_PICTURES);
		if (bytes_read() - before > 5 * (uint64_t)st.st_size + 100000)
			fail_msg("%s: %llu bytes read, it has %lld", film->name,
				 (unsigned long long)(bytes_read() - before),
				 (long long)st.st_size);
		number++;
		/* And on from there. */
		for (int n = 0; n < 20; n++, number++)
			show_is(&s, number, number * num / den % FILM_PICTURES);
	}
	show_end(&s);
}

static void what_passed_is_not_decoded(void **state)
{
	for (size_t i = 0; i < NUM_FILMS; i++) {
		if (!clip_make(&films[i]))
			continue;
		for (int lost = 0; lost < 2; lost++) {
			check_gap(&films[i], NULL, (struct vmedia_fract){ 1, 25 }, 1, 1, lost);
			check_gap(&films[i], NULL, (struct vmedia_fract){ 1, 50 }, 1, 2, lost);
			check_gap(&films[i], NULL, (struct vmedia_fract){ 1, 5 }, 5, 1, lost);
			check_gap(&films[i], "100", (struct vmedia_fract){ 1, 100 }, 1, 1, lost);
		}
	}
}

/*
 * A decoder that takes as long for each picture as ten last: of each ten frames nine are lost. The
 * film stays within three seconds of the clock, and each frame costs few pictures.
 */
static void slow_decoder_keeps_the_time(void **state)
{
	struct show s;

	for (size_t i = 0; i < NUM_FILMS; i++) {
		if (!clip_make(&films[i]))
			continue;
		show_start(&s, films[i].name, NULL, (struct vmedia_fract){ 1, 25 });
		for (uint64_t number = 0; number < 4000; number += 10) {
			size_t at, behind;

			fill_source(s.src, &s.g, number, 0);
			at = shown(&s);
			behind = (number + FILM_PICTURES - at) % FILM_PICTURES;
			if (behind > 75)
				fail_msg("%s: frame %llu shows picture %zu", films[i].name,
					 (unsigned long long)number, at);
		}
		show_end(&s);
	}
}

/* One picture of 20 seconds among others. */
static int64_t long_stamp(int n)
{
	return n < 5 ? n : n + 500;
}

static void long_picture_stays(void **state)
{
	static const struct clip_spec specs[] = {
		{ "long.mkv", "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 25, 9, 0, 0 },
		{ "long.mp4", "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 25, 9, 0, 0 },
	};
	static const struct clip_look as = { .stamp = long_stamp };

	for (size_t i = 0; i < 2; i++) {
		struct show s;

		assert_true(clip_make_as(&specs[i], &as));
		show_start(&s, specs[i].name, NULL, (struct vmedia_fract){ 1, 25 });
		for (uint64_t n = 0; n < 520; n++) {
			uint64_t lap = n % 509;

			show_is(&s, n, lap < 5 ? lap : lap < 505 ? 4 : lap - 500);
		}
		show_end(&s);
	}
}

/* A broadcast's stamps jump by minutes: it goes on, and keeps the new stamps' distances. */
static int64_t jumping_stamp(int n)
{
	return n < 4 ? n : 3000 + 2 * (n - 4);
}

static void jumping_stamps_go_on(void **state)
{
	static const struct clip_spec spec = {
		"jumps.ts", "mpeg2video", AV_PIX_FMT_YUV420P, 64, 48, 25, 8, 0, 0,
	};
	static const struct clip_look as = { .stamp = jumping_stamp };
	static const size_t want[] = { 0, 1, 2, 3, 4, 4, 5, 5, 6, 6, 7 };
	struct show s;

	assert_true(clip_make_as(&spec, &as));
	show_start(&s, "jumps.ts", NULL, (struct vmedia_fract){ 1, 25 });
	for (uint64_t n = 0; n < sizeof(want) / sizeof(want[0]); n++)
		show_is(&s, n, want[n]);
	show_end(&s);
}

/* Stamps in whole milliseconds, 30 pictures a second: none twice or left out in 300 laps. */
static void laps_do_not_drift(void **state)
{
	static const struct clip_spec spec = {
		"lap.mkv", "ffv1", AV_PIX_FMT_YUV420P, 64, 48, 30, 7, 0, 0,
	};
	struct show s;

	if (!clip_make(&spec))
		skip();
	show_start(&s, "lap.mkv", NULL, (struct vmedia_fract){ 1, 30 });
	for (uint64_t n = 0; n < 2100; n++)
		show_is(&s, n, n % 7);
	show_end(&s);
}

/* A photograph has nothing to catch up with. */
static void photograph_waits(void **state)
{
	static const struct clip_spec spec = {
		"photo.mkv", "ffv1", AV_PIX_FMT_YUV420P, 64, 48, 25, 1, 0, 0,
	};
	struct show s;

	if (!clip_make(&spec))
		skip();
	show_start(&s, "photo.mkv", NULL, (struct vmedia_fract){ 1, 25 });
	show_is(&s, 0, 0);
	pass(&s, 1000000);
	for (uint64_t n = 1000001; n < 1000300; n++)
		show_is(&s, n, 0);
	show_is(&s, 100000000, 0);
	show_end(&s);
}

static int setup(void **state)
{
	clips_init();
	return 0;
}

static int teardown(void **state)
{
	clips_fini();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_passed_is_not_decoded),
		cmocka_unit_test(slow_decoder_keeps_the_time),
		cmocka_unit_test(long_picture_stays),
		cmocka_unit_test(jumping_stamps_go_on),
		cmocka_unit_test(laps_do_not_drift),
		cmocka_unit_test(photograph_waits),
	};

	av_log_set_level(AV_LOG_FATAL);
	return cmocka_run_group_tests_name("camera clock", tests, setup, teardown);
}
