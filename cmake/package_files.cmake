# SPDX-License-Identifier: Apache-2.0
# Run by CPack between installation and packaging: what Debian's policy asks of a package's files. Manual pages and
# changelogs are compressed without a time, so the same build gives the same package.
cmake_policy(VERSION 3.25)
foreach(component ${CPACK_COMPONENTS_ALL})
  set(root ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/${component})
  set(doc ${root}/usr/share/doc/${component})
  string(TIMESTAMP now "%Y-%m-%dT%H:%M:%SZ" UTC)
  execute_process(COMMAND date -u -R -d ${now} OUTPUT_VARIABLE date OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  file(WRITE ${doc}/changelog.Debian "isolab (${CPACK_DEBIAN_PACKAGE_VERSION}) unstable; urgency=medium

  * Made by cpack; the changes are in changelog.gz of the package isolab.

 -- ${CPACK_PACKAGE_CONTACT}  ${date}
")
  if(EXISTS ${doc}/CHANGELOG.md)
    file(RENAME ${doc}/CHANGELOG.md ${doc}/changelog)
  endif()
  file(GLOB texts ${root}/usr/share/man/man*/*.[15] ${doc}/changelog*)
  execute_process(COMMAND gzip -9nf ${texts} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
