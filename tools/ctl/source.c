/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The file whose frames or packets are given to an OUTPUT queue.
 *
 *   --stream-from, a raw format: frames follow each other; each plane has the format's sizeimage.
 *   --stream-from, a coded format: if the device finds the packets in a byte stream itself, each
 *   buffer gets what it can hold. Otherwise the file is one packet.
 *   --stream-from-hdr: each frame begins with CTL_FRAME_HEADER, each plane with its length, 32 bits
 *   each, high byte first.
 */
#include "source.h"

#include <errno.h>
#include <string.h>

static const char *option(const struct ctl_source *s)
{
	return s->o->from_hdr ? "stream-from-hdr" : "stream-from";
}

int ctl_source_open(struct ctl_source *s, const struct ctl_stream_options *o,
		    const struct ctl_queue *q)
{
	uint32_t flags;

	*s = (struct ctl_source){ .o = o };
	s->coded = ctl_is_coded(q->c, q->fmt.type, ctl_queue_pixelformat(q), &flags);
	s->bytestream = flags & V4L2_FMT_FLAG_CONTINUOUS_BYTESTREAM;
	s->file = strcmp(o->from, "-") == 0 ? stdin : fopen(o->from, "rb");
	if (!s->file)
		return ctl_usage_text("--%s=%s: %s; give a file that can be read", option(s),
				      o->from, strerror(errno));
	return 0;
}

void ctl_source_close(struct ctl_source *s)
{
	if (s->file && s->file != stdin)
		fclose(s->file);
	s->file = NULL;
}

/* Read up to @size bytes. Returns how many, or an error. */
static int64_t read_bytes(struct ctl_source *s, void *data, size_t size)
{
	size_t n;

	errno = 0;
	n = fread(data, 1, size, s->file);
	if (!ferror(s->file))
		return (int64_t)n;
	if (errno == EINTR)
		return -EINTR;
	/* A folder can be opened and not be read. */
	return ctl_usage_text("--%s=%s: %s; give a file that can be read", option(s), s->o->from,
			      strerror(errno));
}

static int ends_early(const struct ctl_source *s)
{
	return ctl_usage_text("--%s=%s: the file ends in the middle of frame %llu; give a whole "
			      "one", option(s), s->o->from, (unsigned long long)s->frames);
}

/* Returns 1, 0 if the file has ended, or an error. */
static int read_u32(struct ctl_source *s, uint32_t *v)
{
	uint8_t b[4] = { 0 };
	int64_t n = read_bytes(s, b, sizeof(b));

	*v = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
	if (n <= 0)
		return (int)n;
	return n == sizeof(b) ? 1 : ends_early(s);
}

static int read_headed(struct ctl_source *s, const struct ctl_buffer *buf, uint32_t *used)
{
	uint32_t magic;
	int ret = read_u32(s, &magic);

	if (ret <= 0)
		return ret;
	if (magic != CTL_FRAME_HEADER)
		return ctl_usage_text("--%s=%s: frame %llu has no header; give a file of "
				      "--stream-to-hdr, or use --stream-from", option(s),
				      s->o->from, (unsigned long long)s->frames);
	for (unsigned int i = 0; i < buf->num_planes; i++) {
		int64_t n;

		ret = read_u32(s, &used[i]);
		if (ret <= 0)
			return ret < 0 ? ret : ends_early(s);
		if (used[i] > buf->length[i])
			return ctl_usage_text("--%s=%s: frame %llu has %u bytes, a buffer %llu; "
					      "give --set-fmt-video-out a larger sizeimage=",
					      option(s), s->o->from, (unsigned long long)s->frames,
					      used[i], (unsigned long long)buf->length[i]);
		n = read_bytes(s, buf->ptr[i], used[i]);
		if (n != used[i])
			return n < 0 ? (int)n : ends_early(s);
	}
	return 1;
}

static int read_raw(struct ctl_source *s, const struct ctl_queue *q, const struct ctl_buffer *buf,
		    uint32_t *used)
{
	for (unsigned int i = 0; i < buf->num_planes; i++) {
		uint32_t size = ctl_queue_sizeimage(q, i), width, height;
		char fcc[8];
		int64_t n;

		if (size > buf->length[i])
			return ctl_fail("a buffer is smaller than a frame", -EIO);
		n = read_bytes(s, buf->ptr[i], size);
		if (n < 0 || (n == 0 && i == 0))
			return (int)n;
		used[i] = (uint32_t)n;
		if (n == size)
			continue;
		ctl_queue_size(q, &width, &height);
		return ctl_usage_text("--%s=%s: the file ends in the middle of frame %llu; give "
				      "frames of '%s', %ux%u, or choose another "
				      "--set-fmt-video-out", option(s), s->o->from,
				      (unsigned long long)s->frames,
				      ctl_fourcc(ctl_queue_pixelformat(q), fcc), width, height);
	}
	return 1;
}

static int read_coded(struct ctl_source *s, const struct ctl_buffer *buf, uint32_t *used)
{
	int64_t n = read_bytes(s, buf->ptr[0], buf->length[0]);
	int next;

	if (n <= 0)
		return (int)n;
	used[0] = (uint32_t)n;
	if (s->bytestream)
		return 1;
	next = fgetc(s->file);
	if (next == EOF)
		return 1;
	return ctl_usage_text("--%s=%s: the file is more than one packet of %llu bytes, and the "
			      "device does not find packets itself; give their sizes, by "
			      "--stream-from-hdr", option(s), s->o->from,
			      (unsigned long long)buf->length[0]);
}

static int read_frame(struct ctl_source *s, const struct ctl_queue *q, unsigned int index,
		      uint32_t *used)
{
	const struct ctl_buffer *buf = &q->buf[index];

	if (s->o->from_hdr)
		return read_headed(s, buf, used);
	return s->coded ? read_coded(s, buf, used) : read_raw(s, q, buf, used);
}

int ctl_source_read(struct ctl_source *s, const struct ctl_queue *q, unsigned int index,
		    uint32_t used[VMEDIA_MAX_PLANES])
{
	int ret = read_frame(s, q, index, used);

	if (ret == 0 && !s->frames)
		return ctl_usage_text("--%s=%s: the file is empty; give one with frames", option(s),
				      s->o->from);
	if (ret == 0 && s->o->loop) {
		clearerr(s->file);
		if (fseek(s->file, 0, SEEK_SET) < 0)
			return ctl_usage_text("--stream-loop: --%s=%s cannot be read again; give a "
					      "file", option(s), s->o->from);
		ret = read_frame(s, q, index, used);
	}
	s->frames += ret > 0;
	return ret;
}
