#pragma once
#include <vector>

#include "core/state.h"

namespace vs {

// The steps of one turn: what follows a poll or a send, and what surrounds the wake-up of JavaScript. This is the one
// place that knows of all kinds of news: status events, messages, sessions, signals, drained connections, lingering.

// Pumps events, looks for unread messages, marks the owners that have something new and rings their doorbells. Called
// after each poll, by the thread that polled. `arrived`: packets may have come in since the last call. `own` is the
// doorbell of an event loop that delivers right after this call and needs no ring.
void Collect(bool arrived, const Doorbell* own = nullptr);

// Called after a send. A message between the ends of a pair is delivered on the spot, and nothing else would wake the
// receiver.
void AfterSend(bool pair);

// An owner that is being woken, and how much it had taken by then.
struct Woken {
  OwnerId owner;
  uint64_t progress;
};
// Returns the owners of this doorbell that have to be woken now, and clears their marks.
std::vector<Woken> TakeWoken(Doorbell* doorbell);
// Called after a wake-up: an owner that took something and left something is woken again.
void CheckForMore(const Woken& woken);

// Whether graceful closes are going on, for which Collect has to be called at least every 5 ms.
bool IsLingering();
// Whether nothing waits to be sent, acknowledged or connected.
bool IsSettled();
// Lets the driver's helper thread sleep when nothing is open.
void RestIfIdle();

}  // namespace vs
