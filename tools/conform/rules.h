/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Explained differences. A rule is a line "IOCTL FIELD REASON": IOCTL without VIDIOC_, FIELD as
 * compare.h names it, both as patterns of fnmatch(). Lines that are empty or begin with # are left
 * out.
 */
#ifndef VMEDIA_CONFORM_RULES_H
#define VMEDIA_CONFORM_RULES_H

#include <stddef.h>
#include <stdio.h>

struct conform_rule {
	char *ioctl, *field, *reason;
};

struct conform_rules {
	struct conform_rule *rule;
	size_t count;
};

/* The built-in ones: what virtio-media does not carry, or has another way for. */
int conform_rules_default(struct conform_rules *r);
/*
 * Add the rules of @file. Returns 0; -ENOMEM; or -EINVAL after a line that names @path, the number
 * of the line and what is wrong with it.
 */
int conform_rules_read(struct conform_rules *r, FILE *file, const char *path);
/* The last rule that explains the difference, or NULL. */
const struct conform_rule *conform_rules_find(const struct conform_rules *r, const char *ioctl,
					      const char *field);
void conform_rules_finish(struct conform_rules *r);

#endif /* VMEDIA_CONFORM_RULES_H */
