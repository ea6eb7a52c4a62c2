// SPDX-License-Identifier: BSD-3-Clause
/*
 * Many random sequences, and the least of one that fails.
 *
 *	fuzz_v4l2_replay [--device=NAME|all] [--sequences=N] [--seed=S] [--keep-going]
 *			 [--memory-only] [--verbose] [--save=FOLDER] [FILE|FOLDER...]
 *
 * Sequence N of seed S on a device is always the same bytes. They run in a child, so that whatever
 * becomes of it, the parent knows which one it was: it runs that one alone, leaves out operations
 * as long as it still fails, prints what is left, and saves it, as an input that the target of
 * libFuzzer and this program take. --memory-only ignores the model's rules: what remains is what
 * the sanitizers and the guard pages see.
 *
 * Without --seed: seed 1, and then one that is printed (VMEDIA_TEST_SEED gives one back).
 */
#include <dirent.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "world.h"

#define MIN_OPS		10
#define MAX_OPS		60
#define INPUT_MAX	(1 + 1000 * FZ_RECORD)
#define SECONDS		60	/* a sequence that takes longer hangs */
#define ATTEMPTS	300	/* to make a failing one shorter */

struct input {
	uint8_t data[INPUT_MAX];
	size_t size;
};

static struct {
	unsigned long sequences;
	bool keep_going, memory_only, verbose;
	const char *save;
} opt = { .sequences = 1000 };

/* Where the child is, for its parent. */
static struct {
	unsigned long now;
	bool done;
} *progress;

/* ---- Sequences from numbers ---- */

/* splitmix64 */
static uint64_t next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static void generate(struct input *in, unsigned int device, uint64_t seed, unsigned long n)
{
	uint64_t state = seed, v;
	unsigned int i, num;

	state = next(&state) ^ (uint64_t)device << 56;
	state = next(&state) + n;
	num = MIN_OPS + (unsigned int)(next(&state) % (MAX_OPS - MIN_OPS + 1));
	in->data[0] = (uint8_t)device;
	for (i = 0; i < num; i++) {
		v = next(&state);
		memcpy(in->data + 1 + i * FZ_RECORD, &v, FZ_RECORD);
	}
	in->size = 1 + num * FZ_RECORD;
}

/* ---- Children ---- */

/* True if @pid ended well. @why: room for a word on how it did not. */
static bool ended_well(pid_t pid, char why[64])
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		abort();
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return true;
	if (WIFSIGNALED(status))
		snprintf(why, 64, WTERMSIG(status) == SIGALRM ? "it hangs" : "signal %d",
			 WTERMSIG(status));
	else
		snprintf(why, 64, "exit status %d", WEXITSTATUS(status));
	return false;
}

static pid_t child(void)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		perror("fuzz_v4l2: fork");
		exit(1);
	}
	return pid;
}

/* Does @in alone end well? */
static bool run_alone(const struct input *in, bool loud, char why[64])
{
	pid_t pid = child();

	if (pid)
		return ended_well(pid, why);
	if (!loud) {
		int fd = open("/dev/null", O_WRONLY);

		if (fd >= 0)
			dup2(fd, STDERR_FILENO);
	}
	alarm(SECONDS);
	fz_run(in->data, in->size, loud, opt.memory_only);
	fz_run_end();
	exit(0);
}

/* Sequences @first to @last in one child: the first that fails, or @last. */
static unsigned long run_many(unsigned int device, uint64_t seed, unsigned long first,
			      unsigned long last, char why[64])
{
	static struct input in;
	pid_t pid;

	progress->now = first;
	progress->done = false;
	pid = child();
	if (pid)
		return ended_well(pid, why) ? last : progress->now;
	for (; progress->now < last; progress->now++) {
		alarm(SECONDS);
		generate(&in, device, seed, progress->now);
		fz_run(in.data, in.size, opt.verbose, opt.memory_only);
	}
	progress->now--;
	progress->done = true;
	fz_run_end();
	exit(0);
}

/* ---- One that fails ---- */

static void leave_out(struct input *to, const struct input *from, size_t op, size_t ops)
{
	size_t at = 1 + op * FZ_RECORD, len = ops * FZ_RECORD;

	if (at + len > from->size)
		len = from->size - at;
	memcpy(to->data, from->data, at);
	memcpy(to->data + at, from->data + at + len, from->size - at - len);
	to->size = from->size - len;
}

static void minimise(struct input *in)
{
	static struct input less;
	size_t ops = (in->size - 1) / FZ_RECORD, part, op;
	unsigned int attempts = 0;
	char why[64];

	for (part = ops / 2 ? ops / 2 : 1; part; part /= 2)
		for (op = 0; op < (in->size - 1) / FZ_RECORD && attempts < ATTEMPTS; attempts++) {
			leave_out(&less, in, op, part);
			if (run_alone(&less, false, why))
				op += part;
			else
				*in = less;
		}
}

static void save(const struct input *in, const char *name)
{
	char path[4096];
	FILE *f;

	if (!opt.save)
		return;
	snprintf(path, sizeof(path), "%s/%s", opt.save, name);
	f = fopen(path, "wb");
	if (f && fwrite(in->data, 1, in->size, f) == in->size)
		fprintf(stderr, "fuzz_v4l2: the operations are saved in %s\n", path);
	if (f)
		fclose(f);
}

