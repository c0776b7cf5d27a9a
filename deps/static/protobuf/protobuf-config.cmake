# GNS looks for an installed protobuf; here it is part of the same build, so only the function that GNS calls is missing.
include(${PROTOBUF_SOURCE}/cmake/protobuf-generate.cmake)

function(protobuf_generate_cpp SOURCES HEADERS)
  protobuf_generate(APPEND_PATH LANGUAGE cpp OUT_VAR generated PROTOS ${ARGN})
  set(headers ${generated})
  list(FILTER generated INCLUDE REGEX "\\.cc$")
  list(FILTER headers INCLUDE REGEX "\\.h$")
  set(${SOURCES} ${generated} PARENT_SCOPE)
  set(${HEADERS} ${headers} PARENT_SCOPE)
endfunction()
