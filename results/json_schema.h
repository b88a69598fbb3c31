// SPDX-License-Identifier: Apache-2.0
// Pieces of JSON Schema 2020-12.
#pragma once

#include <string>
#include <vector>

#include "results/json.h"

namespace isolab::schema {

Json type(const char* name);
Json described(const char* name, const char* text);
Json list_of(Json items);
/// An object whose members all have this schema, whatever their names.
Json by_name(Json member);
Json one_of(const std::vector<std::string>& words);
/// To a member of "$defs".
Json reference(const char* name);
/// An object with exactly these members; `optional` names those that may be absent.
Json object(JsonObject members, const std::vector<std::string>& optional = {});
/// The same members as an example, all required, each of the type it has there; null stands for a
/// number or null.
Json like(const Json& example);

}  // namespace isolab::schema
