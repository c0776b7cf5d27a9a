#pragma once
// The one file that includes napi.h.
#define NAPI_CPP_EXCEPTIONS
#define NODE_ADDON_API_DISABLE_DEPRECATED
// When a worker is terminated inside one of our functions, no exception can be thrown into its JS. Without this, the
// wrapper around the function would then throw a second C++ exception, which ends the process.
#define NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS
#include <napi.h>
