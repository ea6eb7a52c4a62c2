/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sequences of calls of real clients, from files of one step a line, on the encoder. "h264" before
 * a step: for H.264 only.
 *
 *	open, close		a session
 *	enum-fmt capture	all formats; the stream's is among them, and all are coded
 *	enum-framesizes capture	of the stream's format: the picture's size is in the range
 *	try-encoder-cmd, encoder-cmd stop|start
 *	s-fmt capture WxH sizeimage=N	the format is kept, and sizeimage is not smaller
 *	s-fmt output FOURCC	format and size are kept
 *	s-selection crop	the whole picture; it is kept
 *	query-ctrl NAME		it is there
 *	s-ext-ctrl NAME VALUE required|optional
 *	s-parm N		frames a second, on OUTPUT
 *	reqbufs QUEUE N		no fewer, and no more matter; OUTPUT's memory is the test's choice
 *	map capture		QUERYBUF, and a mapping
 *	queue capture		all buffers that the client has
 *	streamon, streamoff QUEUE
 *	put N			the next pictures; waits for free buffers
 *	await packets|last	a packet of each picture has come; LAST has come
 *	key N, not-key N	packet N is a key picture, or none
 *	decode			libavcodec decodes what came, and sees the pictures
 */
#include "clip.h"

#include <sys/mman.h>

#include "core/core.h"
#include "encoder.h"
#include "v4l2/encoder.h"

#define OUT  V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE
#define CAP  V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE
#define BUFS 8
#define WIDTH  128
#define HEIGHT 96
#define PICTURE (WIDTH * HEIGHT * 3 / 2)

static const struct stream {
	uint32_t coded;
	enum AVCodecID id;
	const char *encoder;
} streams[] = {
	{ V4L2_PIX_FMT_H264, AV_CODEC_ID_H264, "libx264" },
	{ V4L2_PIX_FMT_VP8, AV_CODEC_ID_VP8, "libvpx" },
};

static struct {
	struct rig *r;
	const struct stream *stream;
	uint32_t memory;		/* of OUTPUT */
	uint8_t *mem[BUFS];
	unsigned int num[2];
	bool busy[2][BUFS], last;
	int next;			/* picture */
	struct clip got;
	const char *file;
	unsigned int line;
} c;

