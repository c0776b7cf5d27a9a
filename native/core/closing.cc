#include "core/closing.h"

#include <algorithm>

#include "core/drain.h"
#include "core/fin_wait.h"
#include "core/inbox.h"
#include "core/sockets.h"

namespace vs {

namespace {

// How much longer than two round trips a graceful close waits for the peer to confirm it: GNS repeats the notice after
// 0.1, 0.2 and 0.4 s. A shared library does not tell when it is confirmed.
#ifdef VALVE_SOCKETS_GNS_ARCHIVE
constexpr SteamNetworkingMicroseconds kFarewellTime = 500'000;
#else
constexpr SteamNetworkingMicroseconds kFarewellTime = 100'000;
#endif

enum class Waiting { ForData, Flushed, Lost };

// What a lingering connection waits for: data that is not acknowledged; nothing, as all is acknowledged; or nothing, as
// the connection has ended.
Waiting WhatWaits(Handle handle, int& ping_ms) {
  SteamNetConnectionRealTimeStatus_t status;
  if (Sockets()->GetConnectionRealTimeStatus(handle, &status, 0, nullptr) != k_EResultOK) return Waiting::Lost;
  if (status.m_eState != k_ESteamNetworkingConnectionState_Connected) return Waiting::Lost;
  ping_ms = status.m_nPing;
  const int bytes = status.m_cbPendingReliable + status.m_cbPendingUnreliable + status.m_cbSentUnackedReliable;
  return bytes == 0 ? Waiting::Flushed : Waiting::ForData;
}

// Closes a connection with its own reason if it is lingering, or else with this one.
void CloseNow(State& state, Handle handle, Connection& connection, int reason, const std::string& debug) {
  DropInHand(state, handle, connection.group);
  const bool lingers = connection.phase == Connection::Phase::Lingering;
  if (lingers) {
    state.lingering--;
    connection.owner->doorbell->keep_alive--;
    connection.owner->doorbell->Ring();  // its process may end now
  } else {
    state.SetReferenced(connection.referenced, connection.owner->doorbell, false);
  }
  StopWatchingDrain(state, connection);
  connection.phase = Connection::Phase::Closed;
  CloseInGns(state, handle, lingers ? connection.reason : reason, lingers ? connection.debug : debug);
}

void DestroyGroup(State& state, Handle handle) {
  auto found = state.groups.find(handle);
  if (found == state.groups.end()) return;
  for (auto* message : found->second.in_hand) message->Release();
  auto& siblings = found->second.owner->groups;
  siblings.erase(std::find(siblings.begin(), siblings.end(), handle));
  state.groups.erase(found);
  Sockets()->DestroyPollGroup(handle);
}

// Closes the connections of a listen socket that are in this phase or an earlier one.
void CloseChildren(State& state, Handle listener, int reason, const std::string& debug, Connection::Phase last) {
  for (auto& [handle, connection] : state.connections) {
    if (connection.listener == listener && connection.phase <= last) CloseNow(state, handle, connection, reason, debug);
  }
}

// Whether connections of a listen socket linger, or wait for their peers to confirm the close: GNS drops them with it.
bool HasLingeringChildren(const State& state, Handle listener) {
  const auto lingers = [listener](const auto& entry) {
    return entry.second.listener == listener && entry.second.phase == Connection::Phase::Lingering;
  };
  const auto waits = [listener](const Farewell& farewell) { return farewell.listener == listener; };
  return std::any_of(state.connections.begin(), state.connections.end(), lingers) ||
         std::any_of(state.farewells.begin(), state.farewells.end(), waits);
}

void DestroyListener(State& state, Handle handle, int reason, const std::string& debug) {
  Listener& listener = state.listeners.at(handle);
  CloseChildren(state, handle, reason, debug, Connection::Phase::Lingering);
  const Handle group = listener.group;
  state.SetReferenced(listener.referenced, listener.owner->doorbell, false);
  state.listeners.erase(handle);
  Sockets()->CloseListenSocket(handle);
  DestroyGroup(state, group);
}

// Destroys the listen sockets that the user has closed and whose last connection has finished lingering.
void FinishListeners(State& state) {
  std::vector<Handle> done;
  for (auto& [handle, listener] : state.listeners) {
    if (listener.closing && !HasLingeringChildren(state, handle)) done.push_back(handle);
  }
  for (Handle handle : done) DestroyListener(state, handle, 0, "");
}

// Holds back the last event of a connection that has just been closed, until its peer has confirmed that, or
// `close_by`.
void SayFarewell(State& state, Handle handle, const Connection& connection, int ping_ms,
                 SteamNetworkingMicroseconds close_by) {
  if (connection.in_memory) return;  // the other end knows
  const SteamNetworkingMicroseconds deadline = Now() + kFarewellTime + 2000 * std::max(ping_ms, 0);
  state.farewells.push_back({connection.owner, handle, connection.listener, std::min(deadline, close_by)});
  connection.owner->doorbell->keep_alive++;
}

// Removes the farewells for which `is_over` is true, and tells their owners. Their process may end now.
template <typename Predicate>
void EndFarewells(State& state, Predicate is_over) {
  auto& all = state.farewells;
  const auto end = [&](Farewell& farewell) {
    if (!is_over(farewell)) return false;
    farewell.owner->doorbell->keep_alive--;
    if (farewell.last_event) PushEvent(state, *farewell.owner, *farewell.last_event);
    farewell.owner->doorbell->Ring();
    return true;
  };
  all.erase(std::remove_if(all.begin(), all.end(), end), all.end());
}

// If the peer is in this process, its user gets to know first: a confirmed farewell ends when all owners have taken the
// events that were there at the check before.
bool CheckFarewells(State& state) {
  const size_t before = state.farewells.size();
  if (before == 0) return false;
  const bool is_news_taken = std::all_of(state.owners.begin(), state.owners.end(), [](const auto& entry) {
    return !entry.second->readable || entry.second->events.empty();
  });
  EndFarewells(state, [is_news_taken](Farewell& farewell) {
    if (Now() >= farewell.deadline || (farewell.confirmed && is_news_taken)) return true;
    farewell.confirmed = !IsInFinWait(farewell.handle);
    return false;
  });
  return state.farewells.size() < before;
}

}  // namespace

bool CloseConnection(OwnerId owner, Handle handle, int reason, const std::string& debug, uint32_t linger_ms) {
  auto [state, lock] = Locked(GetState());
  Connection* connection = state.FindConnection(owner, handle);
  if (!connection) return false;
  int ping_ms = 0;
  const SteamNetworkingMicroseconds deadline = Now() + SteamNetworkingMicroseconds{linger_ms} * 1000;
  const Waiting waiting = WhatWaits(handle, ping_ms);
  if (!linger_ms || waiting != Waiting::ForData) {
    connection->flushed = waiting == Waiting::Flushed;
    CloseNow(state, handle, *connection, reason, debug);
    if (linger_ms && connection->flushed) SayFarewell(state, handle, *connection, ping_ms, deadline);
    return true;
  }
  DropInHand(state, handle, connection->group);
  Sockets()->FlushMessagesOnConnection(handle);
  state.SetReferenced(connection->referenced, connection->owner->doorbell, true);
  connection->phase = Connection::Phase::Lingering;
  connection->deadline = deadline;
  connection->reason = reason;
  connection->debug = debug;
  state.lingering++;
  return true;
}

void CheckLingering(State& state) {
  const bool has_ended = CheckFarewells(state);
  if (state.lingering == 0 && !has_ended) return;
  for (auto& [handle, connection] : state.connections) {
    if (connection.phase != Connection::Phase::Lingering) continue;
    int ping_ms = 0;
    const Waiting waiting = WhatWaits(handle, ping_ms);
    if (waiting == Waiting::ForData && Now() < connection.deadline) continue;
    connection.flushed = waiting == Waiting::Flushed;
    CloseNow(state, handle, connection, 0, "");
    if (connection.flushed) SayFarewell(state, handle, connection, ping_ms, connection.deadline);
  }
  FinishListeners(state);
}

bool CloseListenSocket(OwnerId owner, Handle handle, int reason, const std::string& debug) {
  auto [state, lock] = Locked(GetState());
  Listener* listener = state.FindListener(owner, handle);
  if (!listener) return false;
  if (!HasLingeringChildren(state, handle)) {
    DestroyListener(state, handle, reason, debug);
    return true;
  }
  listener->closing = true;
  state.SetReferenced(listener->referenced, listener->owner->doorbell, false);
  CloseChildren(state, handle, reason, debug, Connection::Phase::Open);
  return true;
}

void CloseLingering(State& state) {
  for (auto& [handle, connection] : state.connections) {
    if (connection.phase == Connection::Phase::Lingering) CloseNow(state, handle, connection, 0, "");
  }
}

bool DestroyPollGroup(OwnerId owner_id, Handle handle) {
  auto [state, lock] = Locked(GetState());
  Group* group = state.FindGroup(owner_id, handle);
  if (!group) return false;
  for (auto& [member, connection] : state.connections) {
    if (connection.group != handle || connection.phase == Connection::Phase::Closed) continue;
    MoveToGroup(state, member, connection, HomeGroup(state, connection));
  }
  DestroyGroup(state, handle);
  return true;
}

void CloseAll(State& state, OwnerId id, int reason, const std::string& debug) {
  Owner* owner = state.FindOwner(id);
  if (!owner) return;
  EndFarewells(state, [&](const Farewell& farewell) { return farewell.owner == owner; });
  std::vector<Handle> handles;
  for (auto& [handle, listener] : state.listeners) {
    if (listener.owner == owner) handles.push_back(handle);
  }
  for (Handle handle : handles) DestroyListener(state, handle, reason, debug);
  for (auto it = state.connections.begin(); it != state.connections.end();) {
    auto& [handle, connection] = *it;
    if (connection.owner != owner) {
      ++it;
      continue;
    }
    if (connection.phase != Connection::Phase::Closed) CloseNow(state, handle, connection, reason, debug);
    it = state.connections.erase(it);
  }
  while (!owner->groups.empty()) DestroyGroup(state, owner->groups.back());
  owner->default_group = 0;
  owner->events.clear();
  owner->drained.clear();
  owner->pending = false;
}

void CloseProcess(State& state, int reason, const std::string& debug) {
  std::vector<Handle> handles;
  for (auto& [handle, listener] : state.listeners) handles.push_back(handle);
  for (Handle handle : handles) DestroyListener(state, handle, reason, debug);
  for (auto& [handle, connection] : state.connections) {
    if (connection.phase != Connection::Phase::Closed) CloseNow(state, handle, connection, reason, debug);
  }
  PumpEvents();  // delivers the last event of each connection, which removes it from the table
  EndFarewells(state, [](const Farewell&) { return true; });
  handles.clear();
  for (auto& [handle, group] : state.groups) handles.push_back(handle);
  for (Handle handle : handles) DestroyGroup(state, handle);
  for (auto& [id, owner] : state.owners) owner->default_group = 0;
}

}  // namespace vs
