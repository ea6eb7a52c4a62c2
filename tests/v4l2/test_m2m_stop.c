/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory-to-memory devices whose memory is taken away while a job runs: the guest's queues stop, or
 * the session ends. Jobs run on a worker and wait there for the test's word, `go`. For TSan too.
 */
#include "base/fd.h"
#include "base/worker.h"
#include "rig.h"

#include <semaphore.h>
#include <stdatomic.h>

#define OUT V4L2_BUF_TYPE_VIDEO_OUTPUT
#define CAP V4L2_BUF_TYPE_VIDEO_CAPTURE
#define MMAP V4L2_MEMORY_MMAP
#define PAGES V4L2_MEMORY_USERPTR
#define SIZE 256
#define MARK 0x5a			/* what the guest uses its pages for meanwhile */

/* What job_wait() does: let the job write; that, and end it; nothing, as if it took too long. */
enum wait { WRITTEN, ENDED, GIVEN_UP };

struct task {
	struct vmedia_job job;
	struct vmedia_ctx *ctx;		/* NULL: orphaned */
	struct vmedia_backing *mem;	/* what the worker writes, with its reference */
};

static struct {
	struct vmedia_worker *worker;
	struct task *running;
	sem_t in_job, go, written;
	enum wait wait;
	unsigned int jobs, waits, orphans, ends, stops;
	uint64_t until;
	atomic_uint writes, errors;
} dev;

/* At rig_new()'s level: what the framework or core takes for a bug of the device. */
static void on_log(void *opaque, int level, const char *msg)
{
	(void)opaque;
	(void)level;
	print_message("%s\n", msg);
	dev.errors++;
}

static void wait_for(sem_t *sem)
{
	while (sem_wait(sem))
		;
}

static void work(struct vmedia_worker *w, struct vmedia_job *job)
{
	struct task *t = vmedia_container_of(job, struct task, job);

	(void)w;
	sem_post(&dev.in_job);
	wait_for(&dev.go);
	memset(vmedia_backing_addr(t->mem), 0x80 + (int)++dev.writes, SIZE);
	sem_post(&dev.written);
}

static void work_done(struct vmedia_job *job, int err)
{
	struct task *t = vmedia_container_of(job, struct task, job);
	struct vmedia_ctx *ctx = t->ctx;
	struct vmedia_buf *src, *dst;

	dev.ends++;
	vmedia_backing_put(t->mem);
	free(t);
	if (!ctx)
		return;
	dev.running = NULL;
	src = vmedia_m2m_take_src(ctx);
	dst = vmedia_m2m_take_dst(ctx);
	if (src)
		vmedia_buf_done(src, VMEDIA_BUF_DONE);
	if (dst) {
		dst->planes[0].bytesused = err ? 0 : SIZE;
		vmedia_buf_done(dst, err ? VMEDIA_BUF_ERROR : VMEDIA_BUF_DONE);
	}
	vmedia_m2m_job_done(ctx);
}

static void job_run(struct vmedia_ctx *ctx)
{
	struct task *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	assert_null(dev.running);
	dev.jobs++;
	dev.running = t;
	t->ctx = ctx;
	t->mem = vmedia_backing_get(vmedia_m2m_next_dst(ctx)->planes[0].mem);
	vmedia_worker_init_job(&t->job, work, work_done);
	assert_int_equal(vmedia_worker_submit(dev.worker, &t->job), 0);
}

static int job_wait(struct vmedia_ctx *ctx, uint64_t until)
{
	assert_ptr_equal(ctx, dev.running->ctx);
	dev.waits++;
	dev.until = until;
	if (dev.wait == GIVEN_UP)
		return -ETIMEDOUT;
	sem_post(&dev.go);
	wait_for(&dev.written);
	if (dev.wait == ENDED)
		vmedia_worker_drain(dev.worker);
	return 0;
}

static void job_orphan(struct vmedia_ctx *ctx)
{
	assert_ptr_equal(ctx, dev.running->ctx);
	dev.running->ctx = NULL;
	dev.running = NULL;
	dev.orphans++;
}

