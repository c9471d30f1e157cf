/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel functions that are not exported to modules, looked up once at load.
 *
 * They are reached through static calls: patched into direct calls, so neither retpolines nor
 * indirect branch tracking (which seals functions nobody takes the address of) get in the way.
 */
#ifndef NAP_SYMBOLS_H
#define NAP_SYMBOLS_H

#include <linux/static_call.h>

/* Included by compat.h only, which knows the symbols that differ: NAP_COMPAT_SYMBOLS. */

#define NAP_SYMBOLS(X)			\
	X(__anon_vma_prepare)		\
	X(anon_vma_fork)		\
	X(anon_vma_clone)		\
	X(unlink_anon_vmas)		\
	X(__mem_cgroup_charge)		\
	X(folio_add_lru_vma)		\
	X(prep_compound_page)		\
	X(__p4d_alloc)			\
	X(__pud_alloc)			\
	X(__pmd_alloc)			\
	X(__pte_alloc)			\
	X(pte_alloc_one)		\
	X(pgtable_trans_huge_deposit)	\
	X(flush_tlb_mm_range)		\
	X(walk_page_range)		\
	X(folio_isolate_lru)		\
	X(migrate_pages)		\
	X(putback_movable_pages)	\
	X(lru_add_drain_all)		\
	X(init_per_zone_wmark_min)	\
	X(sched_setaffinity)		\
	X(arch_prctl_spec_ctrl_set)	\
	X(kernfs_remove_by_name_ns)	\
	X(task_work_add)		\
	X(key_lookup)			\
	X(set_cred_ucounts)		\
	NAP_NUMA_SYMBOLS(X)		\
	NAP_AUTOGROUP_SYMBOLS(X)	\
	NAP_COMPAT_SYMBOLS(X)

#define NAP_DECLARE(function) DECLARE_STATIC_CALL(nap_##function, function);
NAP_SYMBOLS(NAP_DECLARE)
#undef NAP_DECLARE

/* nap_call(f)(...) calls the kernel's f(...). */
#define nap_call(function) static_call(nap_##function)

/* -ENOENT, and a line in the log that names the symbol, where one is missing. */
int nap_symbols_find(void);
unsigned long nap_symbol_address(const char *name);	/* 0: there is none */

#endif
