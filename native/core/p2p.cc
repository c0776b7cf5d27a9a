#include "core/p2p.h"

#include "core/log.h"
#include "core/signals.h"

namespace vs {

namespace {

// The port of ISteamNetworkingMessages: GNS keeps its connections to itself, so they never become handles of ours.
constexpr int kMessagesVirtualPort = 0x7fffffff;

class ReceiveContext : public ISteamNetworkingSignalingRecvContext {
 public:
  ReceiveContext(OwnerId owner, bool allow) : owner_(owner), allow_(allow) {}

  ISteamNetworkingConnectionSignaling* OnConnectRequest(HSteamNetConnection connection, const SteamNetworkingIdentity&,
                                                        int local_virtual_port) override {
    if (!allow_) return nullptr;
    if (local_virtual_port != kMessagesVirtualPort) requested_ = connection;
    return NewSignaling(owner_);
  }

  void SendRejectionSignal(const SteamNetworkingIdentity& peer, const void* data, int size) override {
    PushSignal(owner_, {0, peer, std::string(static_cast<const char*>(data), size)});
  }

  Handle requested() const { return requested_; }

 private:
  OwnerId owner_;
  bool allow_;
  Handle requested_ = 0;
};

}  // namespace

Handle ConnectP2P(OwnerId id, const SteamNetworkingIdentity* peer, int remote_virtual_port, const Options& options) {
  auto [state, lock] = Locked(GetState());
  Owner* owner = state.FindOwner(id);
  if (!owner) return 0;
  ErrorCapture capture;
  // GNS releases the signaling object also when the call fails.
  const Handle handle = Sockets()->ConnectP2PCustomSignaling(NewSignaling(id), peer, remote_virtual_port,
                                                             static_cast<int>(options.size()), options.data());
  if (handle) AddOutgoing(state, owner, handle, 0);
  return handle;
}

Handle CreateListenSocketP2P(OwnerId id, int local_virtual_port, const Options& options) {
  auto [state, lock] = Locked(GetState());
  Owner* owner = state.FindOwner(id);
  if (!owner) return 0;
  ErrorCapture capture;
  const Handle handle =
      Sockets()->CreateListenSocketP2P(local_virtual_port, static_cast<int>(options.size()), options.data());
  if (handle) AddListener(state, owner, handle);
  return handle;
}

bool ReceiveSignal(OwnerId id, const void* data, int size, bool allow_requests) {
  auto [state, lock] = Locked(GetState());
  Owner* owner = state.FindOwner(id);
  if (!owner) return false;
  ReceiveContext context(id, allow_requests);
  if (!Sockets()->ReceivedP2PCustomSignal(data, size, &context)) return false;
  const Handle requested = context.requested();
  SteamNetConnectionInfo_t info;
  if (!requested || !Sockets()->GetConnectionInfo(requested, &info)) return true;
  // Where a P2P listen socket has that port, its owner gets the connection when the event is pumped.
  if (!state.listeners.count(info.m_hListenSocket)) AddOutgoing(state, owner, requested, 0);
  return true;
}

}  // namespace vs
