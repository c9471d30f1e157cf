// SPDX-License-Identifier: GPL-2.0-only
// The sizes of K and U, and what limits them.
#include "machine/definition/layout.hpp"

#include <algorithm>
#include <string>

namespace nap::machine {

namespace {

constexpr std::uint64_t kKernelItself = 192 * kMiB;
constexpr std::uint64_t kPageStruct = 64;  // bytes

constexpr std::uint64_t round_up(std::uint64_t bytes) {
    return (bytes + kMemoryBlock - 1) / kMemoryBlock * kMemoryBlock;
}

std::string mib(std::uint64_t bytes) {
    return std::to_string(bytes / kMiB) + " MiB";
}

}  // namespace

std::uint64_t least_kernel_memory(std::uint64_t user_memory) {
    return round_up(kKernelItself + user_memory / kPageSize * kPageStruct);
}

Result<MemoryLayout> lay_out(std::uint64_t user_memory, std::optional<std::uint64_t> kernel_memory) {
    if (user_memory == 0 || user_memory % kMemoryBlock != 0 || user_memory > kLargestUserMemory)
        return fail(ErrorKind::usage, "The machine's memory of " + std::to_string(user_memory) +
                                          " bytes must be a multiple of " + mib(kMemoryBlock) +
                                          ", at least " + mib(kMemoryBlock) + " and at most " +
                                          mib(kLargestUserMemory) + ".");
    auto least = least_kernel_memory(user_memory);
    auto usual = std::clamp(round_up(user_memory / 4), std::max(512 * kMiB, least), kLargestKernelMemory);
    auto chosen = kernel_memory.value_or(usual);
    if (chosen % kMemoryBlock != 0 || chosen < least || chosen > kLargestKernelMemory)
        return fail(ErrorKind::usage, "The machine's kernel memory of " + std::to_string(chosen) +
                                          " bytes must be a multiple of " + mib(kMemoryBlock) +
                                          ", at least " + mib(least) + " (for " + mib(user_memory) +
                                          " of memory) and at most " + mib(kLargestKernelMemory) + ".");
    return MemoryLayout{chosen, user_memory};
}

}  // namespace nap::machine
