// SPDX-License-Identifier: BSD-3-Clause
/*
 * Threads of the file source: those of libavcodec, for frames and for slices, and those of a pool
 * that ask for pictures in turn, as the camera's worker does. ThreadSanitizer is to see what all of
 * them do.
 *
 * usage: test-camera-threads [race NAME]
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "clips.h"
#include "compare.h"
#include "devices/camera/clip.h"
#include "picture.h"

#if defined(__SANITIZE_THREAD__)
#define WITH_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WITH_TSAN 1
#endif
#endif
#ifndef WITH_TSAN
#define WITH_TSAN 0
#endif

#define THREADS 4
#define PICTURES 14

/* Of some codecs libavcodec decodes pictures side by side, of others the slices of one picture. */
static const struct clip_spec clips[] = {
	{ "threads.avi", "mpeg4", AV_PIX_FMT_YUV420P, 96, 80, 25, PICTURES, 2, 0 },
	{ "threads.ts", "mpeg2video", AV_PIX_FMT_YUV420P, 96, 80, 25, PICTURES, 2, 0 },
	{ "threads.nut", "ffv1", AV_PIX_FMT_YUV420P, 96, 80, 25, PICTURES, 0, 0 },
	{ "threads.mkv", "libx264", AV_PIX_FMT_YUV420P, 96, 80, 25, PICTURES, 2, 0 },
};

/* The threads that the other tests are about are there, both kinds. */
static void decoder_has_threads(void **state)
{
	const atomic_bool never = false;
	int types = 0;

	for (size_t i = 0; i < sizeof(clips) / sizeof(clips[0]); i++) {
		struct vmedia_camera_clip clip;
		char why[256];

		if (!clip_make(&clips[i])) {
			print_message("no encoder %s: %s is not tested\n", clips[i].codec,
				      clips[i].name);
			continue;
		}
		if (vmedia_camera_clip_open(&clip, clip_path(clips[i].name), THREADS, &never, why,
					    sizeof(why)))
			fail_msg("%s", why);
		assert_int_equal(clip.decoder->thread_count, THREADS);
		assert_int_not_equal(clip.decoder->active_thread_type, 0);
		types |= clip.decoder->active_thread_type;
		vmedia_camera_clip_close(&clip);
	}
	assert_int_equal(types, FF_THREAD_FRAME | FF_THREAD_SLICE);
}

/* ---- One thread after another ---- */

struct turn {
	struct vmedia_camera_source *src;
	struct vmedia_camera_format fmt;
	struct vmedia_camera_frame frame;
	int err;
};

static void *do_start(void *arg)
{
	struct turn *t = arg;

	t->err = vmedia_camera_source_start(t->src, &t->fmt, &(struct vmedia_fract){ 1, 25 });
	return NULL;
}

static void *do_fill(void *arg)
{
	struct turn *t = arg;

	t->err = vmedia_camera_source_fill(t->src, &t->frame);
	return NULL;
}

static void *do_stop(void *arg)
{
	const struct turn *t = arg;

	vmedia_camera_source_stop(t->src);
	return NULL;
}

/* Let a new thread do @step, and do meanwhile what the loop may. */
static void on_thread(struct turn *t, void *(*step)(void *arg), int32_t quality)
{
	pthread_t id;

	assert_int_equal(pthread_create(&id, NULL, step, t), 0);
	vmedia_camera_source_set_control(t->src, V4L2_CID_JPEG_COMPRESSION_QUALITY, quality);
	assert_int_equal(pthread_join(id, NULL), 0);
	assert_int_equal(t->err, 0);
}

static void turn_init(struct turn *t, const char *name)
{
	struct vmedia_camera_options opts;
	char why[256];

	*t = (struct turn){ .fmt = { .pixelformat = V4L2_PIX_FMT_YUV420, .width = 96,
				     .height = 80 } };
	vmedia_camera_options_init(&opts);
	opts.source = clip_source(name);
	opts.threads = THREADS;
	if (vmedia_camera_source_open(&opts, why, sizeof(why), &t->src))
		fail_msg("%s", why);
	vmedia_camera_source_try(t->src, &t->fmt);
}

/*
 * Opened here, every picture taken by a thread of its own, closed here: two laps and a half, twice.
 * The pictures are those of a decoder with one thread.
 */