static void report(struct input *in, const char *name, const char *why)
{
	char again[64] = "";

	fprintf(stderr, "fuzz_v4l2: %s fails (%s)\n", name, why);
	if (progress->done) {
		fprintf(stderr, "fuzz_v4l2: at the process' end: a leak?\n");
		return;
	}
	if (run_alone(in, false, again)) {
		fprintf(stderr, "fuzz_v4l2: alone it does not: those before it matter, or time\n");
		save(in, name);
		return;
	}
	minimise(in);
	fprintf(stderr, "fuzz_v4l2: the least of it, %zu operations:\n",
		(in->size - 1) / FZ_RECORD);
	run_alone(in, true, again);
	save(in, name);
}

/* ---- Many ---- */

static unsigned long run_device(unsigned int device, uint64_t seed)
{
	const char *name = fz_devices[device].name;
	unsigned long first = 0, failed = 0;
	static struct input in;
	char why[64] = "", label[128];

	while (first < opt.sequences) {
		first = run_many(device, seed, first, opt.sequences, why);
		if (first == opt.sequences)
			break;
		failed++;
		snprintf(label, sizeof(label), "%s-seed-%llu-sequence-%lu", name,
			 (unsigned long long)seed, first);
		generate(&in, device, seed, first);
		report(&in, label, why);
		if (!opt.keep_going || progress->done)
			break;
		first++;
	}
	printf("%s: %lu sequences of seed %llu, %lu failed\n", name,
	       failed && !opt.keep_going ? first + 1 : opt.sequences, (unsigned long long)seed,
	       failed);
	return failed;
}

static unsigned long run_seed(const char *device, uint64_t seed)
{
	unsigned long failed = 0;
	unsigned int i, ran = 0;

	for (i = 0; i < fz_num_devices; i++)
		if (!strcmp(device, "all") || !strcmp(device, fz_devices[i].name)) {
			failed += run_device(i, seed);
			ran++;
		}
	if (!ran) {
		fprintf(stderr, "fuzz_v4l2: there is no device \"%s\": choose all or one of",
			device);
		for (i = 0; i < fz_num_devices; i++)
			fprintf(stderr, " %s", fz_devices[i].name);
		fprintf(stderr, "\n");
		exit(2);
	}
	return failed;
}

/* ---- Saved ones ---- */

static unsigned long run_file(const char *path)
{
	static struct input in;
	FILE *f = fopen(path, "rb");
	char why[64] = "";

	if (!f) {
		perror(path);
		exit(2);
	}
	in.size = fread(in.data, 1, sizeof(in.data), f);
	fclose(f);
	if (run_alone(&in, opt.verbose, why))
		return 0;
	run_alone(&in, true, why);
	fprintf(stderr, "fuzz_v4l2: %s fails (%s)\n", path, why);
	return 1;
}

static unsigned long run_path(const char *path)
{
	unsigned long failed = 0;
	struct dirent **names;
	char child_path[4096];
	struct stat st;
	int n, i;

	if (stat(path, &st) || !S_ISDIR(st.st_mode))
		return run_file(path);
	n = scandir(path, &names, NULL, alphasort);
	for (i = 0; i < n; i++) {
		snprintf(child_path, sizeof(child_path), "%s/%s", path, names[i]->d_name);
		if (names[i]->d_name[0] != '.')
			failed += run_file(child_path);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return failed;
}

static uint64_t random_seed(void)
{
	const char *given = getenv("VMEDIA_TEST_SEED");
	struct timespec now;

	if (given && *given)
		return strtoull(given, NULL, 0);
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

static void usage(FILE *to, const char *name)
{
	fprintf(to, "usage: %s [--device=NAME|all] [--sequences=N] [--seed=S] [--keep-going] "
		    "[--memory-only] [--verbose] [--save=FOLDER] [FILE|FOLDER...]\n", name);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "device", required_argument, NULL, 'd' },
		{ "sequences", required_argument, NULL, 'n' },
		{ "seed", required_argument, NULL, 's' },
		{ "keep-going", no_argument, NULL, 'k' },
		{ "memory-only", no_argument, NULL, 'm' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "save", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *device = NULL, *seed = NULL;
	unsigned long failed = 0;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'd':
			device = optarg;
			break;
		case 'n':
			opt.sequences = strtoul(optarg, NULL, 0);
			break;
		case 's':
			seed = optarg;
			break;
		case 'k':
			opt.keep_going = true;
			break;
		case 'm':
			opt.memory_only = true;
			break;
		case 'v':
			opt.verbose = true;
			break;
		case 'o':
			opt.save = optarg;
			break;
		case 'h':
			usage(stdout, argv[0]);
			return 0;
		default:
			usage(stderr, argv[0]);
			return 2;
		}
	}
	progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (progress == MAP_FAILED)
		abort();
	for (; optind < argc; optind++)
		failed += run_path(argv[optind]);
	if (device && seed) {
		failed += run_seed(device, strtoull(seed, NULL, 0));
	} else if (device) {
		failed += run_seed(device, 1);
		failed += run_seed(device, random_seed());
	}
	return failed ? 1 : 0;
}
