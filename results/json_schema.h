// SPDX-License-Identifier: Apache-2.0
// Pieces of JSON Schema 2020-12.
#pragma once

#include <string>
#include <vector>

#include "results/json.h"

namespace isolab::schema {

/// With a "description", unless `text` is null.
Json type(const char* name, const char* text = nullptr);
/// The schema of one type, or null.
Json or_null(Json typed);
Json list_of(Json items);
/// An object whose members all have this schema, whatever their names.
Json by_name(Json member);
Json one_of(const std::vector<std::string>& words);
/// To a member of "$defs".
Json reference(const char* name);
/// An object with exactly these members; `optional` names those that may be absent.
Json object(JsonObject members, const std::vector<std::string>& optional = {});

}  // namespace isolab::schema
