// SPDX-License-Identifier: GPL-2.0-only
// Verification: the proof, before commit, that the newer kernel's tasks have the older's pages, and no
// others.
#include "context/verify.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>

#include "context/frame_uses.hpp"
#include "context/hex.hpp"

namespace nap::context {

namespace {
using Frame = std::optional<PageFrame>;  // nothing: not mapped

std::string name(Frame frame) {
    return frame ? "frame " + hex(frame->value) : std::string("no page");
}

std::unexpected<Error> differs(const TaskMap& task, VirtualAddress address, Frame older, Frame newer,
                               std::string_view why) {
    return fail(ErrorKind::protocol, "Verifying the restored processes failed: at " + hex(address.value) +
                                         " " + describe(task) + " had " + name(older) + " and has " +
                                         name(newer) + ", but " + std::string(why) + ".");
}

// Calls visit(address, older frame, newer frame, pages) for each stretch, ascending, that at least one of the
// two maps; the frames of a stretch follow each other on both sides.
template <class Visit>
Result<> lockstep(const std::vector<Mapping>& older, const std::vector<Mapping>& newer, Visit visit) {
    auto o = older.begin();
    auto n = newer.begin();
    VirtualAddress at;
    while (o != older.end() || n != newer.end()) {
        const auto start = std::min(o != older.end() ? o->address : kUserSpaceEnd,  //
                                    n != newer.end() ? n->address : kUserSpaceEnd);
        at = std::max(at, start);
        VirtualAddress end = kUserSpaceEnd;
        const auto frame = [&](auto mapping, auto last) -> Frame {
            if (mapping == last) return std::nullopt;
            const bool inside = mapping->address <= at;
            end = std::min(end, inside ? mapping->end() : mapping->address);
            if (!inside) return std::nullopt;
            return PageFrame{mapping->frame.value + (at.value - mapping->address.value) / kPageSize};
        };
        const auto older_frame = frame(o, older.end());
        const auto newer_frame = frame(n, newer.end());
        if (older_frame || newer_frame)
            NAP_CHECK(visit(at, older_frame, newer_frame, (end.value - at.value) / kPageSize));
        at = end;
        if (o != older.end() && o->end() <= at) ++o;
        if (n != newer.end() && n->end() <= at) ++n;
    }
    return {};
}

class Verifier {
  public:
    Verifier(const PageMap& older, const Carried& carried, FrameRange user)
        : older_(older), carried_(carried), user_(user) {}

    Result<> task(const TaskMap& older, const TaskMap& newer) {
        const auto before = split(older, carried_), after = split(newer, carried_);
        NAP_CHECK(
            lockstep(before.adopted, after.adopted, [&](auto at, Frame from, Frame to, std::uint64_t pages) {
                return adopted(older, at, from, to, pages);
            }));
        return lockstep(before.carried, after.carried,
                        [&](auto at, Frame from, Frame to, std::uint64_t pages) {
                            return carried(older, at, from, to, pages);
                        });
    }

    [[nodiscard]] const Verified& verified() const { return verified_; }

  private:
    Result<> adopted(const TaskMap& task, VirtualAddress at, Frame older, Frame newer, std::uint64_t pages) {
        if (!newer) return differs(task, at, older, newer, "the page must still be there");
        if (!older) return differs(task, at, older, newer, "nothing may be there that CRIU did not carry");
        if (older == newer && user_.contains(*older, pages)) {
            verified_.adopted += pages;
            return {};
        }
        for (std::uint64_t i = 0; i < pages; ++i)
            NAP_CHECK(replaced(task, {at.value + i * kPageSize}, {older->value + i}, {newer->value + i}));
        return {};
    }

    Result<> replaced(const TaskMap& task, VirtualAddress at, PageFrame older, PageFrame newer) {
        if (user_.contains(newer))
            return differs(
                task, at, older, newer,
                user_.contains(older) ? "it must be the same" : "a fresh page cannot lie in user memory");
        if (user_.contains(older)) {
            if (!uses().shared(older)) return differs(task, at, older, newer, "it must be the same");
            ++verified_.copied;
        } else {
            ++verified_.spilled;
        }
        const auto [known, fresh] = stands_for_.try_emplace(newer.value, older);
        if (!fresh && known->second != older)
            return differs(task, at, older, newer, "that one already stands for " + name(known->second));
        return {};
    }

    Result<> carried(const TaskMap& task, VirtualAddress at, Frame older, Frame newer, std::uint64_t pages) {
        if (!newer) return differs(task, at, older, newer, "CRIU carried the page");
        for (std::uint64_t i = 0; i < pages; ++i)
            if (user_.contains({newer->value + i}))
                return differs(task, {at.value + i * kPageSize}, older, PageFrame{newer->value + i},
                               "a page that CRIU carried cannot lie in user memory");
        (older ? verified_.carried : verified_.appeared) += pages;
        return {};
    }

    // How often the older map names each frame of U where CRIU carries nothing; seldom asked for.
    const FrameUses& uses() {
        if (uses_) return *uses_;
        uses_.emplace(user_);
        for (const auto& task : older_.tasks)
            for (const auto& mapping : split(task, carried_).adopted)
                if (user_.contains(mapping.frame, mapping.pages)) uses_->add(mapping);
        return *uses_;
    }

    const PageMap& older_;
    const Carried& carried_;
    FrameRange user_;
    Verified verified_;
    std::optional<FrameUses> uses_;
    std::unordered_map<std::uint64_t, PageFrame>
        stands_for_;  // fresh frame of the newer kernel: the older frame
};
}  // namespace

Result<Verified> verify(const PageMap& older, const PageMap& newer, const Carried& carried, FrameRange user) {
    NAP_CHECK(check(older));
    NAP_CHECK(check(newer));
    NAP_CHECK(check(carried));
    if (newer.unsettled != 0)
        return fail(ErrorKind::protocol,
                    "Verifying the restored processes failed: " + std::to_string(newer.unsettled) +
                        " of their page table entries are neither empty nor present.");
    const auto [before, after] =
        std::ranges::mismatch(older.tasks, newer.tasks, {}, &TaskMap::pid, &TaskMap::pid);
    if (before != older.tasks.end() && (after == newer.tasks.end() || before->pid < after->pid))
        return fail(ErrorKind::protocol, "Verifying the restored processes failed: there is no " +
                                             describe(*before) + " any more.");
    if (after != newer.tasks.end())
        return fail(ErrorKind::protocol,
                    "Verifying the restored processes failed: " + describe(*after) + " has appeared.");
    Verifier verifier(older, carried, user);
    for (std::size_t i = 0; i < older.tasks.size(); ++i)
        NAP_CHECK(verifier.task(older.tasks[i], newer.tasks[i]));
    return verifier.verified();
}

}  // namespace nap::context
