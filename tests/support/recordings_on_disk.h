// SPDX-License-Identifier: Apache-2.0
// Recordings of two arms below a directory of a test.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/recording_builder.h"
#include "tests/support/temporary_directory.h"

namespace isolab::test {

/// Recordings on disk, gone afterwards.
class Recordings : public testing::Test {
 protected:
  /// Two arms, two repeats; `extra` more gaps in "noise".
  std::filesystem::path record(const std::string& name, int extra = 0,
                               const std::string& hash = "0123456789abcdef") {
    RecordingBuilder builder;
    builder.recording().plan.profile_hash = hash;
    builder.recording().facts["machine.host_name"] = "hand";
    const int idle = builder.arm("idle");
    const int noise = builder.arm("noise", {"hackbench"});
    for (int repeat = 0; repeat < 2; ++repeat) {
      builder.window(idle, {2, 3});
      builder.window(noise, std::vector<double>(static_cast<std::size_t>(20 + extra), 12.5));
    }
    write(root_ / name, builder.recording());
    return root_ / name;
  }

  static void write(const std::filesystem::path& place, const Recording& recording) {
    auto writer = RecordingWriter::create(place, recording.manifest, recording.plan, "name: hand\n",
                                          recording.facts);
    EXPECT_TRUE(writer) << writer.error().text();
    for (std::size_t i = 0; i < recording.windows.size(); ++i) {
      EXPECT_TRUE(writer->begin_window(recording.plan, static_cast<int>(i)));
      EXPECT_TRUE(writer->commit_window(recording.windows[i]));
    }
    EXPECT_TRUE(writer->finish(recording.manifest, recording.facts));
  }

  const TemporaryDirectory scratch_;
  const std::filesystem::path root_ = scratch_.path();
};

}  // namespace isolab::test
