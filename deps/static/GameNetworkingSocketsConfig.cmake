# Installed beside the archive that holds GameNetworkingSockets and everything that it links, so no other package has to
# be found.
get_filename_component(_prefix ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)
add_library(GameNetworkingSockets::GameNetworkingSockets_s STATIC IMPORTED GLOBAL)
set_target_properties(GameNetworkingSockets::GameNetworkingSockets_s PROPERTIES
  IMPORTED_LOCATION ${_prefix}/lib/libgns_with_dependencies.a
  INTERFACE_INCLUDE_DIRECTORIES ${_prefix}/include
  INTERFACE_COMPILE_DEFINITIONS STEAMNETWORKINGSOCKETS_STATIC_LINK)
if(WIN32)
  set(_system ws2_32 crypt32 winmm iphlpapi bcrypt dbghelp)
elseif(APPLE)
  set(_system "-framework CoreFoundation")
endif()
set_property(TARGET GameNetworkingSockets::GameNetworkingSockets_s PROPERTY INTERFACE_LINK_LIBRARIES ${_system})
