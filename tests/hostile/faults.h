/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the hostile device can do wrong, by name, and how a guest tells it to.
 *
 * A fault is armed on the command line (--fault=NAME) or from inside the guest, by the ioctl that
 * needs nothing but the device itself: VIDIOC_S_EXT_CTRLS with one of the control ids below, which
 * the device takes out of the command queue before the camera sees it. The session that does so is
 * spared from then on, so that whoever controls the faults can rely on it.
 */
#ifndef HOSTILE_FAULTS_H
#define HOSTILE_FAULTS_H

#include <stdint.h>

/*
 * X(identifier, name, kind, what it does). Kinds: A changes an answer, H holds an answer back, R
 * writes what is not so into a used ring, V changes an event, E adds an event.
 */
#define HOSTILE_FAULTS(X)                                                                          \
	X(BITS, "bits", A, "flips one to eight bits of an answer")                                 \
	X(ZERO, "zero", A, "zeroes a part of an answer")                                           \
	X(ONES, "ones", A, "fills a part of an answer with 0xff")                                  \
	X(NOISE, "noise", A, "fills a part of an answer with random bytes")                        \
	X(SHORT, "short", A, "says that it wrote fewer bytes than an answer has")                  \
	X(LONG, "long", A, "says that it wrote more bytes than there is room")                     \
	X(STATUS, "status", A, "status is no errno")                                               \
	X(ERRNO, "errno", A, "status is some errno")                                               \
	X(SESSION, "session", A, "OPEN gives the id of a session that is open")                    \
	X(MAP_BEYOND, "map-beyond", A, "MMAP names an address beyond region 0")                    \
	X(MAP_WRAP, "map-wrap", A, "MMAP names an address and a length that wrap around")          \
	X(MAP_UNALIGNED, "map-unaligned", A, "MMAP names an address inside a page")                \
	X(MAP_SHORT, "map-short", A, "MMAP maps less than the buffer")                             \
	X(MAP_OVERLAP, "map-overlap", A, "MMAP names the address of another mapping")              \
	X(ECHO, "echo", A, "changes an index, type, id that an answer must repeat")                \
	X(POINTER, "pointer", A, "changes the driver's own pointer in an answer")                  \
	X(COUNT, "count", A, "counts more buffers, planes, entries than can be")                   \
	X(MORE, "more", A, "grants a few more or fewer buffers than asked for")                    \
	X(INDEX, "index", A, "CREATE_BUFS names an index that other buffers have")                 \
	X(LENGTH, "length", A, "a buffer is longer than its memory")                               \
	X(SIZE, "size", A, "a format's image is of no bytes, or of gigabytes")                     \
	X(FIELD, "field", A, "puts an odd number into a field of an answer's structure")           \
	X(LATE, "late", H, "gives an answer late, after others")                                   \
	X(NEVER, "never", H, "gives no answer")                                                    \
	X(DOUBLE, "double", R, "returns a command twice")                                          \
	X(STRAY, "stray", R, "returns a command that it was not given")                            \
	X(RANGE, "range", R, "returns a command beyond the end of the ring")                       \
	X(JUMP, "jump", R, "lets the used index jump")                                             \
	X(EV_BITS, "ev-bits", V, "flips one to eight bits of an event")                            \
	X(EV_ZERO, "ev-zero", V, "zeroes a part of an event")                                      \
	X(EV_ONES, "ev-ones", V, "fills a part of an event with 0xff")                             \
	X(EV_NOISE, "ev-noise", V, "fills a part of an event with random bytes")                   \
	X(EV_SHORT, "ev-short", V, "says that it wrote fewer bytes than an event has")             \
	X(EV_LONG, "ev-long", V, "says that it wrote more bytes than there is room")               \
	X(EV_TYPE, "ev-type", V, "an event is of a type that there is not")                        \
	X(EV_SESSION, "ev-session", V, "an event is for a session that there is not")              \
	X(EV_INDEX, "ev-index", V, "DQBUF of an index that no buffer can have")                    \
	X(EV_BUFTYPE, "ev-buftype", V, "DQBUF of another buffer type")                             \
	X(EV_BYTES, "ev-bytes", V, "DQBUF with more bytes used than the buffer has")               \
	X(EV_SEQUENCE, "ev-sequence", V, "DQBUF whose sequence goes back")                         \
	X(EV_FLICKER, "ev-flicker", V, "goes on changing a DQBUF while the driver reads it")        \
	X(EV_LOST, "ev-lost", V, "gives an event buffer back with nothing in it")                  \
	X(EV_DOUBLE, "ev-double", E, "repeats a DQBUF")                                            \
	X(EV_NOTLENT, "ev-notlent", E, "DQBUF of a buffer that was never lent")                    \
	X(EV_LATE, "ev-late", E, "repeats the last DQBUF after STREAMOFF or REQBUFS")              \
	X(EV_ERROR, "ev-error", E, "ERROR for a session that is open")                             \
	X(EV_ERROR_UNKNOWN, "ev-error-unknown", E, "ERROR for a session that there is not")        \
	X(EV_UNKNOWN, "ev-unknown", E, "EVENT for a session that there is not")                    \
	X(EV_FLOOD, "ev-flood", E, "fills all event buffers with events nobody asked for")

enum hostile_fault {
#define X(id, name, kind, help) HOSTILE_##id,
	HOSTILE_FAULTS(X)
#undef X
	HOSTILE_NUM_FAULTS
};

/*
 * Control ids. The answer's value64 is the result.
 *   ARM     value: hostile_arm(); result: the same
 *   COUNT   value: enum hostile_fault or HOSTILE_ALL; result: how often it was done
 *   MUST    the same, of those that a driver must have refused
 *   HELD    result: answers that are late and still to come
 *   CONFIG  value: device_type | device_caps << 32, said to the next probe alone
 */
#define HOSTILE_CID_ARM		0x0a5f0001u
#define HOSTILE_CID_COUNT	0x0a5f0002u
#define HOSTILE_CID_MUST	0x0a5f0003u
#define HOSTILE_CID_HELD	0x0a5f0004u
#define HOSTILE_CID_CONFIG	0x0a5f0005u

#define HOSTILE_ALL		0xffffu

/* Which commands: an ioctl's number, HOSTILE_ANY, or HOSTILE_CMD + VMEDIA_CMD_OPEN, _MMAP, ... */
#define HOSTILE_ANY		0xffffu
#define HOSTILE_CMD		0x100u

/* One in @every (0: off), at most @count times (0: for ever). */
static inline uint64_t hostile_arm(uint32_t fault, uint32_t which, uint32_t every, uint32_t count)
{
	return (fault & 0xffff) | (uint64_t)(which & 0xffff) << 16 |
	       (uint64_t)(every & 0xffff) << 32 | (uint64_t)(count & 0xffff) << 48;
}

#endif
