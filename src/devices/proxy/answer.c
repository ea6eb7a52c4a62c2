// SPDX-License-Identifier: BSD-3-Clause
/*
 * What the host's driver answers is checked against what it was asked, as a driver of the guest
 * checks a device: by the same functions of <vmedia/proto.h>. They know which fields an answer must
 * repeat, and the ranges of its counts, indexes and lengths (src/proto/check.c).
 */
#include <errno.h>
#include <string.h>

#include "proxy.h"

void vmedia_proxy_copy_ioctl(struct vmedia_ioctl *to, const struct vmedia_ioctl *from)
{
	to->info = from->info;
	memcpy(&to->arg, &from->arg, from->info->size);
	to->num_planes = from->num_planes;
	to->sg_apart = from->sg_apart;
	if (from->info->follow == VMEDIA_FOLLOW_PLANES) {
		if (from->num_planes)
			memcpy(to->planes, from->planes, sizeof(to->planes));
		memcpy(to->plane_sg, from->plane_sg, sizeof(to->plane_sg));
		memcpy(to->uuid, from->uuid, sizeof(to->uuid));
	}
	to->ctrls = from->ctrls;
	to->ctrl_sg = from->ctrl_sg;
	to->max_ctrls = from->max_ctrls;
	to->edid = from->edid;
	to->max_edid_blocks = from->max_edid_blocks;
	to->asked = from->asked;
}

/* The shape of the host's answer is that of the question, whatever counts the host wrote. */
static void set_shape(struct vmedia_ioctl *io, const struct vmedia_ioctl *asked)
{
	io->asked = (struct vmedia_asked){ .known = true, .num_planes = asked->num_planes };
	/* On the wire there would be the UUIDs of its objects, too. */
	if (asked->info->follow == VMEDIA_FOLLOW_PLANES &&
	    asked->arg.buffer.memory == VMEDIA_MEMORY_DMABUF)
		io->asked.num_uuids = vmedia_buf_type_is_multiplanar(asked->arg.buffer.type)
					      ? asked->num_planes : 1;
	if (asked->info->follow == VMEDIA_FOLLOW_CTRLS)
		io->asked.num_ctrls = asked->arg.ext_controls.count;
	if (asked->info->follow == VMEDIA_FOLLOW_EDID)
		io->asked.edid_blocks = asked->arg.edid.blocks;
}

int vmedia_proxy_check(struct proxy_call *c)
{
	struct proxy *p = c->ps->p;
	struct vmedia_cmd *q = &p->question, *a = &p->answer;
	int len, err;

	q->type = a->type = VMEDIA_CMD_IOCTL;
	vmedia_proxy_copy_ioctl(&q->io, &c->asked);
	memset(&q->io.asked, 0, sizeof(q->io.asked));
	vmedia_proxy_copy_ioctl(&a->io, &c->io);
	set_shape(&a->io, &c->asked);
	len = vmedia_resp_encode(a, c->err, p->wire, VMEDIA_MAX_RESP_SIZE);
	err = len < 0 ? -EIO : vmedia_resp_decode(q, p->wire, (size_t)len);
	if (len < 0)
		q->why = (struct vmedia_why){ .what = "answer without an end" };
	if (q->why.what) {
		vmedia_proxy_nonsense(p, q->io.info->name, q->why.what, q->why.got, q->why.limit);
		vmedia_proxy_copy_ioctl(&c->io, &c->asked);
		return -EIO;
	}
	/* Memory of EDID blocks is the same in both; controls were decoded into the question's. */
	vmedia_proxy_copy_ioctl(&c->io, &q->io);
	return err;
}
