# SPDX-License-Identifier: GPL-2.0-only
# Warnings and sanitizers for every target of ours.
function(nap_flags target)
  # -Wrestrict: GCC 12 warns of overlaps that cannot be (GCC bug 105651).
  target_compile_options(${target} PRIVATE -Wall -Wextra -Werror -Wshadow -Wnon-virtual-dtor -Wno-restrict)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # libstdc++ 12 hides <expected> from clang, whose concepts macro is older than the feature it has.
    target_compile_options(${target} PRIVATE -Wno-unknown-warning-option -Wno-builtin-macro-redefined -D__cpp_concepts=202002L)
  endif()
  if(NAP_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=address,undefined -fno-sanitize-recover=undefined
                                             -fno-omit-frame-pointer)
    target_link_options(${target} PRIVATE -fsanitize=address,undefined)
  endif()
endfunction()

# A room of the architecture: a static library nap_<name> of all .cpp files in this folder and in ROOMS, those below it.
function(nap_library name)
  cmake_parse_arguments(ARG "" "" "LINK;ROOMS" ${ARGN})
  set(patterns ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  foreach(room ${ARG_ROOMS})
    list(APPEND patterns ${CMAKE_CURRENT_SOURCE_DIR}/${room}/*.cpp)
  endforeach()
  file(GLOB sources CONFIGURE_DEPENDS ${patterns})
  if(NOT sources)
    add_library(nap_${name} INTERFACE)
    target_include_directories(nap_${name} INTERFACE ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(nap_${name} INTERFACE ${ARG_LINK})
    return()
  endif()
  add_library(nap_${name} STATIC ${sources})
  target_include_directories(nap_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(nap_${name} PUBLIC ${ARG_LINK})
  nap_flags(nap_${name})
endfunction()

# The tests of one room: a GoogleTest program of all .cpp files in this folder. GUESTS: filter of those that boot
# kernels; they find one in build/test/machine, where scripts/test has put it.
function(nap_test name)
  cmake_parse_arguments(ARG "" "GUESTS" "LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_executable(test_${name} ${sources})
  target_include_directories(test_${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(test_${name} PRIVATE ${ARG_LINK} GTest::gmock GTest::gtest_main)
  nap_flags(test_${name})
  target_compile_options(test_${name} PRIVATE -O0)  # built far more often than run
  if(ARG_GUESTS)
    gtest_discover_tests(test_${name} TEST_PREFIX ${name}. TEST_FILTER "${ARG_GUESTS}" TEST_LIST guests
                         DISCOVERY_TIMEOUT 60
                         PROPERTIES LABELS guest TIMEOUT 900 ENVIRONMENT "NAP_TEST_GUEST=${CMAKE_BINARY_DIR}/test/machine")
    set(others TEST_FILTER "*:-${ARG_GUESTS}")
  endif()
  # Tests that measure their memory would see what AddressSanitizer keeps of it.
  gtest_discover_tests(test_${name} TEST_PREFIX ${name}. ${others} DISCOVERY_TIMEOUT 60
                       PROPERTIES LABELS host ENVIRONMENT "ASAN_OPTIONS=quarantine_size_mb=8")
endfunction()
