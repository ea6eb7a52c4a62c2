/* SPDX-License-Identifier: BSD-3-Clause */
/* The device whose jobs wait for the test: see jobs.h. */
#include "jobs.h"

struct jobs jobs;

void jobs_on_log(void *opaque, int level, const char *msg)
{
	(void)opaque;
	(void)level;
	print_message("%s\n", msg);
	jobs.errors++;
}

void jobs_wait_for(sem_t *sem)
{
	while (sem_wait(sem))
		;
}

static void work(struct vmedia_worker *w, struct vmedia_job *job)
{
	struct jobs_task *t = vmedia_container_of(job, struct jobs_task, job);

	(void)w;
	sem_post(&jobs.in_job);
	jobs_wait_for(&jobs.go);
	if (t->mem)
		memset(vmedia_backing_addr(t->mem), 0x80 + (int)++jobs.writes, SIZE);
}

static void work_done(struct vmedia_job *job, int err)
{
	struct jobs_task *t = vmedia_container_of(job, struct jobs_task, job);
	struct vmedia_ctx *ctx = t->ctx;
	struct vmedia_buf *src, *dst;

	jobs.ends++;
	vmedia_backing_put(t->mem);
	free(t);
	if (!ctx)
		return;
	jobs.running = NULL;
	src = vmedia_m2m_take_src(ctx);
	dst = vmedia_m2m_take_dst(ctx);
	/* NULL after STREAMOFF, which took back what job_run() only looked at */
	vmedia_m2m_copy_metadata(src, dst);
	if (dst)
		dst->planes[0].bytesused = err ? 0 : SIZE;
	vmedia_buf_done(src, VMEDIA_BUF_DONE);
	vmedia_buf_done(dst, err ? VMEDIA_BUF_ERROR : VMEDIA_BUF_DONE);
	vmedia_m2m_job_done(ctx);
}

static void job_run(struct vmedia_ctx *ctx)
{
	struct jobs_task *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	assert_null(jobs.running);
	jobs.begun++;
	jobs.running = t;
	t->ctx = ctx;
	if (vmedia_m2m_next_dst(ctx))
		t->mem = vmedia_backing_get(vmedia_m2m_next_dst(ctx)->planes[0].mem);
	vmedia_worker_init_job(&t->job, work, work_done);
	assert_int_equal(vmedia_worker_submit(jobs.worker, &t->job), 0);
}

static int job_wait(struct vmedia_ctx *ctx, uint64_t until)
{
	struct jobs_task *t = jobs.running;

	assert_ptr_equal(ctx, t->ctx);
	if (!vmedia_worker_cancel(jobs.worker, &t->job)) {
		jobs.taken_back++;
		vmedia_backing_put(t->mem);
		free(t);
		jobs.running = NULL;
		vmedia_m2m_job_done(ctx);
		return 0;
	}
	jobs.waits++;
	jobs.until = until;
	if (jobs.wait == GIVEN_UP)
		return vmedia_worker_wait(jobs.worker, &t->job, 0);
	sem_post(&jobs.go);
	assert_int_equal(vmedia_worker_wait(jobs.worker, &t->job, UINT64_MAX / 2), 0);
	if (jobs.wait == ENDED)
		vmedia_worker_drain(jobs.worker);
	return 0;
}

static void job_orphan(struct vmedia_ctx *ctx)
{
	assert_ptr_equal(ctx, jobs.running->ctx);
	jobs.running->ctx = NULL;
	jobs.running = NULL;
	jobs.orphans++;
}

static void stop(struct vmedia_queue *q)
{
	(void)q;
	jobs.stops++;
}

static const struct vmedia_m2m_ops m2m = {
	.job_run = job_run,
	.job_wait = job_wait,
	.job_orphan = job_orphan,
	.stop = stop,
};

static const struct vmedia_frame_size sizes[] = { { .width = 16, .height = 16 } };
static const struct vmedia_format_config grey[] = {
	{ .pixelformat = V4L2_PIX_FMT_GREY, .sizes = sizes, .num_sizes = 1 }
};
static const struct vmedia_queue_config queues[] = {
	{ .type = OUT, .formats = grey, .num_formats = 1 },
	{ .type = CAP, .formats = grey, .num_formats = 1 },
};
const struct vmedia_video_config jobs_device = {
	.card = "stop", .queues = queues, .num_queues = 2, .per_session = true, .m2m = &m2m,
};

