// SPDX-License-Identifier: GPL-2.0-only
// The undo journal: where CRIU notes, in shared memory, what its dump does to tasks and sockets, before it
// does it, and strikes out what it has undone itself. What is open when it has ended is undone by us. The
// layout is that of compel/include/uapi/undo.h in CRIU, as patched.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "base/fd.hpp"
#include "base/mapped_file.hpp"

namespace nap::agent {

enum class Act : std::uint16_t {
    infected = 1,    // process: a parasite's memory and descriptors
    registers,       // thread: signal mask, then registers
    extended_state,  // thread: NT_X86_XSTATE
    code,            // process: bytes overwritten at `a`
    stop_signal,     // process: stop signal `a` taken away
    option,          // descriptor: socket option `b` of level `a`
    counter,         // descriptor: eventfd, which stood at `a`
};

struct OpenAct {
    Act act;
    pid_t pid;       // whom it was done to, where that is a task
    pid_t owner;     // the process of CRIU that did it
    int descriptor;  // of the owner
    std::uint64_t a, b;
    std::vector<std::byte> data;  // what was there
};

// The open acts, last ones first: the order in which they are undone. What is no journal has none.
std::vector<OpenAct> open_acts(std::span<const std::byte> journal);

// The file of the journal: it outlives an agent that dies in the middle of a dump.
class UndoJournal {
  public:
    static Result<UndoJournal> make();       // an empty one
    static Result<UndoJournal> open_left();  // the one that an earlier agent left; not_found: none
    static void discard();

    [[nodiscard]] int descriptor() const { return file_.get(); }
    void guarded_by_us(pid_t criu);    // CRIU waits for this before its first act
    [[nodiscard]] pid_t criu() const;  // 0: nobody ever noted anything
    [[nodiscard]] std::vector<OpenAct> open() const { return open_acts(bytes()); }

  private:
    UndoJournal(UniqueFd file, std::byte* memory, std::size_t size)
        : file_(std::move(file)), memory_(memory, Unmap{size}), size_(size) {}
    static Result<UndoJournal> map(UniqueFd file);
    [[nodiscard]] std::span<const std::byte> bytes() const { return {memory_.get(), size_}; }

    struct Unmap {
        std::size_t size;
        void operator()(std::byte* memory) const;
    };
    UniqueFd file_;
    std::unique_ptr<std::byte, Unmap> memory_;
    std::size_t size_;
};

}  // namespace nap::agent
