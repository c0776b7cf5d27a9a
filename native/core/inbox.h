#pragma once
#include "core/state.h"

namespace vs {

enum class Source : uint32_t { Connection = 0, ListenSocket = 1, PollGroup = 2 };

// Moves GNS's queued status events into the queues of their owners. The lock is held by the caller.
void PumpEvents();

// Pumps events, looks for unread messages and marks the owners that have something new; rings their doorbells.
// `arrived`: packets came in since the last time. Called after each poll, from whichever thread polled; `own` is the
// doorbell of an event loop that delivers at once after this.
void Collect(bool arrived, const Doorbell* own = nullptr);

// The oldest event of an owner.
bool NextEvent(OwnerId owner, StatusEvent& event);

// Owners of this doorbell that are to be woken now; clears their marks.
struct Woken {
  OwnerId owner;
  uint64_t progress;
};
std::vector<Woken> TakeWoken(Doorbell* doorbell);
// After a wake-up: an owner that took something and left something is woken again.
void CheckForMore(const Woken& woken);

struct Received {
  int count;        // -1: no such handle
  uint32_t end;     // offset behind the last record
  uint32_t needed;  // bytes that the next message would have needed; 0 when it was not for want of room
};
// Copies messages as records (lib/addon/native.ts, RECORD) into the slab.
Received Receive(OwnerId owner, Source source, Handle handle, uint32_t max, uint8_t* slab, uint32_t size,
                 uint32_t offset);

// The connection leaves its group for another one, with what is in hand for it. The lock is held by the caller.
void MoveToGroup(State& state, Handle handle, Connection& connection, Handle group);
// Releases what is in hand for a connection. The lock is held by the caller.
void DropInHand(State& state, Handle handle, Handle group);

// GNS calls this for each status event, inside PumpEvents.
void OnStatusChanged(SteamNetConnectionStatusChangedCallback_t* event);

}  // namespace vs
