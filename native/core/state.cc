#include "core/state.h"

#include "core/driver.h"

namespace vs {

State& GetState() {
  static State* state = new State();
  return *state;
}

Owner* State::FindOwner(OwnerId id) {
  auto found = owners.find(id);
  return found == owners.end() ? nullptr : found->second.get();
}

Connection* State::FindConnection(OwnerId owner, Handle handle) {
  auto found = connections.find(handle);
  if (found == connections.end()) return nullptr;
  Connection& connection = found->second;
  return connection.owner->id == owner && connection.phase == Connection::Phase::Open ? &connection : nullptr;
}

Listener* State::FindListener(OwnerId owner, Handle handle) {
  auto found = listeners.find(handle);
  return found == listeners.end() || found->second.owner->id != owner || found->second.closing ? nullptr
                                                                                               : &found->second;
}

Group* State::FindGroup(OwnerId owner, Handle handle) {
  auto found = groups.find(handle);
  if (found == groups.end()) return nullptr;
  Group& group = found->second;
  return group.owner->id == owner && !group.hidden ? &group : nullptr;
}

void State::AddConnection(Handle handle, Connection connection) {
  if (connection.referenced) connection.owner->doorbell->keep_alive++;
  CountInGroup(connection.group, 1);
  connections.insert_or_assign(handle, std::move(connection));
  GetDriver().Activate();
}

void State::AddListener(Handle handle, Listener listener) {
  listener.owner->doorbell->keep_alive++;
  listeners.insert_or_assign(handle, listener);
  GetDriver().Activate();
}

void State::CountInGroup(Handle group, int change) {
  auto found = groups.find(group);
  if (found != groups.end()) found->second.connections += change;
}

void State::SetReferenced(bool& referenced, Doorbell* doorbell, bool on) {
  if (referenced == on) return;
  referenced = on;
  on ? doorbell->keep_alive++ : doorbell->keep_alive--;
}

void State::RingPending(const Doorbell* own) {
  for (auto& [id, owner] : owners) {
    if (!owner->pending || !owner->readable || owner->doorbell == own) continue;
    owner->doorbell->Ring();
    rings++;
  }
}

}  // namespace vs
