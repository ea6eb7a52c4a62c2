/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Names of formats, controls and ioctls, as v4l2-ctl and V4L2 have them, to their numbers.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <linux/videodev2.h>

#include "v4l2/ctrl_std.h"
#include "v4l2/policy_names.h"

/*
 * All fourccs of Linux 7.3's <linux/videodev2.h>, four letters each: more than a device here can
 * have, since a proxied one has any.
 */
static const char fourccs[] =
	"411P422P905CAB12AB15AB24AJPGAR12AR15AR24AR30AT12AV01AV1FAVC1AYUVB312B412BA10BA12"
	"BA15BA24BA81BD10BG10BG12BG14BGR3BGR4BGR6BGRHBX12BX15BX24BYR2C3PMC3STC55PC55SCITV"
	"CNF4CPIACR10CR12CR14CR20CS08CS14CU08CU16D4XXDR1PDR1SE625FWHTGA12GB10GB12GB14GB16"
	"GBRGGR14GR16GRBGGREYH263H264HEVCHI24HM12HSV3HSV4HXTLINZIJL20JPEGJPGLKONIM264M310"
	"M420MC1AMC1CMC1EMC1GMC1KMC1OMET8MG2SMJPGMM21MPEGMPG1MPG2MPG4MT21MT2RMT2TNA12NM12"
	"NM16NM21NM61NV12NV15NV16NV20NV21NV24NV42NV61O511O518P010P012P207PAL8PC16PC18PC1B"
	"PC1GPC1MPC1RPC1gPC20PC2BPC2GPC2MPC2RPC2gPJPGPM12PWC1PWC2Q08CQ10CR444RA12RA15RA24"
	"RA30RG10RG12RG14RG16RGB1RGB3RGB4RGB6RGBORGBPRGBQRGBRRGGBRK1ERK1PRK1SRPBCRPFCRPFS"
	"RU12RV30RV40RX12RX15RX24RX30S264S265S401S501S505S508S561S5CIS680S910S920SFWHSONX"
	"SPK0ST12T010TD08TD16TM12TM60TU08TU16UV8 UVCHUVCMUYVYVC1GVC1LVIVDVM12VP80VP8FVP90"
	"VP9FVSPHVSPTVT12VT15VUYAVUYXVYUYWNVAXB12XB15XB24XR12XR15XR24XVIDXYUVY012Y04 Y06 "
	"Y10 Y10BY10PY12 Y12IY12PY14 Y14PY16 Y16IY210Y212Y216Y312Y41PY444Y8I YM12YM16YM21"
	"YM24YM42YM61YU12YUV3YUV4YUV9YUVAYUVOYUVPYUVXYUYVYV12YVU9YVYUYYUVZ16 aBA8aGA8aRA8"
	"agA8bBA8bGA8bRA8dvsdip3Gip3bip3gip3rip3ypBAApBCCpBEEpGAApGCCpGEEpRAApRCCpREEpgAA"
	"pgCCpgEE";
/* Those that exist big-endian. */
static const char big_endian[] = "AR15AX12NT12XR15Y16 ";

static bool is_in(const char *list, const char code[4])
{
	for (; *list; list += 4)
		if (!memcmp(list, code, 4))
			return true;
	return false;
}

static bool find_number(const char *word, uint32_t *number)
{
	unsigned long long v;
	char *end;

	if (strncmp(word, "0x", 2) || !isxdigit((unsigned char)word[2]))
		return false;
	v = strtoull(word, &end, 16);
	*number = (uint32_t)v;
	return !*end && v && v <= UINT32_MAX;
}

bool vmedia_name_format(const char *word, uint32_t *fourcc)
{
	size_t len = strlen(word);
	char code[4] = { ' ', ' ', ' ', ' ' };
	bool be = len > 3 && !strcmp(word + len - 3, "-BE");

	if (be)
		len -= 3;
	if (find_number(word, fourcc))
		return true;
	if (!len || len > 4)
		return false;
	memcpy(code, word, len);
	if (!is_in(be ? big_endian : fourccs, code))
		return false;
	*fourcc = v4l2_fourcc((uint32_t)code[0], (uint32_t)code[1], (uint32_t)code[2],
			      (uint32_t)code[3]) | (be ? 1u << 31 : 0);
	return true;
}

/* True if @word is what v4l2-ctl makes of @name: letters and digits, and _ for what is between. */
static bool is_flat(const char *name, const char *word)
{
	bool gap = false;
	int n = 0;

	for (; *name && n < 31; name++) {
		if (!isalnum((unsigned char)*name)) {
			gap = n > 0;
			continue;
		}
		if (gap && word[n++] != '_')
			return false;
		gap = false;
		if (word[n++] != tolower((unsigned char)*name))
			return false;
	}
	return !word[n];
}

bool vmedia_name_ctrl(const char *word, uint32_t *id)
{
	static const struct vmedia_std_part *const parts[] = {
		&vmedia_std_user, &vmedia_std_codec, &vmedia_std_other, &vmedia_std_stateless,
	};

	if (find_number(word, id))
		return !(*id & ~V4L2_CTRL_ID_MASK);
	for (size_t part = 0; part < VMEDIA_ARRAY_SIZE(parts); part++) {
		for (unsigned int i = 0; i < parts[part]->num; i++) {
			if (!is_flat(parts[part]->v[i].name, word))
				continue;
			*id = parts[part]->v[i].id;
			return true;
		}
	}
	return false;
}

const struct vmedia_ioctl_info *vmedia_name_ioctl(const char *word)
{
	const struct vmedia_ioctl_info *const *table;
	unsigned int count;

	table = vmedia_ioctl_table(&count);
	for (unsigned int i = 0; i < count; i++)
		if (!strcmp(table[i]->name, word) ||
		    !strcmp(table[i]->name + strlen("VIDIOC_"), word))
			return table[i];
	return NULL;
}
