/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests of src/proto share: an end of the protocol with memory of its own, random numbers,
 * byte vectors.
 */
#ifndef VMEDIA_TESTS_PROTO_SUPPORT_H
#define VMEDIA_TESTS_PROTO_SUPPORT_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef VMEDIA_MINI_CMOCKA
#include "mini_cmocka.h"
#else
#include <cmocka.h>
#endif

#include <vmedia/proto.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define CHECK(cond, ...) do { if (!(cond)) fail_msg(__VA_ARGS__); } while (0)

#define END_CTRLS 8
#define END_BLOCKS 4
#define END_SG 64

/* A command and all the memory that it may point to. Compares with memcmp once why is cleared. */
struct end {
	struct vmedia_cmd cmd;
	struct vmedia_ext_control ctrls[END_CTRLS];
	struct vmedia_sg ctrl_sg[END_CTRLS];
	uint8_t edid[END_BLOCKS * 128];
	uint8_t sg[END_SG * VMEDIA_SG_ENTRY_SIZE];
	uint32_t sg_used;
};

/* A zeroed end with its arrays in place. Free with free(). */
struct end *end_new(void);
/* A copy whose pointers are to its own memory; SG lists that were in @e's memory are in its. */
struct end *end_copy(const struct end *e);
/* Make the command an ioctl of session 5. */
struct vmedia_ioctl *end_ioctl(struct end *e, uint32_t nr);
/* Append @count entries to the end's SG memory and return the list. */
struct vmedia_sg end_sg(struct end *e, const struct vmedia_sg_entry *entries, uint32_t count);
/* A list of one entry of @len bytes at @start, or an empty one if @len is 0. */
struct vmedia_sg end_sg1(struct end *e, uint64_t start, uint32_t len);
/* Fails the test unless the question in both is the same, SG entries included. */
void assert_same_question(const struct end *a, const struct end *b);
/*
 * Fails the test unless arg, planes, uuid, ctrls and edid are the same, over what the answer to @a
 * covers.
 */
void assert_same_payload(const struct end *a, const struct end *b);

/* malloc'ed copy of exactly @len bytes, so that a sanitizer sees the first byte beyond. */
uint8_t *exact(const void *buf, size_t len);

/* xorshift; the seed is VMEDIA_TEST_SEED or the time, and printed. */
uint64_t rnd(void);
uint32_t rnd_below(uint32_t n);
void rnd_fill(void *p, size_t n);
void rnd_init(void);

/* ---- Byte vectors: tests/vectors/NAME.hex, see the README there ---- */

#define VECTOR_MAX 4096

struct part {
	uint8_t bytes[VECTOR_MAX];
	size_t len;
};

struct vector {
	struct part question, extra, answer, event;
};

/* Fails the test if there is no such file, or if it cannot be read as a vector. */
void vector_load(struct vector *v, const char *name);
/* Fails the test, showing the first difference, unless both are the same bytes. */
void assert_bytes(const char *what, const uint8_t *got, size_t got_len, const struct part *want);

#endif /* VMEDIA_TESTS_PROTO_SUPPORT_H */
