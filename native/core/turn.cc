#include "core/turn.h"

#include <algorithm>

#include "core/closing.h"
#include "core/drain.h"
#include "core/driver.h"
#include "core/inbox.h"
#include "core/sessions.h"
#include "core/signals.h"

namespace vs {

namespace {

bool IsConnectionSettled(Handle handle) {
  SteamNetConnectionRealTimeStatus_t status;
  if (Sockets()->GetConnectionRealTimeStatus(handle, &status, 0, nullptr) != k_EResultOK) return true;
  return status.m_eState != k_ESteamNetworkingConnectionState_Connecting &&
         status.m_eState != k_ESteamNetworkingConnectionState_FindingRoute &&
         status.m_cbPendingReliable + status.m_cbPendingUnreliable + status.m_cbSentUnackedReliable == 0;
}

}  // namespace

void Collect(bool arrived, const Doorbell* own) {
  auto [state, lock] = Locked(GetState());
  if (!Sockets()) return;
  CheckLingering(state);
  CheckDrained(state);
  PumpEvents();
  for (auto& [handle, group] : state.groups) {
    if (group.owner->readable && IsUnread(handle, group, arrived)) group.owner->pending = true;
  }
  for (auto& [id, owner] : state.owners) {
    if (owner->readable && MayHaveSessionMessages(id, arrived)) owner->pending = true;
  }
  state.RingPending(own);
}

void AfterSend(bool pair) {
  if (pair) Collect(true);
}

std::vector<Woken> TakeWoken(Doorbell* doorbell) {
  auto [state, lock] = Locked(GetState());
  std::vector<Woken> woken;
  for (auto& [id, owner] : state.owners) {
    if (owner->doorbell != doorbell || !owner->readable) continue;
    const bool has_signals = HasNewSignals(id);
    if (!owner->pending && !has_signals) continue;
    owner->pending = false;
    woken.push_back({id, owner->progress});
  }
  return woken;
}

void CheckForMore(const Woken& woken) {
  auto [state, lock] = Locked(GetState());
  Owner* owner = state.FindOwner(woken.owner);
  if (!owner || owner->progress == woken.progress || !Sockets()) return;
  bool more = !owner->events.empty();
  for (Handle handle : owner->groups) {
    Group& group = state.groups.at(handle);
    if (!group.drained && IsUnread(handle, group, true)) more = true;
  }
  if (!more) return;
  owner->pending = true;
  owner->doorbell->Ring();
}

bool IsLingering() {
  auto [state, lock] = Locked(GetState());
  return state.lingering > 0 || !state.farewells.empty();
}

bool IsSettled() {
  auto [state, lock] = Locked(GetState());
  if (state.lingering > 0 || !state.farewells.empty() || AreSessionsClaimed()) return false;
  return std::all_of(state.connections.begin(), state.connections.end(),
                     [](const auto& entry) { return IsConnectionSettled(entry.first); });
}

void RestIfIdle() {
  auto [state, lock] = Locked(GetState());
  if (!state.connections.empty() || !state.listeners.empty() || !state.farewells.empty()) return;
  if (AreSessionsClaimed()) return;
  GetDriver().Rest();
}

}  // namespace vs
