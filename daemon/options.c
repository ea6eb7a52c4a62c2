/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line: general options, the kind of device, then the kind's own options.
 *
 * It follows the conventions for vhost-user back-end programs that QEMU documents
 * (docs/interop/vhost-user.rst, "Backend program conventions"): --socket-path, --fd,
 * --print-capabilities.
 */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include <vmedia/log.h>

#include "kinds.h"
#include "options.h"

/* Long options without a letter, from above the letters on. */
enum {
	OPT_SOCKET = 256,
	OPT_FD,
	OPT_CAPABILITIES,
	OPT_ONCE,
	OPT_REGION,
	OPT_SHMEM_BIT,
	OPT_NO_PACKED,
	OPT_NO_MEM_SLOTS,
	OPT_ACCESS_PLATFORM,
	OPT_LOG,
	OPT_NO_SANDBOX,
	OPT_SANDBOX,
	OPT_REPORT,
	OPT_USER,
	OPT_SESSIONS,
	OPT_BUFFERS,
	OPT_BYTES,
	OPT_MAPPINGS,
	OPT_SUBSCRIPTIONS,
	OPT_OBJECTS,
	OPT_SESSION_BYTES,
	OPT_SESSION_REGION,
	OPT_SESSION_MAPPINGS,
	OPT_SESSION_OBJECTS,
	OPT_FORMATS,
	OPT_SIZE,
	OPT_FPS,
	OPT_CONTROLS,
	OPT_IOCTLS,
	OPT_POLICY,
	OPT_MODE,
	OPT_GROUP,
	OPT_MODULES,
	OPT_POLL,
};

