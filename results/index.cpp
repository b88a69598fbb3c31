// SPDX-License-Identifier: Apache-2.0
#include "results/index.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "results/json.h"

namespace isolab {
namespace {

constexpr int kPatienceMs = 5000;
constexpr int kLongestText = 1 << 20;  // of a row, in bytes

constexpr const char* kTables = R"(
CREATE TABLE recording (
  id INTEGER PRIMARY KEY,
  place TEXT NOT NULL UNIQUE, digest TEXT NOT NULL,
  started_utc TEXT NOT NULL, status TEXT NOT NULL, profile TEXT NOT NULL, profile_hash TEXT NOT NULL,
  machine TEXT NOT NULL, kernel TEXT NOT NULL, isolab_version TEXT NOT NULL);
CREATE TABLE metric (
  recording INTEGER NOT NULL REFERENCES recording(id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  labels TEXT NOT NULL,  -- a JSON object, keys sorted
  unit TEXT NOT NULL,
  value REAL, lower95 REAL, upper95 REAL,  -- NULL: not applicable
  n INTEGER NOT NULL, exposure_s REAL NOT NULL);
CREATE INDEX metric_by_name ON metric(name, recording);
CREATE INDEX metric_by_recording ON metric(recording);
)";

std::string labels_text(const std::map<std::string, std::string>& labels) {
  JsonObject out;
  for (const auto& [key, word] : labels) out.emplace(key, word);
  return print_json(Json(std::move(out)));
}

/// Nothing: it is not an object of texts.
std::optional<std::map<std::string, std::string>> labels_of(const std::string& text) {
  const auto json = parse_json(text);
  const auto* members = json ? std::get_if<JsonObject>(&json->value) : nullptr;
  if (members == nullptr) return std::nullopt;
  std::map<std::string, std::string> out;
  for (const auto& [key, word] : *members) {
    const auto* value = std::get_if<std::string>(&word.value);
    if (value == nullptr) return std::nullopt;
    out.emplace(key, *value);
  }
  return out;
}

/// One prepared statement, bound and stepped from left to right.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  Statement(Statement&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  Statement& operator=(Statement&&) = delete;
  ~Statement() { sqlite3_finalize(statement_); }

  Statement& bind(const std::string& text) {
    sqlite3_bind_text(statement_, ++bound_, text.data(), static_cast<int>(text.size()),
                      SQLITE_TRANSIENT);
    return *this;
  }
  Statement& bind(std::int64_t number) {
    sqlite3_bind_int64(statement_, ++bound_, number);
    return *this;
  }
  Statement& bind(std::optional<double> number) {
    ++bound_;
    if (number) sqlite3_bind_double(statement_, bound_, *number);
    return *this;
  }
  int step() { return sqlite3_step(statement_); }
  void again() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
    bound_ = 0;
  }
  std::string text(int column) {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return bytes == nullptr ? "" : bytes;
  }
  std::int64_t integer(int column) { return sqlite3_column_int64(statement_, column); }
  /// SQLite keeps what does not fit a column's type as it is, and then reads text as 0.
  bool is_number(int column) {
    const int type = sqlite3_column_type(statement_, column);
    return type == SQLITE_INTEGER || (type == SQLITE_FLOAT && std::isfinite(*number(column)));
  }
  bool is_number_or_null(int column) {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL || is_number(column);
  }
  std::optional<double> number(int column) {
    if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
    return sqlite3_column_double(statement_, column);
  }

 private:
  sqlite3_stmt* statement_;
  int bound_ = 0;
};

}  // namespace

struct RecordingIndex::Database {
  sqlite3* handle = nullptr;
  std::string file;
  ~Database() { sqlite3_close(handle); }

