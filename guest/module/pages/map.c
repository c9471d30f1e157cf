// SPDX-License-Identifier: GPL-2.0-only
/* Maps one run, and what small and huge pages need for it alike. */
#include "compat.h"
#include "nap.h"

int nap_anon_vma(struct vm_area_struct *vma)
{
	nap_vma_lock(vma);
	return vma->anon_vma ? 0 : nap_call(__anon_vma_prepare)(vma);
}

pmd_t *nap_find_pmd(struct mm_struct *mm, unsigned long address)
{
	pgd_t *pgd = pgd_offset(mm, address);
	p4d_t *p4d;
	pud_t *pud;

	if (pgd_none(*pgd) && nap_call(__p4d_alloc)(mm, pgd, address))
		return NULL;
	p4d = p4d_offset(pgd, address);
	if (p4d_none(*p4d) && nap_call(__pud_alloc)(mm, p4d, address))
		return NULL;
	pud = pud_offset(p4d, address);
	if (pud_none(*pud) && nap_call(__pmd_alloc)(mm, pud, address))
		return NULL;
	return pmd_offset(pud, address);
}

pte_t *nap_lock_table(struct mm_struct *mm, unsigned long address, spinlock_t **lock)
{
	pmd_t *pmd = nap_find_pmd(mm, address);

	if (!pmd || (pmd_none(*pmd) && nap_call(__pte_alloc)(mm, pmd)))
		return ERR_PTR(-ENOMEM);
	if (!pmd_present(*pmd) || pmd_trans_huge(*pmd))
		return NULL;
	return nap_lock_pte(mm, pmd, address, lock);
}

static int map_piece(struct nap_adoption *adoption, const struct nap_piece *piece)
{
	bool first = !piece->vma->anon_vma;
	int error = nap_anon_vma(piece->vma);

	if (!error && first)
		error = nap_join(piece->vma->vm_mm, piece->vma);
	if (error)
		return error;
	if (piece->run->flags & NAP_RUN_HUGE)
		return nap_map_huge(adoption, piece);
	return nap_can_gather(piece) ? nap_gather(adoption, piece) : nap_map_small(adoption, piece);
}

int nap_map_run(struct nap_adoption *adoption, struct nap_target *target, const struct nap_run *run,
		struct vm_area_struct **vma)
{
	struct nap_piece piece = { .run = run, .vma = *vma };
	int error;

	while (nap_next_piece(target->mm, &piece)) {
		error = map_piece(adoption, &piece);
		if (error)
			return error;
	}
	*vma = piece.vma;
	return piece.done == run->pages ? 0 : -EFAULT;
}
