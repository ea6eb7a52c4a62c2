/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random sequences of a decoder's calls, against a model of the contract (codec_model.h): one
 * session, then eight at once.
 *
 *	test_v4l2_codec_model [FILE]
 *
 *	VMEDIA_TEST_SEQUENCES=N	sequences of one session (default 200); with eight, a quarter of it
 *	VMEDIA_TEST_SEED=N	of the numbers
 *
 * Sequences run in child processes. One that fails is made shorter, as long as it still fails, and
 * printed: the operations first, which a FILE may give back, then what they did. Threads have a
 * time of their own, so one that fails is tried several times.
 */
#include "codec_play.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS	 60	/* a sequence that takes longer hangs */
#define REPEATS	 20	/* of one that may fail */
#define ATTEMPTS 400	/* to make one shorter */
#define SHOWS	 400	/* to see a short one fail */

/* Where the child is. */
static struct {
	unsigned int now;
	struct play_count count;
} *progress;

/* ---- Sequences ---- */

/* How often, in operations of a sequence. */
static const uint8_t weights[PLAY_NUM_KINDS] = {
	[PLAY_FMT_OUT] = 1, [PLAY_FMT_CAP] = 2, [PLAY_REQBUFS] = 3, [PLAY_PACKET] = 50,
	[PLAY_TARGET] = 8, [PLAY_TARGETS] = 14, [PLAY_ON] = 4, [PLAY_OFF] = 4, [PLAY_STOP] = 6,
	[PLAY_START] = 5, [PLAY_FOLLOW] = 30, [PLAY_QUERY] = 3, [PLAY_BEGIN] = 4, [PLAY_SETUP] = 4,
	[PLAY_RESTART] = 3, [PLAY_SEEK] = 4, [PLAY_RECOVER] = 3, [PLAY_ANEW] = 2, [PLAY_CLOSE] = 1,
	[PLAY_SUSPEND] = 3, [PLAY_STEP] = 8, [PLAY_SETTLE] = 10,
};

static uint64_t state;

static uint32_t number(void)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 32);
}

static uint8_t pick_kind(void)
{
	unsigned int sum = 0, at;
	uint8_t k = 0;

	for (unsigned int i = 0; i < PLAY_NUM_KINDS; i++)
		sum += weights[i];
	for (at = number() % sum; at >= weights[k]; k++)
		at -= weights[k];
	return k;
}

static unsigned int generate(struct play_op ops[PLAY_OPS], uint64_t seed, unsigned int n,
			     unsigned int sessions)
{
	unsigned int num = (20 + n % 60) * (sessions > 1 ? 4 : 1), at = 1;

	state = (seed << 20 ^ n) * 0x9e3779b97f4a7c15u + sessions;
	for (int i = 0; i < 8; i++)
		number();
	ops[0] = (struct play_op){ .kind = PLAY_OPTIONS, .a = (uint8_t)(number() >> 8),
				   .b = (uint8_t)(number() >> 8), .c = number() >> 8 };
	/* Most begin by the book. */
	for (unsigned int i = 0; i < sessions; i++)
		if (number() >> 8 & 7)
			ops[at++] = (struct play_op){ .session = (uint8_t)i, .kind = PLAY_BEGIN,
						      .b = (uint8_t)(number() >> 8) };
	for (; at < num; at++)
		ops[at] = (struct play_op){ .session = (uint8_t)((number() >> 8) % sessions),
					    .kind = pick_kind(), .a = (uint8_t)(number() >> 8),
					    .b = (uint8_t)(number() >> 8), .c = number() };
	return num;
}

/* ---- Children ---- */

static bool ended_well(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		fprintf(stderr, "it hangs\n");
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

static pid_t child(void)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	return pid;
}

/* True if @repeats times nothing is wrong. What is printed goes to @out. */
static bool plays(const struct play_op *ops, unsigned int num, unsigned int sessions,
		  unsigned int repeats, FILE *out)
{
	pid_t pid = child();

	if (pid)
		return ended_well(pid);
	dup2(fileno(out), STDERR_FILENO);
	while (repeats--) {
		alarm(SECONDS);
		play(ops, num, sessions, true, NULL);
	}
	exit(0);
}

/* Sequences from @first to @last - 1 in one child. Returns the first that fails, or @last. */
static unsigned int play_many(uint64_t seed, unsigned int first, unsigned int last,
			      unsigned int sessions)
{
	struct play_op ops[PLAY_OPS];
	unsigned int num;
	pid_t pid;

	progress->now = first;
	pid = child();
	if (pid)
		return ended_well(pid) ? last : progress->now;
	for (; progress->now < last; progress->now++) {
		alarm(SECONDS);
		num = generate(ops, seed, progress->now, sessions);
		play(ops, num, sessions, false, &progress->count);
	}
	exit(0);
}

