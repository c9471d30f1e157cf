// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/processes/program.hpp"

#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <string>

#include "base/fd.hpp"

namespace nap::agent {

bool is_32_bit(std::string_view header) {
    return header.size() > EI_CLASS && header.starts_with(ELFMAG) && header[EI_CLASS] == ELFCLASS32;
}

void find_in_program(const Task& task, Obstacles& obstacles) {
    const std::string link = "/proc/" + std::to_string(task.host_pid) + "/exe";
    auto program = open_file(link, O_RDONLY);
    if (!program) return;  // it has ended
    std::array<char, EI_NIDENT> header{};
    const ssize_t got = ::read(program->get(), header.data(), header.size());
    if (got > 0 && is_32_bit({header.data(), static_cast<std::size_t>(got)}))
        add(obstacles, task,
            {"a 32-bit program", "Only 64-bit programs can be carried over.",
             "Install the program's 64-bit build, or stop it."});
}

}  // namespace nap::agent
