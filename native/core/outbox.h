#pragma once
#include "core/state.h"

namespace vs {

// Sends one message; the payload is copied.
EResult Send(OwnerId owner, Handle handle, const void* data, uint32_t size, int flags);

// Sends the records (lib/addon/native.ts, SEND_RECORD) of a slab in one go. results[i]: the message number, minus a
// result code, or 0 (not tried after an earlier failure). False: the slab holds fewer than `count` whole records.
bool SendBatch(OwnerId owner, const uint8_t* slab, size_t size, uint32_t count, double* results);

// Sends one payload to many connections; it is copied once. results[i] as above.
void SendToMany(OwnerId owner, const Handle* handles, uint32_t count, const void* data, uint32_t size, int flags,
                int lane, double* results);

// Tells the owner, once, when no more than `low_water` bytes of the connection wait to be sent. False: no such handle.
bool WatchDrain(OwnerId owner, Handle handle, int64 low_water);
std::vector<Handle> TakeDrained(OwnerId owner);
// Both with the lock held by the caller.
void CheckDrained(State& state);
void ClearMark(State& state, Connection& connection);

EResult Flush(OwnerId owner, Handle handle);

}  // namespace vs