static const struct option long_options[] = {
	{ "socket-path", required_argument, NULL, OPT_SOCKET },
	{ "fd", required_argument, NULL, OPT_FD },
	{ "print-capabilities", no_argument, NULL, OPT_CAPABILITIES },
	{ "once", no_argument, NULL, OPT_ONCE },
	{ "region-size", required_argument, NULL, OPT_REGION },
	{ "shmem-feature-bit", required_argument, NULL, OPT_SHMEM_BIT },
	{ "no-packed", no_argument, NULL, OPT_NO_PACKED },
	{ "no-mem-slots", no_argument, NULL, OPT_NO_MEM_SLOTS },
	{ "access-platform", no_argument, NULL, OPT_ACCESS_PLATFORM },
	{ "log-level", required_argument, NULL, OPT_LOG },
	{ "no-sandbox", no_argument, NULL, OPT_NO_SANDBOX },
	{ "sandbox", required_argument, NULL, OPT_SANDBOX },
	{ "sandbox-report", no_argument, NULL, OPT_REPORT },
	{ "user", required_argument, NULL, OPT_USER },
	{ "max-sessions", required_argument, NULL, OPT_SESSIONS },
	{ "max-buffers", required_argument, NULL, OPT_BUFFERS },
	{ "max-bytes", required_argument, NULL, OPT_BYTES },
	{ "max-mappings", required_argument, NULL, OPT_MAPPINGS },
	{ "max-subscriptions", required_argument, NULL, OPT_SUBSCRIPTIONS },
	{ "max-objects", required_argument, NULL, OPT_OBJECTS },
	{ "session-bytes", required_argument, NULL, OPT_SESSION_BYTES },
	{ "session-region", required_argument, NULL, OPT_SESSION_REGION },
	{ "session-mappings", required_argument, NULL, OPT_SESSION_MAPPINGS },
	{ "session-objects", required_argument, NULL, OPT_SESSION_OBJECTS },
	{ "allow-formats", required_argument, NULL, OPT_FORMATS },
	{ "max-size", required_argument, NULL, OPT_SIZE },
	{ "max-fps", required_argument, NULL, OPT_FPS },
	{ "controls", required_argument, NULL, OPT_CONTROLS },
	{ "deny-ioctls", required_argument, NULL, OPT_IOCTLS },
	{ "policy", required_argument, NULL, OPT_POLICY },
	{ "socket-mode", required_argument, NULL, OPT_MODE },
	{ "socket-group", required_argument, NULL, OPT_GROUP },
	{ "module-path", required_argument, NULL, OPT_MODULES },
	{ "poll", required_argument, NULL, OPT_POLL },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

void daemon_options_help(const struct daemon_options *o)
{
	fputs("Usage: vhost-user-media --socket-path=PATH [OPTIONS] KIND [OPTIONS OF THE KIND]\n"
	      "Serve one virtio-media device to virtual machines over vhost-user, one guest after "
	      "another.\n"
	      "\n"
	      "Kinds (vhost-user-media KIND --help tells the options of each):\n",
	      stdout);
	daemon_kinds_help(o->module_path);
	fputs("\n"
	      "Where:\n"
	      "  --socket-path=PATH     listen on this UNIX socket\n"
	      "  --socket-mode=MODE     who may connect, in octal (default 600; 660 with a group)\n"
	      "  --socket-group=GROUP   the socket's group, a name or a number\n"
	      "  --fd=FD                serve this connected socket, then exit\n"
	      "  --once                 exit after the first guest\n"
	      "\n"
	      "What a guest may do (default: all that the device can):\n"
	      "  --allow-formats=LIST   use these formats only, for example MJPG,YUYV\n"
	      "  --max-size=WxH         use no larger pictures, for example 1280x720\n"
	      "  --max-fps=N            set no more frames a second\n"
	      "  --controls=LIST        see and set these controls only; none, read (set none) or "
	      "all\n"
	      "  --deny-ioctls=LIST     call all but these, for example S_CROP,S_SELECTION\n"
	      "  --policy=FILE          the same, in lines such as: max-size = 1280x720\n"
	      "\n"
	      "What a guest may hold (sizes take K, M, G):\n"
	      "  --region-size=BYTES    shared memory region 0, for mapped buffers; 0: none "
	      "(default 256M)\n"
	      "  --max-sessions=N       open files (default 128)\n"
	      "  --max-buffers=N        buffers in one queue (default 64)\n"
	      "  --max-bytes=BYTES      buffer memory in all (default 1G)\n"
	      "  --max-mappings=N       mapped buffers (default 1024)\n"
	      "  --max-subscriptions=N  event subscriptions of one session (default 512)\n"
	      "  --max-objects=N        exported virtio objects (default 256)\n"
	      "\n"
	      "What one open file of a guest may hold (default three quarters of the above):\n"
	      "  --session-bytes=BYTES  of --max-bytes (default no more than --session-region)\n"
	      "  --session-region=BYTES of --region-size\n"
	      "  --session-mappings=N   of --max-mappings\n"
	      "  --session-objects=N    of --max-objects\n"
	      "\n"
	      "For odd peers:\n"
	      "  --shmem-feature-bit=N  protocol feature bit of SHMEM: 22, or a draft's 20 or 21 "
	      "(default 22)\n"
	      "  --no-packed            offer split virtqueues only\n"
	      "  --no-mem-slots         at most 8 regions of guest memory; QEMU can connect again\n"
	      "  --access-platform      offer VIRTIO_F_ACCESS_PLATFORM (QEMU's iommu_platform=on), "
	      "but no IOMMU\n"
	      "\n"
	      "Other:\n"
	      "  --module-path=FOLDER   where modules are that serve more kinds; before --help it "
	      "lists them\n"
	      "  --poll=US              look for commands so long before sleeping, up to 1000 "
	      "(default 0)\n"
	      "  --log-level=LEVEL      error, warning, info or debug, to standard error (default "
	      "warning)\n"
	      "  --user=USER            started as root: serve as this user (default vmedia, else "
	      "nobody)\n"
	      "  --sandbox=strict       do not serve if a stage of the sandbox is missing\n"
	      "  --sandbox-report       try what a hijacked process would, tell what stopped it, "
	      "and exit\n"
	      "  --no-sandbox           keep user and privileges, for debugging\n"
	      "  --print-capabilities   tell a VM manager what this program is, as JSON\n"
	      "  -h, --help             this text\n"
	      "  -V, --version          the version\n"
	      "\n"
	      "Example: vhost-user-media --socket-path=/run/cam.sock camera "
	      "--source=file:street.avi\n",
	      stdout);
}

bool daemon_option_known(const char *name)
{
	for (const struct option *o = long_options; o->name; o++)
		if (strcmp(o->name, name) == 0)
			return true;
	return false;
}

int daemon_parse_size(const char *text, uint64_t max, uint64_t *value)
{
	unsigned int shift = 0;
	char *end;
	uint64_t v;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	v = strtoull(text, &end, 0);
	if (errno)
		return -EINVAL;
	if (*end == 'K' || *end == 'k')
		shift = 10;
	else if (*end == 'M' || *end == 'm')
		shift = 20;
	else if (*end == 'G' || *end == 'g')
		shift = 30;
	if (shift)
		end++;
	if (*end || v > UINT64_MAX >> shift || v << shift > max)
		return -EINVAL;
	*value = v << shift;
	return 0;
}

static const char *option_name(int opt)
{
	for (const struct option *o = long_options; o->name; o++)
		if (o->val == opt)
			return o->name;
	return "?";
}

static int parse_number(int opt, uint64_t min, uint64_t max, uint64_t *value, char *why,
			size_t size)
{
	if (daemon_parse_size(optarg, max, value) == 0 && *value >= min)
		return 0;
	snprintf(why, size, "--%s=%s: give a number from %llu to %llu", option_name(opt), optarg,
		 (unsigned long long)min, (unsigned long long)max);
	return -EINVAL;
}

static int parse_u32(int opt, uint32_t min, uint32_t max, uint32_t *value, char *why, size_t size)
{
	uint64_t v;
	int ret = parse_number(opt, min, max, &v, why, size);

	if (ret == 0)
		*value = (uint32_t)v;
	return ret;
}

static int parse_level(struct daemon_options *o, char *why, size_t size)
{
	static const char *const names[] = { "error", "warning", "info", "debug" };

	for (int i = 0; i <= VMEDIA_LOG_DEBUG; i++) {
		if (strcmp(optarg, names[i]) == 0) {
			o->log_level = i;
			return 0;
		}
	}
	snprintf(why, size, "--log-level=%s: give error, warning, info or debug", optarg);
	return -EINVAL;
}

static int parse_region(struct daemon_options *o, char *why, size_t size)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	int ret = parse_number(OPT_REGION, 0, 1ull << 40, &o->region_size, why, size);

	if (ret == 0 && o->region_size % page) {
		snprintf(why, size, "--region-size=%s: give a multiple of the page size, %llu",
			 optarg, (unsigned long long)page);
		return -EINVAL;
	}
	return ret;
}

