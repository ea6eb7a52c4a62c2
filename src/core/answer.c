/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Answers: write the result of a request into the writable part of its chain, and return the chain.
 */
#include <errno.h>

#include "core/core.h"

void vmedia_chain_refuse(struct vmedia_device *dev, struct vmedia_chain *chain, int err)
{
	uint32_t status = (uint32_t)-err;
	uint8_t hdr[VMEDIA_RESP_HDR_SIZE] = { status & 0xff, status >> 8 & 0xff };

	if (chain->in_len < sizeof(hdr)) {
		vmedia_device_push(dev, VMEDIA_QUEUE_COMMAND, chain, 0);
		return;
	}
	vmedia_chain_write(chain, 0, hdr, sizeof(hdr));
	vmedia_device_push(dev, VMEDIA_QUEUE_COMMAND, chain, sizeof(hdr));
}

void vmedia_request_answer(struct vmedia_request *req, int err)
{
	struct vmedia_device *dev = req->dev;
	struct vmedia_chain *chain = req->chain;
	int n;

	if (!chain)
		return;
	if (req->state == VMEDIA_REQ_QUEUED && req->cmd.type != VMEDIA_CMD_CLOSE) {
		/* The command was not read yet, so the answer can hold only an errno. */
		req->chain = NULL;
		vmedia_chain_refuse(dev, chain, err);
		return;
	}
	if (!err)
		err = vmedia_ctrl_end(req);
	vmedia_pointers_restore(req);
	req->chain = NULL;
	n = vmedia_resp_encode(&req->cmd, err, dev->resp,
			       VMEDIA_MIN(chain->in_len, (size_t)VMEDIA_MAX_RESP_SIZE));
	if (n < 0) {
		vmedia_chain_refuse(dev, chain, -EINVAL);
		return;
	}
	vmedia_chain_write(chain, 0, dev->resp, (size_t)n);
	vmedia_device_push(dev, VMEDIA_QUEUE_COMMAND, chain, (uint32_t)n);
}

void vmedia_request_finish(struct vmedia_request *req, int err)
{
	vmedia_request_answer(req, err);
	vmedia_request_free(req);
}
