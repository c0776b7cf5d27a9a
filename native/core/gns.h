#pragma once
// The one file that includes GameNetworkingSockets, with what its archive has beyond its headers.

#include <ctime>
#include <mutex>

#include <steam/isteamnetworkingmessages.h>
#include <steam/isteamnetworkingutils.h>
#include <steam/steamnetworkingcustomsignaling.h>
#include <steam/steamnetworkingsockets.h>
#include <steam/steamnetworkingsockets_flat.h>

extern "C" {
// The library exports these two, but its headers do not declare them.
STEAMNETWORKINGSOCKETS_INTERFACE void SteamNetworkingSockets_SetManualPollMode(bool on);
STEAMNETWORKINGSOCKETS_INTERFACE void SteamNetworkingSockets_Poll(int max_wait_ms);
}

#ifdef VALVE_SOCKETS_GNS_ARCHIVE
namespace SteamNetworkingSocketsLib {
// Ends the waiting of a Poll in progress; may be called on any thread.
void WakeServiceThread();
// Tells when the library's next timer is due.
class IThinker {
 public:
  static SteamNetworkingMicroseconds Thinker_GetNextScheduledThinkTime();
};
// The lock that GNS takes for nearly everything.
struct SteamNetworkingGlobalLock {
  static void Lock(const char* tag);
  static void Unlock();
};
// The buffer size in bytes that GNS asks the system for when it makes a UDP socket, for sending and for receiving. To
// be changed with the global lock held.
extern int g_cbUDPSocketBufferSize;
// The certificate authorities that GNS trusts. To be called with the global lock held.
struct CertAuthScope;
void CertStore_Reset();
bool CertStore_AddCertFromBase64(const char* base64, SteamNetworkingErrMsg& message);
const CertAuthScope* CertStore_CheckPublicKey(uint64 key_id, time_t now, SteamNetworkingErrMsg& message);
// The lock of a connection, member by member as GNS has it.
struct LockDebugInfo {
  const char* name;
  int flags, order;

 protected:
  void AboutToUnlock();
};
struct ConnectionLock : LockDebugInfo {
  std::recursive_timed_mutex mutex;
  void Unlock() {
    AboutToUnlock();
    mutex.unlock();
  }
};
struct ConnectionScopeLock {
  ConnectionLock* lock = nullptr;
  ~ConnectionScopeLock() {
    if (lock) lock->Unlock();
  }
};
// A connection. To be looked up, and destroyed in the next poll, with the global lock held.
class CSteamNetworkConnectionBase {
 public:
  void ConnectionQueueDestroy();
};
CSteamNetworkConnectionBase* GetConnectionByHandle(HSteamNetConnection handle, ConnectionScopeLock& lock);
}  // namespace SteamNetworkingSocketsLib
#endif

namespace vs {

#ifdef VALVE_SOCKETS_GNS_ARCHIVE
// While one exists, GNS handles no packet and no call on other threads. The same thread may make another one.
class GlobalLock {
 public:
  GlobalLock() { SteamNetworkingSocketsLib::SteamNetworkingGlobalLock::Lock("valve-sockets"); }
  ~GlobalLock() { SteamNetworkingSocketsLib::SteamNetworkingGlobalLock::Unlock(); }
  GlobalLock(const GlobalLock&) = delete;
  GlobalLock& operator=(const GlobalLock&) = delete;
};
#endif

inline ISteamNetworkingSockets* Sockets() { return SteamNetworkingSockets(); }
inline ISteamNetworkingUtils* Utils() { return SteamNetworkingUtils(); }
inline SteamNetworkingMicroseconds Now() { return Utils()->GetLocalTimestamp(); }

// The addon copies these structures field by field. Another size means that these are not the headers it was written
// for.
static_assert(sizeof(SteamNetworkingIdentity) == 136, "unexpected GNS headers");
static_assert(sizeof(SteamNetworkingIPAddr) == 18, "unexpected GNS headers");

}  // namespace vs