#define REQUIRE(cond)                                                               \
	do {                                                                        \
		if (!(cond))                                                        \
			fail_msg("%s:%u: %s does not hold", c.file, c.line, #cond); \
	} while (0)

static uint32_t queue_type(const char *name)
{
	REQUIRE(!strcmp(name, "output") || !strcmp(name, "capture"));
	return name[0] == 'o' ? OUT : CAP;
}

static int ioctl_of(uint32_t nr, union vmedia_payload *a)
{
	return rig_ioctl(c.r, c.r->s, nr, a);
}

static struct vmedia_queue *queue(uint32_t type)
{
	struct vmedia_ctx *ctx = vmedia_session_ctx(vmedia_session_find(c.r->dev, c.r->s));

	return type == OUT ? vmedia_m2m_src(ctx) : vmedia_m2m_dst(ctx);
}

/* ---- Buffers ---- */

static int qbuf_output(uint32_t index)
{
	uint8_t raw[VMEDIA_SG_ENTRY_SIZE];
	struct vmedia_sg_entry e = { .len = PICTURE };
	struct vmedia_cmd cmd;
	int err;

	harness_cmd_ioctl(&cmd, c.r->s, VMEDIA_NR_QBUF);
	cmd.io.num_planes = 1;
	cmd.io.arg.buffer = (struct vmedia_buffer){ .index = index, .type = OUT, .length = 1,
						    .memory = c.memory,
						    .timestamp.tv_sec = c.next };
	memset(cmd.io.planes, 0, sizeof(cmd.io.planes));
	memset(cmd.io.uuid, 0, sizeof(cmd.io.uuid));
	cmd.io.planes[0].bytesused = PICTURE;
	cmd.io.planes[0].length = PICTURE;
	cmd.io.uuid[0][0] = (uint8_t)(index + 1);
	if (c.memory == V4L2_MEMORY_USERPTR) {
		e.start = harness_gpa(&c.r->h, c.mem[index]);
		vmedia_sg_put(raw, 0, &e);
		cmd.io.plane_sg[0] = (struct vmedia_sg){ raw, 1 };
		cmd.io.planes[0].m.userptr = 0x1000;
	}
	err = rig_cmd(c.r, &cmd);
	c.busy[0][index] = !err;
	return err;
}

static void queue_capture(void)
{
	for (uint32_t i = 0; i < c.num[1]; i++)
		if (!c.busy[1][i]) {
			REQUIRE(!rig_queue(c.r, c.r->s, CAP, i));
			c.busy[1][i] = true;
		}
}

/* False: nothing more comes. */
static bool next_event(void)
{
	const struct vmedia_buffer *b;
	struct vmedia_evt evt;

	while (!rig_poll(c.r, &evt)) {
		if (!vmedia_encoder_of(vmedia_queue_ctx(queue(OUT)))->s.running)
			return false;
		assert_true(vmedia_loop_step(c.r->h.loop, -1) >= 0);
	}
	b = &evt.buffer;
	REQUIRE(evt.type == VMEDIA_EVT_DQBUF && !(b->flags & V4L2_BUF_FLAG_ERROR));
	REQUIRE(b->index < c.num[b->type == CAP] && c.busy[b->type == CAP][b->index]);
	c.busy[b->type == CAP][b->index] = false;
	if (b->type == OUT)
		return true;
	if (evt.planes[0].bytesused) {
		REQUIRE(!c.last);
		clip_add(&c.got, vmedia_buf_plane(vmedia_queue_buf(queue(CAP), b->index), 0),
			 evt.planes[0].bytesused, b->flags, b->timestamp.tv_sec);
	}
	c.last |= !!(b->flags & V4L2_BUF_FLAG_LAST);
	if (!c.last)
		queue_capture();
	return true;
}

static void put_picture(void)
{
	AVFrame *f = av_frame_alloc();
	uint32_t i = 0;

	while (i < c.num[0] && c.busy[0][i])
		i++;
	while (i == c.num[0]) {
		REQUIRE(next_event());
		for (i = 0; i < c.num[0] && c.busy[0][i];)
			i++;
	}
	f->format = AV_PIX_FMT_NV12;
	f->width = WIDTH;
	f->height = HEIGHT;
	f->linesize[0] = f->linesize[1] = WIDTH;
	f->data[0] = c.mem[i];
	f->data[1] = c.mem[i] + WIDTH * HEIGHT;
	clip_paint(f, c.next, false);
	av_frame_free(&f);
	c.next++;
	REQUIRE(!qbuf_output(i));
}

/* ---- Steps ---- */

static void do_open(char **w)
{
	(void)w;
	for (unsigned int i = 0; i < BUFS; i++) {
		uint8_t uuid[VMEDIA_UUID_SIZE] = { (uint8_t)(i + 1) };

		if (c.memory == V4L2_MEMORY_USERPTR) {
			c.mem[i] = harness_alloc(&c.r->h, PICTURE, 4096);
			continue;
		}
		harness_add_object(&c.r->h, uuid, PICTURE);
		c.mem[i] = mmap(NULL, PICTURE, PROT_READ | PROT_WRITE, MAP_SHARED,
				c.r->h.object_fd[i], 0);
		assert_true(c.mem[i] != MAP_FAILED);
	}
}

static void do_close(char **w)
{
	(void)w;
	REQUIRE(!next_event());
	REQUIRE(!harness_close(&c.r->h, c.r->s));
	for (unsigned int i = 0; i < BUFS && c.memory != V4L2_MEMORY_USERPTR; i++)
		munmap(c.mem[i], PICTURE);
}

static void do_enum_fmt(char **w)
{
	bool has = false;
	uint32_t i;

	REQUIRE(queue_type(w[1]) == CAP);
	for (i = 0;; i++) {
		PAYLOAD(a);

		a.fmtdesc.index = i;
		a.fmtdesc.type = CAP;
		if (ioctl_of(VMEDIA_NR_ENUM_FMT, &a))
			break;
		REQUIRE(a.fmtdesc.flags & V4L2_FMT_FLAG_COMPRESSED);
		has |= a.fmtdesc.pixelformat == c.stream->coded;
	}
	REQUIRE(has);
}

static void do_enum_framesizes(char **w)
{
	PAYLOAD(a);

	(void)w;
	a.frmsizeenum.pixel_format = c.stream->coded;
	REQUIRE(!ioctl_of(VMEDIA_NR_ENUM_FRAMESIZES, &a));
	REQUIRE(a.frmsizeenum.stepwise.min_width <= WIDTH);
	REQUIRE(a.frmsizeenum.stepwise.max_width >= WIDTH);
	REQUIRE(a.frmsizeenum.stepwise.min_height <= HEIGHT);
	REQUIRE(a.frmsizeenum.stepwise.max_height >= HEIGHT);
}

static void do_command(char **w)
{
	bool start = !strcmp(w[1], "start");
	PAYLOAD(a);

	REQUIRE(start || !strcmp(w[1], "stop"));
	a.encoder_cmd.cmd = start ? V4L2_ENC_CMD_START : V4L2_ENC_CMD_STOP;
	REQUIRE(!ioctl_of(w[0][0] == 't' ? VMEDIA_NR_TRY_ENCODER_CMD : VMEDIA_NR_ENCODER_CMD, &a));
	if (start)
		c.last = false;
}

static void do_s_fmt(char **w)
{
	uint32_t type = queue_type(w[1]), size = 0, pixelformat = c.stream->coded;
	uint32_t width = WIDTH, height = HEIGHT;
	struct vmedia_pix_format_mplane *mp;
	PAYLOAD(a);

	mp = &a.format.fmt.pix_mp;
	a.format.type = type;
	if (type == CAP) {
		REQUIRE(sscanf(w[2], "%ux%u", &width, &height) == 2);
		REQUIRE(sscanf(w[3], "sizeimage=%u", &size) == 1);
	} else {
		pixelformat = v4l2_fourcc(w[2][0], w[2][1], w[2][2], w[2][3]);
	}
	mp->width = width;
	mp->height = height;
	mp->pixelformat = pixelformat;
	mp->num_planes = 1;
	mp->plane_fmt[0].sizeimage = size;
	REQUIRE(!ioctl_of(VMEDIA_NR_S_FMT, &a));
	REQUIRE(mp->pixelformat == pixelformat);
	REQUIRE(mp->plane_fmt[0].sizeimage >= size);
	if (type == OUT)
		REQUIRE(mp->width >= WIDTH && mp->height >= HEIGHT);
}

static void do_s_selection(char **w)
{
	PAYLOAD(a);

	REQUIRE(!strcmp(w[1], "crop"));
	a.selection.type = V4L2_BUF_TYPE_VIDEO_OUTPUT;
	a.selection.target = V4L2_SEL_TGT_CROP;
	a.selection.r = (struct vmedia_rect){ .width = WIDTH, .height = HEIGHT };
	REQUIRE(!ioctl_of(VMEDIA_NR_S_SELECTION, &a));
	REQUIRE(!a.selection.r.left && !a.selection.r.top);
	REQUIRE(a.selection.r.width == WIDTH && a.selection.r.height == HEIGHT);
}

#define CID(name) V4L2_CID_MPEG_VIDEO_##name

static uint32_t control(const char *name)
{
	static const struct {
		const char *name;
		uint32_t id;
	} ids[] = {
		{ "frame-rc-enable", CID(FRAME_RC_ENABLE) }, { "b-frames", CID(B_FRAMES) },
		{ "prepend-spspps-to-idr", CID(PREPEND_SPSPPS_TO_IDR) },
		{ "h264-profile", CID(H264_PROFILE) }, { "h264-level", CID(H264_LEVEL) },
		{ "header-mode", CID(HEADER_MODE) }, { "h264-i-period", CID(H264_I_PERIOD) },
		{ "h264-loop-filter-mode", CID(H264_LOOP_FILTER_MODE) },
		{ "h264-max-qp", CID(H264_MAX_QP) }, { "h264-min-qp", CID(H264_MIN_QP) },
		{ "mb-rc-enable", CID(MB_RC_ENABLE) }, { "gop-size", CID(GOP_SIZE) },
		{ "bitrate-mode", CID(BITRATE_MODE) }, { "bitrate", CID(BITRATE) },
		{ "force-key-frame", CID(FORCE_KEY_FRAME) },
	};

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		if (!strcmp(ids[i].name, name))
			return ids[i].id;
	fail_msg("%s:%u: unknown control %s", c.file, c.line, name);
	return 0;
}

static int32_t value(const char *word)
{
	if (!strcmp(word, "baseline"))
		return V4L2_MPEG_VIDEO_H264_PROFILE_CONSTRAINED_BASELINE;
	if (!strcmp(word, "40"))
		return V4L2_MPEG_VIDEO_H264_LEVEL_4_0;
	if (!strcmp(word, "joined"))
		return V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME;
	if (!strcmp(word, "cbr"))
		return V4L2_MPEG_VIDEO_BITRATE_MODE_CBR;
	return (int32_t)atoi(word);
}

static void do_query_ctrl(char **w)
{
	PAYLOAD(a);

	a.query_ext_ctrl.id = control(w[1]);
	REQUIRE(!ioctl_of(VMEDIA_NR_QUERY_EXT_CTRL, &a));
}

static void do_s_ext_ctrl(char **w)
{
	struct rig_ext e = { .c = { { .id = control(w[1]), .value = value(w[2]) } } };
	int err = rig_ext(c.r, VMEDIA_NR_S_EXT_CTRLS, V4L2_CTRL_CLASS_MPEG, 1, &e);

	if (!strcmp(w[3], "required"))
		REQUIRE(!err);
	else
		REQUIRE(!err || err == -EINVAL || err == -ERANGE);
}

static void do_s_parm(char **w)
{
	PAYLOAD(a);

	a.streamparm.type = OUT;
	a.streamparm.parm.output.timeperframe =
		(struct vmedia_fract){ 1, (uint32_t)atoi(w[1]) };
	REQUIRE(!ioctl_of(VMEDIA_NR_S_PARM, &a));
}

static void do_reqbufs(char **w)
{
	uint32_t type = queue_type(w[1]), count = (uint32_t)atoi(w[2]);
	int got = rig_reqbufs(c.r, c.r->s, type, type == OUT ? c.memory : V4L2_MEMORY_MMAP, count);

	REQUIRE(got >= (int)count && got <= BUFS);
	c.num[type == CAP] = (unsigned int)got;
	memset(c.busy[type == CAP], 0, sizeof(c.busy[0]));
}

static void do_map(char **w)
{
	REQUIRE(queue_type(w[1]) == CAP);
	for (uint32_t i = 0; i < c.num[1]; i++) {
		struct vmedia_buffer b = { .index = i, .type = CAP };
		struct vmedia_plane planes[VMEDIA_MAX_PLANES] = { 0 };
		uint64_t addr, len;

		REQUIRE(!rig_buf(c.r, c.r->s, VMEDIA_NR_QUERYBUF, &b, planes, VMEDIA_MAX_PLANES));
		REQUIRE(!harness_mmap(&c.r->h, c.r->s, planes[0].m.mem_offset, 1, &addr, &len));
		REQUIRE(len >= planes[0].length);
		REQUIRE(!harness_munmap(&c.r->h, addr));
	}
}

static void do_queue(char **w)
{
	REQUIRE(queue_type(w[1]) == CAP);
	queue_capture();
}

static void do_stream(char **w)
{
	uint32_t type = queue_type(w[1]);
	bool on = !strcmp(w[0], "streamon");

	REQUIRE(!rig_stream(c.r, c.r->s, type, on));
	if (!on)
		memset(c.busy[type == CAP], 0, sizeof(c.busy[0]));
}

static void do_put(char **w)
{
	for (int n = atoi(w[1]); n; n--)
		put_picture();
}

static void do_await(char **w)
{
	bool last = !strcmp(w[1], "last");

	REQUIRE(last || !strcmp(w[1], "packets"));
	while (last ? !c.last : c.got.num < (unsigned int)c.next)
		REQUIRE(next_event());
	REQUIRE(c.got.num == (unsigned int)c.next);
}

static void do_key(char **w)
{
	unsigned int n = (unsigned int)atoi(w[1]);

	REQUIRE(n && n <= c.got.num);
	REQUIRE(!(c.got.p[n - 1].flags & V4L2_BUF_FLAG_KEYFRAME) == (w[0][0] == 'n'));
}

static void do_decode(char **w)
{
	double psnr = clip_check(&c.got, c.stream->id, 1, (unsigned int)c.next, false, NULL);

	(void)w;
	print_message("%s: %u packets, %.1f dB at least\n", c.stream->encoder, c.got.num, psnr);
	REQUIRE(psnr > 20);
}

static const struct {
	const char *word;
	void (*run)(char **w);
} steps[] = {
	{ "open", do_open }, { "close", do_close }, { "enum-fmt", do_enum_fmt },
	{ "enum-framesizes", do_enum_framesizes }, { "try-encoder-cmd", do_command },
	{ "encoder-cmd", do_command }, { "s-fmt", do_s_fmt }, { "s-selection", do_s_selection },
	{ "query-ctrl", do_query_ctrl }, { "s-ext-ctrl", do_s_ext_ctrl }, { "s-parm", do_s_parm },
	{ "reqbufs", do_reqbufs }, { "map", do_map }, { "queue", do_queue },
	{ "streamon", do_stream }, { "streamoff", do_stream }, { "put", do_put },
	{ "await", do_await }, { "key", do_key },
	{ "not-key", do_key }, { "decode", do_decode },
};

/* ---- Files ---- */

static void run_line(char *line)
{
	char *words[8] = { NULL }, **w = words, *save = NULL;
	size_t n = 0, i = 0;

	for (char *s = strtok_r(line, " \n", &save); s && n < 7; s = strtok_r(NULL, " \n", &save))
		words[n++] = s;
	if (!n || words[0][0] == '#')
		return;
	if (!strcmp(words[0], "h264")) {
		if (c.stream->coded != V4L2_PIX_FMT_H264)
			return;
		w++;
	}
	while (i < sizeof(steps) / sizeof(steps[0]) && strcmp(steps[i].word, w[0]))
		i++;
	REQUIRE(i < sizeof(steps) / sizeof(steps[0]));
	steps[i].run(w);
}

static void run_file(const char *name, const struct stream *s, uint32_t memory)
{
	struct vmedia_libav_options opts = { .region_size = 64 << 20 };
	char path[512], line[512];
	FILE *f;

	if (!avcodec_find_encoder_by_name(s->encoder)) {
		print_message("no %s here\n", s->encoder);
		return;
	}
	memset(&c, 0, sizeof(c));
	c.file = name;
	c.stream = s;
	c.memory = memory;
	snprintf(path, sizeof(path), "%s/%s", getenv("VMEDIA_STEPS"), name);
	f = fopen(path, "r");
	assert_non_null(f);
	c.r = rig_begin();
	assert_int_equal(vmedia_libav_encoder_create(c.r->h.loop, &opts, &c.r->dev), 0);
	rig_open(c.r);
	while (fgets(line, sizeof(line), f)) {
		c.line++;
		run_line(line);
	}
	fclose(f);
	rig_end(c.r);
	clip_free(&c.got);
}

static void test_chromium(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
		run_file("chromium", &streams[i], V4L2_MEMORY_USERPTR);
		run_file("chromium", &streams[i], V4L2_MEMORY_DMABUF);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chromium),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
