/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sequences of calls of real clients, from files of one step a line, on the decoder.
 *
 *	open			a session
 *	enum-fmt QUEUE		all formats; OUTPUT's are coded, and the stream's is among them
 *	enum-framesizes QUEUE	of the stream's format: its size is in the range
 *	s-fmt QUEUE WHAT...	OUTPUT: "WxH sizeimage=N"; CAPTURE: a fourcc. Both are kept.
 *	try-fmt capture each	each format that enum-fmt gave; none is changed
 *	g-fmt QUEUE		it is one of those
 *	g-selection compose	not empty, within the format of g-fmt
 *	g-ctrl, g-ext-ctrl min-buffers max=N	1 to N
 *	reqbufs QUEUE N|min+N	no fewer; "min" is the last control's value. CAPTURE's memory is the
 *				test's choice: mmap, or objects (dma-bufs). 0 frees.
 *	map QUEUE		QUERYBUF, and a mapping of each plane (mmap)
 *	streamon, streamoff QUEUE
 *	subscribe source-change
 *	queue capture		all buffers that the client has
 *	send N|all|until WHAT	packets: N, all, or until source-change, last or a picture comes
 *	await WHAT		source-change or last
 *	pictures all		all of the stream came since "open" or "rewind", and no others
 *	rewind			the stream begins anew; earlier pictures are forgotten
 *	decoder-cmd stop|start
 *	close
 *
 * Pictures go back to the decoder when they were looked at, and so do buffers with an error. What
 * no step asks for must not come.
 */
#include "stream.h"

#include "core/core.h"
#include "decoder.h"
#include "v4l2/decoder.h"

#define OUT  V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE
#define CAP  V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE
#define BUFS 32
#define OBJECT_SIZE 65536

static struct {
	struct player p;
	const struct recipe *recipe;
	struct stream s;
	struct pictures want;
	bool objects;			/* CAPTURE's memory */
	unsigned int next;		/* packet */
	unsigned int num[2];
	bool busy[2][BUFS];
	bool change, last;		/* came, and no step asked for it yet */
	uint32_t formats[16], width, height, min_buffers, num_formats;
	const char *file;
	unsigned int line;
} c;

