/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line of vmedia-bench. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static const struct option long_options[] = {
	{ "source", required_argument, NULL, 's' },
	{ "json", optional_argument, NULL, 'j' },
	{ "seconds", required_argument, NULL, 't' },
	{ "rounds", required_argument, NULL, 'r' },
	{ "daemon", required_argument, NULL, 'd' },
	{ "packed", no_argument, NULL, 'p' },
	{ "only", required_argument, NULL, 'o' },
	{ "quick", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

void bench_options_help(void)
{
	puts("Usage: vmedia-bench [OPTIONS]\n"
	     "Measure what virtio-media costs, each figure beside its floor taken in the same "
	     "run.\n"
	     "\n"
	     "  --source=SOURCE  pattern or file:PATH, as of the camera (default pattern)\n"
	     "  --seconds=S      of each streaming run (default 0.5)\n"
	     "  --rounds=N       turns of a floor and what stands on it, up to 64 (default 15)\n"
	     "  --daemon=PATH    the vhost-user-media whose start is measured (default: the one "
	     "beside)\n"
	     "  --packed         packed virtqueues\n"
	     "  --only=KEY       frames of one kind only: mmap_720p, mmap_1080p, user_720p, "
	     "user_1080p,\n"
	     "                   nofill; or codec: codecs; or shared: one source for several "
	     "devices\n"
	     "  --quick          one short round, unless told otherwise: whether it works, not how "
	     "fast\n"
	     "  --json[=FILE]    the figures as one flat JSON object, to FILE or standard output "
	     "at the end\n"
	     "  --help           this text");
}

static int usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Print one line to standard error. Returns -EINVAL. */
static int usage(const char *fmt, ...)
{
	va_list ap;

	fputs("vmedia-bench: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return -EINVAL;
}

static int parse_rounds(struct bench_options *o)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(optarg, &end, 10);
	if (*optarg < '0' || *optarg > '9' || *end || errno || n < 1 || n > BENCH_MAX_ROUNDS)
		return usage("--rounds=%s: give a number from 1 to %d", optarg, BENCH_MAX_ROUNDS);
	o->rounds = (unsigned int)n;
	return 0;
}

static int parse_seconds(struct bench_options *o)
{
	char *end;
	double t = strtod(optarg, &end);

	if (end == optarg || *end || !(t > 0) || t > 600)
		return usage("--seconds=%s: give a number of seconds, more than 0, up to 600",
			     optarg);
	o->seconds = t;
	return 0;
}

static int parse_only(struct bench_options *o)
{
	static const char *const keys[] = { "mmap_720p", "mmap_1080p", "user_720p", "user_1080p",
					    "nofill", "codec", "shared" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(keys[i], optarg) == 0) {
			o->only = optarg;
			return 0;
		}
	}
	return usage("--only=%s: give mmap_720p, mmap_1080p, user_720p, user_1080p, nofill, "
		     "codec or shared", optarg);
}

static int parse_one(struct bench_options *o, int opt)
{
	switch (opt) {
	case 's':
		o->source = optarg;
		return 0;
	case 'j':
		o->json = optarg ? optarg : "-";
		return 0;
	case 't':
		return parse_seconds(o);
	case 'r':
		return parse_rounds(o);
	case 'd':
		o->daemon = optarg;
		return 0;
	case 'p':
		o->packed = true;
		return 0;
	case 'o':
		return parse_only(o);
	case 'q':
		o->quick = true;
		return 0;
	default:
		o->help = true;
		return 0;
	}
}

/*
 * Report the option for which getopt_long() returned '?'. For letters ("-xh") getopt_long() gives
 * only the letter, not its place.
 */
static int refused(char **argv)
{
	const char *word = argv[optind - 1];

	if (optopt && strncmp(word, "--", 2) != 0)
		return usage("unknown option '-%c'; see vmedia-bench --help", optopt);
	if (optopt)
		return usage("'%s': the option takes no value", word);
	return usage("unknown option '%s'; see vmedia-bench --help", word);
}

/* Set the options that were not given; --quick changes these defaults at any place. */
static void complete(struct bench_options *o)
{
	if (!o->seconds)
		o->seconds = o->quick ? 0.2 : 0.5;
	if (!o->rounds)
		o->rounds = o->quick ? 1 : 15;
	o->trips = o->quick ? 500 : 1000;
}

int bench_options_parse(struct bench_options *o, int argc, char **argv)
{
	int opt, ret;

	*o = (struct bench_options){ .source = "pattern" };
	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":h", long_options, NULL)) != -1) {
		if (opt == ':')
			return usage("%s needs a value; see vmedia-bench --help", argv[optind - 1]);
		if (opt == '?')
			return refused(argv);
		ret = parse_one(o, opt);
		if (ret < 0)
			return ret;
	}
	if (optind < argc)
		return usage("unexpected '%s'; see vmedia-bench --help", argv[optind]);
	complete(o);
	return 0;
}
