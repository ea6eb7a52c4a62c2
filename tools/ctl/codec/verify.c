/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --verify of a decoder: its pictures beside libavcodec's of the same packets.
 *
 * A decoder may show a picture earlier than libavcodec does, which waits for later packets where it
 * does not know better. So pictures of the device wait here until libavcodec has theirs.
 */
#include <errno.h>
#include <stdlib.h>

#include "media.h"

int media_verify_open(struct media_verify *v, const AVCodecParameters *par)
{
	v->frame = av_frame_alloc();
	return v->frame ? media_reference_open(&v->ref, par, true) : ctl_fail("--verify", -ENOMEM);
}

static int differs(const struct media_seen *s, const char *words)
{
	return ctl_fail_text("--verify: picture %llu, of packet %lld: %s",
			     (unsigned long long)s->number, (long long)s->packet, words);
}

static int compare(const struct media_verify *v, const struct media_seen *s)
{
	bool damaged = media_damaged(v->frame);
	char words[160];

	if (v->frame->pts != s->packet) {
		snprintf(words, sizeof(words), "libavcodec's is of packet %lld",
			 (long long)v->frame->pts);
		return differs(s, words);
	}
	if (!media_samples_equal(&s->samples, v->frame, words, sizeof(words)))
		return differs(s, words);
	if (s->damaged != damaged)
		return differs(s, damaged ? "it is damaged, and the device does not say so"
					  : "the device says that it is damaged, and it is not");
	return 0;
}

/* Compare what both have. */
static int turn(struct media_verify *v)
{
	int ret = 0;

	while (v->num) {
		struct media_seen *s = &v->seen[v->first];

		ret = media_reference_get(&v->ref, v->frame);
		if (ret > 0)
			ret = compare(v, s);
		else if (ret == 0)
			break;
		if (ret < 0)
			return ret;
		v->first = (v->first + 1) % MEDIA_SEEN;
		v->num--;
	}
	return ret;
}

int media_verify_packet(struct media_verify *v, const AVPacket *packet, uint64_t number)
{
	return media_reference_put(&v->ref, packet, number);
}

int media_verify_picture(struct media_verify *v, struct media_samples *samples, int64_t packet,
			 bool damaged)
{
	struct media_seen *s = &v->seen[(v->first + v->num) % MEDIA_SEEN];
	struct media_samples old = s->samples;
	int ret;

	s->number = v->pictures++;
	s->packet = packet;
	s->damaged = damaged;
	s->samples = *samples;
	*samples = old; /* its memory serves again */
	v->num++;
	ret = turn(v);
	if (ret < 0)
		return ret;
	if (v->num == MEDIA_SEEN || (v->num && v->ref.flushed))
		return differs(&v->seen[v->first], "libavcodec has no such picture");
	return 0;
}

int media_verify_end(struct media_verify *v)
{
	uint64_t more = 0;
	int ret = turn(v);

	if (ret == 0 && v->num)
		return differs(&v->seen[v->first], "libavcodec has no such picture");
	while (ret >= 0 && (ret = media_reference_get(&v->ref, v->frame)) > 0)
		more++;
	if (ret < 0 || !more)
		return ret;
	return ctl_fail_text("--verify: the device has %llu pictures, libavcodec %llu more",
			     (unsigned long long)v->pictures, (unsigned long long)more);
}

void media_verify_close(struct media_verify *v)
{
	for (unsigned int i = 0; i < MEDIA_SEEN; i++)
		media_samples_free(&v->seen[i].samples);
	media_reference_close(&v->ref);
	av_frame_free(&v->frame);
}
