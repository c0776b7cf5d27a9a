#pragma once
#include "core/state.h"

namespace vs {

// Tells the owner, once, when no more than `low_water` bytes of the connection wait to be sent. False: no such handle.
bool WatchDrain(OwnerId owner, Handle handle, int64 low_water);
// The connections of the owner for which that has happened since the last call.
std::vector<Handle> TakeDrained(OwnerId owner);

// Both with the lock held by the caller.
void CheckDrained(State& state);
void StopWatchingDrain(State& state, Connection& connection);

}  // namespace vs
