// SPDX-License-Identifier: Apache-2.0
// Kills a process at random moments while it writes recordings: each is afterwards readable or
// absent, and those before it are as they were, byte for byte.
#include <gmock/gmock.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <thread>

#include "results/recording.h"
#include "tests/support/sample_recording.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

constexpr int kInstants = 200;

int write_one(const fs::path& place) {
  const auto plan = test::sample_plan();
  auto writer = RecordingWriter::create(place, test::sample_manifest(), plan, "name: sample\n", {});
  if (!writer) return 1;
  for (int i = 0; i < static_cast<int>(plan.windows.size()); ++i) {
    const auto& window = plan.windows[static_cast<std::size_t>(i)];
    const auto folder = writer->begin_window(plan, i);
    if (!folder) return 2;
    std::ofstream(*folder / "work.log") << "raw";
    if (!writer->commit_window(test::sample_window(i, window.arm, window.repeat))) return 3;
  }
  return writer->finish(test::sample_manifest(), {}) ? 0 : 4;
}

/// Path -> bytes of everything below.
std::map<std::string, std::string> bytes_of(const fs::path& directory) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    std::ostringstream text;
    text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    out[entry.path().string()] = text.str();
  }
  return out;
}

TEST(RecordingKill, AtAnyInstantARecordingIsReadableOrAbsent) {
  // What matters is the order of system calls, which tmpfs keeps; a disk would only be slower.
  const bool memory = ::access("/dev/shm", W_OK) == 0;
  std::string pattern =
      (memory ? fs::path("/dev/shm") : fs::temp_directory_path()) / "isolab-kill-XXXXXX";
  const fs::path base = ::mkdtemp(pattern.data());
  using Clock = std::chrono::steady_clock;
  ASSERT_EQ(write_one(base / "first"), 0);
  // How long a fork takes to write one, which under sanitizers is mostly the fork. The longest of a
  // few, since the machine may be busy.
  std::chrono::microseconds whole{0};
  for (int i = 0; i < 5; ++i) {
    const auto begin = Clock::now();
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) ::_exit(write_one(base / ("timed-" + std::to_string(i))));
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    whole = std::max(whole,
                     std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin));
  }

  std::mt19937 random(1);
  std::map<std::string, std::string> earlier = bytes_of(base / "first");
  int absent = 0, cut_short = 0, complete = 0;
  for (int i = 0; i < kInstants; ++i) {
    const fs::path place = base / ("run-" + std::to_string(i));
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) ::_exit(write_one(place));
    std::this_thread::sleep_for(whole * (random() % 1200) / 1000);
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);

    if (!fs::exists(place)) {
      ++absent;
    } else {
      const auto loaded = load_recording(place);
      ASSERT_TRUE(loaded) << i << ": " << loaded.error().text();
      ++(loaded->manifest.status == "running" ? cut_short : complete);
      for (const auto& window : loaded->windows)
        EXPECT_EQ(window.probe.cpus.size(), 2u) << i;  // a window is whole or not there
    }
    if (i % 20 == 19)
      for (const auto& [path, bytes] : earlier) {
        std::ostringstream now;
        now << std::ifstream(path, std::ios::binary).rdbuf();
        EXPECT_EQ(now.str() == bytes, true) << path << " was changed";
      }
    if (fs::exists(place) && i % 20 == 0) earlier.merge(bytes_of(place));
  }
  // All kinds of ends were met, else the instants missed the writing.
  EXPECT_GT(absent, 0);
  EXPECT_GT(cut_short, 0);
  EXPECT_EQ(absent + cut_short + complete, kInstants);
  RecordProperty("absent", absent);
  RecordProperty("cut_short", cut_short);
  RecordProperty("complete", complete);

  // The directory is its owner's alone, and a second run may use the name of one cut off early.
  EXPECT_EQ(fs::status(base / "first").permissions(), fs::perms::owner_all);
  fs::create_directory_symlink("/nowhere", base / ".again.partial");
  EXPECT_EQ(write_one(base / "again"), 0);
  fs::remove_all(base);
}

}  // namespace
}  // namespace isolab
