#pragma once
#include "core/state.h"

namespace vs {

// Sends one message; the payload is copied.
EResult Send(OwnerId owner, Handle handle, const void* data, uint32_t size, int flags);

// Sends the records (OutgoingRecord) of a slab in one call. results[i] is the message number, minus a result code, or 0
// when it was not tried after an earlier failure. Returns false when the slab holds fewer than `count` whole records.
bool SendBatch(OwnerId owner, const uint8_t* slab, size_t size, uint32_t count, double* results);

// Sends one payload to many connections; it is copied once. results[i] as above.
void SendToMany(OwnerId owner, const Handle* handles, uint32_t count, const void* data, uint32_t size, int flags,
                int lane, double* results);

EResult Flush(OwnerId owner, Handle handle);

}  // namespace vs
