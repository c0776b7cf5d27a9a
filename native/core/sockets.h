#pragma once
#include <vector>

#include "core/state.h"

namespace vs {

using Options = std::vector<SteamNetworkingConfigValue_t>;

OwnerId CreateOwner(Doorbell* doorbell);

// 0 on failure; GNS's log lines of the call are then in TakeErrorLines().
Handle CreateListenSocket(OwnerId owner, const SteamNetworkingIPAddr& address, const Options& options);
Handle Connect(OwnerId owner, const SteamNetworkingIPAddr& address, const Options& options);
EResult AcceptConnection(OwnerId owner, Handle handle);
// Two connections that talk to each other; false on failure.
bool CreateSocketPair(OwnerId owner, bool network, const SteamNetworkingIdentity* identity_one,
                      const SteamNetworkingIdentity* identity_two, Handle out[2]);

Handle CreatePollGroup(OwnerId owner);
// Group 0 leaves the group.
bool SetConnectionPollGroup(OwnerId owner, Handle handle, Handle group);
// The hidden poll group that a connection is in when it is in none of the user's. The lock is held by the caller.
Handle HomeGroup(State& state, const Connection& connection);

bool SetReadable(OwnerId owner, bool on);
// Whether an open listen socket or connection keeps the process alive. False: no such handle.
bool SetReferenced(OwnerId owner, Handle handle, bool on);

// The table's side of a new handle. The lock is held by the caller.
void AddListener(State& state, Owner* owner, Handle handle);
Connection& AddOutgoing(State& state, Owner* owner, Handle handle, Handle pair);

EResult ConfigureLanes(OwnerId owner, Handle handle, int count, const int* priorities, const uint16_t* weights);

// Whether the handle is an open connection (a listen socket) of this owner.
bool HasConnection(OwnerId owner, Handle handle);
bool HasListener(OwnerId owner, Handle handle);

}  // namespace vs
