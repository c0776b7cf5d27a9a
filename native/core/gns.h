#pragma once
// The one file that includes GameNetworkingSockets, with what its archive has beyond its headers.

#include <ctime>

#include <steam/isteamnetworkingmessages.h>
#include <steam/isteamnetworkingutils.h>
#include <steam/steamnetworkingcustomsignaling.h>
#include <steam/steamnetworkingsockets.h>
#include <steam/steamnetworkingsockets_flat.h>

extern "C" {
// Exported by the library, absent from its headers.
STEAMNETWORKINGSOCKETS_INTERFACE void SteamNetworkingSockets_SetManualPollMode(bool on);
STEAMNETWORKINGSOCKETS_INTERFACE void SteamNetworkingSockets_Poll(int max_wait_ms);
}

#ifdef VALVE_SOCKETS_GNS_ARCHIVE
namespace SteamNetworkingSocketsLib {
// Ends the wait of a Poll in progress, from any thread.
void WakeServiceThread();
// When the library next wants to be polled for its timers, whatever arrives.
class IThinker {
 public:
  static SteamNetworkingMicroseconds Thinker_GetNextScheduledThinkTime();
};
// The lock around nearly everything.
struct SteamNetworkingGlobalLock {
  static void Lock(const char* tag);
  static void Unlock();
};
// What it asks of the system for each UDP socket, sending and receiving, in bytes. To be changed with the global lock
// held.
extern int g_cbUDPSocketBufferSize;
// The certificate authorities that are believed. To be called with the global lock held.
struct CertAuthScope;
void CertStore_Reset();
bool CertStore_AddCertFromBase64(const char* base64, SteamNetworkingErrMsg& message);
const CertAuthScope* CertStore_CheckPublicKey(uint64 key_id, time_t now, SteamNetworkingErrMsg& message);
}  // namespace SteamNetworkingSocketsLib
#endif

namespace vs {

#ifdef VALVE_SOCKETS_GNS_ARCHIVE
// While it lives, GNS handles no packet and no call on another thread. It may be taken again by the same thread.
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

// The addon copies these structures field by field; another layout means other headers.
static_assert(sizeof(SteamNetworkingIdentity) == 136, "unexpected GNS headers");
static_assert(sizeof(SteamNetworkingIPAddr) == 18, "unexpected GNS headers");

}  // namespace vs
