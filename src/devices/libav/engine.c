// SPDX-License-Identifier: BSD-3-Clause
/* The engine; see engine.h. */
#include <errno.h>
#include <fcntl.h>
#include <libavutil/hwcontext.h>
#include <libavutil/pixdesc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine.h"

static bool uses(const AVCodec *codec, enum AVHWDeviceType type, enum AVPixelFormat *surface)
{
	const AVCodecHWConfig *c;

	for (int i = 0; (c = avcodec_get_hw_config(codec, i)); i++) {
		if (c->device_type != type ||
		    !(c->methods & AV_CODEC_HW_CONFIG_METHOD_HW_DEVICE_CTX))
			continue;
		*surface = c->pix_fmt;
		return true;
	}
	return false;
}

/* The decoder of @id, or of any codec (AV_CODEC_ID_NONE), that can use engines of @type. */
static const AVCodec *find(enum AVHWDeviceType type, enum AVCodecID id, enum AVPixelFormat *surface)
{
	const AVCodec *codec;
	void *at = NULL;

	if (type == AV_HWDEVICE_TYPE_NONE)
		return NULL;
	/* Not those that hand the whole stream to a driver: they have rules of their own. */
	while ((codec = av_codec_iterate(&at)))
		if ((id == AV_CODEC_ID_NONE || codec->id == id) && av_codec_is_decoder(codec) &&
		    !(codec->capabilities & (AV_CODEC_CAP_HARDWARE | AV_CODEC_CAP_HYBRID)) &&
		    uses(codec, type, surface))
			return codec;
	return NULL;
}

void vmedia_libav_engine_names(char *list, size_t size)
{
	enum AVHWDeviceType type = AV_HWDEVICE_TYPE_NONE;
	enum AVPixelFormat surface;
	size_t len = 0;

	*list = 0;
	while (len < size && (type = av_hwdevice_iterate_types(type)) != AV_HWDEVICE_TYPE_NONE)
		if (find(type, AV_CODEC_ID_NONE, &surface))
			len += (size_t)snprintf(list + len, size - len, "%s%s", len ? ", " : "",
						av_hwdevice_get_type_name(type));
}

/* libavutil does not say why a node cannot be opened. Returns 0 or errno. */
static int try_node(const char *device)
{
	int fd;

	if (!device || *device != '/')
		return 0;
	fd = open(device, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

int vmedia_libav_engine_open(struct vmedia_libav_engine *e, const char *name,
			       const char *device)
{
	enum AVPixelFormat surface;
	int err;

	memset(e, 0, sizeof(*e));
	e->type = av_hwdevice_find_type_by_name(name);
	if (!find(e->type, AV_CODEC_ID_NONE, &surface))
		return -EINVAL;
	snprintf(e->name, sizeof(e->name), "%s%s%s", name, device ? " on " : "",
		 device ? device : "");
	err = try_node(device);
	if (err) {
		snprintf(e->why, sizeof(e->why), "cannot open %.128s: %s%s", device, strerror(err),
			 err == EACCES ? " for the user that serves (--user)" : "");
		return 0;
	}
	err = av_hwdevice_ctx_create(&e->device, e->type, device, NULL, 0);
	if (err) {
		e->device = NULL;
		snprintf(e->why, sizeof(e->why), "%s does not start: %s", e->name, av_err2str(err));
	}
	return 0;
}

void vmedia_libav_engine_close(struct vmedia_libav_engine *e)
{
	av_buffer_unref(&e->device);
}

const AVCodec *vmedia_libav_engine_codec(const struct vmedia_libav_engine *e,
					   enum AVCodecID id, enum AVPixelFormat *surface)
{
	return find(e->type, id, surface);
}

bool vmedia_libav_engine_fetches(enum AVPixelFormat pix_fmt)
{
	return pix_fmt == AV_PIX_FMT_YUV420P || pix_fmt == AV_PIX_FMT_YUVJ420P ||
	       pix_fmt == AV_PIX_FMT_YUV420P10;
}

/* The format of memory to fetch to, or AV_PIX_FMT_NONE. */
static enum AVPixelFormat memory_format(const AVFrame *frame)
{
	enum AVPixelFormat *list, found = AV_PIX_FMT_NONE;

	if (av_hwframe_transfer_get_formats(frame->hw_frames_ctx,
					    AV_HWFRAME_TRANSFER_DIRECTION_FROM, &list, 0))
		return AV_PIX_FMT_NONE;
	for (int i = 0; list[i] != AV_PIX_FMT_NONE && found == AV_PIX_FMT_NONE; i++)
		if (vmedia_libav_engine_fetches(list[i]) || list[i] == AV_PIX_FMT_NV12 ||
		    list[i] == AV_PIX_FMT_P010)
			found = list[i];
	av_free(list);
	return found;
}

/* True if the surface of @frame has all of the picture's samples. */
static bool is_whole(const AVFrame *frame)
{
	const AVHWFramesContext *surfaces =
		(const AVHWFramesContext *)(const void *)frame->hw_frames_ctx->data;

	return frame->width <= surfaces->width && frame->height <= surfaces->height;
}

int vmedia_libav_engine_fetch(AVFrame *frame)
{
	AVFrame *to = is_whole(frame) ? av_frame_alloc() : NULL;
	int err = to ? 0 : is_whole(frame) ? AVERROR(ENOMEM) : AVERROR(ERANGE);

	if (!err) {
		to->format = memory_format(frame);
		err = to->format == AV_PIX_FMT_NONE ? AVERROR(ENOSYS)
						    : av_hwframe_transfer_data(to, frame, 0);
	}
	if (!err)
		err = av_frame_copy_props(to, frame);
	if (!err) {
		av_frame_unref(frame);
		av_frame_move_ref(frame, to);
	}
	av_frame_free(&to);
	return err;
}