  Error error(const std::string& what) const {
    const int code = sqlite3_errcode(handle);
    const bool busy = code == SQLITE_BUSY || code == SQLITE_LOCKED;
    const bool foreign = code == SQLITE_NOTADB || code == SQLITE_CORRUPT;
    return Error{busy      ? ErrorKind::busy
                 : foreign ? ErrorKind::parse
                           : ErrorKind::io,
                 fmt::format("cannot {} {}: {}", what, file, sqlite3_errmsg(handle)),
                 busy      ? "another isolab is writing to it: try again"
                 : foreign ? "if it was an index, delete it: it is rebuilt from the recordings"
                           : "--index FILE puts it elsewhere"};
  }
  Result<void> run(const char* sql, const std::string& what) {
    if (sqlite3_exec(handle, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return error(what);
    return {};
  }
  Result<Statement> prepare(const char* sql) {
    sqlite3_stmt* out = nullptr;
    if (sqlite3_prepare_v2(handle, sql, -1, &out, nullptr) != SQLITE_OK)
      return error("query the index");
    return Statement(out);
  }
  Result<int> number(const char* sql) {
    auto statement = TRY(prepare(sql));
    if (statement.step() != SQLITE_ROW) return error("read the index");
    return static_cast<int>(statement.integer(0));
  }
  /// Ours, of any version, or empty. The first ones had no application_id, but our tables alone.
  Result<bool> is_ours() {
    if (TRY(number("PRAGMA application_id")) == kApplication) return true;
    if (TRY(number("SELECT count(*) FROM sqlite_master")) == 0) return true;
    return TRY(number("PRAGMA application_id")) == 0 &&
           TRY(number("SELECT count(*) FROM sqlite_master WHERE type <> 'index'")) == 2 &&
           TRY(number("SELECT group_concat(name) = 'recording,name,labels,unit,value,lower95,"
                      "upper95,n,exposure_s' FROM pragma_table_info('metric')")) == 1;
  }
  /// Schemas of others may hold views that never end and triggers that write: neither is carried
  /// out. What a row holds is bounded.
  Result<void> distrust() {
    sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, kLongestText);
    for (const int option : {SQLITE_DBCONFIG_ENABLE_VIEW, SQLITE_DBCONFIG_ENABLE_TRIGGER,
                             SQLITE_DBCONFIG_TRUSTED_SCHEMA})
      if (sqlite3_db_config(handle, option, 0, nullptr) != SQLITE_OK) return error("open");
    if (sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr) != SQLITE_OK)
      return error("open");
    return {};
  }
  Result<void> make_tables() {
    TRY(run("BEGIN IMMEDIATE; DROP TABLE IF EXISTS metric; DROP TABLE IF EXISTS recording;",
            "make the index"));
    TRY(run(kTables, "make the index"));
    return run(fmt::format("PRAGMA user_version = {}; COMMIT;", kSchema).c_str(), "make the index");
  }
};

RecordingIndex::RecordingIndex(std::unique_ptr<Database> database)
    : database_(std::move(database)) {}
RecordingIndex::RecordingIndex(RecordingIndex&&) noexcept = default;
RecordingIndex& RecordingIndex::operator=(RecordingIndex&&) noexcept = default;
RecordingIndex::~RecordingIndex() = default;

Result<RecordingIndex> RecordingIndex::open(const std::filesystem::path& file) {
  // A link or a FIFO in a shared directory of recordings leads nowhere.
  struct stat found {};
  if (::lstat(file.c_str(), &found) == 0 && !S_ISREG(found.st_mode))
    return Error{ErrorKind::usage,
                 "the index " + file.string() + " is a link, or not a regular file",
                 "remove it, or put the index elsewhere with --index FILE"};
  auto database = std::make_unique<Database>();
  database->file = file.string();
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  if (sqlite3_open_v2(file.c_str(), &database->handle, flags, nullptr) != SQLITE_OK)
    return database->error("open the index");
  sqlite3_busy_timeout(database->handle, kPatienceMs);
  TRY(database->distrust());
  TRY(database->run("PRAGMA foreign_keys = ON", "open the index"));
  if (!TRY(database->is_ours()))
    return Error{ErrorKind::usage, file.string() + " is a database, but not an index of isolab",
                 "it is not changed; --index FILE names another place"};
  const int schema = TRY(database->number("PRAGMA user_version"));
  if (schema != kSchema) TRY(database->make_tables());
  if (TRY(database->number("PRAGMA application_id")) != kApplication)
    TRY(database->run(fmt::format("PRAGMA application_id = {}", kApplication).c_str(),
                      "write to the index"));
  RecordingIndex out(std::move(database));
  out.remade_ = schema != kSchema && schema != 0;
  return out;
}

