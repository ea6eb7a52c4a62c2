/* SPDX-License-Identifier: BSD-3-Clause */
/* The program vmedia-ctl: all but --decode and --encode. */
#include "ctl.h"

int main(int argc, char **argv)
{
	return ctl_main(argc, argv, NULL);
}
