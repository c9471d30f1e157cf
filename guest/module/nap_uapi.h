/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The adoption module's interface: /dev/nap, mode 0600, usable by CAP_SYS_ADMIN of the initial user namespace.
 *
 * Loaded with u_first_frame=N u_frames=N before the blocks of U are onlined; every page onlined in that range is
 * withheld from the allocator, its contents untouched.
 */
#ifndef NAP_UAPI_H
#define NAP_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define NAP_RUN_HUGE 1		/* pages == 512, both sides 2 MiB aligned: map as one 2 MiB page */
#define NAP_RUN_SHARED 2	/* frames stand in several runs (any task): stay shared copy-on-write */
#define NAP_RUN_SPILLED 4	/* contents come from spilled + source; not with HUGE; `frame` is not looked at */

struct nap_run {
	__u64 address;		/* virtual, page aligned; within user space; may span several VMAs */
	__u64 frame;		/* page frame number */
	__u64 source;		/* byte offset into the spilled bytes, page aligned; sharers name the same one */
	__u32 pages;
	__u32 flags;
};

struct nap_task {
	__s32 pid;		/* in the caller's PID namespace */
	__u32 run_count;
	__u64 runs;		/* pointer to struct nap_run[run_count] */
};

/*
 * All tasks at once. The runs of a task ascend and do not overlap. Everything is validated before the first
 * change; an error half-way is reported in changed != 0: the caller then ends this kernel. From then on the module
 * refuses everything (ENOTRECOVERABLE) and never gives a page of U to the allocator.
 *
 * Before the first change: EPERM (not root of the initial namespaces), ESRCH (no such task, or none with memory),
 * EINVAL (form, order, the caller's own memory, the same memory twice), EFAULT (a pointer of the request, or an
 * address no VMA covers), EOPNOTSUPP (a VMA that cannot hold anonymous pages of ours), ENXIO (frame outside U),
 * EBUSY (frame not withheld), EEXIST (frame or spilled page named twice, not always as shared), E2BIG, ENOMEM,
 * EINTR, EALREADY (resumed or settled).
 */
struct nap_adopt {
	__u64 tasks;		/* pointer to struct nap_task[task_count] */
	__u64 spilled;		/* pointer to the spilled bytes */
	__u64 spilled_size;	/* bytes */
	__u32 task_count;
	/* out */
	__u32 changed;		/* 0: refused before the first change */
	__u32 error_task, error_run;	/* indices, where an error belongs to one; else ~0 */
	__u64 pages_small, pages_huge;	/* adopted, in 4 KiB pages (pages_huge counts 512 each) */
	__u64 pages_shared;		/* further mappings of an already adopted frame */
	__u64 pages_spilled;		/* allocated and copied from the spilled bytes */
	__u64 pages_copied;		/* shared pages that could not be shared here (index differs, foreign anon_vma) */
	__u64 pages_replaced;		/* something was there already and was zapped */
	__u64 ns_validate, ns_small, ns_huge, ns_spilled, ns_total;
};

struct nap_status {
	__u64 first_frame, frames;	/* U */
	__u64 withheld;			/* page frames now */
	__u64 adopted;			/* page frames, ever */
	__u64 extra_references;
	__u64 spilled_waiting;		/* pages adopted outside U, to be brought back */
};

struct nap_settle {
	__u64 references_dropped, pages_released;
	__u64 spilled_returned;		/* pages adopted outside U, copies included, that lie in U now */
	__u64 spilled_left;		/* still mapped, still outside U */
	__u64 ns;
};

/*
 * A system call which the freeze interrupted and which the kernel is to go on with, for the time that is left, once
 * the thread runs (restart_syscall(2)).
 */
#define NAP_CALL_SLEEP 1		/* nanosleep(2), clock_nanosleep(2) for a while */
#define NAP_CALL_PROCESSOR_SLEEP 2	/* of a processor time clock */
#define NAP_CALL_ALARM_SLEEP 3		/* of CLOCK_REALTIME_ALARM or CLOCK_BOOTTIME_ALARM */
#define NAP_CALL_FUTEX_WAIT 4		/* futex(2) with a time */
#define NAP_CALL_POLL 5			/* poll(2) */

#define NAP_CALL_TIMED 1		/* futex, poll: there is a time limit */
#define NAP_CALL_SHARED 2		/* futex: between processes */
#define NAP_CALL_REALTIME 4		/* futex: time is absolute, CLOCK_REALTIME */

