// SPDX-License-Identifier: BSD-3-Clause
/*
 * The subscriber: shows the pictures of a publisher.
 *
 * Security model: the publisher is foreign. The memory file must be one of small pages, as large as
 * its slots, and sealed, so the mapping cannot fault; it is mapped for reading. A frame must be the
 * one that was asked for, in a slot that is not held, within the size that WELCOME told. The
 * contents of a slot can change at any time. The kernel would fill a hole with memory of the
 * process that reads it, so the pages of a picture must be there when its slot comes; the seals
 * keep them.
 *
 * System calls, serving: fcntl fcntl64 statx mmap2|mmap munmap close lseek _llseek
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <vmedia/share.h>

#include "base/fd.h"
#include "base/foreign.h"
#include "base/log.h"
#include "share/wire.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

/* It does not become smaller, and gets no holes. */
#define SEALS (F_SEAL_SHRINK | F_SEAL_FUTURE_WRITE)

#define NONE UINT32_MAX

struct vmedia_subscriber {
	int fd;
	bool welcomed, streaming;
	bool asked;			/* NEXT was sent, and no FRAME has come */
	bool come;			/* @frame has come, and was not taken */
	uint32_t stream;
	struct vmedia_subscriber_info info;
	uint32_t num_slots;
	uint64_t slot_size;
	const uint8_t *memory;
	int memory_fd;
	uint32_t filled[VMEDIA_SHARE_MAX_SLOTS];	/* bytes of each slot that are no hole */
	uint32_t num_held;		/* with the one that has come */
	uint32_t held[VMEDIA_SHARE_MAX_HELD];
	struct vmedia_subscriber_frame frame;
	int error;			/* of the source; 0: it has a signal */
};

/* ---- The connection ---- */

