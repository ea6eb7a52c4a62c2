/* SPDX-License-Identifier: BSD-3-Clause */
/* The scriptable host. */
#include "fake_host.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"

/* Descriptors of files, so that the loop can watch them; f->file[] by their order. */
static int file_fd[HOST_FILES];

static struct fake_file *file_of(struct fake_host *f, int fd)
{
	for (unsigned int i = 0; i < HOST_FILES; i++)
		if (f->file[i].open && file_fd[i] == fd)
			return &f->file[i];
	fail_msg("descriptor %d is no open file of the host", fd);
	return NULL;
}

static int host_open(void *opaque, int *fd)
{
	struct fake_host *f = opaque;
	unsigned int i = 0;
	int err;

	pthread_mutex_lock(&f->lock);
	err = f->open_err;
	if (!err) {
		while (f->file[i].open)
			i++;
		assert_true(i < HOST_FILES);
		memset(&f->file[i], 0, sizeof(f->file[i]));
		f->file[i].open = true;
		f->file[i].done_index = -1;
		*fd = file_fd[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		f->opens++;
	}
	pthread_mutex_unlock(&f->lock);
	return err;
}

static void host_close(void *opaque, int fd)
{
	struct fake_host *f = opaque;

	pthread_mutex_lock(&f->lock);
	while (f->blocked == HOST_CLOSE)
		pthread_cond_wait(&f->turn, &f->lock);
	for (unsigned int i = 0; i < HOST_FILES; i++) {
		if (!f->file[i].open || file_fd[i] != fd)
			continue;
		f->file[i].open = false;
		f->closes++;
	}
	pthread_mutex_unlock(&f->lock);
	assert_int_equal(close(fd), 0);
}

static void fill_plane(struct fake_host *f, uint32_t index, uint32_t *length, uint32_t *offset)
{
	*length = HOST_LENGTH;
	*offset = index * 0x100000;
}

static void enqueue(struct fake_host *f, struct fake_file *file, const struct vmedia_buffer *b)
{
	file->queued[b->type][b->index] = true;
	file->queued_as[b->type][b->index] = ++f->qbufs;
	file->given[b->type][b->index] = *b;
}

/* A buffer of memory that the program has. */
static int do_foreign(struct fake_host *f, struct fake_file *file, uint32_t nr,
		      struct vmedia_buffer *b)
{
	if (vmedia_buf_type_is_multiplanar(b->type))
		return -EINVAL;
	if (nr == VMEDIA_NR_QUERYBUF) {
		b->bytesused = file->given[b->type][b->index].bytesused;
		b->field = file->given[b->type][b->index].field;
		b->timestamp = file->given[b->type][b->index].timestamp;
		b->flags = file->given[b->type][b->index].flags | V4L2_BUF_FLAG_QUEUED;
		b->length = HOST_LENGTH;
		b->m.userptr = file->m[b->type][b->index].userptr;
		return 0;
	}
	if (b->memory != file->memory[b->type] || b->length < HOST_LENGTH)
		return -EINVAL;
	if (f->memory_err)
		return f->memory_err;
	if (nr != VMEDIA_NR_QBUF)
		return 0;
	if (file->queued[b->type][b->index])
		return -EINVAL;
	file->m[b->type][b->index].userptr = b->m.userptr;
	if (f->late_err)
		return f->late_err;
	enqueue(f, file, b);
	return 0;
}

static int do_buffer(struct fake_host *f, struct fake_file *file, uint32_t nr,
		     struct vmedia_buffer *b)
{
	struct vmedia_plane *p = (struct vmedia_plane *)(uintptr_t)b->m.planes;
	bool mplane = vmedia_buf_type_is_multiplanar(b->type);

	if (b->index >= file->count[b->type])
		return -EINVAL;
	if (file->memory[b->type] > V4L2_MEMORY_MMAP)
		return do_foreign(f, file, nr, b);
	if (nr != VMEDIA_NR_QUERYBUF && b->memory != V4L2_MEMORY_MMAP)
		return -EINVAL;
	if (mplane && b->length < f->planes)
		return -EINVAL;
	if (nr == VMEDIA_NR_QBUF) {
		if (file->queued[b->type][b->index])
			return -EINVAL;
		enqueue(f, file, b);
		file->last = *b;
	}
	b->flags |= file->queued[b->type][b->index] ? V4L2_BUF_FLAG_QUEUED : 0;
	if (!mplane) {
		fill_plane(f, b->index, &b->length, &b->m.offset);
		return 0;
	}
	b->length = f->planes;
	for (unsigned int i = 0; i < f->planes; i++)
		fill_plane(f, b->index, &p[i].length, &p[i].m.mem_offset);
	return 0;
}

/* The descriptor stays readable as long as there is something. */
static void calm_down(struct fake_host *f, const struct fake_file *file)
{
	uint64_t count;

	if (!file->events && file->done_index < 0 && !file->pending &&
	    read(file_fd[file - f->file], &count, sizeof(count)) < 0)
		assert_int_equal(errno, EAGAIN);
}

static int do_dqbuf(struct fake_host *f, struct fake_file *file, struct vmedia_buffer *b)
{
	struct vmedia_plane *p = (struct vmedia_plane *)(uintptr_t)b->m.planes;
	int index = file->done_index;

	if (index < 0 || (uint32_t)file->done_type != b->type)
		return -EAGAIN;
	file->done_index = -1;
	file->events = 0;
	calm_down(f, file);
	file->queued[b->type][index] = false;
	b->index = (uint32_t)index;
	b->sequence = 5;
	b->flags = V4L2_BUF_FLAG_MAPPED | V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
	b->timestamp.tv_sec = 1234;
	if (file->memory[b->type] != V4L2_MEMORY_MMAP) {
		b->bytesused = f->bytesused;
		b->length = HOST_LENGTH;
		b->memory = file->memory[b->type];
		b->m.userptr = file->m[b->type][index].userptr;
		return 0;
	}
	if (!vmedia_buf_type_is_multiplanar(b->type)) {
		b->bytesused = f->bytesused;
		fill_plane(f, b->index, &b->length, &b->m.offset);
		return 0;
	}
	b->length = f->planes;
	for (unsigned int i = 0; i < f->planes; i++) {
		p[i].bytesused = f->bytesused;
		fill_plane(f, b->index, &p[i].length, &p[i].m.mem_offset);
	}
	return 0;
}

static int do_querycap(struct fake_host *f, struct vmedia_capability *cap)
{
	memset(cap, 0, sizeof(*cap));
	memcpy(cap->card, "Fake camera", 11);
	memcpy(cap->driver, "fake", 4);
	cap->device_caps = f->caps;
	cap->capabilities = f->caps | V4L2_CAP_DEVICE_CAPS;
	return 0;
}

static int do_reqbufs(struct fake_host *f, struct fake_file *file,
		      struct vmedia_requestbuffers *r)
{
	if (r->memory != V4L2_MEMORY_MMAP && !(f->memories & 1u << r->memory))
		return -EINVAL;
	file->memory[r->type] = r->memory;
	r->count = r->count < HOST_BUFFERS ? r->count : HOST_BUFFERS;
	file->count[r->type] = r->count;
	memset(file->queued[r->type], 0, sizeof(file->queued[r->type]));
	r->capabilities = V4L2_BUF_CAP_SUPPORTS_MMAP | V4L2_BUF_CAP_SUPPORTS_REQUESTS;
	return 0;
}

static int do_create_bufs(struct fake_host *f, struct fake_file *file,
			  struct vmedia_create_buffers *b)
{
	uint32_t *count = &file->count[b->format.type];

	if (b->memory != V4L2_MEMORY_MMAP && !(f->memories & 1u << b->memory))
		return -EINVAL;
	if (*count && file->memory[b->format.type] != b->memory)
		return -EINVAL;
	file->memory[b->format.type] = b->memory;
	b->index = *count;
	if (b->count > HOST_BUFFERS - *count)
		b->count = HOST_BUFFERS - *count;
	*count += b->count;
	return 0;
}

static int do_stream(struct fake_host *f, struct fake_file *file, uint32_t type, bool on)
{
	file->streaming[type] = on;
	f->streamoffs += !on;
	if (!on)
		memset(file->queued[type], 0, sizeof(file->queued[type]));
	return 0;
}

static void do_format(struct fake_host *f, struct vmedia_format *fmt)
{
	if (vmedia_buf_type_is_multiplanar(fmt->type)) {
		fmt->fmt.pix_mp.num_planes = (uint8_t)f->planes;
		for (unsigned int i = 0; i < f->planes; i++)
			fmt->fmt.pix_mp.plane_fmt[i].sizeimage = HOST_LENGTH;
	} else {
		fmt->fmt.pix.sizeimage = HOST_LENGTH;
	}
}

static int answer(struct fake_host *f, struct fake_file *file, uint32_t nr, void *arg)
{
	struct vmedia_exportbuffer *e = arg;
	struct vmedia_event *evt = arg;

	switch (nr) {
	case VMEDIA_NR_QUERYCAP:
		return do_querycap(f, arg);
	case VMEDIA_NR_G_FMT:
		do_format(f, arg);
		return 0;
	case VMEDIA_NR_REQBUFS:
		return do_reqbufs(f, file, arg);
	case VMEDIA_NR_CREATE_BUFS:
		return do_create_bufs(f, file, arg);
	case VMEDIA_NR_QUERYBUF:
	case VMEDIA_NR_QBUF:
	case VMEDIA_NR_PREPARE_BUF:
		return do_buffer(f, file, nr, arg);
	case VMEDIA_NR_EXPBUF:
		e->fd = f->expbuf_err ? -1 : vmedia_fd_dup(f->memory[e->index]);
		return f->expbuf_err;
	case VMEDIA_NR_DQBUF:
		return do_dqbuf(f, file, arg);
	case VMEDIA_NR_DQEVENT:
		if (!file->pending)
			return -ENOENT;
		file->pending--;
		evt->type = V4L2_EVENT_EOS;
		return 0;
	case VMEDIA_NR_STREAMON:
	case VMEDIA_NR_STREAMOFF:
		return do_stream(f, file, *(uint32_t *)arg, nr == VMEDIA_NR_STREAMON);
	default:
		return 0;
	}
}

static int host_ioctl(void *opaque, int fd, unsigned long cmd, void *arg)
{
	struct fake_host *f = opaque;
	uint32_t nr = (uint32_t)_IOC_NR(cmd);
	struct fake_file *file;
	int ret;

	pthread_mutex_lock(&f->lock);
	file = file_of(f, fd);
	assert_int_equal(_IOC_SIZE(cmd), vmedia_ioctl_info(nr)->size);
	f->calls++;
	f->dqbufs += nr == VMEDIA_NR_DQBUF;
	/* A real driver's lock would keep the loop waiting now. */
	if (f->waiting && pthread_equal(pthread_self(), f->loop_thread))
		f->stopped_loop++;
	while (f->blocked == nr && nr) {
		f->waiting = true;
		pthread_cond_broadcast(&f->turn);
		pthread_cond_wait(&f->turn, &f->lock);
		f->waiting = f->blocked == nr;
	}
	if (nr != VMEDIA_NR_DQBUF && nr != VMEDIA_NR_DQEVENT && nr != VMEDIA_NR_QUERYCAP) {
		f->last_nr = nr;
		memcpy(&f->last_arg, arg, _IOC_SIZE(cmd));
	}
	ret = file->gone ? -ENODEV : f->script ? f->script(f, nr, arg) : HOST_DEFAULT;
	if (ret == HOST_DEFAULT)
		ret = answer(f, file, nr, arg);
	pthread_mutex_unlock(&f->lock);
	return ret;
}

static void *host_mmap(void *opaque, int fd, uint32_t offset, size_t length, bool write)
{
	struct fake_host *f = opaque;
	void *addr = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED,
			  f->memory[offset / 0x100000], 0);

	pthread_mutex_lock(&f->lock);
	f->maps++;
	pthread_mutex_unlock(&f->lock);
	return addr == MAP_FAILED ? NULL : addr;
}

