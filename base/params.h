// SPDX-License-Identifier: Apache-2.0
// Self-describing parameters: a plug-in binds name -> member once; validation of YAML, defaults,
// `isolab show`, the plan and the contract tests all come from that binding.
//
//   struct Args { Rate rate{100}; Bytes size{1 << 20}; std::string variant = "event"; };
//   param("rate", &Args::rate, "operations per second, or max")
//   param("variant", &Args::variant, "what is toggled", {"event", "function"})
#pragma once

#include <concepts>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"

namespace isolab {

/// The canonical text of a value: one item for a scalar, any number for a list (argv).
using ParamValue = std::vector<std::string>;
/// Every parameter of one use of a plug-in, by name.
using ParamValues = std::map<std::string, ParamValue>;

enum class ParamType { flag, integer, real, duration, size, rate, share, text, words };

const char* to_string(ParamType type);
/// How a value of this type is written, for error messages: "a duration like 30s or 100us".
const char* expected_form(ParamType type);

struct ParamSpec {
  std::string name;
  ParamType type = ParamType::text;
  ParamValue fallback;                // the default, canonical
  std::string summary;                // one line, with the unit and the range where there is one
  std::vector<std::string> choices;   // text only: the allowed words; empty = any text
  std::string least = {}, most = {};  // canonical, both allowed; empty: what the type allows
};

/// The same with its range or its choices: "a whole number like 4, 1 to 65536"; "one of a, b".
std::string expected_form(const ParamSpec& spec);
/// "1 to 65536"; empty: the spec has no range.
std::string range_text(const ParamSpec& spec);

/// Checks `raw` against the spec and returns it in canonical form ("0.5s" -> "500ms"). What no use
/// of a plug-in needs is refused here, for all of them, since some of it reaches command lines:
/// durations over 30 days, rates outside 1 an hour to 1e9 a second (but max), shares over 65536 or
/// 100000 %; text of over 4096 bytes, with a control character, or that begins with '-' and so
/// could be an option; over 1000 words or 128 KiB of them, words with a NUL.
Result<ParamValue> check_param(const ParamSpec& spec, const ParamValue& raw);

/// Every value of `values` against its spec. usage: the text begins with the parameter's name and a
/// colon.
Result<void> check_params(const std::vector<ParamSpec>& specs, const ParamValues& values);

// One overload pair per type; read_param is given text that check_param accepted.
Result<void> read_param(const ParamValue& text, bool& out);
Result<void> read_param(const ParamValue& text, int& out);
Result<void> read_param(const ParamValue& text, double& out);
Result<void> read_param(const ParamValue& text, Nanos& out);
Result<void> read_param(const ParamValue& text, Bytes& out);
Result<void> read_param(const ParamValue& text, Rate& out);
Result<void> read_param(const ParamValue& text, Share& out);
Result<void> read_param(const ParamValue& text, std::string& out);
Result<void> read_param(const ParamValue& text, std::vector<std::string>& out);

ParamValue print_param(bool value);
ParamValue print_param(int value);
ParamValue print_param(double value);
ParamValue print_param(Nanos value);
ParamValue print_param(Bytes value);
ParamValue print_param(Rate value);
ParamValue print_param(Share value);
ParamValue print_param(const std::string& value);
ParamValue print_param(const std::vector<std::string>& value);

template <class T>
constexpr ParamType param_type() {
  if constexpr (std::same_as<T, bool>) return ParamType::flag;
  if constexpr (std::same_as<T, int>) return ParamType::integer;
  if constexpr (std::same_as<T, double>) return ParamType::real;
  if constexpr (std::same_as<T, Nanos>) return ParamType::duration;
  if constexpr (std::same_as<T, Bytes>) return ParamType::size;
  if constexpr (std::same_as<T, Rate>) return ParamType::rate;
  if constexpr (std::same_as<T, Share>) return ParamType::share;
  if constexpr (std::same_as<T, std::vector<std::string>>) return ParamType::words;
  return ParamType::text;
}

/// The range of a number, both ends allowed.
template <class T>
struct Between {
  T least, most;
};
template <class T>
Between<T> between(T least, T most) {
  return {least, most};
}

/// A parameter bound to a member of the plug-in's Args.
template <class Args>
struct Param {
  ParamSpec spec;
  std::function<Result<void>(Args&, const ParamValue&)> assign;
};

template <class Args, class T>
Param<Args> param(std::string name, T Args::*member, std::string summary,
                  std::vector<std::string> choices = {}) {
  const Args defaults{};
  return {{std::move(name),
           param_type<T>(),
           print_param(defaults.*member),
           std::move(summary),
           std::move(choices),
           {},
           {}},
          [member](Args& args, const ParamValue& text) { return read_param(text, args.*member); }};
}

template <class Args, class T>
requires(!std::same_as<T, bool> && param_type<T>() != ParamType::text &&
         param_type<T>() != ParamType::words) Param<Args> param(std::string name, T Args::*member,
                                                                std::string summary,
                                                                Between<T> range) {
  Param<Args> made = param(std::move(name), member, std::move(summary));
  made.spec.least = print_param(range.least).front();
  made.spec.most = print_param(range.most).front();
  return made;
}

/// Fills Args from values; names absent from `values` keep their defaults.
template <class Args>
Result<Args> read_params(const std::vector<Param<Args>>& params, const ParamValues& values) {
  Args args{};
  for (const auto& param : params) {
    const auto found = values.find(param.spec.name);
    if (found != values.end()) TRY(param.assign(args, found->second));
  }
  return args;
}

}  // namespace isolab
