#include "core/closing.h"

#include "core/inbox.h"
#include "core/outbox.h"
#include "core/sockets.h"

namespace vs {

namespace {

enum class Waiting { ForData, Flushed, Lost };

// What is left to wait for: data on its way, nothing, or nothing any more since the connection has ended.
Waiting WhatWaits(Handle handle) {
  SteamNetConnectionRealTimeStatus_t status;
  if (Sockets()->GetConnectionRealTimeStatus(handle, &status, 0, nullptr) != k_EResultOK) return Waiting::Lost;
  if (status.m_eState != k_ESteamNetworkingConnectionState_Connected) return Waiting::Lost;
  const int bytes = status.m_cbPendingReliable + status.m_cbPendingUnreliable + status.m_cbSentUnackedReliable;
  return bytes == 0 ? Waiting::Flushed : Waiting::ForData;
}

void CloseNow(State& state, Handle handle, Connection& connection, int reason, const std::string& debug) {
  DropInHand(state, handle, connection.group);
  if (connection.phase == Connection::Phase::Lingering) {
    state.lingering--;
    connection.owner->doorbell->keep_alive--;
    connection.owner->doorbell->Ring();  // its process may end now
  } else {
    state.SetReferenced(connection.referenced, connection.owner->doorbell, false);
  }
  ClearMark(state, connection);
  connection.phase = Connection::Phase::Closed;
  Sockets()->CloseConnection(handle, reason, debug.c_str(), false);
}

std::vector<Handle> ConnectionsWhere(State& state, bool (*matches)(const Connection&, Handle), Handle key) {
  std::vector<Handle> handles;
  for (auto& [handle, connection] : state.connections) {
    if (connection.phase != Connection::Phase::Closed && matches(connection, key)) handles.push_back(handle);
  }
  return handles;
}

void DestroyGroup(State& state, Handle handle) {
  auto found = state.groups.find(handle);
  if (found == state.groups.end()) return;
  for (auto* message : found->second.in_hand) message->Release();
  state.groups.erase(found);
  Sockets()->DestroyPollGroup(handle);
}

void DestroyListener(State& state, Handle handle, int reason, const std::string& debug) {
  Listener& listener = state.listeners.at(handle);
  for (Handle child : ConnectionsWhere(
           state, [](const Connection&connection, Handle key) { return connection.listener == key; }, handle)) {
    CloseNow(state, child, state.connections.at(child), reason, debug);
  }
  const Handle group = listener.group;
  state.SetReferenced(listener.referenced, listener.owner->doorbell, false);
  state.listeners.erase(handle);
  Sockets()->CloseListenSocket(handle);
  DestroyGroup(state, group);
}

}  // namespace

bool CloseConnection(OwnerId owner, Handle handle, int reason, const std::string& debug, uint32_t linger_ms) {
  State& state = GetState();
  Lock lock(state.mutex);
  Connection* connection = state.FindConnection(owner, handle);
  if (!connection) return false;
  const Waiting waiting = WhatWaits(handle);
  if (!linger_ms || waiting != Waiting::ForData) {
    connection->flushed = waiting == Waiting::Flushed;
    CloseNow(state, handle, *connection, reason, debug);
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
  if (state.lingering == 0) return;
  for (auto& [handle, connection] : state.connections) {
    if (connection.phase != Connection::Phase::Lingering) continue;
    const Waiting waiting = WhatWaits(handle);
    if (waiting == Waiting::ForData && Now() < connection.deadline) continue;
    connection.flushed = waiting == Waiting::Flushed;
    CloseNow(state, handle, connection, connection.reason, connection.debug);
  }
}

bool CloseListenSocket(OwnerId owner, Handle handle, int reason, const std::string& debug) {
  State& state = GetState();
  Lock lock(state.mutex);
  if (!state.FindListener(owner, handle)) return false;
  DestroyListener(state, handle, reason, debug);
  return true;
}

bool DestroyPollGroup(OwnerId owner_id, Handle handle) {
  State& state = GetState();
  Lock lock(state.mutex);
  Group* group = state.FindGroup(owner_id, handle);
  if (!group) return false;
  for (Handle member : ConnectionsWhere(
           state, [](const Connection&connection, Handle key) { return connection.group == key; }, handle)) {
    Connection& connection = state.connections.at(member);
    MoveToGroup(state, member, connection, HomeGroup(state, connection));
  }
  DestroyGroup(state, handle);
  return true;
}

void CloseAll(State& state, OwnerId id, int reason, const std::string& debug) {
  Owner* owner = state.FindOwner(id);
  if (!owner) return;
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
  handles.clear();
  for (auto& [handle, group] : state.groups) {
    if (group.owner == owner) handles.push_back(handle);
  }
  for (Handle handle : handles) DestroyGroup(state, handle);
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
  PumpEvents(state);  // the last event of each, which takes it out of the table
  handles.clear();
  for (auto& [handle, group] : state.groups) handles.push_back(handle);
  for (Handle handle : handles) DestroyGroup(state, handle);
  for (auto& [id, owner] : state.owners) owner->default_group = 0;
}

}  // namespace vs