struct nap_call {
	__s32 tid;		/* in the userland's PID namespace */
	__u32 kind;
	__s32 clock;		/* sleeps: the clock waited on */
	__u32 flags;
	__u64 address;		/* sleeps: where the time left is stored, or 0; futex: the word; poll: the array */
	__s64 time;		/* ns left; absolute for processor time clocks, CLOCK_REALTIME and CLOCK_TAI */
	__u32 value;		/* futex: expected; poll: entries of the array */
	__u32 bitset;		/* futex */
};

/*
 * After ADOPT, while the threads stand still, each with EINTR as the result of its system call. Calls before the one
 * in error have been set. ESRCH (no such thread), EINVAL (form), EBUSY (it runs, or its registers say something else),
 * ENOENT (this kernel cannot), EFAULT, E2BIG, ENOMEM, EALREADY (resumed or settled).
 */
struct nap_calls {
	__u64 calls;		/* pointer to struct nap_call[call_count] */
	__u32 call_count;
	__s32 init;		/* the userland's process 1, in the caller's PID namespace */
	/* out */
	__u32 error_call;	/* index, where an error belongs to one; else ~0 */
	__u32 reserved;
};

/* What System V IPC objects remember and no system call sets. */
#define NAP_IPC_SHM 1		/* pids: creator, last; times: attached, detached, changed */
#define NAP_IPC_QUEUE 2		/* pids: last sender, last receiver; times: sent, received, changed */
#define NAP_IPC_SET 3		/* of semaphores; times: of the last operation, changed */
#define NAP_IPC_SEMAPHORE 4	/* `index` of the set; pids: last */
#define NAP_IPC_COUNTER 5	/* where ids go on; `id`: 0 semaphores, 1 queues, 2 shm; times: sequence, index */

struct nap_ipc_object {
	__u32 kind;
	__s32 id;
	__u32 index;
	__u32 cuid, cgid;	/* creator, in the initial user namespace */
	__s32 pids[2];		/* in the PID namespace of nap_ipc.pid; 0: none */
	__u32 unused;
	__s64 times[3];		/* seconds */
	__s64 seen[3];		/* as IPC_STAT shows them now */
};

/*
 * Before commit, the tasks recreated and frozen. ESRCH (no such process, or no process has such a pid now), EINVAL
 * (no such object, or one that is not as `seen`: this kernel's differ from those the module knows), E2BIG, ENOMEM,
 * EFAULT, EALREADY. Objects before the one in error are set.
 */
struct nap_ipc {
	__u64 objects;		/* pointer to struct nap_ipc_object[count] */
	__u32 count;
	__s32 pid;		/* of a process of the IPC and PID namespaces, in the caller's */
	/* out */
	__u32 error_object;
	__u32 unused;
};

/*
 * Accounts (nap_account.h) of tasks that stand still, after ADOPT and before RESUME. All processes of the request are
 * found, with all their threads, before the first is changed: ESRCH, EINVAL (form), EBUSY (a thread runs), E2BIG,
 * EFAULT, ENOMEM. What this kernel refuses of one is left out and counted; the first thread of each kind is named.
 */
enum nap_refusal {
	NAP_REFUSED_CPUS, NAP_REFUSED_IO_PRIORITY, NAP_REFUSED_MEMORY_POLICY, NAP_REFUSED_SPECULATION,
	NAP_REFUSED_AUTOGROUP, NAP_REFUSALS
};

struct nap_accounts {
	__u64 words;			/* pointer to __u64[word_count]; pids in the caller's PID namespace */
	__u64 word_count;
	/* out */
	__u32 processes, threads;
	__u32 refused[NAP_REFUSALS];
	__s32 refused_pid[NAP_REFUSALS], refused_tid[NAP_REFUSALS];
	__u32 padding;
	__u64 ns;
};

#define NAP_IOC_ADOPT	_IOWR('N', 1, struct nap_adopt)
#define NAP_IOC_STATUS	_IOR('N', 2, struct nap_status)
/*
 * After commit, before the tasks run. Until then the end of one of their threads writes nothing into their memory
 * (set_tid_address(2), set_robust_list(2)).
 */
#define NAP_IOC_RESUME	_IO('N', 4)
/* After commit: RESUME, where that was not asked; drops the extra references, releases what is withheld, migrates spilled pages into U. */
#define NAP_IOC_SETTLE	_IOR('N', 3, struct nap_settle)
#define NAP_IOC_ACCOUNTS _IOWR('N', 7, struct nap_accounts)