static void any_thread_may_ask(void **state)
{
	for (size_t i = 0; i < sizeof(clips) / sizeof(clips[0]); i++) {
		const char *name = clips[i].name;
		struct reference ref;
		struct guarded g;
		struct turn t;

		if (!clip_make(&clips[i]))
			continue;
		reference_load(&ref, name);
		assert_int_equal(ref.num_frames, PICTURES);
		turn_init(&t, name);
		guarded_init(&g, t.fmt.sizeimage, 0);
		t.frame.data = g.data;
		t.frame.size = g.size;
		for (int round = 0; round < 2; round++) {
			on_thread(&t, do_start, 1);
			for (uint32_t n = 0; n < PICTURES * 5 / 2; n++) {
				t.frame.sequence = n;
				on_thread(&t, do_fill, (int32_t)n + 1);
				check_picture(&t.fmt, g.data, ref.frames[n % PICTURES]);
			}
			/* The second time it is close() that stops. */
			if (!round)
				on_thread(&t, do_stop, 100);
		}
		vmedia_camera_source_close(t.src);
		guarded_fini(&g);
		reference_free(&ref);
	}
}

/* ---- What ThreadSanitizer still sees with tests/tsan.supp ---- */

static void *touch_sample(void *arg)
{
	AVFrame *frame = arg;

	frame->data[0][0]++;
	return NULL;
}

/* A picture of libavutil's, which two threads of ours change. */
static void race_on_a_picture(bool ordered)
{
	AVFrame *frame = av_frame_alloc();
	pthread_t id[2];

	frame->format = AV_PIX_FMT_GRAY8;
	frame->width = frame->height = 16;
	if (av_frame_get_buffer(frame, 0))
		exit(1);
	for (int i = 0; i < 2; i++) {
		pthread_create(&id[i], NULL, touch_sample, frame);
		if (ordered)
			pthread_join(id[i], NULL);
	}
	for (int i = 0; i < 2 && !ordered; i++)
		pthread_join(id[i], NULL);
	av_frame_free(&frame);
}

static int count_read(void *opaque, uint8_t *buf, int size)
{
	++*(int *)opaque;
	return AVERROR_EOF;
}

static void *read_file(void *arg)
{
	uint8_t *buffer = av_malloc(4096);
	AVIOContext *pb = avio_alloc_context(buffer, 4096, 0, arg, count_read, NULL, NULL);

	avio_r8(pb);
	av_freep(&pb->buffer);
	avio_context_free(&pb);
	return NULL;
}

/* A function of ours that libavformat calls, in two threads. */
static void race_in_a_callback(bool ordered)
{
	int reads = 0;
	pthread_t id;

	pthread_create(&id, NULL, read_file, &reads);
	if (ordered)
		pthread_join(id, NULL);
	read_file(&reads);
	if (!ordered)
		pthread_join(id, NULL);
}

static int race(const char *name)
{
	if (!strcmp(name, "picture"))
		race_on_a_picture(false);
	else if (!strcmp(name, "callback"))
		race_in_a_callback(false);
	else if (!strcmp(name, "none")) {
		race_on_a_picture(true);
		race_in_a_callback(true);
	} else
		return 2;
	return 0;
}

/* This program again with the arguments "race" and @name: its exit status, and what it says. */
static int run_race(const char *name, char *said, size_t size)
{
	int ends[2], status;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (!pid) {
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		execl("/proc/self/exe", "race", "race", name, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	while ((n = read(ends[0], said + len, size - 1 - len)) > 0)
		len += (size_t)n;
	said[len] = 0;
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void races_of_ours_are_seen(void **state)
{
	static const char *const names[] = { "picture", "callback" };
	char said[16384];

	if (!WITH_TSAN)
		skip();
	if (run_race("none", said, sizeof(said)))
		fail_msg("there is no race, but: %s", said);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int status = run_race(names[i], said, sizeof(said));

		if (!status || !strstr(said, "ThreadSanitizer: data race"))
			fail_msg("%s: status %d, and nothing of a race: %s", names[i], status,
				 said);
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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decoder_has_threads),
		cmocka_unit_test(any_thread_may_ask),
		cmocka_unit_test(races_of_ours_are_seen),
	};

	if (argc == 3 && !strcmp(argv[1], "race"))
		return race(argv[2]);
	av_log_set_level(AV_LOG_FATAL);
	return cmocka_run_group_tests_name("camera threads", tests, setup, teardown);
}
