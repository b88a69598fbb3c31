// SPDX-License-Identifier: Apache-2.0
#include "results/json.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

namespace isolab {
namespace {

using ::testing::HasSubstr;

TEST(Json, PrintsSortedKeysAndOneSpaceIndent) {
  const Json json(JsonObject{{"b", 1}, {"a", JsonArray{true, nullptr, "x"}}});
  EXPECT_EQ(print_json(json), "{\n \"a\": [\n  true,\n  null,\n  \"x\"\n ],\n \"b\": 1\n}\n");
}

TEST(Json, NumbersComeBackExactly) {
  for (const double number :
       {0.1, 1.0 / 3.0, 5e-324, 1.7976931348623157e308, -0.0, 1e22, 123456789.0}) {
    const auto back = parse_json(print_json(Json(number)));
    ASSERT_TRUE(back) << number;
    EXPECT_EQ(std::get<double>(back->value), number);
    EXPECT_EQ(std::signbit(std::get<double>(back->value)), std::signbit(number));
  }
  const auto big = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(std::get<std::uint64_t>(parse_json(print_json(Json(big)))->value), big);
  const auto small = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(std::get<std::int64_t>(parse_json(print_json(Json(small)))->value), small);
}

TEST(Json, NumbersWithoutJsonFormAreText) {
  EXPECT_EQ(print_json(Json(std::nan(""))), "\"nan\"\n");
  EXPECT_EQ(print_json(Json(-std::numeric_limits<double>::infinity())), "\"-inf\"\n");
}

TEST(Json, BytesThatAreNotUtf8AreReplaced) {
  EXPECT_EQ(print_json(Json("a\xff"
                            "b")),
            "\"a\xef\xbf\xbd"
            "b\"\n");
}

TEST(Json, ErrorsNameLineAndColumn) {
  EXPECT_EQ(parse_json("{\n \"a\": tru }").error().what, "2:10: this is not JSON");
  EXPECT_THAT(parse_json("{\"a\": [1, 2").error().what, HasSubstr("ends too early"));
  EXPECT_THAT(parse_json("").error().what, HasSubstr("ends too early"));
  EXPECT_FALSE(parse_json("{\"a\": nan}"));
  EXPECT_FALSE(parse_json("1e999"));
}

TEST(Json, RoundsToNineDigits) {
  EXPECT_EQ(rounded(1.0 / 3.0), 0.333333333);
  EXPECT_EQ(rounded(123456789.4), 123456789.0);
  EXPECT_EQ(rounded(-2e-7 / 3), -6.66666667e-8);
  EXPECT_EQ(rounded(0), 0);
}

// A text of 100,000 "[" once overflowed the stack.
TEST(Json, DepthAndNumberAreBounded) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(parse_json(nested(64)));
  for (const std::size_t depth : {65u, 100'000u, 5'000'000u})
    EXPECT_THAT(parse_json(nested(depth)).error().what, HasSubstr("nested deeper than 64"));
  std::string objects;
  for (int i = 0; i < 65; ++i) objects += "{\"a\":";
  EXPECT_THAT(parse_json(objects).error().what, HasSubstr("nested deeper than 64"));
  std::string many = "[0";
  for (int i = 0; i < 6'000'000; ++i) many += ",0";
  EXPECT_THAT(parse_json(many + "]").error().what, HasSubstr("more than 6000000 values"));
}

TEST(Json, ContainersKeepTheirPlaces) {
  const std::string text =
      R"({"a":[[1,[2,3]],{"b":{"c":[]},"d":4}],"a2":{},"e":[null,true,"x",1.5]})";
  const auto json = parse_json(text);
  ASSERT_TRUE(json);
  std::string printed = print_json(*json);
  std::erase_if(printed, [](char c) { return c == ' ' || c == '\n'; });
  EXPECT_EQ(printed, text);
  EXPECT_EQ(print_json(*parse_json(R"({"a":1,"a":[2]})")), "{\n \"a\": [\n  2\n ]\n}\n");
  EXPECT_EQ(parse_json("[1e999]").error().what, "1:6: the number is out of range");
}

}  // namespace
}  // namespace isolab
