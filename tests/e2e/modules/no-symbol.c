/* SPDX-License-Identifier: BSD-3-Clause */
/* A shared object that is no module; and what needs-gone.so needs. */
int vmedia_test_number(void);

int vmedia_test_number(void)
{
	return 48;
}
