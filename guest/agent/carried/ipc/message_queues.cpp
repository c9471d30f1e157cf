// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/ipc/message_queues.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <map>

#include "agent/calls/params.hpp"
#include "agent/carried/part_file.hpp"
#include "agent/contexts/criu.hpp"
#include "agent/kernel_memory/apart_namespaces.hpp"
#include "agent/kernel_memory/ipc_namespace.hpp"
#include "agent/kernel_memory/message_queues.hpp"
#include "agent/userland/namespaces.hpp"
#include "base/fd.hpp"
#include "base/number.hpp"

namespace nap::agent {

namespace fs = std::filesystem;
using channel::Json;

namespace {

constexpr unsigned long kQueueFileSystem = 0x19800202;  // MQUEUE_MAGIC of the kernel's ipc/mqueue.c

struct Named {
    std::string name;
    struct stat information {};
};

Result<UniqueFd> open_queue_file_system() {
    const UniqueFd context(::fsopen("mqueue", FSOPEN_CLOEXEC));
    if (!context || ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
        return fail_errno("cannot open the file system of the message queues");
    UniqueFd mount(::fsmount(context.get(), FSMOUNT_CLOEXEC, 0));
    if (!mount) return fail_errno("cannot mount the file system of the message queues");
    return mount;
}

// By inode, in the IPC namespace of `host_pid`.
Result<std::map<std::uint64_t, Named>> list_names(pid_t host_pid) {
    std::map<std::uint64_t, Named> names;
    const Result<> listed = in_own_thread([&]() -> Result<> {
        NAP_CHECK(join_namespaces(host_pid, CLONE_NEWIPC));
        NAP_TRY(const UniqueFd mount, open_queue_file_system());
        const UniqueFd root(::openat(mount.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        DIR* const folder = root ? ::fdopendir(::dup(root.get())) : nullptr;
        if (folder == nullptr) return fail_errno("cannot list the message queues");
        while (const dirent* entry = ::readdir(folder)) {
            Named named{entry->d_name, {}};
            if (::fstatat(root.get(), entry->d_name, &named.information, AT_SYMLINK_NOFOLLOW) == 0 &&
                S_ISREG(named.information.st_mode))
                names.emplace(named.information.st_ino, std::move(named));
        }
        ::closedir(folder);
        return {};
    });
    NAP_CHECK(listed);
    return names;
}

// The descriptor of a process whose file is `right`; -1: it has none.
template <class Right>
int find_descriptor(pid_t host_pid, Right right) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(host_pid) + "/fd", error))
        if (right(entry.path())) return leading_number(entry.path().filename().native());
    return -1;
}

int find_queue_descriptor(pid_t host_pid, std::uint64_t inode) {
    return find_descriptor(host_pid, [&](const fs::path& path) {
        struct stat information {};
        struct statfs file_system {};
        return ::stat(path.c_str(), &information) == 0 && information.st_ino == inode &&
               ::statfs(path.c_str(), &file_system) == 0 &&
               static_cast<unsigned long>(file_system.f_type) == kQueueFileSystem;
    });
}

int find_socket_descriptor(pid_t host_pid, std::uint64_t inode) {
    return find_descriptor(host_pid, [&](const fs::path& path) {
        std::error_code gone;
        return fs::read_symlink(path, gone) == "socket:[" + std::to_string(inode) + "]";
    });
}

Result<Json> describe(const QueueNotification& notification, std::uint64_t inode) {
    NAP_TRY(const std::string status,
            read_file("/proc/" + std::to_string(notification.host_pid) + "/status"));
    const auto task = parse_status(status);
    const int descriptor = find_queue_descriptor(notification.host_pid, inode);
    if (!task || descriptor < 0)
        return fail(ErrorKind::guest, "a message queue notifies a process that does not have it open");
    return Json{{"pid", task->pid},
                {"descriptor", descriptor},
                {"method", notification.method},
                {"signal", notification.signal},
                {"value", notification.value},
                {"socket", notification.cookie.empty()
                               ? -1
                               : find_socket_descriptor(notification.host_pid, notification.socket_inode)},
                {"cookie", to_binary(notification.cookie)}};
}

Result<Json> describe(const KernelQueue& queue, const std::map<std::uint64_t, Named>& names) {
    Json messages = Json::array();
    for (const auto& [priority, text] : queue.messages)
        messages.push_back({{"priority", priority}, {"text", to_binary(text)}});
    Json described = {{"inode", queue.inode},
                      {"mode", queue.mode},
                      {"uid", queue.uid},
                      {"gid", queue.gid},
                      {"most_messages", queue.most_messages},
                      {"message_size", queue.message_size},
                      {"messages", std::move(messages)},
                      {"name", to_binary("")}};
    if (const auto named = names.find(queue.inode); named != names.end()) {
        const struct stat& information = named->second.information;
        described["name"] = to_binary(named->second.name);
        described["times"] = {information.st_atim.tv_sec, information.st_atim.tv_nsec,
                              information.st_mtim.tv_sec, information.st_mtim.tv_nsec};
    }
    if (queue.notification) {
        NAP_TRY(described["notify"], describe(*queue.notification, queue.inode));
    }
    return described;
}

// Of the IPC namespace at that address, which the process is in.
Result<Json> capture_of(const RunningKernel& kernel, std::uint64_t ipc_namespace, pid_t host_pid) {
    NAP_TRY(const auto queues, read_message_queues(kernel, ipc_namespace));
    Json all = Json::array();
    if (queues.empty()) return all;
    NAP_TRY(const auto names, list_names(host_pid));
    for (const KernelQueue& queue : queues) {
        NAP_TRY(Json described, describe(queue, names));
        all.push_back(std::move(described));
    }
    return all;
}

Result<> hand_over(const Json& queues, const std::string& image) {
    if (queues.empty()) return {};
    NAP_TRY(const std::string encoded, encode_message_queues(queues));
    NAP_TRY(const UniqueFd file, open_file(images_folder() / image, O_WRONLY | O_CREAT | O_TRUNC));
    return write_all(file.get(), encoded);
}

}  // namespace

Result<Json> capture_message_queues(Agent&, const Task& init) {
    NAP_TRY(const RunningKernel* kernel, RunningKernel::get());
    NAP_TRY(const ApartSearch* search, ApartSearch::get());
    NAP_TRY(const ApartNamespaces apart, search->run(init.host_pid));
    NAP_TRY(const std::uint64_t own_namespace, find_ipc_namespace(*kernel, init.host_pid));
    NAP_TRY(Json own, capture_of(*kernel, own_namespace, init.host_pid));
    Json others = Json::array();
    for (const ApartNamespace& each : apart.ipc) {
        NAP_TRY(const ApartMember process, process_of(each));
        NAP_TRY(Json queues, capture_of(*kernel, each.address, process.host_tid));
        if (!queues.empty()) others.push_back({{"pid", process.tid}, {"queues", std::move(queues)}});
    }
    return Json{{"own", std::move(own)}, {"others", std::move(others)}};
}

Result<> hand_message_queues_to_criu(Agent&, const Json& captured, Warnings&) {
    NAP_CHECK(hand_over(captured.at("own"), "mqueues"));
    for (const Json& other : captured.at("others"))
        NAP_CHECK(hand_over(other.at("queues"), "mqueues-" + std::to_string(other.at("pid").get<int>())));
    return {};
}

}  // namespace nap::agent
