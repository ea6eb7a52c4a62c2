/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stateful decoders: a codec turns packets into pictures, and the framework does what V4L2's
 * stateful decoder interface (dev-decoder.rst) requires around it.
 *
 *	static const struct vmedia_decoder_ops ops = {
 *		.open = open, .close = close, .send = send, .header = header, .receive = receive,
 *		.write = write, .drain = drain, .reset = reset,
 *	};
 *	struct vmedia_decoder_config cfg = {
 *		.card = "H.264", .coded = coded, .num_coded = 1, .raw = raw, .num_raw = 2,
 *		.ops = &ops,
 *	};
 *	vmedia_decoder_create(loop, &cfg, &dev);
 *
 * Theory of operation
 *
 *   The device has one OUTPUT and one CAPTURE queue, both multi-planar. Each session has a codec of
 *   its own, which is opened when the first packet is there. The codec is called on a worker of the
 *   loop's pool (<vmedia/worker.h>), by one thread at a time. A job takes the packets and CAPTURE
 *   buffers that are ready, and works until one of them is used up. What it has finished waits for
 *   about 2 ms until the driver gets it, and the job then gets what is ready since. If others wait
 *   for a thread, the job ends after about 10 ms.
 *
 *   The codec says what it finds as a struct vmedia_codec_header: after a packet (->header()), and
 *   with each picture. The framework compares it with the header that it has told the driver.
 *
 * States of a session. "event" is V4L2_EVENT_SOURCE_CHANGE:
 *
 *	state		the codec gets		on CAPTURE
 *	HEADER		packets			nothing
 *	SETUP		nothing			nothing; formats and selections are the stream's
 *	DECODING	packets			pictures
 *	CHANGING	nothing			an empty LAST; formats and selections are new
 *	DRAINING	packets, then drain()	pictures, then an empty LAST
 *	STOPPED		nothing			nothing; DQBUF gets EPIPE
 *
 *	HEADER    --first header (event), CAPTURE is off-->		SETUP
 *	HEADER    --first header (event), CAPTURE fits it-->		DECODING
 *	HEADER    --first header (event), CAPTURE does not-->		CHANGING
 *	SETUP     --STREAMON of CAPTURE-->				DECODING
 *	DECODING  --a picture with another header (event)-->		CHANGING
 *	CHANGING  --STREAMOFF and ON of CAPTURE, or CMD_START-->	DECODING
 *	DECODING  --CMD_STOP-->						DRAINING
 *	DRAINING  --receive() returns -ENODATA-->			STOPPED
 *	DRAINING  --a picture with another header (event)-->		CHANGING, then DRAINING
 *	STOPPED   --STREAMOFF and ON of CAPTURE, or CMD_START-->	DECODING
 *
 *   In any state: STREAMOFF and ON of OUTPUT (a seek) calls reset(), and ends CHANGING, DRAINING
 *   and STOPPED; if CAPTURE has no buffers, the state is HEADER. S_FMT of OUTPUT closes the codec,
 *   and the state is HEADER. So does a fatal error; each queue then gets EIO until its STREAMOFF.
 *
 *   CAPTURE fits if its format is what the header would make it. Clients may set it up before there
 *   is a header, from what a file says; if they were right, decoding goes on without a stop.
 *
 *   A header differs if its coded size, visible rectangle, bit depth, subsampling or min_buffers
 *   differ. Colours do not count: they are reported with the next header that differs.
 *
 *   CAPTURE's format has the size of the visible rectangle, rounded up to what the pixel format
 *   needs, and the picture is at its upper left corner. So CROP, CROP_DEFAULT and all targets of
 *   COMPOSE are (0, 0) and the visible size. CROP_BOUNDS is (0, 0) and the coded size, which
 *   OUTPUT's format shows too. Its colours are the header's, where that says any, and else those
 *   that the driver set on OUTPUT. MIN_BUFFERS_FOR_CAPTURE and the least number of REQBUFS are
 *   min_buffers.
 *
 *   Decoding in place: a codec that writes planes of 8-bit components can take CAPTURE buffers
 *   (vmedia_codec_take()) and decode into them. It keeps them as long as it likes, also as
 *   references after their pictures are shown. The driver gets such a buffer back when its picture
 *   is shown. It may queue the buffer again, but the buffer is not ready before the codec releases
 *   it. No codec waits for the driver: if no buffer can be taken, the picture is decoded to private
 *   memory and copied by write(). Two of the queue's buffers cannot be taken, so that such pictures
 *   can always be shown. A program of the guest that writes into a reference gets wrong pictures;
 *   a codec must survive that, and it does where each byte is a valid sample. Only MMAP buffers can
 *   be taken: those of other kinds belong to the guest again after STREAMOFF, and a codec may still
 *   write there.
 *
 *   For formats with a plane for each component the format has the codec's stride, and sizeimage
 *   has room for its lines. MIN_BUFFERS_FOR_CAPTURE then counts the buffers that the codec keeps,
 *   too. If the driver has set up CAPTURE in another way, pictures are copied. A format that it
 *   set before the header, and that has the header's size, stays as it is.
 *
 *   A header is refused with EIO on both queues, and a line in the log, if no pixel format of the
 *   device can hold its pictures (->can_write()), if it is larger than the sizes of its formats, or
 *   if the pictures of all sessions would be more than max_pixels. The codec is then closed.
 *
 *   CMD_START after a drain: by the contract the codec goes on "with all the state from before the
 *   drain". A codec that has nothing delayed keeps its state, and the next packet may refer to
 *   earlier pictures. One that must end the stream to get its last pictures (libavcodec with
 *   reordered pictures) has lost its references by that. It then returns no pictures until the
 *   next key frame, as after a seek. So there may be fewer pictures than by the contract, but no
 *   wrong ones.
 *
 * Context: of vmedia_decoder_create(), the loop; of the operations, see there.
 */
