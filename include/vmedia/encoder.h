/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stateful encoders: a codec turns pictures into packets, and the framework does what V4L2's
 * stateful encoder interface (dev-encoder.rst) requires around it.
 *
 *	static const struct vmedia_encoder_ops ops = {
 *		.open = open, .close = close, .send = send, .receive = receive, .drain = drain,
 *	};
 *	struct vmedia_encoder_config cfg = {
 *		.card = "H.264", .coded = coded, .num_coded = 1, .raw = raw, .num_raw = 2,
 *		.ctrls = ctrls, .num_ctrls = 3, .ops = &ops,
 *	};
 *	vmedia_encoder_create(loop, &cfg, &dev);
 *
 * Theory of operation
 *
 *   The device has one OUTPUT and one CAPTURE queue, both multi-planar. Each session has a codec of
 *   its own, which is opened when the first picture is there. The codec is called on a worker of
 *   the loop's pool (<vmedia/worker.h>), by one thread at a time. A job takes the pictures and
 *   CAPTURE buffers that are ready, and works until one of them is used up; when something is
 *   finished it ends after about 2 ms, so that nothing finished waits for long.
 *
 *   A picture is encoded in place: ->send() reads the OUTPUT buffer's memory. The buffer goes back
 *   to the driver when ->send() has returned, so a codec copies what it needs longer. Encoders copy
 *   each picture into memory of their own with borders anyway, so keeping the buffers would save no
 *   copy, and would tie their return to the codec's delay.
 *
 *   A packet is copied into the CAPTURE buffer. One that is larger than the buffer is lost: the
 *   buffer is returned empty with V4L2_BUF_FLAG_ERROR, a line in the log has the sizes, and the
 *   next picture becomes a key picture, since others refer to what was lost.
 *
 * States of a session:
 *
 *	state		the codec gets		on CAPTURE
 *	SETUP		nothing			nothing; a queue does not stream
 *	ENCODING	pictures		packets
 *	DRAINING	pictures, then drain()	packets, then an empty LAST
 *	STOPPED		nothing			nothing; DQBUF gets EPIPE
 *
 *	SETUP     --both queues stream-->				ENCODING
 *	ENCODING  --CMD_STOP-->						DRAINING
 *	DRAINING  --receive() returns -ENODATA-->			STOPPED (EOS event)
 *	DRAINING  --STREAMOFF of OUTPUT-->				STOPPED (EOS event)
 *	STOPPED   --CMD_START, or STREAMOFF and ON of OUTPUT-->		ENCODING
 *	any       --STREAMOFF of CAPTURE-->				SETUP
 *
 *   STREAMOFF of CAPTURE ends the stream: the codec is closed with all that it has, and the next
 *   picture opens a new one, whose stream is independent of the one before. STREAMOFF of OUTPUT
 *   drops the pictures that the codec has not got. A fatal error closes the codec; each queue then
 *   gets EIO until its STREAMOFF, and encoding goes on after that of CAPTURE.
 *
 *   CMD_START after a drain: by the contract the codec goes on "with all the state from before the
 *   drain". One that has nothing delayed does so. One that must end its stream to get its last
 *   packets goes on with a key picture.
 *
 *   Parameters (struct vmedia_encoder_params): formats, rectangle, frame interval, colours and
 *   controls. They may change at any time, and count for the pictures that later jobs take. A codec
 *   that is open is told by ->update(). If it refuses, the framework drains it, closes it, and
 *   opens another: all pictures are encoded, and the first one with the new parameters is a key
 *   picture. So no control returns EBUSY.
 *
 * Formats. CAPTURE is the master: its coded format decides which raw formats OUTPUT has
 * (->accepts()). S_FMT of CAPTURE keeps OUTPUT's format if it is still possible. CAPTURE's width
 * and height are the coded size of OUTPUT's rectangle (->coded_size()), whatever the driver asks
 * for. Its sizeimage is 8/5 of a raw picture's, and at least what <vmedia/pixfmt.h> has for the
 * size, or more if the driver asks for more. Its colours are those of OUTPUT. S_FMT of CAPTURE
 * fails with EBUSY if either queue has buffers, S_FMT of OUTPUT if it has buffers itself or CAPTURE
 * streams.
 *
 * Selections: CROP_BOUNDS and CROP_DEFAULT of OUTPUT are its whole picture. CROP is the rectangle
 * that is encoded; S_FMT of OUTPUT sets it to the whole. It is made to fit the subsampling of the
 * raw format, and can move while CAPTURE streams but not change its size (EBUSY).
 *
 * Frame intervals: if the formats' sizes have intervals, S_PARM of OUTPUT sets that of both queues,
 * and S_PARM of CAPTURE only its own, which is that of the stream. Coded formats are enumerated
 * with V4L2_FMT_FLAG_ENC_CAP_FRAME_INTERVAL. A new session has 1/30 s, or the nearest to it.
 *
 * Controls: the framework adds V4L2_CID_MIN_BUFFERS_FOR_OUTPUT, which is 1, and
 * V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME, which makes the next buffer that is queued on OUTPUT (or
 * prepared, by PREPARE_BUF) a key picture. All others are the device's.
 *
 * Metadata: a packet's buffer has the timestamp, timecode and flags of time of its picture's, which
 * the codec names by its tag, and the flags KEYFRAME, PFRAME and BFRAME that the codec says.
 *
 * Security model: the guest may change a picture while ->send() reads it. A codec may get wrong
 * pictures by that and nothing else: it must not read a value twice and rely on both being the
 * same.
 *
 * Context: of vmedia_encoder_create(), the loop; of the operations, see there.
 */
#ifndef VMEDIA_ENCODER_H
#define VMEDIA_ENCODER_H

