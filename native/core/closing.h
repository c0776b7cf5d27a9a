#pragma once
#include <string>

#include "core/state.h"

namespace vs {

// Closes an open connection, after lingering for up to `linger_ms` (0: at once). GNS's own lingering hides the
// connection and reports nothing at its end, so we linger ourselves: the connection stays open in GNS, unknown to the
// user, until the peer has acknowledged everything or time is up. Then GNS closes it, and its last event comes when the
// peer has confirmed that.
bool CloseConnection(OwnerId owner, Handle handle, int reason, const std::string& debug, uint32_t linger_ms);

// Closes the connections that a listen socket accepted, each with this reason and text, and then the socket. GNS alone
// would drop the connections without telling their peers, which would then wait for a timeout.
bool CloseListenSocket(OwnerId owner, Handle handle, int reason, const std::string& debug);

bool DestroyPollGroup(OwnerId owner, Handle handle);

// Closes all that an owner has open. The lock is held by the caller.
void CloseAll(State& state, OwnerId owner, int reason, const std::string& debug);

// Closes all that the process has open; each owner gets the events of its connections. The lock is held by the caller.
void CloseProcess(State& state, int reason, const std::string& debug);

// Closes the connections that are lingering, each with its own reason. The lock is held by the caller.
void CloseLingering(State& state);

// Closes the connections that have finished lingering, and ends the farewells that are over. The lock is held by the
// caller. To be called at least every 5 ms while IsLingering().
void CheckLingering(State& state);

}  // namespace vs
