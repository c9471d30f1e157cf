/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The module's inner interfaces, one block for each file. All run under one mutex (main.c), except
 * the online callback.
 *
 * Until settle not one byte of U is written: pages of U get a struct page of their own and page
 * table entries, nothing else, and every adopted one an extra reference, so that nothing that
 * happens to a restored task can give it to the allocator.
 */
#ifndef NAP_H
#define NAP_H

#include <linux/mm.h>
#include <linux/types.h>

#include "nap_uapi.h"

/* withhold.c: which frames of U the allocator does not have */
int nap_withhold_start(unsigned long first_frame, unsigned long frames);
void nap_withhold_stop(void);
unsigned long nap_first_frame(void);
unsigned long nap_frames(void);
unsigned long nap_withheld_count(void);
bool nap_in_user_memory(u64 frame, u64 count);
bool nap_withheld(unsigned long frame, unsigned long count);	/* all of them; they lie in U */
void nap_take(unsigned long frame, unsigned long count);	/* for adoption: withheld no longer */
unsigned long nap_release(void);				/* the rest to the allocator, for ever */

/* references.c: what keeps adopted pages from being freed before settle */
int nap_references_start(unsigned long frames);
void nap_references_stop(void);
void nap_reference(struct page *page, unsigned int count);	/* head pages in a row, in U; their count is the caller's to raise */
void nap_leave_unlisted(struct page *page, unsigned int count);	/* of those: not yet on the LRU */
unsigned long nap_references_drop(void);
unsigned long nap_references_count(void);
int nap_remember(struct page *page);		/* adopted outside U */
struct page *nap_recall(void);			/* one of those, with its reference; NULL: no more */
unsigned long nap_remembered_count(void);

/* Asking for too much must fail, not wake the OOM killer: nobody may die before commit. */
#define NAP_GFP (GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* sockets.c: what of sockets no other call sets */
int nap_sockets_open(void);	/* a descriptor, or an error */
void nap_sockets_close(void);	/* its calls are refused from now on */

/* exits.c: what the end of a thread writes into its memory, kept from it until the tasks run */
struct nap_exits;
struct nap_exits *nap_exits_find(struct task_struct *process);	/* changes nothing; may be an error */
void nap_exits_take(struct nap_exits *exits);
void nap_exits_forget(struct nap_exits *exits);			/* found, not taken */
void nap_exits_give_back(void);					/* all that was taken */

/* target.c: the tasks of a request */
struct nap_target {
	struct mm_struct *mm;
	struct nap_exits *exits;
	struct nap_run *runs;
	u32 run_count;
};

/* How a page is mapped. */
enum nap_kind {
	NAP_EXCLUSIVE,
	NAP_FIRST_OF_SHARED,
	NAP_FURTHER,		/* adopted before, mapped elsewhere too */
};

/* Pages of one page table and VMA, taken and referenced, not yet charged and mapped. */
struct nap_gathered {
	struct vm_area_struct *vma;
	unsigned long table;		/* address of its first entry's page */
	unsigned int count;
	struct page *pages[PTRS_PER_PTE];
	u16 slots[PTRS_PER_PTE];	/* entries, ascending */
};

/*
 * An ADOPT under way. Pages have *identities*: frames of U are numbered from 0, pages of the spilled
 * bytes follow them.
 */
struct nap_adoption {
	struct nap_adopt *report;
	struct nap_target *targets;
	u32 target_count;
	bool locked;			/* mmap_lock of every target is held for writing */
	bool sharing;			/* some run is NAP_RUN_SHARED */
	u64 identities;
	u64 runs;			/* begun to be mapped */
	struct page **spilled;		/* page made for each page of the spilled bytes that is shared */
	struct nap_gathered gathered;
	struct page *batch[PTRS_PER_PTE];
	u8 batch_kind[PTRS_PER_PTE];	/* enum nap_kind */
};

int nap_targets_get(struct nap_adoption *adoption);	/* copies tasks and runs, holds and locks the mms */
void nap_targets_take_exits(struct nap_adoption *adoption);
void nap_targets_put(struct nap_adoption *adoption);

/* One run's part that lies in one VMA. Start with .run set and the rest zero; .vma may be a guess. */
struct nap_piece {
	const struct nap_run *run;
	struct vm_area_struct *vma;
	unsigned long address;
	unsigned long pages;
	unsigned long done;		/* pages of the run before this piece */
};

bool nap_next_piece(struct mm_struct *mm, struct nap_piece *piece);	/* false: the run ends, or no VMA */
u64 nap_identity(const struct nap_run *run);				/* of the run's first page */
struct page *nap_frame_page(u64 identity);				/* page of U */

