// SPDX-License-Identifier: Apache-2.0
// What the tools of rt-tests write with --json FILE: one frame, a "thread" object in it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "import/importer.h"
#include "results/json.h"

namespace isolab {

/// A place in a JSON document of another tool; errors name it: "FILE: /thread/0/cpu: expected
/// ...".
class JsonPlace {
 public:
  JsonPlace(std::string path, const Json& json) : path_(std::move(path)), json_(&json) {}

  /// The member of this name; nothing: there is none, or this is not an object.
  std::optional<JsonPlace> find(const std::string& name) const;
  Result<JsonPlace> at(const std::string& name) const;
  Result<std::uint64_t> count() const;
  Result<double> real() const;
  Result<std::string> text() const;
  Result<const JsonObject*> object() const;
  // Of the member of this name.
  Result<std::uint64_t> count(const std::string& name) const;
  Result<double> real(const std::string& name) const;
  Result<const JsonObject*> object(const std::string& name) const;
  const std::string& path() const { return path_; }
  Error error(const std::string& reason) const;

 private:
  std::string path_;
  const Json* json_;
};

struct RtTestsJson {
  Json document;
  std::string file;
  std::string command_line;
  Facts facts;
  std::string started_utc, ended_utc;  // empty: not there, or not in the known form
  double seconds = 0;                  // between them, to a second; 0: not known

  JsonPlace root() const { return {file + ": ", document}; }
};

/// Whether the text is a JSON document with the frame's keys and a word like "freq" behind it.
bool is_rt_tests_json(std::string_view text, bool with_frequency);
Result<RtTestsJson> read_rt_tests_json(const ImportFile& file);
/// The members "0", "1" ... of "thread": as many as "num_threads" says.
Result<std::vector<JsonPlace>> threads_of(const RtTestsJson& json);

/// The value of an option in a command line: "--histogram=400", "--histogram 400", "-h 400",
/// "-h400".
std::optional<std::uint64_t> option_of(const std::string& command_line, const std::string& name,
                                       char letter);

}  // namespace isolab
