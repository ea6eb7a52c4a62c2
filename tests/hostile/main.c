/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vmedia-hostile: the daemon's camera, which lies.
 *
 * For tests of drivers. --list shows what it can do wrong; --fault arms one from the beginning, and
 * a guest arms others as faults.h says. The seed is printed, and how often each was done, at the
 * end. It is not sandboxed and not installed.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include <vmedia/camera.h>
#include <vmedia/log.h>

#include "base/log.h"
#include "hostile.h"

#define PROGRAM "vmedia-hostile"

const char *const hostile_fault_names[HOSTILE_NUM_FAULTS] = {
#define X(id, name, kind, help) name,
	HOSTILE_FAULTS(X)
#undef X
};

static const char *const fault_helps[HOSTILE_NUM_FAULTS] = {
#define X(id, name, kind, help) help,
	HOSTILE_FAULTS(X)
#undef X
};

/* ---- Chance ---- */

uint64_t hostile_random(struct hostile *h)
{
	h->random ^= h->random >> 12;
	h->random ^= h->random << 25;
	h->random ^= h->random >> 27;
	return h->random * 0x2545f4914f6cdd1dull;
}

uint32_t hostile_below(struct hostile *h, uint32_t n)
{
	return (uint32_t)((hostile_random(h) >> 32) * n >> 32);
}

bool hostile_roll(struct hostile *h, enum hostile_fault fault, uint32_t which)
{
	const struct hostile_armed *a = &h->armed[fault];

	if (!a->every || !a->left || (a->which != HOSTILE_ANY && a->which != which))
		return false;
	return !hostile_below(h, a->every);
}

void hostile_done(struct hostile *h, enum hostile_fault fault, bool must)
{
	struct hostile_armed *a = &h->armed[fault];

	a->done++;
	a->must += must;
	if (a->left && a->left != UINT32_MAX)
		a->left--;
}

static void set_seed(struct hostile *h, uint64_t seed)
{
	h->seed = seed;
	h->random = seed * 0x9e3779b97f4a7c15ull + 1;
}

/* ---- Options ---- */

enum {
	OPT_SOCKET = 256,
	OPT_FAULT,
	OPT_SEED,
	OPT_LATE,
	OPT_LATE_MIN,
	OPT_REGION,
	OPT_PACKED,
	OPT_BLIND,
	OPT_TYPE,
	OPT_CAPS,
	OPT_LOG,
	OPT_LIST
};

static const struct option long_options[] = {
	{ "socket-path", required_argument, NULL, OPT_SOCKET },
	{ "fault", required_argument, NULL, OPT_FAULT },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "late-ms", required_argument, NULL, OPT_LATE },
	{ "late-min-ms", required_argument, NULL, OPT_LATE_MIN },
	{ "region-size", required_argument, NULL, OPT_REGION },
	{ "packed", no_argument, NULL, OPT_PACKED },
	{ "blind", no_argument, NULL, OPT_BLIND },
	{ "device-type", required_argument, NULL, OPT_TYPE },
	{ "device-caps", required_argument, NULL, OPT_CAPS },
	{ "log-level", required_argument, NULL, OPT_LOG },
	{ "list", no_argument, NULL, OPT_LIST },
	{ NULL, 0, NULL, 0 },
};

static void usage(FILE *to)
{
	fputs("Usage: " PROGRAM " --socket-path=PATH [OPTIONS] [camera [--NAME=VALUE...]]\n"
	      "  --fault=NAME[:every=N][:count=N]  one answer or event in N, at most N times\n"
	      "  --seed=N         of all chance (default: the time)\n"
	      "  --late-ms=N      how late answers can be (default 200)\n"
	      "  --late-min-ms=N  how much later they are at least (default 0)\n"
	      "  --region-size=N  bytes of shared memory region 0 (default 67108864; 0: none)\n"
	      "  --blind          mappings succeed without the VMM having made them\n"
	      "  --packed         offer packed rings\n"
	      "  --device-type=N, --device-caps=N  what the configuration space says instead\n"
	      "  --log-level=N    0 errors to 3 all (default 0)\n"
	      "  --list           the faults\n",
	      to);
}