struct rig *jobs_rig_of(const struct vmedia_video_config *cfg, enum jobs_wait how)
{
	struct rig *r = rig_new(cfg);

	memset(&jobs, 0, sizeof(jobs));
	jobs.wait = how;
	sem_init(&jobs.in_job, 0, 0);
	sem_init(&jobs.go, 0, 0);
	assert_int_equal(vmedia_worker_create(r->h.loop, &jobs.worker), 0);
	r->pages = harness_alloc(&r->h, 4 * 4096, 4096);
	return r;
}

struct rig *jobs_rig(enum jobs_wait how)
{
	return jobs_rig_of(&jobs_device, how);
}

void jobs_end(struct rig *r)
{
	uint32_t i;

	/* Whatever still waits for a word, and what begins when that ended. */
	for (i = 0; i < 16; i++)
		sem_post(&jobs.go);
	vmedia_worker_destroy(jobs.worker);
	rig_end(r);
	assert_null(jobs.running);
	assert_int_equal(jobs.errors, 0);
}

/* CAPTURE buffer @index in guest pages of its own; @cut: in two pieces that are not one. */
static void queue_pages(struct rig *r, uint32_t s, uint32_t index, bool cut)
{
	uint64_t gpa = harness_gpa(&r->h, r->pages + index * 4096);
	struct vmedia_sg_entry e[2] = { { .start = gpa, .len = cut ? 100 : SIZE },
					{ .start = gpa + 2048, .len = SIZE - 100 } };
	uint8_t raw[2 * VMEDIA_SG_ENTRY_SIZE];
	struct vmedia_cmd cmd;

	harness_cmd_ioctl(&cmd, s, VMEDIA_NR_QBUF);
	cmd.io.arg.buffer = (struct vmedia_buffer){ .index = index, .type = CAP, .memory = PAGES,
						    .length = SIZE };
	vmedia_sg_put(raw, 0, &e[0]);
	vmedia_sg_put(raw, 1, &e[1]);
	cmd.io.plane_sg[0] = (struct vmedia_sg){ raw, cut ? 2 : 1 };
	assert_int_equal(rig_cmd(r, &cmd), 0);
}

void jobs_begin(struct rig *r, uint32_t s, uint32_t memory, bool cut, uint32_t n)
{
	uint32_t i;

	assert_int_equal(rig_reqbufs(r, s, OUT, MMAP, n), n);
	assert_int_equal(rig_reqbufs(r, s, CAP, memory, n), n);
	assert_int_equal(rig_stream(r, s, OUT, true), 0);
	assert_int_equal(rig_stream(r, s, CAP, true), 0);
	for (i = 0; i < n; i++) {
		if (memory == MMAP)
			assert_int_equal(rig_queue(r, s, CAP, i), 0);
		else
			queue_pages(r, s, i, cut);
		assert_int_equal(rig_queue(r, s, OUT, i), 0);
	}
}

void jobs_stop(struct rig *r)
{
	vmedia_device_queue_stop(r->h.dev, VMEDIA_QUEUE_COMMAND);
}

void jobs_mark(struct rig *r)
{
	memset(r->pages, MARK, 4 * 4096);
}

bool jobs_marked(const struct rig *r)
{
	size_t i;

	for (i = 0; i < 4 * 4096; i++)
		if (r->pages[i] != MARK)
			return false;
	return true;
}

void jobs_await(struct rig *r, unsigned int ends)
{
	while (jobs.ends < ends)
		assert_true(vmedia_loop_step(r->h.loop, -1) >= 0);
	harness_step(&r->h);
	harness_collect(&r->h);
}

void jobs_expect(struct rig *r, uint32_t index)
{
	bool seen[2] = { false, false };
	struct vmedia_evt evt;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		evt = rig_event(r);
		assert_int_equal(evt.type, VMEDIA_EVT_DQBUF);
		assert_int_equal(evt.buffer.index, index);
		assert_int_equal(evt.buffer.flags & V4L2_BUF_FLAG_ERROR, 0);
		seen[evt.buffer.type == CAP] = true;
		if (evt.buffer.type == CAP)
			assert_int_equal(evt.buffer.bytesused, SIZE);
	}
	assert_true(seen[0] && seen[1]);
}
