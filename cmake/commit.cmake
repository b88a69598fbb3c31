# SPDX-License-Identifier: Apache-2.0
# cmake -D SOURCE=DIR -D OUTPUT=FILE -P commit.cmake: makes a C++ file with the commit that a source tree is
# at: "abc1234"; "abc1234-dirty" where a file that git knows differs from it; "" where DIR is not the top of a
# git tree (a tarball, also one that was unpacked inside the tree of something else). The file is only
# written when that changes. cli/CMakeLists.txt runs this at every build.
set(commit)
find_program(GIT git)
if(GIT)
  file(REAL_PATH ${SOURCE} source)
  execute_process(COMMAND ${GIT} -C ${source} rev-parse --show-toplevel
    OUTPUT_VARIABLE top OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(top STREQUAL source)
    execute_process(COMMAND ${GIT} -C ${source} describe --always --dirty --abbrev=7 --exclude=*
      OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "// Made by cmake/commit.cmake.
#include \"cli/commit.h\"
const char* const isolab::kCommit = \"${commit}\";
")