#define NAP_IOC_CALLS	_IOWR('N', 5, struct nap_calls)
/*
 * Returns a descriptor whose calls set what of a socket no other call sets, for whoever recreates sockets inside of
 * the machine's PID namespace; pids are numbers there, of processes that may have ended. Good until RESUME.
 */
#define NAP_IOC_SOCKETS	_IO('N', 6)

#define NAP_PEER_OTHER 1	/* of the socket that it is connected to, which may not be accepted yet */

/* SO_PEERCRED and SO_PEERGROUPS of a unix socket. */
struct nap_socket_peer {
	__s32 fd;
	__s32 pid;
	__u32 uid, gid;
	__u64 groups;		/* pointer to __u32[group_count] */
	__u32 group_count;
	__u32 flags;
};
#define NAP_SOCKET_PEER	_IOW('N', 16, struct nap_socket_peer)

#define NAP_SENT_CREDENTIALS 1	/* pid, uid, gid; else the message has none */
#define NAP_SENT_ADDRESS 2	/* address; of none where address_size is 0; else the sending socket's */

/* What the connected unix socket has sent last: a message, or so many bytes of a stream. */
struct nap_socket_sent {
	__s32 fd;
	__u32 bytes;
	__u32 flags;
	__s32 pid;
	__u32 uid, gid;
	__u64 timestamp;	/* ns, CLOCK_REALTIME; 0: none */
	__u32 address_size;
	__u8 address[110];	/* struct sockaddr_un */
	__u8 unused[6];
};
#define NAP_SOCKET_SENT	_IOW('N', 17, struct nap_socket_sent)

#define NAP_NO_HEADER 0x7fffffff
#define NAP_LINEAR 4096		/* bytes at most that lie in a buffer's first piece */

/* A struct sk_buff for the end of a socket's queue, past routing, filters and checksums. */
struct nap_socket_buffer {
	__u64 data;			/* pointer to headroom + size bytes */
	__s64 timestamp, hardware_timestamp;	/* ns; 0: none */
	__s32 fd;
	__u32 headroom, size;
	__u32 linear;			/* of size */
	__s32 mac, network, transport;	/* headers, counted from the data, or NAP_NO_HEADER */
	__u32 interface;		/* index of the one it came from */
	__u32 mark, priority;
	__u32 segment_type;
	__s32 checksum_start;		/* counted from the data */
	__u16 checksum_offset;
	__u16 segment;
	__be16 protocol, vlan_protocol;
	__u16 vlan;
	__u8 packet_type, checksum;	/* pkt_type, ip_summed */
	__u8 errors;			/* into the error queue */
	__u8 unused[3];
	__u8 control[48];		/* cb; the same from 6.1 to 6.12 for all families but unix */
};
#define NAP_SOCKET_BUFFER	_IOW('N', 18, struct nap_socket_buffer)

#define NAP_SOCKET_EMPTY 1	/* what waits in its queues is dropped */
#define NAP_SOCKET_CLOSED 2	/* TCP: it was connected, or connecting: shutdown, connecting, done */

struct nap_socket_state {
	__s32 fd;
	__u32 flags;
	__s32 error, soft_error;	/* SO_ERROR to come */
	__u32 timestamp_key, zero_copy_key;	/* numbers of the next notices */
	__u32 drops;
	__u8 shutdown, connecting, done, unused;	/* sk_shutdown, enum socket_state, SOCK_DONE */
	__be32 flow_label;		/* IPv6: of what it sends to whom it is connected; else 0 */
	__u32 reserved;
};
#define NAP_SOCKET_STATE	_IOW('N', 19, struct nap_socket_state)

/*
 * Before commit: what the inotify descriptor `fd` of the caller's holds unread becomes `events`; nothing else is
 * changed where it is refused (EINVAL: form, no inotify descriptor; EBADF; EFAULT; E2BIG; ENOMEM).
 */
struct nap_inotify {
	__s32 fd;
	__u32 max_events;	/* as many fit into its queue */
	__u32 next_watch;	/* number from which a free one for the next watch is looked for */
	__u32 once_count;
	__u64 once;		/* pointer to __s32[once_count]: numbers of watches that end with their first event */
	__u64 events;		/* pointer to struct inotify_event, one after the other, names not padded */
	__u64 size;		/* bytes */
};
#define NAP_IOC_INOTIFY	_IOW('N', 40, struct nap_inotify)
#define NAP_IOC_IPC	_IOWR('N', 70, struct nap_ipc)

