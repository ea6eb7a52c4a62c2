/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An intrusive doubly linked list. The head is a node; it points to itself when the list is empty.
 *
 * A node that is in no list must have been initialised with vmedia_list_init(). Then
 * vmedia_list_del() does nothing, and vmedia_list_linked() returns false. There is no locking; only
 * the owner's thread may use a list.
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

/* True if this (initialised) node is in a list. */
static inline bool vmedia_list_linked(const struct vmedia_list *node)
{
	return node->next != node;
}

/* Insert @node behind @pos. */
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

/* Remove a node and initialise it again, so that a second call does nothing. */
static inline void vmedia_list_del(struct vmedia_list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	vmedia_list_init(node);
}

/* Remove and return the first node, or NULL if the list is empty. */
static inline struct vmedia_list *vmedia_list_pop(struct vmedia_list *head)
{
	struct vmedia_list *node = head->next;

	if (node == head)
		return NULL;
	vmedia_list_del(node);
	return node;
}

/* Append the nodes of @from to @to; @from is empty afterwards. */
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

/* The body may remove or free @pos (and only @pos). */
#define vmedia_list_for_each_safe(pos, tmp, head, member)                             \
	for (pos = vmedia_list_entry((head)->next, __typeof__(*pos), member),         \
	    tmp = vmedia_list_entry(pos->member.next, __typeof__(*pos), member);      \
	     &pos->member != (head);                                                  \
	     pos = tmp, tmp = vmedia_list_entry(tmp->member.next, __typeof__(*tmp), member))

#endif
