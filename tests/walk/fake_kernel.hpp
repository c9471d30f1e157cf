// SPDX-License-Identifier: GPL-2.0-only
// Fake kernel: lays out in a vector of bytes what the walker reads of a kernel - tasks, PIDs, page tables,
// page structs, inodes - for 4 and 5 levels of page tables. Header only: the fuzz targets use it too.
#pragma once

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <map>
#include <string_view>
#include <vector>

#include "base/units.hpp"
#include "walk/layout.hpp"

namespace nap::walk {

class FakeKernel {
  public:
    static constexpr std::uint64_t kUserFirst = 0x10'0000;  // 4 GiB
    static constexpr std::uint64_t kUserPages = 4096;
    static constexpr std::uint64_t kPresent = 1, kAccessed = 0x20, kLarge = 0x80, kNoAccess = 0x100,
                                   kSpecial = 0x200;
    static constexpr std::uint64_t kTmpfs = 0x0102'1994, kExt4 = 0xef53;
    static constexpr std::uint64_t kText = 0xffff'ffff'8100'0000;

    struct Process {
        std::uint64_t task = 0, mm = 0, pgd = 0;  // guest-physical
    };
    static constexpr std::uint64_t kStackSize = 16 * kKiB, kRegistersSize = 168;
    static constexpr std::uint64_t kSleepRestart = kText + 0x1000, kProcessorSleepRestart = kText + 0x1100,
                                   kAlarmSleepRestart = kText + 0x1200, kFutexRestart = kText + 0x1300,
                                   kPollRestart = kText + 0x1400;

    explicit FakeKernel(bool five_levels, std::uint64_t size = 4 * kMiB)
        : five_levels_(five_levels),
          page_offset_(five_levels ? 0xff11'0000'4000'0000 : 0xffff'8880'4000'0000),
          page_structs_(five_levels ? 0xffd4'0000'4000'0000 : 0xffff'ea00'4000'0000),
          next_stack_(five_levels ? 0xffa0'0000'0000'0000 : 0xffff'c900'0000'0000),
          bytes_(size) {
        put<std::uint64_t>(kCode + kPageOffsetBase, page_offset_);
        put<std::uint64_t>(kCode + kVmemmapBase, page_structs_);
        link(kCode + kInitTask, image(kInitTask));
        last_ = kCode + kInitTask;
        kernel_tables_ = take_page();
        user_structs_ = map_structs(kUserFirst, kUserPages);
        kernel_structs_ = map_structs(0, size / kPageSize);
        entry_below(kernel_tables_, next_stack_, 1);  // all processes share the tables below the top level
    }

    [[nodiscard]] KernelLayout layout() const {
        KernelLayout layout;
        layout.task_tasks = 16, layout.task_mm = 40, layout.task_comm = 48;
        layout.task_thread_pid = 64, layout.task_signal = 72, layout.signal_nr_threads = 8;
        layout.mm_pgd = 24;
        layout.pid_level = 4, layout.pid_numbers = 16, layout.upid_size = 16, layout.upid_nr = 0,
        layout.upid_ns = 8;
        layout.page_size = 64, layout.page_compound_head = 8, layout.page_mapping = 24;
        layout.task_thread_node = 80, layout.task_stack = 96, layout.task_restart_block = 104;
        layout.signal_thread_head = 16, layout.restart_fn = 8, layout.restart_union = 16;
        layout.mapping_host = 0, layout.inode_sb = 40, layout.sb_magic = 96;
        return layout;
    }
    [[nodiscard]] Anchors anchors() const {
        return {image(kInitTask),
                kText,
                image(kPageOffsetBase),
                image(kVmemmapBase),
                kCode,
                five_levels_,
                {kSleepRestart, kProcessorSleepRestart, kAlarmSleepRestart, kFutexRestart, kPollRestart}};
    }
    [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }
    [[nodiscard]] std::vector<std::byte>& mutable_bytes() { return bytes_; }
    static FrameRange user() { return {{kUserFirst}, kUserPages}; }

