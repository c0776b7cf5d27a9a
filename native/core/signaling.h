#pragma once
#include <string>
#include <vector>

#include "core/sockets.h"
#include "core/state.h"

namespace vs {

// P2P connections: GNS hands out small rendezvous messages ("signals") that the application carries to the peer by
// whatever way it has. They are best effort: GNS sends them again.

constexpr size_t kMaxSignalsPerOwner = 1024;

struct Signal {
  Handle connection;  // 0 for a rejection
  SteamNetworkingIdentity peer;
  std::string data;
};

// Where signals wait, since GNS gives them from any thread with its locks held. `doorbell` rings for new ones.
void AddSignalQueue(OwnerId owner, Doorbell* doorbell);
void RemoveSignalQueue(OwnerId owner);
// Whether signals have come since this was last asked.
bool HasNewSignals(OwnerId owner);
// Forgets the signals of all owners.
void ClearSignals();
// The oldest `max` signals.
std::vector<Signal> TakeSignals(OwnerId owner, size_t max);
uint64_t DroppedSignals();

// A sender of signals for one connection, which puts them into the owner's queue. Frees itself when GNS releases it.
ISteamNetworkingConnectionSignaling* NewSignaling(OwnerId owner);

// 0 on failure; `peer` may be null when it is not known beforehand.
Handle ConnectP2P(OwnerId owner, const SteamNetworkingIdentity* peer, int remote_virtual_port, const Options& options);
Handle CreateListenSocketP2P(OwnerId owner, int local_virtual_port, const Options& options);

// Feeds a signal that came from a peer. A request for a new connection makes one in state Connecting, whose event
// goes to the owner of the P2P listen socket it asks for, or to this owner; without `allow_requests` it is ignored
// without an answer. False: not a signal.
bool ReceiveSignal(OwnerId owner, const void* data, int size, bool allow_requests);

}  // namespace vs
