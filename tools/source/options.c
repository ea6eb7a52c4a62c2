/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line: the kind of source, and options before and behind it. */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include <linux/videodev2.h>
#include <vmedia/log.h>
#include <vmedia/share.h>

#include "options.h"

enum {
	OPT_PUBLISH = 256,
	OPT_MODE,
	OPT_GROUP,
	OPT_SUBSCRIBERS,
	OPT_FORMAT,
	OPT_CAMERA,	/* one that the camera's source has as well */
	OPT_MODULES,
	OPT_LOG,
	OPT_USER,
	OPT_SANDBOX,
	OPT_NO_SANDBOX,
};

static const struct option long_options[] = {
	{ "publish", required_argument, NULL, OPT_PUBLISH },
	{ "socket-mode", required_argument, NULL, OPT_MODE },
	{ "socket-group", required_argument, NULL, OPT_GROUP },
	{ "max-subscribers", required_argument, NULL, OPT_SUBSCRIBERS },
	{ "format", required_argument, NULL, OPT_FORMAT },
	{ "size", required_argument, NULL, OPT_CAMERA },
	{ "fps", required_argument, NULL, OPT_CAMERA },
	{ "card", required_argument, NULL, OPT_CAMERA },
	{ "threads", required_argument, NULL, OPT_CAMERA },
	{ "module-path", required_argument, NULL, OPT_MODULES },
	{ "log-level", required_argument, NULL, OPT_LOG },
	{ "user", required_argument, NULL, OPT_USER },
	{ "sandbox", required_argument, NULL, OPT_SANDBOX },
	{ "no-sandbox", no_argument, NULL, OPT_NO_SANDBOX },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

void source_options_help(void)
{
	fputs("Usage: vmedia-source KIND [OPTIONS] --publish=SOCKET\n"
	      "Own one source of pictures and share it: with cameras of virtual machines\n"
	      "(vhost-user-media ... camera --source=shared:SOCKET), and with programs of this "
	      "machine.\n"
	      "It runs only while somebody streams.\n"
	      "\n"
	      "Kinds:\n"
	      "  pattern                a test picture\n"
	      "  file:PATH              a video or picture file, in a loop\n"
	      "  fifo:PATH              what a program writes to a FIFO: Y4M, MJPEG, or, with "
	      "--size,\n"
	      "                         raw pictures\n"
	      "\n"
	      "What it shows:\n"
	      "  --format=FOURCC        NV12 (default), YU12, YUYV, UYVY, RGB3, BGR3 or GREY\n"
	      "  --size=WxH             instead of the source's own\n"
	      "  --fps=N[/M]            frames a second instead of the source's own\n"
	      "  --card=NAME            its name, for people\n"
	      "  --threads=N            threads that decode a file: 1 to 16\n"
	      "\n"
	      "To whom:\n"
	      "  --publish=SOCKET       listen on this UNIX socket\n"
	      "  --socket-mode=MODE     who may connect, in octal (default 600; 660 with a group)\n"
	      "  --socket-group=GROUP   the socket's group, a name or a number\n"
	      "  --max-subscribers=N    as many at a time, up to 64 (default 16)\n"
	      "\n"
	      "Other:\n"
	      "  --module-path=FOLDER   where the modules of sources are\n"
	      "  --log-level=LEVEL      error, warning, info or debug, to standard error (default "
	      "warning)\n"
	      "  --user=USER            started as root: run as this user (default vmedia, else "
	      "nobody)\n"
	      "  --sandbox=strict       do not run if a stage of the sandbox is missing\n"
	      "  --no-sandbox           keep user and privileges, for debugging\n"
	      "  -h, --help             this text\n"
	      "  -V, --version          the version\n"
	      "\n"
	      "Example: vmedia-source file:street.avi --publish=/run/street.sock\n",
	      stdout);
}

static const char *name_of(int index)
{
	return long_options[index].name;
}

static int parse_socket(struct source_options *o, char *why, size_t size)
{
	const size_t max = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;

	if (*optarg && strlen(optarg) <= max) {
		o->socket.socket_path = optarg;
		return 0;
	}
	snprintf(why, size, "--publish=%.200s: %s", optarg,
		 *optarg ? "too long for a socket; choose a shorter path"
			 : "give a path where a socket can be made");
	return -EINVAL;
}

static int parse_mode(struct source_options *o, char *why, size_t size)
{
	char *end;
	unsigned long mode = strtoul(optarg, &end, 8);

	if (*optarg >= '0' && *optarg <= '7' && !*end && mode && mode <= 0777) {
		o->socket.socket_mode = (uint32_t)mode;
		return 0;
	}
	snprintf(why, size, "--socket-mode=%.64s: give permissions in octal, for example 660",
		 optarg);
	return -EINVAL;
}

static int parse_group(struct source_options *o, char *why, size_t size)
{
	const struct group *group;
	unsigned long long gid;
	char *end;

	errno = 0;
	gid = strtoull(optarg, &end, 10);
	/* chown() leaves the group unchanged if all bits are set. */
	if (*optarg >= '0' && *optarg <= '9' && !*end && !errno && gid < UINT32_MAX) {
		o->socket_group = (gid_t)gid;
	} else if ((group = getgrnam(optarg))) {
		o->socket_group = group->gr_gid;
	} else {
		snprintf(why, size,
			 "--socket-group=%.64s: no such group; getent group lists those there are",
			 optarg);
		return -EINVAL;
	}
	o->socket.socket_group = &o->socket_group;
	return 0;
}

static int parse_subscribers(struct source_options *o, char *why, size_t size)
{
	char *end;
	unsigned long n = strtoul(optarg, &end, 10);

	if (*optarg >= '0' && *optarg <= '9' && !*end && n >= 1 &&
	    n <= VMEDIA_PUBLISHER_MAX_SUBSCRIBERS) {
		o->max_subscribers = (uint32_t)n;
		return 0;
	}
	snprintf(why, size, "--max-subscribers=%.64s: give a number from 1 to %u", optarg,
		 VMEDIA_PUBLISHER_MAX_SUBSCRIBERS);
	return -EINVAL;
}

/* Coded formats are not shared: each subscriber would decode them. */
static int parse_format(struct source_options *o, char *why, size_t size)
{
	static const uint32_t formats[] = { V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_YUV420,
					    V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_UYVY,
					    V4L2_PIX_FMT_RGB24, V4L2_PIX_FMT_BGR24,
					    V4L2_PIX_FMT_GREY };

	for (size_t i = 0; strlen(optarg) == 4 && i < sizeof(formats) / sizeof(formats[0]); i++) {
		o->pixelformat = formats[i];
		if (v4l2_fourcc((uint32_t)optarg[0], (uint32_t)optarg[1], (uint32_t)optarg[2],
				(uint32_t)optarg[3]) == formats[i])
			return 0;
	}
	snprintf(why, size, "--format=%.64s: give NV12, YU12, YUYV, UYVY, RGB3, BGR3 or GREY",
		 optarg);
	return -EINVAL;
}

static int parse_level(struct source_options *o, char *why, size_t size)
{
	static const char *const names[] = { "error", "warning", "info", "debug" };

	for (int i = 0; i <= VMEDIA_LOG_DEBUG; i++) {
		if (strcmp(optarg, names[i]) == 0) {
			o->log_level = i;
			return 0;
		}
	}
	snprintf(why, size, "--log-level=%.64s: give error, warning, info or debug", optarg);
	return -EINVAL;
}

static int parse_sandbox(struct source_options *o, char *why, size_t size)
{
	o->strict = strcmp(optarg, "strict") == 0;
	if (o->strict)
		return 0;
	snprintf(why, size, "--sandbox=%.64s: give strict", optarg);
	return -EINVAL;
}

static int parse_one(struct source_options *o, int opt, int index, char *why, size_t size)
{
	switch (opt) {
	case OPT_PUBLISH:
		return parse_socket(o, why, size);
	case OPT_MODE:
		return parse_mode(o, why, size);
	case OPT_GROUP:
		return parse_group(o, why, size);
	case OPT_SUBSCRIBERS:
		return parse_subscribers(o, why, size);
	case OPT_FORMAT:
		return parse_format(o, why, size);
	case OPT_CAMERA:
		return vmedia_camera_set_option(&o->camera, name_of(index), optarg, why, size);
	case OPT_MODULES:
		o->camera.module_path = optarg;
		return 0;
	case OPT_LOG:
		return parse_level(o, why, size);
	case OPT_USER:
		o->user = optarg;
		return 0;
	case OPT_SANDBOX:
		return parse_sandbox(o, why, size);
	case OPT_NO_SANDBOX:
		o->sandbox = false;
		return 0;
	case 'h':
		o->action = SOURCE_HELP;
		return 0;
	default:
		o->action = SOURCE_VERSION;
		return 0;
	}
}

/* Report an option for which getopt_long() returned '?' or ':'. */
static int refused(int opt, char **argv, char *why, size_t size)
{
	const char *word = argv[optind - 1];

	if (opt == ':')
		snprintf(why, size, "%.64s needs a value; see vmedia-source --help", word);
	else if (optopt > 0 && optopt < OPT_PUBLISH && strncmp(word, "--", 2) != 0)
		snprintf(why, size, "unknown option '-%c'; see vmedia-source --help", optopt);
	else if (optopt)
		snprintf(why, size, "'%.64s': the option takes no value", word);
	else
		snprintf(why, size, "unknown option '%.64s'; see vmedia-source --help", word);
	return -EINVAL;
}

static bool is_kind(const char *kind)
{
	static const char *const prefixes[] = { "file:", "fifo:" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (!strncmp(kind, prefixes[i], strlen(prefixes[i])))
			return true;
	return !strcmp(kind, "pattern");
}

/* The kind is all of the words that are no options. */
static int take_kind(struct source_options *o, int argc, char **argv, char *why, size_t size)
{
	const char *kind = argv[optind];

	if (optind >= argc) {
		snprintf(why, size, "which kind of source? For example: vmedia-source pattern "
			 "--publish=SOCKET");
		return -EINVAL;
	}
	if (optind + 1 < argc) {
		snprintf(why, size, "unexpected '%.64s': one source is one process",
			 argv[optind + 1]);
		return -EINVAL;
	}
	if (!is_kind(kind)) {
		snprintf(why, size, "unknown kind of source '%.64s'; give pattern, file:PATH or "
			 "fifo:PATH", kind);
		return -EINVAL;
	}
	o->camera.source = kind;
	return 0;
}

static int check(const struct source_options *o, char *why, size_t size)
{
	const char *wrong = NULL;

	if (!o->socket.socket_path)
		wrong = "where to listen? Give --publish=SOCKET";
	else if (!o->sandbox && o->user)
		wrong = "--user is of no use with --no-sandbox: leave one out";
	else if (!o->sandbox && o->strict)
		wrong = "--sandbox=strict is of no use with --no-sandbox: leave one out";
	else if (o->camera.free_run)
		wrong = "--fps=max: a shared source has a pace of its own; give a rate, for "
			"example 30";
	else if (o->camera.num_sizes > 1)
		wrong = "--size: a shared source has one size; give one, for example 1280x720";
	if (wrong)
		snprintf(why, size, "%s", wrong);
	return wrong ? -EINVAL : 0;
}

int source_options_parse(struct source_options *o, int argc, char **argv, char *why,
			 size_t why_size)
{
	int opt, index, ret;

	*o = (struct source_options){
		.pixelformat = V4L2_PIX_FMT_NV12,
		.socket = { .seqpacket = true },
		.log_level = VMEDIA_LOG_WARN,
		.sandbox = true,
	};
	vmedia_camera_options_init(&o->camera);
	opterr = 0;
	optind = 1;
	while ((opt = getopt_long(argc, argv, ":hV", long_options, &index)) != -1) {
		if (opt == '?' || opt == ':')
			return refused(opt, argv, why, why_size);
		ret = parse_one(o, opt, index, why, why_size);
		if (ret < 0)
			return ret;
	}
	if (o->action != SOURCE_SERVE)
		return 0;
	ret = take_kind(o, argc, argv, why, why_size);
	return ret < 0 ? ret : check(o, why, why_size);
}
