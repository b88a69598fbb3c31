// SPDX-License-Identifier: Apache-2.0
// Prints the current step and the remaining time on stderr: one line that is redrawn on a
// terminal, a plain line per window elsewhere. Drawn from a housekeeping CPU, at most once a
// second.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/plan.h"

namespace isolab {

class Progress {
 public:
  enum class Style { terminal, plain, silent };
  Progress(Style style, const Plan& plan);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// A window begins: its number (from 0) among all, and its arm.
  void window(std::size_t number, const std::string& arm);
  /// What the window is busy with: "preparing kernel_build", "measuring". Redraws when due.
  void phase(const std::string& what);
  /// Call as often as you like.
  void tick();
  /// A separate line above the progress: warnings, notes.
  void line(const std::string& text);

 private:
  void draw();
  void clear();

  Style style_;
  const Plan& plan_;  // grows shorter when the preflight finds what cannot run
  std::size_t number_ = 0;
  std::string arm_, phase_;
  std::uint64_t started_ns_ = 0;
  std::uint64_t first_window_ns_ = 0;  // when the first window began, and the current one
  std::uint64_t window_ns_ = 0;
  std::uint64_t drawn_ns_ = 0;
  std::size_t drawn_width_ = 0;
};

}  // namespace isolab
