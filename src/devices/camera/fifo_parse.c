// SPDX-License-Identifier: BSD-3-Clause
/* Finds pictures in a stream of bytes; see fifo_parse.h. */
#include "fifo_parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <vmedia/camera.h>

enum {
	DETECT,		/* the first bytes, in ->line */
	SEARCH,		/* the last bytes that may begin a picture are in ->line */
	HEADER,		/* the first line of Y4M */
	FRAME,		/* the line before a picture of Y4M */
	BODY,		/* a picture of Y4M, or a raw one */
	/* In a JPEG: */
	MARKER,		/* FF is next */
	CODE,		/* the byte behind FF */
	LENGTH,		/* of a segment, upper byte */
	LENGTH_LOW,
	SEGMENT,
	SCAN,
	SCAN_CODE,	/* the byte behind FF in a scan */
};

static const char y4m_magic[] = "YUV4MPEG2 ";
static const char frame_magic[] = "FRAME";
static const char jpeg_magic[] = "\xff\xd8\xff";

void vmedia_fifo_parser_init(struct vmedia_fifo_parser *p, size_t raw_size)
{
	memset(p, 0, sizeof(*p));
	p->raw_size = raw_size;
}

void vmedia_fifo_parser_finish(struct vmedia_fifo_parser *p)
{
	free(p->picture);
	p->picture = NULL;
	p->room = 0;
}

void vmedia_fifo_parser_restart(struct vmedia_fifo_parser *p)
{
	p->kind = VMEDIA_FIFO_UNKNOWN;
	p->state = DETECT;
	p->line_len = p->bytes = 0;
}

bool vmedia_fifo_parser_between(const struct vmedia_fifo_parser *p)
{
	switch (p->state) {
	case DETECT:
	case FRAME:
		return !p->line_len;
	case BODY:
		return !p->bytes;
	default:
		return p->state == SEARCH;
	}
}

/* From now on search for a picture. */
static int fail(struct vmedia_fifo_parser *p, int err, const char *why)
{
	p->state = SEARCH;
	p->line_len = p->bytes = 0;
	p->why = why;
	return err;
}

/* ---- The picture's memory ---- */

static int make_room(struct vmedia_fifo_parser *p, size_t size)
{
	size_t room = p->room ? p->room : 1u << 16;
	uint8_t *memory;

	if (p->room >= size)
		return 0;
	while (room < size)
		room *= 2;
	memory = realloc(p->picture, room + VMEDIA_FIFO_SLACK);
	if (!memory)
		return fail(p, -ENOMEM, "no memory for a picture");
	p->picture = memory;
	p->room = room;
	return 0;
}

static int append(struct vmedia_fifo_parser *p, const void *bytes, size_t size)
{
	int err = make_room(p, p->bytes + size);

	if (err)
		return err;
	memcpy(p->picture + p->bytes, bytes, size);
	p->bytes += size;
	return 0;
}

static int complete(struct vmedia_fifo_parser *p)
{
	memset(p->picture + p->bytes, 0, VMEDIA_FIFO_SLACK);
	return 1;
}

/* ---- The header of Y4M ---- */

static const struct {
	const char *name;
	uint8_t planes, bits, hshift, vshift;
} chromas[] = {
	{ "420", 3, 8, 1, 1 },	   { "420jpeg", 3, 8, 1, 1 }, { "420mpeg2", 3, 8, 1, 1 },
	{ "420paldv", 3, 8, 1, 1 }, { "411", 3, 8, 2, 0 },     { "422", 3, 8, 1, 0 },
	{ "444", 3, 8, 0, 0 },	   { "mono", 1, 8, 0, 0 },    { "420p10", 3, 10, 1, 1 },
	{ "422p10", 3, 10, 1, 0 }, { "444p10", 3, 10, 0, 0 },
};

static bool find_chroma(struct vmedia_fifo_y4m *y, const char *name)
{
	for (size_t i = 0; i < sizeof(chromas) / sizeof(chromas[0]); i++) {
		if (strcmp(chromas[i].name, name))
			continue;
		y->planes = chromas[i].planes;
		y->bits = chromas[i].bits;
		y->hshift = chromas[i].hshift;
		y->vshift = chromas[i].vshift;
		return true;
	}
	return false;
}