#ifndef VMEDIA_CODEC_H
#define VMEDIA_CODEC_H

#include <vmedia/video.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zero bytes that follow the data of each packet. */
#define VMEDIA_CODEC_PADDING 64
/* Bytes that are known of the next packet. */
#define VMEDIA_CODEC_NEXT 32

/* V4L2_COLORSPACE_* and so on; colorspace 0: the stream does not say. */
struct vmedia_codec_colours {
	uint32_t colorspace, ycbcr_enc, quantization, xfer_func;
};

/* What a stream says of the pictures that follow. */
struct vmedia_codec_header {
	uint32_t coded_width, coded_height;
	struct vmedia_rect visible;	/* in the coded picture; not empty */
	uint32_t bit_depth;		/* of one sample */
	uint32_t hsub, vsub;		/* of chroma, as in <vmedia/pixfmt.h>; 0: no chroma */
	uint32_t min_buffers;		/* CAPTURE buffers, 1 to 16 */
	struct vmedia_codec_colours colours;
	/*
	 * For decoding in place: bytes from one line of luma to the next, and of chroma; lines of
	 * luma that a plane has room for; buffers that the codec keeps. stride[0] 0: not possible.
	 */
	uint32_t stride[2], lines, keeps;
};

struct vmedia_codec_packet {
	/*
	 * A private copy of an OUTPUT buffer's data, with VMEDIA_CODEC_PADDING zero bytes after it.
	 * Valid until the next call of any operation but receive() and write().
	 */
	const uint8_t *data;
	uint32_t size;			/* not 0 */
	uint64_t tag;			/* the pictures that begin in the packet carry it; not 0 */
	/*
	 * For coded formats with V4L2_FMT_FLAG_CONTINUOUS_BYTESTREAM, whose packets may begin and
	 * end anywhere in the stream. The data fills the buffer; and the first bytes of the packet
	 * behind this one, if the driver has queued one.
	 */
	bool full;
	uint32_t num_next;
	uint8_t next[VMEDIA_CODEC_NEXT];
};

struct vmedia_codec_picture {
	struct vmedia_codec_header header;
	uint64_t tag;			/* of the first packet that the picture came from */
	uint32_t flags;			/* V4L2_BUF_FLAG_KEYFRAME, _PFRAME, _BFRAME, or 0 */
	uint32_t field;			/* V4L2_FIELD_*; 0: NONE */
	bool damaged;			/* reported as V4L2_BUF_FLAG_ERROR */
	/* The buffer that the picture was decoded into. NULL: write() writes it. */
	struct vmedia_codec_raw *raw;
};

/* Memory for a picture. The driver's program may write there at any time. */
struct vmedia_codec_raw {
	uint32_t pixelformat;		/* one that ->can_write() accepted */
	uint32_t width, height;		/* of the format: the visible size, rounded up */
	struct vmedia_picture_layout layout;
	uint8_t *colour[VMEDIA_COLOUR_PLANES];	/* the first byte of each colour plane */
	/* Bytes from there to the next colour plane, or to the end of the memory. */
	uint64_t room[VMEDIA_COLOUR_PLANES];
};

/* A session's CAPTURE buffers, for decoding in place. */
struct vmedia_codec_pool;

