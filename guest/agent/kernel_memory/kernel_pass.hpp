// SPDX-License-Identifier: GPL-2.0-only
// Kernel pass: one look at all of a kind that the userland's processes have, files or memory areas, by the
// kernel itself: a BPF iterator (Documentation/bpf/bpf_iterators.rst) that writes a record for each that is
// wanted.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/kernel_memory/running_kernel.hpp"
#include "base/error.hpp"
#include "base/fd.hpp"

namespace nap::agent {

// The iterator's program, assembled by hand. Registers: 6 holds the iterator's context, 7 to 9 are the
// caller's.
class PassCode {
  public:
    explicit PassCode(std::int16_t record_size);  // a multiple of 8

    // Of an iterator over tasks, or over what tasks have: nothing is written where there is no task.
    PassCode& begin_task(int to);
    PassCode& load(int size, int to, int from, std::uint64_t offset);
    PassCode& into_record(std::int16_t offset, int size, int from);
    PassCode& from_record(int to, std::int16_t offset);  // a double word
    // The double word at `from` + `at`, where there may be no memory: 0 then. Registers 0 to 5 are used up.
    PassCode& read_into_record(std::int16_t offset, int from, std::uint64_t at);
    PassCode& set(int to, std::int32_t value);
    PassCode& wide(int to, std::uint64_t value);
    PassCode& with(int operation, int to, int other);  // BPF_AND ...; BPF_MOV
    // Nothing is written of it:
    PassCode& leave_out(int value, std::int32_t number);  // it is that number
    PassCode& unless_there(int value) { return leave_out(value, 0); }
    PassCode& unless_equal(int value, int other);
    // The instructions between are left out where the register holds 0.
    [[nodiscard]] std::size_t begin_if(int value);
    PassCode& end_if(std::size_t begun);
    // At last: writes the record.
    [[nodiscard]] std::vector<bpf_insn> finish();

  private:
    PassCode& add(int code, int to, int from, std::int16_t offset, std::int32_t value);

    std::vector<bpf_insn> code_;
    std::vector<std::size_t> to_the_end_;
    std::int16_t size_;
};

class KernelPass {
  public:
    // `over`: the function whose arguments are the iterator's context. Takes a while.
    static Result<KernelPass> load(const RunningKernel& kernel, std::string_view over,
                                   const std::vector<bpf_insn>& code);

    template <class Record>
    [[nodiscard]] Result<std::vector<Record>> run() const {
        NAP_TRY(const std::string bytes, run());
        std::vector<Record> records(bytes.size() / sizeof(Record));
        bytes.copy(reinterpret_cast<char*>(records.data()), records.size() * sizeof(Record));
        return records;
    }

    // Records of any size, one after the other.
    [[nodiscard]] Result<std::string> run() const;

  private:
    explicit KernelPass(UniqueFd link) : link_(std::move(link)) {}

    UniqueFd link_;
};

}  // namespace nap::agent
