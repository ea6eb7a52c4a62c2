// SPDX-License-Identifier: BSD-3-Clause
/*
 * Files that are not what they should be: each gets its sentence, or plays what there is of it;
 * none does harm.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "clips.h"
#include "compare.h"
#include "picture.h"

static const struct clip_spec mpeg4 = {
	"mpeg4.avi", "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 25, 13, 0, 0,
};

#define WIDE	 8193
#define WIDE_PGM "P5\n8193 1\n255\n"

static void check_refused(const char *source, int err, const char *word)
{
	struct vmedia_camera_options opts;
	struct vmedia_camera_source *src = NULL;
	char why[256] = "";
	int got;

	vmedia_camera_options_init(&opts);
	opts.source = source;
	got = vmedia_camera_source_open(&opts, why, sizeof(why), &src);
	if (got != err || !strstr(why, word) || strchr(why, '\n'))
		fail_msg("%s: %d (should be %d), \"%s\" (should say \"%s\")", source, got, err, why,
			 word);
	assert_null(src);
}

/* Nothing of the file is left behind the first @word. */
static void cut_after(const char *path, const char *word)
{
	uint8_t head[8192];
	FILE *f = fopen(path, "rb");
	size_t n = fread(head, 1, sizeof(head), f);
	const uint8_t *at = memmem(head, n, word, strlen(word));

	fclose(f);
	assert_non_null(at);
	assert_int_equal(truncate(path, at + strlen(word) - head), 0);
}

static void bad_files_are_named(void **state)
{
	static const struct clip_spec cut = {
		"tiny.avi", "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 25, 3, 0, 0,
	};
	char text[WIDE + 32];

	check_refused(clip_source("missing.avi"), -ENOENT, "No such file");
	check_refused("file:", -EINVAL, "PATH");
	check_refused("file", -EINVAL, "PATH");
	check_refused("file:.", -ESPIPE, "not a regular file");
	check_refused("file:/dev/null", -ESPIPE, "not a regular file");
	check_refused("pattern:x", -EINVAL, "no argument");
	check_refused("fractal", -EINVAL, "unknown source");
	clip_make_bytes("empty.avi", "", 0);
	check_refused(clip_source("empty.avi"), -EINVAL, "no video");
	memset(text, 'x', sizeof(text));
	clip_make_bytes("text.avi", text, sizeof(text));
	check_refused(clip_source("text.avi"), -EINVAL, "no video");
	clip_make_sound("sound.wav");
	check_refused(clip_source("sound.wav"), -EINVAL, "no video stream");
	/* One column more than the camera has. */
	memset(text, 0, sizeof(text));
	clip_make_bytes("wide.pgm", text, (size_t)snprintf(text, sizeof(text), WIDE_PGM) + WIDE);
	check_refused(clip_source("wide.pgm"), -E2BIG, "8193x1: scale them down to at most 8192");
	/* Only the header is left. */
	assert_true(clip_make(&cut));
	cut_after(clip_path("tiny.avi"), "movi");
	check_refused(clip_source("tiny.avi"), -EIO, "decodes");
}

/* A list of other files shows none of them. */
static void playlists_lead_nowhere(void **state)
{
	char list[1024], cwd[512];
	struct vmedia_camera_options opts;
	struct vmedia_camera_source *src = NULL;
	char why[256];

	assert_true(clip_make(&mpeg4));
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	snprintf(list, sizeof(list), "ffconcat version 1.0\nfile mpeg4.avi\n");
	clip_make_bytes("list.ffconcat", list, strlen(list));
	snprintf(list, sizeof(list),
		 "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.5,\nfile:%s/%s\n#EXT-X-ENDLIST\n",
		 cwd, clip_path("mpeg4.avi"));
	clip_make_bytes("list.m3u8", list, strlen(list));
	for (int i = 0; i < 2; i++) {
		vmedia_camera_options_init(&opts);
		opts.source = clip_source(i ? "list.m3u8" : "list.ffconcat");
		assert_int_not_equal(vmedia_camera_source_open(&opts, why, sizeof(why), &src), 0);
		assert_null(src);
	}
}

/* What is left of a file is played, and played again. */
static void truncated_file_plays(void **state)
{
	struct stat st;

	assert_true(clip_make(&mpeg4));
	assert_int_equal(stat(clip_path("mpeg4.avi"), &st), 0);
	assert_int_equal(truncate(clip_path("mpeg4.avi"), st.st_size * 2 / 3), 0);
	check_clip("mpeg4.avi", V4L2_PIX_FMT_YUV420, 64, 48, 0);
}

