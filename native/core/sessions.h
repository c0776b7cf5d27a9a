#pragma once
#include <vector>

#include "core/slab_writer.h"
#include "core/state.h"

namespace vs {

// ISteamNetworkingMessages: messages to identities on numbered channels, over P2P connections that GNS keeps by
// itself. There is one interface per process, so one owner has it at a time.

constexpr size_t kMaxSessionEvents = 1024;

struct SessionEvent {
  bool failed;  // else a request
  SteamNetworkingIdentity peer;
  SteamNetConnectionInfo_t info;  // when failed
};

// False: another owner has it. The owner's signals carry the rendezvous messages. It keeps the process alive.
bool ClaimSessions(OwnerId owner);
// Ends the sessions. Without State::mutex held.
void ReleaseSessions(OwnerId owner);
// Remembers a peer, so that releasing ends the session with it.
void NoteSession(const SteamNetworkingIdentity& peer, bool open);
bool OwnsSessions(OwnerId owner);
bool AreSessionsClaimed();
std::vector<SessionEvent> TakeSessionEvents(OwnerId owner);
// Whether the owner has the interface, and something may have come in for it.
bool MayHaveSessionMessages(OwnerId owner, bool arrived);

// Has the owner woken again when `max` messages were taken, since more may be there.
Received ReceiveOnChannel(OwnerId owner, int channel, uint32_t max, uint8_t* slab, uint32_t size, uint32_t offset);

}  // namespace vs
