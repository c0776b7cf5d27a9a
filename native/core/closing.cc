#include "core/closing.h"

#include <algorithm>

#include "core/drain.h"
#include "core/fin_wait.h"
#include "core/inbox.h"
#include "core/sockets.h"

namespace vs {

namespace {

// How much longer than two round trips the process is kept alive after a graceful close.
constexpr SteamNetworkingMicroseconds kFarewellTime = 100'000;

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

bool HasLingeringChildren(const State& state, Handle listener) {
  return std::any_of(state.connections.begin(), state.connections.end(), [listener](const auto& entry) {
    return entry.second.listener == listener && entry.second.phase == Connection::Phase::Lingering;
  });
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

// GNS sends one packet that says that the connection is closed, and repeats it for each packet that still comes in. The
// process is kept alive long enough for that, so a peer that is sending learns of the close even if a packet is lost.
void SayFarewell(State& state, const Connection& connection, int ping_ms) {
  const SteamNetworkingMicroseconds deadline = Now() + kFarewellTime + 2000 * std::max(ping_ms, 0);
  state.farewells.push_back({connection.owner, deadline});
  connection.owner->doorbell->keep_alive++;
}

// Removes the farewells for which `is_over` is true. Their process may end now.
template <typename Predicate>
void EndFarewells(State& state, Predicate is_over) {
  auto& all = state.farewells;
  const auto end = [&](const Farewell& farewell) {
    if (!is_over(farewell)) return false;
    farewell.owner->doorbell->keep_alive--;
    farewell.owner->doorbell->Ring();
    return true;
  };
  all.erase(std::remove_if(all.begin(), all.end(), end), all.end());
}

void CheckFarewells(State& state) {
  if (state.farewells.empty()) return;
  EndFarewells(state, [](const Farewell& farewell) { return Now() >= farewell.deadline; });
}

}  // namespace

bool CloseConnection(OwnerId owner, Handle handle, int reason, const std::string& debug, uint32_t linger_ms) {
  auto [state, lock] = Locked(GetState());
  Connection* connection = state.FindConnection(owner, handle);
  if (!connection) return false;
  int ping_ms = 0;
  const Waiting waiting = WhatWaits(handle, ping_ms);
  if (!linger_ms || waiting != Waiting::ForData) {
    connection->flushed = waiting == Waiting::Flushed;
    CloseNow(state, handle, *connection, reason, debug);
    if (linger_ms && connection->flushed) SayFarewell(state, *connection, ping_ms);
    return true;
  }
  DropInHand(state, handle, connection->group);
  Sockets()->FlushMessagesOnConnection(handle);
  state.SetReferenced(connection->referenced, connection->owner->doorbell, true);
  connection->phase = Connection::Phase::Lingering;
  connection->deadline = Now() + SteamNetworkingMicroseconds{linger_ms} * 1000;
  connection->reason = reason;
  connection->debug = debug;
  state.lingering++;
  return true;
}

void CheckLingering(State& state) {
  CheckFarewells(state);
  if (state.lingering == 0) return;
  for (auto& [handle, connection] : state.connections) {
    if (connection.phase != Connection::Phase::Lingering) continue;
    int ping_ms = 0;
    const Waiting waiting = WhatWaits(handle, ping_ms);
    if (waiting == Waiting::ForData && Now() < connection.deadline) continue;
    connection.flushed = waiting == Waiting::Flushed;
    CloseNow(state, handle, connection, 0, "");
    if (connection.flushed) SayFarewell(state, connection, ping_ms);
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
  handles.clear();
  for (auto& [handle, group] : state.groups) handles.push_back(handle);
  for (Handle handle : handles) DestroyGroup(state, handle);
  for (auto& [id, owner] : state.owners) owner->default_group = 0;
}

}  // namespace vs