    // A process with memory; `pids`: from the initial PID namespace down, each with the address of its
    // namespace.
    Process add(std::string_view name, std::initializer_list<std::pair<std::int32_t, std::uint64_t>> pids) {
        Process process{take_page(), take(64), take_page()};
        add_task(process.task, name, pids);
        put(process.task + layout().task_mm, direct(process.mm));
        put(process.mm + layout().mm_pgd, direct(process.pgd));
        for (std::uint64_t i = 256; i < 512; ++i)
            put(process.pgd + i * 8, get<std::uint64_t>(kernel_tables_ + i * 8));
        return process;
    }
    // A process of the userland; its host PID is 100 more.
    Process add(std::string_view name, std::int32_t pid) { return add(name, {{pid + 100, 1}, {pid, 2}}); }

    void add_task(std::uint64_t task, std::string_view name,
                  std::initializer_list<std::pair<std::int32_t, std::uint64_t>> pids) {
        const auto layout = this->layout();
        std::memcpy(&bytes_[task + layout.task_comm], name.data(), std::min<std::size_t>(name.size(), 16));
        const auto signal = take(64), head = direct(signal + layout.signal_thread_head);
        put_pid(task, pids);
        put(task + layout.task_signal, direct(signal));
        put<std::uint32_t>(signal + layout.signal_nr_threads, 1);
        put(signal + layout.signal_thread_head, direct(task + layout.task_thread_node));
        put(task + layout.task_thread_node, head);
        put_stack(task);
        link(last_, direct(task));
        link(task, image(kInitTask));
        last_ = task;
    }

    // A further thread; gives its task_struct.
    std::uint64_t add_thread(const Process& process,
                             std::initializer_list<std::pair<std::int32_t, std::uint64_t>> pids) {
        const auto layout = this->layout();
        const auto task = take_page();
        put_pid(task, pids);
        put_stack(task);
        put(task + layout.task_thread_node, get<std::uint64_t>(process.task + layout.task_thread_node));
        put(process.task + layout.task_thread_node, direct(task + layout.task_thread_node));
        return task;
    }

    // A call to go on with; gives where what it needs is to be put.
    std::uint64_t interrupt(std::uint64_t task, std::uint64_t function, std::int64_t result = -516) {
        const auto layout = this->layout();
        put(registers(task) + 80, result);
        put(task + layout.task_restart_block + layout.restart_fn, function);
        return task + layout.task_restart_block + layout.restart_union;
    }
    // struct pt_regs, at the end of the thread's stack.
    [[nodiscard]] std::uint64_t registers(std::uint64_t task) const {
        const auto stack = get<std::uint64_t>(task + layout().task_stack);
        return stacks_.at(stack) + kStackSize - kRegistersSize;
    }

    void put_pid(std::uint64_t task, std::initializer_list<std::pair<std::int32_t, std::uint64_t>> pids) {
        const auto layout = this->layout();
        const auto pid = take(256);
        put<std::uint32_t>(pid + layout.pid_level, static_cast<std::uint32_t>(pids.size() - 1));
        auto at = pid + layout.pid_numbers;
        for (const auto& [number, name_space] : pids) {
            put(at + layout.upid_nr, number);
            put(at + layout.upid_ns, name_space);
            at += layout.upid_size;
        }
        put(task + layout.task_thread_pid, direct(pid));
    }

    // Guest-physical address of the entry for `address` at `level` (1: 4 KiB pages), tables above it made as
    // needed.
    std::uint64_t entry(const Process& process, std::uint64_t address, int level = 1) {
        return entry_below(process.pgd, address, level);
    }
    void map(const Process& process, std::uint64_t address, std::uint64_t frame,
             std::uint64_t flags = kPresent, int level = 1) {
        const auto physical = frame << 12;
        const auto value = (flags & kPresent) != 0 ? physical : ~physical & 0x000f'ffff'ffff'f000;
        put(entry(process, address, level), value | flags);
    }

