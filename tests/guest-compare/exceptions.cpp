// SPDX-License-Identifier: GPL-2.0-only
// What an update may change, and why. Whoever adds a line here says why no program can mind.
#include "compare.hpp"

namespace compare {

const std::vector<Exception>& exceptions() {
    using May = Exception::May;
    static const std::vector<Exception> all = {
        // What goes on while a machine runs.
        {May::grow, "*/stat/10", "minor faults go on"},
        {May::grow, "*/stat/12", "major faults go on"},
        {May::grow, "*/stat/14", "CPU time goes on"},
        {May::grow, "*/stat/15", "CPU time goes on"},
        {May::grow, "*/status/*voluntary_ctxt_switches", "switches go on"},
        {May::grow, "*/schedstat", "CPU time goes on"},
        {May::grow, "*/io/*", "input and output go on"},
        {May::grow, "*/sched/se.sum_exec_runtime", "CPU time goes on"},
        {May::grow, "*/sched/nr_*", "switches and migrations go on"},
        {May::grow, "*/sched/se.nr_migrations", "migrations go on"},
        {May::differ, "*/stat/03", "running or asleep, as it happens"},
        {May::differ, "*/status/State", "running or asleep, as it happens"},
        {May::differ, "*/stat/29", "the stack pointer of whoever is asleep is shown as 0 or not"},
        {May::differ, "*/stat/30", "the instruction pointer likewise"},
        {May::differ, "*/stat/35", "the kernel function it sleeps in"},
        {May::differ, "*/zombie/stat/32", "signals that a zombie had blocked: none reaches it"},
        {May::differ, "*/stat/39", "the processor it ran on last"},
        {May::differ, "*/fdinfo/*/it_value*", "a timer's time left"},
        {May::differ, "*/fdinfo/*/ticks", "a timer's expiries"},
        {May::grow, "*/stat/11", "minor faults of children that ended meanwhile"},
        {May::grow, "*/stat/13", "major faults of children"},
        {May::grow, "*/stat/16", "CPU time of children"},
        {May::grow, "*/stat/17", "CPU time of children"},
        {May::differ, "*/status/SigQ", "a count of all signals queued to the user's processes"},
        {May::grow, "* ticker/fdinfo/1/pos", "it writes on"},
        {May::grow, "* file_growing/fdinfo/3/pos", "it writes on"},
        {May::differ, "* ticker/task */children", "it starts a sleep after another"},
        {May::come_and_go, "* sleep/*", "ticker's"},
        // The scheduler's own reckoning, kernel time and addresses.
        {May::differ, "*/sched/*", "the scheduler's reckoning: loads, clocks, virtual times"},
        {May::come_and_go, "*/sched/*", "the scheduler's reckoning: loads, clocks, virtual times"},
        {May::differ, "*/stat/09",
         "flags of the kernel's own; those a program can set are in /proc/PID/status"},
        {May::differ, "*/stat/42", "delay accounting, off unless asked for"},
        // Where memory lies and how much of it is there, which the kernel decides.
        {May::differ, "*/stat/24", "resident pages: file pages come when they are touched"},
        {May::differ, "*/status/VmRSS", "resident pages"},
        {May::differ, "*/status/RssFile", "resident pages of files"},
        {May::differ, "*/status/RssShmem", "resident pages of shared memory"},
        {May::differ, "*/status/FDSize",
         "the table of descriptors has room for more, or for fewer, than are open"},
        {May::differ, "*/fdinfo/*/tfd*",
         "an epoll's events show inode numbers, which are a tmpfs' or socket's own"},
        {May::differ, "*/fdinfo/*/lock*",
         "a lock's line shows device and inode number, which are a tmpfs' own"},
        {May::differ, "*/status/RssAnon", "pages of the vdso's data"},
        {May::differ, "*/status/VmHWM", "grows with resident pages"},
        {May::differ, "*/status/VmPTE", "page tables: those of file pages come when they are touched"},
        {May::differ, "*/status/Mems_allowed*", "nodes that may exist"},
        {May::differ, "*/status/Cpus_allowed", "with the number of processors that the kernel could have"},
        // Open: not as it should be. Each goes with what carries it.
        {May::differ, "*/mountinfo/dev(0)", "open: a tmpfs without size= comes back with one"},
        {May::differ, "*/mountinfo/dev/shm(0)", "open: likewise"},
        {May::differ, "*/mountinfo/run(0)", "open: likewise"},
        {May::differ, "* message_queues*/fd/*", "open: a queue without a name shows another former one"},
        {May::differ, "* removed_directo/cwd", "open: a removed directory shows another former name"},
        {May::differ, "* removed_directo/fd/*", "open: likewise"},
        {May::come_and_go, "* removed_directo/fd/*/same file as *", "open: likewise"},
        {May::differ, "* timer_of_ended_*/timers", "open: who is gone is not named, nor who was to be told"},
        {May::differ, "* blocked_calls/*/children", "open: a thread's child becomes the first thread's"},
        {May::differ, "* orphans/smaps/*", "open: /dev/zero mapped as shared is shown as a memfd"},
        {May::differ, "* robust_mutex/smaps/*", "open: likewise"},
        {May::come_and_go, "*/smaps/*", "open: areas that the kernel had not joined are joined, as [heap]"},
        {May::come_and_go, "*/numa_maps/*", "open: likewise"},
    };
    return all;
}

}  // namespace compare
