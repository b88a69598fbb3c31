# SPDX-License-Identifier: Apache-2.0
# isolab_room(NAME SOURCES ... LINKS ... [PCH OWN]): one static library a room, isolab_NAME.
# The links are the layer rule: what is not linked cannot be used, and
# tests/check_layers.py reads the includes as second guard.
function(isolab_room name)
  cmake_parse_arguments(ROOM "" "PCH" "SOURCES;LINKS" ${ARGN})
  add_library(isolab_${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(isolab_${name} PUBLIC isolab_options ${ROOM_LINKS})
  isolab_precompile(isolab_${name} rooms ${ROOM_PCH})
endfunction()

# Source files of a plug-in list: every MACRO(word) line of FILE is word.cpp beside it.
function(isolab_plugin_sources out file)
  file(STRINGS ${file} lines REGEX "^[A-Z]+\\([a-z0-9_]+\\)")
  set(sources)
  foreach(line ${lines})
    string(REGEX REPLACE "^[A-Z]+\\(([a-z0-9_]+)\\).*" "\\1.cpp" source ${line})
    if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${source})
      message(FATAL_ERROR "${file} lists ${source}, which does not exist")
    endif()
    list(APPEND sources ${source})
  endforeach()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  set(${out} ${sources} PARENT_SCOPE)
endfunction()
