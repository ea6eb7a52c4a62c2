/* SPDX-License-Identifier: BSD-3-Clause */
/* Where frames go: bytes of files, text of the preview, and what cannot be written. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <png.h>

#include "sink.h"

enum { W = 6, H = 4, YUV = W * H * 3 / 2 };

static uint8_t yuv[YUV];
static char folder[] = "/tmp/vmedia-ctl.XXXXXX";

static struct ctl_picture picture(void)
{
	struct ctl_picture pic = {
		.pixelformat = V4L2_PIX_FMT_YUV420, .width = W, .height = H, .num_planes = 1,
		.data = { yuv }, .bytesused = { YUV }, .bytesperline = { W },
	};

	ctl_picture_colours(&pic, V4L2_COLORSPACE_SRGB, 0, 0);
	return pic;
}

static const char *path(const char *name)
{
	static char buf[128];

	snprintf(buf, sizeof(buf), "%s/%s", folder, name);
	return buf;
}

static size_t slurp(const char *name, void *buf, size_t size)
{
	FILE *f = fopen(name, "rb");
	size_t n;

	assert_non_null(f);
	n = fread(buf, 1, size, f);
	fclose(f);
	unlink(name);
	return n;
}

static int setup(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < YUV; i++)
		yuv[i] = (uint8_t)(16 + 7 * i % 200);
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(folder);
}

static void test_y4m_header(void **state)
{
	struct ctl_picture pic = picture();
	char buf[160];

	(void)state;
	ctl_y4m_header(buf, sizeof(buf), &pic, (struct vmedia_fract){ 30000, 1001 });
	assert_string_equal(buf, "YUV4MPEG2 W6 H4 F30000:1001 Ip A1:1 C420jpeg "
				 "XCOLORRANGE=LIMITED\n");
	pic.field = V4L2_FIELD_INTERLACED_TB;
	pic.full_range = true;
	ctl_y4m_header(buf, sizeof(buf), &pic, (struct vmedia_fract){ 0, 1 });
	assert_string_equal(buf, "YUV4MPEG2 W6 H4 F30:1 It A1:1 C420jpeg XCOLORRANGE=FULL\n");
	/* From RGB and JPEG, whose own range is another matter, come limited values. */
	pic.pixelformat = V4L2_PIX_FMT_MJPEG;
	pic.field = V4L2_FIELD_ALTERNATE;
	ctl_y4m_header(buf, sizeof(buf), &pic, (struct vmedia_fract){ 25, 1 });
	assert_string_equal(buf, "YUV4MPEG2 W6 H4 F25:1 I? A1:1 C420jpeg XCOLORRANGE=LIMITED\n");
	pic.width = pic.height = UINT32_MAX;
	assert_in_range(ctl_y4m_header(buf, sizeof(buf), &pic,
				       (struct vmedia_fract){ UINT32_MAX, UINT32_MAX }),
			1, sizeof(buf) - 1);
}

static void test_y4m(void **state)
{
	struct ctl_stream_options o = { .to = path("a.y4m"), .stdout_fd = -1 };
	const char *head = "YUV4MPEG2 W6 H4 F30:1 Ip A1:1 C420jpeg XCOLORRANGE=LIMITED\n";
	struct ctl_picture pic = picture();
	uint8_t got[512], *p = got + strlen(head);
	struct ctl_sink s;

	(void)state;
	assert_int_equal(ctl_sink_open(&s, &o, &pic, (struct vmedia_fract){ 30, 1 }), 0);
	assert_int_equal(ctl_sink_put(&s, &pic, ""), 0);
	/* A frame that broke off is left out, and said to be. */
	pic.bytesused[0]--;
	assert_int_equal(ctl_sink_put(&s, &pic, ""), -EBADMSG);
	pic.bytesused[0]++;
	assert_int_equal(ctl_sink_put(&s, &pic, ""), 0);
	assert_int_equal(s.bytes, strlen(head) + 2 * (6 + YUV));
	assert_int_equal(ctl_sink_close(&s, 0), 0);
	assert_int_equal(slurp(o.to, got, sizeof(got)), strlen(head) + 2 * (6 + YUV));
	assert_memory_equal(got, head, strlen(head));
	for (int i = 0; i < 2; i++, p += 6 + YUV) {
		assert_memory_equal(p, "FRAME\n", 6);
		assert_memory_equal(p + 6, yuv, YUV);
	}
}

