/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The side door: VIDIOC_S_EXT_CTRLS with one control whose id is one of faults.h. Such a command is
 * answered here, truthfully, and makes its session one that is spared.
 */
#include <string.h>

#include <vmedia/proto.h>

#include "hostile.h"
#include "virtq/dev.h"

#define STRUCTURE sizeof(struct vmedia_ext_controls)
#define CONTROL	  sizeof(struct vmedia_ext_control)
#define SIZE	  (STRUCTURE + CONTROL)

static void arm(struct hostile *h, uint64_t value)
{
	unsigned int fault = value & 0xffff, i;

	for (i = 0; i < HOSTILE_NUM_FAULTS; i++) {
		if (fault != HOSTILE_ALL && fault != i)
			continue;
		h->armed[i].which = value >> 16 & 0xffff;
		h->armed[i].every = value >> 32 & 0xffff;
		h->armed[i].left = value >> 48 ? (uint32_t)(value >> 48) : UINT32_MAX;
	}
}

static uint64_t sum(const struct hostile *h, uint64_t fault, bool must)
{
	uint64_t n = 0;
	unsigned int i;

	for (i = 0; i < HOSTILE_NUM_FAULTS; i++)
		if (fault == HOSTILE_ALL || fault == i)
			n += must ? h->armed[i].must : h->armed[i].done;
	return n;
}

static void set_config(struct hostile *h, uint64_t value)
{
	struct vmedia_config config = *vmedia_device_config(h->dev);

	if (value != UINT64_MAX) {
		config.device_type = (uint32_t)value;
		config.device_caps = value >> 32;
	}
	vmedia_config_encode(&config, h->config);
	h->config_once = true;
}

static uint64_t obey(struct hostile *h, uint32_t id, uint64_t value)
{
	switch (id) {
	case HOSTILE_CID_ARM:
		arm(h, value);
		break;
	case HOSTILE_CID_COUNT:
		return sum(h, value, false);
	case HOSTILE_CID_MUST:
		return sum(h, value, true);
	case HOSTILE_CID_HELD:
		return h->late_num;
	case HOSTILE_CID_CONFIG:
		set_config(h, value);
		break;
	}
	return value;
}

bool hostile_control(struct hostile *h, struct vmedia_chain *chain)
{
	uint8_t q[VMEDIA_CMD_IOCTL_SIZE + SIZE], a[VMEDIA_RESP_HDR_SIZE + SIZE] = { 0 };
	struct vmedia_ext_control control;
	struct hostile_session *s;

	if (chain->err || vmedia_chain_read(chain, 0, q, sizeof(q)) != sizeof(q) ||
	    hostile_get32(q) != VMEDIA_CMD_IOCTL || hostile_get32(q + 12) != VMEDIA_NR_S_EXT_CTRLS)
		return false;
	memcpy(&control, q + VMEDIA_CMD_IOCTL_SIZE + STRUCTURE, sizeof(control));
	if (control.id < HOSTILE_CID_ARM || control.id > HOSTILE_CID_CONFIG)
		return false;
	control.value64 = (int64_t)obey(h, control.id, (uint64_t)control.value64);
	memcpy(a + VMEDIA_RESP_HDR_SIZE, q + VMEDIA_CMD_IOCTL_SIZE, STRUCTURE);
	memcpy(a + VMEDIA_RESP_HDR_SIZE + STRUCTURE, &control, sizeof(control));
	vmedia_chain_write(chain, 0, a, sizeof(a));
	s = hostile_session_of(h, hostile_get32(q + 8));
	if (s)
		s->spared = true;
	hostile_push(h, VMEDIA_QUEUE_COMMAND, chain, sizeof(a));
	return true;
}
