/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The engine: hardware that libavcodec's decoders can use (its "hwaccel"). A decoder keeps
 * parsing the stream and gives each picture to the engine, which decodes it into a surface of its
 * own. engine_fetch() copies the surface to memory.
 *
 * Context: any thread, except where said.
 */
#ifndef VMEDIA_DEVICES_LIBAV_ENGINE_H
#define VMEDIA_DEVICES_LIBAV_ENGINE_H

#include <libavcodec/avcodec.h>
#include <stdbool.h>

struct vmedia_libav_engine {
	enum AVHWDeviceType type;	/* AV_HWDEVICE_TYPE_NONE: none is wanted */
	AVBufferRef *device;		/* NULL: it cannot be opened, and why[] says why */
	char name[96];			/* "vaapi on /dev/dri/renderD128" */
	char why[256];
};

/* The names of the engines that this libavcodec's decoders can use, with ", " between. */
void vmedia_libav_engine_names(char *list, size_t size);
/*
 * Open engine @name. @device: what libavcodec takes for such a device, as the path of its node;
 * NULL: the first one. Returns 0, also if the device cannot be opened; -EINVAL: no such engine.
 * Context: the loop's thread, before the loop runs. May block.
 */
int vmedia_libav_engine_open(struct vmedia_libav_engine *e, const char *name,
			       const char *device);
void vmedia_libav_engine_close(struct vmedia_libav_engine *e);
/*
 * The decoder of @id that can use the engine, and the format of its surfaces. NULL: there is none.
 */
const AVCodec *vmedia_libav_engine_codec(const struct vmedia_libav_engine *e,
					   enum AVCodecID id, enum AVPixelFormat *surface);
/* True if pictures that software would decode to @pix_fmt can be fetched from an engine. */
bool vmedia_libav_engine_fetches(enum AVPixelFormat pix_fmt);
/*
 * Copy the picture of @frame, which is a surface, to memory. Returns 0 or an AVERROR(): ERANGE, the
 * picture is larger than the surface. libavutil would say the picture's size of the smaller memory.
 */
int vmedia_libav_engine_fetch(AVFrame *frame);

#endif /* VMEDIA_DEVICES_LIBAV_ENGINE_H */
