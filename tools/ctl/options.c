/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line of vmedia-ctl. Names and letters are v4l2-ctl's wherever it has the option. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

enum {
	OPT_ALL = 256,
	OPT_LIST_FORMATS,
	OPT_LIST_FORMATS_EXT,
	OPT_LIST_SIZES,
	OPT_LIST_INTERVALS,
	OPT_TRY_FMT,
	OPT_SELECTION,
	OPT_WAIT_EVENT,
	OPT_MMAP,
	OPT_USER,
	OPT_COUNT,
	OPT_SKIP,
	OPT_TO,
	OPT_SNAPSHOT,
	OPT_PREVIEW,
	OPT_SCATTERED,
	OPT_SILENT,
	OPT_VERBOSE,
	OPT_VERSION,
	OPT_STATS,
	OPT_PACKED,
	OPT_FD,
	OPT_TIMEOUT,
	OPT_SHMEM_BIT,
};

static const struct option long_options[] = {
	{ "device", required_argument, NULL, 'd' },
	{ "socket-path", required_argument, NULL, 'd' },
	{ "fd", required_argument, NULL, OPT_FD },
	{ "info", no_argument, NULL, 'D' },
	{ "all", no_argument, NULL, OPT_ALL },
	{ "list-formats", no_argument, NULL, OPT_LIST_FORMATS },
	{ "list-formats-ext", no_argument, NULL, OPT_LIST_FORMATS_EXT },
	{ "list-framesizes", required_argument, NULL, OPT_LIST_SIZES },
	{ "list-frameintervals", required_argument, NULL, OPT_LIST_INTERVALS },
	{ "get-fmt-video", no_argument, NULL, 'V' },
	{ "set-fmt-video", required_argument, NULL, 'v' },
	{ "try-fmt-video", required_argument, NULL, OPT_TRY_FMT },
	{ "get-parm", no_argument, NULL, 'P' },
	{ "set-parm", required_argument, NULL, 'p' },
	{ "list-inputs", no_argument, NULL, 'n' },
	{ "get-input", no_argument, NULL, 'I' },
	{ "set-input", required_argument, NULL, 'i' },
	{ "get-selection", no_argument, NULL, OPT_SELECTION },
	{ "list-ctrls", no_argument, NULL, 'l' },
	{ "list-ctrls-menus", no_argument, NULL, 'L' },
	{ "get-ctrl", required_argument, NULL, 'C' },
	{ "set-ctrl", required_argument, NULL, 'c' },
	{ "wait-for-event", required_argument, NULL, OPT_WAIT_EVENT },
	{ "stream-mmap", optional_argument, NULL, OPT_MMAP },
	{ "stream-user", optional_argument, NULL, OPT_USER },
	{ "stream-count", required_argument, NULL, OPT_COUNT },
	{ "stream-skip", required_argument, NULL, OPT_SKIP },
	{ "stream-to", required_argument, NULL, OPT_TO },
	{ "snapshot", required_argument, NULL, OPT_SNAPSHOT },
	{ "preview", no_argument, NULL, OPT_PREVIEW },
	{ "scattered", no_argument, NULL, OPT_SCATTERED },
	{ "packed", no_argument, NULL, OPT_PACKED },
	{ "shmem-feature-bit", required_argument, NULL, OPT_SHMEM_BIT },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "stats", no_argument, NULL, OPT_STATS },
	{ "silent", no_argument, NULL, OPT_SILENT },
	{ "verbose", no_argument, NULL, OPT_VERBOSE },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

