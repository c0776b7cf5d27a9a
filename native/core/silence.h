#pragma once
#include <atomic>

#include "core/gns.h"

namespace vs {

// Whether nothing has happened for half a second, apart from pings and their answers, and nothing waits to be sent,
// acknowledged or connected. GNS's timers may be late then: they keep connections alive and end those that are dead.
class Silence {
 public:
  // Something has happened. Returns whether that ended a silence. To be called on any thread.
  bool End();
  // Whether there is silence, which begins in this function only: half a second after the last event, if `is_settled`
  // says then that nothing waits. To be called on one thread.
  bool Check(bool (*is_settled)());
  bool is_on() const { return is_on_; }

 private:
  std::atomic<bool> is_on_{false};
  std::atomic<bool> disturbed_{false};  // since the last check
  SteamNetworkingMicroseconds since_ = 0;
};

}  // namespace vs
