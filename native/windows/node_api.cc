// Takes Node-API's functions from the running program, whatever its name is. An import library would look for node.exe,
// but Electron and others have other names. Calls go through the variables __imp_napi_…, as they would go through the
// table of an import library.
#include <windows.h>

extern "C" {
#define NODE_API_FUNCTION(name) void* __imp_##name;
#include "node_api_functions.inc"
#undef NODE_API_FUNCTION
}

namespace {

// Runs when the addon is loaded, before Node calls it. Functions that are newer than the program stay null; those of
// version 8 are in all programs.
[[maybe_unused]] const bool found = [] {
  const HMODULE program = GetModuleHandleW(nullptr);
#define NODE_API_FUNCTION(name) __imp_##name = reinterpret_cast<void*>(GetProcAddress(program, #name));
#include "node_api_functions.inc"
#undef NODE_API_FUNCTION
  return true;
}();

}  // namespace