static void list(void)
{
	unsigned int i;

	for (i = 0; i < HOSTILE_NUM_FAULTS; i++)
		printf("%-18s %s\n", hostile_fault_names[i], fault_helps[i]);
}

static int parse_fault(struct hostile *h, const char *word)
{
	size_t len = strcspn(word, ":");
	unsigned long every = 1, count = 0;
	const char *p;
	unsigned int i;

	p = strstr(word, ":every=");
	if (p)
		every = strtoul(p + 7, NULL, 0);
	p = strstr(word, ":count=");
	if (p)
		count = strtoul(p + 7, NULL, 0);
	for (i = 0; i < HOSTILE_NUM_FAULTS; i++)
		if (strlen(hostile_fault_names[i]) == len &&
		    !strncmp(word, hostile_fault_names[i], len))
			break;
	if (i == HOSTILE_NUM_FAULTS) {
		fprintf(stderr, PROGRAM ": no fault is called '%.*s'; see --list\n", (int)len,
			word);
		return -EINVAL;
	}
	h->armed[i].which = HOSTILE_ANY;
	h->armed[i].every = (uint32_t)every;
	h->armed[i].left = count ? (uint32_t)count : UINT32_MAX;
	return 0;
}

struct options {
	struct vmedia_camera_options camera;
	int64_t type, caps; /* -1: the true ones */
	bool listed;
};

static int parse_option(struct hostile *h, struct options *o, int opt)
{
	switch (opt) {
	case OPT_SOCKET:
		h->opts.socket_path = optarg;
		return 0;
	case OPT_FAULT:
		return parse_fault(h, optarg);
	case OPT_SEED:
		set_seed(h, strtoull(optarg, NULL, 0));
		return 0;
	case OPT_LATE:
		h->late_ms = (uint32_t)strtoul(optarg, NULL, 0);
		return h->late_ms ? 0 : -EINVAL;
	case OPT_LATE_MIN:
		h->late_min_ms = (uint32_t)strtoul(optarg, NULL, 0);
		return 0;
	case OPT_REGION:
		o->camera.region_size = strtoull(optarg, NULL, 0);
		return 0;
	case OPT_PACKED:
		h->opts.no_packed = false;
		return 0;
	case OPT_BLIND:
		h->blind = true;
		return 0;
	case OPT_TYPE:
		o->type = (int64_t)strtoul(optarg, NULL, 0);
		return 0;
	case OPT_CAPS:
		o->caps = (int64_t)strtoul(optarg, NULL, 0);
		return 0;
	case OPT_LOG:
		vmedia_log_set_level((int)strtol(optarg, NULL, 0));
		return 0;
	case OPT_LIST:
		list();
		o->listed = true;
		return 0;
	}
	usage(stderr);
	return -EINVAL;
}

static int parse_camera(struct options *o, int argc, char **argv)
{
	char name[64], why[256] = "unknown option";
	int i;

	if (argc && strcmp(argv[0], "camera") != 0) {
		usage(stderr);
		return -EINVAL;
	}
	for (i = 1; i < argc; i++) {
		const char *word = argv[i] + strspn(argv[i], "-");
		size_t len = strcspn(word, "=");

		snprintf(name, sizeof(name), "%.*s", (int)len, word);
		if (vmedia_camera_set_option(&o->camera, name, word[len] ? word + len + 1 : "", why,
					     sizeof(why))) {
			fprintf(stderr, PROGRAM ": %s: %s\n", argv[i], why);
			return -EINVAL;
		}
	}
	return 0;
}

static int parse(struct hostile *h, struct options *o, int argc, char **argv)
{
	int opt, err;

	while ((opt = getopt_long(argc, argv, "+", long_options, NULL)) != -1) {
		err = parse_option(h, o, opt);
		if (err)
			return err;
	}
	err = parse_camera(o, argc - optind, argv + optind);
	if (!err && !o->listed && !h->opts.socket_path) {
		usage(stderr);
		return -EINVAL;
	}
	return err;
}

