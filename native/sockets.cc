// The functions of the addon that open, close and describe listen sockets, connections and poll groups.
#include "core/sockets.h"

#include <cstring>

#include "core/closing.h"
#include "core/driver.h"
#include "core/inbox.h"
#include "environment.h"

namespace vs {

namespace {

// What every function here starts with: the library runs, and the first argument is an owner.
OwnerId RunningOwner(Environment& environment, const Args& args) {
  environment.RequireRunning();
  return args.Uint32(0, "owner");
}

// Options of a listen socket or connection, with the strings that they point to.
class OptionList {
 public:
  OptionList(const Args& args, size_t index) {
    if (!args.at(index).IsArray()) Args::ThrowType(args.env(), "options", "an array");
    const Napi::Array list = args.at(index).As<Napi::Array>();
    if (list.Length() > kMax) Args::ThrowRange(args.env(), "options", "256 entries at most");
    strings_.reserve(list.Length());
    for (uint32_t i = 0; i < list.Length(); i++) Add(list.Get(i));
  }

  const Options& options() const { return options_; }

 private:
  static constexpr uint32_t kMax = 256;

  void Add(Napi::Value entry) {
    const Napi::Env env = entry.Env();
    if (!entry.IsArray()) Args::ThrowType(env, "an option", "[value, type, data]");
    const Napi::Array parts = entry.As<Napi::Array>();
    const auto value = static_cast<ESteamNetworkingConfigValue>(Args::Number(parts.Get(0u), "value", 0, INT32_MAX));
    const auto type = static_cast<ESteamNetworkingConfigDataType>(Args::Number(parts.Get(1u), "type", 1, 4));
    const Napi::Value data = parts.Get(2u);
    SteamNetworkingConfigValue_t option;
    switch (type) {
      case k_ESteamNetworkingConfig_Int32:
        option.SetInt32(value, static_cast<int32>(Args::Number(data, "data", INT32_MIN, INT32_MAX)));
        break;
      case k_ESteamNetworkingConfig_Int64: {
        if (!data.IsBigInt()) Args::ThrowType(env, "data", "a bigint");
        bool lossless;
        option.SetInt64(value, data.As<Napi::BigInt>().Int64Value(&lossless));
        break;
      }
      case k_ESteamNetworkingConfig_Float:
        if (!data.IsNumber()) Args::ThrowType(env, "data", "a number");
        option.SetFloat(value, data.As<Napi::Number>().FloatValue());
        break;
      default:
        if (!data.IsString()) Args::ThrowType(env, "data", "a string");
        strings_.push_back(data.As<Napi::String>().Utf8Value());
        option.SetString(value, strings_.back().c_str());
    }
    options_.push_back(option);
  }

  std::vector<std::string> strings_;
  Options options_;
};

Napi::Value MakeBytes(Napi::Env env, const void* data, size_t size) {
  Napi::Uint8Array bytes = Napi::Uint8Array::New(env, size);
  if (size) std::memcpy(bytes.Data(), data, size);
  return bytes;
}

Napi::Value MakeIdentity(Napi::Env env, const SteamNetworkingIdentity& identity) {
  uint8_t bytes[sizeof identity];
  const int32_t head[2] = {identity.m_eType, identity.m_cbSize};
  std::memcpy(bytes, head, sizeof head);
  std::memcpy(bytes + sizeof head, identity.m_genericBytes, identity.m_cbSize);
  return MakeBytes(env, bytes, sizeof head + identity.m_cbSize);
}

Napi::Object MakeInfo(Napi::Env env, const SteamNetConnectionInfo_t& info) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("identity", MakeIdentity(env, info.m_identityRemote));
  out.Set("userData", Napi::BigInt::New(env, static_cast<int64_t>(info.m_nUserData)));
  out.Set("listenSocket", Napi::Number::New(env, info.m_hListenSocket));
  out.Set("ip", MakeBytes(env, info.m_addrRemote.m_ipv6, sizeof info.m_addrRemote.m_ipv6));
  out.Set("port", Napi::Number::New(env, info.m_addrRemote.m_port));
  out.Set("state", Napi::Number::New(env, info.m_eState));
  out.Set("endReason", Napi::Number::New(env, info.m_eEndReason));
  out.Set("endDebug", Napi::String::New(env, info.m_szEndDebug));
  out.Set("description", Napi::String::New(env, info.m_szConnectionDescription));
  out.Set("flags", Napi::Number::New(env, info.m_nFlags));
  return out;
}

Napi::Value MakeNumber(const Args& args, double value) { return Napi::Number::New(args.env(), value); }
Napi::Value MakeBool(const Args& args, bool value) { return Napi::Boolean::New(args.env(), value); }

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
                                      args.String(3, "debug"), args.Bool(4, "linger"));
  environment.UpdateKeepAlive();
  return MakeBool(args, closed);
}

Napi::Value CloseListen(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const bool closed =
      CloseListenSocket(owner, args.Uint32(1, "socket"), args.Int32(2, "reason"), args.String(3, "debug"));
  if (closed) {
    // GNS closes the UDP socket in its next poll only, and the port is to be free when this returns.
    GetDriver().PollFromLoop();
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
  out.Set("connection", MakeNumber(args, event.m_hConn));
  out.Set("oldState", MakeNumber(args, event.m_eOldState));
  out.Set("info", MakeInfo(args.env(), event.m_info));
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
  Export<GetDetailedStatus>(exports, environment, "getDetailedStatus");
  Export<GetListenAddress>(exports, environment, "getListenSocketAddress");
  Export<SetUserData>(exports, environment, "setConnectionUserData");
  Export<GetUserData>(exports, environment, "getConnectionUserData");
  Export<SetName>(exports, environment, "setConnectionName");
  Export<GetName>(exports, environment, "getConnectionName");
}

}  // namespace vs