void ctl_options_help(void)
{
	fputs("Usage: vmedia-ctl --device=SOCKET [OPTIONS]\n"
	      "Drive a virtio-media device over its vhost-user socket. Option names are "
	      "v4l2-ctl's.\n"
	      "\n"
	      "Device:\n"
	      "  -d, --device=SOCKET        socket of the device (also --socket-path)\n"
	      "      --fd=FD                a connected socket instead\n"
	      "      --packed               use packed virtqueues where offered\n"
	      "      --shmem-feature-bit=N  protocol feature bit of SHMEM: 22, or a draft's 20 or "
	      "21\n"
	      "      --timeout=MS           patience for an answer, a frame (default 5000) and an "
	      "event (without end)\n"
	      "\n"
	      "Show:\n"
	      "      --all                  everything there is to know\n"
	      "  -D, --info                 driver, card and capabilities\n"
	      "      --list-formats         pixel formats\n"
	      "      --list-formats-ext     pixel formats with frame sizes and intervals\n"
	      "      --list-framesizes=FMT  sizes of a pixel format\n"
	      "      --list-frameintervals=width=W,height=H,pixelformat=FMT\n"
	      "  -V, --get-fmt-video        the format\n"
	      "  -P, --get-parm             the frame rate\n"
	      "  -n, --list-inputs          inputs;  -I, --get-input  the present one\n"
	      "      --get-selection        crop and compose rectangles\n"
	      "  -l, --list-ctrls           controls;  -L, --list-ctrls-menus  with their menus\n"
	      "  -C, --get-ctrl=NAME[,...]  values of controls\n"
	      "\n"
	      "Set:\n"
	      "  -v, --set-fmt-video=width=W,height=H,pixelformat=FMT,field=F,colorspace=C,\n"
	      "           xfer=X,ycbcr=Y,hsv=H,quantization=Q,premul-alpha,bytesperline=N,\n"
	      "           sizeimage=N\n"
	      "      --try-fmt-video=...    what it would become\n"
	      "  -p, --set-parm=FPS         frame rate\n"
	      "  -i, --set-input=N          input\n"
	      "  -c, --set-ctrl=NAME=VALUE[,...]\n"
	      "\n"
	      "Stream:\n"
	      "      --stream-mmap[=N]      with N buffers of the device, mapped (default 4)\n"
	      "      --stream-user[=N]      with N buffers of ours, as shared pages\n"
	      "      --scattered            scatter those page by page, as a guest's user memory "
	      "is\n"
	      "      --stream-count=N       stop after N frames; 0: when interrupted\n"
	      "      --stream-skip=N        ignore the first N frames\n"
	      "      --stream-to=FILE       write frames: Y4M where FILE ends in .y4m, else as "
	      "they come; -: standard output\n"
	      "      --snapshot=FILE        write the first frame as PNG\n"
	      "      --preview              show the picture in the terminal\n"
	      "      --silent               no frame rate while streaming\n"
	      "      --stats                commands, events, kicks and interrupts at the end\n"
	      "      --wait-for-event=ctrl=NAME | eos | source_change=0\n"
	      "\n"
	      "  -h, --help      --version      --verbose\n",
	      stdout);
}

static int bad_value(const char *name, const char *value, const char *expect)
{
	return ctl_usage_text("--%s=%s: give %s", name, value, expect);
}

static int parse_u64(const char *name, const char *text, uint64_t min, uint64_t max,
		     uint64_t *value)
{
	char expect[64], *end;
	uint64_t v;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && !errno && v >= min && v <= max) {
		*value = v;
		return 0;
	}
	snprintf(expect, sizeof(expect), "a number from %llu to %llu", (unsigned long long)min,
		 (unsigned long long)max);
	return bad_value(name, text, expect);
}

static int parse_stream(struct ctl_stream_options *s, const char *name, uint32_t memory)
{
	uint64_t n = 4;
	int ret = optarg ? parse_u64(name, optarg, 1, 64, &n) : 0;

	if (ret == 0 && s->memory && s->memory != memory)
		return ctl_usage_text("give one of --stream-mmap and --stream-user");
	s->memory = memory;
	s->buffers = (uint32_t)n;
	return ret;
}

static int add_arg(struct ctl_args *args, const char *name)
{
	if (args->count == CTL_MAX_ARGS)
		return ctl_usage_text("--%s is given more than %d times", name, CTL_MAX_ARGS);
	args->value[args->count++] = optarg;
	return 0;
}

