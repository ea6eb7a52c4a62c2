/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conform.h"
#include "options.h"

static const struct option long_options[] = {
	{ "mirror", required_argument, NULL, 'm' },
	{ "device", required_argument, NULL, 'd' },
	{ "seed", required_argument, NULL, 's' },
	{ "calls", required_argument, NULL, 'n' },
	{ "only", required_argument, NULL, 'o' },
	{ "explain", required_argument, NULL, 'e' },
	{ "list", no_argument, NULL, 'l' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

void conform_help(void)
{
	puts("Usage: vmedia-conform --mirror=NODE --device=SOCKET [OPTIONS]\n"
	     "Make the same random calls on a V4L2 node and through a virtio-media device, and "
	     "compare\n"
	     "the answers.\n"
	     "\n"
	     "  --mirror=PATH    what is right: a node, /dev/video0, or the socket of a device\n"
	     "  --device=PATH    what is compared with it: the same\n"
	     "  --calls=N        how many (default 10000)\n"
	     "  --seed=N         the same calls again (default: another one each time; it is "
	     "printed)\n"
	     "  --only=IOCTL     only this ioctl, S_FMT or VIDIOC_S_FMT; may be repeated\n"
	     "  --explain=FILE   differences that are no failures: lines IOCTL FIELD REASON; may "
	     "be repeated\n"
	     "  --list           print which fields are compared, and how; make no calls\n"
	     "  --verbose        also print how often each ioctl was called\n"
	     "  --version, --help\n"
	     "\n"
	     "Exit status: 0; 1 if something differs that is not explained; 2 for wrong usage.");
}

static int usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static int usage(const char *fmt, ...)
{
	va_list ap;

	fputs("vmedia-conform: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return -EINVAL;
}

static int parse_number(const char *option, const char *text, uint64_t min, uint64_t *n)
{
	unsigned long long v;
	char *end;

	errno = 0;
	v = strtoull(text, &end, 0);
	if (*text < '0' || *text > '9' || *end || errno || v < min)
		return usage("--%s=%s: give a number from %llu", option, text,
			     (unsigned long long)min);
	*n = v;
	return 0;
}

static int parse_only(struct conform_options *o, const char *text)
{
	const char *name = strncasecmp(text, "VIDIOC_", 7) == 0 ? text + 7 : text;

	for (unsigned int i = 0; i < conform_num_rows; i++) {
		if (strcasecmp(conform_row_name(&conform_rows[i]), name) != 0)
			continue;
		if (conform_rows[i].never)
			return usage("--only=%s: it is never called: %s", text,
				     conform_rows[i].never);
		o->only[conform_rows[i].nr] = o->only_some = true;
		return 0;
	}
	return usage("--only=%s: give the name of an ioctl, as S_FMT; --list has them", text);
}

static int parse_explain(struct conform_options *o, const char *path)
{
	FILE *file = fopen(path, "r");
	int ret;

	if (!file)
		return usage("%s: %s", path, strerror(errno));
	ret = conform_rules_read(&o->rules, file, path);
	fclose(file);
	return ret < 0 ? -EINVAL : 0;
}

static int parse_one(struct conform_options *o, int opt)
{
	switch (opt) {
	case 'm':
		o->mirror = optarg;
		return 0;
	case 'd':
		o->device = optarg;
		return 0;
	case 's':
		o->seed_given = true;
		return parse_number("seed", optarg, 0, &o->seed);
	case 'n':
		return parse_number("calls", optarg, 1, &o->calls);
	case 'o':
		return parse_only(o, optarg);
	case 'e':
		return parse_explain(o, optarg);
	case 'l':
		o->list = true;
		return 0;
	case 'v':
		o->verbose = true;
		return 0;
	case 'V':
		o->version = true;
		return 0;
	default:
		o->help = true;
		return 0;
	}
}

int conform_options_parse(struct conform_options *o, int argc, char **argv)
{
	int opt, ret;

	*o = (struct conform_options){ .calls = 10000 };
	ret = conform_rules_default(&o->rules);
	opterr = 0;
	while (ret == 0 && (opt = getopt_long(argc, argv, ":hv", long_options, NULL)) != -1) {
		if (opt == ':')
			return usage("%s needs a value; see vmedia-conform --help",
				     argv[optind - 1]);
		if (opt == '?')
			return usage("unknown option '%s'; see vmedia-conform --help",
				     argv[optind - 1]);
		ret = parse_one(o, opt);
	}
	if (ret < 0)
		return ret;
	if (optind < argc)
		return usage("unexpected '%s'; see vmedia-conform --help", argv[optind]);
	if (o->help || o->version || o->list)
		return 0;
	if (!o->mirror)
		return usage("give --mirror=NODE, as /dev/video0; see vmedia-conform --help");
	if (!o->device)
		return usage("give --device=SOCKET, of a device; see vmedia-conform --help");
	return 0;
}
