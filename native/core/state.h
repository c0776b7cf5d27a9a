#pragma once
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/gns.h"
#include "core/locked.h"
#include "doorbell.h"

namespace vs {

using Handle = uint32_t;
using OwnerId = uint32_t;

struct StatusEvent {
  SteamNetConnectionStatusChangedCallback_t status;
  // For a close of our own: the peer had acknowledged everything before it.
  bool flushed;
};

// With so many events in its queue an owner gets no new clients. The rest is for the connections that it has: GNS has
// 8191 places, and an owner that never hears of an end would wait for it for ever.
constexpr size_t kMaxEventsWithNewcomers = 16384;
constexpr size_t kMaxEventsPerOwner = 32768;

// One NetworkingSockets object, to which handles and events belong (docs/valve.md, "Owners").
struct Owner {
  OwnerId id;
  Doorbell* doorbell;
  bool readable = false;     // wants to be woken
  bool pending = false;      // something new since it was last woken
  uint64_t progress = 0;     // events and messages taken so far
  Handle default_group = 0;  // poll group of connections that are in no other
  std::vector<Handle> groups;
  std::deque<StatusEvent> events;
  std::vector<Handle> drained;  // connections whose send buffer has fallen to their low-water mark
};

// A poll group of GNS. Every connection is in one, so that one call per group finds unread messages.
struct Group {
  Owner* owner;
  bool hidden;  // made by us: an owner's default group or a listen socket's
  size_t connections = 0;
  // The last call found no more messages, and the next poll asks again. Each call takes several of GNS's locks.
  bool drained = false;
  // Messages that were taken out of GNS and not yet given to the user, oldest first.
  std::deque<SteamNetworkingMessage_t*> in_hand{};
};

struct Listener {
  Owner* owner;
  Handle group;
  bool referenced = true;
  bool closing = false;  // closed by the user; GNS keeps it while connections linger or say farewell
};

struct Connection {
  static constexpr int64 kNoMark = -1;
  enum class Phase { Open, Lingering, Closed };  // Closed: only the last event is still to come

  Connection(Owner* the_owner, Handle the_group, Handle the_listener)
      : owner(the_owner), group(the_group), listener(the_listener) {}

  Owner* owner;
  Handle group;
  Handle listener;         // 0 for an outgoing one
  Handle pair = 0;         // the other end of a socket pair
  bool in_memory = false;  // a pair that does not use the network
  Phase phase = Phase::Open;
  bool referenced = true;
  bool flushed = true;
  int64 low_water = kNoMark;  // tell the owner when no more than this waits to be sent, in bytes
  // While lingering: when to close at the latest, and what to tell the peer.
  SteamNetworkingMicroseconds deadline = 0;
  int reason = 0;
  std::string debug;
};

// A graceful close that the peer has not confirmed yet. It keeps the process alive, and its last event waits for it.
struct Farewell {
  Owner* owner;
  Handle handle;
  Handle listener;
  SteamNetworkingMicroseconds deadline;
  bool confirmed = false;
  std::optional<StatusEvent> last_event{};
};

// A connection that was closed here, and that GNS keeps for a while.
struct FinWait {
  Handle handle;
  SteamNetworkingMicroseconds since;
};

// All that the addon knows of its handles. GNS looks a connection up by the low 16 bits of its handle only, so a handle
// is passed to GNS only if it is in these tables with all 32 bits, the right kind and the right owner.
//
// Locking: `mutex` guards everything here. It is taken before any lock of GNS and never while one is held.
struct State {
  std::mutex mutex;
  OwnerId next_owner = 1;
  std::unordered_map<OwnerId, std::unique_ptr<Owner>> owners;
  std::unordered_map<Handle, Connection> connections;
  std::unordered_map<Handle, Listener> listeners;
  std::unordered_map<Handle, Group> groups;
  std::vector<Farewell> farewells;
  std::deque<FinWait> fin_waits;  // oldest first
  uint64_t pushed_events = 0;
  uint64_t dropped_events = 0;
  uint64_t rings = 0;
  uint32_t lingering = 0;
  uint32_t draining = 0;  // connections with a low-water mark

  Owner* FindOwner(OwnerId id);
  // Null unless the handle is open and belongs to the owner.
  Connection* FindConnection(OwnerId owner, Handle handle);
  Listener* FindListener(OwnerId owner, Handle handle);
  Group* FindGroup(OwnerId owner, Handle handle);  // hidden ones are not found

  void AddConnection(Handle handle, Connection connection);
  void AddListener(Handle handle, Listener listener);
  // Notes that a connection has entered (1) or left (-1) a group.
  void CountInGroup(Handle group, int change);
  void SetReferenced(bool& referenced, Doorbell* doorbell, bool on);
  // Rings the doorbells of the owners that have something new and want to be woken, except the doorbell `own`.
  void RingPending(const Doorbell* own);
};

// Never destroyed: threads may still use it while static objects are destroyed at the end of the process.
State& GetState();

}  // namespace vs
