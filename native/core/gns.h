#pragma once
// The only include of GameNetworkingSockets, with what its archive offers beyond its headers.

#include <steam/isteamnetworkingutils.h>
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
}  // namespace SteamNetworkingSocketsLib
#endif

namespace vs {

inline ISteamNetworkingSockets* Sockets() { return SteamNetworkingSockets(); }
inline ISteamNetworkingUtils* Utils() { return SteamNetworkingUtils(); }
inline SteamNetworkingMicroseconds Now() { return Utils()->GetLocalTimestamp(); }

// The addon copies these structures field by field; another layout means other headers.
static_assert(sizeof(SteamNetworkingIdentity) == 136, "unexpected GNS headers");
static_assert(sizeof(SteamNetworkingIPAddr) == 18, "unexpected GNS headers");

}  // namespace vs
