/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hostile-client: what a guest does with a camera that lies.
 *
 *	hostile-client NODE exact [NAME]           one lie at a time
 *	hostile-client NODE stress OPTIONS         everything at once
 *	hostile-client NODE arm FAULT[=WHICH] EVERY COUNT
 *	hostile-client NODE config TYPE CAPS            what the next probe reads
 *	hostile-client NODE count FAULT|all        how often it was done
 *	hostile-client NODE held                   answers still to come
 *	hostile-client NODE defect NAME            one of defects.c
 *	hostile-client NODE ring FAULT             spoil the ring, and live to tell
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <vmedia/proto.h>

#include "client.h"

const char *const client_fault_names[HOSTILE_NUM_FAULTS] = {
#define X(id, name, kind, help) name,
	HOSTILE_FAULTS(X)
#undef X
};

uint64_t client_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

int client_ioctl(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) < 0 ? -errno : 0;
}

int client_open(const struct client *c, int flags)
{
	int fd = open(c->node, O_RDWR | O_CLOEXEC | flags);

	return fd < 0 ? -errno : fd;
}

static int ask_door(struct client *c, uint32_t id, uint64_t *value)
{
	struct v4l2_ext_control control = { .id = id, .value64 = (int64_t)*value };
	struct v4l2_ext_controls controls = { .count = 1, .controls = &control };
	int err = client_ioctl(c->door, VIDIOC_S_EXT_CTRLS, &controls);

	if (!err)
		*value = (uint64_t)control.value64;
	return err;
}

int client_door(struct client *c, uint32_t id, uint64_t *value)
{
	unsigned int tries = 500;
	int err;

	do {
		if (c->door < 0)
			c->door = client_open(c, O_NONBLOCK);
		err = c->door < 0 ? c->door : ask_door(c, id, value);
		if (!err)
			return 0;
		/* Its opening may have been lied about: then it is another session. */
		if (c->door >= 0)
			close(c->door);
		c->door = -1;
	} while (--tries && err != -ENODEV && err != -ENOENT);
	return err;
}

int client_arm(struct client *c, uint32_t fault, uint32_t which, uint32_t every, uint32_t count)
{
	uint64_t value = hostile_arm(fault, which, every, count);

	return client_door(c, HOSTILE_CID_ARM, &value);
}

uint64_t client_count(struct client *c, uint32_t id, uint32_t fault)
{
	uint64_t value = fault;

	return client_door(c, id, &value) ? UINT64_MAX : value;
}

long long client_counter(const struct client *c, const char *name)
{
	char path[256];
	long long n = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/video4linux/%s/device/%s",
		 strrchr(c->node, '/') + 1, name);
	f = fopen(path, "r");
	if (!f)
		return -1;
	if (fscanf(f, "%lld", &n) != 1)
		n = -1;
	fclose(f);
	return n;
}

bool client_refused(const struct client *c, long long count)
{
	const struct timespec ms = { .tv_nsec = 5000000 };
	uint64_t end = client_now_ms() + 5000 * c->slow;

	while (client_counter(c, "refused") < count) {
		if (client_now_ms() > end)
			return false;
		nanosleep(&ms, NULL);
	}
	return true;
}

bool client_done(struct client *c, uint32_t fault, uint64_t count)
{
	const struct timespec ms = { .tv_nsec = 5000000 };
	uint64_t end = client_now_ms() + 5000 * c->slow, done;

	while ((done = client_count(c, HOSTILE_CID_COUNT, fault)) < count) {
		if (client_now_ms() > end)
			return false;
		nanosleep(&ms, NULL);
	}
	return done == count;
}

bool client_named(const char *list, uint32_t fault)
{
	const char *name = client_fault_names[fault];
	size_t len = strlen(name);
	const char *p = list;

	while ((p = strstr(p, name))) {
		if ((p == list || p[-1] == ',') && (!p[len] || p[len] == ','))
			return true;
		p += len;
	}
	return false;
}

static int fault_of(const char *name, size_t len)
{
	int i;

	if (!strncmp(name, "all", len) && len == 3)
		return HOSTILE_ALL;
	for (i = 0; i < HOSTILE_NUM_FAULTS; i++)
		if (strlen(client_fault_names[i]) == len &&
		    !strncmp(name, client_fault_names[i], len))
			return i;
	fprintf(stderr, "no fault is called %s\n", name);
	return -1;
}