static int parse_socket(struct daemon_options *o, char *why, size_t size)
{
	const size_t max = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;

	if (*optarg && strlen(optarg) <= max) {
		o->server.socket_path = optarg;
		return 0;
	}
	snprintf(why, size, "--socket-path=%.200s: %s", optarg,
		 *optarg ? "too long for a socket; choose a shorter path"
			 : "give a path where a socket can be made");
	return -EINVAL;
}

static int parse_mode(struct daemon_options *o, char *why, size_t size)
{
	char *end;
	unsigned long mode = strtoul(optarg, &end, 8);

	if (*optarg >= '0' && *optarg <= '7' && !*end && mode && mode <= 0777) {
		o->server.socket_mode = (uint32_t)mode;
		return 0;
	}
	snprintf(why, size, "--socket-mode=%.64s: give permissions in octal, for example 660",
		 optarg);
	return -EINVAL;
}

static int parse_group(struct daemon_options *o, char *why, size_t size)
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
	o->server.socket_group = &o->socket_group;
	return 0;
}

static const struct {
	int opt;
	size_t offset, size; /* in struct vmedia_limits */
	uint64_t min, max;
} limit_options[] = {
#define LIMIT(opt, field, min, max)                                                  \
	{ opt, offsetof(struct vmedia_limits, field),                                \
	  sizeof(((struct vmedia_limits *)0)->field), min, max }
	LIMIT(OPT_SESSIONS, max_sessions, 1, 65536),
	LIMIT(OPT_BUFFERS, max_buffers, 1, 1024),
	LIMIT(OPT_BYTES, max_bytes, 1, 1ull << 40),
	LIMIT(OPT_MAPPINGS, max_mappings, 1, 1 << 20),
	LIMIT(OPT_SUBSCRIPTIONS, max_subscriptions, 1, 65536),
	LIMIT(OPT_OBJECTS, max_objects, 0, 65536),
	LIMIT(OPT_SESSION_BYTES, session_bytes, 1, 1ull << 40),
	LIMIT(OPT_SESSION_REGION, session_region, 1, 1ull << 40),
	LIMIT(OPT_SESSION_MAPPINGS, session_mappings, 1, 1 << 20),
	LIMIT(OPT_SESSION_OBJECTS, session_objects, 1, 65536),
#undef LIMIT
};

