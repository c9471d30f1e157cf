/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * A task's account: what its kernel remembers of it beside CRIU's images. The host reads it out of the older kernel
 * (src/walk/accounts.hpp), the module writes it into the newer one (NAP_IOC_ACCOUNTS).
 *
 * Words of 64 bits, process after process:
 *
 *   pid, number of threads, NAP_PROCESS_WORDS, then for each thread: tid, NAP_THREAD_WORDS
 *
 * with tids as in the innermost PID namespace of the process. A word of a field that is narrower holds whatever follows
 * it in the kernel above that; one the older kernel does not have is NAP_UNKNOWN and is left as it is.
 */
#ifndef NAP_ACCOUNT_H
#define NAP_ACCOUNT_H

#define NAP_UNKNOWN 0xffffffffffffdeadULL

/*
 * X(name, structure, path, bytes after it). Structures: task_struct, its io_context and mempolicy (none: all words 0);
 * signal_struct, autogroup, sighand_struct, and of a process that has memory its mm_struct.
 *
 * PLAIN: written as they are.
 */
#define NAP_PLAIN_OF_THREAD(X)								\
	X(UTIME, task_struct, utime, 0)							\
	X(STIME, task_struct, stime, 0)							\
	X(GUEST_TIME, task_struct, gtime, 0)						\
	X(SHOWN_UTIME, task_struct, prev_cputime.utime, 0)				\
	X(SHOWN_STIME, task_struct, prev_cputime.stime, 0)				\
	X(RUNTIME, task_struct, se.sum_exec_runtime, 0)					\
	X(MIGRATIONS, task_struct, se.nr_migrations, 0)					\
	X(RUN_DELAY, task_struct, sched_info.run_delay, 0)				\
	X(RUN_COUNT, task_struct, sched_info.pcount, 0)					\
	X(VOLUNTARY_SWITCHES, task_struct, nvcsw, 0)					\
	X(INVOLUNTARY_SWITCHES, task_struct, nivcsw, 0)					\
	X(MINOR_FAULTS, task_struct, min_flt, 0)					\
	X(MAJOR_FAULTS, task_struct, maj_flt, 0)					\
	X(READ_CHARS, task_struct, ioac.rchar, 0)					\
	X(WRITTEN_CHARS, task_struct, ioac.wchar, 0)					\
	X(READ_CALLS, task_struct, ioac.syscr, 0)					\
	X(WRITE_CALLS, task_struct, ioac.syscw, 0)					\
	X(READ_BYTES, task_struct, ioac.read_bytes, 0)					\
	X(WRITTEN_BYTES, task_struct, ioac.write_bytes, 0)				\
	X(CANCELLED_BYTES, task_struct, ioac.cancelled_write_bytes, 0)			\
	X(TIMER_SLACK, task_struct, timer_slack_ns, 0)					\
	X(DEFAULT_TIMER_SLACK, task_struct, default_timer_slack_ns, 0)			\
	X(LOGIN_USER, task_struct, loginuid, 0)						\
	X(LOGIN_SESSION, task_struct, sessionid, 0)

#define NAP_PLAIN_OF_SIGNAL(X)								\
	X(DEAD_UTIME, signal_struct, utime, 0)						\
	X(DEAD_STIME, signal_struct, stime, 0)						\
	X(DEAD_GUEST_TIME, signal_struct, gtime, 0)					\
	X(CHILDREN_UTIME, signal_struct, cutime, 0)					\
	X(CHILDREN_STIME, signal_struct, cstime, 0)					\
	X(CHILDREN_GUEST_TIME, signal_struct, cgtime, 0)				\
	X(GROUP_SHOWN_UTIME, signal_struct, prev_cputime.utime, 0)			\
	X(GROUP_SHOWN_STIME, signal_struct, prev_cputime.stime, 0)			\
	X(DEAD_VOLUNTARY_SWITCHES, signal_struct, nvcsw, 0)				\
	X(DEAD_INVOLUNTARY_SWITCHES, signal_struct, nivcsw, 0)				\
	X(CHILDREN_VOLUNTARY_SWITCHES, signal_struct, cnvcsw, 0)			\
	X(CHILDREN_INVOLUNTARY_SWITCHES, signal_struct, cnivcsw, 0)			\
	X(DEAD_MINOR_FAULTS, signal_struct, min_flt, 0)					\
	X(DEAD_MAJOR_FAULTS, signal_struct, maj_flt, 0)					\
	X(CHILDREN_MINOR_FAULTS, signal_struct, cmin_flt, 0)				\
	X(CHILDREN_MAJOR_FAULTS, signal_struct, cmaj_flt, 0)				\
	X(DEAD_BLOCKS_READ, signal_struct, inblock, 0)					\
	X(DEAD_BLOCKS_WRITTEN, signal_struct, oublock, 0)				\
	X(CHILDREN_BLOCKS_READ, signal_struct, cinblock, 0)				\
	X(CHILDREN_BLOCKS_WRITTEN, signal_struct, coublock, 0)				\
	X(LARGEST, signal_struct, maxrss, 0)						\
	X(LARGEST_CHILD, signal_struct, cmaxrss, 0)					\
	X(DEAD_READ_CHARS, signal_struct, ioac.rchar, 0)				\
	X(DEAD_WRITTEN_CHARS, signal_struct, ioac.wchar, 0)				\
	X(DEAD_READ_CALLS, signal_struct, ioac.syscr, 0)				\
	X(DEAD_WRITE_CALLS, signal_struct, ioac.syscw, 0)				\
	X(DEAD_READ_BYTES, signal_struct, ioac.read_bytes, 0)				\
	X(DEAD_WRITTEN_BYTES, signal_struct, ioac.write_bytes, 0)			\
	X(DEAD_CANCELLED_BYTES, signal_struct, ioac.cancelled_write_bytes, 0)		\
	X(DEAD_RUNTIME, signal_struct, sum_sched_runtime, 0)				\
	X(OOM_SCORE, signal_struct, oom_score_adj, 0)					\
	X(LEAST_OOM_SCORE, signal_struct, oom_score_adj_min, 0)

