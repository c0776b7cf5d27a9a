#pragma once
#include "core/state.h"

namespace vs {

// Sends one message; the payload is copied.
EResult Send(OwnerId owner, Handle handle, const void* data, uint32_t size, int flags);

// Sends the records (lib/valve/native.ts, SEND_RECORD) of a slab in one go. results[i]: the message number, minus a
// result code, or 0 (not tried after an earlier failure). False: the slab holds fewer than `count` whole records.
bool SendBatch(OwnerId owner, const uint8_t* slab, size_t size, uint32_t count, double* results);

EResult Flush(OwnerId owner, Handle handle);

}  // namespace vs