static int parse_connect(struct vmedia_driver_options *c, int opt, const char *name)
{
	uint64_t v = 0;
	int ret = 0;

	switch (opt) {
	case 'd':
		if (!*optarg)
			return bad_value(name, optarg, "the --socket-path of a running "
						       "vhost-user-media");
		c->path = optarg;
		break;
	case OPT_FD:
		ret = parse_u64(name, optarg, 0, 1 << 20, &v);
		c->fd = (int)v;
		break;
	case OPT_PACKED:
		c->flags |= VMEDIA_DRIVER_PACKED;
		break;
	case OPT_SHMEM_BIT:
		ret = parse_u64(name, optarg, 20, 22, &v);
		c->shmem_feature_bit = (uint32_t)v;
		break;
	case OPT_TIMEOUT:
		ret = parse_u64(name, optarg, 1, 3600000, &v);
		c->timeout_ms = c->wait_ms = (int)v;
		break;
	}
	return ret;
}

static int parse_streaming(struct ctl_options *o, int opt, const char *name)
{
	struct ctl_stream_options *s = &o->stream;

	switch (opt) {
	case OPT_MMAP:
		return parse_stream(s, name, V4L2_MEMORY_MMAP);
	case OPT_USER:
		return parse_stream(s, name, V4L2_MEMORY_USERPTR);
	case OPT_COUNT:
		s->count_given = true;
		return parse_u64(name, optarg, 0, UINT64_MAX, &s->count);
	case OPT_SKIP:
		s->skip_given = true;
		return parse_u64(name, optarg, 0, UINT64_MAX, &s->skip);
	case OPT_TO:
		s->to = optarg;
		return *optarg ? 0 : bad_value(name, optarg, "a file that can be written, or -");
	case OPT_SNAPSHOT:
		s->snapshot = optarg;
		return *optarg ? 0 : bad_value(name, optarg, "a file that can be written, or -");
	case OPT_PREVIEW:
		s->preview = true;
		return 0;
	case OPT_SCATTERED:
		s->scattered = true;
		return 0;
	}
	return -EINVAL;
}

/* Options that only set one member: switches, then options whose text is parsed later. */
static bool parse_switch(struct ctl_options *o, int opt)
{
	const struct {
		int opt;
		bool *flag;
	} switches[] = {
		{ 'D', &o->info },
		{ OPT_ALL, &o->all },
		{ OPT_LIST_FORMATS, &o->list_formats },
		{ OPT_LIST_FORMATS_EXT, &o->list_formats_ext },
		{ 'V', &o->get_fmt },
		{ 'P', &o->get_parm },
		{ 'n', &o->list_inputs },
		{ 'I', &o->get_input },
		{ OPT_SELECTION, &o->get_selection },
		{ 'l', &o->list_ctrls },
		{ 'L', &o->list_menus },
		{ OPT_SILENT, &o->silent },
		{ OPT_VERBOSE, &o->verbose },
		{ OPT_STATS, &o->stats },
		{ 'h', &o->help },
		{ OPT_VERSION, &o->version },
	};
	const struct {
		int opt;
		const char **text;
	} texts[] = {
		{ OPT_LIST_SIZES, &o->list_sizes },
		{ OPT_LIST_INTERVALS, &o->list_intervals },
		{ 'v', &o->set_fmt },
		{ OPT_TRY_FMT, &o->try_fmt },
		{ 'p', &o->set_parm },
		{ 'i', &o->set_input },
		{ OPT_WAIT_EVENT, &o->wait_event },
	};

	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		if (switches[i].opt == opt)
			return *switches[i].flag = true;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].opt == opt) {
			*texts[i].text = optarg;
			return true;
		}
	}
	return false;
}

static int parse_one(struct ctl_options *o, int opt, const char *name)
{
	switch (opt) {
	case 'd':
	case OPT_FD:
	case OPT_PACKED:
	case OPT_SHMEM_BIT:
	case OPT_TIMEOUT:
		return parse_connect(&o->connect, opt, name);
	case 'c':
		return add_arg(&o->set_ctrl, name);
	case 'C':
		return add_arg(&o->get_ctrl, name);
	default:
		return parse_switch(o, opt) ? 0 : parse_streaming(o, opt, name);
	}
}

