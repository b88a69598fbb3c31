// SPDX-License-Identifier: Apache-2.0
// The findings of `isolab watch` on one screen.
#pragma once

#include <string>
#include <vector>

#include "analysis/watch/story.h"
#include "analysis/watch/watch.h"

namespace isolab {

/// `command_end`: how the watched command ended ("exit code 1"); empty: there was none.
std::string render_watch(const WatchFindings& findings, const std::string& command_end);

struct StopHeading {
  int number = 0;
  double at_s = 0;   // since the watch began
  std::string what;  // "stolen", "wait", "mark NAME", "request"
  std::string task;  // "app/123"; empty: the stop is a CPU's
  int cpu = 0;
  double us = 0;     // how long it was
  std::string kept;  // where the trace is; empty: nowhere that stays
};
/// What happened in order, on at most a dozen lines.
std::string render_stop(const StopHeading& heading, const std::vector<StoryLine>& story);

}  // namespace isolab
