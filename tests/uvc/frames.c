/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * uvc-frames: which frames of the camera a file has. Prints "N frames, F to L, M lost"; the status
 * is 1 if there are none, if one is broken, or if they are out of order.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "picture.h"

struct found {
	uint32_t frames, first, last, lost;
};

static bool add(struct found *f, uint32_t number)
{
	if (f->frames == 0)
		f->first = number;
	else if (number <= f->last)
		return false;
	else
		f->lost += number - f->last - 1;
	f->last = number;
	f->frames++;
	return true;
}

static const char *read_yuyv(struct found *f, const uint8_t *bytes, size_t size, uint32_t width,
			     uint32_t height)
{
	size_t frame = (size_t)width * height * 2;

	if (frame == 0 || size % frame)
		return "the file ends within a frame";
	for (size_t at = 0; at < size; at += frame)
		if (!add(f, picture_read_yuyv(bytes + at, width)))
			return "a frame is out of order";
	return NULL;
}

/* From one beginning of a picture to the next there is one end, which comes last. */
static const char *read_mjpg(struct found *f, const uint8_t *bytes, size_t size)
{
	static const uint8_t begin[] = { 0xff, 0xd8, 0xff, 0xfe }, end[] = { 0xff, 0xd9 };
	const size_t comment = sizeof(begin) + 2, text = strlen(PICTURE_COMMENT);
	size_t at = 0;

	while (at < size) {
		const uint8_t *stop;
		char digits[9] = { 0 };

		if (size - at < comment + text + 8 ||
		    memcmp(bytes + at, begin, sizeof(begin)) != 0 ||
		    memcmp(bytes + at + comment, PICTURE_COMMENT, text) != 0)
			return "a frame does not begin as the camera's do";
		memcpy(digits, bytes + at + comment + text, 8);
		if (!add(f, (uint32_t)strtoul(digits, NULL, 16)))
			return "a frame is out of order";
		stop = memmem(bytes + at, size - at, end, sizeof(end));
		if (!stop)
			return "the last frame has no end";
		at = (size_t)(stop - bytes) + sizeof(end);
	}
	return NULL;
}

static uint8_t *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = NULL;
	long end;

	if (!file)
		return NULL;
	if (fseek(file, 0, SEEK_END) == 0 && (end = ftell(file)) >= 0) {
		rewind(file);
		*size = (size_t)end;
		bytes = malloc(*size + 1);
		if (bytes && fread(bytes, 1, *size, file) != *size) {
			free(bytes);
			bytes = NULL;
		}
	}
	fclose(file);
	return bytes;
}

int main(int argc, char **argv)
{
	struct found f = { 0 };
	const char *wrong;
	uint8_t *bytes;
	size_t size = 0;

	if (!(argc == 3 && strcmp(argv[1], "mjpg") == 0) &&
	    !(argc == 5 && strcmp(argv[1], "yuyv") == 0)) {
		fputs("usage: uvc-frames mjpg FILE | yuyv FILE WIDTH HEIGHT\n", stderr);
		return 2;
	}
	bytes = read_file(argv[2], &size);
	if (!bytes) {
		perror(argv[2]);
		return 2;
	}
	if (argc == 3)
		wrong = read_mjpg(&f, bytes, size);
	else
		wrong = read_yuyv(&f, bytes, size, (uint32_t)strtoul(argv[3], NULL, 10),
				  (uint32_t)strtoul(argv[4], NULL, 10));
	free(bytes);
	if (!wrong && f.frames == 0)
		wrong = "there is no frame";
	printf("%u frames, %u to %u, %u lost%s%s\n", f.frames, f.first, f.last, f.lost,
	       wrong ? "; " : "", wrong ? wrong : "");
	return wrong ? 1 : 0;
}
