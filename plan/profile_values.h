// SPDX-License-Identifier: Apache-2.0
// What every part of the profile reader needs: values of YAML nodes, checked, with everything that
// is wrong noted at its place. Needs nothing but the tree.
#pragma once

#include <string>
#include <vector>

#include "base/params.h"
#include "base/units.h"
#include "plan/yaml_tree.h"

namespace isolab {

/// Letters, digits, _ - . and at most 80 of them: names that become parts of file names.
bool is_file_word(const std::string& text);

class ProfileValues {
 public:
  explicit ProfileValues(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}
  Diagnostics& diagnostics() { return diagnostics_; }

  void wrong(const YamlNode& node, std::string what, std::string expected = {},
             std::string nearest = {});
  void check_keys(const YamlNode& map, const std::vector<std::string>& known);
  bool is_map(const YamlNode& node, const std::string& key, const std::string& expected);
  std::string required_text(const YamlNode& map, const std::string& key);
  /// Prose for people: printable, at most 1000 bytes; lines are allowed.
  std::string required_prose(const YamlNode& map, const std::string& key);
  void read_flag(const YamlNode& map, const char* key, bool& out);
  /// A whole number from `low` to `high`; `fallback` when the key is absent or wrong.
  long long whole(const YamlNode& map, const char* key, long long low, long long high,
                  long long fallback);
  /// From `smallest` to 30 days.
  void duration(const YamlNode& map, const char* key, Nanos smallest, Nanos& out);
  /// Every parameter of `specs`, from `node` or its fallback.
  ParamValues read_params(const YamlNode* node, const std::vector<ParamSpec>& specs);
  /// False: it is wrong, and noted.
  bool read_value(const YamlNode& node, const ParamSpec& spec, ParamValue& out);

 private:
  Diagnostics& diagnostics_;
};

}  // namespace isolab
