#pragma once
#include "core/slab_writer.h"
#include "core/state.h"
#include "layout.h"

namespace vs {

// Moves GNS's queued status events into the queues of their owners. The lock is held by the caller.
void PumpEvents();
// GNS calls this for each status event, inside PumpEvents.
void OnStatusChanged(SteamNetConnectionStatusChangedCallback_t* event);

// Appends to an owner's queue. The lock is held by the caller.
void PushEvent(State& state, Owner& owner, const StatusEvent& event);
// Takes the oldest event of an owner.
bool NextEvent(OwnerId owner, StatusEvent& event);

// Whether messages of a group wait to be read. To find out, one message is taken out of GNS and kept in hand; while one
// is in hand, the answer is `arrived`. The lock is held by the caller.
bool IsUnread(Handle handle, Group& group, bool arrived);

// Copies messages as records (ReceivedRecord) into the slab.
Received Receive(OwnerId owner, ReceiveSource source, Handle handle, uint32_t max, uint8_t* slab, uint32_t size,
                 uint32_t offset);

// The connection leaves its group for another one and takes along the messages in hand for it. The lock is held by the
// caller.
void MoveToGroup(State& state, Handle handle, Connection& connection, Handle group);
// Releases the messages in hand for a connection. The lock is held by the caller.
void DropInHand(State& state, Handle handle, Handle group);

}  // namespace vs
