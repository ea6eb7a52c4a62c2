/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a program sees of a node's standards, formats and events, in its own word size: compiled
 * for 64 and for 32 bits, both must say the same.
 *
 *	std-client NODE
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "v4l2-client.h"

static void standards(int fd)
{
	struct v4l2_standard s;
	v4l2_std_id id = 0;
	unsigned int i;

	for (i = 0; i < 40; i++) {
		memset(&s, 0xee, sizeof(s));
		s.index = i;
		if (client_result("ENUMSTD", ioctl(fd, VIDIOC_ENUMSTD, &s)))
			break;
		client_say("%u: %#llx %s, %u/%u, %u lines, reserved %u\n", s.index,
			   (unsigned long long)s.id, s.name, s.frameperiod.numerator,
			   s.frameperiod.denominator, s.framelines,
			   s.reserved[0] | s.reserved[1] | s.reserved[2] | s.reserved[3]);
	}
	client_result("ENUMSTD without memory", ioctl(fd, VIDIOC_ENUMSTD, NULL));
	if (!client_result("G_STD", ioctl(fd, VIDIOC_G_STD, &id)))
		client_say("%#llx\n", (unsigned long long)id);
}

static void format(int fd, uint32_t type)
{
	struct v4l2_format f = { .type = type };

	if (!client_result("G_FMT", ioctl(fd, VIDIOC_G_FMT, &f)))
		client_say("%u %u %u\n", f.fmt.vbi.sampling_rate, f.fmt.vbi.offset,
			   f.fmt.vbi.samples_per_line);
}

int main(int argc, char **argv)
{
	struct v4l2_capability c;
	int fd;

	if (argc != 2) {
		fprintf(stderr, "usage: std-client NODE\n");
		return 2;
	}
	fd = client_open(argv[1], O_NONBLOCK);
	if (client_result("QUERYCAP", ioctl(fd, VIDIOC_QUERYCAP, &c)))
		return 1;
	client_say("%s, %#x\n", c.card, c.device_caps);
	standards(fd);
	format(fd, V4L2_BUF_TYPE_VBI_CAPTURE);
	client_event(fd);
	return 0;
}
