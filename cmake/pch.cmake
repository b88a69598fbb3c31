# SPDX-License-Identifier: Apache-2.0
# isolab_precompile(TARGET KIND): standard headers, fmt and, for KIND tests, GoogleTest are parsed
# once for all targets of a kind. A source still includes what it uses: ISOLAB_PCH=OFF must build,
# and CI's arm64 build is made that way. Only headers that are not the project's: those change seldom.
option(ISOLAB_PCH "Precompile standard headers, fmt and GoogleTest" ON)

set(isolab_pch_rooms
  <algorithm> <array> <cerrno> <charconv> <cmath> <cstdint> <cstdlib> <cstring> <filesystem> <fstream>
  <functional> <map> <memory> <optional> <set> <span> <sstream> <string> <string_view> <system_error>
  <utility> <variant> <vector> <fmt/format.h> <fmt/ranges.h>)
set(isolab_pch_tests <gmock/gmock.h> <gtest/gtest.h> ${isolab_pch_rooms})

if(ISOLAB_PCH)
  # GCC 12 loses, in a precompiled header, that its own headers are system headers, and then gives the
  # false warnings of bug 105651 under three more names. Others that follow values into inlined headers
  # are printed and end no build. The arm64 build is without precompiled headers and keeps all of them.
  target_compile_options(isolab_options INTERFACE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds;-Wno-stringop-overflow;-Wno-stringop-overread>
    $<$<CXX_COMPILER_ID:GNU>:-Wno-error=stringop-truncation;-Wno-error=free-nonheap-object>
    $<$<CXX_COMPILER_ID:GNU>:-Wno-error=dangling-pointer;-Wno-error=use-after-free;-Wno-error=nonnull>
    $<$<CXX_COMPILER_ID:GNU>:-Wno-error=mismatched-new-delete;-Wno-error=null-dereference>)
endif()

function(isolab_precompile target kind)
  if(NOT ISOLAB_PCH)
    return()
  endif()
  if(NOT TARGET isolab_pch_${kind})
    add_library(isolab_pch_${kind} OBJECT ${PROJECT_SOURCE_DIR}/cmake/pch.cpp)
    target_link_libraries(isolab_pch_${kind} PRIVATE isolab_options fmt::fmt)
    if(kind STREQUAL tests)
      target_link_libraries(isolab_pch_${kind} PRIVATE GTest::gmock)
      target_compile_options(isolab_pch_${kind} PRIVATE -O0)
    endif()
    target_precompile_headers(isolab_pch_${kind} PRIVATE ${isolab_pch_${kind}})
  endif()
  target_precompile_headers(${target} REUSE_FROM isolab_pch_${kind})
endfunction()
