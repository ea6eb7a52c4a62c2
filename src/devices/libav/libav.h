/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between V4L2 and libavcodec: names of codecs, colours, pictures. For decoder and encoder.
 *
 * Context: any thread.
 */
#ifndef VMEDIA_DEVICES_LIBAV_H
#define VMEDIA_DEVICES_LIBAV_H

#include <libavcodec/avcodec.h>
#include <vmedia/codec.h>

struct vmedia_libav_codec {
	uint32_t pixelformat;		/* V4L2_PIX_FMT_* of the coded stream */
	enum AVCodecID id;
	/*
	 * After a jump in the stream the decoder itself shows nothing before it can decode again.
	 * If not, what comes before the next key picture is not shown.
	 */
	bool resumes;
	/* The coded size is larger than the visible one: AVCodecContext.coded_width is in use. */
	bool crops;
	/*
	 * Not 0: it decodes into memory that it is given, from the first byte on, and all that it
	 * writes is in its frame's size, rounded up to macroblocks. The number of references that
	 * it keeps, if AVCodecContext.refs does not say more.
	 */
	int in_place;
	/*
	 * Decoded by threads of slices. With them libavcodec shows no damaged picture of VP8 and
	 * VP9, conceals no errors of H.264, and does not say which pictures of MPEG are damaged.
	 */
	bool slices;
	/* Larger sets of flags for ENUM_FMT: V4L2_FMT_FLAG_*. */
	uint32_t flags;
};

#define VMEDIA_LIBAV_CODECS 10
/* The codecs that have V4L2 formats: VMEDIA_LIBAV_CODECS of them. Returns their number. */
unsigned int vmedia_libav_codecs(const struct vmedia_libav_codec **codecs);
const struct vmedia_libav_codec *vmedia_libav_codec_find(uint32_t pixelformat);
/*
 * Lists of libavcodec's names of these codecs, with commas between; NULL: all but mjpeg. A device
 * has mjpeg alone or not at all: programs take a V4L2 node for a codec of JPEG or of video.
 */
bool vmedia_libav_named(const char *list, const struct vmedia_libav_codec *codec);
bool vmedia_libav_names_valid(const char *list);
/* -EBADMSG, -ENOMEM, -EAGAIN, -ENODATA (the end) for an AVERROR(). */
int vmedia_libav_error(int averror);
/*
 * Log messages of libav* are the library's debug messages from now on. An error of a context that
 * has a struct vmedia_libav_memory is kept there, if that one listens.
 */
void vmedia_libav_log(void);

/*
 * Prepare @av for the packet that follows. A stream of H.264 need not say how many pictures wait
 * for later ones. libavcodec then lets none wait and drops those that come late, until it has seen
 * how many do. When it is strict, as many wait as the level allows. Baseline has no B pictures, so
 * none wait there.
 */
void vmedia_libav_reorder(AVCodecContext *av, const uint8_t *data, size_t size);

/* Depth, subsampling and range of @pix_fmt into @h. Returns 0, or -EINVAL if it is not YUV. */
int vmedia_libav_samples(enum AVPixelFormat pix_fmt, struct vmedia_codec_header *h);
/* True if the samples of @h are those of V4L2's pixel format @raw. */
bool vmedia_libav_fits(const struct vmedia_codec_header *h, uint32_t raw);
void vmedia_libav_colours(enum AVColorPrimaries primaries, enum AVColorSpace space,
			  enum AVColorTransferCharacteristic transfer, enum AVColorRange range,
			  struct vmedia_codec_colours *c);
/*
 * The header of a picture, which is then cropped; and of those that follow, if it is known, else
 * -EAGAIN. What V4L2 has no format for has a depth of 0. min_buffers and the room are not filled
 * in.
 */
void vmedia_libav_frame_header(AVFrame *frame, struct vmedia_codec_header *h);
int vmedia_libav_context_header(const AVCodecContext *av, bool crops,
				struct vmedia_codec_header *h);
/* The properties of a picture, except its tag and header. */
void vmedia_libav_picture(const AVFrame *frame, struct vmedia_codec_picture *p);
/*
 * The strides and lines that libavcodec needs for pictures of @pix_fmt. All pictures of a stream
 * must have the same strides. Fills in stride and lines of @h.
 */
void vmedia_libav_room(AVCodecContext *av, enum AVPixelFormat pix_fmt, int width, int height,
		       struct vmedia_codec_header *h);
/*
 * AVCodecContext.get_buffer2 of a context whose opaque is a struct vmedia_libav_memory: CAPTURE
 * buffers if they serve, else libavcodec's own memory.
 */
int vmedia_libav_get_buffer(AVCodecContext *av, AVFrame *frame, int flags);
struct vmedia_libav_memory {
	struct vmedia_codec_pool *pool;	/* NULL: none can be taken */
	bool same;			/* libavcodec's own memory has the computed strides */
	bool listens;			/* the next error message is to be kept */
	char said[128];			/* it */
};
/* The CAPTURE buffer that @frame is in, or NULL. */
struct vmedia_codec_raw *vmedia_libav_raw(const AVFrame *frame);

/* Copy the samples of @frame, whose format vmedia_libav_fits() @raw. */
void vmedia_libav_write(const AVFrame *frame, const struct vmedia_codec_raw *raw);

#endif /* VMEDIA_DEVICES_LIBAV_H */
