/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules: the built-in list, files, and which one explains a difference. */
#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rules.h"

/* Lines as in a file. Each names what the specification says, or leaves to the driver. */
static const char built_in[] =
	"QUERYCAP driver the driver in the guest has its own name\n"
	"QUERYCAP capabilities.* a device is one node, and names no others of its hardware\n"
	"QUERYCAP device_caps.0x4 overlay is not carried\n"
	"QUERYCAP device_caps.0x200 overlay is not carried\n"
	"QUERYCAP device_caps.0x1000000 read() and write() are not carried\n"
	"QUERYCAP device_caps.0x20000000 the media controller is not carried\n"
	"QUERYCAP device_caps.0x100 blocks of RDS come by read()\n"
	"[GS]_TUNER capability.0x80 blocks of RDS come by read()\n"
	"[GS]_TUNER capability.0x100 blocks of RDS come by read()\n"
	"[GS]_MODULATOR capability.0x80 blocks of RDS go by write()\n"
	"[GS]_MODULATOR capability.0x100 blocks of RDS go by write()\n"
	"* overlay.* overlay is not carried\n"
	"REQBUFS capabilities.0x8 requests are not carried\n"
	"CREATE_BUFS capabilities.0x8 requests are not carried\n"
	"* request.errno:E*:E* requests are not carried\n"
	"QBUF errno:EBADR:E* requests are not carried\n"
	"*_EXT_CTRLS request_fd requests are not carried\n"
	"QUERYBUF foreign.errno:0:EINVAL a session is shown its own buffers only\n"
	"DQBUF foreign.errno:EBUSY:EINVAL the driver knows the session's own buffers only\n"
	"CREATE_BUFS errno:ENOBUFS:EINVAL another memory than the queue has is refused first\n"
	"QBUF first.errno:EINVAL:0 vicodec wants an older size, and a proxy makes other buffers\n"
	"PREPARE_BUF first.errno:EINVAL:0 vicodec wants an older size, and a proxy makes others\n"
	"QBUF longer.errno:0:EINVAL a buffer that is copied is as long as it was made\n"
	"PREPARE_BUF longer.errno:0:EINVAL a buffer that is copied is as long as it was made\n"
	"DQBUF restarted.errno:EPIPE:EAGAIN vicodec ignores CMD_START at times\n"
	"DQBUF restarted.errno:EPIPE:0 vicodec ignores CMD_START at times\n"
	"DQEVENT errno:ENOENT:EAGAIN the driver of this program says so that there is none yet\n"
	"REMOVE_BUFS errno:ENOTTY:EBUSY the driver of this program looks at its buffers first\n"
	"REMOVE_BUFS errno:ENOTTY:EINVAL the driver of this program looks at its buffers first\n"
	"QBUF errno:E*:ENOENT an object that does not exist is looked for first\n"
	"PREPARE_BUF errno:E*:ENOENT an object that does not exist is looked for first\n"
	"QBUF errno:E*:EFAULT the driver of this program looks at its memory first\n"
	"PREPARE_BUF errno:E*:EFAULT the driver of this program looks at its memory first\n"
	"*_EXT_CTRLS errno:E*:EFAULT the driver of this program looks at its memory first\n"
	"G_FBUF errno:*:ENOTTY overlay names memory by address, and is not carried\n"
	"G_JPEGCOMP errno:*:ENOTTY controls replace it\n";

/* What compare.c puts before a name. A rule without one holds in all circumstances. */
static const char *const circumstances[] = { "request.", "overlay.", "foreign.", "longer.",
					     "first.", "restarted." };

static const char *without_circumstance(const char *field)
{
	for (size_t i = 0; i < sizeof(circumstances) / sizeof(circumstances[0]); i++)
		if (strncmp(field, circumstances[i], strlen(circumstances[i])) == 0)
			return field + strlen(circumstances[i]);
	return field;
}

/* Brackets are part of a field's name, and no pattern. */
static bool fits(const struct conform_rule *rule, const char *field)
{
	return strcmp(rule->field, field) == 0 || fnmatch(rule->field, field, 0) == 0;
}

static int add(struct conform_rules *r, const char *ioctl, const char *field, const char *reason)
{
	struct conform_rule *more = realloc(r->rule, (r->count + 1) * sizeof(*more)), *rule;

	if (!more)
		return -ENOMEM;
	r->rule = more;
	rule = &r->rule[r->count];
	rule->ioctl = strdup(ioctl);
	rule->field = strdup(field);
	rule->reason = strdup(reason);
	r->count++;
	return rule->ioctl && rule->field && rule->reason ? 0 : -ENOMEM;
}

/* Returns -EINVAL if a word is missing. */
static int parse(struct conform_rules *r, char *line)
{
	char *save, *ioctl, *field, *reason;

	line[strcspn(line, "\n")] = '\0';
	line += strspn(line, " \t");
	if (*line == '\0' || *line == '#')
		return 0;
	ioctl = strtok_r(line, " \t", &save);
	field = strtok_r(NULL, " \t", &save);
	reason = field ? strtok_r(NULL, "", &save) : NULL;
	if (reason)
		reason += strspn(reason, " \t");
	if (!reason || *reason == '\0')
		return -EINVAL;
	if (strncmp(ioctl, "VIDIOC_", strlen("VIDIOC_")) == 0)
		ioctl += strlen("VIDIOC_");
	return add(r, ioctl, field, reason);
}

int conform_rules_read(struct conform_rules *r, FILE *file, const char *path)
{
	unsigned int number = 0;
	char *line = NULL;
	size_t size = 0;
	int ret = 0;

	while (ret == 0 && getline(&line, &size, file) >= 0) {
		number++;
		ret = parse(r, line);
	}
	free(line);
	if (ret == 0 && ferror(file))
		ret = -EIO;
	if (ret == -EINVAL)
		fprintf(stderr, "vmedia-conform: %s:%u: give IOCTL FIELD REASON\n", path, number);
	else if (ret < 0)
		fprintf(stderr, "vmedia-conform: %s: %s\n", path, strerror(-ret));
	return ret;
}

int conform_rules_default(struct conform_rules *r)
{
	FILE *file = fmemopen((void *)(uintptr_t)built_in, strlen(built_in), "r");
	int ret = file ? conform_rules_read(r, file, "the built-in list") : -errno;

	if (file)
		fclose(file);
	return ret;
}

const struct conform_rule *conform_rules_find(const struct conform_rules *r, const char *ioctl,
					      const char *field)
{
	for (size_t i = r->count; i > 0; i--) {
		const struct conform_rule *rule = &r->rule[i - 1];

		if (fnmatch(rule->ioctl, ioctl, 0) == 0 &&
		    (fits(rule, field) || fits(rule, without_circumstance(field))))
			return rule;
	}
	return NULL;
}

void conform_rules_finish(struct conform_rules *r)
{
	for (size_t i = 0; i < r->count; i++) {
		free(r->rule[i].ioctl);
		free(r->rule[i].field);
		free(r->rule[i].reason);
	}
	free(r->rule);
	*r = (struct conform_rules){ NULL, 0 };
}