Result<std::map<std::string, std::string>> RecordingIndex::places() const {
  auto statement = TRY(database_->prepare("SELECT place, digest FROM recording"));
  std::map<std::string, std::string> out;
  int code = 0;
  while ((code = statement.step()) == SQLITE_ROW) out[statement.text(0)] = statement.text(1);
  if (code != SQLITE_DONE) return database_->error("read the index");
  return out;
}

Result<void> RecordingIndex::put(const IndexedRecording& recording,
                                 const std::vector<IndexedMetric>& metrics) {
  const auto fill = [&]() -> Result<void> {
    TRY(remove(recording.place));
    auto insert =
        TRY(database_->prepare("INSERT INTO recording (place, digest, started_utc, status, "
                               "profile, profile_hash, machine, "
                               "kernel, isolab_version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    for (const auto* text : {&recording.place, &recording.digest, &recording.started_utc,
                             &recording.status, &recording.profile, &recording.profile_hash,
                             &recording.machine, &recording.kernel, &recording.isolab_version})
      insert.bind(*text);
    if (insert.step() != SQLITE_DONE) return database_->error("write to the index");
    const std::int64_t id = sqlite3_last_insert_rowid(database_->handle);
    auto row =
        TRY(database_->prepare("INSERT INTO metric (recording, name, labels, unit, value, lower95, "
                               "upper95, n, exposure_s) "
                               "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    for (const auto& metric : metrics) {
      row.again();
      row.bind(id).bind(metric.name).bind(labels_text(metric.labels)).bind(metric.unit);
      row.bind(metric.value).bind(metric.lower95).bind(metric.upper95);
      row.bind(static_cast<std::int64_t>(metric.n)).bind(std::optional(metric.exposure_s));
      if (row.step() != SQLITE_DONE) return database_->error("write to the index");
    }
    return {};
  };
  TRY(database_->run("BEGIN IMMEDIATE", "write to the index"));
  const auto all = [&]() -> Result<void> {
    TRY(fill());
    return database_->run("COMMIT", "write to the index");
  };
  const auto outcome = all();
  if (!outcome) sqlite3_exec(database_->handle, "ROLLBACK", nullptr, nullptr, nullptr);
  return outcome;
}

Result<void> RecordingIndex::remove(const std::string& place) {
  auto statement = TRY(database_->prepare("DELETE FROM recording WHERE place = ?"));
  if (statement.bind(place).step() != SQLITE_DONE) return database_->error("write to the index");
  return {};
}

Result<std::vector<HistoryPoint>> RecordingIndex::history(
    const std::string& metric, const std::map<std::string, std::string>& labels) const {
  auto statement = TRY(database_->prepare(
      "SELECT place, digest, started_utc, status, profile, profile_hash, machine, kernel, "
      "isolab_version, labels, unit, value, lower95, upper95, n, exposure_s "
      "FROM metric JOIN recording ON recording.id = metric.recording WHERE name = ? "
      "ORDER BY profile_hash, labels, started_utc, place"));
  statement.bind(metric);
  std::vector<HistoryPoint> out;
  int code = 0;
  while ((code = statement.step()) == SQLITE_ROW) {
    const auto own = labels_of(statement.text(9));
    bool numbers = statement.is_number(14) && statement.is_number(15);
    for (const int column : {11, 12, 13}) numbers = numbers && statement.is_number_or_null(column);
    if (!own || !numbers)
      return Error{
          ErrorKind::parse,
          fmt::format("cannot read {}: the {} of recording \"{}\" was not written by isolab",
                      database_->file, metric, statement.text(0)),
          "delete it: it is rebuilt from the recordings"};
    HistoryPoint point;
    point.recording = {statement.text(0), statement.text(1), statement.text(2),
                       statement.text(3), statement.text(4), statement.text(5),
                       statement.text(6), statement.text(7), statement.text(8)};
    point.metric = {metric,
                    *own,
                    statement.text(10),
                    statement.number(11),
                    statement.number(12),
                    statement.number(13),
                    static_cast<std::uint64_t>(statement.integer(14)),
                    statement.number(15).value_or(0)};
    const bool fits = std::all_of(labels.begin(), labels.end(), [&](const auto& wanted) {
      const auto found = point.metric.labels.find(wanted.first);
      return found != point.metric.labels.end() && found->second == wanted.second;
    });
    if (fits) out.push_back(std::move(point));
  }
  if (code != SQLITE_DONE) return database_->error("read the index");
  return out;
}

}  // namespace isolab