static const char *option_name(int opt)
{
	for (const struct option *o = long_options; o->name; o++)
		if (o->val == opt)
			return o->name;
	return "?";
}

/*
 * An option that needs frames implies streaming, with mapped buffers unless another option says
 * otherwise. A snapshot alone takes one frame.
 */
static void complete(struct ctl_options *o)
{
	struct ctl_stream_options *s = &o->stream;

	if (!s->memory && (s->to || s->snapshot || s->preview || s->count_given)) {
		s->memory = V4L2_MEMORY_MMAP;
		s->buffers = 4;
	}
	/* As in v4l2-ctl, waiting for an event has no time limit unless an option sets one. */
	if (o->wait_event && !o->connect.wait_ms)
		o->connect.wait_ms = -1;
	if (s->snapshot && !s->to && !s->preview && !s->count_given)
		s->count = 1;
}

/* True if there is something to do beside connecting. */
static bool has_action(const struct ctl_options *o)
{
	return o->info || o->all || o->list_formats || o->list_formats_ext || o->list_ctrls ||
	       o->list_menus || o->list_inputs || o->get_input || o->get_fmt || o->get_parm ||
	       o->get_selection || o->stats || o->set_fmt || o->try_fmt || o->list_sizes ||
	       o->list_intervals || o->set_parm || o->set_input || o->wait_event ||
	       o->set_ctrl.count || o->get_ctrl.count || o->stream.memory;
}

/* Check combinations of options. */
static int check(const struct ctl_options *o)
{
	const struct ctl_stream_options *s = &o->stream;

	if (o->connect.path && o->connect.fd >= 0)
		return ctl_usage_text("give one of --device and --fd");
	if (!o->connect.path && o->connect.fd < 0)
		return ctl_usage_text(
			"which device? Give --device=SOCKET, the socket of vhost-user-media");
	if (s->to && s->snapshot && strcmp(s->to, s->snapshot) == 0)
		return ctl_usage_text("--stream-to and --snapshot: give two files, not one");
	if (s->scattered && s->memory != V4L2_MEMORY_USERPTR)
		return ctl_usage_text("--scattered needs --stream-user");
	if (s->skip_given && !s->memory)
		return ctl_usage_text("--stream-skip needs frames: give --stream-count=N, "
				      "--stream-to=FILE or --snapshot=FILE");
	if (!has_action(o))
		return ctl_usage_text("what is to be done? Give --all, --preview, --stream-to=FILE "
				      "or others; see vmedia-ctl --help");
	return 0;
}

/*
 * The option that getopt_long() returned '?' for. For a letter in a group ("-xh") getopt_long()
 * tells the letter but not its place.
 */
static int refused(char **argv)
{
	const char *word = argv[optind - 1];

	if (optopt > 0 && optopt < OPT_ALL && strncmp(word, "--", 2) != 0)
		return ctl_usage_text("unknown option '-%c'; see vmedia-ctl --help", optopt);
	if (optopt)
		return ctl_usage_text("'%s': the option takes no value", word);
	return ctl_usage_text("unknown option '%s'; see vmedia-ctl --help", word);
}

int ctl_options_parse(struct ctl_options *o, int argc, char **argv)
{
	int opt, ret;

	*o = (struct ctl_options){
		.connect = { .fd = -1, .timeout_ms = 5000 },
		.stream = { .stdout_fd = -1 },
	};
	opterr = 0;
	optind = 1;
	while ((opt = getopt_long(argc, argv, ":d:DVv:Pp:nIi:lLC:c:h", long_options, NULL)) != -1) {
		if (opt == ':')
			return ctl_usage_text("%s needs a value; see vmedia-ctl --help",
					     argv[optind - 1]);
		if (opt == '?')
			return refused(argv);
		ret = parse_one(o, opt, option_name(opt));
		if (ret < 0)
			return ret;
	}
	if (optind < argc)
		return ctl_usage_text("unexpected '%s'; see vmedia-ctl --help", argv[optind]);
	if (o->help || o->version)
		return 0;
	complete(o);
	return check(o);
}
