#pragma once

namespace vs {

// GNS wakes the thread that polls by a byte through a socket, on Windows by an event. Such a wake-up is held back
// - on the attached loop's own thread: sending and receiving the byte would take two system calls and one more poll, a
//   fifth of a round trip;
// - on other threads until a call of JavaScript's ends: GNS wakes while it holds the connection's lock, and a poll that
//   meets the lock puts the connection off for a millisecond.

// To be called when GNS has been initialized. `wake` makes GNS wake the thread that polls. Before this, nothing is held
// back.
void LearnWake(void (*wake)());
// Ends the waiting of a poll in progress, whoever holds GNS's own wake-ups back.
void WakePoller();

// While there are more calls of the first than of the second on this thread, its wake-ups are held back.
void StartHoldingWakes();
void StopHoldingWakes();
// Whether a wake-up of this thread is held back.
bool& IsWakeHeld();

// While one exists, GNS's calls on this thread wake no other one; if they wanted to, one wake-up follows at its end.
class HoldWakes {
 public:
  HoldWakes();
  ~HoldWakes();
  HoldWakes(const HoldWakes&) = delete;
  HoldWakes& operator=(const HoldWakes&) = delete;
};

}  // namespace vs