static void host_munmap(void *opaque, void *addr, size_t length)
{
	struct fake_host *f = opaque;

	pthread_mutex_lock(&f->lock);
	f->unmaps++;
	pthread_mutex_unlock(&f->lock);
	munmap(addr, length);
}

static uint32_t host_events(void *opaque, int fd, uint32_t revents)
{
	struct fake_host *f = opaque;
	struct fake_file *file;
	uint32_t events;

	pthread_mutex_lock(&f->lock);
	file = file_of(f, fd);
	events = file->events;
	if (!(events & EPOLLERR))
		file->events = 0;
	if (file->done_index >= 0)
		events |= V4L2_TYPE_IS_OUTPUT(file->done_type) ? EPOLLOUT : EPOLLIN;
	if (file->pending)
		events |= EPOLLPRI;
	calm_down(f, file);
	f->reports++;
	pthread_mutex_unlock(&f->lock);
	return events;
}

static const struct proxy_host_ops ops = {
	.open = host_open,
	.close = host_close,
	.ioctl = host_ioctl,
	.mmap = host_mmap,
	.munmap = host_munmap,
	.events = host_events,
};

/* ---- What the test makes happen ---- */

static void raise(struct fake_host *f, unsigned int i, uint32_t events)
{
	const uint64_t one = 1;

	f->file[i].events |= events;
	assert_int_equal(write(file_fd[i], &one, sizeof(one)), sizeof(one));
	pthread_mutex_unlock(&f->lock);
}

