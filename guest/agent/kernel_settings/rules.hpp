// SPDX-License-Identifier: GPL-2.0-only
// Rules: which files of /proc/sys and /sys are settings of the kernel, and when a newer kernel may be given
// them. Pure.
#pragma once

#include <optional>
#include <string_view>

namespace nap::agent {

// Of a readable and writable file in /proc/sys. The others are state of the kernel, are carried elsewhere, or
// do something when they are written.
bool is_sysctl(std::string_view path);

enum class When {
    before_tasks,  // their state depends on it
    after_tasks,   // it would hinder recreating them, or belongs to namespaces that come with them
    settled,       // it wants memory, or moves pages
};
When when(std::string_view path);

// A limit that what exists already may exceed, since it was higher once: its value while the processes are
// recreated. `set`: the machine has set it; of those it has not only the usual ones are worth the time.
std::optional<std::string_view> out_of_the_way(std::string_view path, bool set);

// What is set for all of a kind is written first: it changes what is set for one.
bool sets_others(std::string_view path);

// The folder of the settings that writing this one may change.
std::string_view changed_with(std::string_view path);

}  // namespace nap::agent
