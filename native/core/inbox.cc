#include "core/inbox.h"

#include <algorithm>

#include "core/drain.h"
#include "core/fin_wait.h"

namespace vs {

namespace {

constexpr size_t kBatch = 256;

// A new client has come: its connection belongs to the owner of the listen socket.
void AdoptIncoming(State& state, const SteamNetConnectionStatusChangedCallback_t& event) {
  auto found = state.listeners.find(event.m_info.m_hListenSocket);
  if (found == state.listeners.end()) return;
  const Listener& listener = found->second;
  if (listener.closing) {
    CloseInGns(state, event.m_hConn, k_ESteamNetConnectionEnd_App_Generic, "Closing");
    return;
  }
  if (listener.owner->events.size() >= kMaxEventsWithNewcomers) {
    state.dropped_events++;
    CloseInGns(state, event.m_hConn, k_ESteamNetConnectionEnd_AppException_Generic, "Event queue full");
    return;
  }
  Sockets()->SetConnectionPollGroup(event.m_hConn, listener.group);
  Connection connection(listener.owner, listener.group, event.m_info.m_hListenSocket);
  connection.referenced = listener.referenced;
  state.AddConnection(event.m_hConn, connection);
}

// Takes messages in hand, `max` at most, and only those of `connection` unless it is 0, and hands each to `use`.
template <typename Use>
void TakeInHand(Group& group, Handle connection, size_t max, Use use) {
  for (auto it = group.in_hand.begin(); it != group.in_hand.end() && max > 0;) {
    if (connection && (*it)->m_conn != connection) {
      ++it;
      continue;
    }
    use(*it);
    it = group.in_hand.erase(it);
    max--;
  }
}

}  // namespace

void PushEvent(State& state, Owner& owner, const StatusEvent& event) {
  if (owner.events.size() >= kMaxEventsPerOwner) {
    state.dropped_events++;
    return;
  }
  owner.events.push_back(event);
  owner.pending = true;
  state.pushed_events++;
}

void OnStatusChanged(SteamNetConnectionStatusChangedCallback_t* event) {
  State& state = GetState();  // locked by PumpEvents
  const auto now = event->m_info.m_eState;
  if (event->m_eOldState == k_ESteamNetworkingConnectionState_None &&
      now == k_ESteamNetworkingConnectionState_Connecting && event->m_info.m_hListenSocket &&
      !state.connections.count(event->m_hConn)) {
    AdoptIncoming(state, *event);
  }
  auto found = state.connections.find(event->m_hConn);
  if (found == state.connections.end()) return;
  Connection& connection = found->second;
  // The user has closed it, so only the last event is still news.
  if (connection.phase != Connection::Phase::Open && now != k_ESteamNetworkingConnectionState_None) return;
  const StatusEvent status{*event, connection.flushed};
  const auto farewell = std::find_if(state.farewells.begin(), state.farewells.end(),
                                     [&](const Farewell& one) { return one.handle == event->m_hConn; });
  if (farewell != state.farewells.end()) {
    farewell->last_event = status;
  } else {
    PushEvent(state, *connection.owner, status);
  }
  if (now == k_ESteamNetworkingConnectionState_None) {
    DropInHand(state, event->m_hConn, connection.group);
    StopWatchingDrain(state, connection);
    if (connection.phase == Connection::Phase::Open) {
      state.SetReferenced(connection.referenced, connection.owner->doorbell, false);
    }
    state.CountInGroup(connection.group, -1);
    state.connections.erase(found);
  }
}

void PumpEvents() { Sockets()->RunCallbacks(); }

bool IsUnread(Handle handle, Group& group, bool arrived) {
  if (!group.in_hand.empty()) return arrived;
  if (group.connections == 0) return false;
  SteamNetworkingMessage_t* message;
  group.drained = Sockets()->ReceiveMessagesOnPollGroup(handle, &message, 1) != 1;
  if (!group.drained) group.in_hand.push_back(message);
  return !group.drained;
}

bool NextEvent(OwnerId id, StatusEvent& event) {
  auto [state, lock] = Locked(GetState());
  Owner* owner = state.FindOwner(id);
  if (!owner) return false;
  if (owner->events.empty()) {
    const uint64_t pushed = state.pushed_events;
    PumpEvents();
    if (state.pushed_events != pushed) state.RingPending(owner->doorbell);  // other owners may have got events too
    if (owner->events.empty()) return false;
  }
  event = owner->events.front();
  owner->events.pop_front();
  owner->progress++;
  return true;
}

Received Receive(OwnerId owner_id, ReceiveSource source, Handle handle, uint32_t max, uint8_t* slab, uint32_t size,
                 uint32_t offset) {
  SteamNetworkingMessage_t* messages[kBatch];
  SlabWriter writer(slab, size, offset);
  int total = 0;
  for (;;) {
    const uint32_t wanted = std::min<uint32_t>(max - total, kBatch);
    size_t count = 0;
    Handle group_handle = 0;
    {
      auto [state, lock] = Locked(GetState());
      Handle connection = 0;
      if (source == ReceiveSource::Connection) {
        Connection* found = state.FindConnection(owner_id, handle);
        if (found) group_handle = found->group;
        connection = handle;
      } else if (source == ReceiveSource::ListenSocket) {
        Listener* found = state.FindListener(owner_id, handle);
        if (found) group_handle = found->group;
      } else if (state.FindGroup(owner_id, handle)) {
        group_handle = handle;
      }
      if (!group_handle) return {-1, offset, 0};
      Group& group = state.groups.at(group_handle);
      TakeInHand(group, connection, wanted, [&](auto* message) { messages[count++] = message; });
      if (count < wanted) {
        const int more = connection
                             ? Sockets()->ReceiveMessagesOnConnection(handle, messages + count, wanted - count)
                             : Sockets()->ReceiveMessagesOnPollGroup(group_handle, messages + count, wanted - count);
        if (more > 0) count += more;
        group.drained = !connection && count < wanted;
      }
      group.owner->progress += count;
    }
    size_t written = 0;
    uint32_t needed = 0;
    while (written < count && !(needed = writer.Write(*messages[written]))) messages[written++]->Release();
    total += static_cast<int>(written);
    if (written < count) {
      // What did not fit stays in hand, ahead of anything that was taken in the meantime.
      auto [state, lock] = Locked(GetState());
      Group& group = state.groups.at(group_handle);
      group.in_hand.insert(group.in_hand.begin(), messages + written, messages + count);
      group.drained = false;
      group.owner->progress -= count - written;
      return {total, writer.end(), needed};
    }
    if (count < wanted || static_cast<uint32_t>(total) == max) return {total, writer.end(), 0};
  }
}

void MoveToGroup(State& state, Handle handle, Connection& connection, Handle group) {
  Sockets()->SetConnectionPollGroup(handle, group);
  if (group == connection.group) return;
  auto& to = state.groups.at(group).in_hand;
  TakeInHand(state.groups.at(connection.group), handle, SIZE_MAX, [&](auto* message) { to.push_back(message); });
  state.CountInGroup(connection.group, -1);
  connection.group = group;
  state.CountInGroup(group, 1);
  state.groups.at(group).drained = false;
}

void DropInHand(State& state, Handle handle, Handle group) {
  auto found = state.groups.find(group);
  if (found == state.groups.end()) return;
  TakeInHand(found->second, handle, SIZE_MAX, [](auto* message) { message->Release(); });
}

}  // namespace vs
