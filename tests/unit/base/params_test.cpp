// SPDX-License-Identifier: Apache-2.0
#include "base/params.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace isolab {
namespace {

struct Args {
  bool loud = false;
  int threads = 2;
  double factor = 0.5;
  Nanos pause = std::chrono::milliseconds{10};
  Bytes size{1 << 20};
  Rate rate{100, false};
  Share jobs{200, true};
  std::string variant = "event";
  std::vector<std::string> argv = {"true"};
};

std::vector<Param<Args>> all_params() {
  return {param("loud", &Args::loud, "says more"),
          param("threads", &Args::threads, "threads, 1 or more"),
          param("factor", &Args::factor, "how much"),
          param("pause", &Args::pause, "rest between rounds"),
          param("size", &Args::size, "size of a mapping"),
          param("rate", &Args::rate, "operations per second, or max"),
          param("jobs", &Args::jobs, "of the housekeeping CPUs"),
          param("variant", &Args::variant, "what is toggled", {"event", "function"}),
          param("argv", &Args::argv, "the command")};
}

const ParamSpec& spec_of(const std::vector<Param<Args>>& params, const std::string& name) {
  for (const auto& param : params)
    if (param.spec.name == name) return param.spec;
  throw std::logic_error(name);
}

TEST(Params, DefaultsComeFromTheStruct) {
  const auto params = all_params();
  EXPECT_EQ(spec_of(params, "pause").fallback, ParamValue{"10ms"});
  EXPECT_EQ(spec_of(params, "pause").type, ParamType::duration);
  EXPECT_EQ(spec_of(params, "jobs").fallback, ParamValue{"200%"});
  EXPECT_EQ(spec_of(params, "size").fallback, ParamValue{"1MiB"});
  EXPECT_EQ(spec_of(params, "loud").fallback, ParamValue{"false"});
  EXPECT_EQ(spec_of(params, "argv").type, ParamType::words);
}

TEST(Params, EveryDefaultIsItsOwnCanonicalForm) {
  for (const auto& param : all_params()) {
    const auto checked = check_param(param.spec, param.spec.fallback);
    ASSERT_TRUE(checked) << param.spec.name;
    EXPECT_EQ(*checked, param.spec.fallback) << param.spec.name;
  }
}

TEST(Params, ValuesBecomeCanonicalAndStayThere) {
  const auto params = all_params();
  const std::map<std::string, std::pair<std::string, std::string>> cases = {
      {"loud", {"yes", "true"}},     {"threads", {"007", "7"}},
      {"factor", {"0.50", "0.5"}},   {"pause", {"0.5s", "500ms"}},
      {"size", {"1024KiB", "1MiB"}}, {"rate", {"60/min", "1/s"}},
      {"jobs", {"200.0%", "200%"}},  {"variant", {"function", "function"}}};
  for (const auto& [name, texts] : cases) {
    const auto once = check_param(spec_of(params, name), {texts.first});
    ASSERT_TRUE(once) << name << ": " << once.error().what;
    EXPECT_EQ(*once, ParamValue{texts.second}) << name;
    EXPECT_EQ(*check_param(spec_of(params, name), *once), *once) << name;
  }
}

TEST(Params, WrongValuesAreRefusedByNameAndForm) {
  const auto params = all_params();
  const std::map<std::string, ParamValue> cases = {
      {"loud", {"maybe"}}, {"threads", {"4.5"}}, {"factor", {"much"}}, {"pause", {"10"}},
      {"size", {"-1B"}},   {"rate", {"fast"}},   {"jobs", {"0"}},      {"variant", {"evnt"}}};
  for (const auto& [name, raw] : cases) {
    const auto checked = check_param(spec_of(params, name), raw);
    ASSERT_FALSE(checked) << name;
    EXPECT_EQ(checked.error().kind, ErrorKind::usage);
    EXPECT_THAT(checked.error().what, testing::HasSubstr("\"" + name + "\""));
    EXPECT_THAT(checked.error().what, testing::HasSubstr(raw.front()));
  }
  EXPECT_THAT(check_param(spec_of(params, "variant"), {"evnt"}).error().hint,
              testing::HasSubstr("event, function"));
}

TEST(Params, NumbersOutOfRangeAreRefused) {
  const auto params = all_params();
  for (const char* text : {"99999999999", "0x10", "", " 4", "4 "})
    EXPECT_FALSE(check_param(spec_of(params, "threads"), {text})) << text;
  for (const char* text : {"inf", "nan", "1e999"})
    EXPECT_FALSE(check_param(spec_of(params, "factor"), {text})) << text;
}

TEST(Params, ScalarsRefuseListsAndWordsTakeAny) {
  const auto params = all_params();
  EXPECT_FALSE(check_param(spec_of(params, "threads"), {}));
  EXPECT_FALSE(check_param(spec_of(params, "threads"), {"1", "2"}));
  EXPECT_EQ(*check_param(spec_of(params, "argv"), {"make", "-j 4", ""}),
            (ParamValue{"make", "-j 4", ""}));
}

TEST(Params, ReadingFillsTheStructAndKeepsDefaults) {
  const auto args =
      read_params(all_params(), {{"threads", {"4"}}, {"rate", {"max"}}, {"argv", {"a", "b"}}});
  ASSERT_TRUE(args);
  EXPECT_EQ(args->threads, 4);
  EXPECT_TRUE(args->rate.unlimited);
  EXPECT_EQ(args->argv, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(args->pause, Nanos{std::chrono::milliseconds{10}});
  EXPECT_FALSE(read_params(all_params(), {{"threads", {"four"}}}));
}

TEST(Params, EveryTypeHasAWordAndAForm) {
  for (const auto& param : all_params()) {
    EXPECT_STRNE(to_string(param.spec.type), "unknown");
    EXPECT_STRNE(expected_form(param.spec.type), "a value");
  }
}

TEST(Params, ARangeIsCheckedInTheUnitOfTheParameter) {
  using namespace std::chrono_literals;
  const auto threads = param("threads", &Args::threads, "threads", between(1, 4096)).spec;
  for (const char* text : {"1", "4096"}) EXPECT_TRUE(check_param(threads, {text})) << text;
  for (const char* text : {"0", "-1", "4097", "2147483647"}) {
    const auto checked = check_param(threads, {text});
    ASSERT_FALSE(checked) << text;
    EXPECT_THAT(checked.error().text(),
                testing::AllOf(testing::HasSubstr(text), testing::HasSubstr("1 to 4096")));
  }
  const auto pause = param("pause", &Args::pause, "rest", between<Nanos>(10us, 1s)).spec;
  EXPECT_TRUE(check_param(pause, {"1000ms"}));
  EXPECT_FALSE(check_param(pause, {"1001ms"}));
  EXPECT_FALSE(check_param(pause, {"9us"}));
  const auto size = param("size", &Args::size, "size", between(Bytes{1}, Bytes{1 << 20})).spec;
  EXPECT_TRUE(check_param(size, {"1024KiB"}));
  EXPECT_FALSE(check_param(size, {"0"}));
  EXPECT_FALSE(check_param(size, {"1048577B"}));
  EXPECT_EQ(range_text(size), "1B to 1MiB");
}

TEST(Params, WhatNoPlugInNeedsIsRefusedForAll) {
  const auto params = all_params();
  for (const auto& [name, text] :
       std::vector<std::pair<std::string, std::string>>{{"pause", "721h"},
                                                        {"rate", "0.5/h"},
                                                        {"rate", "1000000001/s"},
                                                        {"jobs", "99999999999999"},
                                                        {"jobs", "100001%"}})
    EXPECT_FALSE(check_param(spec_of(params, name), {text})) << name << " " << text;
  const auto text = param("word", &Args::variant, "any word").spec;
  EXPECT_TRUE(check_param(text, {"/usr/src/linux 6.tar"}));
  for (const std::string& bad : {std::string("-j8"), std::string("a\nb"), std::string("a\x1b[2K"),
                                 std::string(1, '\0'), std::string(4097, 'a')})
    EXPECT_FALSE(check_param(text, {bad})) << bad.substr(0, 9);
  const auto words = spec_of(params, "argv");
  EXPECT_TRUE(check_param(words, {"sh", "-c", "a\nb"})) << "a script has lines";
  EXPECT_FALSE(check_param(words, {"sh", std::string("a\0b", 3)}));
  EXPECT_FALSE(check_param(words, ParamValue(1001, "a")));
  EXPECT_FALSE(check_param(words, {std::string(128 << 10, 'a')}));
}

}  // namespace
}  // namespace isolab
