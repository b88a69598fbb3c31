# SPDX-License-Identifier: Apache-2.0
# What is installed beside the program, and the Debian packages isolab and isolab-plots: `cpack --config
# BUILD/CPackConfig.cmake`. The layout below the prefix is fixed, since the program finds its files from its own
# place (host/installation.h). Files of the component "local" are not packaged; those that are excluded from a
# full installation are only packaged.
install(FILES include/isolab/mark.h DESTINATION include/isolab COMPONENT isolab)
install(DIRECTORY profiles DESTINATION share/isolab COMPONENT isolab)
install(DIRECTORY plots DESTINATION share/isolab COMPONENT isolab-plots PATTERN __pycache__ EXCLUDE)
install(FILES README.md CHANGELOG.md SECURITY.md DESTINATION share/doc/isolab COMPONENT isolab)
install(DIRECTORY docs DESTINATION share/doc/isolab COMPONENT isolab
  FILES_MATCHING PATTERN "*.md" PATTERN decisions EXCLUDE PATTERN images EXCLUDE)
install(FILES LICENSE DESTINATION share/doc/isolab COMPONENT local)

function(isolab_unit prefix out)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/isolab-restore.service.in ${out} @ONLY)
endfunction()
isolab_unit(${CMAKE_INSTALL_PREFIX} ${PROJECT_BINARY_DIR}/isolab-restore.service)
isolab_unit(/usr ${PROJECT_BINARY_DIR}/package/isolab-restore.service)
install(FILES ${PROJECT_BINARY_DIR}/isolab-restore.service DESTINATION lib/systemd/system COMPONENT local)
# Debian 12 has its units in /lib, its prefix is /usr.
install(FILES ${PROJECT_BINARY_DIR}/package/isolab-restore.service DESTINATION /lib/systemd/system
  COMPONENT isolab EXCLUDE_FROM_ALL)
install(FILES cmake/copyright DESTINATION share/doc/isolab COMPONENT isolab EXCLUDE_FROM_ALL)
install(FILES cmake/copyright DESTINATION share/doc/isolab-plots COMPONENT isolab-plots EXCLUDE_FROM_ALL)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
# Who makes a package is its maintainer; the variables are those of Debian's tools.
set(CPACK_PACKAGE_CONTACT "isolab <isolab@example.org>")
if(DEFINED ENV{DEBEMAIL})
  set(CPACK_PACKAGE_CONTACT "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
endif()
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_COMPONENTS_ALL isolab isolab-plots)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_PROJECT_CONFIG_FILE ${PROJECT_SOURCE_DIR}/cmake/package_version.cmake)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/package_files.cmake)
set(CPACK_ISOLAB_SOURCE ${PROJECT_SOURCE_DIR})
set(CPACK_ISOLAB_BUILD ${PROJECT_BINARY_DIR})

set(CPACK_DEBIAN_ISOLAB_PACKAGE_NAME isolab)
set(CPACK_DEBIAN_ISOLAB_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_ISOLAB_PACKAGE_RECOMMENDS rt-tests)
set(CPACK_DEBIAN_ISOLAB_PACKAGE_SUGGESTS "isolab-plots, gcc, make, trace-cmd, qemu-system-x86")
set(CPACK_COMPONENT_ISOLAB_DESCRIPTION "measure what interrupts isolated CPUs
isolab runs real workloads on the housekeeping CPUs of a machine while its
isolated CPUs are measured with a busy loop or cyclictest. Kernel trace
events are joined with the gaps that were measured, so that each latency spike
has its cause: what reached the CPU, who sent it, and what it cost.")

set(CPACK_DEBIAN_ISOLAB-PLOTS_PACKAGE_NAME isolab-plots)
set(CPACK_DEBIAN_ISOLAB-PLOTS_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_ISOLAB-PLOTS_PACKAGE_DEPENDS "python3, python3-matplotlib")
set(CPACK_COMPONENT_ISOLAB-PLOTS_DESCRIPTION "charts of isolab's recordings
The scripts with which isolab draws charts of a recording or of a comparison, as
PNG and SVG with the numbers as CSV. They may be installed on another machine than the one that was measured.")
include(CPack)
