// SPDX-License-Identifier: Apache-2.0
#include "analysis/watch/marks.h"

#include <algorithm>
#include <string_view>

namespace isolab {
namespace {

constexpr std::string_view kMarker = "isolab ";

/// The word at the beginning, which is taken out.
std::string_view take_word(std::string_view& text) {
  const auto end = std::min(text.find_first_of(" \n"), text.size());
  const auto word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

}  // namespace

MarkPairs::MarkPairs(const TraceFormats& formats) {
  const auto* format = formats.find("ftrace:print");
  const auto* text = format == nullptr ? nullptr : format->find("buf");
  if (text == nullptr) return;
  id_ = format->id;
  text_ = text->offset;
}

std::optional<Mark> MarkPairs::add(const TraceEvent& event) {
  if (id_ == 0 || event.id() != id_ || event.size <= text_) return {};
  const auto* begin = reinterpret_cast<const char*>(event.payload + text_);
  std::string_view text(begin, event.size - text_);
  text = text.substr(0, text.find('\0'));
  if (!text.starts_with(kMarker)) return {};
  text.remove_prefix(kMarker.size());
  const auto verb = take_word(text);
  const std::string name(take_word(text).substr(0, kLongestName));
  const auto tid = event.pid();
  if (verb == "stop") return Mark{Mark::Kind::stop, name, tid, {event.time, 0}};
  if (verb == "begin" && (open_.size() < kMostOpen || open_.contains({tid, name})))
    open_[{tid, name}] = event.time;
  if (verb != "end") return {};
  const auto opened = open_.find({tid, name});
  if (opened == open_.end()) return {};
  const Gap span{opened->second, event.time - opened->second};
  open_.erase(opened);
  return Mark{Mark::Kind::pair, name, tid, span};
}

}  // namespace isolab
