# The libraries we stand on, each as one target. docs/decisions/0002-libraries.md says why each was chosen.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Boost 1.81 REQUIRED)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
find_package(OpenSSL REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(SQLiteCpp REQUIRED)

# Asio, Beast and JSON are compiled once each; everything else sees declarations only.
add_library(parley_asio STATIC src/net/boost/asio.cpp)
target_compile_definitions(parley_asio PUBLIC
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_BEAST_SEPARATE_COMPILATION)
target_link_libraries(parley_asio PUBLIC parley_options Boost::headers Threads::Threads)

add_library(parley_beast STATIC src/net/boost/beast.cpp)
target_link_libraries(parley_beast PUBLIC parley_asio)

add_library(parley_json STATIC src/wire/boost/json.cpp)
target_compile_definitions(parley_json PUBLIC BOOST_JSON_NO_LIB)
target_link_libraries(parley_json PUBLIC parley_options Boost::headers)
