// SPDX-License-Identifier: Apache-2.0
#include "runner/progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/output.h"
#include "host/os.h"

namespace isolab {
namespace {
constexpr std::uint64_t kRedrawNs = 1'000'000'000;
}

Progress::Progress(Style style, const Plan& plan)
    : style_(style), plan_(plan), started_ns_(mono_raw_ns()) {}

Progress::~Progress() { clear(); }

void Progress::clear() {
  if (style_ == Style::terminal && drawn_width_ > 0)
    say_raw(fmt::format("\r{:{}}\r", "", drawn_width_));
  drawn_width_ = 0;
}

void Progress::window(std::size_t number, const std::string& arm) {
  if (number == 0) first_window_ns_ = mono_raw_ns();
  window_ns_ = mono_raw_ns();
  number_ = number;
  arm_ = arm;
  phase_ = "setting up";
  drawn_ns_ = 0;
  draw();
}

void Progress::phase(const std::string& what) {
  phase_ = what;
  tick();
}

void Progress::tick() {
  if (style_ == Style::terminal && mono_raw_ns() - drawn_ns_ >= kRedrawNs) draw();
}

void Progress::line(const std::string& text) {
  if (style_ == Style::silent) return;
  clear();
  say_line(text);
}

void Progress::draw() {
  if (style_ == Style::silent) return;
  const std::uint64_t now = mono_raw_ns();
  drawn_ns_ = now;
  // Time left: what the plan said, until real windows show how long they take.
  const std::size_t windows = plan_.windows.size();
  Nanos left = plan_.duration - Nanos(now - started_ns_);
  if (number_ > 0)
    left = Nanos(window_ns_ - first_window_ns_) / static_cast<long>(number_) *
               static_cast<long>(windows - number_) -
           Nanos(now - window_ns_);
  left = std::max(left, Nanos{0});
  const std::string text = fmt::format("[{}/{}] {}: {}; about {} left", number_ + 1, windows,
                                       visible_line(arm_), visible_line(phase_), human_span(left));
  if (style_ == Style::plain) return say_line(text);
  say_raw(fmt::format("\r{:{}}", text, std::max(drawn_width_, text.size())));
  drawn_width_ = text.size();
}

}  // namespace isolab
