# SPDX-License-Identifier: Apache-2.0
# isolab_room(NAME [ALONE] SOURCES ... LINKS ...): one static library a room or shelf, isolab_NAME; a
# shelf is ROOM_SHELF. The links are the layer rule: what is not linked cannot be used.
# tests/check_layers.py reads the ranks, these links and the includes as second guard.
#
# ISOLAB_UNITY compiles the sources of a shelf as one: their headers are read once, and GCC takes a
# quarter of the time. So a name in an anonymous namespace is unique in its shelf. Both ways build:
# GCC compiles by shelf in CI, Clang by file. ALONE: by file always, as plug-ins, whose names are their own.
option(ISOLAB_UNITY "Compile the sources of a shelf as one" ON)

function(isolab_room name)
  cmake_parse_arguments(ROOM "ALONE" "" "SOURCES;LINKS" ${ARGN})
  add_library(isolab_${name} STATIC ${ROOM_SOURCES})
  if(ISOLAB_UNITY AND NOT ROOM_ALONE)
    set_target_properties(isolab_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
    # The sources are included, so GCC takes them for headers and warns of every type that holds a local one.
    target_compile_options(isolab_${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
  target_link_libraries(isolab_${name} PUBLIC isolab_options ${ROOM_LINKS})
  isolab_precompile(isolab_${name} rooms)
endfunction()

# Source files of a plug-in list: for every line MACRO(word) of FILE, those of PATTERN with word for @.
function(isolab_plugin_sources out file macro pattern)
  file(STRINGS ${CMAKE_CURRENT_SOURCE_DIR}/${file} lines REGEX "^${macro}\\([a-z0-9_]+\\)")
  set(sources)
  foreach(line ${lines})
    string(REGEX REPLACE "^${macro}\\(([a-z0-9_]+)\\).*" "\\1" word ${line})
    string(REPLACE "@" ${word} place ${pattern})
    file(GLOB found CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${place})
    if(NOT found)
      message(FATAL_ERROR "${file} lists ${word}, but ${place} does not exist")
    endif()
    list(APPEND sources ${found})
  endforeach()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  set(${out} ${sources} PARENT_SCOPE)
endfunction()