/* A decimal number at *@s, of 9 digits at most. Moves *@s behind it. */
static bool number(const char **s, uint32_t *value)
{
	unsigned int digits = 0;

	for (*value = 0; **s >= '0' && **s <= '9' && digits < 9; (*s)++, digits++)
		*value = 10 * *value + (uint32_t)(**s - '0');
	return digits && (**s < '0' || **s > '9');
}

static bool side(const char *s, uint32_t *value)
{
	return number(&s, value) && !*s && *value;
}

/* A rate that makes no sense is not told. */
static void read_rate(struct vmedia_fifo_y4m *y, const char *s)
{
	uint32_t num, den;

	if (!number(&s, &num) || *s++ != ':' || !number(&s, &den) || *s || !den ||
	    num > 1000ull * den || den > 60ull * num)
		return;
	y->rate_num = num;
	y->rate_den = den;
}

/* One word of the header. Words that are not needed, or not known, are skipped. */
static const char *read_word(struct vmedia_fifo_y4m *y, const char *word)
{
	switch (*word) {
	case 'W':
		return side(word + 1, &y->width) ? NULL : "a Y4M header has a wrong width";
	case 'H':
		return side(word + 1, &y->height) ? NULL : "a Y4M header has a wrong height";
	case 'F':
		read_rate(y, word + 1);
		return NULL;
	case 'C':
		return find_chroma(y, word + 1)
			       ? NULL
			       : "Y4M of a pixel format that is not read: write yuv420p, yuv411p, "
				 "yuv422p, yuv444p, their 10 bit formats or gray";
	case 'X':
		y->full |= !strcmp(word, "XCOLORRANGE=FULL");
		y->limited |= !strcmp(word, "XCOLORRANGE=LIMITED");
		return NULL;
	default:
		return NULL;
	}
}

static size_t y4m_size(const struct vmedia_fifo_y4m *y)
{
	size_t w = (y->width + (1u << y->hshift) - 1) >> y->hshift;
	size_t h = (y->height + (1u << y->vshift) - 1) >> y->vshift;
	size_t samples = (size_t)y->width * y->height + (y->planes > 1 ? 2 * w * h : 0);

	return samples * (y->bits > 8 ? 2 : 1);
}

static int on_header(struct vmedia_fifo_parser *p)
{
	struct vmedia_fifo_y4m y = { 0 };
	const char *wrong = NULL;
	char *save, *word;

	find_chroma(&y, "420");
	for (word = strtok_r(p->line + strlen(y4m_magic), " ", &save); word && !wrong;
	     word = strtok_r(NULL, " ", &save))
		wrong = read_word(&y, word);
	if (wrong)
		return fail(p, -EINVAL, wrong);
	if (!y.width || !y.height)
		return fail(p, -EINVAL, "a Y4M header has no width or no height");
	if (y.width > VMEDIA_CAMERA_MAX_DIMENSION || y.height > VMEDIA_CAMERA_MAX_DIMENSION)
		return fail(p, -E2BIG, "the pictures are larger than 8192 a side: write smaller "
			    "ones");
	p->kind = VMEDIA_FIFO_Y4M;
	p->y4m = y;
	p->state = FRAME;
	return 0;
}

static int begin_body(struct vmedia_fifo_parser *p, size_t size)
{
	p->state = BODY;
	p->bytes = 0;
	p->want = size;
	return make_room(p, size);
}

static int on_frame(struct vmedia_fifo_parser *p)
{
	const size_t len = strlen(frame_magic);

	if (strncmp(p->line, frame_magic, len) || (p->line[len] && p->line[len] != ' '))
		return fail(p, -EINVAL, "a picture of Y4M is not followed by another one: the next "
			    "one is searched for");
	return begin_body(p, y4m_size(&p->y4m));
}

/* True if the first bytes of ->line are @magic, or as much of it as has come. */
static bool may_be(const struct vmedia_fifo_parser *p, const char *magic, size_t len)
{
	return !memcmp(p->line, magic, p->line_len < len ? p->line_len : len);
}

