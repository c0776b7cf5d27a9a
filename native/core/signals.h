#pragma once
#include <string>
#include <vector>

#include "core/state.h"

namespace vs {

// To set up a P2P connection, GNS hands out small rendezvous messages ("signals"), which the application carries to the
// peer by any means it has. A lost signal does no harm: GNS sends it again.

constexpr size_t kMaxSignalsPerOwner = 1024;

struct Signal {
  Handle connection;  // 0 for a rejection
  SteamNetworkingIdentity peer;
  std::string data;
};

// Signals wait in a queue per owner, because GNS hands them out on any thread with its locks held. `doorbell` rings for
// each new one.
void AddSignalQueue(OwnerId owner, Doorbell* doorbell);
void RemoveSignalQueue(OwnerId owner);
// Appends a signal, or drops it when the queue is full.
void PushSignal(OwnerId owner, Signal signal);
// Whether signals have come in since the last call.
bool HasNewSignals(OwnerId owner);
// Drops the signals of all owners.
void ClearSignals();
// Takes up to `max` signals, oldest first.
std::vector<Signal> TakeSignals(OwnerId owner, size_t max);

// A sender of signals for one connection, which puts them into the owner's queue. It deletes itself when GNS releases
// it.
ISteamNetworkingConnectionSignaling* NewSignaling(OwnerId owner);

}  // namespace vs