/* Raw frames are what the device gave: several memory planes, and formats nobody knows. */
static void test_raw(void **state)
{
	struct ctl_stream_options o = { .to = path("a.raw"), .stdout_fd = -1 };
	struct ctl_picture pic = picture();
	struct ctl_sink s;
	uint8_t got[64];

	(void)state;
	pic.pixelformat = v4l2_fourcc('n', 'o', 'n', 'e');
	pic.num_planes = 3;
	for (int i = 0; i < 3; i++) {
		pic.data[i] = yuv + 8 * i;
		pic.bytesused[i] = (size_t)i;
	}
	assert_int_equal(ctl_sink_open(&s, &o, &pic, (struct vmedia_fract){ 0 }), 0);
	assert_int_equal(ctl_sink_put(&s, &pic, ""), 0);
	assert_int_equal(ctl_sink_close(&s, 0), 0);
	assert_int_equal(slurp(o.to, got, sizeof(got)), 3);
	assert_int_equal(got[0], yuv[8]);
	assert_memory_equal(got + 1, yuv + 16, 2);
}

static void test_standard_output(void **state)
{
	struct ctl_stream_options o = { .to = "-" };
	struct ctl_picture pic = picture();
	uint8_t got[YUV + 1];
	struct ctl_sink s;
	int p[2];

	(void)state;
	assert_int_equal(pipe(p), 0);
	o.stdout_fd = p[1];
	assert_int_equal(ctl_sink_open(&s, &o, &pic, (struct vmedia_fract){ 0 }), 0);
	assert_int_equal(ctl_sink_put(&s, &pic, ""), 0);
	/* The whole frame is there already. */
	assert_int_equal(read(p[0], got, sizeof(got)), YUV);
	assert_memory_equal(got, yuv, YUV);
	close(p[0]);
	assert_int_equal(ctl_sink_put(&s, &pic, ""), -EPIPE);
	assert_int_equal(ctl_sink_close(&s, -EPIPE), -EPIPE);
	close(p[1]);
}

static void test_snapshot(void **state)
{
	struct ctl_stream_options o = { .snapshot = path("a.png"), .stdout_fd = -1 };
	struct ctl_picture pic = picture();
	png_image image = { .version = PNG_IMAGE_VERSION };
	uint8_t want[W * H * 3], got[W * H * 3];
	struct ctl_converter c = { 0 };
	struct ctl_sink s;

	(void)state;
	assert_int_equal(ctl_sink_open(&s, &o, &pic, (struct vmedia_fract){ 0 }), 0);
	pic.bytesused[0] = 0;
	assert_int_equal(ctl_sink_put(&s, &pic, ""), -EBADMSG);
	pic.bytesused[0] = YUV;
	assert_int_equal(ctl_sink_put(&s, &pic, ""), 0);
	assert_int_equal(ctl_sink_put(&s, &pic, ""), 0);
	assert_int_equal(ctl_sink_close(&s, 0), 0);
	assert_int_equal(ctl_picture_rgb(&c, &pic, want, W, H), 0);
	assert_true(png_image_begin_read_from_file(&image, o.snapshot));
	assert_int_equal(image.width, W);
	assert_int_equal(image.height, H);
	image.format = PNG_FORMAT_RGB;
	assert_true(png_image_finish_read(&image, NULL, got, 0, NULL));
	assert_memory_equal(got, want, sizeof(want));
	ctl_converter_finish(&c);
	/* No frame is no picture. */
	assert_int_equal(ctl_sink_open(&s, &o, &pic, (struct vmedia_fract){ 0 }), 0);
	assert_true(ctl_sink_close(&s, 0) < 0);
	unlink(o.snapshot);
}

