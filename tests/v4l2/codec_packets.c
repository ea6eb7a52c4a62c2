/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets of the sequences: mostly pictures, and what a stream may bring besides. */
#include "codec_play.h"

static unsigned int pick(uint32_t *seed, unsigned int n)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % n;
}

static char *put(char *at, char what, unsigned int n)
{
	at[0] = what;
	at[1] = (char)n;
	at[2] = '\0';
	return at + 2;
}

void play_packet(char text[CM_TEXT], uint32_t seed, bool sized, bool in_place)
{
	const char *kinds = in_place ? "KPDDDDD" : "KPPPPXI";
	static const char good[] = "01235", bad[] = "467";
	unsigned int what = pick(&seed, 100), n;
	char *at = text;

	*at = '\0';
	if (what < 4)
		return;
	if (what < 20 || (!sized && what < 90))
		at = put(at, 'S', (unsigned char)good[pick(&seed, 5)]);
	else if (what < 21)
		at = put(at, 'S', (unsigned char)bad[pick(&seed, 3)]);
	else if (what < 33)
		at = put(at, 'R', '0' + pick(&seed, 4));
	else if (what < 36)
		at = put(at, 'B', '1' + pick(&seed, 5));
	else if (what < 40)
		at = put(at, 'T', '0' + pick(&seed, 2));
	else if (what < 41)
		at = put(at, 'C', '1');
	else if (what < 44)
		at = put(at, 'E', '.');
	else if (what < 45)
		at = put(at, 'F', '.');
	else if (what < 52)
		at = put(at, 'Z', '0' + pick(&seed, 10));
	if (in_place && pick(&seed, 3) == 0)
		at = put(at, 'H', '0' + pick(&seed, 4));
	for (n = pick(&seed, 4); n; n--)
		at = put(at, kinds[pick(&seed, 7)], 'A' + pick(&seed, 26) + 32 * pick(&seed, 2));
	if (pick(&seed, 12) == 0)
		at = put(at, 'S', (unsigned char)good[pick(&seed, 5)]);
	if (at > text + 4 && pick(&seed, 4) == 0)
		put(at, 'P', 'a' + pick(&seed, 26));
}
