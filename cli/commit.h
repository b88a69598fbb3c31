// SPDX-License-Identifier: Apache-2.0
// The commit this program was built from. It is a separate file, which is compiled again when it
// changes (cmake/commit.cmake), and nothing else.
#pragma once

namespace isolab {

/// "abc1234", "abc1234-dirty"; "": the source was not a git tree.
extern const char* const kCommit;

}  // namespace isolab
