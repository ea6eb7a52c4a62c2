// SPDX-License-Identifier: BSD-3-Clause
/*
 * Which stream of a file is shown, and under which name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <libavformat/avformat.h>

#include "clips.h"
#include "picture.h"

static void check_stream(const char *name, const char *const *parts, const int *dispositions,
			 uint32_t width)
{
	struct vmedia_camera_source *src;
	struct vmedia_camera_size size;

	clip_join(name, parts, dispositions, 2);
	src = open_source(clip_source(name), NULL, NULL);
	assert_int_equal(vmedia_camera_source_size(src, 0, &size), 0);
	if (size.width != width)
		fail_msg("%s: %ux%u is shown, should be %u wide", name, size.width, size.height,
			 width);
	vmedia_camera_source_close(src);
}

/*
 * As the ffmpeg program chooses: the largest, with 5,000,000 pixels more for the file's default.
 * That a preview has more pictures or bits does not make it the film.
 */
static void largest_stream_is_shown(void **state)
{
	static const struct clip_spec small = {
		"small.mkv", "ffv1", AV_PIX_FMT_YUV420P, 96, 64, 25, 20, 0, 0,
	};
	static const struct clip_spec large = {
		"large.mkv", "mpeg4", AV_PIX_FMT_YUV420P, 160, 120, 25, 3, 0, 0,
	};
	static const char *const small_first[] = { "small.mkv", "large.mkv" },
				 *const large_first[] = { "large.mkv", "small.mkv" };
	static const int none[] = { 0, 0 }, first[] = { AV_DISPOSITION_DEFAULT, 0 },
			 second[] = { 0, AV_DISPOSITION_DEFAULT };

	if (!clip_make(&small) || !clip_make(&large))
		skip();
	check_stream("two.avi", small_first, none, 160);
	check_stream("two.avi", large_first, none, 160);
	check_stream("two.mkv", small_first, first, 96);
	check_stream("two.mkv", small_first, second, 160);
	check_stream("two.mkv", large_first, second, 96);
	check_stream("two.mkv", large_first, first, 160);
}

#define DAYS "日日日日日日日日日日"

/* Names are cut between characters, and show no bytes that are none. */
static void names_are_whole(void **state)
{
	static const struct {
		const char *file, *name;
	} cases[] = {
		{ "a.avi", "a.avi" },
		{ "ääääääääääääääääääää.avi", "äääääääääääääää" },
		{ "xääääääääääääääääääää.avi", "xäääääääääääääää" },
		{ DAYS "日.avi", DAYS },
		{ "caf\xe9.avi", "caf?.avi" },
		{ "\xc0\x80\xed\xa0\x80.avi", "?????.avi" },
		{ "red\x1b[31m\xc2\x9b.avi", "red?[31m?.avi" },
		{ "0123456789012345678901234567.avi", "0123456789012345678901234567.av" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct clip_spec spec = {
			cases[i].file, "mpeg4", AV_PIX_FMT_YUV420P, 64, 48, 25, 1, 0, 0,
		};
		struct vmedia_camera_source *src;

		assert_true(clip_make(&spec));
		src = open_source(clip_source(cases[i].file), NULL, NULL);
		assert_string_equal(vmedia_camera_source_name(src), cases[i].name);
		vmedia_camera_source_close(src);
	}
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
		cmocka_unit_test(largest_stream_is_shown),
		cmocka_unit_test(names_are_whole),
	};

	av_log_set_level(AV_LOG_FATAL);
	return cmocka_run_group_tests_name("camera stream", tests, setup, teardown);
}
