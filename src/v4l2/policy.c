/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A policy from text: options of a command line, or a file of them.
 *
 * Security model: the text is that of the program's user. It is only as long as its size says, may
 * have any bytes, and is not changed; a name is copied before it is looked up.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vmedia/policy.h>

#include "base/checked.h"
#include "v4l2/policy_names.h"

#define WORD 64
#define LINE 8192

/* ---- Values ---- */

/* Cut spaces off both ends of the @len bytes at @text. */
static void trim(const char **text, size_t *len)
{
	while (*len && isspace((unsigned char)**text)) {
		++*text;
		--*len;
	}
	while (*len && isspace((unsigned char)(*text)[*len - 1]))
		--*len;
}

/* Set one word of a list. Returns 0 or -EINVAL. */
typedef int set_word_fn(struct vmedia_policy *p, const char *word, char *why, size_t size);

/* Make @word printable, in place. */
static const char *shown(char *word)
{
	for (char *c = word; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = '?';
	return word;
}

static int each_word(struct vmedia_policy *p, const char *list, set_word_fn *set, char *why,
		     size_t size)
{
	char word[WORD];
	const char *text;
	size_t len, rest;
	int ret = 0;

	do {
		rest = len = strcspn(list, ",");
		text = list;
		trim(&text, &len);
		if (!len) {
			snprintf(why, size, "a name is missing: give names with commas between");
			return -EINVAL;
		}
		snprintf(word, sizeof(word), "%.*s", (int)VMEDIA_MIN(len, (size_t)WORD), text);
		ret = set(p, word, why, size);
		list += rest;
	} while (!ret && *list++ == ',');
	return ret;
}

static int too_many(const char *what, unsigned int most, char *why, size_t size)
{
	snprintf(why, size, "more than %u %s: give fewer", most, what);
	return -EINVAL;
}

static int set_format(struct vmedia_policy *p, const char *word, char *why, size_t size)
{
	uint32_t fourcc;
	char copy[WORD];

	snprintf(copy, sizeof(copy), "%s", word);
	if (!vmedia_name_format(word, &fourcc)) {
		snprintf(why, size, "unknown format '%s': give fourccs as v4l2-ctl --list-formats "
			 "shows them, for example YUYV, or numbers such as 0x56595559",
			 shown(copy));
		return -EINVAL;
	}
	if (p->num_formats == VMEDIA_POLICY_FORMATS)
		return too_many("formats", VMEDIA_POLICY_FORMATS, why, size);
	p->formats[p->num_formats++] = fourcc;
	return 0;
}

static int set_formats(struct vmedia_policy *p, const char *value, char *why, size_t size)
{
	p->limit_formats = true;
	p->num_formats = 0;
	return each_word(p, value, set_format, why, size);
}

/* Read digits up to @end. Returns false if it is no number from 1 to 65535. */
static bool take_number(const char **text, char end, uint32_t *number)
{
	uint32_t v = 0;

	for (; isdigit((unsigned char)**text); ++*text) {
		v = v * 10 + (uint32_t)(**text - '0');
		if (v > 65535)
			return false;
	}
	*number = v;
	return v && *(*text)++ == end;
}

static int set_size(struct vmedia_policy *p, const char *value, char *why, size_t size)
{
	if (take_number(&value, 'x', &p->max_width) && take_number(&value, 0, &p->max_height))
		return 0;
	snprintf(why, size, "give a width and a height from 1 to 65535, for example 1280x720");
	return -EINVAL;
}

static int set_fps(struct vmedia_policy *p, const char *value, char *why, size_t size)
{
	if (take_number(&value, 0, &p->max_fps))
		return 0;
	snprintf(why, size, "give frames a second from 1 to 65535, for example 30");
	return -EINVAL;
}

static int set_ctrl(struct vmedia_policy *p, const char *word, char *why, size_t size)
{
	uint32_t id;
	char copy[WORD];

	snprintf(copy, sizeof(copy), "%s", word);
	if (!strcmp(word, "read")) {
		p->others = VMEDIA_POLICY_READ;
		return 0;
	}
	if (!vmedia_name_ctrl(word, &id)) {
		snprintf(why, size, "unknown control '%s': give none, read, all, or names as "
			 "v4l2-ctl --list-ctrls shows them, for example brightness, or IDs such as "
			 "0x00980900", shown(copy));
		return -EINVAL;
	}
	if (p->num_ctrls == VMEDIA_POLICY_CTRLS)
		return too_many("controls", VMEDIA_POLICY_CTRLS, why, size);
	p->ctrls[p->num_ctrls++] = id;
	return 0;
}

static int set_ctrls(struct vmedia_policy *p, const char *value, char *why, size_t size)
{
	p->num_ctrls = 0;
	p->others = VMEDIA_POLICY_HIDE;
	if (!strcmp(value, "all"))
		p->others = VMEDIA_POLICY_WRITE;
	if (!strcmp(value, "all") || !strcmp(value, "none"))
		return 0;
	return each_word(p, value, set_ctrl, why, size);
}

static int set_ioctl(struct vmedia_policy *p, const char *word, char *why, size_t size)
{
	const struct vmedia_ioctl_info *info = vmedia_name_ioctl(word);
	char copy[WORD];

	snprintf(copy, sizeof(copy), "%s", word);
	if (!info)
		snprintf(why, size, "unknown ioctl '%s': give V4L2's names, for example S_CROP or "
			 "VIDIOC_S_CROP", shown(copy));
	else if (!(info->flags & VMEDIA_IOCTL_CARRIED))
		snprintf(why, size, "virtio-media does not carry %s, so no guest can call it: "
			 "leave it out", info->name);
	else
		p->denied[info->nr / 8] |= (uint8_t)(1 << info->nr % 8);
	return info && info->flags & VMEDIA_IOCTL_CARRIED ? 0 : -EINVAL;
}

static int set_ioctls(struct vmedia_policy *p, const char *value, char *why, size_t size)
{
	memset(p->denied, 0, sizeof(p->denied));
	return each_word(p, value, set_ioctl, why, size);
}

/* ---- Options ---- */

static const struct {
	const char *name;
	set_word_fn *set;
} options[] = {
	{ "allow-formats", set_formats },
	{ "max-size", set_size },
	{ "max-fps", set_fps },
	{ "controls", set_ctrls },
	{ "deny-ioctls", set_ioctls },
};

/* The index of an option, or -1. */
static int find_option(const char *name)
{
	for (size_t i = 0; i < VMEDIA_ARRAY_SIZE(options); i++)
		if (!strcmp(options[i].name, name))
			return (int)i;
	return -1;
}

int vmedia_policy_option(struct vmedia_policy *p, const char *name, const char *value, char *why,
			 size_t why_size)
{
	struct vmedia_policy changed = *p;
	int i = find_option(name), ret;

	if (i < 0)
		return -ENOENT;
	ret = options[i].set(&changed, value, why, why_size);
	if (!ret)
		*p = changed;
	return ret;
}

/* ---- Files ---- */

/* Set what one line says. @given: the options of the lines before, by bit. */
static int set_line(struct vmedia_policy *p, const char *text, size_t len, unsigned int *given,
		    char *why, size_t size)
{
	const char *hash = memchr(text, '#', len), *eq;
	char name[WORD], value[LINE], reason[384];
	size_t left;
	int i, ret;

	if (hash)
		len = (size_t)(hash - text);
	trim(&text, &len);
	if (!len)
		return 0;
	eq = memchr(text, '=', len);
	if (!eq || len >= LINE || memchr(text, 0, len)) {
		snprintf(why, size, "no line of a policy: give NAME = VALUE, in less than %d bytes",
			 LINE);
		return -EINVAL;
	}
	left = (size_t)(eq - text);
	snprintf(value, sizeof(value), "%.*s", (int)(len - left - 1), eq + 1);
	trim(&text, &left);
	snprintf(name, sizeof(name), "%.*s", (int)VMEDIA_MIN(left, (size_t)WORD), text);
	i = find_option(name);
	if (i < 0) {
		snprintf(why, size, "unknown name '%s': give allow-formats, max-size, max-fps, "
			 "controls or deny-ioctls", shown(name));
		return -EINVAL;
	}
	if (*given & 1u << i) {
		snprintf(why, size, "%s stands in a line before, too: leave one out", name);
		return -EINVAL;
	}
	*given |= 1u << i;
	text = value;
	left = strlen(value);
	trim(&text, &left);
	value[(size_t)(text - value) + left] = 0;
	ret = options[i].set(p, text, reason, sizeof(reason));
	if (ret)
		snprintf(why, size, "%s: %s", name, reason);
	return ret;
}

int vmedia_policy_parse(struct vmedia_policy *p, const char *file, const char *text, size_t size,
			char *why, size_t why_size)
{
	struct vmedia_policy changed = *p;
	unsigned int line = 0, given = 0;
	char reason[512];
	size_t len;

	while (size) {
		const char *end = memchr(text, '\n', size);

		len = end ? (size_t)(end - text) : size;
		line++;
		if (set_line(&changed, text, len, &given, reason, sizeof(reason))) {
			snprintf(why, why_size, "%.200s:%u: %s", file, line, reason);
			return -EINVAL;
		}
		len += end ? 1 : 0;
		text += len;
		size -= len;
	}
	*p = changed;
	return 0;
}

/* Read @path into @text. Returns the number of bytes or negative errno. */
static ssize_t read_all(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t used = 0;
	ssize_t n = 1;

	if (fd < 0)
		return -errno;
	while (n > 0 && used < size) {
		n = read(fd, text + used, size - used);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			used += (size_t)n;
	}
	if (n < 0)
		n = -errno;
	close(fd);
	return n < 0 ? n : (ssize_t)used;
}

int vmedia_policy_read(struct vmedia_policy *p, const char *path, char *why, size_t why_size)
{
	char *text = malloc(VMEDIA_POLICY_FILE_SIZE + 1);
	ssize_t n = text ? read_all(path, text, VMEDIA_POLICY_FILE_SIZE + 1) : -ENOMEM;
	int ret;

	if (n < 0)
		snprintf(why, why_size, "%.200s: %s; give a file that can be read", path,
			 strerror((int)-n));
	else if (n > (ssize_t)VMEDIA_POLICY_FILE_SIZE)
		snprintf(why, why_size, "%.200s: longer than %u bytes, so no policy; give another "
			 "file", path, VMEDIA_POLICY_FILE_SIZE);
	if (n < 0 || n > (ssize_t)VMEDIA_POLICY_FILE_SIZE)
		ret = n < 0 ? (int)n : -EINVAL;
	else
		ret = vmedia_policy_parse(p, path, text, (size_t)n, why, why_size);
	free(text);
	return ret;
}
