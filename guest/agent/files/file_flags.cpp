// SPDX-License-Identifier: GPL-2.0-only
#include "agent/files/file_flags.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <set>

#include "agent/calls/paths.hpp"
#include "agent/files/owned_descriptor.hpp"
#include "agent/kernel_memory/kept.hpp"
#include "agent/kernel_memory/kernel_pass.hpp"
#include "agent/kernel_memory/userland_pids.hpp"
#include "base/fd.hpp"
#include "guest/module/nap_uapi.h"

namespace nap::agent {

namespace {

using channel::Json;

struct Record {
    std::int32_t host_pid, fd;
    std::uint64_t file;
    std::uint32_t flags, inode_state;
};

// Of struct bpf_iter__task_file: meta, task, fd, file. At the end of a pass there is neither task nor file.
constexpr std::uint64_t kDescriptor = 16, kFile = 24;
constexpr std::uint32_t kLargeFile = 0100000, kTmpFile = 020000000;  // the kernel's O_LARGEFILE, __O_TMPFILE
constexpr std::uint32_t kFlags = kLargeFile | kTmpFile | O_DIRECTORY;
constexpr std::uint32_t kLinkable = 1 << 10;  // I_LINKABLE of include/linux/fs.h

// Files with a type, neither sockets nor pipes, that do not have just O_LARGEFILE (directories: beside their
// own flag).
Result<KernelPass> load(const RunningKernel& kernel) {
    const Fields& fields = kernel.fields();
    NAP_TRY(const auto tgid, fields.offset("task_struct", "tgid"));
    NAP_TRY(const auto flags, fields.offset("file", "f_flags"));
    NAP_TRY(const auto inode, fields.offset("file", "f_inode"));
    NAP_TRY(const auto mode, fields.offset("inode", "i_mode"));
    NAP_TRY(const auto state, fields.offset("inode", "i_state"));
    PassCode code(sizeof(Record));
    code.load(BPF_DW, BPF_REG_7, BPF_REG_6, kFile).unless_there(BPF_REG_7);
    code.begin_task(BPF_REG_8);
    code.load(BPF_W, BPF_REG_9, BPF_REG_7, flags).wide(BPF_REG_1, kLargeFile | kTmpFile);
    code.with(BPF_MOV, BPF_REG_2, BPF_REG_9)
        .with(BPF_AND, BPF_REG_2, BPF_REG_1)
        .leave_out(BPF_REG_2, kLargeFile);
    code.load(BPF_DW, BPF_REG_3, BPF_REG_7, inode).load(BPF_H, BPF_REG_2, BPF_REG_3, mode);
    code.wide(BPF_REG_1, S_IFMT).with(BPF_AND, BPF_REG_2, BPF_REG_1);
    code.leave_out(BPF_REG_2, 0).leave_out(BPF_REG_2, S_IFSOCK).leave_out(BPF_REG_2, S_IFIFO);
    code.load(BPF_W, BPF_REG_1, BPF_REG_3, state)
        .into_record(offsetof(Record, inode_state), BPF_W, BPF_REG_1);
    code.into_record(offsetof(Record, flags), BPF_W, BPF_REG_9);
    code.into_record(offsetof(Record, file), BPF_DW, BPF_REG_7);
    code.load(BPF_W, BPF_REG_1, BPF_REG_8, tgid).into_record(offsetof(Record, host_pid), BPF_W, BPF_REG_1);
    code.load(BPF_W, BPF_REG_1, BPF_REG_6, kDescriptor).into_record(offsetof(Record, fd), BPF_W, BPF_REG_1);
    return KernelPass::load(kernel, "bpf_iter_task_file", code.finish());
}

Result<> put_back(int module, const Json& file, const HostPids& pids) {
    NAP_TRY(const UniqueFd fd, owned_descriptor(file, pids));
    nap_file request{};
    request.fd = fd.get();
    request.flags = file.at("flags").get<std::uint32_t>();
    request.linkable = file.at("linkable").get<bool>() ? 1 : 0;
    if (::ioctl(module, NAP_IOC_FILE, &request) != 0)
        return fail_errno("the adoption module cannot set them");
    return {};
}

}  // namespace

Result<> prepare_file_flags() {
    NAP_CHECK(kept<&load>());
    return {};
}

Result<Json> capture_file_flags(Agent&, const Task&) {
    NAP_TRY(const KernelPass* pass, kept<&load>());
    NAP_TRY(const auto files, pass->run<Record>());
    NAP_TRY(const UserlandPids pids, UserlandPids::look());
    std::set<std::uint64_t> seen;  // one that several have is set once
    Json captured = Json::array();
    for (const Record& file : files) {
        const pid_t pid = pids.of(file.host_pid);
        if (pid == 0 || !seen.insert(file.file).second) continue;
        captured.push_back({{"pid", pid},
                            {"fd", file.fd},
                            {"flags", file.flags & kFlags},
                            {"linkable", (file.inode_state & kLinkable) != 0}});
    }
    return captured;
}

Result<> put_back_file_flags(Agent&, const Json& captured, const HostPids& pids, Warnings& warnings) {
    if (captured.empty()) return {};
    NAP_TRY(const UniqueFd module, open_file(kAdoptionDevice, O_RDWR));
    for (const Json& file : captured)
        if (auto done = put_back(module.get(), file, pids); !done)
            warnings.push_back("The flags of descriptor " + std::to_string(file.at("fd").get<int>()) +
                               " of pid " + std::to_string(file.at("pid").get<int>()) +
                               " are lost: " + done.error().message + ".");
    return {};
}

}  // namespace nap::agent
