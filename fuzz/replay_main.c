// SPDX-License-Identifier: BSD-3-Clause
/*
 * Runs a fuzz target without a fuzzer: replays every file of the folders given, and mutations of
 * each.
 *
 * A target is one function, LLVMFuzzerTestOneInput(), as libFuzzer calls it. Linked with this file
 * it is a plain program for any compiler, so that what was once found stays found. The mutations
 * come from a seed that is printed; VMEDIA_TEST_SEED gives one back.
 *
 * usage: fuzz_NAME_replay [--mutations=N] FILE|FOLDER...
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define INPUT_MAX (64 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

struct replay {
	uint64_t random;
	unsigned long mutations;
	unsigned long files;
	unsigned long inputs;
};

/* xorshift64*: enough to pick bytes with. */
static uint64_t next_random(struct replay *r)
{
	r->random ^= r->random >> 12;
	r->random ^= r->random << 25;
	r->random ^= r->random >> 27;
	return r->random * 0x2545f4914f6cdd1dull;
}

static size_t mutate(struct replay *r, uint8_t *data, size_t size)
{
	static const uint8_t interesting[] = { 0x00, 0x01, 0x7f, 0x80, 0xff, 0x10, 0x20, 0x40 };
	unsigned int n = 1 + next_random(r) % 4;
	size_t at;

	while (n--) {
		at = size ? next_random(r) % size : 0;
		switch (next_random(r) % 5) {
		case 0:
			if (size)
				data[at] ^= 1u << (next_random(r) % 8);
			break;
		case 1:
			if (size)
				data[at] = interesting[next_random(r) % sizeof(interesting)];
			break;
		case 2:
			if (size)
				data[at] = next_random(r);
			break;
		case 3: /* cut the end off */
			size = at;
			break;
		case 4: /* repeat what precedes */
			if (size + 16 < INPUT_MAX) {
				memmove(data + at + 16, data + at, size - at);
				size += 16;
			}
			break;
		}
	}
	return size;
}

/*
 * An allocation of exactly the input's size, so that AddressSanitizer sees the first byte read past
 * its end.
 */
static void run_one(struct replay *r, const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);

	if (!exact)
		abort();
	memcpy(exact, data, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	r->inputs++;
}

static void run_with_mutations(struct replay *r, const uint8_t *data, size_t size)
{
	uint8_t *copy = calloc(1, INPUT_MAX);
	unsigned long i;

	if (!copy)
		abort();
	run_one(r, data, size);
	for (i = 0; i < r->mutations; i++) {
		memcpy(copy, data, size);
		run_one(r, copy, mutate(r, copy, size));
	}
	free(copy);
}

static int run_file(struct replay *r, const char *path)
{
	uint8_t *data = malloc(INPUT_MAX);
	FILE *file = fopen(path, "rb");
	size_t size;

	if (!data || !file) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		free(data);
		if (file)
			fclose(file);
		return -1;
	}
	size = fread(data, 1, INPUT_MAX, file);
	fclose(file);
	r->files++;
	run_with_mutations(r, data, size);
	free(data);
	return 0;
}

static int run_folder(struct replay *r, const char *path)
{
	struct dirent **names;
	char *child;
	int n, i, err = 0;

	n = scandir(path, &names, NULL, alphasort);
	if (n < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	for (i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.' && !err) {
			if (asprintf(&child, "%s/%s", path, names[i]->d_name) < 0)
				abort();
			err = run_file(r, child);
			free(child);
		}
		free(names[i]);
	}
	free(names);
	return err;
}

static uint64_t pick_seed(void)
{
	const char *given = getenv("VMEDIA_TEST_SEED");
	struct timespec now;
	uint64_t seed;

	if (given && *given)
		return strtoull(given, NULL, 0);
	clock_gettime(CLOCK_REALTIME, &now);
	seed = (uint64_t)now.tv_sec * 1000000000ull + now.tv_nsec;
	return seed;
}

int main(int argc, char **argv)
{
	struct replay r = { .mutations = 0 };
	uint64_t seed = pick_seed();
	uint8_t noise[256];
	struct stat st;
	size_t j;
	int i;

	r.random = seed | 1;
	printf("seed %#llx (VMEDIA_TEST_SEED gives it back)\n", (unsigned long long)seed);
	fflush(stdout);
	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	for (i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "--mutations=", 12)) {
			r.mutations = strtoul(argv[i] + 12, NULL, 10);
			continue;
		}
		if (stat(argv[i], &st) < 0) {
			fprintf(stderr, "%s: %s\n", argv[i], strerror(errno));
			return 1;
		}
		if ((S_ISDIR(st.st_mode) ? run_folder : run_file)(&r, argv[i]))
			return 1;
	}
	/*
	 * Nothing and noise are inputs too, and the only ones of a target that has no corpus yet.
	 */
	run_one(&r, noise, 0);
	for (j = 0; j < sizeof(noise); j++)
		noise[j] = next_random(&r);
	run_with_mutations(&r, noise, sizeof(noise));
	printf("replayed %lu files, %lu inputs\n", r.files, r.inputs);
	return 0;
}