/* Bytes thrown in at random: it opens or it does not, it plays or it does not, it ends. */
static void damaged_files_do_no_harm(void **state)
{
	uint64_t seed = test_seed();
	struct stat st;
	uint8_t *bytes;
	FILE *f;

	assert_true(clip_make(&mpeg4));
	assert_int_equal(stat(clip_path("mpeg4.avi"), &st), 0);
	bytes = malloc((size_t)st.st_size);
	f = fopen(clip_path("mpeg4.avi"), "rb");
	assert_int_equal(fread(bytes, 1, (size_t)st.st_size, f), st.st_size);
	fclose(f);
	for (int round = 0; round < 40; round++) {
		struct vmedia_camera_options opts;
		struct vmedia_camera_source *src = NULL;
		struct vmedia_camera_format fmt = { .pixelformat = V4L2_PIX_FMT_NV12,
						    .width = 320,
						    .height = 240 };
		struct vmedia_camera_frame frame = { 0 };
		uint8_t *copy = malloc((size_t)st.st_size);
		char why[256];
		struct guarded g;

		memcpy(copy, bytes, (size_t)st.st_size);
		for (int i = 0; i < 20; i++)
			copy[next_random(&seed) % (uint64_t)st.st_size] =
				(uint8_t)next_random(&seed);
		clip_make_bytes("damaged.avi", copy, (size_t)st.st_size);
		free(copy);
		vmedia_camera_options_init(&opts);
		opts.source = clip_source("damaged.avi");
		opts.threads = 1 + (uint32_t)round % 3;
		if (vmedia_camera_source_open(&opts, why, sizeof(why), &src))
			continue;
		vmedia_camera_source_try(src, &fmt);
		assert_int_equal(
			vmedia_camera_source_start(src, &fmt, &(struct vmedia_fract){ 1, 25 }), 0);
		guarded_init(&g, fmt.sizeimage, 0);
		frame.data = g.data;
		frame.size = g.size;
		for (int n = 0; n < 30; n++)
			if (vmedia_camera_source_fill(src, &frame))
				break;
		guarded_fini(&g);
		vmedia_camera_source_close(src);
	}
	free(bytes);
}

/* The file vanishes under our hands: an error, not an endless search. */
static void emptied_file_ends(void **state)
{
	struct vmedia_camera_frame frame = { 0 };
	struct vmedia_camera_source *src;
	struct vmedia_camera_format fmt;
	struct guarded g;
	int err = 0;

	assert_true(clip_make(&mpeg4));
	src = open_source(clip_source("mpeg4.avi"), NULL, NULL);
	fmt = start_source(src, V4L2_PIX_FMT_YUV420, 64, 48, 0);
	guarded_init(&g, fmt.sizeimage, 0);
	frame.data = g.data;
	frame.size = g.size;
	assert_int_equal(truncate(clip_path("mpeg4.avi"), 0), 0);
	for (int n = 0; n < 1000 && !err; n++)
		err = vmedia_camera_source_fill(src, &frame);
	assert_int_equal(err, -EIO);
	assert_int_equal(vmedia_camera_source_fill(src, &frame), -EIO);
	vmedia_camera_source_stop(src);
	guarded_fini(&g);
	vmedia_camera_source_close(src);
}

static void interrupt_ends_a_fill(void **state)
{
	struct vmedia_camera_frame frame = { 0 };
	struct vmedia_camera_source *src;
	struct vmedia_camera_format fmt;
	struct guarded g;
	int err = 0;

	assert_true(clip_make(&mpeg4));
	src = open_source(clip_source("mpeg4.avi"), NULL, NULL);
	fmt = start_source(src, V4L2_PIX_FMT_YUV420, 64, 48, 0);
	guarded_init(&g, fmt.sizeimage, 0);
	frame.data = g.data;
	frame.size = g.size;
	vmedia_camera_source_interrupt(src);
	for (int n = 0; n < 1000 && !err; n++)
		err = vmedia_camera_source_fill(src, &frame);
	assert_int_equal(err, -ECANCELED);
	vmedia_camera_source_stop(src);
	/* And the next stream is a good one. */
	fmt = start_source(src, V4L2_PIX_FMT_YUV420, 64, 48, 0);
	for (int n = 0; n < 40; n++)
		fill_source(src, &g, (uint64_t)n, 0);
	guarded_fini(&g);
	vmedia_camera_source_close(src);
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
		cmocka_unit_test(bad_files_are_named),
		cmocka_unit_test(playlists_lead_nowhere),
		cmocka_unit_test(truncated_file_plays),
		cmocka_unit_test(damaged_files_do_no_harm),
		cmocka_unit_test(emptied_file_ends),
		cmocka_unit_test(interrupt_ends_a_fill),
	};

	av_log_set_level(AV_LOG_FATAL);
	return cmocka_run_group_tests_name("camera bad files", tests, setup, teardown);
}