void fake_done(struct fake_host *f, unsigned int i, uint32_t type, uint32_t index)
{
	struct fake_file *file = &f->file[i];

	pthread_mutex_lock(&f->lock);
	/* The hardware writes where it was told to. */
	if (file->memory[type] == V4L2_MEMORY_USERPTR && !V4L2_TYPE_IS_OUTPUT(type) &&
	    file->streaming[type] && file->queued[type][index])
		memset((void *)(uintptr_t)file->m[type][index].userptr, 0x66, f->bytesused);
	f->file[i].done_type = (int)type;
	f->file[i].done_index = (int)index;
	raise(f, i, V4L2_TYPE_IS_OUTPUT(type) ? EPOLLOUT : EPOLLIN);
}

bool fake_streams(struct fake_host *f, unsigned int i, uint32_t type)
{
	bool streams;

	pthread_mutex_lock(&f->lock);
	streams = f->file[i].open && f->file[i].streaming[type];
	pthread_mutex_unlock(&f->lock);
	return streams;
}

void fake_empty(struct fake_host *f, unsigned int i, uint32_t events)
{
	pthread_mutex_lock(&f->lock);
	raise(f, i, events);
}

void fake_event_pending(struct fake_host *f, unsigned int i)
{
	pthread_mutex_lock(&f->lock);
	f->file[i].pending++;
	raise(f, i, EPOLLPRI);
}

