/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels Nap adopts on: 6.1 and from 6.12 on. Nothing else in this
 * directory looks at the kernel's version. Also declares functions whose prototypes live in mm/internal.h.
 */
#ifndef NAP_COMPAT_H
#define NAP_COMPAT_H

#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/key.h>
#include <linux/memcontrol.h>
#include <linux/memory_hotplug.h>
#include <linux/mempolicy.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/pagemap.h>
#include <linux/pagewalk.h>
#include <linux/percpu_counter.h>
#include <linux/rmap.h>
#include <linux/sched.h>
#include <linux/sched/autogroup.h>
#include <linux/swap.h>
#include <linux/task_work.h>
#include <linux/version.h>
#include <asm/pgalloc.h>
#include <asm/tlbflush.h>

#define NAP_FOLIOS (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0))

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0) || \
	(!NAP_FOLIOS && LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0))
#error "Nap knows kernels 6.1 and from 6.12 on"
#endif

/* mm/internal.h; hidden from modules in asm/tlbflush.h */
void flush_tlb_mm_range(struct mm_struct *mm, unsigned long start, unsigned long end, unsigned int stride_shift,
			bool freed_tables);
void prep_compound_page(struct page *page, unsigned int order);

#if NAP_FOLIOS
bool folio_isolate_lru(struct folio *folio);
int init_per_zone_wmark_min(void);

#define NAP_COMPAT_SYMBOLS(X)		\
	X(folio_add_new_anon_rmap)	\
	X(folio_add_anon_rmap_ptes)	\
	X(folio_add_anon_rmap_pmd)	\
	X(__pte_offset_map_lock)

#define NAP_TOP_ORDER MAX_PAGE_ORDER
#define NAP_WALK_LOCK .walk_lock = PGWALK_WRLOCK,

typedef struct folio nap_migrated;	/* what migrate_pages' allocator takes and gives */

#else
int folio_isolate_lru(struct folio *folio);

#define NAP_COMPAT_SYMBOLS(X)		\
	X(page_add_new_anon_rmap)	\
	X(page_add_anon_rmap)		\
	X(prep_transhuge_page)

#define NAP_TOP_ORDER (MAX_ORDER - 1)
#define NAP_WALK_LOCK
#define VM_DROPPABLE VM_NONE

typedef struct page nap_migrated;
#endif

#ifndef VM_SHADOW_STACK
#define VM_SHADOW_STACK VM_NONE
#endif

#ifdef CONFIG_NUMA
#define NAP_NUMA_SYMBOLS(X) X(__mpol_dup) X(__mpol_put)
#else
#define NAP_NUMA_SYMBOLS(X)
#endif

#ifdef CONFIG_SCHED_AUTOGROUP
#define NAP_AUTOGROUP_SYMBOLS(X) X(proc_sched_autogroup_set_nice)
#else
#define NAP_AUTOGROUP_SYMBOLS(X)
#endif

#include "symbols.h"

/* Of a restart block's futex.flags (kernel/futex/futex.h). */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
#define NAP_FUTEX_SIZE_32 0x02
#define NAP_FUTEX_SHARED 0x10
#define NAP_FUTEX_CLOCKRT 0x20
#define NAP_FUTEX_TIMED 0x40
#else
#define NAP_FUTEX_SIZE_32 0
#define NAP_FUTEX_SHARED 0x01
#define NAP_FUTEX_CLOCKRT 0x02
#define NAP_FUTEX_TIMED 0x04
#endif

/* Takes away what the memory map put on a page that is onlined but not yet given to the allocator. */
static inline void nap_clear_offline_mark(struct page *page)
{
#if NAP_FOLIOS
	__ClearPageOffline(page);
#else
	__ClearPageReserved(page);
#endif
}

static inline void nap_add_anon_rss(struct mm_struct *mm, long pages)
{
#if NAP_FOLIOS
	percpu_counter_add(&mm->rss_stat[MM_ANONPAGES], pages);
#else
	atomic_long_add(pages, &mm->rss_stat.count[MM_ANONPAGES]);
#endif
}

/* Statistics of pages of one node and memory cgroup, newly mapped; preemption is off. */
static inline void nap_add_anon_mapped(struct page *page, int pages)
{
#if NAP_FOLIOS
	__lruvec_stat_mod_folio(page_folio(page), NR_ANON_MAPPED, pages);
#else
	__mod_lruvec_page_state(page, NR_ANON_MAPPED, pages);
#endif
}

