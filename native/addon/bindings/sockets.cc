// The functions of the addon that open, close and describe listen sockets, connections and poll groups.
#include <cstring>

#include "addon/bindings/bindings.h"
#include "core/closing.h"
#include "core/driver.h"
#include "core/inbox.h"
#include "core/sockets.h"
#include "core/turn.h"
#include "layout.h"

namespace vs::bindings {

namespace {

constexpr uint32_t kMaxLanes = 255;

Napi::Value SetReadable(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  vs::SetReadable(owner, args.Bool(1, "on"));
  return args.env().Undefined();
}

Napi::Value SetReferenced(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  return MakeBool(args, vs::SetReferenced(owner, args.Uint32(1, "handle"), args.Bool(2, "on")));
}

Napi::Value CreateListenSocket(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const SteamNetworkingIPAddr address = AddressAt(args, 1, 2);
  const OptionList options(args, 3);
  return MakeNumber(args, vs::CreateListenSocket(owner, address, options.options()));
}

Napi::Value Connect(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const SteamNetworkingIPAddr address = AddressAt(args, 1, 2);
  const OptionList options(args, 3);
  return MakeNumber(args, vs::Connect(owner, address, options.options()));
}

Napi::Value AcceptConnection(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  return MakeNumber(args, vs::AcceptConnection(owner, args.Uint32(1, "connection")));
}

Napi::Value CloseConnection(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const bool closed = vs::CloseConnection(owner, args.Uint32(1, "connection"), args.Int32(2, "reason"),
                                          Args::String(args.at(3), "debug"), args.Uint32(4, "lingerMs"));
  return MakeBool(args, closed);
}

Napi::Value CloseListenSocket(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const bool closed = vs::CloseListenSocket(owner, args.Uint32(1, "socket"), args.Int32(2, "reason"),
                                            Args::String(args.at(3), "debug"));
  if (closed) {
    // GNS closes the UDP socket only in its next poll, and the port must be free when this returns.
    GetDriver().AwaitPoll();
    Collect(true);
  }
  return MakeBool(args, closed);
}

Napi::Value CreateSocketPair(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const bool network = args.Bool(1, "useNetworkLoopback");
  SteamNetworkingIdentity one, two;
  const bool has_one = IdentityAt(args, 2, "identityOne", one);
  const bool has_two = IdentityAt(args, 3, "identityTwo", two);
  Handle handles[2];
  const bool made = vs::CreateSocketPair(owner, network, has_one ? &one : nullptr, has_two ? &two : nullptr, handles);
  if (!made) return args.env().Null();
  Napi::Array out = Napi::Array::New(args.env(), 2);
  out[0u] = MakeNumber(args, handles[0]);
  out[1u] = MakeNumber(args, handles[1]);
  return out;
}

Napi::Value CreatePollGroup(Environment& environment, const Args& args) {
  return MakeNumber(args, vs::CreatePollGroup(RunningOwner(environment, args)));
}

Napi::Value DestroyPollGroup(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  return MakeBool(args, vs::DestroyPollGroup(owner, args.Uint32(1, "group")));
}

Napi::Value SetConnectionPollGroup(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  return MakeBool(args, vs::SetConnectionPollGroup(owner, args.Uint32(1, "connection"), args.Uint32(2, "group")));
}

Napi::Value NextEvent(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  StatusEvent event;
  if (!vs::NextEvent(owner, event)) return args.env().Null();
  Napi::Object out = Napi::Object::New(args.env());
  out.Set("connection", MakeNumber(args, event.status.m_hConn));
  out.Set("oldState", MakeNumber(args, event.status.m_eOldState));
  out.Set("info", MakeInfo(args.env(), event.status.m_info));
  out.Set("flushed", MakeBool(args, event.flushed));
  return out;
}

Napi::Value GetConnectionInfo(Environment& environment, const Args& args) {
  const auto [owner, handle] = TargetOf(environment, args, "connection");
  SteamNetConnectionInfo_t info;
  if (!HasConnection(owner, handle) || !Sockets()->GetConnectionInfo(handle, &info)) return args.env().Null();
  return MakeInfo(args.env(), info);
}

Napi::Value GetRealTimeStatus(Environment& environment, const Args& args) {
  const auto [owner, handle] = TargetOf(environment, args, "connection");
  double* out = args.TypedArray<double>(2, "out", sizeof(StatusFigures) / sizeof(double), napi_float64_array);
  if (!HasConnection(owner, handle)) return MakeNumber(args, k_EResultInvalidParam);
  SteamNetConnectionRealTimeStatus_t status;
  const EResult result = Sockets()->GetConnectionRealTimeStatus(handle, &status, 0, nullptr);
  if (result == k_EResultOK) {
    StatusFigures figures;
    figures.state = status.m_eState;
    figures.ping = status.m_nPing;
    figures.connection_quality_local = status.m_flConnectionQualityLocal;
    figures.connection_quality_remote = status.m_flConnectionQualityRemote;
    figures.out_packets_per_second = status.m_flOutPacketsPerSec;
    figures.out_bytes_per_second = status.m_flOutBytesPerSec;
    figures.in_packets_per_second = status.m_flInPacketsPerSec;
    figures.in_bytes_per_second = status.m_flInBytesPerSec;
    figures.send_rate_bytes_per_second = status.m_nSendRateBytesPerSecond;
    figures.pending_unreliable = status.m_cbPendingUnreliable;
    figures.pending_reliable = status.m_cbPendingReliable;
    figures.sent_unacked_reliable = status.m_cbSentUnackedReliable;
    figures.queue_time = static_cast<double>(status.m_usecQueueTime);
    figures.max_jitter = status.m_usecMaxJitter;
    std::memcpy(out, &figures, sizeof figures);
  }
  return MakeNumber(args, result);
}

Napi::Value ConfigureConnectionLanes(Environment& environment, const Args& args) {
  const auto [owner, handle] = TargetOf(environment, args, "connection");
  const uint32_t count = args.Uint32(2, "count", kMaxLanes + 1);
  const int* priorities = args.IsNull(3) ? nullptr : args.TypedArray<int>(3, "priorities", count, napi_int32_array);
  const uint16_t* weights =
      args.IsNull(4) ? nullptr : args.TypedArray<uint16_t>(4, "weights", count, napi_uint16_array);
  return MakeNumber(args, ConfigureLanes(owner, handle, static_cast<int>(count), priorities, weights));
}

Napi::Value GetLaneStatus(Environment& environment, const Args& args) {
  const auto [owner, handle] = TargetOf(environment, args, "connection");
  const uint32_t count = args.Uint32(2, "count", kMaxLanes);
  constexpr size_t kFigures = sizeof(LaneFigures) / sizeof(double);
  double* out = args.TypedArray<double>(3, "out", count * kFigures, napi_float64_array);
  if (!HasConnection(owner, handle)) return MakeNumber(args, k_EResultInvalidParam);
  std::vector<SteamNetConnectionRealTimeLaneStatus_t> lanes(count);
  const EResult result = Sockets()->GetConnectionRealTimeStatus(handle, nullptr, static_cast<int>(count), lanes.data());
  if (result == k_EResultOK) {
    for (const auto& lane : lanes) {
      LaneFigures figures;
      figures.pending_unreliable = lane.m_cbPendingUnreliable;
      figures.pending_reliable = lane.m_cbPendingReliable;
      figures.sent_unacked_reliable = lane.m_cbSentUnackedReliable;
      figures.queue_time = static_cast<double>(lane.m_usecQueueTime);
      std::memcpy(out, &figures, sizeof figures);
      out += kFigures;
    }
  }
  return MakeNumber(args, result);
}

Napi::Value GetDetailedStatus(Environment& environment, const Args& args) {
  const auto [owner, handle] = TargetOf(environment, args, "connection");
  if (!HasConnection(owner, handle)) return args.env().Null();
  std::string text(4096, '\0');
  for (;;) {
    const int needed = Sockets()->GetDetailedConnectionStatus(handle, text.data(), static_cast<int>(text.size()));
    if (needed < 0) return args.env().Null();
    if (needed == 0) return Napi::String::New(args.env(), text.c_str());
    text.resize(static_cast<size_t>(needed));
  }
}

Napi::Value GetListenSocketAddress(Environment& environment, const Args& args) {
  const auto [owner, handle] = TargetOf(environment, args, "socket");
  SteamNetworkingIPAddr address;
  if (!HasListener(owner, handle) || !Sockets()->GetListenSocketAddress(handle, &address)) return args.env().Null();
  Napi::Object out = Napi::Object::New(args.env());
  out.Set("ip", MakeBytes(args.env(), address.m_ipv6, sizeof address.m_ipv6));
  out.Set("port", MakeNumber(args, address.m_port));
  return out;
}

Napi::Value SetConnectionUserData(Environment& environment, const Args& args) {
  const auto [owner, handle] = TargetOf(environment, args, "connection");
  const int64_t data = Args::Int64(args.at(2), "userData");
  return MakeBool(args, HasConnection(owner, handle) && Sockets()->SetConnectionUserData(handle, data));
}

Napi::Value GetConnectionUserData(Environment& environment, const Args& args) {
  const auto [owner, handle] = TargetOf(environment, args, "connection");
  const int64_t data = HasConnection(owner, handle) ? Sockets()->GetConnectionUserData(handle) : -1;
  return Napi::BigInt::New(args.env(), data);
}

Napi::Value SetConnectionName(Environment& environment, const Args& args) {
  const auto [owner, handle] = TargetOf(environment, args, "connection");
  const std::string name = Args::String(args.at(2), "name");
  if (!HasConnection(owner, handle)) return MakeBool(args, false);
  Sockets()->SetConnectionName(handle, name.c_str());
  return MakeBool(args, true);
}

Napi::Value GetConnectionName(Environment& environment, const Args& args) {
  const auto [owner, handle] = TargetOf(environment, args, "connection");
  char name[1024];
  if (!HasConnection(owner, handle) || !Sockets()->GetConnectionName(handle, name, sizeof name)) {
    return args.env().Null();
  }
  return Napi::String::New(args.env(), name);
}

}  // namespace

void ExportSockets(Napi::Object& exports, Environment& environment) {
  Export<SetReadable>(exports, environment, "setReadable");
  Export<SetReferenced>(exports, environment, "setReferenced");
  Export<CreateListenSocket>(exports, environment, "createListenSocket");
  Export<Connect>(exports, environment, "connect");
  Export<AcceptConnection>(exports, environment, "acceptConnection");
  Export<CloseConnection>(exports, environment, "closeConnection");
  Export<CloseListenSocket>(exports, environment, "closeListenSocket");
  Export<CreateSocketPair>(exports, environment, "createSocketPair");
  Export<CreatePollGroup>(exports, environment, "createPollGroup");
  Export<DestroyPollGroup>(exports, environment, "destroyPollGroup");
  Export<SetConnectionPollGroup>(exports, environment, "setConnectionPollGroup");
  Export<NextEvent>(exports, environment, "nextEvent");
  Export<GetConnectionInfo>(exports, environment, "getConnectionInfo");
  Export<GetRealTimeStatus>(exports, environment, "getRealTimeStatus");
  Export<ConfigureConnectionLanes>(exports, environment, "configureConnectionLanes");
  Export<GetLaneStatus>(exports, environment, "getLaneStatus");
  Export<GetDetailedStatus>(exports, environment, "getDetailedStatus");
  Export<GetListenSocketAddress>(exports, environment, "getListenSocketAddress");
  Export<SetConnectionUserData>(exports, environment, "setConnectionUserData");
  Export<GetConnectionUserData>(exports, environment, "getConnectionUserData");
  Export<SetConnectionName>(exports, environment, "setConnectionName");
  Export<GetConnectionName>(exports, environment, "getConnectionName");
}

}  // namespace vs::bindings
