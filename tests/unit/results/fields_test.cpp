// SPDX-License-Identifier: Apache-2.0
#include "results/fields.h"

#include <gmock/gmock.h>

#include "results/codec.h"

namespace isolab {
namespace {

using ::testing::HasSubstr;

enum class Colour { red, green };
const char* to_string(Colour colour) { return colour == Colour::red ? "red" : "green"; }

struct Part {
  int cpu = 0;
  std::string name;
};

/// One member of each kind that is read back.
struct Sample {
  bool flag = false;
  int small = 0;
  std::uint64_t large = 0;
  double real = 0;
  std::string text;
  CpuSet cpus;
  Nanos length{};
  std::map<int, std::uint64_t> by_cpu;
  std::map<std::string, double> numbers;
  std::map<std::string, std::vector<std::string>> words;
  Part part;
  std::vector<Part> parts;
  std::optional<double> bound;
};

/// What is only written.
struct Printed {
  std::vector<Part> parts{{3, "three"}};
  std::optional<int> level;
  Colour colour = Colour::green;
};

Json even() { return Json(JsonObject{{"multipleOf", 2}}); }

}  // namespace

namespace codec {

void fields(auto& field, Is<Part> auto& part) {
  field("cpu", part.cpu, "its CPU");
  field("name", part.name);
}

void fields(auto& field, Is<Sample> auto& sample) {
  field("flag", sample.flag);
  field("small", sample.small, "a small number");
  field("large", sample.large);
  field("real", sample.real);
  field("text", sample.text);
  field("cpus", sample.cpus);
  field("length_ns", sample.length);
  field("by_cpu", sample.by_cpu);
  field("numbers", sample.numbers, "each of them");
  field("words", sample.words);
  field("part", sample.part);
  field("parts", sample.parts);
  field("bound", sample.bound);
}

void fields(auto& field, Is<Printed> auto& printed) {
  field("schema", constant(7));
  field("level", nullable(printed.level), "null: none");
  field("colour", one_of(printed.colour, {Colour::red, Colour::green}));
  field("half", shaped(printed.parts.size() * 2, even));
  field.when(printed.level.has_value(), "twice", printed.level.value_or(0) * 2);
  field.object("first", [&](auto& first) { first("colour", to_string(printed.colour)); });
  field.each("names", printed.parts,
             [](auto& inner, const Part& part) { inner("name", part.name); });
}

namespace {

/// A fourth kind of `field`, beside Writer, Describer and Reader: the names alone.
struct Names {
  std::vector<std::string> all = {};
  void operator()(const char* name, const auto&, const char* = nullptr) { all.push_back(name); }
};

Sample full_sample() {
  Sample sample{true, -3, 1ull << 63, 0.1, "t", CpuSet{1, 3}, Nanos{17}, {}, {}, {}, {}, {}, 2.5};
  sample.by_cpu = {{0, 4}, {2, 5}};
  sample.numbers = {{"third", 1.0 / 3.0}};
  sample.words = {{"idle", {"a", "b"}}};
  sample.part = {5, "five"};
  sample.parts = {{6, "six"}, {7, "seven"}};
  return sample;
}

const JsonObject& object_of(const Json& json) { return std::get<JsonObject>(json.value); }

std::string reprinted(const char* text) { return print_json(parse_json(text).value()); }

std::vector<std::string> names_of(const JsonObject& object) {
  std::vector<std::string> out;
  for (const auto& [name, member] : object) out.push_back(name);
  return out;
}

TEST(Fields, EachMemberIsInJsonAndSchemaAndIsReadBack) {
  const Sample sample = full_sample();
  Names names;
  fields(names, sample);
  ASSERT_EQ(names.all.size(), 13u);

  const Json json = to_json(sample);
  EXPECT_THAT(names_of(object_of(json)), ::testing::UnorderedElementsAreArray(names.all));
  const Json schema = object_schema<Sample>();
  EXPECT_THAT(names_of(object_of(object_of(schema).at("properties"))),
              ::testing::UnorderedElementsAreArray(names.all));

  const auto back = decode<Sample>("sample.json", json);
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(print_json(to_json(*back)), print_json(json));
  for (const auto& name : names.all) {
    JsonObject lacking = object_of(json);
    lacking.erase(name);
    const auto without = decode<Sample>("sample.json", Json(lacking));
    EXPECT_EQ(bool(without), name == "bound") << name;
    if (!without) {
      EXPECT_EQ(without.error().what, "sample.json: /: \"" + name + "\" is missing");
    }

    // An array of null is no value of any member; the place names the member.
    JsonObject wrong = object_of(json);
    wrong[name] = Json(JsonArray{Json()});
    const auto refused = decode<Sample>("sample.json", Json(wrong));
    ASSERT_FALSE(refused) << name;
    EXPECT_THAT(refused.error().what, HasSubstr("sample.json: /" + name));
  }
  JsonObject surplus = object_of(json);
  surplus["other"] = 1;
  EXPECT_EQ(decode<Sample>("sample.json", Json(surplus)).error().what,
            "sample.json: /: unknown key \"other\"");
}

TEST(Fields, TheSchemaFollowsFromTypes) {
  EXPECT_EQ(print_json(object_schema<Sample>()), reprinted(R"({
    "type": "object", "additionalProperties": false,
    "required": ["by_cpu", "cpus", "flag", "large", "length_ns", "numbers", "part", "parts",
                 "real", "small", "text", "words"],
    "properties": {
      "bound": {"type": "number"},
      "by_cpu": {"type": "object", "additionalProperties": {"type": "integer"}},
      "cpus": {"type": "string"},
      "flag": {"type": "boolean"},
      "large": {"type": "integer"},
      "length_ns": {"type": "integer"},
      "numbers": {"type": "object",
                  "additionalProperties": {"type": "number", "description": "each of them"}},
      "part": {"type": "object", "additionalProperties": false, "required": ["cpu", "name"],
               "properties": {"cpu": {"type": "integer", "description": "its CPU"},
                              "name": {"type": "string"}}},
      "parts": {"type": "array", "items":
              {"type": "object", "additionalProperties": false, "required": ["cpu", "name"],
               "properties": {"cpu": {"type": "integer", "description": "its CPU"},
                              "name": {"type": "string"}}}},
      "real": {"type": "number"},
      "small": {"type": "integer", "description": "a small number"},
      "text": {"type": "string"},
      "words": {"type": "object", "additionalProperties":
                {"type": "array", "items": {"type": "string"}}}}})"));
}

TEST(Fields, WhatIsOnlyWrittenMayBeComputed) {
  Printed printed;
  EXPECT_EQ(print_json(to_json(printed)), reprinted(R"({
    "schema": 7, "level": null, "colour": "green", "half": 2, "first": {"colour": "green"},
    "names": [{"name": "three"}]})"));
  printed.level = 4;
  EXPECT_EQ(object_of(to_json(printed)).at("twice"), Json(8));

  const Json schema = object_schema<Printed>();
  EXPECT_EQ(print_json(object_of(schema).at("properties")), reprinted(R"({
    "schema": {"const": 7},
    "level": {"type": ["integer", "null"], "description": "null: none"},
    "colour": {"enum": ["red", "green"]},
    "half": {"multipleOf": 2},
    "twice": {"type": "integer"},
    "first": {"type": "object", "additionalProperties": false, "required": ["colour"],
              "properties": {"colour": {"type": "string"}}},
    "names": {"type": "array", "items":
              {"type": "object", "additionalProperties": false, "required": ["name"],
               "properties": {"name": {"type": "string"}}}}})"));
  EXPECT_EQ(object_of(schema).at("required"),
            *parse_json(R"(["colour", "first", "half", "level", "names", "schema"])"));
}

TEST(Fields, NumbersAreRoundedWhereverTheyStand) {
  const Json json(JsonObject{{"a", JsonArray{1.0 / 3.0, JsonObject{{"b", 2.0 / 3.0}}}},
                             {"n", std::uint64_t{1} << 63}});
  EXPECT_EQ(all_rounded(json),
            Json(JsonObject{{"a", JsonArray{0.333333333, JsonObject{{"b", 0.666666667}}}},
                            {"n", std::uint64_t{1} << 63}}));
}

}  // namespace
}  // namespace codec
}  // namespace isolab
