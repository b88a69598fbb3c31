# SPDX-License-Identifier: Apache-2.0
# Warnings, sanitizers and include paths, as one interface target every room links.
add_library(isolab_options INTERFACE)
target_include_directories(isolab_options INTERFACE
  ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
target_compile_options(isolab_options INTERFACE
  # Numbers are the same bytes on every machine: no fused multiply-add where only some CPUs have it.
  -ffp-contract=off
  -Wall -Wextra -Wconversion -Wshadow -Wno-missing-field-initializers
  # GCC 12 is wrong about std::variant temporaries (bug 105562) and about "text" + string (bug 105651)
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized;-Wno-restrict>
  $<$<BOOL:${ISOLAB_WERROR}>:-Werror>)
if(ISOLAB_SANITIZE)
  target_compile_options(isolab_options INTERFACE
    -fsanitize=${ISOLAB_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(isolab_options INTERFACE -fsanitize=${ISOLAB_SANITIZE})
endif()
