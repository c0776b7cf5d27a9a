#include "core/signaling.h"

#include <steam/steamnetworkingcustomsignaling.h>

#include <algorithm>
#include <deque>
#include <unordered_map>
#include <utility>

#include "core/log.h"

namespace vs {

namespace {

// The port of ISteamNetworkingMessages: its connections are GNS's own and never become handles of ours.
constexpr int kMessagesVirtualPort = 0x7fffffff;

struct Queue {
  Doorbell* doorbell;
  bool has_new = false;
  std::deque<Signal> signals;
};

struct Hub {
  // Taken with GNS's locks held, so nothing is called under it but Doorbell::Ring.
  std::mutex mutex;
  std::unordered_map<OwnerId, Queue> queues;
  uint64_t dropped = 0;
};

Hub& GetHub() {
  static Hub* hub = new Hub();
  return *hub;
}

void Push(OwnerId owner, Signal signal) {
  Hub& hub = GetHub();
  std::lock_guard<std::mutex> lock(hub.mutex);
  auto found = hub.queues.find(owner);
  if (found == hub.queues.end()) return;
  if (found->second.signals.size() >= kMaxSignalsPerOwner) {
    hub.dropped++;
    return;
  }
  found->second.signals.push_back(std::move(signal));
  found->second.has_new = true;
  found->second.doorbell->Ring();
}

class Signaling final : public ISteamNetworkingConnectionSignaling {
 public:
  explicit Signaling(OwnerId owner) : owner_(owner) {}

  bool SendSignal(HSteamNetConnection connection, const SteamNetConnectionInfo_t& info, const void* data,
                  int size) override {
    Push(owner_, {connection, info.m_identityRemote, std::string(static_cast<const char*>(data), size)});
    return true;
  }

  void Release() override { delete this; }

 private:
  OwnerId owner_;
};

class ReceiveContext : public ISteamNetworkingSignalingRecvContext {
 public:
  ReceiveContext(OwnerId owner, bool allow) : owner_(owner), allow_(allow) {}

  ISteamNetworkingConnectionSignaling* OnConnectRequest(HSteamNetConnection connection, const SteamNetworkingIdentity&,
                                                        int local_virtual_port) override {
    if (!allow_) return nullptr;
    if (local_virtual_port != kMessagesVirtualPort) requested_ = connection;
    return new Signaling(owner_);
  }

  void SendRejectionSignal(const SteamNetworkingIdentity& peer, const void* data, int size) override {
    Push(owner_, {0, peer, std::string(static_cast<const char*>(data), size)});
  }

  Handle requested() const { return requested_; }

 private:
  OwnerId owner_;
  bool allow_;
  Handle requested_ = 0;
};

}  // namespace

void AddSignalQueue(OwnerId owner, Doorbell* doorbell) {
  Hub& hub = GetHub();
  std::lock_guard<std::mutex> lock(hub.mutex);
  hub.queues[owner].doorbell = doorbell;
}

void RemoveSignalQueue(OwnerId owner) {
  Hub& hub = GetHub();
  std::lock_guard<std::mutex> lock(hub.mutex);
  hub.queues.erase(owner);
}

bool HasNewSignals(OwnerId owner) {
  Hub& hub = GetHub();
  std::lock_guard<std::mutex> lock(hub.mutex);
  auto found = hub.queues.find(owner);
  return found != hub.queues.end() && std::exchange(found->second.has_new, false);
}

void ClearSignals() {
  Hub& hub = GetHub();
  std::lock_guard<std::mutex> lock(hub.mutex);
  for (auto& [owner, queue] : hub.queues) queue.signals.clear();
}

std::vector<Signal> TakeSignals(OwnerId owner, size_t max) {
  Hub& hub = GetHub();
  std::lock_guard<std::mutex> lock(hub.mutex);
  auto found = hub.queues.find(owner);
  if (found == hub.queues.end()) return {};
  auto& signals = found->second.signals;
  const auto end = signals.begin() + std::min(max, signals.size());
  std::vector<Signal> taken(std::make_move_iterator(signals.begin()), std::make_move_iterator(end));
  signals.erase(signals.begin(), end);
  return taken;
}

uint64_t DroppedSignals() {
  Hub& hub = GetHub();
  std::lock_guard<std::mutex> lock(hub.mutex);
  return hub.dropped;
}

ISteamNetworkingConnectionSignaling* NewSignaling(OwnerId owner) { return new Signaling(owner); }

Handle ConnectP2P(OwnerId id, const SteamNetworkingIdentity* peer, int remote_virtual_port, const Options& options) {
  State& state = GetState();
  Lock lock(state.mutex);
  Owner* owner = state.FindOwner(id);
  if (!owner) return 0;
  ErrorCapture capture;
  // GNS releases the signaling object also when it fails.
  const Handle handle = Sockets()->ConnectP2PCustomSignaling(new Signaling(id), peer, remote_virtual_port,
                                                             static_cast<int>(options.size()), options.data());
  if (handle) AddOutgoing(state, owner, handle, 0);
  return handle;
}

Handle CreateListenSocketP2P(OwnerId id, int local_virtual_port, const Options& options) {
  State& state = GetState();
  Lock lock(state.mutex);
  Owner* owner = state.FindOwner(id);
  if (!owner) return 0;
  ErrorCapture capture;
  const Handle handle =
      Sockets()->CreateListenSocketP2P(local_virtual_port, static_cast<int>(options.size()), options.data());
  if (handle) AddListener(state, owner, handle);
  return handle;
}

bool ReceiveSignal(OwnerId id, const void* data, int size, bool allow_requests) {
  State& state = GetState();
  Lock lock(state.mutex);
  Owner* owner = state.FindOwner(id);
  if (!owner) return false;
  ReceiveContext context(id, allow_requests);
  if (!Sockets()->ReceivedP2PCustomSignal(data, size, &context)) return false;
  const Handle requested = context.requested();
  SteamNetConnectionInfo_t info;
  if (!requested || !Sockets()->GetConnectionInfo(requested, &info)) return true;
  // With a P2P listen socket on that port its owner gets the connection when the event is pumped.
  if (!state.listeners.count(info.m_hListenSocket)) AddOutgoing(state, owner, requested, 0);
  return true;
}

}  // namespace vs