/* ---- One that fails ---- */

static unsigned int shorten(struct play_op *ops, unsigned int num, unsigned int sessions,
			    FILE *nowhere)
{
	struct play_op less[PLAY_OPS];
	unsigned int part, at, n, attempts = 0;

	for (part = num / 2; part; part /= 2)
		for (at = 1; at < num && attempts < ATTEMPTS; attempts++) {
			n = at + part < num ? part : num - at;
			memcpy(less, ops, at * sizeof(*ops));
			memcpy(less + at, ops + at + n, (num - at - n) * sizeof(*ops));
			if (plays(less, num - n, sessions, REPEATS, nowhere)) {
				at += n;
				continue;
			}
			num -= n;
			memcpy(ops, less, num * sizeof(*ops));
		}
	return num;
}

/* Play until it fails, and print that time. */
static void show(const struct play_op *ops, unsigned int num, unsigned int sessions)
{
	for (unsigned int i = 0; i < SHOWS; i++) {
		FILE *f = tmpfile();
		bool well;
		int c;

		assert_non_null(f);
		well = plays(ops, num, sessions, 1, f);
		rewind(f);
		while (!well && (c = fgetc(f)) != EOF)
			fputc(c, stderr);
		fclose(f);
		if (!well)
			return;
	}
}

static void report(struct play_op *ops, unsigned int num, unsigned int sessions)
{
	FILE *nowhere = fopen("/dev/null", "w");

	assert_non_null(nowhere);
	if (plays(ops, num, sessions, REPEATS, nowhere))
		fprintf(stderr, "alone it does not fail: it takes luck\n");
	else
		num = shorten(ops, num, sessions, nowhere);
	fclose(nowhere);
	for (unsigned int i = 0; i < num; i++)
		fprintf(stderr, "%u %s %u %u %u\n", ops[i].session, play_names[ops[i].kind],
			ops[i].a, ops[i].b, ops[i].c);
	show(ops, num, sessions);
}

static void run(unsigned int sequences, unsigned int sessions)
{
	const char *text = getenv("VMEDIA_TEST_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : 20261130;
	struct play_op ops[PLAY_OPS];
	unsigned int failed;

	print_message("seed %llu\n", (unsigned long long)seed);
	memset(progress, 0, sizeof(*progress));
	failed = play_many(seed, 0, sequences, sessions);
	if (failed < sequences) {
		fprintf(stderr, "sequence %u of seed %llu, %u sessions, fails\n", failed,
			(unsigned long long)seed, sessions);
		report(ops, generate(ops, seed, failed, sessions), sessions);
		fail();
	}
	print_message("%u sequences, %u sessions at once: %lu calls", sequences, sessions,
		      progress->count.calls);
	for (unsigned int i = 0; i < CM_NUM_WHATS; i++)
		print_message(", %lu %s", progress->count.came[i], cm_names[i]);
	print_message("; a model had %u states at most\n", progress->count.most);
}

static unsigned int asked(void)
{
	const char *text = getenv("VMEDIA_TEST_SEQUENCES");

	return text ? (unsigned int)strtoul(text, NULL, 0) : 200;
}

static void test_one(void **unused)
{
	(void)unused;
	run(asked(), 1);
}

static void test_eight(void **unused)
{
	(void)unused;
	run((asked() + 3) / 4, PLAY_SESSIONS);
}

/* ---- One from a file ---- */

static int play_file(const char *path)
{
	struct play_op ops[PLAY_OPS] = { 0 };
	unsigned int num = 0, session, a, b, sessions = 1;
	FILE *f = fopen(path, "r");
	char name[32];

	if (!f) {
		perror(path);
		return 2;
	}
	while (num < PLAY_OPS &&
	       fscanf(f, "%u %31s %u %u %u", &session, name, &a, &b, &ops[num].c) == 5) {
		ops[num].session = (uint8_t)session;
		ops[num].a = (uint8_t)a;
		ops[num].b = (uint8_t)b;
		while (ops[num].kind < PLAY_NUM_KINDS && strcmp(play_names[ops[num].kind], name))
			ops[num].kind++;
		if (session)
			sessions = PLAY_SESSIONS;
		if (ops[num++].kind == PLAY_NUM_KINDS)
			return 2;
	}
	fclose(f);
	return plays(ops, num, sessions, 1, stderr) ? 0 : 1;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_eight),
	};

	if (argc > 1)
		return play_file(argv[1]);
	progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	assert_true(progress != MAP_FAILED);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
