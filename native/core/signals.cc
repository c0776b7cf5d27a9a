#include "core/signals.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace vs {

namespace {

struct Queue {
  Doorbell* doorbell;
  bool has_new = false;
  std::deque<Signal> signals;
};

struct Queues {
  // Taken with GNS's locks held, so while it is held nothing may be called but Doorbell::Ring.
  std::mutex mutex;
  std::unordered_map<OwnerId, Queue> by_owner;
};

Queues& GetQueues() {
  static Queues* queues = new Queues();
  return *queues;
}

class Signaling final : public ISteamNetworkingConnectionSignaling {
 public:
  explicit Signaling(OwnerId owner) : owner_(owner) {}

  bool SendSignal(HSteamNetConnection connection, const SteamNetConnectionInfo_t& info, const void* data,
                  int size) override {
    PushSignal(owner_, {connection, info.m_identityRemote, std::string(static_cast<const char*>(data), size)});
    return true;
  }

  void Release() override { delete this; }

 private:
  OwnerId owner_;
};

}  // namespace

void AddSignalQueue(OwnerId owner, Doorbell* doorbell) {
  Locked(GetQueues()).object.by_owner[owner].doorbell = doorbell;
}

void RemoveSignalQueue(OwnerId owner) { Locked(GetQueues()).object.by_owner.erase(owner); }

void PushSignal(OwnerId owner, Signal signal) {
  auto [queues, lock] = Locked(GetQueues());
  auto found = queues.by_owner.find(owner);
  if (found == queues.by_owner.end() || found->second.signals.size() >= kMaxSignalsPerOwner) return;
  found->second.signals.push_back(std::move(signal));
  found->second.has_new = true;
  found->second.doorbell->Ring();
}

bool HasNewSignals(OwnerId owner) {
  auto [queues, lock] = Locked(GetQueues());
  auto found = queues.by_owner.find(owner);
  return found != queues.by_owner.end() && std::exchange(found->second.has_new, false);
}

void ClearSignals() {
  auto [queues, lock] = Locked(GetQueues());
  for (auto& [owner, queue] : queues.by_owner) queue.signals.clear();
}

std::vector<Signal> TakeSignals(OwnerId owner, size_t max) {
  auto [queues, lock] = Locked(GetQueues());
  auto found = queues.by_owner.find(owner);
  if (found == queues.by_owner.end()) return {};
  auto& signals = found->second.signals;
  const auto end = signals.begin() + std::min(max, signals.size());
  std::vector<Signal> taken(std::make_move_iterator(signals.begin()), std::make_move_iterator(end));
  signals.erase(signals.begin(), end);
  return taken;
}

ISteamNetworkingConnectionSignaling* NewSignaling(OwnerId owner) { return new Signaling(owner); }

}  // namespace vs
