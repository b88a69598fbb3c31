// SPDX-License-Identifier: Apache-2.0
// write_recordings DIR: recordings made by hand, as files below DIR, for tests that damage them.
// One traced (toggle), one of many findings (busy), one of wake-up latencies (wakeups), one cut
// short (short).
#include <cstdio>
#include <cstdlib>

#include "tests/support/report_recordings.h"
#include "tests/support/traced_recording.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

/// Trace directories of `recording`, if any, are below recording.directory.
Result<void> write(const fs::path& place, const Recording& recording) {
  auto writer = TRY(RecordingWriter::create(place, recording.manifest, recording.plan,
                                            "name: hand\n", recording.facts));
  for (std::size_t i = 0; i < recording.windows.size(); ++i) {
    const auto window = TRY(writer.begin_window(recording.plan, recording.windows[i].index));
    if (i < recording.window_directories.size()) {
      const auto trace = recording.directory / recording.window_directories[i] / "trace";
      if (fs::exists(trace)) fs::copy(trace, window / "trace", fs::copy_options::recursive);
    }
    TRY(writer.commit_window(recording.windows[i]));
  }
  return writer.finish(recording.manifest, recording.facts_after);
}

Result<void> write_all(const fs::path& place) {
  const auto scratch = place / "scratch";
  fs::create_directories(scratch);
  test::TracedRecording traced(scratch);
  traced.add_toggle();
  traced.add_small("small");
  traced.add_visits("visits", {"kworker/1:2", "rcu_sched"}, 20);
  TRY(write(place / "toggle", traced.recording()));
  fs::remove_all(scratch);
  TRY(write(place / "busy", test::busy_loop_recording()));
  TRY(write(place / "wakeups", test::cyclictest_recording()));
  return write(place / "short", test::cut_short_recording());
}

}  // namespace
}  // namespace isolab

int main(int count, char** arguments) {
  if (count != 2) return 1;
  const auto written = isolab::write_all(arguments[1]);
  if (!written) std::fprintf(stderr, "%s\n", written.error().text().c_str());
  return written ? 0 : 1;
}
