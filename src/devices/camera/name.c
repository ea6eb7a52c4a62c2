// SPDX-License-Identifier: BSD-3-Clause
/*
 * Names of files and of cameras, in a few bytes.
 */
#include <string.h>

#include "source.h"

/*
 * The bytes of the UTF-8 character at @s; 0: not a character (overlong, a surrogate, cut, stray).
 */
static size_t character(const unsigned char *s)
{
	uint32_t code;
	size_t n;

	if (s[0] < 0x80)
		return 1;
	n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	code = s[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if (code < (n == 2 ? 0x80u : n == 3 ? 0x800u : 0x10000u) || code > 0x10ffff ||
	    (code >= 0xd800 && code < 0xe000))
		return 0;
	return n;
}

/* C0 and C1 controls, and delete. */
static bool controls_terminals(const unsigned char *s)
{
	return s[0] < 0x20 || s[0] == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0);
}

size_t vmedia_camera_cut(const char *text, size_t most)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t used = 0, n;

	for (; s[used]; used += n) {
		n = character(s + used);
		if (!n)
			n = 1;
		if (used + n > most)
			break;
	}
	return used;
}

void vmedia_camera_copy_name(char *name, size_t size, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t used = 0;

	while (*s) {
		size_t n = character(s);
		bool bad = !n || controls_terminals(s);

		if (used + (bad ? 1 : n) >= size)
			break;
		if (bad)
			name[used++] = '?';
		for (size_t i = 0; !bad && i < n; i++)
			name[used++] = (char)s[i];
		s += n ? n : 1;
	}
	name[used] = 0;
}
