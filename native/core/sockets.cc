#include "core/sockets.h"

#include <algorithm>
#include <iterator>

#include "core/inbox.h"
#include "core/log.h"
#include "core/signals.h"

namespace vs {

namespace {

Handle CreateGroup(State& state, Owner* owner, bool hidden) {
  const Handle handle = Sockets()->CreatePollGroup();
  if (!handle) return 0;
  state.groups.emplace(handle, Group{owner, hidden});
  owner->groups.push_back(handle);
  return handle;
}

Handle DefaultGroup(State& state, Owner* owner) {
  if (!owner->default_group) owner->default_group = CreateGroup(state, owner, true);
  return owner->default_group;
}

#if defined(VALVE_SOCKETS_GNS_ARCHIVE) && defined(__linux__)
// While one exists, GNS makes UDP sockets with large buffers. The 256 KiB that it asks for otherwise hold 630 small
// packets, which 5000 players send in 6 ms; an event loop may be busy for longer. Linux gives what net.core.rmem_max
// and wmem_max allow; other systems may refuse the socket.
class LargeBuffers {
 public:
  LargeBuffers() { SteamNetworkingSocketsLib::g_cbUDPSocketBufferSize = 4 * 1024 * 1024; }
  ~LargeBuffers() { SteamNetworkingSocketsLib::g_cbUDPSocketBufferSize = usual_; }
  LargeBuffers(const LargeBuffers&) = delete;
  LargeBuffers& operator=(const LargeBuffers&) = delete;