/* The line is complete, without its end. */
static int on_line(struct vmedia_fifo_parser *p)
{
	int err;

	p->line[p->line_len] = 0;
	/* Another producer may follow at once. */
	if (p->state == HEADER ||
	    (p->line_len >= strlen(y4m_magic) && may_be(p, y4m_magic, strlen(y4m_magic))))
		err = on_header(p);
	else
		err = on_frame(p);
	p->line_len = 0;
	return err;
}

static int add_to_line(struct vmedia_fifo_parser *p, uint8_t byte)
{
	if (byte == '\n')
		return on_line(p);
	p->line[p->line_len++] = (char)byte;
	if (p->line_len == sizeof(p->line))
		return fail(p, -EINVAL, "a line of Y4M has no end");
	/* A wrong line is not read to its end, which may be far. */
	if (p->state == FRAME && !may_be(p, frame_magic, strlen(frame_magic)) &&
	    !may_be(p, y4m_magic, strlen(y4m_magic)))
		return on_frame(p);
	return 0;
}

/* ---- Which stream it is ---- */

static int begin_jpeg(struct vmedia_fifo_parser *p)
{
	p->kind = VMEDIA_FIFO_JPEG;
	p->state = CODE;
	p->line_len = p->bytes = 0;
	return append(p, jpeg_magic, strlen(jpeg_magic));
}

static int begin_y4m(struct vmedia_fifo_parser *p)
{
	p->kind = VMEDIA_FIFO_Y4M;
	p->y4m.width = 0;	/* not known until the header is read */
	p->state = HEADER;
	return 0;
}

static int begin_raw(struct vmedia_fifo_parser *p)
{
	size_t len = p->line_len;
	int err;

	if (!p->raw_size)
		return fail(p, -EINVAL, "what comes is neither Y4M nor JPEG: write one of these, "
			    "or give --size (and --format) of raw pictures");
	p->kind = VMEDIA_FIFO_RAW;
	err = begin_body(p, p->raw_size);
	if (err)
		return err;
	p->line_len = 0;
	return append(p, p->line, len < p->want ? len : p->want);
}

static int detect(struct vmedia_fifo_parser *p, uint8_t byte)
{
	p->line[p->line_len++] = (char)byte;
	if (may_be(p, jpeg_magic, strlen(jpeg_magic)))
		return p->line_len == strlen(jpeg_magic) ? begin_jpeg(p) : 0;
	if (may_be(p, y4m_magic, strlen(y4m_magic)))
		return p->line_len == strlen(y4m_magic) ? begin_y4m(p) : 0;
	return begin_raw(p);
}

/* True if ->line is all of @magic. */
static bool found(const struct vmedia_fifo_parser *p, const char *magic)
{
	return p->line_len == strlen(magic) && !memcmp(p->line, magic, p->line_len);
}

static int search(struct vmedia_fifo_parser *p, uint8_t byte)
{
	bool frames = p->kind == VMEDIA_FIFO_Y4M && p->y4m.width;

	p->line[p->line_len++] = (char)byte;
	/* Drop bytes until the rest may begin a picture. */
	while (p->line_len && !may_be(p, jpeg_magic, strlen(jpeg_magic)) &&
	       !may_be(p, y4m_magic, strlen(y4m_magic)) &&
	       !(frames && may_be(p, frame_magic, strlen(frame_magic))))
		memmove(p->line, p->line + 1, --p->line_len);
	if (found(p, jpeg_magic))
		return begin_jpeg(p);
	if (found(p, y4m_magic))
		return begin_y4m(p);
	if (frames && found(p, frame_magic))
		p->state = FRAME;
	return 0;
}

/* ---- JPEG ---- */

/* The marker FF @code, of which both bytes are appended. */
static int on_code(struct vmedia_fifo_parser *p, uint8_t code)
{
	if (code == 0xff)		/* fill */
		return 0;
	if (code == 0xd9) {		/* the end */
		p->state = SEARCH;
		p->line_len = 0;
		return complete(p);
	}
	if (code == 0xd8) {		/* the last one was cut */
		p->bytes = 0;
		p->state = MARKER;
		return append(p, jpeg_magic, 2);
	}
	if (code == 0x01 || (code >= 0xd0 && code <= 0xd7)) {
		p->state = MARKER;
		return 0;
	}
	if (code < 0xc0)
		return fail(p, -EINVAL, "a JPEG has a marker that there is not: the next one is "
			    "searched for");
	p->scan = code == 0xda;
	p->state = LENGTH;
	return 0;
}

