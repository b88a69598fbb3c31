# SPDX-License-Identifier: Apache-2.0
# The libraries that isolab links, each as isolab_NAME: Debian's shared library, or for a target with the
# property ISOLAB_STATIC what stands for it in a program that loads nothing (docs/decisions/packages.md).
# ISOLAB_STATIC_FOUND says whether all of it is there.
set(ISOLAB_STATIC_FOUND ON)

function(isolab_library name shared)
  add_library(isolab_${name} INTERFACE)
  set(static)
  foreach(file ${ARGN})
    find_library(ISOLAB_STATIC_${file} ${file})
    mark_as_advanced(ISOLAB_STATIC_${file})
    if(NOT ISOLAB_STATIC_${file})
      set(ISOLAB_STATIC_FOUND OFF PARENT_SCOPE)
      message(STATUS "no isolab_static: no ${file}")
    endif()
    list(APPEND static ${ISOLAB_STATIC_${file}})
  endforeach()
  target_include_directories(isolab_${name} INTERFACE $<TARGET_PROPERTY:${shared},INTERFACE_INCLUDE_DIRECTORIES>)
  target_link_libraries(isolab_${name} INTERFACE
    "$<IF:$<BOOL:$<TARGET_PROPERTY:ISOLAB_STATIC>>,${static},${shared}>")
endfunction()

find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(hwloc REQUIRED IMPORTED_TARGET hwloc)
pkg_check_modules(sqlite3 REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(libzstd REQUIRED IMPORTED_TARGET libzstd)

isolab_library(fmt fmt::fmt)  # Debian has no libfmt.a: cli/static/fmt.cpp
isolab_library(yaml yaml-cpp libyaml-cpp.a)
isolab_library(crypto OpenSSL::Crypto libcrypto.a)
isolab_library(zlib ZLIB::ZLIB libz.a)
isolab_library(hwloc PkgConfig::hwloc libhwloc.a)
isolab_library(sqlite PkgConfig::sqlite3 libsqlite3.a)
isolab_library(zstd PkgConfig::libzstd libzstd.a)
