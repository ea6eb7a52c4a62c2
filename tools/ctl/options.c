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
	OPT_LIST_FORMATS_OUT,
	OPT_LIST_FORMATS_OUT_EXT,
	OPT_LIST_SIZES,
	OPT_LIST_INTERVALS,
	OPT_TRY_FMT,
	OPT_TRY_FMT_OUT,
	OPT_GET_PARM_OUT,
	OPT_SET_PARM_OUT,
	OPT_GET_SELECTION,
	OPT_GET_SELECTION_OUT,
	OPT_SET_SELECTION,
	OPT_SET_SELECTION_OUT,
	OPT_DECODER_CMD,
	OPT_TRY_DECODER_CMD,
	OPT_ENCODER_CMD,
	OPT_TRY_ENCODER_CMD,
	OPT_WAIT_EVENT,
	OPT_MMAP,
	OPT_USER,
	OPT_OUT_MMAP,
	OPT_OUT_USER,
	OPT_FROM,
	OPT_FROM_HDR,
	OPT_LOOP,
	OPT_COUNT,
	OPT_SKIP,
	OPT_TO,
	OPT_TO_HDR,
	OPT_SNAPSHOT,
	OPT_DECODE,
	OPT_ENCODE,
	OPT_CODEC_TO,
	OPT_VERIFY,
	OPT_PREVIEW,
	OPT_SCATTERED,
	OPT_SILENT,
	OPT_VERBOSE,
	OPT_VERSION,
	OPT_STATS,
	OPT_PACKED,
	OPT_FD,
	OPT_SOURCE,
	OPT_TIMEOUT,
	OPT_SHMEM_BIT,
};

#define SHORT_OPTIONS ":d:DVv:Xx:Pp:nIi:lLC:c:h"

