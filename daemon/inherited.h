/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Descriptors that the program's parent left open, by mistake as a rule: a folder, a pipe or a
 * socket of the parent's. They reach past every sandbox.
 */
#ifndef VMEDIA_DAEMON_INHERITED_H
#define VMEDIA_DAEMON_INHERITED_H

struct daemon_inherited {
	int *fds;
	unsigned int num;
};

/* Find those above standard error. Context: the program has opened nothing yet but these. */
void daemon_inherited_find(struct daemon_inherited *in);

/* Close them, but @kept (-1: none), and forget them. */
void daemon_inherited_close(struct daemon_inherited *in, int kept);

/* Forget them; they stay open. */
void daemon_inherited_finish(struct daemon_inherited *in);

#endif /* VMEDIA_DAEMON_INHERITED_H */
