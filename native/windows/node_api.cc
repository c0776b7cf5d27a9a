// Node-API's functions, taken from the program that runs, whatever its name is: an import library would ask for
// node.exe, which Electron's and other programs are not. Calls go through the variables __imp_napi_…, as through the
// table of an import library.
#include <windows.h>

extern "C" {
#define NODE_API_FUNCTION(name) void* __imp_##name;
#include "node_api_functions.inc"
#undef NODE_API_FUNCTION
}

namespace {

// Before Node calls the addon. Functions newer than the program stay null; those of version 8 are in all.
[[maybe_unused]] const bool found = [] {
  const HMODULE program = GetModuleHandleW(nullptr);
#define NODE_API_FUNCTION(name) __imp_##name = reinterpret_cast<void*>(GetProcAddress(program, #name));
#include "node_api_functions.inc"
#undef NODE_API_FUNCTION
  return true;
}();

}  // namespace