    // What the page structs say of a frame.
    void use(std::uint64_t frame, std::uint64_t mapping) { put(page_struct(frame) + 24, mapping); }
    void tail(std::uint64_t frame, std::uint64_t head) {
        put(page_struct(frame) + 8, page_structs_ + head * 64 + 1);
        put(page_struct(frame) + 24, std::uint64_t{0xdead'0000'0000'0400});
    }
    static std::uint64_t anonymous() { return 0xffff'8880'1234'5601; }
    static std::uint64_t ksm() { return 0xffff'8880'1234'5603; }
    // The address_space of a file on a file system of that magic number.
    std::uint64_t file(std::uint64_t magic) {
        const auto space = take(64), inode = take(128), super_block = take(128);
        put(space, direct(inode));
        put(inode + 40, direct(super_block));
        put(super_block + 96, magic);
        return direct(space);
    }

    // Maps `pages` anonymous pages.
    void anonymous(const Process& process, std::uint64_t address, std::uint64_t frame,
                   std::uint64_t pages = 1) {
        for (std::uint64_t i = 0; i < pages; ++i) {
            map(process, address + i * kPageSize, frame + i);
            use(frame + i, anonymous());
        }
    }

    template <class T>
    void put(std::uint64_t physical, T value) {
        std::memcpy(&bytes_.at(physical + sizeof value - 1) - (sizeof value - 1), &value, sizeof value);
    }
    template <class T>
    T get(std::uint64_t physical) const {
        T value;
        std::memcpy(&value, &bytes_.at(physical + sizeof value - 1) - (sizeof value - 1), sizeof value);
        return value;
    }
    [[nodiscard]] std::uint64_t direct(std::uint64_t physical) const { return page_offset_ + physical; }
    std::uint64_t take_page() { return take(kPageSize, kPageSize); }

  private:
    static constexpr std::uint64_t kCode = 0x10'0000;  // guest-physical address of the image
    static constexpr std::uint64_t kPageOffsetBase = 0x100, kVmemmapBase = 0x108, kInitTask = 0x200;

    static std::uint64_t image(std::uint64_t offset) { return kText + offset; }
    void link(std::uint64_t task, std::uint64_t next) {
        put(task + layout().task_tasks, next + layout().task_tasks);
    }

    std::uint64_t take(std::uint64_t size, std::uint64_t alignment = 64) {
        const auto at = (free_ + alignment - 1) / alignment * alignment;
        free_ = at + size;
        return at;
    }
    std::uint64_t entry_below(std::uint64_t root, std::uint64_t address, int level) {
        auto table = root;
        for (int at = five_levels_ ? 5 : 4;; --at) {
            const auto slot = table + (address >> (12 + 9 * (at - 1)) & 511) * 8;
            if (at == level) return slot;
            if (get<std::uint64_t>(slot) == 0) put(slot, take_page() | kPresent | kAccessed);
            table = get<std::uint64_t>(slot) & 0x000f'ffff'ffff'f000;
        }
    }
    void put_stack(std::uint64_t task) {
        const auto at = take(kStackSize, kPageSize);
        for (std::uint64_t i = 0; i < kStackSize; i += kPageSize)
            put(entry_below(kernel_tables_, next_stack_ + i, 1), (at + i) | kPresent);
        put(task + layout().task_stack, next_stack_);
        stacks_[next_stack_] = at;
        next_stack_ += 2 * kStackSize;
        put<std::uint64_t>(registers(task) + 136, 0x33);  // code and stack segments of user space
        put<std::uint64_t>(registers(task) + 160, 0x2b);
    }
    std::uint64_t map_structs(std::uint64_t first, std::uint64_t frames) {
        const auto pages = (frames * 64 + kPageSize - 1) / kPageSize;
        const auto at = take(pages * kPageSize, kPageSize);
        for (std::uint64_t i = 0; i < pages; ++i)
            put(entry_below(kernel_tables_, page_structs_ + first * 64 + i * kPageSize, 1),
                (at + i * kPageSize) | kPresent);
        return at;
    }
    [[nodiscard]] std::uint64_t page_struct(std::uint64_t frame) const {
        return frame < kUserFirst ? kernel_structs_ + frame * 64 : user_structs_ + (frame - kUserFirst) * 64;
    }

    bool five_levels_;
    std::uint64_t page_offset_, page_structs_, next_stack_;
    std::map<std::uint64_t, std::uint64_t> stacks_;  // virtual to guest-physical address
    std::vector<std::byte> bytes_;
    std::uint64_t free_ = kCode + kMiB;
    std::uint64_t last_ = 0;
    std::uint64_t kernel_tables_ = 0, user_structs_ = 0, kernel_structs_ = 0;
};

}  // namespace nap::walk
