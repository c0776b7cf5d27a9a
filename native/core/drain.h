#pragma once
#include "core/state.h"

namespace vs {

// Wakes the owner, once, when no more than `low_water` bytes of the connection wait to be sent. Returns false for an
// unknown handle.
bool WatchDrain(OwnerId owner, Handle handle, int64 low_water);
// Returns the owner's connections for which that has happened since the last call.
std::vector<Handle> TakeDrained(OwnerId owner);

// Both with the lock held by the caller.
void CheckDrained(State& state);
void StopWatchingDrain(State& state, Connection& connection);

}  // namespace vs
