// SPDX-License-Identifier: Apache-2.0
// A trace.dat: what our own export writes has, read again, the same causes and senders; a file cut
// anywhere is an error, no crash.
#include <gtest/gtest.h>

#include "analysis/analyse.h"
#include "import/recording.h"
#include "import/registry.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/traced_recording.h"
#include "trace/read/dat_file.h"

namespace isolab {
namespace {

/// The trace of the first window.
std::string dat_of(const Recording& recording) {
  const auto meta = TraceMeta::read(recording.windows.front().notes);
  EXPECT_TRUE(meta);
  std::string out;
  const auto written =
      write_dat(recording.directory / recording.window_directories.front() / "trace", *meta,
                "Linux host 6.12.3 x86_64", [&](std::span<const std::byte> bytes) {
                  out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
                  return Result<void>{};
                });
  EXPECT_TRUE(written) << written.error().text();
  return out;
}

struct DatFixture {
  DatFixture() {
    TracedRecording traced(place.path());
    traced.add_toggle();
    recording = traced.recording();
    recording.windows.resize(1);
    recording.window_directories.resize(1);
    recording.windows.front().probe = {};  // as a trace.dat has none
    recording.windows.front().interrupts.clear();
    // A trace.dat has no window: all its events count, also the one behind the end of this one.
    TraceMeta meta = TraceMeta::read(recording.windows.front().notes).value();
    meta.end += meta.line.ticks(1'000'000'000);
    meta.write(recording.windows.front().notes);
    // By hand no event's header is described; trace.dat has that text too.
    const std::filesystem::path real =
        ISOLAB_SOURCE_DIR "/tests/traces/x86-6.12/formats/header_event";
    std::filesystem::copy_file(real, recording.directory / recording.window_directories.front() /
                                         "trace/formats/header_event");
    request.files = {ImportFile::of("trace.dat", dat_of(recording))};
    request.options.cpus = CpuSet{1};
    request.now_utc = "2026-11-28T00:00:00Z";
  }
  using TracedRecording = test::TracedRecording;
  const test::TemporaryDirectory place;
  Recording recording;
  ImportRequest request;
};

TEST(TraceDat, HasTheCausesAndSendersOfTheRecordingItWasExportedFrom) {
  const DatFixture fixture;
  const auto imported = import_recording(fixture.request);
  ASSERT_TRUE(imported) << imported.error().text();
  EXPECT_FALSE(imported->in_memory());
  ASSERT_TRUE(write_recording(*imported, fixture.place / "imported"));
  const auto loaded = load_recording(fixture.place / "imported");
  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_EQ(loaded->facts.at("kernel.release"), "6.12.3");
  EXPECT_EQ(loaded->plan.measured.list(), "1");

  const auto expected = analyse(fixture.recording).interruptions;
  const auto found = analyse(*loaded).interruptions;
  ASSERT_EQ(expected.cpus.size(), 1U);
  ASSERT_EQ(found.cpus.size(), 1U);
  const auto& before = expected.cpus.front().causes;
  const auto& after = found.cpus.front().causes;
  std::vector<std::string> names_before, names_after;
  for (const auto& cause : before) names_before.push_back(cause.name.what);
  for (const auto& cause : after) names_after.push_back(cause.name.what);
  ASSERT_EQ(names_after, names_before);
  ASSERT_GT(after.size(), 1U);
  for (std::size_t i = 0; i < after.size(); ++i) {
    SCOPED_TRACE(before[i].name.what);
    EXPECT_EQ(after[i].name.what, before[i].name.what);
    EXPECT_EQ(after[i].callbacks, before[i].callbacks);
    EXPECT_EQ(after[i].joined, before[i].joined);
    ASSERT_EQ(after[i].senders.size(), before[i].senders.size());
    for (std::size_t k = 0; k < after[i].senders.size(); ++k) {
      EXPECT_EQ(after[i].senders[k].comm, before[i].senders[k].comm);
      EXPECT_EQ(after[i].senders[k].frames, before[i].senders[k].frames);
    }
  }
}

TEST(TraceDat, CutAnywhereItIsAnErrorOrHasItsEventsUpToThere) {
  const DatFixture fixture;
  const std::string whole(fixture.request.files.front().text);
  for (std::size_t part = 0; part < 64; ++part) {
    auto request = fixture.request;
    request.files = {ImportFile::of("cut.dat", whole.substr(0, whole.size() * part / 64))};
    const auto imported = import_recording(request);
    if (!imported) EXPECT_NE(imported.error().what.find("cut.dat"), std::string::npos);
  }
}

TEST(TraceDat, OtherVersionsAndMachinesAreNamed) {
  const DatFixture fixture;
  std::string bytes(fixture.request.files.front().text);
  bytes[10] = '8';
  auto request = fixture.request;
  request.files = {ImportFile::of("new.dat", bytes)};
  const auto newer = import_recording(request);
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().kind, ErrorKind::unsupported);
  EXPECT_NE(newer.error().what.find("version \"8\""), std::string::npos);
  bytes[10] = '6';
  bytes[12] = 1;
  request.files = {ImportFile::of("big.dat", bytes)};
  const auto big = import_recording(request);
  ASSERT_FALSE(big);
  EXPECT_NE(big.error().what.find("big-endian"), std::string::npos);
}

}  // namespace
}  // namespace isolab
