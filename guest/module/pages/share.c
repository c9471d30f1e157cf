// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copy-on-write groups: VMAs whose tasks name the same pages at the same index.
 *
 * The reverse map of a shared page starts at one anon_vma and must reach every VMA that maps it. So
 * the VMAs of a group (found by union-find, over all tasks) are linked as fork() would have done it: one
 * leads, the others become its children. VMAs of one task that the kernel may join (join.c) belong together,
 * too. What cannot be linked is copied when it is mapped.
 */
#include <linux/pagemap.h>
#include <linux/slab.h>

#include "compat.h"
#include "nap.h"

struct member {
	struct nap_target *target;
	struct vm_area_struct *vma;
	u32 parent;		/* union-find: index of a member, its own for a root */
	u32 leader;		/* of the group, kept at its root */
	u32 size;		/* likewise */
};

/* Shared pages that follow each other in one VMA. */
struct stretch {
	u64 identity;
	unsigned long index;	/* linear page index of the first */
	u32 member;
};

struct nap_groups {
	struct member *members;
	struct stretch *stretches;
	u32 *home;		/* by identity: stretch that names the page first, plus one */
	u32 member_count;
	u32 stretch_count;
};

static u32 root_of(struct nap_groups *groups, u32 member)
{
	struct member *members = groups->members;

	while (members[member].parent != member) {
		members[member].parent = members[members[member].parent].parent;
		member = members[member].parent;
	}
	return member;
}

static void unite(struct nap_groups *groups, u32 a, u32 b)
{
	struct member *x, *y;

	a = root_of(groups, a);
	b = root_of(groups, b);
	if (a == b)
		return;
	x = &groups->members[min(a, b)];
	y = &groups->members[max(a, b)];
	y->parent = min(a, b);
	x->size += y->size;
	/* One that has an anon_vma already leads if there is one: it needs no change. */
	if (!groups->members[x->leader].vma->anon_vma && groups->members[y->leader].vma->anon_vma)
		x->leader = y->leader;
}

static void add_stretch(struct nap_groups *groups, const struct nap_piece *piece, u32 member)
{
	u32 number = groups->stretch_count++;
	struct stretch *here = &groups->stretches[number];
	u32 known = 0;
	u64 i;

	here->identity = nap_identity(piece->run) + piece->done;
	here->index = linear_page_index(piece->vma, piece->address);
	here->member = member;
	for (i = 0; i < piece->pages; i++) {
		u32 *home = &groups->home[here->identity + i];
		const struct stretch *there;

		if (!*home) {
			*home = number + 1;
			continue;
		}
		if (*home == known)
			continue;
		known = *home;
		there = &groups->stretches[known - 1];
		/* The distance within both stretches is the same for all their common pages. */
		if (there->index - there->identity == here->index - here->identity)
			unite(groups, member, there->member);
	}
}

static void add_member(struct nap_groups *groups, u32 number, struct nap_target *target, struct vm_area_struct *vma)
{
	struct member *before = number ? &groups->members[number - 1] : NULL;

	groups->members[number] = (struct member){ target, vma, number, number, 1 };
	if (before && before->target == target && nap_may_join(target->mm, before->vma, vma))
		unite(groups, number - 1, number);
}

/* Both passes over the shared runs: count what there is, then write it down. */
static void survey(struct nap_adoption *adoption, struct nap_groups *groups, bool write)
{
	u32 i, j, members = 0, stretches = 0;

	for (i = 0; i < adoption->target_count; i++) {
		struct nap_target *target = &adoption->targets[i];
		struct vm_area_struct *last = NULL;

		for (j = 0; j < target->run_count; j++) {
			struct nap_piece piece = { .run = &target->runs[j], .vma = last };

			if (!(target->runs[j].flags & NAP_RUN_SHARED))
				continue;
			while (nap_next_piece(target->mm, &piece)) {
				if (piece.vma != last) {
					if (write)
						add_member(groups, members, target, piece.vma);
					last = piece.vma;
					members++;
				}
				if (write)
					add_stretch(groups, &piece, members - 1);
				stretches++;
			}
			cond_resched();
		}
	}
	groups->member_count = members;
	groups->stretch_count = stretches;
}