#define NAP_PLAIN_OF_MEMORY(X)								\
	X(PEAK_RESIDENT, mm_struct, hiwater_rss, 0)					\
	X(PEAK_MAPPED, mm_struct, hiwater_vm, 0)

/* OTHER: each has a way of its own. Start times are those that the task's time namespace shows. */
#define NAP_OTHER_OF_THREAD(X)								\
	X(START, task_struct, start_time, 0)						\
	X(START_SINCE_BOOT, task_struct, start_boottime, 0)				\
	X(FLAGS, task_struct, flags, 0)							\
	X(ATOMIC_FLAGS, task_struct, atomic_flags, 0)					\
	X(THREAD_FLAGS, task_struct, thread_info.flags, 0)				\
	X(EXIT_SIGNAL, task_struct, exit_signal, 0)					\
	X(STATIC_PRIORITY, task_struct, static_prio, 0)					\
	X(CPUS_0, task_struct, cpus_mask, 0)						\
	X(CPUS_1, task_struct, cpus_mask, 8)						\
	X(CPUS_2, task_struct, cpus_mask, 16)						\
	X(CPUS_3, task_struct, cpus_mask, 24)						\
	X(IO_PRIORITY, io_context, ioprio, 0)						\
	X(POLICY_MODE, mempolicy, mode, 0)						\
	X(POLICY_FLAGS, mempolicy, flags, 0)						\
	X(POLICY_NODES, mempolicy, nodes, 0)						\
	X(POLICY_GIVEN_NODES, mempolicy, w, 0)						\
	X(POLICY_HOME_NODE, mempolicy, home_node, 0)

/* How it takes SIGTRAP: a debugger's int3, by which CRIU calls into a process that ignores or blocks it, resets that. */
#define NAP_OTHER_OF_PROCESS(X)								\
	X(TRAP_HANDLER, sighand_struct, action, 4 * 32)					\
	X(TRAP_FLAGS, sighand_struct, action, 4 * 32 + 8)				\
	X(TRAP_RETURN, sighand_struct, action, 4 * 32 + 16)				\
	X(TRAP_MASK, sighand_struct, action, 4 * 32 + 24)				\
	X(MEMORY_FLAGS, mm_struct, flags, 0)						\
	X(AUTOGROUP_NICE, autogroup, nice, 0)

#define NAP_OF_THREAD(X) NAP_PLAIN_OF_THREAD(X) NAP_OTHER_OF_THREAD(X)
#define NAP_OF_PROCESS(X) NAP_PLAIN_OF_SIGNAL(X) NAP_PLAIN_OF_MEMORY(X) NAP_OTHER_OF_PROCESS(X)

#define NAP_INDEX(name, structure, path, more) NAP_##name,
enum nap_thread_word { NAP_OF_THREAD(NAP_INDEX) NAP_THREAD_WORDS };
enum nap_process_word { NAP_OF_PROCESS(NAP_INDEX) NAP_PROCESS_WORDS };
#undef NAP_INDEX

/* Words before those of the process, and before those of a thread. */
#define NAP_PROCESS_HEAD 2
#define NAP_THREAD_HEAD 1

#endif
