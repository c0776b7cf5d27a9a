#pragma once
// The only include of napi.h.
#define NAPI_CPP_EXCEPTIONS
#define NODE_ADDON_API_DISABLE_DEPRECATED
// A worker that is terminated inside one of our functions takes no exception any more; without this, the wrapper around
// the function throws a second C++ exception, which ends the process.
#define NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS
#include <napi.h>
