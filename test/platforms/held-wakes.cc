// Plays GameNetworkingSockets on Windows, which wakes its poller by an event: while a call holds wake-ups back, the
// event stays as it is, and one wake-up follows. Other events are set at once.
#include <windows.h>

#include <cstdio>

#include "core/wakes.h"

namespace {

HANDLE event = nullptr;

void Wake() { SetEvent(event); }

// Whether the event was set. Waiting for it resets it.
bool TakeEvent(HANDLE which) { return WaitForSingleObject(which, 0) == WAIT_OBJECT_0; }

}  // namespace

int main() {
  event = CreateEvent(nullptr, false, false, nullptr);
  const HANDLE other = CreateEvent(nullptr, false, false, nullptr);
  vs::LearnWake(Wake);
  std::printf("learned %d\n", TakeEvent(event));
  {
    const vs::HoldWakes hold;
    Wake();
    Wake();
    SetEvent(other);
    std::printf("held %d, other %d\n", TakeEvent(event), TakeEvent(other));
    vs::WakePoller();
    std::printf("on purpose %d\n", TakeEvent(event));
  }
  std::printf("afterwards %d, again %d\n", TakeEvent(event), TakeEvent(event));
  Wake();
  std::printf("free %d\n", TakeEvent(event));
}
