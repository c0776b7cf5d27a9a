#pragma once
#include "core/sockets.h"
#include "core/state.h"

namespace vs {

// P2P connections, which are set up by signals (signals.h).

// Returns 0 on failure. `peer` may be null when it is not known yet.
Handle ConnectP2P(OwnerId owner, const SteamNetworkingIdentity* peer, int remote_virtual_port, const Options& options);
Handle CreateListenSocketP2P(OwnerId owner, int local_virtual_port, const Options& options);

// Feeds a signal that came from a peer. A request for a new connection makes one in state Connecting, whose event
// goes to the owner of the P2P listen socket that it asks for, or to this owner when there is no such socket. Without
// `allow_requests` a request is ignored without an answer. Returns false for data that is not a signal.
bool ReceiveSignal(OwnerId owner, const void* data, int size, bool allow_requests);

}  // namespace vs