void fake_unplug(struct fake_host *f, unsigned int i)
{
	pthread_mutex_lock(&f->lock);
	f->file[i].gone = true;
	raise(f, i, EPOLLHUP | EPOLLERR);
}

void fake_script(struct fake_host *f, fake_script_fn *script)
{
	pthread_mutex_lock(&f->lock);
	f->script = script;
	pthread_mutex_unlock(&f->lock);
}

void fake_block(struct fake_host *f, uint32_t nr)
{
	pthread_mutex_lock(&f->lock);
	f->blocked = nr;
	pthread_mutex_unlock(&f->lock);
}

void fake_wait_blocked(struct fake_host *f)
{
	pthread_mutex_lock(&f->lock);
	while (!f->waiting)
		pthread_cond_wait(&f->turn, &f->lock);
	pthread_mutex_unlock(&f->lock);
}

void fake_release(struct fake_host *f)
{
	pthread_mutex_lock(&f->lock);
	f->blocked = 0;
	pthread_cond_broadcast(&f->turn);
	pthread_mutex_unlock(&f->lock);
}

/* ---- The device ---- */

static struct fake_host *host_new(const struct vmedia_limits *limits, uint32_t caps, bool restore)
{
	struct fake_host *f = calloc(1, sizeof(*f));
	struct proxy_options opts = { .device = "/dev/fake", .opener = -1, .restore = restore,
				      .region_size = 16u << 20 };
	struct vmedia_limits l;

	assert_non_null(f);
	vmedia_log_set_level(VMEDIA_LOG_ERR);
	vmedia_limits_default(&l);
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->turn, NULL);
	f->host = (struct proxy_host){ &ops, f };
	f->loop_thread = pthread_self();
	f->caps = caps;
	f->bytesused = 100;
	f->planes = 2;
	for (unsigned int i = 0; i < HOST_BUFFERS; i++)
		f->memory[i] = vmedia_memfd("host", HOST_LENGTH);
	assert_int_equal(harness_init(&f->h, NULL), 0);
	opts.limits = limits ? limits : &l;
	opts.host = &f->host;
	assert_int_equal(vmedia_proxy_create(f->h.loop, &opts, &f->dev), 0);
	harness_attach(&f->h, f->dev);
	harness_post_events(&f->h, 16, VMEDIA_EVT_MAX_SIZE);
	return f;
}

struct fake_host *fake_host_new(const struct vmedia_limits *limits)
{
	return fake_host_new_caps(limits, V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING |
					  V4L2_CAP_IO_MC | V4L2_CAP_READWRITE);
}

struct fake_host *fake_host_new_caps(const struct vmedia_limits *limits, uint32_t caps)
{
	return host_new(limits, caps, false);
}

struct fake_host *fake_host_new_restored(void)
{
	return host_new(NULL, V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING, true);
}

void fake_host_end(struct fake_host *f)
{
	harness_finish(&f->h);
	assert_int_equal(f->stopped_loop, 0);
	assert_int_equal(f->opens, f->closes);
	assert_int_equal(f->maps, f->unmaps);
	for (unsigned int i = 0; i < HOST_BUFFERS; i++)
		close(f->memory[i]);
	pthread_mutex_destroy(&f->lock);
	pthread_cond_destroy(&f->turn);
	free(f);
}
