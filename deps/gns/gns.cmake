# Defines the target valve_sockets_gns: GameNetworkingSockets from GNS_ROOT, or else from an installed CMake package, or
# else built by the Cargo package beside this file. Only a Release build is accepted.
set(GNS_ROOT "$ENV{GNS_ROOT}" CACHE PATH "Install prefix of GameNetworkingSockets, instead of building it")
option(GNS_UNMODIFIED "Build GNS as it was published, for tests of the two together" OFF)
option(GNS_SELF_CONTAINED "The archive in GNS_ROOT holds OpenSSL and protobuf too (the shipped binary's does)" OFF)

add_library(valve_sockets_gns INTERFACE)

if(NOT GNS_SELF_CONTAINED)
  # Static, for both kinds of build: a shared libcrypto would be replaced by the OpenSSL that Node exports.
  set(OPENSSL_USE_STATIC_LIBS ON)
  find_package(OpenSSL REQUIRED)

  # protobuf's own CMake package knows what else has to be linked; FindProtobuf does not.
  find_package(Protobuf QUIET CONFIG)
  if(NOT Protobuf_FOUND)
    find_package(Protobuf REQUIRED)
  endif()
  if(NOT TARGET protobuf::libprotobuf)
    add_library(protobuf::libprotobuf ALIAS Protobuf::libprotobuf)
  endif()
endif()

# CMake remembers where it found GNS. What cargo built, or what is in a GNS_ROOT, is looked for again, because
# definitions, flags or the root may have changed.
if(GNS_ROOT OR GameNetworkingSockets_DIR MATCHES "/game-networking-sockets-sys-[0-9a-f]+/out")
  unset(GameNetworkingSockets_DIR CACHE)
endif()
if(GNS_ROOT)
  find_package(GameNetworkingSockets CONFIG REQUIRED PATHS ${GNS_ROOT} NO_DEFAULT_PATH)
else()
  find_package(GameNetworkingSockets CONFIG QUIET)
endif()

if(NOT GameNetworkingSockets_FOUND)
  message(STATUS "Building GameNetworkingSockets with cargo")
  set(CARGO_COMMAND cargo build CACHE STRING "How to call cargo's build")
  include(${CMAKE_CURRENT_LIST_DIR}/definitions.cmake)
  list(TRANSFORM GNS_DEFINITIONS PREPEND -D OUTPUT_VARIABLE GNS_FLAGS)
  list(JOIN GNS_FLAGS " " GNS_FLAGS)
  list(JOIN HARDENING_FLAGS " " HARDENING)
  set(GNS_CXXFLAGS "$ENV{CXXFLAGS} ${HARDENING} ${GNS_FLAGS}")
  # Cargo does not notice changed flags, so each set of flags has its own target folder.
  string(MD5 GNS_FLAGS_KEY "${GNS_CXXFLAGS}")
  string(SUBSTRING ${GNS_FLAGS_KEY} 0 8 GNS_FLAGS_KEY)
  set(CARGO_TARGET $ENV{CARGO_TARGET_DIR})
  if(NOT CARGO_TARGET)
    set(CARGO_TARGET ${CMAKE_CURRENT_LIST_DIR}/../target)
  endif()
  if(GNS_UNMODIFIED)
    set(GNS_PACKAGE ${CMAKE_CURRENT_LIST_DIR})
    set(GNS_LOCKED --locked)
  else()
    # This checks the lock file. The copy of it, in which our copy of the crate replaces the published one, is out of
    # date for that reason.
    execute_process(COMMAND node ${CMAKE_CURRENT_LIST_DIR}/../../scripts/patch-gns.mjs
      OUTPUT_VARIABLE GNS_PACKAGE COMMAND_ERROR_IS_FATAL ANY)
    set(GNS_LOCKED --offline)
  endif()
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env "CXXFLAGS=${GNS_CXXFLAGS}"
      ${CARGO_COMMAND} --release ${GNS_LOCKED} --message-format=json --target-dir ${CARGO_TARGET}/${GNS_FLAGS_KEY}
    WORKING_DIRECTORY ${GNS_PACKAGE}
    OUTPUT_VARIABLE CARGO_MESSAGES RESULT_VARIABLE CARGO_RESULT)
  if(NOT CARGO_RESULT EQUAL 0)
    message(FATAL_ERROR "cargo could not build GameNetworkingSockets (see above). "
      "`node scripts/system-packages.mjs` checks what the build needs.")
  endif()
  # One line of the messages is
  # {"reason":"build-script-executed","package_id":"…game-networking-sockets-sys…","out_dir":"…"}
  string(CONCAT GNS_PATTERN "[^\n]*\"reason\":\"build-script-executed\","
    "\"package_id\":\"[^\"]*game-networking-sockets-sys[^\n]*")
  string(REGEX MATCH "${GNS_PATTERN}" GNS_MESSAGE "${CARGO_MESSAGES}")
  string(JSON GNS_OUT_DIR GET "${GNS_MESSAGE}" out_dir)
  find_package(GameNetworkingSockets CONFIG REQUIRED PATHS ${GNS_OUT_DIR} NO_DEFAULT_PATH)
endif()

if(TARGET GameNetworkingSockets::GameNetworkingSockets_s)
  set(GNS_TARGET GameNetworkingSockets::GameNetworkingSockets_s)
  # An archive has functions that no header and no shared library offers (native/core/gns.h).
  target_compile_definitions(valve_sockets_gns INTERFACE VALVE_SOCKETS_GNS_ARCHIVE)
else()
  set(GNS_TARGET GameNetworkingSockets::GameNetworkingSockets)
endif()
target_link_libraries(valve_sockets_gns INTERFACE ${GNS_TARGET})

# Built without NDEBUG, GNS validates its packet state at every step and is 100 times slower.
get_target_property(GNS_LIBRARY ${GNS_TARGET} LOCATION)
file(STRINGS ${GNS_LIBRARY} GNS_DEBUG_MARKS LIMIT_COUNT 1
  REGEX "__gnu_debug|17SSNPReceiverState22DebugCheckPacketGapMapEv")
if(GNS_DEBUG_MARKS)
  message(FATAL_ERROR "${GNS_LIBRARY} is a debug build of GameNetworkingSockets: "
    "100 times slower than a Release build, so it is refused. "
    "Build it with -DCMAKE_BUILD_TYPE=Release, or unset GNS_ROOT to have it built here.")
endif()
message(STATUS "GameNetworkingSockets: ${GNS_LIBRARY}")

# A text that only our changes bring.
file(STRINGS ${GNS_LIBRARY} GNS_CHANGE_MARKS LIMIT_COUNT 1 REGEX "Ambiguous ack: 16 bits")
if(NOT GNS_CHANGE_MARKS AND NOT GNS_UNMODIFIED)
  message(WARNING "${GNS_LIBRARY} lacks the changes of scripts/patch-gns.mjs. "
    "docs/gns-socket.md says what may be lost without them.")
endif()
