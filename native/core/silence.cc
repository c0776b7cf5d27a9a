#include "core/silence.h"

#include <algorithm>

#include "core/sessions.h"
#include "core/state.h"

namespace vs {

namespace {

constexpr SteamNetworkingMicroseconds kSilentAfter = 500'000;

bool IsSettled(Handle handle) {
  SteamNetConnectionRealTimeStatus_t status;
  if (Sockets()->GetConnectionRealTimeStatus(handle, &status, 0, nullptr) != k_EResultOK) return true;
  return status.m_eState != k_ESteamNetworkingConnectionState_Connecting &&
         status.m_eState != k_ESteamNetworkingConnectionState_FindingRoute &&
         status.m_cbPendingReliable + status.m_cbPendingUnreliable + status.m_cbSentUnackedReliable == 0;
}

bool IsAllSettled() {
  auto [state, lock] = Locked(GetState());
  if (state.lingering > 0 || !state.farewells.empty() || AreSessionsClaimed()) return false;
  return std::all_of(state.connections.begin(), state.connections.end(),
                     [](const auto& entry) { return IsSettled(entry.first); });
}

}  // namespace

bool Silence::End() {
  if (!disturbed_) disturbed_ = true;
  return is_on_ && is_on_.exchange(false);
}

bool Silence::Check() {
  if (is_on_) return true;
  const SteamNetworkingMicroseconds now = Now();
  if (disturbed_.exchange(false)) since_ = now;
  if (now - since_ < kSilentAfter) return false;
  since_ = now;  // the next look at all connections is half a second from now
  if (!IsAllSettled()) return false;
  is_on_ = true;
  if (disturbed_) is_on_ = false;
  return is_on_;
}

}  // namespace vs
