// SPDX-License-Identifier: BSD-3-Clause
/*
 * A driver library of a hardware decoder, for tests: what libva loads from the folder of
 * LIBVA_DRIVERS_PATH. The hardware is /dev/urandom, which every machine has and everybody may open.
 * Its calls are ioctl() of type 'R', and nothing else in a daemon makes such.
 */
#include "mockdrv.h"

#include <errno.h>
#include <linux/random.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>

extern const struct mockdrv_ops mockdrv_ops __attribute__((visibility("default")));

enum state { IDLE, WANTED, DONE, LEAVING };

struct mockdrv {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum state state;
	int node;
	uint8_t packet, picture;
	int err;
};

static int work(const struct mockdrv *drv, uint8_t packet, uint8_t *picture)
{
	int bits = -1;

	if (ioctl(drv->node, RNDGETENTCNT, &bits) < 0)
		return -errno;
	if (bits < 0)
		return -EIO;
	*picture = (uint8_t)~packet;
	return 0;
}

static void *driver_main(void *arg)
{
	struct mockdrv *drv = arg;

	pthread_mutex_lock(&drv->lock);
	while (drv->state != LEAVING) {
		if (drv->state == WANTED) {
			drv->err = work(drv, drv->packet, &drv->picture);
			drv->state = DONE;
			pthread_cond_broadcast(&drv->changed);
		}
		pthread_cond_wait(&drv->changed, &drv->lock);
	}
	pthread_mutex_unlock(&drv->lock);
	return NULL;
}

static int mock_open(int node, struct mockdrv **out)
{
	struct mockdrv *drv = calloc(1, sizeof(*drv));
	uint8_t picture;
	int err;

	if (!drv)
		return -ENOMEM;
	drv->node = node;
	pthread_mutex_init(&drv->lock, NULL);
	pthread_cond_init(&drv->changed, NULL);
	/* As drivers ask their hardware for its version. */
	err = work(drv, 0, &picture);
	if (!err)
		err = -pthread_create(&drv->thread, NULL, driver_main, drv);
	if (err) {
		free(drv);
		return err;
	}
	*out = drv;
	return 0;
}

static int mock_decode(struct mockdrv *drv, uint8_t packet, uint8_t *picture)
{
	int err;

	pthread_mutex_lock(&drv->lock);
	drv->packet = packet;
	drv->state = WANTED;
	pthread_cond_broadcast(&drv->changed);
	while (drv->state != DONE)
		pthread_cond_wait(&drv->changed, &drv->lock);
	drv->state = IDLE;
	*picture = drv->picture;
	err = drv->err;
	pthread_mutex_unlock(&drv->lock);
	return err;
}

static void mock_close(struct mockdrv *drv)
{
	pthread_mutex_lock(&drv->lock);
	drv->state = LEAVING;
	pthread_cond_broadcast(&drv->changed);
	pthread_mutex_unlock(&drv->lock);
	pthread_join(drv->thread, NULL);
	pthread_cond_destroy(&drv->changed);
	pthread_mutex_destroy(&drv->lock);
	free(drv);
}

const struct mockdrv_ops mockdrv_ops = {
	.open = mock_open,
	.decode = mock_decode,
	.close = mock_close,
};
