// SPDX-License-Identifier: BSD-3-Clause
/* Messages of libav* in the library's log. Has no state except libav's. */
#include "avlog.h"

#include <libavutil/log.h>
#include <string.h>
#include <vmedia/log.h>

static void log_libav(void *avcl, int level, const char *fmt, va_list args)
{
	char line[512], clean[VMEDIA_LOG_MAX];
	int prefix = 1;

	if (level > AV_LOG_WARNING || !vmedia_log_wants(VMEDIA_LOG_DEBUG))
		return;
	av_log_format_line(avcl, level, fmt, args, line, sizeof(line), &prefix);
	line[strcspn(line, "\n")] = 0;
	vmedia_dbg("camera: libav: %s",
		   vmedia_log_escape(clean, sizeof(clean), line, strlen(line)));
}

void vmedia_camera_log_libav(void)
{
	av_log_set_callback(log_libav);
}
