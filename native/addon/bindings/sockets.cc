// The functions of the addon that open, close and describe listen sockets, connections and poll groups.
#include "core/sockets.h"

#include <cstring>

#include "addon/environment.h"
#include "addon/values.h"
#include "core/closing.h"
#include "core/driver.h"
#include "core/inbox.h"
#include "core/turn.h"

namespace vs {

namespace {

constexpr uint32_t kMaxLanes = 255;

Napi::Value SetReadableOwner(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  SetReadable(owner, args.Bool(1, "on"));
  return args.env().Undefined();
}

Napi::Value SetReferencedHandle(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const bool found = SetReferenced(owner, args.Uint32(1, "handle"), args.Bool(2, "on"));
  environment.UpdateKeepAlive();
  return MakeBool(args, found);
}

Napi::Value CreateListen(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const SteamNetworkingIPAddr address = args.Address(1, 2);
  const OptionList options(args, 3);
  const Handle handle = CreateListenSocket(owner, address, options.options());
  environment.UpdateKeepAlive();
  return MakeNumber(args, handle);
}

Napi::Value ConnectTo(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const SteamNetworkingIPAddr address = args.Address(1, 2);
  const OptionList options(args, 3);
  const Handle handle = Connect(owner, address, options.options());
  environment.UpdateKeepAlive();
  return MakeNumber(args, handle);
}

Napi::Value Accept(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  return MakeNumber(args, AcceptConnection(owner, args.Uint32(1, "connection")));
}

Napi::Value Close(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const bool closed = CloseConnection(owner, args.Uint32(1, "connection"), args.Int32(2, "reason"),
                                      args.String(3, "debug"), args.Uint32(4, "lingerMs"));
  environment.UpdateKeepAlive();
  return MakeBool(args, closed);
}

Napi::Value CloseListen(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const bool closed =
      CloseListenSocket(owner, args.Uint32(1, "socket"), args.Int32(2, "reason"), args.String(3, "debug"));
  if (closed) {
    // GNS closes the UDP socket in its next poll only, and the port is to be free when this returns.
    GetDriver().AwaitPoll();
    Collect(true);
  }
  environment.UpdateKeepAlive();
  return MakeBool(args, closed);
}

Napi::Value CreatePair(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const bool network = args.Bool(1, "useNetworkLoopback");
  SteamNetworkingIdentity one, two;
  const bool has_one = args.Identity(2, "identityOne", one);
  const bool has_two = args.Identity(3, "identityTwo", two);
  Handle handles[2];
  const bool made = CreateSocketPair(owner, network, has_one ? &one : nullptr, has_two ? &two : nullptr, handles);
  environment.UpdateKeepAlive();
  if (!made) return args.env().Null();
  Napi::Array out = Napi::Array::New(args.env(), 2);
  out[0u] = MakeNumber(args, handles[0]);
  out[1u] = MakeNumber(args, handles[1]);
  return out;
}

Napi::Value CreateGroup(Environment& environment, const Args& args) {
  return MakeNumber(args, CreatePollGroup(RunningOwner(environment, args)));
}

Napi::Value DestroyGroup(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  return MakeBool(args, DestroyPollGroup(owner, args.Uint32(1, "group")));
}

Napi::Value SetGroup(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  return MakeBool(args, SetConnectionPollGroup(owner, args.Uint32(1, "connection"), args.Uint32(2, "group")));
}

Napi::Value TakeEvent(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  StatusEvent event;
  if (!NextEvent(owner, event)) return args.env().Null();
  environment.UpdateKeepAlive();
  Napi::Object out = Napi::Object::New(args.env());
  out.Set("connection", MakeNumber(args, event.status.m_hConn));
  out.Set("oldState", MakeNumber(args, event.status.m_eOldState));
  out.Set("info", MakeInfo(args.env(), event.status.m_info));
  out.Set("flushed", MakeBool(args, event.flushed));
  return out;
}

Napi::Value GetInfo(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const Handle handle = args.Uint32(1, "connection");
  SteamNetConnectionInfo_t info;
  if (!HasConnection(owner, handle) || !Sockets()->GetConnectionInfo(handle, &info)) return args.env().Null();
  return MakeInfo(args.env(), info);
}

Napi::Value GetStatus(Environment& environment, const Args& args) {
  constexpr size_t kFields = 14;
  const OwnerId owner = RunningOwner(environment, args);
  const Handle handle = args.Uint32(1, "connection");
  double* out = args.TypedArray<double>(2, "out", kFields, napi_float64_array);
  if (!HasConnection(owner, handle)) return MakeNumber(args, k_EResultInvalidParam);
  SteamNetConnectionRealTimeStatus_t status;
  const EResult result = Sockets()->GetConnectionRealTimeStatus(handle, &status, 0, nullptr);
  if (result == k_EResultOK) {
    const double fields[kFields] = {
        double(status.m_eState),
        double(status.m_nPing),
        status.m_flConnectionQualityLocal,
        status.m_flConnectionQualityRemote,
        status.m_flOutPacketsPerSec,
        status.m_flOutBytesPerSec,
        status.m_flInPacketsPerSec,
        status.m_flInBytesPerSec,
        double(status.m_nSendRateBytesPerSecond),
        double(status.m_cbPendingUnreliable),
        double(status.m_cbPendingReliable),
        double(status.m_cbSentUnackedReliable),
        double(status.m_usecQueueTime),
        double(status.m_usecMaxJitter),
    };
    std::memcpy(out, fields, sizeof fields);
  }
  return MakeNumber(args, result);
}

Napi::Value ConfigureConnectionLanes(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const Handle handle = args.Uint32(1, "connection");
  const uint32_t count = args.Uint32(2, "count", kMaxLanes + 1);
  const int* priorities = args.IsNull(3) ? nullptr : args.TypedArray<int>(3, "priorities", count, napi_int32_array);
  const uint16_t* weights =
      args.IsNull(4) ? nullptr : args.TypedArray<uint16_t>(4, "weights", count, napi_uint16_array);
  return MakeNumber(args, ConfigureLanes(owner, handle, static_cast<int>(count), priorities, weights));
}

Napi::Value GetLaneStatus(Environment& environment, const Args& args) {
  constexpr size_t kFields = 4;
  const OwnerId owner = RunningOwner(environment, args);
  const Handle handle = args.Uint32(1, "connection");
  const uint32_t count = args.Uint32(2, "count", kMaxLanes);
  double* out = args.TypedArray<double>(3, "out", count * kFields, napi_float64_array);
  if (!HasConnection(owner, handle)) return MakeNumber(args, k_EResultInvalidParam);
  std::vector<SteamNetConnectionRealTimeLaneStatus_t> lanes(count);
  const EResult result = Sockets()->GetConnectionRealTimeStatus(handle, nullptr, static_cast<int>(count), lanes.data());
  if (result == k_EResultOK) {
    for (const auto& lane : lanes) {
      *out++ = lane.m_cbPendingUnreliable;
      *out++ = lane.m_cbPendingReliable;
      *out++ = lane.m_cbSentUnackedReliable;
      *out++ = static_cast<double>(lane.m_usecQueueTime);
    }
  }
  return MakeNumber(args, result);
}

Napi::Value GetDetailedStatus(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const Handle handle = args.Uint32(1, "connection");
  if (!HasConnection(owner, handle)) return args.env().Null();
  std::string text(4096, '\0');
  for (;;) {
    const int needed = Sockets()->GetDetailedConnectionStatus(handle, text.data(), static_cast<int>(text.size()));
    if (needed < 0) return args.env().Null();
    if (needed == 0) return Napi::String::New(args.env(), text.c_str());
    text.resize(static_cast<size_t>(needed));
  }
}

Napi::Value GetListenAddress(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const Handle handle = args.Uint32(1, "socket");
  SteamNetworkingIPAddr address;
  if (!HasListener(owner, handle) || !Sockets()->GetListenSocketAddress(handle, &address)) return args.env().Null();
  Napi::Object out = Napi::Object::New(args.env());
  out.Set("ip", MakeBytes(args.env(), address.m_ipv6, sizeof address.m_ipv6));
  out.Set("port", MakeNumber(args, address.m_port));
  return out;
}

Napi::Value SetUserData(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const Handle handle = args.Uint32(1, "connection");
  const int64_t data = args.Int64(2, "userData");
  return MakeBool(args, HasConnection(owner, handle) && Sockets()->SetConnectionUserData(handle, data));
}

Napi::Value GetUserData(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const Handle handle = args.Uint32(1, "connection");
  const int64_t data = HasConnection(owner, handle) ? Sockets()->GetConnectionUserData(handle) : -1;
  return Napi::BigInt::New(args.env(), data);
}

Napi::Value SetName(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const Handle handle = args.Uint32(1, "connection");
  const std::string name = args.String(2, "name");
  if (!HasConnection(owner, handle)) return MakeBool(args, false);
  Sockets()->SetConnectionName(handle, name.c_str());
  return MakeBool(args, true);
}

Napi::Value GetName(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const Handle handle = args.Uint32(1, "connection");
  char name[1024];
  if (!HasConnection(owner, handle) || !Sockets()->GetConnectionName(handle, name, sizeof name)) {
    return args.env().Null();
  }
  return Napi::String::New(args.env(), name);
}

}  // namespace

void ExportSockets(Napi::Object& exports, Environment& environment) {
  Export<SetReadableOwner>(exports, environment, "setReadable");
  Export<SetReferencedHandle>(exports, environment, "setReferenced");
  Export<CreateListen>(exports, environment, "createListenSocket");
  Export<ConnectTo>(exports, environment, "connect");
  Export<Accept>(exports, environment, "acceptConnection");
  Export<Close>(exports, environment, "closeConnection");
  Export<CloseListen>(exports, environment, "closeListenSocket");
  Export<CreatePair>(exports, environment, "createSocketPair");
  Export<CreateGroup>(exports, environment, "createPollGroup");
  Export<DestroyGroup>(exports, environment, "destroyPollGroup");
  Export<SetGroup>(exports, environment, "setConnectionPollGroup");
  Export<TakeEvent>(exports, environment, "nextEvent");
  Export<GetInfo>(exports, environment, "getConnectionInfo");
  Export<GetStatus>(exports, environment, "getRealTimeStatus");
  Export<ConfigureConnectionLanes>(exports, environment, "configureConnectionLanes");
  Export<GetLaneStatus>(exports, environment, "getLaneStatus");
  Export<GetDetailedStatus>(exports, environment, "getDetailedStatus");
  Export<GetListenAddress>(exports, environment, "getListenSocketAddress");
  Export<SetUserData>(exports, environment, "setConnectionUserData");
  Export<GetUserData>(exports, environment, "getConnectionUserData");
  Export<SetName>(exports, environment, "setConnectionName");
  Export<GetName>(exports, environment, "getConnectionName");
}

}  // namespace vs
