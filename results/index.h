// SPDX-License-Identifier: Apache-2.0
// An index of recordings: their metrics in one SQLite file beside them, so that a number can be
// followed over time. All its data comes from the recordings: it may be deleted at any time, and is
// rebuilt. Only index.cpp uses SQLite.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace isolab {

struct IndexedRecording {
  std::string place;   // directory, relative to the index's
  std::string digest;  // of what was analysed: a place may be used again
  std::string started_utc, status, profile, profile_hash, machine, kernel, isolab_version;
};

struct IndexedMetric {
  std::string name;
  std::map<std::string, std::string> labels;
  std::string unit;
  std::optional<double> value, lower95, upper95;
  std::uint64_t n = 0;
  double exposure_s = 0;
};

/// One value of a series, with the recording it comes from.
struct HistoryPoint {
  IndexedRecording recording;
  IndexedMetric metric;
};

class RecordingIndex {
 public:
  /// Raised with every change of the tables; an index of another schema is emptied, and says so
  /// through `remade()`.
  static constexpr int kSchema = 1;
  /// In the header of every index ("isol"): anything else is a database of another program.
  static constexpr int kApplication = 0x69736f6c;

  /// Makes the file where there is none. busy: another process writes to it and does not end
  /// within five seconds. usage: it is a database of another program, a link or no regular file;
  /// it stays as it is.
  static Result<RecordingIndex> open(const std::filesystem::path& file);
  RecordingIndex(RecordingIndex&&) noexcept;
  RecordingIndex& operator=(RecordingIndex&&) noexcept;
  ~RecordingIndex();

  bool remade() const { return remade_; }
  /// place -> digest of what is in the index.
  Result<std::map<std::string, std::string>> places() const;
  /// Puts a recording in, in place of what was there under its place; all of it or nothing.
  Result<void> put(const IndexedRecording& recording, const std::vector<IndexedMetric>& metrics);
  Result<void> remove(const std::string& place);
  /// Every value of the metric whose labels include all of `labels`, by labels, then by time.
  /// parse: a row of it is none that put() wrote.
  Result<std::vector<HistoryPoint>> history(const std::string& metric,
                                            const std::map<std::string, std::string>& labels) const;

 private:
  struct Database;
  explicit RecordingIndex(std::unique_ptr<Database> database);
  std::unique_ptr<Database> database_;
  bool remade_ = false;
};

}  // namespace isolab
