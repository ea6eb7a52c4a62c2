/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Names of features and requests that this project does not support. The log line of a refusal has
 * the name, so that the reader can find the VMM's option for it.
 */
#include <stdio.h>

#include "base/checked.h"
#include "vhost/msg.h"

static const char *const features[64] = {
	[24] = "NOTIFY_ON_EMPTY",
	[26] = "LOG_ALL",
	[27] = "ANY_LAYOUT",
	[28] = "INDIRECT_DESC",
	[29] = "EVENT_IDX",
	[30] = "PROTOCOL_FEATURES",
	[32] = "VERSION_1",
	[33] = "ACCESS_PLATFORM",
	[34] = "RING_PACKED",
	[35] = "IN_ORDER",
	[36] = "ORDER_PLATFORM",
	[37] = "SR_IOV",
	[38] = "NOTIFICATION_DATA",
	[39] = "NOTIF_CONFIG_DATA",
	[40] = "RING_RESET",
	[41] = "ADMIN_VQ",
	[43] = "SUSPEND",
};

static const char *const protocol_features[64] = {
	[0] = "MQ",
	[1] = "LOG_SHMFD",
	[2] = "RARP",
	[3] = "REPLY_ACK",
	[4] = "MTU",
	[5] = "BACKEND_REQ",
	[6] = "CROSS_ENDIAN",
	[7] = "CRYPTO_SESSION",
	[8] = "PAGEFAULT",
	[9] = "CONFIG",
	[10] = "BACKEND_SEND_FD",
	[11] = "HOST_NOTIFIER",
	[12] = "INFLIGHT_SHMFD",
	[13] = "RESET_DEVICE",
	[14] = "INBAND_NOTIFICATIONS",
	[15] = "CONFIGURE_MEM_SLOTS",
	[16] = "STATUS",
	[17] = "XEN_MMAP",
	[18] = "SHARED_OBJECT",
	[19] = "DEVICE_STATE",
	[20] = "GET_VRING_BASE_INFLIGHT",
	[21] = "GPA_ADDRESSES",
	[22] = "SHMEM",
};

static const char *const unserved[] = {
	[6] = "SET_LOG_BASE",
	[7] = "SET_LOG_FD",
	[19] = "SEND_RARP",
	[20] = "NET_SET_MTU",
	[22] = "IOTLB_MSG",
	[23] = "SET_VRING_ENDIAN",
	[26] = "CREATE_CRYPTO_SESSION",
	[27] = "CLOSE_CRYPTO_SESSION",
	[28] = "POSTCOPY_ADVISE",
	[29] = "POSTCOPY_LISTEN",
	[30] = "POSTCOPY_END",
	[33] = "GPU_SET_SOCKET",
	[35] = "VRING_KICK",
	[42] = "SET_DEVICE_STATE_FD",
	[43] = "CHECK_DEVICE_STATE",
};

static const char *bit_names(uint64_t bits, const char *const name[64],
			     char buf[VMEDIA_VU_BITS_LEN])
{
	size_t len = 0;
	unsigned int i;

	buf[0] = 0;
	for (i = 0; i < 64 && len < VMEDIA_VU_BITS_LEN; i++) {
		const char *comma = len ? ", " : "";

		if (!(bits >> i & 1))
			continue;
		if (name[i])
			len += snprintf(buf + len, VMEDIA_VU_BITS_LEN - len, "%s%s", comma,
					name[i]);
		else
			len += snprintf(buf + len, VMEDIA_VU_BITS_LEN - len, "%sbit %u", comma, i);
	}
	return buf;
}

const char *vmedia_vu_feature_names(uint64_t bits, char buf[VMEDIA_VU_BITS_LEN])
{
	return bit_names(bits, features, buf);
}

const char *vmedia_vu_pf_names(uint64_t bits, char buf[VMEDIA_VU_BITS_LEN])
{
	return bit_names(bits, protocol_features, buf);
}

const char *vmedia_vu_unserved_name(uint32_t request)
{
	return request < VMEDIA_ARRAY_SIZE(unserved) ? unserved[request] : NULL;
}