/*
 * Before commit: how the caller's descriptor `fd` was opened. `flags`: which of O_LARGEFILE, O_DIRECTORY and the bit
 * that O_TMPFILE has beside it F_GETFL shows. EINVAL (form), EBADF.
 */
struct nap_file {
	__s32 fd;
	__u32 flags;
	__u32 linkable;		/* 1: linkat(2) may give it a name though it has none */
	__u32 unused;
};
#define NAP_IOC_FILE	_IOW('N', 80, struct nap_file)

/*
 * Names, which are numbers, for files that have none: in a folder in the root of their file system, made with the
 * first. Neither times change by that, nor is anybody told who watches. At any time, without U, too. EXDEV (a file of
 * another file system, or no regular one), EBADF, EEXIST, ENOENT, ENOTDIR, EINVAL (form), what the file system says.
 */
#define NAP_NAMES_FOLDER ".nap-nameless"
#define NAP_NAME_GIVE 1
#define NAP_NAME_TAKE 2		/* the name goes; `file` is not looked at */
#define NAP_NAME_END 3		/* the folder goes, if it is there, and empty */
struct nap_name {
	__s32 root;		/* descriptor of the file system's root, in a mount that may be written to */
	__s32 file;
	__u32 operation;
	__u32 unused;
	__u64 number;
};
#define NAP_IOC_NAME	_IOW('N', 190, struct nap_name)

/*
 * By the descriptor of NAP_IOC_SOCKETS: returns one of `file` as it would be if it had been opened as `name` below
 * `folder`, and that name, with folders on its way, been removed. EXDEV (not of one file system), EBADF, EINVAL,
 * EFAULT, ENOMEM, and what opening it says.
 */
struct nap_nameless {
	__s32 folder;		/* by a path in the mount that is wanted */
	__s32 file;
	__u64 name;		/* pointer to text */
	__u32 flags;		/* of open(2); nothing is made or emptied by them */
	__u32 unused;
};
#define NAP_FILE_NAMELESS _IOW('N', 191, struct nap_nameless)

/*
 * Before commit, the tasks frozen: threads get the key ring as their session's when they run, and the ring the serial
 * number, if that is free. ESRCH, EINVAL, ENOKEY, EFAULT, E2BIG, ENOMEM.
 */
struct nap_session_ring {
	__s32 ring;		/* its serial number now */
	__s32 serial;
	__s32 init;		/* the userland's process 1, in the caller's PID namespace */
	__u32 count;
	__u64 tids;		/* pointer to __s32[count], in the userland's PID namespace */
};
#define NAP_IOC_SESSION_RING _IOW('N', 81, struct nap_session_ring)

/* /proc/sys/kernel/random/boot_id */
struct nap_boot_id {
	__u8 id[16];
};
#define NAP_IOC_BOOT_ID	_IOW('N', 82, struct nap_boot_id)

/* A control group, by a descriptor of its folder, gets the look of the root group. Without U, too. */
#define NAP_IOC_ROOT_GROUP _IOW('N', 83, __s32)

/*
 * Before commit, the tasks frozen, with the credentials they had as the initial user namespace sees them: threads go
 * into the user namespace when they run, and at once the memory of their process, where that belonged to it. EBADF,
 * EINVAL (form, no user namespace just below the initial one), ESRCH, EFAULT, E2BIG, ENOMEM.
 */
struct nap_user_ns_thread {
	__s32 tid;		/* in the userland's PID namespace */
	__u32 memory;		/* 1: with its memory */
};
struct nap_user_ns {
	__s32 ns;		/* descriptor of the namespace */
	__s32 init;		/* the userland's process 1, in the caller's PID namespace */
	__u32 count;
	__u32 unused;
	__u64 threads;		/* pointer to struct nap_user_ns_thread[count] */
};
#define NAP_IOC_USER_NS _IOW('N', 150, struct nap_user_ns)

/* Page frames of U. */
struct nap_range {
	__u64 first, frames;
};

#define NAP_TOUCH_MOST 4096	/* ranges at once */

/*
 * Before ADOPT: a byte of each page is read, so that the host maps it for this kernel. Nothing is read where a range is
 * refused: EINVAL (none, or an empty one), ENXIO (outside U), EBUSY (not withheld), E2BIG (also: more frames than U has).
 * EFAULT, ENOMEM, EINTR, EALREADY.
 */
struct nap_touch {
	__u64 ranges;		/* pointer to struct nap_range[count] */
	__u32 count;
	__u32 reserved;
	/* out */
	__u64 pages, ns;
};
#define NAP_IOC_TOUCH _IOWR('N', 90, struct nap_touch)

#endif
