/* SPDX-License-Identifier: BSD-3-Clause */
/* The program vmedia-ctl-codec, which vmedia-ctl becomes for --decode and --encode. */
#include <string.h>

#include <libavutil/log.h>

#include "codec.h"
#include "media.h"

static int begin(struct ctl *c)
{
	av_log_set_level(c->o->verbose ? AV_LOG_WARNING : AV_LOG_QUIET);
	c->codec = c->o->codec.decode ? &ctl_decode : &ctl_encode;
	return c->codec->begin(c);
}

static void finish(struct ctl *c)
{
}

int main(int argc, char **argv)
{
	static const struct ctl_codec either = { .begin = begin, .finish = finish };

	return ctl_main(argc, argv, &either);
}