int vmedia_subscriber_connect(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct stat st;
	int fd, err;

	if (!*path || strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (!connect(fd, (const struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	err = -errno;
	close(fd);
	/* The kernel says the same of a socket that nobody listens on. */
	if (err == -ECONNREFUSED && stat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		err = -ENOTSOCK;
	return err;
}

int vmedia_subscriber_create(int fd, struct vmedia_subscriber **out)
{
	struct vmedia_subscriber *s = calloc(1, sizeof(*s));
	union vmedia_share_message m;
	int err;

	if (!s) {
		close(fd);
		return -ENOMEM;
	}
	s->fd = fd;
	s->memory_fd = -1;
	vmedia_share_prepare(&m, VMEDIA_SHARE_HELLO);
	err = vmedia_share_send(fd, &m, -1);
	if (err) {
		vmedia_subscriber_destroy(s);
		return -ECONNRESET;
	}
	*out = s;
	return 0;
}

static void unmap(struct vmedia_subscriber *s)
{
	size_t page = vmedia_page_size();

	if (s->memory)
		munmap((uint8_t *)(uintptr_t)s->memory - page,
		       (size_t)(s->num_slots * s->slot_size) + 2 * page);
	s->memory = NULL;
	vmedia_foreign_close(&s->memory_fd);
}

void vmedia_subscriber_destroy(struct vmedia_subscriber *s)
{
	if (!s)
		return;
	unmap(s);
	vmedia_fd_close(&s->fd);
	free(s);
}

int vmedia_subscriber_fd(const struct vmedia_subscriber *s)
{
	return s->fd;
}

/* What this end cannot send, the publisher does not read: it is stuck or gone. */
static int tell(struct vmedia_subscriber *s, enum vmedia_share_type type, uint32_t slot)
{
	union vmedia_share_message m;

	vmedia_share_prepare(&m, type);
	/* START, STOP, NEXT and RELEASE have the number in the same place. */
	m.release.stream = s->stream;
	if (type == VMEDIA_SHARE_RELEASE)
		m.release.slot = slot;
	return vmedia_share_send(s->fd, &m, -1) ? -ECONNRESET : 0;
}

/* ---- Messages ---- */

__attribute__((format(printf, 3, 4)))
static void say(char *why, size_t size, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, size, fmt, args);
	va_end(args);
}

/*
 * Map @size bytes for reading, between two pages of zeros: libraries that convert pictures read a
 * little past their last line.
 */
static const uint8_t *map_between(int fd, size_t size)
{
	size_t page = vmedia_page_size();
	uint8_t *room = mmap(NULL, size + 2 * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (room == MAP_FAILED)
		return NULL;
	if (mmap(room + page, size, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED) {
		munmap(room, size + 2 * page);
		return NULL;
	}
	return room + page;
}

/*
 * True if @st is of a file that memfd_create() makes without MFD_HUGETLB. One of huge pages has
 * seals, too, but reading it faults if there is no huge page left.
 */
static bool is_memory_file(const struct statx *st)
{
	int own = vmedia_memfd("vmedia-share", 1);
	struct statx of_own;
	bool same = own >= 0 && !vmedia_fd_stat(own, &of_own) &&
		    of_own.stx_dev_major == st->stx_dev_major &&
		    of_own.stx_dev_minor == st->stx_dev_minor;

	vmedia_fd_close(&own);
	return same;
}

/* Map the memory file. */
static int map(struct vmedia_subscriber *s, int fd)
{
	uint64_t size = s->num_slots * s->slot_size;
	int seals = fcntl(fd, F_GET_SEALS);
	struct statx st;

	if (seals < 0 || (seals & SEALS) != SEALS || vmedia_fd_stat(fd, &st) ||
	    st.stx_size < size || !is_memory_file(&st))
		return -EPROTO;
	if (size > SIZE_MAX / 2)
		return -ENOMEM;
	s->memory = map_between(fd, (size_t)size);
	return s->memory ? 0 : -ENOMEM;
}

static int on_welcome(struct vmedia_subscriber *s, const struct vmedia_share_welcome *w, int *fd)
{
	int err;

	if (s->welcomed)
		return -EPROTO;
	s->num_slots = w->num_slots;
	s->slot_size = w->slot_size;
	s->info.format = w->format;
	s->info.max_held = w->max_held;
	memcpy(s->info.name, w->name, sizeof(w->name));
	err = map(s, *fd);
	if (err)
		return err;
	s->memory_fd = *fd;
	*fd = -1;
	s->welcomed = true;
	return 0;
}

static int find(const struct vmedia_subscriber *s, uint32_t slot)
{
	for (uint32_t i = 0; i < s->num_held; i++)
		if (s->held[i] == slot)
			return (int)i;
	return -1;
}

/* True if the first @bytes of a slot are in memory. They stay there. */
static bool is_filled(struct vmedia_subscriber *s, uint32_t slot, uint32_t bytes)
{
	const uint64_t begin = slot * s->slot_size;
	off_t hole;

	if (bytes <= s->filled[slot])
		return true;
	hole = lseek(s->memory_fd, (off_t)begin, SEEK_HOLE);
	if (hole < 0 || (uint64_t)hole < begin + bytes)
		return false;
	s->filled[slot] = bytes;
	return true;
}

static int on_frame(struct vmedia_subscriber *s, const struct vmedia_share_frame *f)
{
	if (!s->welcomed)
		return -EPROTO;
	if (!s->streaming || f->stream != s->stream)
		return 0;
	if (!s->asked || f->slot >= s->num_slots || find(s, f->slot) >= 0 ||
	    f->bytesused > s->info.format.sizeimage || !is_filled(s, f->slot, f->bytesused))
		return -EPROTO;
	s->asked = false;
	s->come = true;
	s->held[s->num_held++] = f->slot;
	s->frame = (struct vmedia_subscriber_frame){
		.data = s->memory + f->slot * s->slot_size,
		.bytesused = f->bytesused,
		.slot = f->slot,
		.sequence = f->sequence,
		.timestamp_ns = f->timestamp_ns,
		.missed = f->missed,
	};
	return 0;
}

static int on_state(struct vmedia_subscriber *s, const struct vmedia_share_state *st)
{
	if (!s->welcomed)
		return -EPROTO;
	if (s->streaming && st->stream == s->stream)
		s->error = st->signal == VMEDIA_SHARE_LIVE ? 0 : st->error ? st->error : -EIO;
	return 0;
}

static int on_refused(const struct vmedia_share_refused *r, char *why, size_t size)
{
	if (r->reason == VMEDIA_SHARE_FULL) {
		say(why, size, "the publisher has as many subscribers as it serves: stop one, or "
		    "start it with a higher --max-subscribers");
		return -EUSERS;
	}
	say(why, size, "the publisher refused a message (reason %u)", r->reason);
	return -EPROTO;
}

/* Takes *fd if it keeps it. */
static int handle(struct vmedia_subscriber *s, const union vmedia_share_message *m, int *fd,
		  char *why, size_t size)
{
	int err = -EPROTO;

	switch (m->header.type) {
	case VMEDIA_SHARE_WELCOME:
		err = on_welcome(s, &m->welcome, fd);
		break;
	case VMEDIA_SHARE_FRAME:
		err = on_frame(s, &m->frame);
		break;
	case VMEDIA_SHARE_STATE:
		err = on_state(s, &m->state);
		break;
	case VMEDIA_SHARE_REFUSED:
		return on_refused(&m->refused, why, size);
	}
	if (err == -ENOMEM)
		say(why, size, "no memory to map the publisher's pictures");
	else if (err)
		say(why, size, "the publisher sent a message that it may not send now");
	return err;
}

static int receive_error(int err, const union vmedia_share_message *m, char *why, size_t size)
{
	switch (err) {
	case -EPROTONOSUPPORT:
		say(why, size, "the publisher speaks version %u of the protocol, and this program "
		    "version %u: use programs of the same release", m->hello.version,
		    VMEDIA_SHARE_VERSION);
		return err;
	case -EPROTO:
		say(why, size, "what listens there is no publisher of pictures, or a broken one: "
		    "it sent bytes that are no message");
		return err;
	default:
		say(why, size, "the publisher is gone");
		return -ECONNRESET;
	}
}

int vmedia_subscriber_process(struct vmedia_subscriber *s, char *why, size_t size)
{
	union vmedia_share_message m;
	/* A publisher that floods must not keep this thread: the next call reads on. */
	for (unsigned int i = 0; i < 4 * VMEDIA_SHARE_MAX_HELD; i++) {
		int fd = -1, err = vmedia_share_recv(s->fd, VMEDIA_SHARE_PUBLISHER, &m, &fd);

		if (err == -EAGAIN)
			return 0;
		if (err)
			return receive_error(err, &m, why, size);
		err = handle(s, &m, &fd, why, size);
		vmedia_foreign_close(&fd);
		if (err)
			return err;
	}
	return 0;
}

/* ---- Streaming ---- */

const struct vmedia_subscriber_info *vmedia_subscriber_info(const struct vmedia_subscriber *s)
{
	return s->welcomed ? &s->info : NULL;
}

int vmedia_subscriber_start(struct vmedia_subscriber *s)
{
	int err;

	if (!s->welcomed)
		return -EAGAIN;
	if (s->streaming)
		return -EBUSY;
	s->stream++;
	err = tell(s, VMEDIA_SHARE_START, NONE);
	s->streaming = !err;
	s->error = 0;
	return err;
}

void vmedia_subscriber_stop(struct vmedia_subscriber *s)
{
	if (!s->streaming)
		return;
	/* If it fails, the publisher is gone, and the next call finds out. */
	tell(s, VMEDIA_SHARE_STOP, NONE);
	s->streaming = s->asked = s->come = false;
	s->num_held = 0;
}

int vmedia_subscriber_next(struct vmedia_subscriber *s)
{
	int err;

	if (!s->streaming)
		return -EINVAL;
	if (s->asked || s->come)
		return 0;
	if (s->num_held == s->info.max_held)
		return -ENOBUFS;
	err = tell(s, VMEDIA_SHARE_NEXT, NONE);
	s->asked = !err;
	return err;
}

bool vmedia_subscriber_take(struct vmedia_subscriber *s, struct vmedia_subscriber_frame *frame)
{
	if (!s->come)
		return false;
	s->come = false;
	*frame = s->frame;
	return true;
}

int vmedia_subscriber_release(struct vmedia_subscriber *s, uint32_t slot)
{
	int i = find(s, slot);

	if (i < 0 || (s->come && s->frame.slot == slot))
		return -EINVAL;
	s->held[i] = s->held[--s->num_held];
	return tell(s, VMEDIA_SHARE_RELEASE, slot);
}

bool vmedia_subscriber_signal(const struct vmedia_subscriber *s, int *err)
{
	if (err)
		*err = s->error;
	return !s->error;
}
