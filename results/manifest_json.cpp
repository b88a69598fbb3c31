// SPDX-License-Identifier: Apache-2.0
#include "results/manifest_json.h"

#include "results/codec.h"
#include "results/shared_fields.h"

namespace isolab {
namespace codec {

void fields(auto& field, Is<Manifest> auto& manifest) {
  field("schema", manifest.schema);
  field("version", manifest.version);
  field("status", manifest.status);
  field("started_utc", manifest.started_utc);
  field("ended_utc", manifest.ended_utc);
  field("command_line", manifest.command_line);
  field("warnings", manifest.warnings);
  field("changed", manifest.changed);
  field("windows", manifest.windows);
  field("imported", manifest.imported);
}

}  // namespace codec

std::string manifest_to_json(const Manifest& manifest) {
  return print_json(codec::to_json(manifest));
}

Result<Manifest> manifest_from_json(const std::string& file, const std::string& text) {
  const Json json = TRY(codec::parse_document(file, text));
  TRY(codec::check_schema(file, json, Manifest::kSchema));
  return codec::decode<Manifest>(file, json);
}

std::string facts_to_json(const Facts& facts) { return print_json(codec::to_json(facts)); }

Result<Facts> facts_from_json(const std::string& file, const std::string& text) {
  return codec::decode_text<Facts>(file, text);
}

}  // namespace isolab