struct nap_groups *nap_groups_find(struct nap_adoption *adoption)
{
	struct nap_groups *groups;

	if (!adoption->sharing)
		return NULL;
	groups = kzalloc(sizeof(*groups), GFP_KERNEL);
	if (!groups)
		return ERR_PTR(-ENOMEM);
	survey(adoption, groups, false);
	groups->members = kvmalloc_array(groups->member_count, sizeof(*groups->members), NAP_GFP);
	groups->stretches = kvmalloc_array(groups->stretch_count, sizeof(*groups->stretches), NAP_GFP);
	groups->home = kvcalloc(adoption->identities, sizeof(*groups->home), NAP_GFP);
	if (!groups->members || !groups->stretches || !groups->home) {
		nap_groups_free(groups);
		return ERR_PTR(-ENOMEM);
	}
	groups->stretch_count = 0;
	survey(adoption, groups, true);
	return groups;
}

void nap_groups_free(struct nap_groups *groups)
{
	if (IS_ERR_OR_NULL(groups))
		return;
	kvfree(groups->members);
	kvfree(groups->stretches);
	kvfree(groups->home);
	kfree(groups);
}

static bool chained(struct vm_area_struct *vma, struct anon_vma *anon_vma)
{
	struct anon_vma_chain *chain;

	list_for_each_entry(chain, &vma->anon_vma_chain, same_vma)
		if (chain->anon_vma == anon_vma)
			return true;
	return false;
}

/* Removes what lies where this target's pages will be mapped into the VMA. */
static void clear_planned(struct nap_adoption *adoption, struct member *member)
{
	struct nap_piece piece = {};
	unsigned long present;
	u32 i;

	for (i = 0; i < member->target->run_count; i++) {
		piece = (struct nap_piece){ .run = &member->target->runs[i], .vma = piece.vma };
		while (nap_next_piece(member->target->mm, &piece)) {
			unsigned long end = piece.address + (piece.pages << PAGE_SHIFT);

			if (piece.vma != member->vma)
				continue;
			present = nap_count_present(piece.vma, piece.address, end, NULL);
			if (present)
				nap_zap(piece.vma, piece.address, end - piece.address);
			adoption->report->pages_replaced += present;
		}
	}
}

/* The VMA becomes a child of the leader. One with foreign anonymous pages stays as it is. */
static int link(struct nap_adoption *adoption, struct member *member, struct vm_area_struct *leader)
{
	struct vm_area_struct *vma = member->vma;
	unsigned long anonymous = 0;

	nap_vma_lock(vma);
	if (vma->anon_vma) {
		if (chained(vma, leader->anon_vma->root))
			return 0;
		clear_planned(adoption, member);
		nap_count_present(vma, vma->vm_start, vma->vm_end, &anonymous);
		if (anonymous)
			return 0;
		nap_call(unlink_anon_vmas)(vma);
		vma->anon_vma = NULL;
	}
	return nap_call(anon_vma_fork)(vma, leader);
}

int nap_groups_link(struct nap_adoption *adoption, struct nap_groups *groups)
{
	u32 i;
	int error;

	for (i = 0; groups && i < groups->member_count; i++) {
		u32 root = root_of(groups, i);
		u32 leader = groups->members[root].leader;
		struct vm_area_struct *vma = groups->members[leader].vma;

		if (groups->members[root].size == 1 || i == leader)
			continue;
		error = nap_anon_vma(vma);
		if (!error)
			error = nap_join(groups->members[leader].target->mm, vma);
		if (!error)
			error = link(adoption, &groups->members[i], vma);
		if (!error)
			error = nap_join(groups->members[i].target->mm, groups->members[i].vma);
		if (error)
			return error;
		cond_resched();
	}
	return 0;
}

/* Would the reverse map of this page, adopted before, find a further mapping here? */
bool nap_can_share(struct page *page, struct vm_area_struct *vma, unsigned long address)
{
	unsigned long mapping = (unsigned long)READ_ONCE(page->mapping);

	return (mapping & PAGE_MAPPING_FLAGS) == PAGE_MAPPING_ANON && !PageAnonExclusive(page) &&
	       page->index == linear_page_index(vma, address) &&
	       chained(vma, (struct anon_vma *)(mapping - PAGE_MAPPING_ANON));
}