#define REQUIRE(cond)                                                                   \
	do {                                                                            \
		if (!(cond))                                                            \
			fail_msg("%s:%u: %s does not hold", c.file, c.line, #cond);     \
	} while (0)

static uint32_t queue_type(const char *name)
{
	REQUIRE(!strcmp(name, "output") || !strcmp(name, "capture"));
	return name[0] == 'o' ? OUT : CAP;
}

static int ioctl_of(uint32_t nr, union vmedia_payload *a)
{
	return rig_ioctl(c.p.r, c.p.r->s, nr, a);
}

static struct vmedia_queue *queue(uint32_t type)
{
	struct vmedia_ctx *ctx = vmedia_session_ctx(vmedia_session_find(c.p.r->dev, c.p.r->s));

	return type == OUT ? vmedia_m2m_src(ctx) : vmedia_m2m_dst(ctx);
}

/* ---- Buffers ---- */

static int qbuf(uint32_t type, uint32_t index, uint32_t used, int64_t pts)
{
	bool objects = type == CAP && c.objects;
	struct vmedia_cmd cmd;
	int err;

	harness_cmd_ioctl(&cmd, c.p.r->s, VMEDIA_NR_QBUF);
	cmd.io.num_planes = type == OUT ? 1 : c.p.layout.num_mem;
	cmd.io.arg.buffer = (struct vmedia_buffer){
		.index = index, .type = type, .length = cmd.io.num_planes,
		.memory = objects ? V4L2_MEMORY_DMABUF : V4L2_MEMORY_MMAP,
		.timestamp.tv_usec = pts,
	};
	memset(cmd.io.planes, 0, sizeof(cmd.io.planes));
	cmd.io.planes[0].bytesused = used;
	/* as large as the pictures for which they were made */
	cmd.io.planes[0].length = objects ? c.p.layout.sizeimage[0] : 0;
	memset(cmd.io.uuid, 0, sizeof(cmd.io.uuid));
	cmd.io.uuid[0][0] = (uint8_t)(index + 1);
	err = rig_cmd(c.p.r, &cmd);
	c.busy[type == CAP][index] = !err;
	return err;
}

static void queue_capture(void)
{
	for (uint32_t i = 0; i < c.num[1]; i++)
		if (!c.busy[1][i])
			REQUIRE(!qbuf(CAP, i, 0, 0));
}

static void on_capture(const struct vmedia_evt *evt)
{
	const struct vmedia_buffer *b = &evt->buffer;

	REQUIRE(b->index < c.num[1] && c.busy[1][b->index]);
	c.busy[1][b->index] = false;
	if (b->flags & V4L2_BUF_FLAG_LAST) {
		REQUIRE(!c.last);
		c.last = true;
	} else if (b->flags & V4L2_BUF_FLAG_ERROR) {
		REQUIRE(!evt->planes[0].bytesused);
	} else {
		REQUIRE(!c.last);
		player_record(&c.p, b);
		REQUIRE(!qbuf(CAP, b->index, 0, 0));
	}
}

static bool next_event(void)
{
	struct vmedia_evt evt;

	while (!rig_poll(c.p.r, &evt)) {
		if (!vmedia_decoder_of(vmedia_queue_ctx(queue(OUT)))->s.running)
			return false;
		assert_true(vmedia_loop_step(c.p.r->h.loop, -1) >= 0);
	}
	if (evt.type == VMEDIA_EVT_EVENT) {
		REQUIRE(evt.event.type == V4L2_EVENT_SOURCE_CHANGE && !c.change);
		REQUIRE(evt.event.u.src_change.changes & V4L2_EVENT_SRC_CH_RESOLUTION);
		c.change = true;
	} else if (evt.buffer.type == OUT) {
		REQUIRE(evt.buffer.index < c.num[0] && c.busy[0][evt.buffer.index]);
		c.busy[0][evt.buffer.index] = false;
	} else {
		on_capture(&evt);
	}
	return true;
}

static bool send_packet(void)
{
	const AVPacket *p = c.s.packets[c.next];
	struct vmedia_buf *b;
	uint32_t i = 0;

	while (i < c.num[0] && c.busy[0][i])
		i++;
	if (i == c.num[0] || c.next == c.s.num)
		return false;
	b = vmedia_queue_buf(queue(OUT), i);
	REQUIRE(b->planes[0].length >= (uint32_t)p->size);
	memcpy(vmedia_buf_plane(b, 0), p->data, (size_t)p->size);
	REQUIRE(!qbuf(OUT, i, (uint32_t)p->size, p->pts));
	c.next++;
	return true;
}

/* ---- Steps ---- */

static void do_open(char **w)
{
	PAYLOAD(a);

	(void)w;
	for (unsigned int i = 0; i < BUFS && c.objects; i++) {
		uint8_t uuid[VMEDIA_UUID_SIZE] = { (uint8_t)(i + 1) };

		harness_add_object(&c.p.r->h, uuid, OBJECT_SIZE);
	}
	a.fmtdesc.type = OUT;
	REQUIRE(!ioctl_of(VMEDIA_NR_ENUM_FMT, &a));
}

static void do_enum_fmt(char **w)
{
	uint32_t type = queue_type(w[1]);
	bool has = type == CAP;

	for (c.num_formats = 0; c.num_formats < 16; c.num_formats++) {
		PAYLOAD(a);

		a.fmtdesc.index = c.num_formats;
		a.fmtdesc.type = type;
		if (ioctl_of(VMEDIA_NR_ENUM_FMT, &a))
			break;
		c.formats[c.num_formats] = a.fmtdesc.pixelformat;
		has |= a.fmtdesc.pixelformat == c.recipe->pixelformat;
		REQUIRE(!(a.fmtdesc.flags & V4L2_FMT_FLAG_COMPRESSED) == (type == CAP));
	}
	REQUIRE(has && c.num_formats);
}

static void do_enum_framesizes(char **w)
{
	PAYLOAD(a);

	(void)w;
	a.frmsizeenum.pixel_format = c.recipe->pixelformat;
	REQUIRE(!ioctl_of(VMEDIA_NR_ENUM_FRAMESIZES, &a));
	REQUIRE(a.frmsizeenum.stepwise.min_width <= (uint32_t)c.recipe->width);
	REQUIRE(a.frmsizeenum.stepwise.max_width >= (uint32_t)c.recipe->width);
	REQUIRE(a.frmsizeenum.stepwise.min_height <= (uint32_t)c.recipe->height);
	REQUIRE(a.frmsizeenum.stepwise.max_height >= (uint32_t)c.recipe->height);
}

static void do_s_fmt(char **w)
{
	uint32_t type = queue_type(w[1]), size = 0, pixelformat = c.recipe->pixelformat;
	PAYLOAD(a);

	a.format.type = type;
	if (type == CAP) {
		REQUIRE(!ioctl_of(VMEDIA_NR_G_FMT, &a));
		pixelformat = v4l2_fourcc(w[2][0], w[2][1], w[2][2], w[2][3]);
	} else {
		REQUIRE(sscanf(w[2], "%ux%u", &a.format.fmt.pix_mp.width,
			       &a.format.fmt.pix_mp.height) == 2);
		REQUIRE(sscanf(w[3], "sizeimage=%u", &size) == 1);
		a.format.fmt.pix_mp.num_planes = 1;
	}
	a.format.fmt.pix_mp.pixelformat = pixelformat;
	a.format.fmt.pix_mp.plane_fmt[0].sizeimage = size;
	REQUIRE(!ioctl_of(VMEDIA_NR_S_FMT, &a));
	REQUIRE(a.format.fmt.pix_mp.pixelformat == pixelformat);
	REQUIRE(a.format.fmt.pix_mp.plane_fmt[0].sizeimage >= size);
	if (type == CAP) {
		REQUIRE(a.format.fmt.pix_mp.width >= c.width);
		REQUIRE(a.format.fmt.pix_mp.height >= c.height);
	}
}

static void do_try_fmt(char **w)
{
	REQUIRE(queue_type(w[1]) == CAP && !strcmp(w[2], "each"));
	for (uint32_t i = 0; i < c.num_formats; i++) {
		PAYLOAD(a);

		a.format.type = CAP;
		a.format.fmt.pix_mp.pixelformat = c.formats[i];
		a.format.fmt.pix_mp.width = c.width;
		a.format.fmt.pix_mp.height = c.height;
		REQUIRE(!ioctl_of(VMEDIA_NR_TRY_FMT, &a));
		REQUIRE(a.format.fmt.pix_mp.pixelformat == c.formats[i]);
		REQUIRE(a.format.fmt.pix_mp.width >= c.width);
		REQUIRE(a.format.fmt.pix_mp.height >= c.height);
	}
}

static void do_g_fmt(char **w)
{
	struct vmedia_pix_format_mplane f = rig_format(c.p.r, c.p.r->s,
						       queue_type(w[1])).fmt.pix_mp;

	c.width = f.width;
	c.height = f.height;
	REQUIRE(f.width && f.height && f.num_planes);
}

static void do_g_selection(char **w)
{
	PAYLOAD(a);

	REQUIRE(!strcmp(w[1], "compose"));
	a.selection.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	a.selection.target = V4L2_SEL_TGT_COMPOSE;
	REQUIRE(!ioctl_of(VMEDIA_NR_G_SELECTION, &a));
	c.p.visible = a.selection.r;
	REQUIRE(c.p.visible.left == 0 && c.p.visible.top == 0);
	REQUIRE(c.p.visible.width && c.p.visible.width <= c.width);
	REQUIRE(c.p.visible.height && c.p.visible.height <= c.height);
}

static void do_g_ctrl(char **w)
{
	struct rig_ext e = { .c = { { .id = V4L2_CID_MIN_BUFFERS_FOR_CAPTURE } } };
	unsigned int max;
	PAYLOAD(a);

	REQUIRE(sscanf(w[2], "max=%u", &max) == 1);
	a.control.id = V4L2_CID_MIN_BUFFERS_FOR_CAPTURE;
	REQUIRE(!ioctl_of(VMEDIA_NR_G_CTRL, &a));
	REQUIRE(!rig_ext(c.p.r, VMEDIA_NR_G_EXT_CTRLS, 0, 1, &e));
	REQUIRE(e.c[0].value == a.control.value);
	c.min_buffers = (uint32_t)a.control.value;
	REQUIRE(c.min_buffers >= 1 && c.min_buffers <= max);
}

static void do_reqbufs(char **w)
{
	uint32_t type = queue_type(w[1]), count;
	bool objects = type == CAP && c.objects;
	int got;

	count = strncmp(w[2], "min+", 4) ? (uint32_t)atoi(w[2])
					 : c.min_buffers + (uint32_t)atoi(w[2] + 4);
	/* with its own memory Chromium asks for all that there may be */
	if (objects && count)
		count = BUFS;
	got = rig_reqbufs(c.p.r, c.p.r->s, type, objects ? V4L2_MEMORY_DMABUF : V4L2_MEMORY_MMAP,
			  count);
	REQUIRE(got >= (int)count && got <= BUFS);
	c.num[type == CAP] = (unsigned int)got;
	memset(c.busy[type == CAP], 0, sizeof(c.busy[0]));
	if (type == OUT || !got)
		return;
	c.p.pf = vmedia_queue_pixfmt(queue(CAP));
	vmedia_queue_layout(queue(CAP), &c.p.layout);
}

static void do_map(char **w)
{
	uint32_t type = queue_type(w[1]);

	for (uint32_t i = 0; i < c.num[type == CAP] && !(type == CAP && c.objects); i++) {
		struct vmedia_buffer b = { .index = i, .type = type };
		struct vmedia_plane planes[VMEDIA_MAX_PLANES] = { 0 };
		uint64_t addr, len;

		REQUIRE(!rig_buf(c.p.r, c.p.r->s, VMEDIA_NR_QUERYBUF, &b, planes,
				 VMEDIA_MAX_PLANES));
		for (uint32_t j = 0; j < b.length; j++) {
			REQUIRE(!harness_mmap(&c.p.r->h, c.p.r->s, planes[j].m.mem_offset, 1,
					      &addr, &len));
			REQUIRE(len >= planes[j].length);
			REQUIRE(!harness_munmap(&c.p.r->h, addr));
		}
	}
}

static void do_stream(char **w)
{
	uint32_t type = queue_type(w[1]);
	bool on = !strcmp(w[0], "streamon");
	struct vmedia_evt evt;

	REQUIRE(!rig_stream(c.p.r, c.p.r->s, type, on));
	if (on)
		return;
	/* What the device sent before its answer is from before. */
	while (rig_poll(c.p.r, &evt))
		if (evt.type == VMEDIA_EVT_DQBUF && evt.buffer.type != type)
			c.busy[evt.buffer.type == CAP][evt.buffer.index] = false;
	memset(c.busy[type == CAP], 0, sizeof(c.busy[0]));
	if (type == CAP)
		c.change = c.last = false;
}

static void do_subscribe(char **w)
{
	PAYLOAD(a);

	REQUIRE(!strcmp(w[1], "source-change"));
	a.event_subscription.type = V4L2_EVENT_SOURCE_CHANGE;
	REQUIRE(!ioctl_of(VMEDIA_NR_SUBSCRIBE_EVENT, &a));
}

static void do_queue(char **w)
{
	REQUIRE(queue_type(w[1]) == CAP);
	queue_capture();
}

static bool came(const char *what, unsigned int pictures)
{
	if (!strcmp(what, "source-change"))
		return c.change;
	if (!strcmp(what, "last"))
		return c.last;
	REQUIRE(!strcmp(what, "picture"));
	return c.p.got.num > pictures;
}

static void forget(const char *what)
{
	if (!strcmp(what, "source-change"))
		c.change = false;
}

static void do_send(char **w)
{
	unsigned int end = c.s.num, pictures = c.p.got.num;

	if (strcmp(w[1], "all") && strcmp(w[1], "until"))
		end = c.next + (unsigned int)atoi(w[1]);
	while (c.next < end && (!w[2] || !came(w[2], pictures)))
		if (!send_packet())
			REQUIRE(next_event());
	while (w[2] && !came(w[2], pictures))
		REQUIRE(next_event());
	if (w[2])
		forget(w[2]);
}

static void do_await(char **w)
{
	while (!came(w[1], c.p.got.num))
		REQUIRE(next_event());
	forget(w[1]);
}

static void do_pictures(char **w)
{
	REQUIRE(!strcmp(w[1], "all"));
	REQUIRE(!next_event());
	pictures_compare(&c.p.got, &c.want);
}

static void do_rewind(char **w)
{
	(void)w;
	c.next = 0;
	c.p.got.num = 0;
}

static void do_command(char **w)
{
	bool start = !strcmp(w[1], "start");
	PAYLOAD(a);

	REQUIRE(start || !strcmp(w[1], "stop"));
	a.decoder_cmd.cmd = start ? V4L2_DEC_CMD_START : V4L2_DEC_CMD_STOP;
	REQUIRE(!ioctl_of(VMEDIA_NR_DECODER_CMD, &a));
	if (start)
		c.last = false;
}

static void do_close(char **w)
{
	(void)w;
	REQUIRE(!next_event());
	REQUIRE(!harness_close(&c.p.r->h, c.p.r->s));
}

static const struct {
	const char *word;
	void (*run)(char **w);
} steps[] = {
	{ "open", do_open }, { "enum-fmt", do_enum_fmt },
	{ "enum-framesizes", do_enum_framesizes }, { "s-fmt", do_s_fmt },
	{ "try-fmt", do_try_fmt }, { "g-fmt", do_g_fmt }, { "g-selection", do_g_selection },
	{ "g-ctrl", do_g_ctrl }, { "g-ext-ctrl", do_g_ctrl }, { "reqbufs", do_reqbufs },
	{ "map", do_map }, { "streamon", do_stream }, { "streamoff", do_stream },
	{ "subscribe", do_subscribe }, { "queue", do_queue }, { "send", do_send },
	{ "await", do_await }, { "pictures", do_pictures }, { "rewind", do_rewind },
	{ "decoder-cmd", do_command }, { "close", do_close },
};

/* ---- Files ---- */

static void run_line(char *line)
{
	char *words[8] = { NULL }, *save = NULL;
	size_t n = 0, i = 0;

	for (char *w = strtok_r(line, " \n", &save); w && n < 7; w = strtok_r(NULL, " \n", &save))
		words[n++] = w;
	if (!n || words[0][0] == '#')
		return;
	while (i < sizeof(steps) / sizeof(steps[0]) && strcmp(steps[i].word, words[0]))
		i++;
	REQUIRE(i < sizeof(steps) / sizeof(steps[0]));
	steps[i].run(words);
}

static void run_file(const char *name, const struct recipe *r, bool objects)
{
	struct vmedia_decoder_options opts = { .libav.region_size = 256 << 20 };
	struct recipe small = *r;
	char path[512], line[512];
	FILE *f;

	memset(&c, 0, sizeof(c));
	small.width = small.height = 64;
	if (!stream_make(&c.s, &small) || !stream_make(&c.s, r))
		return;
	for (unsigned int i = 0; i < c.s.num; i++)
		c.s.packets[i]->pts = i + 1;
	stream_decode(&c.s, r->pixelformat, &c.want);
	snprintf(path, sizeof(path), "%s/%s", getenv("VMEDIA_STEPS"), name);
	f = fopen(path, "r");
	assert_non_null(f);
	c.file = name;
	c.recipe = r;
	c.objects = objects;
	c.p.r = rig_begin();
	assert_int_equal(vmedia_libav_decoder_create(c.p.r->h.loop, &opts, &c.p.r->dev), 0);
	rig_open(c.p.r);
	print_message("%s, %s, %s\n", name, r->encoder, objects ? "objects" : "mmap");
	while (fgets(line, sizeof(line), f)) {
		c.line++;
		run_line(line);
	}
	fclose(f);
	rig_end(c.p.r);
	stream_free(&c.s);
}

static void run(const char *name)
{
	static const struct recipe recipes[] = {
		{ "libx264", V4L2_PIX_FMT_H264, 128, 98, AV_PIX_FMT_YUV420P, 20, 50, 0, false },
		{ "libx264", V4L2_PIX_FMT_H264, 128, 98, AV_PIX_FMT_YUV420P, 20, 10, 3, false },
		{ "libvpx", V4L2_PIX_FMT_VP8, 128, 98, AV_PIX_FMT_YUV420P, 20, 50, 0, false },
		{ "libvpx-vp9", V4L2_PIX_FMT_VP9, 128, 98, AV_PIX_FMT_YUV420P, 20, 50, 0, false },
	};

	for (size_t i = 0; i < sizeof(recipes) / sizeof(recipes[0]); i++) {
		run_file(name, &recipes[i], false);
		run_file(name, &recipes[i], true);
	}
}

static void test_chromium_stateful(void **state)
{
	(void)state;
	run("chromium-stateful");
}

static void test_chromium_backend(void **state)
{
	(void)state;
	run("chromium-backend");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chromium_stateful),
		cmocka_unit_test(test_chromium_backend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