/* validate.c: refuses without having changed anything; turns huge runs small where a VMA cannot hold them */
int nap_validate(struct nap_adoption *adoption);

/* share.c: copy-on-write groups */
struct nap_groups;
struct nap_groups *nap_groups_find(struct nap_adoption *adoption);	/* changes nothing; may be NULL or an error */
int nap_groups_link(struct nap_adoption *adoption, struct nap_groups *groups);
void nap_groups_free(struct nap_groups *groups);
bool nap_can_share(struct page *page, struct vm_area_struct *vma, unsigned long address);

/* join.c: VMAs that the kernel may join */
bool nap_may_join(struct mm_struct *mm, struct vm_area_struct *a, const struct vm_area_struct *b);	/* a below b */
int nap_join(struct mm_struct *mm, struct vm_area_struct *vma);	/* those beside it get its links, if they have none */

/* page.c: from withheld, or fresh, to a page that can be mapped */
struct page *nap_page_fresh(void);
int nap_page_adopt(struct page *page, struct mm_struct *mm);		/* fresh page: charged, up to date, remembered */
int nap_page_adopt_small(struct page *page, struct mm_struct *mm);	/* taken page of U: also referenced */
int nap_page_adopt_huge(struct page *page, struct mm_struct *mm);	/* 512 taken pages of U become one */
void nap_rmap_first(struct page *page, struct vm_area_struct *vma, unsigned long address, bool shared);
void nap_rmap_further(struct page *page, struct vm_area_struct *vma, unsigned long address);

/* present.c: pages of a range that are mapped already, swapped out, or migrating */
unsigned long nap_count_present(struct vm_area_struct *vma, unsigned long start, unsigned long end,
				unsigned long *anonymous);

/* batch.c: fills adoption->batch with the pages of a piece */
int nap_batch_fill(struct nap_adoption *adoption, const struct nap_run *run, struct vm_area_struct *vma,
		   unsigned long address, u64 identity, unsigned int count);

/* gather.c: small pages that are neither shared nor spilled */
bool nap_can_gather(const struct nap_piece *piece);
int nap_gather(struct nap_adoption *adoption, const struct nap_piece *piece);
int nap_gather_flush(struct nap_adoption *adoption);

/* map.c, map_small.c, map_huge.c: page table entries. *vma: the one of the run before, then of this one */
int nap_map_run(struct nap_adoption *adoption, struct nap_target *target, const struct nap_run *run,
		struct vm_area_struct **vma);
pte_t nap_entry_of(struct page *page, struct vm_area_struct *vma, bool exclusive);
int nap_map_small(struct nap_adoption *adoption, const struct nap_piece *piece);
int nap_map_huge(struct nap_adoption *adoption, const struct nap_piece *piece);
pmd_t *nap_find_pmd(struct mm_struct *mm, unsigned long address);
/* The entry of `address`, its page table locked; NULL: a huge page is in the way; or an error. */
pte_t *nap_lock_table(struct mm_struct *mm, unsigned long address, spinlock_t **lock);
int nap_anon_vma(struct vm_area_struct *vma);

/* calls.c: system calls that go on when their threads run */
void nap_calls_find(void);			/* the kernel's functions for that */
int nap_calls_set(struct nap_calls *request);
int nap_wait_until_still(struct task_struct *task);	/* it does not run; a second at most */
struct pid_namespace *nap_namespace_of(pid_t init);	/* with a reference; NULL: no such process */
struct task_struct *nap_thread_of(pid_t number, struct pid_namespace *pids);	/* likewise */

/* touch.c: reads pages of U, writes none */
int nap_touch(struct nap_touch *request);

/* adopt.c, accounts.c, settle.c, ipc.c: the calls */
int nap_adopt(struct nap_adopt *report);
int nap_accounts(struct nap_accounts *report);
void nap_settle(struct nap_settle *report);
int nap_ipc(struct nap_ipc *request);

/* inotify.c: what a descriptor holds unread, replaced */
int nap_inotify(const struct nap_inotify *request);
/* file.c, keys.c, user_ns.c */
int nap_file(const struct nap_file *request);
/* nameless.c */
int nap_name(const struct nap_name *request);
long nap_nameless(const struct nap_nameless *request);	/* a descriptor, or an error */
int nap_session_ring(const struct nap_session_ring *request);
int nap_user_ns(const struct nap_user_ns *request);
/* identity.c */
int nap_set_boot_id(const struct nap_boot_id *request);
int nap_root_group(int group);	/* a descriptor of its folder */
/* connection.c */
struct nap_connection;
int nap_connection(struct nap_connection *connection);

/* held_network.c */
int nap_hold_network(int network);	/* a descriptor, or an error */
int nap_held_networks_start(void);
void nap_held_networks_stop(void);

#endif
