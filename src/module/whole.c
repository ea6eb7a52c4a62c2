// SPDX-License-Identifier: BSD-3-Clause
/*
 * Check that a shared object is complete; see whole.h.
 */
#include "module/whole.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_at(int fd, void *to, size_t size, off_t from)
{
	return pread(fd, to, size, from) == (ssize_t)size;
}

static int check(int fd, uint64_t size)
{
	ElfW(Ehdr) head;
	ElfW(Phdr) part;

	if (!read_at(fd, &head, sizeof(head), 0) || memcmp(head.e_ident, ELFMAG, SELFMAG) ||
	    head.e_phentsize != sizeof(part) || head.e_phoff > size)
		return 0;
	for (unsigned int i = 0; i < head.e_phnum; i++) {
		if (!read_at(fd, &part, sizeof(part), (off_t)(head.e_phoff + i * sizeof(part))))
			return -ENODATA;
		if (part.p_type == PT_LOAD &&
		    (part.p_offset > size || part.p_filesz > size - part.p_offset))
			return -ENODATA;
	}
	return 0;
}

int vmedia_module_whole(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret;
	struct stat st;

	if (fd < 0)
		return -errno;
	ret = fstat(fd, &st) < 0 ? -errno : check(fd, (uint64_t)st.st_size);
	close(fd);
	return ret;
}
