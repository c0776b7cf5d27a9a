# Installed beside the archive that holds GameNetworkingSockets with all it links: no other package has to be found.
get_filename_component(_prefix ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)
add_library(GameNetworkingSockets::GameNetworkingSockets_s STATIC IMPORTED GLOBAL)
set_target_properties(GameNetworkingSockets::GameNetworkingSockets_s PROPERTIES
  IMPORTED_LOCATION ${_prefix}/lib/libgns_with_dependencies.a
  INTERFACE_INCLUDE_DIRECTORIES ${_prefix}/include
  INTERFACE_COMPILE_DEFINITIONS STEAMNETWORKINGSOCKETS_STATIC_LINK)
