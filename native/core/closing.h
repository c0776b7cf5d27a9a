#pragma once
#include <string>

#include "core/state.h"

namespace vs {

// How long a close with linger, and the natural end of a process, wait for data that is not yet acknowledged.
constexpr SteamNetworkingMicroseconds kLingerTime = 5'000'000;

// Closes an open connection. GNS hides a lingering connection and says nothing when it is done, so lingering is ours:
// the connection stays open in GNS, unknown to the user, until the peer has acknowledged everything or time is up.
bool CloseConnection(OwnerId owner, Handle handle, int reason, const std::string& debug, bool linger);

// Closes the connections that a listen socket accepted, each with reason and text, then the socket. GNS alone would
// drop them without a word, and their peers would wait for a timeout.
bool CloseListenSocket(OwnerId owner, Handle handle, int reason, const std::string& debug);

bool DestroyPollGroup(OwnerId owner, Handle handle);

// Closes all that an owner has open. The lock is held by the caller.
void CloseAll(State& state, OwnerId owner, int reason, const std::string& debug);

// Ends the lingering of connections that are done. The lock is held by the caller. Called at least every 5 ms while
// State::lingering is not 0.
void CheckLingering(State& state);

}  // namespace vs