 private:
  GlobalLock lock_;
  const int usual_ = SteamNetworkingSocketsLib::g_cbUDPSocketBufferSize;
};
#else
class LargeBuffers {};
#endif

// GNS refuses to make a listen socket that requires certificates, because the open library has no certificate authority
// of its own, but lets an existing one require them. The lock keeps clients without a certificate out in between.
Handle CreateListenSocketIP(const SteamNetworkingIPAddr& address, const Options& options) {
#ifdef VALVE_SOCKETS_GNS_ARCHIVE
  const auto requires_certificates = [](const SteamNetworkingConfigValue_t& option) {
    return option.m_eValue == k_ESteamNetworkingConfig_IP_AllowWithoutAuth &&
           option.m_eDataType == k_ESteamNetworkingConfig_Int32 && option.m_val.m_int32 == 0;
  };
  if (std::any_of(options.begin(), options.end(), requires_certificates)) {
    Options others;
    std::remove_copy_if(options.begin(), options.end(), std::back_inserter(others), requires_certificates);
    GlobalLock lock;
    const Handle handle = CreateListenSocketIP(address, others);
    if (!handle) return 0;
    const int32 never = 0;
    if (Utils()->SetConfigValue(k_ESteamNetworkingConfig_IP_AllowWithoutAuth, k_ESteamNetworkingConfig_ListenSocket,
                                handle, k_ESteamNetworkingConfig_Int32, &never)) {
      return handle;
    }
    Sockets()->CloseListenSocket(handle);
    return 0;
  }
#endif
  [[maybe_unused]] const LargeBuffers buffers{};
  return Sockets()->CreateListenSocketIP(address, static_cast<int>(options.size()), options.data());
}

}  // namespace

void AddListener(State& state, Owner* owner, Handle handle) {
  state.AddListener(handle, Listener{owner, CreateGroup(state, owner, true)});
}

Connection& AddOutgoing(State& state, Owner* owner, Handle handle, Handle pair) {
  const Handle group = DefaultGroup(state, owner);
  Sockets()->SetConnectionPollGroup(handle, group);
  Connection connection(owner, group, 0);
  connection.pair = pair;
  state.AddConnection(handle, connection);
  return state.connections.at(handle);
}

OwnerId CreateOwner(Doorbell* doorbell) {
  auto [state, lock] = Locked(GetState());
  const OwnerId id = state.next_owner++;
  auto owner = std::make_unique<Owner>();
  owner->id = id;
  owner->doorbell = doorbell;
  state.owners[id] = std::move(owner);
  AddSignalQueue(id, doorbell);
  return id;
}

Handle CreateListenSocket(OwnerId id, const SteamNetworkingIPAddr& address, const Options& options) {
  auto [state, lock] = Locked(GetState());
  Owner* owner = state.FindOwner(id);
  if (!owner) return 0;
  ErrorCapture capture;
  const Handle handle = CreateListenSocketIP(address, options);
  if (!handle) return 0;
  AddListener(state, owner, handle);
  return handle;
}

Handle Connect(OwnerId id, const SteamNetworkingIPAddr& address, const Options& options) {
  // The lock is held until the handle is in the table, so that no other thread can pump the event that this call queues
  // before the table knows its owner.
  auto [state, lock] = Locked(GetState());
  Owner* owner = state.FindOwner(id);
  if (!owner) return 0;
  ErrorCapture capture;
  const Handle handle = Sockets()->ConnectByIPAddress(address, static_cast<int>(options.size()), options.data());
  if (handle) AddOutgoing(state, owner, handle, 0);
  return handle;
}

EResult AcceptConnection(OwnerId owner, Handle handle) {
  if (!HasConnection(owner, handle)) return k_EResultInvalidParam;
  return Sockets()->AcceptConnection(handle);
}

bool CreateSocketPair(OwnerId id, bool network, const SteamNetworkingIdentity* identity_one,
                      const SteamNetworkingIdentity* identity_two, Handle out[2]) {
  auto [state, lock] = Locked(GetState());
  Owner* owner = state.FindOwner(id);
  if (!owner) return false;
  ErrorCapture capture;
  if (!Sockets()->CreateSocketPair(&out[0], &out[1], network, identity_one, identity_two)) return false;
  AddOutgoing(state, owner, out[0], out[1]).in_memory = !network;
  AddOutgoing(state, owner, out[1], out[0]).in_memory = !network;
  return true;
}

Handle CreatePollGroup(OwnerId id) {
  auto [state, lock] = Locked(GetState());
  Owner* owner = state.FindOwner(id);
  return owner ? CreateGroup(state, owner, false) : 0;
}

Handle HomeGroup(State& state, const Connection& connection) {
  auto listener = state.listeners.find(connection.listener);
  return listener != state.listeners.end() ? listener->second.group : DefaultGroup(state, connection.owner);
}

bool SetConnectionPollGroup(OwnerId owner, Handle handle, Handle group) {
  auto [state, lock] = Locked(GetState());
  Connection* connection = state.FindConnection(owner, handle);
  if (!connection || (group && !state.FindGroup(owner, group))) return false;
  MoveToGroup(state, handle, *connection, group ? group : HomeGroup(state, *connection));
  return true;
}

bool SetReadable(OwnerId id, bool on) {
  auto [state, lock] = Locked(GetState());
  Owner* owner = state.FindOwner(id);
  if (!owner) return false;
  owner->readable = on;
  owner->pending = on;  // what came in earlier counts as new
  if (on) owner->doorbell->Ring();
  return true;
}

bool SetReferenced(OwnerId owner, Handle handle, bool on) {
  auto [state, lock] = Locked(GetState());
  if (Connection* connection = state.FindConnection(owner, handle)) {
    state.SetReferenced(connection->referenced, connection->owner->doorbell, on);
    return true;
  }
  if (Listener* listener = state.FindListener(owner, handle)) {
    state.SetReferenced(listener->referenced, listener->owner->doorbell, on);
    return true;
  }
  return false;
}

EResult ConfigureLanes(OwnerId owner, Handle handle, int count, const int* priorities, const uint16_t* weights) {
  if (!HasConnection(owner, handle)) return k_EResultInvalidParam;
  return Sockets()->ConfigureConnectionLanes(handle, count, priorities, weights);
}

bool HasConnection(OwnerId owner, Handle handle) {
  return Locked(GetState()).object.FindConnection(owner, handle) != nullptr;
}

bool HasListener(OwnerId owner, Handle handle) {
  return Locked(GetState()).object.FindListener(owner, handle) != nullptr;
}

}  // namespace vs
