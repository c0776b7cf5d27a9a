#include "core/drain.h"

namespace vs {

bool WatchDrain(OwnerId owner, Handle handle, int64 low_water) {
  auto [state, lock] = Locked(GetState());
  Connection* connection = state.FindConnection(owner, handle);
  if (!connection) return false;
  StopWatchingDrain(state, *connection);
  connection->low_water = low_water;
  state.draining++;
  return true;
}

std::vector<Handle> TakeDrained(OwnerId id) {
  auto [state, lock] = Locked(GetState());
  Owner* owner = state.FindOwner(id);
  return owner ? std::move(owner->drained) : std::vector<Handle>();
}

void CheckDrained(State& state) {
  if (state.draining == 0) return;
  for (auto& [handle, connection] : state.connections) {
    if (connection.low_water == Connection::kNoMark) continue;
    SteamNetConnectionRealTimeStatus_t status;
    if (Sockets()->GetConnectionRealTimeStatus(handle, &status, 0, nullptr) != k_EResultOK) continue;
    if (status.m_cbPendingReliable + status.m_cbPendingUnreliable > connection.low_water) continue;
    StopWatchingDrain(state, connection);
    connection.owner->drained.push_back(handle);
    connection.owner->pending = true;
  }
}

void StopWatchingDrain(State& state, Connection& connection) {
  if (connection.low_water == Connection::kNoMark) return;
  connection.low_water = Connection::kNoMark;
  state.draining--;
}

}  // namespace vs
