// SPDX-License-Identifier: BSD-3-Clause
/*
 * A guest's programs on one device, operation by operation, against a model of videobuf2's rules:
 * see v4l2/world.h. Byte 0 chooses the device, each 8 that follow are an operation.
 */
#include "v4l2/world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fz_run(data, size, false, false);
	return 0;
}
