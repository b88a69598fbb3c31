// SPDX-License-Identifier: Apache-2.0
// How the kernel writes the values of its files, and when two spellings are the same value.
#pragma once

#include <string>
#include <string_view>

namespace isolab {

/// The text without white space around it; of "[always] madvise never" the chosen word, "always".
std::string chosen_value(std::string_view text);

/// Whether two spellings mean the same to the kernel: "0x10" and "16", "3" and "00000000,00000003",
/// "0,1" and "0-1", "4096 16384" and "4096\t16384". A knob that takes Y/1 and N/0 counts too.
bool same_value(std::string_view left, std::string_view right);

}  // namespace isolab