/* Keeps page faults that take only the lock of the VMA away; the caller holds mmap_lock for writing. */
static inline void nap_vma_lock(struct vm_area_struct *vma)
{
#if NAP_FOLIOS
	vma_start_write(vma);
#endif
}

static inline pte_t nap_pte_mkwrite(pte_t entry)
{
#if NAP_FOLIOS
	return pte_mkwrite_novma(entry);
#else
	return pte_mkwrite(entry);
#endif
}

static inline pmd_t nap_pmd_mkwrite(pmd_t entry)
{
#if NAP_FOLIOS
	return pmd_mkwrite_novma(entry);
#else
	return pmd_mkwrite(entry);
#endif
}

/* NULL: the page table is gone or became a huge page; look again. */
static inline pte_t *nap_lock_pte(struct mm_struct *mm, pmd_t *pmd, unsigned long address, spinlock_t **lock)
{
#if NAP_FOLIOS
	return nap_call(__pte_offset_map_lock)(mm, pmd, address, lock);
#else
	/* Only who holds mmap_lock for writing, as we do, removes page tables. */
	return pte_offset_map_lock(mm, pmd, address, lock);
#endif
}

/* A compound page of HPAGE_PMD_ORDER becomes one the kernel knows how to map, reclaim and split. */
static inline void nap_prep_huge(struct page *page)
{
	nap_call(prep_compound_page)(page, HPAGE_PMD_ORDER);
#if NAP_FOLIOS
	folio_set_large_rmappable(page_folio(page));
#else
	nap_call(prep_transhuge_page)(page);
#endif
}

/* Reverse map of a new anonymous page's first mapping; shared: not exclusive to it. */
static inline void nap_add_rmap_first(struct page *page, struct vm_area_struct *vma, unsigned long address, bool shared)
{
#if NAP_FOLIOS
	nap_call(folio_add_new_anon_rmap)(page_folio(page), vma, address, shared ? RMAP_NONE : RMAP_EXCLUSIVE);
#else
	if (shared) {
		__SetPageSwapBacked(page);
		nap_call(page_add_anon_rmap)(page, vma, address, PageCompound(page) ? RMAP_COMPOUND : RMAP_NONE);
	} else {
		nap_call(page_add_new_anon_rmap)(page, vma, address);
	}
#endif
}

/* Reverse map of a further mapping of an anonymous page, small or huge as the page is. */
static inline void nap_add_rmap_further(struct page *page, struct vm_area_struct *vma, unsigned long address)
{
#if NAP_FOLIOS
	if (PageCompound(page))
		nap_call(folio_add_anon_rmap_pmd)(page_folio(page), page, vma, address, RMAP_NONE);
	else
		nap_call(folio_add_anon_rmap_ptes)(page_folio(page), page, 1, vma, address, RMAP_NONE);
#else
	nap_call(page_add_anon_rmap)(page, vma, address, PageCompound(page) ? RMAP_COMPOUND : RMAP_NONE);
#endif
}

/* Takes the page off its LRU list, with a reference; false where it is on none. */
static inline bool nap_isolate_lru(struct page *page)
{
#if NAP_FOLIOS
	return nap_call(folio_isolate_lru)(page_folio(page));
#else
	return !nap_call(folio_isolate_lru)(page_folio(page));
#endif
}

static inline void nap_zap(struct vm_area_struct *vma, unsigned long address, unsigned long size)
{
#if NAP_FOLIOS
	zap_page_range_single(vma, address, size, NULL);
#else
	zap_page_range(vma, address, size);
#endif
}

/* Times of an inode, and how a folder is made. */
static inline struct timespec64 nap_modified(struct inode *inode)
{
#if NAP_FOLIOS
	return inode_get_mtime(inode);
#else
	return inode->i_mtime;
#endif
}

static inline struct timespec64 nap_changed(struct inode *inode)
{
#if NAP_FOLIOS
	return inode_get_ctime(inode);
#else
	return inode->i_ctime;
#endif
}

static inline void nap_set_times(struct inode *inode, struct timespec64 modified, struct timespec64 changed)
{
#if NAP_FOLIOS
	inode_set_mtime_to_ts(inode, modified);
	inode_set_ctime_to_ts(inode, changed);
#else
	inode->i_mtime = modified;
	inode->i_ctime = changed;
#endif
}

static inline int nap_mkdir(struct inode *folder, struct dentry *name, umode_t mode)
{
#if NAP_FOLIOS
	return folder->i_op->mkdir(&nop_mnt_idmap, folder, name, mode);
#else
	return folder->i_op->mkdir(&init_user_ns, folder, name, mode);
#endif
}

#endif
