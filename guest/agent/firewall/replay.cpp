// SPDX-License-Identifier: GPL-2.0-only
#include "agent/firewall/replay.hpp"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <set>

#include "agent/firewall/made_again.hpp"
#include "agent/firewall/ruleset.hpp"

namespace nap::agent {

namespace {

constexpr std::uint64_t kMostGaps = 2000;  // of a table
constexpr std::string_view kGap = "__nap_gap";

class TableReplay {
  public:
    TableReplay(const ListedTable& table, std::vector<Netlink::Change>& changes, std::uint32_t& id)
        : table_(table), changes_(changes), id_(id), chains_(nameless_chains(table, id + 1)) {
        id_ += static_cast<std::uint32_t>(chains_.size());
    }

    // False: its numbers are not as they were.
    bool run() {
        make(table_.self, NLM_F_CREATE);
        sort();
        const bool numbered = gaps() <= kMostGaps;
        if (!numbered) rules_last();
        for (const Step& step : steps_) {
            if (numbered) fill_gap(step.item->handle);
            if (step.item->message == NFT_MSG_NEWRULE)
                make_rule(step, numbered);
            else
                make(*step.item, NLM_F_CREATE);
            if (step.item->message == NFT_MSG_NEWSET) waiting_.push_back(step.item);
        }
        fill_sets(true);
        return numbered;
    }

  private:
    struct Step {
        const ListedItem* item;
        std::size_t place;  // of a rule, in the order of the table's
    };

    void sort() {
        for (const ListedItem& item : table_.items) steps_.push_back({&item, 0});
        for (std::size_t i = 0; i < table_.rules.size(); ++i) steps_.push_back({&table_.rules[i], i});
        std::ranges::stable_sort(steps_, {}, [](const Step& each) { return each.item->handle; });
    }
    // In the order of their chains; those of nameless chains before the rules that lead there.
    void rules_last() {
        std::ranges::stable_sort(steps_, {}, [&](const Step& each) -> std::size_t {
            if (each.item->message != NFT_MSG_NEWRULE) return 0;
            return 1 + each.place + (chains_.contains(each.item->name) ? 0 : table_.rules.size());
        });
    }
    [[nodiscard]] std::uint64_t gaps() const {
        const std::uint64_t last = steps_.empty() ? 0 : steps_.back().item->handle;
        return last - std::min<std::uint64_t>(last, steps_.size());
    }

    void make(const ListedItem& item, int flags) {
        changes_.push_back({nf_tables_type(item.message), flags, made_again(item, chains_, ++id_)});
    }

    void fill_gap(std::uint64_t handle) {
        for (; next_ < handle; ++next_) {
            nfgenmsg header{};
            header.nfgen_family = static_cast<std::uint8_t>(table_.family);
            Body gap = body_of(header);
            add_text(gap, NFTA_CHAIN_TABLE, table_.self.name);
            add_text(gap, NFTA_CHAIN_NAME, kGap);
            changes_.push_back({nf_tables_type(NFT_MSG_NEWCHAIN), NLM_F_CREATE, gap});
            changes_.push_back({nf_tables_type(NFT_MSG_DELCHAIN), 0, gap});
        }
        ++next_;
    }

    // Behind the one before it that is there already. A rule finds its sets filled: constant ones cannot be
    // changed once they are used.
    void make_rule(const Step& step, bool numbered) {
        fill_sets(false);
        std::set<std::size_t>& made = made_[step.item->name];
        const auto after = made.lower_bound(step.place);
        int flags = NLM_F_CREATE;
        Body rule = made_again(*step.item, chains_, 0);
        if (after != made.begin() || made.empty()) flags |= NLM_F_APPEND;
        if (numbered && after != made.end() && after != made.begin())
            add_number(rule, NFTA_RULE_POSITION, table_.rules[*std::prev(after)].handle);
        changes_.push_back({nf_tables_type(NFT_MSG_NEWRULE), flags, std::move(rule)});
        made.insert(step.place);
    }

    // Others may lead to chains that come later.
    void fill_sets(bool all) {
        std::erase_if(waiting_, [&](const ListedItem* set) {
            const auto flags = find_value(set->body, sizeof(nfgenmsg), NFTA_SET_FLAGS);
            const bool constant = flags && (number_in<std::uint32_t>(*flags) & NFT_SET_CONSTANT) != 0;
            if (!all && !constant) return false;
            const auto [begin, end] = table_.elements.equal_range(set->name);
            for (auto at = begin; at != end; ++at) make(at->second, NLM_F_CREATE);
            return true;
        });
    }

    const ListedTable& table_;
    std::vector<Netlink::Change>& changes_;
    std::uint32_t& id_;  // the last one given to a set or a nameless chain
    NamelessChains chains_;
    std::vector<Step> steps_;
    std::vector<const ListedItem*> waiting_;             // sets to be filled
    std::map<std::string, std::set<std::size_t>> made_;  // places of rules, by chain
    std::uint64_t next_ = 1;                             // the number that the kernel gives next
};

}  // namespace

Replay replay_of(std::span<const Netlink::Answer> ruleset) {
    Replay replay;
    std::uint32_t id = 0;
    for (const ListedTable& table : sorted(ruleset))
        if (!TableReplay(table, replay.changes, id).run()) replay.renumbered.push_back(table.self.name);
    return replay;
}

}  // namespace nap::agent
