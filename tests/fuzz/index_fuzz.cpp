// SPDX-License-Identifier: Apache-2.0
// Fuzz target: rows of an index of recordings that somebody else wrote. The input is the columns of
// rows between zero bytes: the first byte of each chooses NULL, an integer, a number, text or a
// blob.
#include <sqlite3.h>

#include <cmath>
#include <cstdlib>

#include "results/index.h"
#include "results/json.h"
#include "tests/fuzz/scratch.h"

namespace {

using namespace isolab;

constexpr int kRecording = 9, kMetric = 8;  // columns of the two tables, without the ids

class Rows {
 public:
  explicit Rows(const std::filesystem::path& file) {
    fuzz::demand(RecordingIndex::open(file).has_value());  // makes the tables
    fuzz::demand(sqlite3_open(file.c_str(), &handle_) == SQLITE_OK);
    run("PRAGMA journal_mode = MEMORY");
    run("PRAGMA synchronous = OFF");
  }
  void run(const char* sql) {
    fuzz::demand(sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  }
  /// What the tables do not take (a NULL, a second place of that name) is not in them.
  void insert(const char* sql, int columns, std::string_view& text) {
    sqlite3_stmt* row = nullptr;
    fuzz::demand(sqlite3_prepare_v2(handle_, sql, -1, &row, nullptr) == SQLITE_OK);
    for (int column = 1; column <= columns; ++column) bind(row, column, fuzz::next_part(text));
    (void)sqlite3_step(row);
    sqlite3_finalize(row);
  }

 private:
  static void bind(sqlite3_stmt* row, int column, std::string_view part) {
    const char kind = part.empty() ? 't' : part.front();
    if (!part.empty()) part.remove_prefix(1);
    const std::string word(part);
    const int size = static_cast<int>(part.size());
    if (kind == '0')
      sqlite3_bind_null(row, column);
    else if (kind == 'i')
      sqlite3_bind_int64(row, column, std::strtoll(word.c_str(), nullptr, 10));
    else if (kind == 'f')
      sqlite3_bind_double(row, column, std::strtod(word.c_str(), nullptr));
    else if (kind == 'b')
      sqlite3_bind_blob(row, column, word.data(), size, SQLITE_TRANSIENT);
    else
      sqlite3_bind_text(row, column, word.data(), size, SQLITE_TRANSIENT);
  }
  sqlite3* handle_ = nullptr;  // as long as the process
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::Scratch scratch;
  static const auto file = scratch.path() / "index.sqlite";
  static Rows rows(file);
  static const auto index = RecordingIndex::open(file);
  std::string_view text(reinterpret_cast<const char*>(data), size);
  rows.run("BEGIN; DELETE FROM metric; DELETE FROM recording");
  rows.insert("INSERT INTO recording VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)", kRecording, text);
  for (int i = 0; i < 3 && !text.empty(); ++i)
    rows.insert("INSERT INTO metric VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)", kMetric, text);
  rows.run("UPDATE metric SET name = 'm'; COMMIT");
  (void)index->places();
  const auto history = index->history("m", {});
  if (!history) {
    fuzz::demand(history.error().what.find(file.string()) != std::string::npos);
    return 0;
  }
  for (const auto& point : *history)
    for (const auto& number : {point.metric.value, point.metric.lower95, point.metric.upper95})
      fuzz::demand(!number || std::isfinite(*number));
  return 0;
}