#include <vmedia/codec.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What is to be encoded, and how. Valid during the call that gets it. */
struct vmedia_encoder_params {
	uint32_t coded;			/* V4L2_PIX_FMT_* of CAPTURE */
	uint32_t raw;			/* ... of OUTPUT; one that ->accepts() accepted */
	uint32_t width, height;		/* of the rectangle, and so of the stream */
	struct vmedia_fract interval;	/* seconds: {1, 30}; {0, 0}: the device has none */
	/* Never 0 (_DEFAULT): V4L2's defaults of the colorspace are filled in. */
	struct vmedia_codec_colours colours;
	/* The configuration's controls, and the value of each, 0 for buttons and compounds. */
	const struct vmedia_ctrl_config *ctrls;
	const int64_t *values;
	unsigned int num_ctrls;
};

/* The value of control @id; 0 if the device has no such control. Context: any thread. */
int64_t vmedia_encoder_ctrl(const struct vmedia_encoder_params *p, uint32_t id);

/* A picture in the driver's memory, which its program may change at any time. */
struct vmedia_encoder_picture {
	/* The rectangle's first sample in each colour plane, and the bytes of a line. */
	const uint8_t *colour[VMEDIA_COLOUR_PLANES];
	uint32_t stride[VMEDIA_COLOUR_PLANES];
	uint64_t tag;			/* the packets of the picture carry it */
	bool key;			/* the stream can be entered at this picture */
};

struct vmedia_encoder_packet {
	/* Both parts are valid until the next call for the codec. The header may be empty. */
	const uint8_t *header, *data;
	uint32_t header_size, size;
	uint64_t tag;			/* of the picture that it came from */
	uint32_t flags;			/* V4L2_BUF_FLAG_KEYFRAME, _PFRAME, _BFRAME, or 0 */
};

/*
 * Operations. Context, unless said otherwise: a thread of the pool, one at a time for each codec,
 * which must not use data of the loop. @enc is what open() gave.
 */
struct vmedia_encoder_ops {
	/*
	 * True if pictures of pixel format @raw can be encoded as @coded. Context: the loop.
	 * Optional; default: true.
	 */
	bool (*accepts)(void *priv, uint32_t coded, uint32_t raw);
	/*
	 * Round a rectangle up to the size that is coded. Context: the loop. Optional; default: as
	 * it is.
	 */
	void (*coded_size)(void *priv, uint32_t coded, uint32_t *width, uint32_t *height);
	/*
	 * A session's formats have been set, perhaps to the same. For controls that follow from
	 * them, as a profile does from @raw. Context: the loop. Optional.
	 */
	void (*formats)(void *priv, struct vmedia_ctx *ctx, uint32_t coded, uint32_t raw);
	/*
	 * Open a codec. Returns 0, or an error, which is fatal to the session's stream. @priv is
	 * that of the configuration, here and above.
	 */
	int (*open)(void *priv, const struct vmedia_encoder_params *params, void **enc);
	/* Context: also the loop, when the session ends. */
	void (*close)(void *enc);
	/*
	 * Take over @params, which differ from those before. Returns 0, and later pictures are
	 * encoded so; or an error, and nothing has changed: the framework then opens another codec.
	 * Called before a send(). Optional; default: an error.
	 */
	int (*update)(void *enc, const struct vmedia_encoder_params *params);
	/*
	 * Encode @picture, whose memory is not used after the return. Called when receive() has
	 * returned -EAGAIN, and after its -ENODATA, when the stream goes on after a drain. Returns
	 * 0; -EBADMSG: it cannot be encoded (its buffer is returned with V4L2_BUF_FLAG_ERROR, and
	 * encoding goes on); any other: fatal.
	 */
	int (*send)(void *enc, const struct vmedia_encoder_picture *picture);
	/*
	 * Get the next packet, in the order of decoding. Returns 0; -EAGAIN: a picture is needed;
	 * -ENODATA: all packets have been received since drain(); any other: fatal.
	 */
	int (*receive)(void *enc, struct vmedia_encoder_packet *packet);
	/*
	 * No more pictures follow for now: return all packets, and then -ENODATA. Returns 0, or an
	 * error, which is fatal.
	 */
	int (*drain)(void *enc);
	/* The device ends. Context: the loop. Optional. */
	void (*destroy)(void *priv);
};

struct vmedia_encoder_config {
	const char *card;		/* as in struct vmedia_video_config, and so on: */
	const struct vmedia_limits *limits;
	uint64_t region_size;
	bool no_region;
	const struct vmedia_ctrl_config *ctrls;
	unsigned int num_ctrls;
	/*
	 * Formats of CAPTURE and OUTPUT. Of the raw formats that a coded format accepts, the first
	 * is used unless the driver sets another. The sizes are ranges; those of coded formats hold
	 * the coded sizes of all rectangles, and the least of a raw format is the least rectangle.
	 * If sizes have intervals, all have the same.
	 */
	const struct vmedia_format_config *coded, *raw;
	unsigned int num_coded, num_raw;	/* num_coded: at most 16 */
	/*
	 * Pixels of one picture of each session whose CAPTURE streams, in all. STREAMON of CAPTURE
	 * returns EBUSY where there would be more. 0: VMEDIA_CODEC_MAX_PIXELS of <vmedia/codec.h>.
	 */
	uint64_t max_pixels;
	const struct vmedia_encoder_ops *ops;
	void *priv;			/* the device's */
};

/*
 * vmedia_encoder_create - create an encoder on @loop
 *
 * @cfg itself is copied; its tables must outlive the device. Returns as vmedia_video_create().
 */
int vmedia_encoder_create(struct vmedia_loop *loop, const struct vmedia_encoder_config *cfg,
			  struct vmedia_device **dev);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_ENCODER_H */