static const struct option long_options[] = {
	{ "device", required_argument, NULL, 'd' },
	{ "socket-path", required_argument, NULL, 'd' },
	{ "fd", required_argument, NULL, OPT_FD },
	{ "source", required_argument, NULL, OPT_SOURCE },
	{ "info", no_argument, NULL, 'D' },
	{ "all", no_argument, NULL, OPT_ALL },
	{ "list-formats", no_argument, NULL, OPT_LIST_FORMATS },
	{ "list-formats-ext", no_argument, NULL, OPT_LIST_FORMATS_EXT },
	{ "list-formats-out", no_argument, NULL, OPT_LIST_FORMATS_OUT },
	{ "list-formats-out-ext", no_argument, NULL, OPT_LIST_FORMATS_OUT_EXT },
	{ "list-framesizes", required_argument, NULL, OPT_LIST_SIZES },
	{ "list-frameintervals", required_argument, NULL, OPT_LIST_INTERVALS },
	{ "get-fmt-video", no_argument, NULL, 'V' },
	{ "set-fmt-video", required_argument, NULL, 'v' },
	{ "try-fmt-video", required_argument, NULL, OPT_TRY_FMT },
	{ "get-fmt-video-out", no_argument, NULL, 'X' },
	{ "set-fmt-video-out", required_argument, NULL, 'x' },
	{ "try-fmt-video-out", required_argument, NULL, OPT_TRY_FMT_OUT },
	{ "get-parm", no_argument, NULL, 'P' },
	{ "set-parm", required_argument, NULL, 'p' },
	{ "get-output-parm", no_argument, NULL, OPT_GET_PARM_OUT },
	{ "set-output-parm", required_argument, NULL, OPT_SET_PARM_OUT },
	{ "list-inputs", no_argument, NULL, 'n' },
	{ "get-input", no_argument, NULL, 'I' },
	{ "set-input", required_argument, NULL, 'i' },
	{ "get-selection", optional_argument, NULL, OPT_GET_SELECTION },
	{ "set-selection", required_argument, NULL, OPT_SET_SELECTION },
	{ "get-selection-output", optional_argument, NULL, OPT_GET_SELECTION_OUT },
	{ "set-selection-output", required_argument, NULL, OPT_SET_SELECTION_OUT },
	{ "decoder-cmd", required_argument, NULL, OPT_DECODER_CMD },
	{ "try-decoder-cmd", required_argument, NULL, OPT_TRY_DECODER_CMD },
	{ "encoder-cmd", required_argument, NULL, OPT_ENCODER_CMD },
	{ "try-encoder-cmd", required_argument, NULL, OPT_TRY_ENCODER_CMD },
	{ "list-ctrls", no_argument, NULL, 'l' },
	{ "list-ctrls-menus", no_argument, NULL, 'L' },
	{ "get-ctrl", required_argument, NULL, 'C' },
	{ "set-ctrl", required_argument, NULL, 'c' },
	{ "wait-for-event", required_argument, NULL, OPT_WAIT_EVENT },
	{ "stream-mmap", optional_argument, NULL, OPT_MMAP },
	{ "stream-user", optional_argument, NULL, OPT_USER },
	{ "stream-out-mmap", optional_argument, NULL, OPT_OUT_MMAP },
	{ "stream-out-user", optional_argument, NULL, OPT_OUT_USER },
	{ "stream-from", required_argument, NULL, OPT_FROM },
	{ "stream-from-hdr", required_argument, NULL, OPT_FROM_HDR },
	{ "stream-loop", no_argument, NULL, OPT_LOOP },
	{ "stream-count", required_argument, NULL, OPT_COUNT },
	{ "stream-skip", required_argument, NULL, OPT_SKIP },
	{ "stream-to", required_argument, NULL, OPT_TO },
	{ "stream-to-hdr", required_argument, NULL, OPT_TO_HDR },
	{ "snapshot", required_argument, NULL, OPT_SNAPSHOT },
	{ "decode", required_argument, NULL, OPT_DECODE },
	{ "encode", required_argument, NULL, OPT_ENCODE },
	{ "to", required_argument, NULL, OPT_CODEC_TO },
	{ "verify", no_argument, NULL, OPT_VERIFY },
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

/* @side: "" or "out-". */
static int parse_memory(struct ctl_memory *m, const char *name, const char *side, uint32_t type)
{
	uint64_t n = 4;
	int ret = optarg ? parse_u64(name, optarg, 1, 64, &n) : 0;

	if (ret == 0 && m->type && m->type != type)
		return ctl_usage_text("give one of --stream-%smmap and --stream-%suser", side,
				      side);
	m->type = type;
	m->buffers = (uint32_t)n;
	return ret;
}

static int parse_file(const char **file, bool *with_hdr, const char *name, bool hdr)
{
	bool from = strncmp(name, "stream-from", strlen("stream-from")) == 0;

	if (!*optarg)
		return bad_value(name, optarg, from ? "a file that can be read, or -"
						    : "a file that can be written, or -");
	if (*file && *with_hdr != hdr)
		return ctl_usage_text("give one of --stream-%s and --stream-%s-hdr",
				      from ? "from" : "to", from ? "from" : "to");
	*file = optarg;
	*with_hdr = hdr;
	return 0;
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
		return parse_memory(&s->capture, name, "", V4L2_MEMORY_MMAP);
	case OPT_USER:
		return parse_memory(&s->capture, name, "", V4L2_MEMORY_USERPTR);
	case OPT_OUT_MMAP:
		return parse_memory(&s->out, name, "out-", V4L2_MEMORY_MMAP);
	case OPT_OUT_USER:
		return parse_memory(&s->out, name, "out-", V4L2_MEMORY_USERPTR);
	case OPT_FROM:
		return parse_file(&s->from, &s->from_hdr, name, false);
	case OPT_FROM_HDR:
		return parse_file(&s->from, &s->from_hdr, name, true);
	case OPT_TO:
		return parse_file(&s->to, &s->to_hdr, name, false);
	case OPT_TO_HDR:
		return parse_file(&s->to, &s->to_hdr, name, true);
	case OPT_COUNT:
		s->count_given = true;
		return parse_u64(name, optarg, 0, UINT64_MAX, &s->count);
	case OPT_SKIP:
		s->skip_given = true;
		return parse_u64(name, optarg, 0, UINT64_MAX, &s->skip);
	case OPT_SNAPSHOT:
		s->snapshot = optarg;
		return *optarg ? 0 : bad_value(name, optarg, "a file that can be written, or -");
	}
	return -EINVAL;
}

