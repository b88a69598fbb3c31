// SPDX-License-Identifier: Apache-2.0
#include "import/rt_tests_json.h"

#include <fmt/format.h>

#include <ctime>

#include "base/text.h"
#include "import/lines.h"

namespace isolab {
namespace {

constexpr std::uint64_t kMostJsonThreads = 8192;

/// RFC 3339 of "Mon, 31 Aug 2026 00:23:41 -0500"; 0 and empty: another form.
std::pair<std::time_t, std::string> time_of(const std::string& text) {
  std::tm parts{};
  const char* end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S %z", &parts);
  if (end == nullptr || *end != '\0') return {0, ""};
  const long offset = parts.tm_gmtoff;
  const std::time_t when = ::timegm(&parts) - offset;
  std::tm utc{};
  if (::gmtime_r(&when, &utc) == nullptr || utc.tm_year < 70 || utc.tm_year > 8000) return {0, ""};
  return {when, fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", utc.tm_year + 1900,
                            utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec)};
}

/// A text of the frame; rt-tests 2.8 has a colon in two of the keys: "cmdline:".
std::string frame_text(const JsonPlace& root, const std::string& key) {
  for (const auto& name : {key, key + ":"})
    if (const auto found = root.find(name))
      if (auto text = found->text()) return *text;
  return {};
}

}  // namespace

std::optional<JsonPlace> JsonPlace::find(const std::string& name) const {
  const auto* members = std::get_if<JsonObject>(&json_->value);
  if (members == nullptr) return std::nullopt;
  const auto found = members->find(name);
  if (found == members->end()) return std::nullopt;
  return JsonPlace(path_ + "/" + name, found->second);
}

Result<JsonPlace> JsonPlace::at(const std::string& name) const {
  if (auto found = find(name)) return *found;
  return error(fmt::format("\"{}\" is missing", name));
}

Result<std::uint64_t> JsonPlace::count() const {
  if (const auto* number = std::get_if<std::uint64_t>(&json_->value)) return *number;
  if (const auto* number = std::get_if<std::int64_t>(&json_->value); number && *number >= 0)
    return static_cast<std::uint64_t>(*number);
  return error(fmt::format("expected an integer >= 0, found {}", json_->type_name()));
}

Result<double> JsonPlace::real() const {
  if (const auto* number = std::get_if<double>(&json_->value); number && *number >= 0)
    return *number;
  return static_cast<double>(TRY(count()));
}

Result<std::string> JsonPlace::text() const {
  if (const auto* text = std::get_if<std::string>(&json_->value)) return *text;
  return error(fmt::format("expected a string, found {}", json_->type_name()));
}

Result<const JsonObject*> JsonPlace::object() const {
  if (const auto* members = std::get_if<JsonObject>(&json_->value)) return members;
  return error(fmt::format("expected an object, found {}", json_->type_name()));
}

Result<std::uint64_t> JsonPlace::count(const std::string& name) const {
  const JsonPlace member = TRY(at(name));
  return member.count();
}

Result<double> JsonPlace::real(const std::string& name) const {
  const JsonPlace member = TRY(at(name));
  return member.real();
}

Result<const JsonObject*> JsonPlace::object(const std::string& name) const {
  const JsonPlace member = TRY(at(name));
  return member.object();
}

Error JsonPlace::error(const std::string& reason) const {
  return {ErrorKind::parse, fmt::format("{}: {}", path_, reason)};
}

bool is_rt_tests_json(std::string_view text, bool with_frequency) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || text[first] != '{') return false;
  const auto has = [&](std::string_view key) { return text.find(key) != std::string_view::npos; };
  return has("\"num_threads\"") && has("\"thread\"") && has("\"freq\"") == with_frequency;
}

Result<RtTestsJson> read_rt_tests_json(const ImportFile& file) {
  RtTestsJson out;
  out.file = file.name;
  auto document = parse_json(std::string(file.text));
  if (!document) {
    document.error().what = file.name + ": " + document.error().what;
    return document.error();
  }
  out.document = *std::move(document);
  const JsonPlace root = out.root();
  out.command_line = frame_text(root, "cmdline");
  const auto [started, started_utc] = time_of(frame_text(root, "start_time"));
  const auto [ended, ended_utc] = time_of(frame_text(root, "end_time"));
  if (started != 0 && ended >= started) {
    out.started_utc = started_utc;
    out.ended_utc = ended_utc;
    out.seconds = static_cast<double>(ended - started);
  }
  if (const auto system = root.find("sysinfo"))
    for (const auto& [key, fact] : {std::pair{"release", "kernel.release"},
                                    {"version", "kernel.version"},
                                    {"machine", "kernel.arch"},
                                    {"nodename", "machine.host_name"}})
      if (const auto found = system->find(key))
        if (auto text = found->text()) out.facts[fact] = *text;
  return out;
}

Result<std::vector<JsonPlace>> threads_of(const RtTestsJson& json) {
  const JsonPlace root = json.root();
  const std::uint64_t threads = TRY(root.count("num_threads"));
  const JsonPlace all = TRY(root.at("thread"));
  const std::size_t there = TRY(all.object())->size();
  if (threads == 0 || threads > kMostJsonThreads || there != threads)
    return all.error(fmt::format("{} threads, \"num_threads\" says {}", there, threads));
  std::vector<JsonPlace> out;
  for (std::uint64_t i = 0; i < threads; ++i) out.push_back(TRY(all.at(std::to_string(i))));
  return out;
}

std::optional<std::uint64_t> option_of(const std::string& command_line, const std::string& name,
                                       char letter) {
  std::string_view rest = command_line;
  const std::string dashes = "--" + name, dash = {'-', letter};
  for (auto word = take_import_word(rest); !word.empty(); word = take_import_word(rest)) {
    std::string_view value;
    if (word == dashes || word == dash) {
      value = take_import_word(rest);
    } else if (word.starts_with(dashes + "=")) {
      value = word.substr(dashes.size() + 1);
    } else if (word.starts_with(dash)) {
      value = word.substr(dash.size());
    } else {
      continue;
    }
    if (const auto number = import_count(value)) return number;
  }
  return std::nullopt;
}

}  // namespace isolab
