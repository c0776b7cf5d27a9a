#include "core/fin_wait.h"

#include <algorithm>

namespace vs {

namespace {

constexpr SteamNetworkingMicroseconds kFinWaitTime = 5'000'000;

bool IsStranger(Handle handle) {
  SteamNetConnectionInfo_t info;
  return Sockets()->GetConnectionInfo(handle, &info) && info.m_hListenSocket != k_HSteamListenSocket_Invalid &&
         info.m_eState == k_ESteamNetworkingConnectionState_Connecting && !info.m_addrRemote.IsIPv6AllZeros();
}

#ifdef VALVE_SOCKETS_GNS_ARCHIVE
// Calls `use` with a connection that is in FinWait.
template <typename Use>
void WithFinWait(Handle handle, Use use) {
  using namespace SteamNetworkingSocketsLib;
  GlobalLock global_lock;
  SteamNetConnectionInfo_t info;
  // GNS looks at the low 16 bits only. A connection that it shows to users is another one.
  if (Sockets()->GetConnectionInfo(handle, &info)) return;
  ConnectionScopeLock lock;
  if (auto* connection = GetConnectionByHandle(handle, lock)) use(*connection);
}
#endif

void EndFinWait([[maybe_unused]] Handle handle) {
#ifdef VALVE_SOCKETS_GNS_ARCHIVE
  WithFinWait(handle, [](auto& connection) { connection.ConnectionQueueDestroy(); });
#endif
}

}  // namespace

bool IsInFinWait([[maybe_unused]] Handle handle) {
#ifdef VALVE_SOCKETS_GNS_ARCHIVE
  bool waits = false;
  WithFinWait(handle, [&](auto&) { waits = true; });
  return waits;
#else
  return true;
#endif
}

size_t CountFinWaits(State& state) {
  if (!Sockets()) return 0;
  const SteamNetworkingMicroseconds now = Now();
  return std::count_if(state.fin_waits.begin(), state.fin_waits.end(), [now](const FinWait& wait) {
    return now - wait.since < kFinWaitTime && IsInFinWait(wait.handle);
  });
}

void CloseInGns(State& state, Handle handle, int reason, const std::string& debug) {
  const bool is_stranger = IsStranger(handle);
  Sockets()->CloseConnection(handle, reason, debug.c_str(), false);
  if (is_stranger) return EndFinWait(handle);
  const SteamNetworkingMicroseconds now = Now();
  auto& all = state.fin_waits;
  while (!all.empty() && now - all.front().since >= kFinWaitTime) all.pop_front();
  all.push_back({handle, now});
  if (all.size() <= kMaxFinWaits) return;
  EndFinWait(all.front().handle);
  all.pop_front();
}

}  // namespace vs
