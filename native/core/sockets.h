#pragma once
#include <vector>

#include "core/state.h"

namespace vs {

using Options = std::vector<SteamNetworkingConfigValue_t>;

OwnerId CreateOwner(Doorbell* doorbell);

// Both return 0 on failure; TakeErrorLines() then has GNS's log lines of the call.
Handle CreateListenSocket(OwnerId owner, const SteamNetworkingIPAddr& address, const Options& options);
Handle Connect(OwnerId owner, const SteamNetworkingIPAddr& address, const Options& options);
EResult AcceptConnection(OwnerId owner, Handle handle);
// Makes two connections that are connected to each other. Returns false on failure.
bool CreateSocketPair(OwnerId owner, bool network, const SteamNetworkingIdentity* identity_one,
                      const SteamNetworkingIdentity* identity_two, Handle out[2]);

Handle CreatePollGroup(OwnerId owner);
// Group 0 leaves the group.
bool SetConnectionPollGroup(OwnerId owner, Handle handle, Handle group);
// The hidden poll group of a connection that is in none of the user's groups. The lock is held by the caller.
Handle HomeGroup(State& state, const Connection& connection);

bool SetReadable(OwnerId owner, bool on);
// Sets whether an open listen socket or connection keeps the process alive. Returns false for an unknown handle.
bool SetReferenced(OwnerId owner, Handle handle, bool on);

// Enter a new handle into the table. The lock is held by the caller.
void AddListener(State& state, Owner* owner, Handle handle);
Connection& AddOutgoing(State& state, Owner* owner, Handle handle, Handle pair);

EResult ConfigureLanes(OwnerId owner, Handle handle, int count, const int* priorities, const uint16_t* weights);

// Whether the handle is an open connection, or listen socket, of this owner.
bool HasConnection(OwnerId owner, Handle handle);
bool HasListener(OwnerId owner, Handle handle);

}  // namespace vs
