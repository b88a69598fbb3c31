# SPDX-License-Identifier: Apache-2.0
# Toolchain: Debian's cross compiler, with the libraries of a directory of unpacked arm64 packages
# (scripts/build_arm64.sh makes it; nothing is installed for arm64 on this machine).
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)

list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES ISOLAB_SYSROOT)
set(CMAKE_FIND_ROOT_PATH ${ISOLAB_SYSROOT})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(places ${ISOLAB_SYSROOT}/usr/lib/aarch64-linux-gnu ${ISOLAB_SYSROOT}/lib/aarch64-linux-gnu)
set(ENV{PKG_CONFIG_LIBDIR} ${ISOLAB_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${ISOLAB_SYSROOT})
set(CMAKE_CXX_FLAGS_INIT "-isystem ${ISOLAB_SYSROOT}/usr/include -isystem ${ISOLAB_SYSROOT}/usr/include/aarch64-linux-gnu")
foreach(place ${places})
  string(APPEND CMAKE_EXE_LINKER_FLAGS_INIT " -L${place} -Wl,-rpath-link,${place}")
endforeach()
set(CMAKE_SKIP_BUILD_RPATH ON)