static int parse_limit(struct daemon_options *o, int opt, char *why, size_t size)
{
	size_t i = 0, count = sizeof(limit_options) / sizeof(limit_options[0]);
	uint64_t value;
	char *field;
	int ret;

	while (i < count && limit_options[i].opt != opt)
		i++;
	if (i == count)
		return -EINVAL;
	ret = parse_number(opt, limit_options[i].min, limit_options[i].max, &value, why, size);
	if (ret < 0)
		return ret;
	field = (char *)&o->limits + limit_options[i].offset;
	if (limit_options[i].size == sizeof(uint32_t))
		*(uint32_t *)(void *)field = (uint32_t)value;
	else
		*(uint64_t *)(void *)field = value;
	return 0;
}

static int parse_policy(struct daemon_options *o, int opt, char *why, size_t size)
{
	char reason[480];
	int ret;

	if (opt == OPT_POLICY)
		ret = vmedia_policy_read(&o->policy, optarg, reason, sizeof(reason));
	else
		ret = vmedia_policy_option(&o->policy, option_name(opt), optarg, reason,
					   sizeof(reason));
	if (ret < 0)
		snprintf(why, size, "--%s%s%s", option_name(opt), opt == OPT_POLICY ? "=" : ": ",
			 reason);
	return ret;
}

static int parse_sandbox(struct daemon_options *o, char *why, size_t size)
{
	o->strict = strcmp(optarg, "strict") == 0;
	if (o->strict)
		return 0;
	snprintf(why, size, "--sandbox=%.64s: give strict", optarg);
	return -EINVAL;
}

static int parse_one(struct daemon_options *o, int opt, char *why, size_t size)
{
	uint32_t fd;
	int ret;

	switch (opt) {
	case OPT_SOCKET:
		return parse_socket(o, why, size);
	case OPT_FD:
		ret = parse_u32(opt, 0, 1 << 20, &fd, why, size);
		if (ret == 0)
			o->server.fd = (int)fd;
		return ret;
	case OPT_CAPABILITIES:
		o->action = DAEMON_CAPABILITIES;
		return 0;
	case OPT_ONCE:
		o->server.once = true;
		return 0;
	case OPT_REGION:
		return parse_region(o, why, size);
	case OPT_SHMEM_BIT:
		return parse_u32(opt, 20, 22, &o->server.shmem_feature_bit, why, size);
	case OPT_POLL:
		return parse_u32(opt, 0, VMEDIA_SERVER_MAX_POLL, &o->server.poll_us, why, size);
	case OPT_NO_PACKED:
		o->server.no_packed = true;
		return 0;
	case OPT_NO_MEM_SLOTS:
		o->server.no_mem_slots = true;
		return 0;
	case OPT_ACCESS_PLATFORM:
		o->server.access_platform = true;
		return 0;
	case OPT_LOG:
		return parse_level(o, why, size);
	case OPT_NO_SANDBOX:
		o->sandbox = false;
		return 0;
	case OPT_REPORT:
		o->action = DAEMON_REPORT;
		return 0;
	case OPT_SANDBOX:
		return parse_sandbox(o, why, size);
	case OPT_USER:
		o->user = optarg;
		return 0;
	case OPT_MODULES:
		o->module_path = optarg;
		return 0;
	case OPT_MODE:
		return parse_mode(o, why, size);
	case OPT_GROUP:
		return parse_group(o, why, size);
	case OPT_FORMATS:
	case OPT_SIZE:
	case OPT_FPS:
	case OPT_CONTROLS:
	case OPT_IOCTLS:
	case OPT_POLICY:
		return parse_policy(o, opt, why, size);
	case 'h':
		o->action = DAEMON_HELP;
		return 0;
	case 'V':
		o->action = DAEMON_VERSION;
		return 0;
	default:
		return parse_limit(o, opt, why, size);
	}
}