static void test_cannot_write(void **state)
{
	struct ctl_stream_options full = { .to = "/dev/full", .stdout_fd = -1 };
	struct ctl_stream_options png = { .snapshot = "/dev/full", .stdout_fd = -1 };
	struct ctl_stream_options lost = { .to = "/nonexistent/a.y4m", .stdout_fd = -1 };
	struct ctl_stream_options lost_png = { .snapshot = "/nonexistent/a.png", .stdout_fd = -1 };
	struct ctl_stream_options y4m = { .to = path("never.y4m"), .stdout_fd = -1 };
	struct ctl_picture pic = picture();
	struct vmedia_fract rate = { 30, 1 };
	struct ctl_sink s;
	struct stat st;

	(void)state;
	assert_int_equal(ctl_sink_open(&s, &full, &pic, rate), 0);
	assert_int_equal(ctl_sink_put(&s, &pic, ""), -ENOSPC);
	assert_int_equal(ctl_sink_close(&s, -ENOSPC), -ENOSPC);
	assert_int_equal(ctl_sink_open(&s, &png, &pic, rate), 0);
	assert_int_equal(ctl_sink_put(&s, &pic, ""), -ENOSPC);
	assert_int_equal(ctl_sink_close(&s, -ENOSPC), -ENOSPC);
	/* A device node survives that. */
	assert_int_equal(stat("/dev/full", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
	assert_int_equal(ctl_sink_open(&s, &lost, &pic, rate), CTL_ERR_USAGE);
	assert_int_equal(ctl_sink_close(&s, CTL_ERR_USAGE), CTL_ERR_USAGE);
	assert_int_equal(ctl_sink_open(&s, &lost_png, &pic, rate), CTL_ERR_USAGE);
	assert_int_equal(ctl_sink_close(&s, CTL_ERR_USAGE), CTL_ERR_USAGE);
	/* What cannot be converted makes no file. */
	pic.pixelformat = v4l2_fourcc('n', 'o', 'n', 'e');
	assert_int_equal(ctl_sink_open(&s, &y4m, &pic, rate), -EINVAL);
	assert_int_equal(ctl_sink_close(&s, -EINVAL), -EINVAL);
	assert_int_equal(access(y4m.to, F_OK), -1);
}

/* ---- preview ---- */

/* The numerical recipes' generator; all that matters is that a seed repeats a run. */
static uint32_t next(uint32_t *seed)
{
	return *seed = *seed * 1664525 + 1013904223;
}

static void check_fit(uint32_t cols, uint32_t rows, uint32_t w, uint32_t h)
{
	uint32_t columns = 0, lines = 0;
	double shape;

	ctl_preview_fit(cols, rows, w, h, &columns, &lines);
	assert_in_range(columns, 1, cols);
	assert_in_range(lines, 1, rows > 3 ? rows - 2 : 1);
	/* Where neither side is at its least, the picture keeps its shape to within a cell. */
	shape = (double)w / h;
	if (columns > 1 && lines > 1 && lines < 100000)
		assert_true(columns >= (lines - 1) * 2 * shape - 2 &&
			    columns <= (lines + 1) * 2 * shape + 2);
}

static void test_fit(void **state)
{
	const char *given = getenv("VMEDIA_TEST_SEED");
	uint32_t seed = given ? (uint32_t)strtoul(given, NULL, 0) : (uint32_t)time(NULL);
	uint32_t columns, lines;

	(void)state;
	ctl_preview_fit(80, 24, 640, 480, &columns, &lines);
	assert_int_equal(columns, 58);
	assert_int_equal(lines, 22);
	ctl_preview_fit(80, 60, 1920, 1080, &columns, &lines);
	assert_int_equal(columns, 80);
	assert_int_equal(lines, 23);
	print_message("VMEDIA_TEST_SEED=%u\n", seed);
	for (int i = 0; i < 100000; i++)
		check_fit(1 + (next(&seed) >> 16) % 65535, 1 + (next(&seed) >> 16) % 65535,
			  1 + (next(&seed) >> 8) % CTL_MAX_DIMENSION,
			  1 + (next(&seed) >> 8) % CTL_MAX_DIMENSION);
	check_fit(1, 1, 1, CTL_MAX_DIMENSION);
	check_fit(65535, 65535, CTL_MAX_DIMENSION, 1);
}

static void test_preview_text(void **state)
{
	struct ctl_picture pic = picture();
	struct ctl_preview p;
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	memset(yuv, 235, W * H);
	memset(yuv + W * H, 128, W * H / 2);
	assert_non_null(f);
	assert_int_equal(ctl_preview_init(&p, f, W, H), 0);
	p.columns = 2;
	p.rows = 1;
	assert_int_equal(ctl_preview_draw(&p, &pic, "status"), 0);
	ctl_preview_finish(&p);
	fclose(f);
	/* White, said once a line; no terminal, so nothing that moves a cursor. */
	assert_string_equal(text, "\033[38;2;255;255;255m\033[48;2;255;255;255m\xe2\x96\x80"
				  "\xe2\x96\x80\033[0m\nstatus\n");
	free(text);
	setup(state); /* a new yuv; the folder is there */
}

/* Draws once and returns what a terminal of this size got. */
static size_t drawn(struct ctl_preview *p, int master, unsigned short cols, unsigned short rows,
		    char *buf, size_t size)
{
	struct winsize ws = { .ws_col = cols, .ws_row = rows };
	struct ctl_picture pic = picture();
	size_t len = 0;
	ssize_t n;

	assert_int_equal(ioctl(master, TIOCSWINSZ, &ws), 0);
	if (!p->out)
		return 0;
	assert_int_equal(ctl_preview_draw(p, &pic, "a status longer than the terminal"), 0);
	/* A terminal hands on what it got in pieces of its own; the status line is the last. */
	do {
		n = read(master, buf + len, size - 1 - len);
		assert_true(n > 0);
		len += (size_t)n;
		buf[len] = 0;
	} while (!strstr(buf, "\033[K\r\n") && !strstr(buf, "\033[K\n"));
	return len;
}

static void test_terminal(void **state)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	struct ctl_preview p = { 0 };
	char buf[4096];
	FILE *tty;

	(void)state;
	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		skip();
	drawn(&p, master, 12, 5, buf, sizeof(buf));
	tty = fopen(ptsname(master), "w");
	assert_non_null(tty);
	assert_int_equal(ctl_preview_init(&p, tty, W, H), 0);
	assert_true(p.live);
	assert_int_equal(p.rows, 3);
	assert_int_equal(p.columns, 9);
	drawn(&p, master, 12, 5, buf, sizeof(buf));
	assert_memory_equal(buf, "\033[?25l\033[38;2;", 13);
	assert_non_null(strstr(buf, "\na status lo\033[K"));
	drawn(&p, master, 12, 5, buf, sizeof(buf));
	assert_memory_equal(buf, "\033[4A\r", 5);
	/* Another size: all goes, and the picture fits again. */
	drawn(&p, master, 8, 20, buf, sizeof(buf));
	assert_memory_equal(buf, "\033[2J\033[H", 7);
	assert_int_equal(p.columns, 8);
	assert_int_equal(p.rows, 3);
	ctl_preview_finish(&p);
	assert_int_equal(read(master, buf, sizeof(buf)), 10);
	assert_memory_equal(buf, "\033[0m\033[?25h", 10);
	fclose(tty);
	close(master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_y4m_header),   cmocka_unit_test(test_y4m),
		cmocka_unit_test(test_raw),	     cmocka_unit_test(test_standard_output),
		cmocka_unit_test(test_snapshot),     cmocka_unit_test(test_cannot_write),
		cmocka_unit_test(test_fit),	     cmocka_unit_test(test_preview_text),
		cmocka_unit_test(test_terminal),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