static int parse_codec(struct ctl_codec_options *c, int opt, const char *name)
{
	if (!*optarg)
		return bad_value(name, optarg, opt == OPT_CODEC_TO
						       ? "a file that can be written, or -"
						       : "a media file that can be read, or -");
	if (opt == OPT_DECODE)
		c->decode = optarg;
	else if (opt == OPT_ENCODE)
		c->encode = optarg;
	else
		c->to = optarg;
	return 0;
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
		{ OPT_LIST_FORMATS_OUT, &o->list_formats_out },
		{ OPT_LIST_FORMATS_OUT_EXT, &o->list_formats_out_ext },
		{ 'X', &o->get_fmt_out },
		{ OPT_GET_PARM_OUT, &o->get_parm_out },
		{ OPT_LOOP, &o->stream.loop },
		{ OPT_VERIFY, &o->codec.verify },
		{ OPT_PREVIEW, &o->stream.preview },
		{ OPT_SCATTERED, &o->stream.scattered },
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
		{ 'x', &o->set_fmt_out },
		{ OPT_TRY_FMT_OUT, &o->try_fmt_out },
		{ OPT_SET_PARM_OUT, &o->set_parm_out },
		{ OPT_GET_SELECTION, &o->get_selection },
		{ OPT_GET_SELECTION_OUT, &o->get_selection_out },
		{ OPT_SET_SELECTION, &o->set_selection },
		{ OPT_SET_SELECTION_OUT, &o->set_selection_out },
		{ OPT_DECODER_CMD, &o->decoder_cmd },
		{ OPT_TRY_DECODER_CMD, &o->try_decoder_cmd },
		{ OPT_ENCODER_CMD, &o->encoder_cmd },
		{ OPT_TRY_ENCODER_CMD, &o->try_encoder_cmd },
	};

	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		if (switches[i].opt == opt)
			return *switches[i].flag = true;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].opt == opt) {
			*texts[i].text = optarg ? optarg : "";
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
	case OPT_SOURCE:
		o->source = optarg;
		return *optarg ? 0 : bad_value(name, optarg, "the --publish of a running "
							     "vmedia-source");
	case 'c':
		return add_arg(&o->set_ctrl, name);
	case 'C':
		return add_arg(&o->get_ctrl, name);
	case OPT_DECODE:
	case OPT_ENCODE:
	case OPT_CODEC_TO:
		return parse_codec(&o->codec, opt, name);
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

static void default_memory(struct ctl_memory *m)
{
	if (!m->type)
		*m = (struct ctl_memory){ .type = V4L2_MEMORY_MMAP, .buffers = 4 };
}

static void either_memory(struct ctl_memory *m)
{
	bool chosen = m->type;

	default_memory(m);
	m->either = !chosen;
}

/*
 * An option that needs frames implies streaming, with mapped buffers unless another option says
 * otherwise. A snapshot alone takes one frame.
 */
static void complete(struct ctl_options *o)
{
	struct ctl_stream_options *s = &o->stream;

	if (s->from || s->to || s->snapshot || s->preview || s->count_given || s->out.type)
		default_memory(&s->capture);
	if (s->from)
		default_memory(&s->out);
	if (o->codec.decode || o->codec.encode) {
		either_memory(&s->capture);
		either_memory(&s->out);
	}
	s->capture.scattered = s->out.scattered = s->scattered;
	/* As in v4l2-ctl, waiting for an event has no time limit unless an option sets one. */
	if (o->wait_event && !o->connect.wait_ms)
		o->connect.wait_ms = -1;
	if (s->snapshot && !s->to && !s->preview && !s->count_given)
		s->count = 1;
}

/* True if there is something to do beside connecting. */
static bool has_action(const struct ctl_options *o)
{
	const bool wanted[] = {
		o->info, o->all, o->list_formats, o->list_formats_ext, o->list_formats_out,
		o->list_formats_out_ext, o->list_ctrls, o->list_menus, o->list_inputs,
		o->get_input, o->get_fmt, o->get_fmt_out, o->get_parm, o->get_parm_out,
		o->get_selection, o->get_selection_out, o->stats, o->set_fmt, o->set_fmt_out,
		o->try_fmt, o->try_fmt_out, o->list_sizes, o->list_intervals, o->set_parm,
		o->set_parm_out, o->set_selection, o->set_selection_out, o->set_input,
		o->decoder_cmd, o->try_decoder_cmd, o->encoder_cmd, o->try_encoder_cmd,
		o->wait_event, o->set_ctrl.count, o->get_ctrl.count, o->stream.capture.type,
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (wanted[i])
			return true;
	return false;
}

/* Check combinations of the streaming options. */
static int check_stream(const struct ctl_options *o)
{
	const struct ctl_stream_options *s = &o->stream;
	bool user = s->capture.type == V4L2_MEMORY_USERPTR || s->out.type == V4L2_MEMORY_USERPTR;

	if (s->to && s->snapshot && strcmp(s->to, s->snapshot) == 0)
		return ctl_usage_text("--stream-to and --snapshot: give two files, not one");
	if (s->from && s->to && strcmp(s->from, s->to) == 0 && strcmp(s->to, "-") != 0)
		return ctl_usage_text("--stream-from and --stream-to: give two files, not one");
	if (s->scattered && !user)
		return ctl_usage_text("--scattered needs --stream-user or --stream-out-user");
	if (s->out.type && !s->from && !o->codec.decode && !o->codec.encode)
		return ctl_usage_text("--stream-out-mmap and --stream-out-user need frames: give "
				      "--stream-from=FILE or --stream-from-hdr=FILE");
	if (s->loop && !s->from)
		return ctl_usage_text("--stream-loop needs --stream-from=FILE or "
				      "--stream-from-hdr=FILE");
	if (s->skip_given && !s->capture.type)
		return ctl_usage_text("--stream-skip needs frames: give --stream-count=N, "
				      "--stream-to=FILE or --snapshot=FILE");
	return 0;
}

static int check_codec(const struct ctl_options *o)
{
	const struct ctl_codec_options *c = &o->codec;
	const char *from = c->decode ? c->decode : c->encode;

	if (!from && (c->to || c->verify))
		return ctl_usage_text("--%s needs --decode=FILE or --encode=FILE%s",
				      c->to ? "to" : "verify",
				      c->to ? "; frames go to --stream-to=FILE" : "");
	if (!from)
		return 0;
	if (c->decode && c->encode)
		return ctl_usage_text("give one of --decode and --encode");
	if (o->stream.from)
		return ctl_usage_text("give one of --%s and --stream-from",
				      c->decode ? "decode" : "encode");
	if (o->stream.skip_given)
		return ctl_usage_text("--stream-skip is of no use with --%s; leave it out",
				      c->decode ? "decode" : "encode");
	if (c->encode && !c->to)
		return ctl_usage_text("--encode needs --to=FILE, a media file like clip.mp4");
	if (c->to && strcmp(c->to, from) == 0 && strcmp(from, "-") != 0)
		return ctl_usage_text("--%s and --to: give two files, not one",
				      c->decode ? "decode" : "encode");
	if (c->encode && c->verify && (strcmp(from, "-") == 0 || strcmp(c->to, "-") == 0))
		return ctl_usage_text("--verify reads the files of --encode and --to again: give "
				      "files");
	return 0;
}

/* A publisher has pictures, and nothing to be set. */
static int check_source(const struct ctl_options *o)
{
	struct ctl_options more = *o;

	if (o->connect.path || o->connect.fd >= 0)
		return ctl_usage_text("give one of --device, --fd and --source");
	more.info = more.all = false;
	more.stream.capture.type = 0;
	if (has_action(&more) || o->stream.out.type || o->codec.decode || o->codec.encode)
		return ctl_usage_text("--source has pictures only: give --info, --preview, "
				      "--stream-to=FILE, --snapshot=FILE or --stream-count=N "
				      "with it");
	return check_stream(o);
}

/* Check combinations of options. */
static int check(const struct ctl_options *o)
{
	int ret;

	if (o->source)
		return check_source(o);
	if (o->connect.path && o->connect.fd >= 0)
		return ctl_usage_text("give one of --device and --fd");
	if (!o->connect.path && o->connect.fd < 0)
		return ctl_usage_text(
			"which device? Give --device=SOCKET, the socket of vhost-user-media");
	ret = check_stream(o);
	if (ret == 0)
		ret = check_codec(o);
	if (ret < 0)
		return ret;
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
	while ((opt = getopt_long(argc, argv, SHORT_OPTIONS, long_options, NULL)) != -1) {
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
