# One interface target carries every flag and every Boost definition: files of one program that differ in a
# BOOST_ASIO_* definition crash at start, so nothing may set them anywhere else.
add_library(parley_options INTERFACE)
target_compile_features(parley_options INTERFACE cxx_std_20)
target_compile_options(parley_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(parley_options INTERFACE -fcoroutines)
endif()
target_include_directories(parley_options INTERFACE ${PROJECT_SOURCE_DIR}/src)
if(PARLEY_WERROR)
  target_compile_options(parley_options INTERFACE -Werror)
endif()
if(PARLEY_SANITIZE)
  target_compile_options(parley_options INTERFACE -fsanitize=${PARLEY_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all)
  target_link_options(parley_options INTERFACE -fsanitize=${PARLEY_SANITIZE})
endif()

# A fast linker where present; ccache where present.
find_program(PARLEY_MOLD mold)
find_program(PARLEY_LLD ld.lld)
if(PARLEY_MOLD)
  target_link_options(parley_options INTERFACE -fuse-ld=mold)
elseif(PARLEY_LLD)
  target_link_options(parley_options INTERFACE -fuse-ld=lld)
endif()
find_program(PARLEY_CCACHE ccache)
if(PARLEY_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${PARLEY_CCACHE})
endif()