/*
 * Take a CAPTURE buffer to decode a picture into it. NULL: none can be taken now. It is the codec's
 * until vmedia_codec_release(). Context: during send(), receive() and drain(), any thread of the
 * codec, one at a time.
 */
struct vmedia_codec_raw *vmedia_codec_take(struct vmedia_codec_pool *pool);
/*
 * The codec does not use @raw any more. If its picture was not returned by receive(), it never will
 * be. Context: as before, and during reset() and close().
 */
void vmedia_codec_release(struct vmedia_codec_raw *raw);

/*
 * Operations. Context, unless said otherwise: a thread of the pool, one at a time for each codec,
 * which must not use data of the loop. @dec is what open() gave.
 */
struct vmedia_decoder_ops {
	/*
	 * True if pictures of coded format @coded that have @header can be written as @raw. @header
	 * NULL: of any header. Context: the loop. Optional; default: true.
	 */
	bool (*can_write)(void *priv, uint32_t coded, const struct vmedia_codec_header *header,
			  uint32_t raw);
	/*
	 * Open a codec for coded format @coded. Returns 0, or an error, which is fatal to the
	 * session's stream. @priv is that of the configuration, here and above. @pool is valid
	 * until close().
	 */
	int (*open)(void *priv, uint32_t coded, struct vmedia_codec_pool *pool, void **dec);
	/* Context: also the loop, when the session or its stream ends. */
	void (*close)(void *dec);
	/*
	 * Decode @packet. Called when receive() has returned -EAGAIN, and after its -ENODATA, when
	 * the stream goes on after a drain. Returns 0; -EBADMSG: the packet is damaged (its buffer
	 * is returned with V4L2_BUF_FLAG_ERROR, and decoding goes on); any other: fatal.
	 */
	int (*send)(void *dec, const struct vmedia_codec_packet *packet);
	/*
	 * Get the header, if the packets until now had one: the same as their pictures will have.
	 * Called when receive() has returned -EAGAIN, until there is one. Returns 0 or -EAGAIN.
	 * Optional: without it the first picture has it, which is later.
	 */
	int (*header)(void *dec, struct vmedia_codec_header *header);
	/*
	 * Get the next picture in display order. Returns 0, and the picture is kept for write()
	 * until the next call; -EAGAIN: a packet is needed; -ENODATA: all pictures have been
	 * received since drain(); -EBADMSG: a damaged packet was found late, and the call is
	 * repeated; any other: fatal.
	 */
	int (*receive)(void *dec, struct vmedia_codec_picture *picture);
	/*
	 * Write the picture of the last receive(). Returns 0, or an error: the buffer is returned
	 * with V4L2_BUF_FLAG_ERROR. Also called for a picture with ->raw if its buffer was shown
	 * before, or is not queued any more.
	 */
	int (*write)(void *dec, const struct vmedia_codec_raw *raw);
	/*
	 * No more packets follow for now: return all pictures, and then -ENODATA. Returns 0, or an
	 * error, which is fatal.
	 */
	int (*drain)(void *dec);
	/* Drop all packets and pictures (a seek). The stream goes on at another place. */
	void (*reset)(void *dec);
	/* The device ends. Context: the loop. Optional. */
	void (*destroy)(void *priv);
};

/* 128 streams of 1080p, or 4 of 8192x8192. */
#define VMEDIA_CODEC_MAX_PIXELS (256u << 20)

struct vmedia_decoder_config {
	const char *card;		/* as in struct vmedia_video_config, and so on: */
	const struct vmedia_limits *limits;
	uint64_t region_size;
	bool no_region;
	const struct vmedia_ctrl_config *ctrls;
	unsigned int num_ctrls;
	/*
	 * Formats of OUTPUT and CAPTURE. Of the raw formats that can hold a header's pictures, the
	 * first is used unless the driver has set one that can. Their sizes are ranges.
	 */
	const struct vmedia_format_config *coded, *raw;
	unsigned int num_coded, num_raw;
	/*
	 * Pixels of one coded picture of each session, in all: a codec keeps memory for up to some
	 * 20 such pictures. 0: VMEDIA_CODEC_MAX_PIXELS.
	 */
	uint64_t max_pixels;
	const struct vmedia_decoder_ops *ops;
	void *priv;			/* the device's */
};

/*
 * vmedia_decoder_create - create a decoder on @loop
 *
 * @cfg itself is copied; its tables must outlive the device. Returns as vmedia_video_create().
 */
int vmedia_decoder_create(struct vmedia_loop *loop, const struct vmedia_decoder_config *cfg,
			  struct vmedia_device **dev);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_CODEC_H */
