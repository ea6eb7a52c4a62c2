// SPDX-License-Identifier: BSD-3-Clause
/*
 * Both ends in their own threads, asleep on eventfds whenever there is nothing to do: no wake-up
 * may be lost, no byte be seen too early. And a memory map that is replaced while other threads
 * release chains and views of the old one.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/fd.h"
#include "harness.h"
#include "virtq/view.h"

struct ends {
	struct pair p;
	int kick, call;
	uint32_t total;
	uint64_t seed;
	unsigned int kicks, calls;
	int failed;
};

static void nap(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	poll(&pfd, 1, -1);
	vmedia_eventfd_clear(fd);
}

/* Answer each request, 8 bytes, with its complement; sometimes several before telling. */
static void *device(void *arg)
{
	struct ends *e = arg;
	uint64_t s = e->seed;
	uint32_t done = 0;

	while (done < e->total) {
		struct vmedia_chain *c;
		uint64_t v;
		int ret = vmedia_vqd_pop(e->p.dev, &c);

		if (ret == 0) {
			if (vmedia_vqd_notify_needed(e->p.dev)) {
				e->calls++;
				vmedia_eventfd_signal(e->call);
			}
			if (vmedia_vqd_enable_kick(e->p.dev))
				continue;
			nap(e->kick);
			vmedia_vqd_disable_kick(e->p.dev);
			continue;
		}
		if (ret < 0 || c->err || vmedia_chain_read(c, 0, &v, 8) != 8) {
			e->failed = 1;
			return NULL;
		}
		v = ~v;
		vmedia_chain_write(c, 0, &v, 8);
		vmedia_vqd_push(e->p.dev, c, 8);
		done++;
		if (below(&s, 4) == 0 && vmedia_vqd_notify_needed(e->p.dev)) {
			e->calls++;
			vmedia_eventfd_signal(e->call);
		}
	}
	if (vmedia_vqd_notify_needed(e->p.dev))
		vmedia_eventfd_signal(e->call);
	return NULL;
}

static unsigned int offer(struct ends *e, uint64_t *s, uint32_t *sent, uint8_t *busy)
{
	unsigned int n = 1 + below(s, 8);

	for (; n && *sent < e->total; n--) {
		struct vmedia_gpa_range sg[2];
		uint64_t v = *sent;
		uint32_t slot = 0;

		while (slot < 64 && busy[slot])
			slot++;
		if (slot == 64)
			break;
		sg[0] = (struct vmedia_gpa_range){ e->p.data_gpa + 64 * slot, 8 };
		sg[1] = (struct vmedia_gpa_range){ e->p.data_gpa + 64 * slot + 32, 8 };
		memcpy(e->p.data + 64 * slot, &v, 8);
		if (vmedia_vqr_add(e->p.drv, sg, 1, sg + 1, 1, e->p.data + 64 * slot, below(s, 2)))
			break;
		busy[slot] = 1;
		(*sent)++;
	}
	vmedia_vqr_publish(e->p.drv);
	if (vmedia_vqr_kick_needed(e->p.drv)) {
		e->kicks++;
		vmedia_eventfd_signal(e->kick);
	}
	return n;
}

static void drive(struct ends *e)
{
	uint64_t s = e->seed * 3 + 1;
	uint8_t busy[64] = { 0 };
	uint32_t sent = 0, got = 0;

	while (got < e->total) {
		uint8_t *cookie;
		uint64_t v[2];
		uint32_t len;
		int ret;

		if (sent < e->total)
			offer(e, &s, &sent, busy);
		vmedia_vqr_disable_notify(e->p.drv);
		while ((ret = vmedia_vqr_get_used(e->p.drv, (void **)&cookie, &len)) == 1) {
			memcpy(&v[0], cookie, 8);
			memcpy(&v[1], cookie + 32, 8);
			assert_int_equal(v[1], ~v[0]);
			busy[(cookie - e->p.data) / 64] = 0;
			got++;
		}
		assert_int_equal(ret, 0);
		if (got == e->total || got == sent || (sent < e->total && below(&s, 2)))
			continue;
		if (!vmedia_vqr_enable_notify_after(e->p.drv, 1 + below(&s, 3)))
			nap(e->call);
	}
}

static void test_no_lost_wakeup(void **state)
{
	uint64_t seed = test_seed("threads");

	for (unsigned int m = 0; m < MATRIX; m++) {
		struct ends e = { .total = 20000, .seed = seed + m };
		pthread_t t;

		pair_up(&e.p, is_packed(matrix(m)) ? 24 : 32, matrix(m), 4);
		e.kick = vmedia_eventfd();
		e.call = vmedia_eventfd();
		assert_int_equal(pthread_create(&t, NULL, device, &e), 0);
		drive(&e);
		pthread_join(t, NULL);
		assert_int_equal(e.failed, 0);
		assert_true(e.kicks && e.kicks <= e.total);
		vmedia_fd_close(&e.kick);
		vmedia_fd_close(&e.call);
		pair_down(&e.p);
	}
}

/* ---- references from several threads ---- */

#define HOLDERS 3

struct holder {
	struct vmedia_view *view;	/* atomic: handed over */
	int stop;			/* atomic */
};

static void *hold(void *arg)
{
	struct holder *h = arg;

	for (;;) {
		struct vmedia_view *v = __atomic_exchange_n(&h->view, NULL, __ATOMIC_ACQ_REL);

		if (v) {
			/* its own copy of the memory's first byte: only this thread writes there */
			((volatile uint8_t *)v->data)[0]++;
			vmedia_view_put(v);
		} else if (__atomic_load_n(&h->stop, __ATOMIC_ACQUIRE)) {
			return NULL;
		}
	}
}

static void test_memory_change(void **state)
{
	int fd = vmedia_memfd("mem", 64 * 4096), other = vmedia_memfd("other", 4096);
	struct vmedia_mem_desc d = { .fd = fd, .size = 64 * 4096 },
			       more = { .fd = other, .gpa = 1 << 20, .uva = 1 << 20, .size = 4096 };
	struct holder h[HOLDERS];
	struct vmedia_mem *mem;
	pthread_t t[HOLDERS];

	assert_int_equal(vmedia_mem_guard_install(), 0);
	assert_int_equal(vmedia_mem_create(&d, 1, &mem), 0);
	memset(h, 0, sizeof(h));
	for (int i = 0; i < HOLDERS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, hold, &h[i]), 0);
	for (int round = 0; round < 3000; round++) {
		struct vmedia_mem *next;
		int i = round % HOLDERS;
		struct vmedia_gpa_range sg[2] = { { (uint64_t)(8 * i + 8) * 4096, 4096 },
						  { (uint64_t)i * 4096, 4096 } };
		struct vmedia_view *v;

		assert_int_equal(vmedia_view_create(mem, sg, 2, 0, &v), 0);
		assert_true(v->mapped);
		vmedia_view_put(__atomic_exchange_n(&h[i].view, v, __ATOMIC_ACQ_REL));
		if (round & 1)
			assert_int_equal(vmedia_mem_remove(mem, 1 << 20, 4096, 1 << 20, &next), 0);
		else
			assert_int_equal(vmedia_mem_add(mem, &more, &next), 0);
		vmedia_mem_put(mem);
		mem = next;
	}
	for (int i = 0; i < HOLDERS; i++) {
		__atomic_store_n(&h[i].stop, 1, __ATOMIC_RELEASE);
		pthread_join(t[i], NULL);
		vmedia_view_put(h[i].view);	/* the last one may have come too late */
	}
	vmedia_mem_put(mem);
	close(fd);
	close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_lost_wakeup),
		cmocka_unit_test(test_memory_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
