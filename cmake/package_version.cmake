# SPDX-License-Identifier: Apache-2.0
# The version of the Debian packages, with the commit that is built into the program: 0.2.0-1 for the commit
# with the tag v0.2.0 and where there is no git, else 0.2.0+git20261127.181500.abc1234-1, which a later commit's
# follows. CPack reads this file before it makes a package.
cmake_policy(VERSION 3.25)
file(STRINGS ${CPACK_ISOLAB_BUILD}/generated/commit.cpp line REGEX "kCommit = ")
string(REGEX REPLACE ".*\"(.*)\".*" "\\1" commit "${line}")
set(upstream ${CPACK_PACKAGE_VERSION})
if(commit)
  string(REGEX REPLACE "-dirty$" "" clean ${commit})
  execute_process(COMMAND git -C ${CPACK_ISOLAB_SOURCE} tag --points-at ${clean}
    OUTPUT_VARIABLE tags COMMAND_ERROR_IS_FATAL ANY)
  string(REPLACE "\n" ";" tags "${tags}")
  if(NOT "v${upstream}" IN_LIST tags OR NOT commit STREQUAL clean)
    set(ENV{TZ} UTC)
    execute_process(COMMAND git -C ${CPACK_ISOLAB_SOURCE} show -s --format=%cd --date=format-local:%Y%m%d.%H%M%S ${clean}
      OUTPUT_VARIABLE date OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    string(REPLACE "-" "." commit ${commit})
    string(APPEND upstream "+git${date}.${commit}")
  endif()
endif()
set(CPACK_DEBIAN_PACKAGE_VERSION ${upstream}-1)
set(CPACK_DEBIAN_ISOLAB-PLOTS_PACKAGE_DEPENDS
  "isolab (= ${CPACK_DEBIAN_PACKAGE_VERSION}), ${CPACK_DEBIAN_ISOLAB-PLOTS_PACKAGE_DEPENDS}")
