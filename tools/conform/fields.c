/* SPDX-License-Identifier: BSD-3-Clause */
/* Fields of formats, buffers and what goes with them. */
#include "fields.h"

#define F(s, m)		CONFORM_FIELD(s, m, #m, EXACT)
#define FH(s, m, h)	CONFORM_FIELD(s, m, #m, h)

const struct conform_field conform_capability_fields[] = {
	FH(capability, driver, TEXT), FH(capability, card, TEXT), FH(capability, bus_info, OWN),
	FH(capability, version, OWN), FH(capability, capabilities, BITS),
	FH(capability, device_caps, BITS), F(capability, reserved), CONFORM_END
};

const struct conform_field conform_fmtdesc_fields[] = {
	F(fmtdesc, index), F(fmtdesc, type), FH(fmtdesc, flags, BITS),
	FH(fmtdesc, description, TEXT), F(fmtdesc, pixelformat), F(fmtdesc, mbus_code),
	F(fmtdesc, reserved), CONFORM_END
};

/* ---- Formats: a type, and the member of the union that it uses ---- */

const struct conform_field conform_format_fields[] = { F(format, type), CONFORM_END };

#define PIX(m) CONFORM_FIELD(format, fmt.pix.m, #m, EXACT)
static const struct conform_field pix[] = {
	PIX(width), PIX(height), PIX(pixelformat), PIX(field), PIX(bytesperline), PIX(sizeimage),
	PIX(colorspace), PIX(priv), PIX(flags), PIX(ycbcr_enc), PIX(quantization), PIX(xfer_func),
	CONFORM_END
};

#define MP(m) CONFORM_FIELD(format, fmt.pix_mp.m, #m, EXACT)
#define MP_PLANE(i) MP(plane_fmt[i].sizeimage), MP(plane_fmt[i].bytesperline), \
	MP(plane_fmt[i].reserved)
static const struct conform_field pix_mp[] = {
	MP(width), MP(height), MP(pixelformat), MP(field), MP(colorspace), MP(num_planes),
	MP(flags), MP(ycbcr_enc), MP(quantization), MP(xfer_func), MP(reserved), MP_PLANE(0),
	MP_PLANE(1), MP_PLANE(2), MP_PLANE(3), MP_PLANE(4), MP_PLANE(5), MP_PLANE(6), MP_PLANE(7),
	CONFORM_END
};

#define WIN(m) CONFORM_FIELD(format, fmt.win.m, #m, EXACT)
static const struct conform_field win[] = {
	WIN(w), WIN(field), WIN(chromakey), WIN(clipcount), WIN(global_alpha), CONFORM_END
};

#define VBI(m) CONFORM_FIELD(format, fmt.vbi.m, #m, EXACT)
static const struct conform_field vbi[] = {
	VBI(sampling_rate), VBI(offset), VBI(samples_per_line), VBI(sample_format), VBI(start),
	VBI(count), VBI(flags), VBI(reserved), CONFORM_END
};

#define SLICED(m) CONFORM_FIELD(format, fmt.sliced.m, #m, EXACT)
static const struct conform_field sliced[] = {
	SLICED(service_set), SLICED(service_lines), SLICED(io_size), SLICED(reserved), CONFORM_END
};

#define SDR(m) CONFORM_FIELD(format, fmt.sdr.m, #m, EXACT)
static const struct conform_field sdr[] = {
	SDR(pixelformat), SDR(buffersize), SDR(reserved), CONFORM_END
};

#define META(m) CONFORM_FIELD(format, fmt.meta.m, #m, EXACT)
static const struct conform_field meta[] = {
	META(dataformat), META(buffersize), META(width), META(height), META(bytesperline),
	CONFORM_END
};

static const struct conform_field *const by_type[CONFORM_TYPES] = {
	[V4L2_BUF_TYPE_VIDEO_CAPTURE] = pix,
	[V4L2_BUF_TYPE_VIDEO_OUTPUT] = pix,
	[V4L2_BUF_TYPE_VIDEO_OVERLAY] = win,
	[V4L2_BUF_TYPE_VBI_CAPTURE] = vbi,
	[V4L2_BUF_TYPE_VBI_OUTPUT] = vbi,
	[V4L2_BUF_TYPE_SLICED_VBI_CAPTURE] = sliced,
	[V4L2_BUF_TYPE_SLICED_VBI_OUTPUT] = sliced,
	[V4L2_BUF_TYPE_VIDEO_OUTPUT_OVERLAY] = win,
	[V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE] = pix_mp,
	[V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE] = pix_mp,
	[V4L2_BUF_TYPE_SDR_CAPTURE] = sdr,
	[V4L2_BUF_TYPE_SDR_OUTPUT] = sdr,
	[V4L2_BUF_TYPE_META_CAPTURE] = meta,
	[V4L2_BUF_TYPE_META_OUTPUT] = meta,
};

static const struct conform_field *format_fields(uint32_t type)
{
	return type < CONFORM_TYPES ? by_type[type] : NULL;
}

struct conform_part conform_format_part(const struct conform_call *c)
{
	return (struct conform_part){ format_fields(c->arg.format.type), "", 0 };
}

struct conform_part conform_create_part(const struct conform_call *c)
{
	return (struct conform_part){ format_fields(c->arg.create_buffers.format.type), "format.",
				      offsetof(struct vmedia_create_buffers, format) };
}

/* ---- Buffers ---- */

const struct conform_field conform_requestbuffers_fields[] = {
	F(requestbuffers, count), F(requestbuffers, type), F(requestbuffers, memory),
	FH(requestbuffers, capabilities, BITS), F(requestbuffers, flags),
	F(requestbuffers, reserved), CONFORM_END
};