static int take_kind(struct daemon_options *o, int argc, char **argv, char *why, size_t size)
{
	int ret;

	if (optind >= argc) {
		snprintf(why, size,
			 "which kind of device? For example: vhost-user-media --socket-path=PATH "
			 "camera");
		return -EINVAL;
	}
	ret = daemon_kind_find(o->module_path, argv[optind], &o->kind, why, size);
	if (ret < 0)
		return ret;
	o->kind_argc = argc - optind;
	o->kind_argv = argv + optind;
	for (int i = 1; i < o->kind_argc; i++)
		if (!strcmp(o->kind_argv[i], "--help") || !strcmp(o->kind_argv[i], "-h"))
			o->action = DAEMON_HELP;
	if (o->action == DAEMON_SERVE && daemon_kind_reports(o))
		o->action = DAEMON_KIND_REPORT;
	return 0;
}

/*
 * Report an option for which getopt_long() returned '?'. For letters ("-xh") only the letter is
 * known, not its place.
 */
static int refused(char **argv, char *why, size_t size)
{
	const char *word = argv[optind - 1];

	if (optopt > 0 && optopt < OPT_SOCKET && strncmp(word, "--", 2) != 0)
		snprintf(why, size, "unknown option '-%c'; see vhost-user-media --help", optopt);
	else if (optopt)
		snprintf(why, size, "'%s': the option takes no value", word);
	else
		snprintf(why, size, "unknown option '%s'; see vhost-user-media --help", word);
	return -EINVAL;
}

int daemon_options_parse(struct daemon_options *o, int argc, char **argv, char *why,
			 size_t why_size)
{
	int opt, ret;

	*o = (struct daemon_options){
		.server = { .fd = -1 },
		.region_size = 256ull << 20,
		.log_level = VMEDIA_LOG_WARN,
		.sandbox = true,
		.opener = -1,
	};
	vmedia_limits_default(&o->limits);
	opterr = 0;
	optind = 1;
	/* "+": stop at the kind; ":": distinguish a missing argument from an unknown option. */
	while ((opt = getopt_long(argc, argv, "+:hV", long_options, NULL)) != -1) {
		if (opt == ':') {
			snprintf(why, why_size, "%s needs a value; see vhost-user-media --help",
				 argv[optind - 1]);
			return -EINVAL;
		}
		if (opt == '?')
			return refused(argv, why, why_size);
		ret = parse_one(o, opt, why, why_size);
		if (ret < 0)
			return ret;
	}
	if (o->action != DAEMON_SERVE && o->action != DAEMON_REPORT)
		return 0;
	ret = take_kind(o, argc, argv, why, why_size);
	if (ret < 0 || o->action == DAEMON_HELP)
		return ret;
	if (o->action == DAEMON_REPORT && !o->sandbox) {
		snprintf(why, why_size,
			 "--sandbox-report: there is no sandbox to report on with --no-sandbox; "
			 "leave that out");
		return -EINVAL;
	}
	if (!o->sandbox && (o->strict || o->user)) {
		snprintf(why, why_size, "%s is of no use with --no-sandbox: leave one out",
			 o->user ? "--user" : "--sandbox=strict");
		return -EINVAL;
	}
	if (o->action != DAEMON_SERVE) {
		o->server.socket_path = NULL; /* none is made */
		return 0;
	}
	if (!o->server.socket_path == (o->server.fd < 0)) {
		snprintf(why, why_size, "give one of --socket-path=PATH and --fd=FD");
		return -EINVAL;
	}
	if (!o->server.socket_path && (o->server.socket_mode || o->server.socket_group)) {
		snprintf(why, why_size,
			 "--socket-mode and --socket-group are for --socket-path: leave them out "
			 "with --fd");
		return -EINVAL;
	}
	return 0;
}