static void stop(struct vmedia_queue *q)
{
	(void)q;
	dev.stops++;
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
static const struct vmedia_video_config device = {
	.card = "stop", .queues = queues, .num_queues = 2, .per_session = true, .m2m = &m2m,
};

static struct rig *new_rig(enum wait how)
{
	struct rig *r = rig_new(&device);

	memset(&dev, 0, sizeof(dev));
	dev.wait = how;
	sem_init(&dev.in_job, 0, 0);
	sem_init(&dev.go, 0, 0);
	sem_init(&dev.written, 0, 0);
	assert_int_equal(vmedia_worker_create(r->h.loop, "job", &dev.worker), 0);
	r->pages = harness_alloc(&r->h, 4 * 4096, 4096);
	return r;
}

static void end_rig(struct rig *r)
{
	uint32_t i;

	/* Whatever still waits for a word, and what begins when that ended. */
	for (i = 0; i < 16; i++)
		sem_post(&dev.go);
	vmedia_worker_destroy(dev.worker);
	rig_end(r);
	assert_null(dev.running);
	assert_int_equal(dev.errors, 0);
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

/* Both queues stream and have @n buffers each: the first job waits for `go`. */
static void begin(struct rig *r, uint32_t s, uint32_t memory, bool cut, uint32_t n)
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

static void stop_queue(struct rig *r)
{
	vmedia_device_queue_stop(r->h.dev, VMEDIA_QUEUE_COMMAND);
}

static void mark_pages(struct rig *r)
{
	memset(r->pages, MARK, 4 * 4096);
}

static bool marked(const struct rig *r)
{
	size_t i;

	for (i = 0; i < 4 * 4096; i++)
		if (r->pages[i] != MARK)
			return false;
	return true;
}

/* The worker's word reaches the loop. */
static void await_end(struct rig *r, unsigned int ends)
{
	while (dev.ends < ends)
		assert_true(vmedia_loop_step(r->h.loop, -1) >= 0);
	harness_step(&r->h);
	harness_collect(&r->h);
}

static void expect_pair(struct rig *r, uint32_t index)
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

/*
 * No job begins, the one that runs is waited for, and nothing of it comes later: not its bytes, not
 * its buffers. When the queue runs again it all goes on where it was.
 */
static void queue_stops(enum wait how, uint32_t memory, bool cut)
{
	struct rig *r = new_rig(how);
	struct vmedia_ctx *ctx;
	unsigned int pushed;

	begin(r, r->s, memory, cut, 2);
	wait_for(&dev.in_job);
	assert_int_equal(dev.jobs, 1);
	ctx = dev.running->ctx;
	pushed = r->h.pushes[VMEDIA_QUEUE_EVENT];
	stop_queue(r);
	assert_int_equal(dev.waits, 1);
	assert_true(dev.until && dev.until <= vmedia_now_ns() + VMEDIA_M2M_WAIT_MS * 1000000ull);
	assert_int_equal(dev.writes, how != GIVEN_UP);
	mark_pages(r);
	if (how == GIVEN_UP)
		sem_post(&dev.go);
	await_end(r, 1);
	assert_true(marked(r));
	assert_int_equal(dev.jobs, 1);
	assert_int_equal(r->h.pushes[VMEDIA_QUEUE_EVENT], pushed);
	/* said again, or something that job_ready() looks at: still none */
	stop_queue(r);
	vmedia_m2m_schedule(ctx);
	assert_int_equal(dev.waits, 1);
	assert_int_equal(dev.jobs, 1);
	harness_kick(&r->h, VMEDIA_QUEUE_COMMAND);
	expect_pair(r, 0);
	if (cut) {
		assert_int_equal(r->pages[99], 0x81);
		assert_int_equal(r->pages[100], MARK);
		assert_int_equal(r->pages[2048 + SIZE - 101], 0x81);
	}
	wait_for(&dev.in_job);
	assert_int_equal(dev.jobs, 2);
	sem_post(&dev.go);
	expect_pair(r, 1);
	if (memory == PAGES)
		assert_int_equal(r->pages[4096 + 99], 0x82);
	/* nothing runs: nothing is waited for */
	stop_queue(r);
	assert_int_equal(dev.waits, 1);
	end_rig(r);
	assert_int_equal(dev.orphans, 0);
}

static void test_queue_stops(void **state)
{
	enum wait how;

	(void)state;
	for (how = WRITTEN; how <= ENDED; how++) {
		queue_stops(how, PAGES, false);
		queue_stops(how, PAGES, true);
		queue_stops(how, MMAP, false);
	}
}

/* A job that takes too long is not waited for; what is copied out at the end comes later still. */
static void test_given_up(void **state)
{
	(void)state;
	queue_stops(GIVEN_UP, PAGES, true);
	queue_stops(GIVEN_UP, MMAP, false);
}

/* STREAMOFF waits for the job when the queue stops: it ends with it, and is answered already. */
static void test_streamoff(void **state)
{
	enum wait how;

	(void)state;
	for (how = WRITTEN; how <= ENDED; how++) {
		struct rig *r = new_rig(how);
		struct harness_req *req;
		struct vmedia_cmd cmd;

		begin(r, r->s, PAGES, true, 2);
		wait_for(&dev.in_job);
		harness_cmd_ioctl(&cmd, r->s, VMEDIA_NR_STREAMOFF);
		cmd.io.arg.u32 = CAP;
		req = harness_offer_cmd(&r->h, &cmd);
		harness_kick(&r->h, VMEDIA_QUEUE_COMMAND);
		harness_collect(&r->h);
		assert_false(req->used);
		stop_queue(r);
		harness_collect(&r->h);
		assert_true(req->used);
		assert_int_equal(harness_answered(&r->h, req, &cmd), -ECANCELED);
		await_end(r, 1);
		assert_int_equal(dev.stops, 1);
		harness_kick(&r->h, VMEDIA_QUEUE_COMMAND);
		assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
		assert_int_equal(dev.stops, 1);
		assert_int_equal(dev.jobs, 1);
		end_rig(r);
		assert_int_equal(dev.stops, 2);
	}
}

/* A reset without a word before, in the middle of a job and of a STREAMOFF. */
static void test_reset(void **state)
{
	enum wait how;

	(void)state;
	for (how = WRITTEN; how <= GIVEN_UP; how++) {
		struct rig *r = new_rig(how);
		struct vmedia_cmd cmd;

		begin(r, r->s, PAGES, false, 2);
		wait_for(&dev.in_job);
		harness_cmd_ioctl(&cmd, r->s, VMEDIA_NR_STREAMOFF);
		cmd.io.arg.u32 = OUT;
		harness_offer_cmd(&r->h, &cmd);
		harness_kick(&r->h, VMEDIA_QUEUE_COMMAND);
		vmedia_device_reset(r->h.dev, true);
		assert_int_equal(dev.waits, 1);
		assert_int_equal(dev.orphans, how != ENDED);
		assert_int_equal(dev.stops, 2);
		if (how == GIVEN_UP)
			sem_post(&dev.go);
		await_end(r, 1);
		harness_restart(&r->h);
		harness_forget(&r->h);
		harness_post_events(&r->h, 32, VMEDIA_EVT_DQBUF_SIZE);
		/* the next session works as if nothing had been */
		assert_int_equal(harness_open(&r->h, &r->s), 0);
		begin(r, r->s, MMAP, false, 1);
		wait_for(&dev.in_job);
		sem_post(&dev.go);
		expect_pair(r, 0);
		assert_int_equal(dev.jobs, 2);
		end_rig(r);
	}
}

/* CLOSE: for the guest's pages the job is waited for, memory of ours it keeps. */
static void test_close(void **state)
{
	struct rig *r = new_rig(WRITTEN);

	(void)state;
	begin(r, r->s, PAGES, false, 2);
	wait_for(&dev.in_job);
	assert_int_equal(harness_close(&r->h, r->s), 0);
	assert_int_equal(dev.waits, 1);
	assert_int_equal(dev.orphans, 1);
	mark_pages(r);
	await_end(r, 1);
	assert_true(marked(r));
	assert_int_equal(harness_open(&r->h, &r->s), 0);
	begin(r, r->s, MMAP, false, 2);
	wait_for(&dev.in_job);
	assert_int_equal(harness_close(&r->h, r->s), 0);
	assert_int_equal(dev.waits, 1);
	assert_int_equal(dev.orphans, 2);
	end_rig(r);
	assert_int_equal(dev.jobs, 2);
}

/* Two sessions: none has its turn while the queue is stopped, then both have theirs. */
static void test_turns(void **state)
{
	struct rig *r = new_rig(ENDED);
	unsigned int i;

	(void)state;
	rig_open2(r);
	begin(r, r->s, MMAP, false, 2);
	begin(r, r->s2, MMAP, false, 2);
	wait_for(&dev.in_job);
	stop_queue(r);
	assert_int_equal(dev.waits, 1);
	assert_int_equal(dev.ends, 1);
	harness_step(&r->h);
	assert_int_equal(dev.jobs, 1);
	harness_kick(&r->h, VMEDIA_QUEUE_COMMAND);
	for (i = 2; i <= 3; i++) {
		wait_for(&dev.in_job);
		assert_int_equal(dev.jobs, i);
		sem_post(&dev.go);
		await_end(r, i);
	}
	wait_for(&dev.in_job);
	assert_int_equal(dev.jobs, 4);
	sem_post(&dev.go);
	await_end(r, 4);
	end_rig(r);
	assert_int_equal(dev.jobs, 4);
}

/* One ends with its job running: the turn is the other's, who need not say that it waits. */
static void test_turn_of_closed(void **state)
{
	struct rig *r = new_rig(ENDED);

	(void)state;
	rig_open2(r);
	begin(r, r->s, PAGES, false, 2);
	begin(r, r->s2, MMAP, false, 1);
	wait_for(&dev.in_job);
	assert_int_equal(harness_close(&r->h, r->s), 0);
	assert_int_equal(dev.waits, 1);
	assert_int_equal(dev.orphans, 0);
	assert_int_equal(dev.jobs, 2);
	wait_for(&dev.in_job);
	sem_post(&dev.go);
	expect_pair(r, 0);
	end_rig(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queue_stops),
		cmocka_unit_test(test_given_up),
		cmocka_unit_test(test_streamoff),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_turn_of_closed),
	};

	vmedia_log_set(on_log, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