/* In a scan, FF 00 is a sample, and FF D0 to D7 only divide it. */
static int on_scan_code(struct vmedia_fifo_parser *p, uint8_t code)
{
	if (code && (code < 0xd0 || code > 0xd7))
		return on_code(p, code);
	p->state = SCAN;
	return 0;
}

static int on_length(struct vmedia_fifo_parser *p)
{
	p->want = (size_t)p->picture[p->bytes - 2] << 8 | p->picture[p->bytes - 1];
	if (p->want < 2)
		return fail(p, -EINVAL, "a JPEG has a segment of no length: the next one is "
			    "searched for");
	p->want -= 2;
	p->state = p->want ? SEGMENT : p->scan ? SCAN : MARKER;
	return 0;
}

/* One byte of a JPEG that is not in the middle of a segment or scan. */
static int jpeg_byte(struct vmedia_fifo_parser *p, uint8_t byte)
{
	int err = append(p, &byte, 1);

	if (err)
		return err;
	switch (p->state) {
	case MARKER:
		if (byte != 0xff)
			return fail(p, -EINVAL, "a JPEG has no marker where one must be: the next "
				    "one is searched for");
		p->state = CODE;
		return 0;
	case CODE:
		return on_code(p, byte);
	case LENGTH:
		p->state = LENGTH_LOW;
		return 0;
	case LENGTH_LOW:
		return on_length(p);
	default:
		return on_scan_code(p, byte);
	}
}

/* ---- Many bytes at once ---- */

static int take_body(struct vmedia_fifo_parser *p, const uint8_t *bytes, size_t size, size_t *used)
{
	size_t n = p->want - p->bytes < size ? p->want - p->bytes : size;
	int err = append(p, bytes, n);

	*used = n;
	if (err || p->bytes < p->want)
		return err;
	p->state = p->kind == VMEDIA_FIFO_Y4M ? FRAME : BODY;
	return complete(p);
}

static int take_segment(struct vmedia_fifo_parser *p, const uint8_t *bytes, size_t size,
			size_t *used)
{
	size_t n = p->want < size ? p->want : size;
	int err = append(p, bytes, n);

	*used = n;
	p->want -= n;
	if (!err && !p->want)
		p->state = p->scan ? SCAN : MARKER;
	return err;
}

static int take_scan(struct vmedia_fifo_parser *p, const uint8_t *bytes, size_t size, size_t *used)
{
	const uint8_t *end = memchr(bytes, 0xff, size);
	int err;

	*used = end ? (size_t)(end - bytes) + 1 : size;
	err = append(p, bytes, *used);
	if (!err && end)
		p->state = SCAN_CODE;
	return err;
}

/* Take some bytes, one at least. */
static int take(struct vmedia_fifo_parser *p, const uint8_t *bytes, size_t size, size_t *used)
{
	*used = 1;
	switch (p->state) {
	case DETECT:
		return detect(p, *bytes);
	case SEARCH:
		return search(p, *bytes);
	case HEADER:
	case FRAME:
		return add_to_line(p, *bytes);
	case BODY:
		return take_body(p, bytes, size, used);
	case SEGMENT:
		return take_segment(p, bytes, size, used);
	case SCAN:
		return take_scan(p, bytes, size, used);
	default:
		return jpeg_byte(p, *bytes);
	}
}

int vmedia_fifo_parse(struct vmedia_fifo_parser *p, const uint8_t *bytes, size_t size,
		      size_t *used)
{
	size_t n;
	int ret = 0;

	/* The next picture begins where the last one was. */
	if (p->state == BODY && p->bytes == p->want)
		p->bytes = 0;
	for (*used = 0; !ret && *used < size; *used += n) {
		ret = take(p, bytes + *used, size - *used, &n);
		if (!ret && p->kind == VMEDIA_FIFO_JPEG && p->bytes > VMEDIA_FIFO_MAX_JPEG)
			ret = fail(p, -E2BIG, "a JPEG has no end within 64 MiB: the next one is "
				   "searched for");
	}
	return ret;
}
