/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An intrusive doubly linked list: a head is a node that points to itself when empty.
 *
 * A node that is in no list must have been through vmedia_list_init(), so that vmedia_list_del() of
 * it does nothing and vmedia_list_linked() tells. No locking: the owner's thread only.
 */
#ifndef VMEDIA_BASE_LIST_H
#define VMEDIA_BASE_LIST_H

#include <vmedia/list.h>

#include "base/checked.h"

static inline void vmedia_list_init(struct vmedia_list *l)
{
	l->next = l;
	l->prev = l;
}

static inline bool vmedia_list_empty(const struct vmedia_list *head)
{
	return head->next == head;
}

/* Is this (initialised) node in a list? */
static inline bool vmedia_list_linked(const struct vmedia_list *node)
{
	return node->next != node;
}

/* Put @node behind @pos. */
static inline void vmedia_list_insert(struct vmedia_list *pos, struct vmedia_list *node)
{
	node->prev = pos;
	node->next = pos->next;
	pos->next->prev = node;
	pos->next = node;
}

static inline void vmedia_list_add_head(struct vmedia_list *head, struct vmedia_list *node)
{
	vmedia_list_insert(head, node);
}

static inline void vmedia_list_add_tail(struct vmedia_list *head, struct vmedia_list *node)
{
	vmedia_list_insert(head->prev, node);
}

/* Take out; the node is initialised again, so that a second call does nothing. */
static inline void vmedia_list_del(struct vmedia_list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	vmedia_list_init(node);
}

/* First node, taken out; NULL when empty. */
static inline struct vmedia_list *vmedia_list_pop(struct vmedia_list *head)
{
	struct vmedia_list *node = head->next;

	if (node == head)
		return NULL;
	vmedia_list_del(node);
	return node;
}

/* Move everything in @from behind what is in @to; @from is empty afterwards. */
static inline void vmedia_list_splice_tail(struct vmedia_list *to, struct vmedia_list *from)
{
	if (vmedia_list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	vmedia_list_init(from);
}

#define vmedia_list_entry(node, type, member) vmedia_container_of(node, type, member)
#define vmedia_list_first(head, type, member) vmedia_list_entry((head)->next, type, member)
#define vmedia_list_last(head, type, member) vmedia_list_entry((head)->prev, type, member)

#define vmedia_list_for_each(pos, head, member)                                       \
	for (pos = vmedia_list_entry((head)->next, __typeof__(*pos), member);         \
	     &pos->member != (head);                                                  \
	     pos = vmedia_list_entry(pos->member.next, __typeof__(*pos), member))

/* The body may take out or free @pos (and only @pos). */
#define vmedia_list_for_each_safe(pos, tmp, head, member)                             \
	for (pos = vmedia_list_entry((head)->next, __typeof__(*pos), member),         \
	    tmp = vmedia_list_entry(pos->member.next, __typeof__(*pos), member);      \
	     &pos->member != (head);                                                  \
	     pos = tmp, tmp = vmedia_list_entry(tmp->member.next, __typeof__(*tmp), member))

#endif
