# SPDX-License-Identifier: GPL-2.0-only
# cmake --install build: the program, what it finds beside itself, the systemd unit, the manual.
include(GNUInstallDirs)

configure_file(${CMAKE_SOURCE_DIR}/systemd/nap@.service.in ${CMAKE_BINARY_DIR}/nap@.service @ONLY)
install(TARGETS nap)
install(TARGETS agent RUNTIME DESTINATION lib/nap)
install(DIRECTORY ${NAP_LIBEXEC}/module DESTINATION lib/nap)
install(PROGRAMS ${NAP_LIBEXEC}/criu DESTINATION lib/nap)
install(FILES ${CMAKE_BINARY_DIR}/nap@.service DESTINATION lib/systemd/system)
install(FILES ${CMAKE_SOURCE_DIR}/docs/manual.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
