// SPDX-License-Identifier: GPL-2.0-only
#include "agent/machine/clock_discipline.hpp"

#include <sys/timex.h>

#include <filesystem>

#include "agent/calls/paths.hpp"
#include "base/fd.hpp"

namespace nap::agent {

using channel::Json;

namespace {

constexpr int kReadOnly = STA_PPSSIGNAL | STA_PPSJITTER | STA_PPSWANDER | STA_PPSERROR | STA_CLOCKERR |
                          STA_NANO | STA_MODE | STA_CLK;

std::filesystem::path kept() {
    return std::filesystem::path(kRunDirectory) / "clock-discipline.json";
}

Result<timex> adjust(timex request, const char* what) {
    if (::adjtimex(&request) < 0) return fail_errno(std::string("cannot ") + what);
    return request;
}

}  // namespace

Result<Json> read_discipline() {
    NAP_TRY(const timex now, adjust({}, "read the clock's discipline"));
    timex left{};
    left.modes = ADJ_OFFSET_SS_READ;  // of adjtime(3)
    NAP_TRY(left, adjust(left, "read what is left of a slow adjustment of the clock"));
    return Json{{"offset", now.offset},  {"frequency", now.freq}, {"maximum_error", now.maxerror},
                {"error", now.esterror}, {"status", now.status},  {"constant", now.constant},
                {"tick", now.tick},      {"tai", now.tai},        {"adjustment_left", left.offset}};
}

Result<> set_discipline(const Json& discipline) {
    const auto number = [&](const char* name) { return discipline.value(name, 0L); };
    timex request{};
    request.status = static_cast<int>(number("status"));
    const bool nano = (request.status & STA_NANO) != 0;
    request.status &= ~kReadOnly;
    request.freq = number("frequency");
    request.maxerror = number("maximum_error");
    request.esterror = number("error");
    request.constant = number("constant");
    request.tick = number("tick");
    // While the clock counts microseconds, the constant that is written would be another than the one read
    request.modes =
        ADJ_NANO | ADJ_STATUS | ADJ_FREQUENCY | ADJ_MAXERROR | ADJ_ESTERROR | ADJ_TICK | ADJ_TIMECONST;
    NAP_CHECK(adjust(request, "set the clock's discipline"));

    timex tai{};
    tai.modes = ADJ_TAI | (nano ? ADJ_NANO : ADJ_MICRO);
    tai.constant = number("tai");
    NAP_CHECK(adjust(tai, "set the offset of TAI"));

    timex offset{};
    offset.modes = ADJ_OFFSET;
    offset.offset = number("offset");
    if (offset.offset != 0 && (request.status & STA_PLL) != 0) {
        NAP_CHECK(adjust(offset, "set the clock's offset"));
        timex frequency{};  // which the offset has changed
        frequency.modes = ADJ_FREQUENCY;
        frequency.freq = number("frequency");
        NAP_CHECK(adjust(frequency, "set the clock's frequency"));
    }
    timex left{};
    left.modes = ADJ_OFFSET_SINGLESHOT;
    left.offset = number("adjustment_left");
    if (left.offset != 0) NAP_CHECK(adjust(left, "go on with a slow adjustment of the clock"));
    return {};
}

Result<> keep_discipline(const Json& discipline) {
    return replace_file(kept(), channel::dump_json(discipline));
}

Result<> restore_discipline() {
    auto text = read_file(kept());
    if (!text && text.error().kind == ErrorKind::not_found) return {};
    if (!text) return std::unexpected(text.error());
    NAP_TRY(const Json discipline, channel::parse_json(as_bytes(*text)));
    NAP_CHECK(set_discipline(discipline));
    return remove_file(kept());
}

}  // namespace nap::agent
