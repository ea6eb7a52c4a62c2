// SPDX-License-Identifier: BSD-3-Clause
/*
 * The source "shared:SOCKET": the colours of a publisher's pictures in V4L2's terms. What the
 * publisher does not tell is the default of its colour space, by the rules of <linux/videodev2.h>.
 */
#include <linux/videodev2.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <vmedia/camera.h>
#include <vmedia/share.h>

/* A publisher on a thread of its own, since the camera waits for it. */
struct publisher {
	struct vmedia_share_format format;
	int listen_fd;
	atomic_bool ready;
	struct vmedia_loop *loop;
	pthread_t thread;
};

static int start(void *priv)
{
	return 0;
}

static void stop(void *priv)
{
}

static void *publish(void *opaque)
{
	static const struct vmedia_publisher_ops ops = { start, stop };
	struct publisher *p = opaque;
	const struct vmedia_publisher_options opts = { .listen_fd = p->listen_fd,
						       .format = &p->format, .ops = &ops };
	struct vmedia_publisher *pub;

	assert_int_equal(vmedia_loop_create(&p->loop), 0);
	assert_int_equal(vmedia_publisher_create(p->loop, &opts, &pub), 0);
	atomic_store(&p->ready, true);
	assert_int_equal(vmedia_loop_run(p->loop), 0);
	vmedia_publisher_destroy(pub);
	return NULL;
}

static void publisher_begin(struct publisher *p, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	p->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(p->listen_fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(p->listen_fd, 4), 0);
	assert_int_equal(pthread_create(&p->thread, NULL, publish, p), 0);
	while (!atomic_load(&p->ready))
		usleep(1000);
}

static void publisher_end(struct publisher *p, const char *path)
{
	vmedia_loop_stop(p->loop);
	pthread_join(p->thread, NULL);
	/* It must outlive vmedia_loop_stop(). */
	vmedia_loop_destroy(p->loop);
	close(p->listen_fd);
	unlink(path);
}

struct colours {
	uint32_t colorspace, ycbcr_enc, quantization, xfer_func;
};

/* The colours of a camera's pictures of @pixelformat, when the publisher's are @told. */
static void check(uint32_t published, struct colours told, uint32_t pixelformat,
		  struct colours expected)
{
	struct publisher p = { .format = { .pixelformat = published, .width = 32, .height = 16,
					   .bytesperline = 32, .sizeimage = 32 * 16 * 3,
					   .colorspace = told.colorspace,
					   .ycbcr_enc = told.ycbcr_enc,
					   .quantization = told.quantization,
					   .xfer_func = told.xfer_func } };
	struct vmedia_camera_format f = { .pixelformat = pixelformat, .width = 32, .height = 16 };
	char folder[] = "/tmp/vmedia-shared.XXXXXX", path[64], source[80], why[256] = "";
	struct vmedia_camera_options opts;
	struct vmedia_camera_source *src;

	if (published == V4L2_PIX_FMT_RGB24)
		p.format.bytesperline = 96;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/s", folder);
	snprintf(source, sizeof(source), "shared:%s", path);
	publisher_begin(&p, path);
	vmedia_camera_options_init(&opts);
	opts.source = source;
	if (vmedia_camera_source_open(&opts, why, sizeof(why), &src))
		fail_msg("%s", why);
	vmedia_camera_source_try(src, &f);
	assert_int_equal(f.pixelformat, pixelformat);
	assert_int_equal(f.colorspace, expected.colorspace);
	assert_int_equal(f.ycbcr_enc, expected.ycbcr_enc);
	assert_int_equal(f.quantization, expected.quantization);
	assert_int_equal(f.xfer_func, expected.xfer_func);
	vmedia_camera_source_close(src);
	publisher_end(&p, path);
	rmdir(folder);
}

#define FULL	V4L2_QUANTIZATION_FULL_RANGE
#define LIMITED V4L2_QUANTIZATION_LIM_RANGE

static void test_told(void **state)
{
	const struct colours c = { V4L2_COLORSPACE_BT2020, V4L2_YCBCR_ENC_709, FULL,
				   V4L2_XFER_FUNC_SMPTE2084 };

	check(V4L2_PIX_FMT_NV12, c, V4L2_PIX_FMT_NV12, c);
}

static void test_defaults(void **state)
{
	check(V4L2_PIX_FMT_NV12, (struct colours){ V4L2_COLORSPACE_REC709, 0, 0, 0 },
	      V4L2_PIX_FMT_NV12,
	      (struct colours){ V4L2_COLORSPACE_REC709, V4L2_YCBCR_ENC_709, LIMITED,
				V4L2_XFER_FUNC_709 });
	check(V4L2_PIX_FMT_NV12, (struct colours){ V4L2_COLORSPACE_SMPTE170M, 0, 0, 0 },
	      V4L2_PIX_FMT_YUYV,
	      (struct colours){ V4L2_COLORSPACE_SMPTE170M, V4L2_YCBCR_ENC_601, LIMITED,
				V4L2_XFER_FUNC_709 });
	/* Pictures of a JPEG that was decoded are of full range. */
	check(V4L2_PIX_FMT_NV12, (struct colours){ V4L2_COLORSPACE_JPEG, 0, 0, 0 },
	      V4L2_PIX_FMT_NV12,
	      (struct colours){ V4L2_COLORSPACE_JPEG, V4L2_YCBCR_ENC_601, FULL,
				V4L2_XFER_FUNC_SRGB });
	check(V4L2_PIX_FMT_RGB24, (struct colours){ 0, 0, 0, 0 }, V4L2_PIX_FMT_RGB24,
	      (struct colours){ V4L2_COLORSPACE_SRGB, V4L2_YCBCR_ENC_601, FULL,
				V4L2_XFER_FUNC_SRGB });
	/* The range of R, G and B is not that of Y, U and V. */
	check(V4L2_PIX_FMT_RGB24, (struct colours){ 0, 0, FULL, 0 }, V4L2_PIX_FMT_NV12,
	      (struct colours){ V4L2_COLORSPACE_SRGB, V4L2_YCBCR_ENC_601, LIMITED,
				V4L2_XFER_FUNC_SRGB });
	/* V4L2 has no names for these numbers. */
	check(V4L2_PIX_FMT_NV12, (struct colours){ 999, 999, 999, 999 }, V4L2_PIX_FMT_NV12,
	      (struct colours){ V4L2_COLORSPACE_SRGB, V4L2_YCBCR_ENC_601, LIMITED,
				V4L2_XFER_FUNC_SRGB });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_defaults),
	};

	return cmocka_run_group_tests_name("camera-shared", tests, NULL, NULL);
}