static int do_arm(struct client *c, int argc, char **argv)
{
	const char *which = strchr(argv[0], '=');
	int fault = fault_of(argv[0], strcspn(argv[0], "="));

	if (fault < 0 || argc < 3)
		return 2;
	return client_arm(c, (uint32_t)fault,
			  which ? (uint32_t)strtoul(which + 1, NULL, 0) : HOSTILE_ANY,
			  (uint32_t)strtoul(argv[1], NULL, 0), (uint32_t)strtoul(argv[2], NULL, 0))
		       ? 1
		       : 0;
}

static int do_config(struct client *c, int argc, char **argv)
{
	uint64_t value;

	if (argc < 2)
		return 2;
	value = strtoul(argv[0], NULL, 0) | (uint64_t)strtoul(argv[1], NULL, 0) << 32;
	return client_door(c, HOSTILE_CID_CONFIG, &value) ? 1 : 0;
}

static int do_count(struct client *c, const char *name)
{
	int fault = fault_of(name, strlen(name));

	if (fault < 0)
		return 2;
	printf("%" PRIu64 "\n", client_count(c, HOSTILE_CID_COUNT, (uint32_t)fault));
	return 0;
}

/*
 * A spoilt ring ends the device: the call that met it ends, every other gets ENODEV, and so does
 * whoever waits for a frame.
 */
static int do_ring(struct client *c, const char *name)
{
	int fault = fault_of(name, strlen(name)), fd, err = 0;
	uint64_t end = client_now_ms() + 30000 * c->slow;
	struct v4l2_format f;

	fd = client_open(c, 0);
	if (fault < 0 || fd < 0 || op_stream(c, fd) || op_frame(c, fd)) {
		fprintf(stderr, "no stream to spoil\n");
		return 1;
	}
	if (client_arm(c, (uint32_t)fault, HOSTILE_ANY, 1, 1))
		return 1;
	do {
		memset(&f, 0, sizeof(f));
		f.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
		err = client_ioctl(fd, VIDIOC_G_FMT, &f);
	} while (err != -ENODEV && client_now_ms() < end);
	printf("G_FMT: %s\n", strerror(-err));
	/* Frames that were finished before are still good; then waiting for one ends too. */
	do {
		err = op_frame(c, fd);
	} while (err != -ENODEV && client_now_ms() < end);
	printf("DQBUF: %s\n", strerror(-err));
	close(fd);
	return err == -ENODEV ? 0 : 1;
}

static int run(struct client *c, const char *verb, int argc, char **argv)
{
	uint64_t value = 0;

	if (!strcmp(verb, "exact"))
		return client_exact(c, argc ? argv[0] : NULL);
	if (!strcmp(verb, "stress"))
		return client_stress(c, argc, argv);
	if (!strcmp(verb, "config"))
		return do_config(c, argc, argv);
	if (!strcmp(verb, "held")) {
		if (client_door(c, HOSTILE_CID_HELD, &value))
			return 1;
		printf("%" PRIu64 "\n", value);
		return 0;
	}
	if (argc && !strcmp(verb, "arm"))
		return do_arm(c, argc, argv);
	if (argc && !strcmp(verb, "count"))
		return do_count(c, argv[0]);
	if (argc && !strcmp(verb, "ring"))
		return do_ring(c, argv[0]);
	if (argc && !strcmp(verb, "defect"))
		return client_defect(c, argv[0]);
	fprintf(stderr, "unknown verb %s\n", verb);
	return 2;
}

int main(int argc, char **argv)
{
	struct client c = { .door = -1, .slow = 1 };
	const char *slow = getenv("GUEST_SLOW");

	if (argc < 3) {
		fprintf(stderr, "usage: hostile-client NODE VERB...\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	c.node = argv[1];
	if (slow && atoi(slow) > 0)
		c.slow = (unsigned int)atoi(slow);
	c.region = getenv("GUEST_REGION") && !strcmp(getenv("GUEST_REGION"), "1");
	return run(&c, argv[2], argc - 3, argv + 3);
}
