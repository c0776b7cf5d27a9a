#include "core/fin_wait.h"

namespace vs {

namespace {

constexpr SteamNetworkingMicroseconds kFinWaitTime = 5'000'000;

bool IsStranger(Handle handle) {
  SteamNetConnectionInfo_t info;
  return Sockets()->GetConnectionInfo(handle, &info) && info.m_hListenSocket != k_HSteamListenSocket_Invalid &&
         info.m_eState == k_ESteamNetworkingConnectionState_Connecting && !info.m_addrRemote.IsIPv6AllZeros();
}

void EndFinWait([[maybe_unused]] Handle handle) {
#ifdef VALVE_SOCKETS_GNS_ARCHIVE
  using namespace SteamNetworkingSocketsLib;
  GlobalLock global_lock;
  SteamNetConnectionInfo_t info;
  // GNS looks at the low 16 bits only. A connection that it shows to users is another one.
  if (Sockets()->GetConnectionInfo(handle, &info)) return;
  ConnectionScopeLock lock;
  if (auto* connection = GetConnectionByHandle(handle, lock)) connection->ConnectionQueueDestroy();
#endif
}

}  // namespace

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
