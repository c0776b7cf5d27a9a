#include "core/sessions.h"

#include <algorithm>

#include "core/driver.h"
#include "core/signals.h"

namespace vs {

namespace {

struct Sessions {
  std::mutex mutex;  // taken with State::mutex or GNS's locks held; no other lock is taken while it is held
  OwnerId owner = 0;
  std::deque<SessionEvent> events;
  std::unordered_map<std::string, SteamNetworkingIdentity> peers;  // by the text of the identity
  // By channel: messages that were taken out of GNS and did not fit the slab, oldest first.
  std::unordered_map<int, std::deque<SteamNetworkingMessage_t*>> in_hand;
};

Sessions& GetSessions() {
  static Sessions* sessions = new Sessions();
  return *sessions;
}

void Push(const SessionEvent& event) {
  auto [sessions, lock] = Locked(GetSessions());
  if (!sessions.owner) return;
  // The oldest event is dropped: an unanswered request is repeated with the peer's next message.
  if (sessions.events.size() >= kMaxSessionEvents) sessions.events.pop_front();
  sessions.events.push_back(event);
}

// GNS calls these two inside PumpEvents.
void OnRequest(SteamNetworkingMessagesSessionRequest_t* request) { Push({false, request->m_identityRemote, {}}); }
void OnFailed(SteamNetworkingMessagesSessionFailed_t* failed) {
  Push({true, failed->m_info.m_identityRemote, failed->m_info});
}

ISteamNetworkingConnectionSignaling* OnSignalingWanted(ISteamNetworkingSockets*, const SteamNetworkingIdentity&, int,
                                                       int) {
  auto [sessions, lock] = Locked(GetSessions());
  return sessions.owner ? NewSignaling(sessions.owner) : nullptr;
}

void RingOwner(OwnerId id) {
  auto [state, lock] = Locked(GetState());
  Owner* owner = state.FindOwner(id);
  if (!owner || !owner->readable) return;
  owner->pending = true;
  owner->doorbell->Ring();
}

void SetCallbacks(bool on) {
  const auto set = [on](ESteamNetworkingConfigValue value, void* function) {
    Utils()->SetGlobalConfigValuePtr(value, on ? function : nullptr);
  };
  set(k_ESteamNetworkingConfig_Callback_MessagesSessionRequest, reinterpret_cast<void*>(OnRequest));
  set(k_ESteamNetworkingConfig_Callback_MessagesSessionFailed, reinterpret_cast<void*>(OnFailed));
  set(k_ESteamNetworkingConfig_Callback_CreateConnectionSignaling, reinterpret_cast<void*>(OnSignalingWanted));
}

}  // namespace

bool ClaimSessions(OwnerId id) {
  {
    auto [state, lock] = Locked(GetState());
    Owner* owner = state.FindOwner(id);
    if (!owner) return false;
    auto [sessions, sessions_lock] = Locked(GetSessions());
    if (sessions.owner) return sessions.owner == id;
    sessions.owner = id;
    owner->doorbell->keep_alive++;
  }
  SetCallbacks(true);
  GetDriver().Activate();
  return true;
}

void ReleaseSessions(OwnerId id) {
  std::unordered_map<std::string, SteamNetworkingIdentity> peers;
  {
    auto [state, lock] = Locked(GetState());
    auto [sessions, sessions_lock] = Locked(GetSessions());
    if (sessions.owner != id) return;
    sessions.owner = 0;
    if (Owner* owner = state.FindOwner(id)) owner->doorbell->keep_alive--;
    sessions.events.clear();
    for (auto& [channel, messages] : sessions.in_hand) {
      for (auto* message : messages) message->Release();
    }
    sessions.in_hand.clear();
    peers.swap(sessions.peers);
  }
  for (auto& [name, peer] : peers) SteamNetworkingMessages()->CloseSessionWithUser(peer);
  SetCallbacks(false);
}

void NoteSession(const SteamNetworkingIdentity& peer, bool open) {
  char name[SteamNetworkingIdentity::k_cchMaxString];
  peer.ToString(name, sizeof name);
  auto [sessions, lock] = Locked(GetSessions());
  if (open) {
    sessions.peers.insert_or_assign(name, peer);
  } else {
    sessions.peers.erase(name);
  }
}

bool OwnsSessions(OwnerId owner) { return Locked(GetSessions()).object.owner == owner; }

bool AreSessionsClaimed() { return !OwnsSessions(0); }

std::vector<SessionEvent> TakeSessionEvents(OwnerId owner) {
  auto [sessions, lock] = Locked(GetSessions());
  if (sessions.owner != owner) return {};
  std::vector<SessionEvent> events(sessions.events.begin(), sessions.events.end());
  sessions.events.clear();
  return events;
}

bool MayHaveSessionMessages(OwnerId owner, bool arrived) {
  auto [sessions, lock] = Locked(GetSessions());
  return sessions.owner == owner && (arrived || !sessions.events.empty());
}

Received ReceiveOnChannel(OwnerId owner, int channel, uint32_t max, uint8_t* slab, uint32_t size, uint32_t offset) {
  SlabWriter writer(slab, size, offset);
  int total = 0;
  while (static_cast<uint32_t>(total) < max) {
    SteamNetworkingMessage_t* message = nullptr;
    {
      auto [sessions, lock] = Locked(GetSessions());
      auto& in_hand = sessions.in_hand[channel];
      if (!in_hand.empty()) {
        message = in_hand.front();
        in_hand.pop_front();
      }
      if (in_hand.empty()) sessions.in_hand.erase(channel);
    }
    if (!message && SteamNetworkingMessages()->ReceiveMessagesOnChannel(channel, &message, 1) != 1) break;
    if (const uint32_t needed = writer.Write(*message)) {
      auto [sessions, lock] = Locked(GetSessions());
      sessions.in_hand[channel].push_front(message);
      return {total, writer.end(), needed};
    }
    message->Release();
    total++;
  }
  if (total > 0 && static_cast<uint32_t>(total) == max) RingOwner(owner);
  return {total, writer.end(), 0};
}

}  // namespace vs
