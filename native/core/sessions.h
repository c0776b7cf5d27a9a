#pragma once
#include <vector>

#include "core/slab_writer.h"
#include "core/state.h"

namespace vs {

// ISteamNetworkingMessages: messages to identities on numbered channels, over P2P connections that GNS manages by
// itself. There is one interface per process, so one owner has it at a time.

constexpr size_t kMaxSessionEvents = 1024;

struct SessionEvent {
  bool failed;  // or else it is a request
  SteamNetworkingIdentity peer;
  SteamNetConnectionInfo_t info;  // set if it failed
};

// Gives the interface to this owner; returns false when another owner has it. The rendezvous messages become signals of
// this owner. While claimed, the interface keeps the process alive.
bool ClaimSessions(OwnerId owner);
// Ends the sessions and frees the interface. State::mutex must not be held.
void ReleaseSessions(OwnerId owner);
// Notes that a session with this peer is open or has ended, so that ReleaseSessions can end the open ones.
void NoteSession(const SteamNetworkingIdentity& peer, bool open);
bool OwnsSessions(OwnerId owner);
bool AreSessionsClaimed();
std::vector<SessionEvent> TakeSessionEvents(OwnerId owner);
// Whether the owner has the interface and something may have come in for it.
bool MayHaveSessionMessages(OwnerId owner, bool arrived);

// Copies messages as records into the slab. After `max` messages the owner is woken again, as there may be more.
Received ReceiveOnChannel(OwnerId owner, int channel, uint32_t max, uint8_t* slab, uint32_t size, uint32_t offset);

}  // namespace vs
