// SPDX-License-Identifier: MIT
/* The index: a binary tree of record ids. */
#include <ringlog.h>

static int index_before(const struct index_node *node, u32 id)
{
	return node->id < id;
}

/* Recursive: the compiler inlines it into itself. */
static u32 index_weigh(const struct index_node *node)
{
	if (!node)
		return 0;
	return 1 + index_weigh(node->left) + index_weigh(node->right);
}

void index_insert(struct index_node **root, struct index_node *node)
{
	while (*root)
		root = index_before(*root, node->id) ? &(*root)->right : &(*root)->left;
	*root = node;
}

u32 index_count(const struct index_node *node)
{
	return index_weigh(node);
}

const struct index_node *index_find(const struct index_node *node, u32 id)
{
	while (node && node->id != id)
		node = index_before(node, id) ? node->right : node->left;
	return node;
}
