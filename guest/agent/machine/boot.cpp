// SPDX-License-Identifier: GPL-2.0-only
#include "agent/machine/boot.hpp"

#include <fcntl.h>
#include <linux/module.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <sstream>
#include <string>

#include "agent/calls/log.hpp"
#include "agent/calls/paths.hpp"
#include "agent/carried/control_groups.hpp"
#include "base/fd.hpp"

namespace nap::agent {

namespace fs = std::filesystem;

namespace {

constexpr const char* kNewRoot = "/newroot";

void warn(const Result<>& step) {
    if (!step) log(step.error().message);
}

Result<> mount_at(const char* source, const fs::path& target, const char* type, unsigned long flags,
                  const char* options) {
    std::error_code ignored;
    fs::create_directories(target, ignored);
    if (::mount(source, target.c_str(), type, flags, options) != 0 && errno != EBUSY)
        return fail_errno("cannot mount " + std::string(type ? type : source) + " at " + target.string());
    return {};
}

// The kernel gives no standard descriptors where the initramfs has no /dev/console.
void open_console() {
    int console = ::open("/dev/console", O_RDWR | O_NOCTTY);
    if (console < 0) console = ::open("/dev/null", O_RDWR);
    if (console < 0) return;
    for (int fd : {0, 1, 2}) ::dup2(console, fd);
    if (console > 2) ::close(console);
}

void load_modules() {
    auto list = read_file(kModuleList);
    if (!list) return log(list.error().message);
    std::istringstream lines(*list);
    for (std::string line; std::getline(lines, line);)
        if (!line.empty() && line[0] != '#') warn(load_module(line[0] == '/' ? line : "/nap/" + line, ""));
}

// The initramfs cannot be pivoted away from. A tmpfs takes its place; the folders of the initramfs, and
// /init, are bound into it, so nothing is copied. The kernel's own threads have our root, also as it is after
// this.
Result<> leave_initramfs() {
    NAP_CHECK(mount_at("tmpfs", kNewRoot, "tmpfs", 0, "mode=755"));
    const fs::path root = kNewRoot;
    for (const auto& entry : fs::directory_iterator("/")) {
        const std::string name = entry.path().filename();
        const fs::path target = root / name;
        if (name == "newroot" || name == "run" || name == "tmp") continue;
        if (entry.is_symlink()) {
            fs::create_symlink(fs::read_symlink(entry.path()), target);
        } else if (name == "init") {
            NAP_TRY(const UniqueFd file, open_file(target, O_WRONLY | O_CREAT, 0755));
            if (::mount(entry.path().c_str(), target.c_str(), nullptr, MS_BIND, nullptr) != 0)
                return fail_errno("cannot take /init along to the new root");
        } else if (entry.is_directory()) {
            const bool kernel_file_system = name == "proc" || name == "sys" || name == "dev";
            fs::create_directory(target);
            if (::mount(entry.path().c_str(), target.c_str(), nullptr, kernel_file_system ? MS_MOVE : MS_BIND,
                        nullptr) != 0)
                return fail_errno("cannot take " + entry.path().string() + " along to the new root");
        }
    }
    for (const char* name : {"run", "tmp"}) fs::create_directory(root / name);
    if (::chdir(kNewRoot) != 0 || ::mount(".", "/", nullptr, MS_MOVE, nullptr) != 0 || ::chroot(".") != 0 ||
        ::chdir("/") != 0)
        return fail_errno("cannot move to the new root");
    return {};
}

Result<> prepare_cgroup() {
    NAP_CHECK(mount_at("cgroup2", kRootCgroup, "cgroup2", 0, "memory_recursiveprot"));
    std::error_code ignored;
    for (const char* parent : {kRootCgroup, kCgroup}) {
        fs::create_directories(parent, ignored);
        for (const char* controller : {"+memory", "+cpu", "+io", "+pids", "+cpuset"})
            warn(write_file(fs::path(parent) / "cgroup.subtree_control", controller));
    }
    fs::create_directories(kMachineCgroup, ignored);
    return {};
}

// CRIU tries out what TCP can do over the loopback interface of our own network namespace.
Result<> bring_up_loopback() {
    const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP;
    if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) return fail_errno("cannot bring up lo");
    return {};
}

}  // namespace

Result<> load_module(const fs::path& path, const std::string& parameters) {
    NAP_TRY(UniqueFd module, open_file(path, O_RDONLY));
    const int flags = path.extension() == ".ko" ? 0 : MODULE_INIT_COMPRESSED_FILE;
    if (::syscall(SYS_finit_module, module.get(), parameters.c_str(), flags) != 0 && errno != EEXIST)
        return fail_errno("cannot load the kernel module " + path.string());
    return {};
}

void boot() {
    ::umask(022);
    warn(mount_at("devtmpfs", "/dev", "devtmpfs", 0, "mode=755"));
    open_console();
    warn(mount_at("proc", "/proc", "proc", 0, nullptr));
    warn(mount_at("sysfs", "/sys", "sysfs", 0, nullptr));
    load_modules();
    // Where a kernel boots with less than 512 MiB, as K is, it turns huge pages off, whatever its command
    // line says.
    warn(write_file("/sys/kernel/mm/transparent_hugepage/enabled", "always"));
    warn(leave_initramfs());
    warn(mount_at("devpts", "/dev/pts", "devpts", 0, "ptmxmode=0666,mode=620"));
    warn(prepare_cgroup());
    warn(record_fresh_group());
    warn(bring_up_loopback());
    const rlimit descriptors{65536, 65536};
    (void)::setrlimit(RLIMIT_NOFILE, &descriptors);
}

}  // namespace nap::agent
