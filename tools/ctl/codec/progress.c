/* SPDX-License-Identifier: BSD-3-Clause */
/* How far it is and how fast: frames a second, and how many times faster than the video itself. */
#include <string.h>

#include "capture.h"
#include "media.h"

#define BAR 24

void media_progress_begin(struct media_progress *p, AVRational rate)
{
	*p = (struct media_progress){ .rate = rate, .begun = ctl_now() };
	p->shown = p->begun;
}

static double times_real_time(const struct media_progress *p, double fps)
{
	return fps * p->rate.den / p->rate.num;
}

void media_progress_text(struct media_progress *p, double part, char *text, size_t size)
{
	double now = ctl_now();
	char bar[BAR + 16] = "";

	if (now > p->shown)
		p->fps = (double)(p->frames - p->shown_frames) / (now - p->shown);
	p->shown = now;
	p->shown_frames = p->frames;
	if (part >= 0) {
		int done = part < 1 ? (int)(part * BAR) : BAR;

		memset(bar, '.', sizeof(bar));
		memset(bar, '#', (size_t)done);
		snprintf(bar + BAR, sizeof(bar) - BAR, "] %3.0f %%  ", part < 1 ? part * 100 : 100);
	}
	snprintf(text, size, "%s%sframe %llu  %.1f fps  %.2f times real time", part >= 0 ? "[" : "",
		 bar, (unsigned long long)p->frames, p->fps, times_real_time(p, p->fps));
}

void media_progress_sum(const struct media_progress *p, char *text, size_t size)
{
	double t = ctl_now() - p->begun, fps = t > 0 ? (double)p->frames / t : 0;

	snprintf(text, size, "%llu frames, %.2f fps, %.2f times real time",
		 (unsigned long long)p->frames, fps, times_real_time(p, fps));
}