/* ---- Life ---- */

static void on_signal(struct vmedia_source *src, uint32_t revents)
{
	vmedia_loop_stop(vmedia_container_of(src, struct hostile, signals)->loop);
}

static int catch_signals(struct hostile *h)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	h->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (h->signal_fd < 0)
		return -errno;
	return vmedia_loop_add_fd(h->loop, &h->signals, h->signal_fd, EPOLLIN, on_signal);
}

static void say_config(struct hostile *h, const struct options *o)
{
	struct vmedia_config config = *vmedia_device_config(h->dev);

	if (o->type >= 0)
		config.device_type = (uint32_t)o->type;
	if (o->caps >= 0)
		config.device_caps = (uint32_t)o->caps;
	vmedia_config_encode(&config, h->config);
}

static int serve(struct hostile *h, const struct options *o)
{
	char why[256] = "no memory";
	int err = vmedia_loop_create(&h->loop);

	if (!err)
		err = catch_signals(h);
	if (!err)
		err = vmedia_camera_create(h->loop, &o->camera, why, sizeof(why), &h->dev);
	if (err) {
		fprintf(stderr, PROGRAM ": %s: %s\n", why, strerror(-err));
		return err;
	}
	say_config(h, o);
	err = hostile_listen(h);
	if (!err)
		err = vmedia_loop_run(h->loop);
	if (err)
		fprintf(stderr, PROGRAM ": %s: %s\n", h->opts.socket_path, strerror(-err));
	return err;
}

static void report(const struct hostile *h)
{
	uint64_t done = 0, must = 0;
	unsigned int i;

	printf("seed %" PRIu64 "; %" PRIu64 " answers and %" PRIu64 " events passed\n", h->seed,
	       h->answers, h->events);
	for (i = 0; i < HOSTILE_NUM_FAULTS; i++) {
		if (h->armed[i].done)
			printf("%-18s %8" PRIu64 "  of which to be refused %8" PRIu64 "\n",
			       hostile_fault_names[i], h->armed[i].done, h->armed[i].must);
		done += h->armed[i].done;
		must += h->armed[i].must;
	}
	printf("%-18s %8" PRIu64 "  of which to be refused %8" PRIu64 "\n", "all", done, must);
	fflush(stdout);
}

static void finish(struct hostile *h)
{
	if (h->dev)
		hostile_close(h);
	vmedia_device_destroy(h->dev);
	vmedia_loop_del_fd(&h->signals);
	if (h->signal_fd >= 0)
		close(h->signal_fd);
	vmedia_loop_destroy(h->loop);
	free(h->questions);
	free(h);
}

int main(int argc, char **argv)
{
	struct options o = { .type = -1, .caps = -1 };
	struct hostile *h = calloc(1, sizeof(*h));
	int err;

	if (!h)
		return 1;
	h->questions = calloc(UINT16_MAX + 1, sizeof(*h->questions));
	h->opts.no_packed = true;
	h->listener.fd = -1;
	h->signal_fd = -1;
	h->late_ms = 200;
	set_seed(h, (uint64_t)time(NULL));
	vmedia_log_set_level(VMEDIA_LOG_ERR);
	vmedia_camera_options_init(&o.camera);
	o.camera.region_size = 64u << 20;
	/* What lies cost must not end the test: sessions whose id the guest never learns stay. */
	o.camera.limits.max_sessions = HOSTILE_MAX_SESSIONS;
	o.camera.limits.max_mappings = 65536;
	err = h->questions ? parse(h, &o, argc, argv) : -ENOMEM;
	if (!err && !o.listed) {
		printf(PROGRAM ": seed %" PRIu64 "\n", h->seed);
		fflush(stdout);
		err = serve(h, &o);
		report(h);
	}
	finish(h);
	return err ? 2 : 0;
}