const struct conform_field conform_create_buffers_fields[] = {
	F(create_buffers, index), F(create_buffers, count), F(create_buffers, memory),
	F(create_buffers, format.type), FH(create_buffers, capabilities, BITS),
	F(create_buffers, flags), F(create_buffers, max_num_buffers), F(create_buffers, reserved),
	CONFORM_END
};

const struct conform_field conform_remove_buffers_fields[] = {
	F(remove_buffers, index), F(remove_buffers, count), F(remove_buffers, type),
	F(remove_buffers, reserved), CONFORM_END
};

/* A buffer may come back at any time: what QUERYBUF says of its last frame is not compared. */
const struct conform_field conform_buffer_fields[] = {
	F(buffer, index), F(buffer, type), FH(buffer, bytesused, MOMENT), FH(buffer, flags, STATE),
	FH(buffer, field, MOMENT), FH(buffer, timestamp, MOMENT), FH(buffer, timecode, MOMENT),
	FH(buffer, sequence, MOMENT), F(buffer, memory), FH(buffer, length, GIVEN),
	F(buffer, reserved2), F(buffer, request_fd), CONFORM_END
};

const struct conform_field conform_dqbuf_fields[] = {
	F(buffer, index), F(buffer, type), FH(buffer, bytesused, FILLED), FH(buffer, flags, STATE),
	FH(buffer, field, PARITY), FH(buffer, timestamp, COPIED), FH(buffer, timecode, MOMENT),
	FH(buffer, sequence, COUNTED), F(buffer, memory), F(buffer, length), F(buffer, reserved2),
	F(buffer, request_fd), CONFORM_END
};

const struct conform_field conform_plane_fields[] = {
	FH(plane, bytesused, MOMENT), FH(plane, length, GIVEN), FH(plane, data_offset, MOMENT),
	F(plane, reserved), CONFORM_END
};

const struct conform_field conform_dqbuf_plane_fields[] = {
	FH(plane, bytesused, FILLED), F(plane, length), F(plane, data_offset), F(plane, reserved),
	CONFORM_END
};

const struct conform_field conform_exportbuffer_fields[] = {
	F(exportbuffer, type), F(exportbuffer, index), F(exportbuffer, plane),
	F(exportbuffer, flags), FH(exportbuffer, fd, OWN), F(exportbuffer, reserved), CONFORM_END
};

/* Its base and size are the node's memory. */
const struct conform_field conform_framebuffer_fields[] = {
	F(framebuffer, capability), F(framebuffer, flags), FH(framebuffer, base, OWN), CONFORM_END
};

/* ---- Parameters, sizes, rectangles ---- */

const struct conform_field conform_streamparm_fields[] = { F(streamparm, type), CONFORM_END };

#define PARM(m) CONFORM_FIELD(streamparm, parm.capture.m, #m, EXACT)
static const struct conform_field captureparm[] = {
	PARM(capability), PARM(capturemode), PARM(timeperframe), PARM(extendedmode),
	PARM(readbuffers), PARM(reserved), CONFORM_END
};

/* OUTPUT's structure has the same fields, two of them by other names. */
struct conform_part conform_parm_part(const struct conform_call *c)
{
	return (struct conform_part){ captureparm, "", 0 };
}

const struct conform_field conform_frmsizeenum_fields[] = {
	F(frmsizeenum, index), F(frmsizeenum, pixel_format), F(frmsizeenum, type),
	F(frmsizeenum, reserved), CONFORM_END
};

static const struct conform_field frmsize_discrete[] = { F(frmsizeenum, discrete), CONFORM_END };
static const struct conform_field frmsize_stepwise[] = { F(frmsizeenum, stepwise), CONFORM_END };

struct conform_part conform_frmsize_part(const struct conform_call *c)
{
	bool discrete = c->arg.frmsizeenum.type == V4L2_FRMSIZE_TYPE_DISCRETE;

	return (struct conform_part){ discrete ? frmsize_discrete : frmsize_stepwise, "", 0 };
}

const struct conform_field conform_frmivalenum_fields[] = {
	F(frmivalenum, index), F(frmivalenum, pixel_format), F(frmivalenum, width),
	F(frmivalenum, height), F(frmivalenum, type), F(frmivalenum, reserved), CONFORM_END
};

static const struct conform_field frmival_discrete[] = { F(frmivalenum, discrete), CONFORM_END };
static const struct conform_field frmival_stepwise[] = { F(frmivalenum, stepwise), CONFORM_END };

struct conform_part conform_frmival_part(const struct conform_call *c)
{
	bool discrete = c->arg.frmivalenum.type == V4L2_FRMIVAL_TYPE_DISCRETE;

	return (struct conform_part){ discrete ? frmival_discrete : frmival_stepwise, "", 0 };
}

const struct conform_field conform_selection_fields[] = {
	F(selection, type), F(selection, target), F(selection, flags), F(selection, r),
	F(selection, reserved), CONFORM_END
};

const struct conform_field conform_cropcap_fields[] = {
	F(cropcap, type), F(cropcap, bounds), F(cropcap, defrect), F(cropcap, pixelaspect),
	CONFORM_END
};

const struct conform_field conform_crop_fields[] = { F(crop, type), F(crop, c), CONFORM_END };

const struct conform_field conform_sliced_vbi_cap_fields[] = {
	F(sliced_vbi_cap, service_set), F(sliced_vbi_cap, service_lines), F(sliced_vbi_cap, type),
	F(sliced_vbi_cap, reserved), CONFORM_END
};
