#include "addon/values.h"

#include <cstring>

#include "layout.h"

namespace vs {

namespace {
constexpr uint32_t kMaxOptions = 256;
}  // namespace

OwnerId RunningOwner(Environment& environment, const Args& args) {
  environment.RequireRunning();
  return args.Uint32(0, "owner");
}

Target TargetOf(Environment& environment, const Args& args, const char* name) {
  return {RunningOwner(environment, args), args.Uint32(1, name)};
}

Napi::Value MakeNumber(const Args& args, double value) { return Napi::Number::New(args.env(), value); }
Napi::Value MakeBool(const Args& args, bool value) { return Napi::Boolean::New(args.env(), value); }

Napi::Value MakeBytes(Napi::Env env, const void* data, size_t size) {
  Napi::Uint8Array bytes = Napi::Uint8Array::New(env, size);
  if (size) std::memcpy(bytes.Data(), data, size);
  return bytes;
}

Napi::Value MakeIdentity(Napi::Env env, const SteamNetworkingIdentity& identity) {
  uint8_t bytes[sizeof identity];
  const IdentityHead head{identity.m_eType, identity.m_cbSize};
  std::memcpy(bytes, &head, sizeof head);
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

SlabArguments::SlabArguments(const Args& args, size_t first)
    : slab(args.Uint8Array(first, "slab")),
      offset(args.Uint32(first + 1, "offset")),
      out(args.TypedArray<uint32_t>(first + 2, "out", 2, napi_uint32_array)) {
  if (slab.size > UINT32_MAX) Args::ThrowRange(args.env(), "slab", "smaller than 4 GiB");
  if (offset % 8 != 0 || offset > slab.size || reinterpret_cast<uintptr_t>(slab.data) % 8 != 0) {
    Args::ThrowRange(args.env(), "offset", "a multiple of 8 within a slab that starts at one");
  }
}

Napi::Value SlabArguments::Finish(const Args& args, const Received& received) const {
  out[0] = received.end;
  out[1] = received.needed;
  return MakeNumber(args, received.count);
}

OptionList::OptionList(const Args& args, size_t index) {
  if (!args.at(index).IsArray()) Args::ThrowType(args.env(), "options", "an array");
  const Napi::Array list = args.at(index).As<Napi::Array>();
  if (list.Length() > kMaxOptions) Args::ThrowRange(args.env(), "options", "256 entries at most");
  strings_.reserve(list.Length());
  for (uint32_t i = 0; i < list.Length(); i++) Add(list.Get(i));
}

void OptionList::Add(Napi::Value entry) {
  const Napi::Env env = entry.Env();
  if (!entry.IsArray()) Args::ThrowType(env, "an option", "[value, type, data]");
  const Napi::Array parts = entry.As<Napi::Array>();
  const auto value = static_cast<int>(Args::Number(parts.Get(0u), "value", 0, INT32_MAX));
  options_.push_back(MakeOption(value, DataType(parts.Get(1u)), parts.Get(2u), strings_.emplace_back()));
}

ESteamNetworkingConfigDataType DataType(Napi::Value type) {
  return static_cast<ESteamNetworkingConfigDataType>(Args::Number(type, "type", 1, 4));
}

SteamNetworkingConfigValue_t MakeOption(int number, ESteamNetworkingConfigDataType type, Napi::Value data,
                                        std::string& text) {
  const auto value = static_cast<ESteamNetworkingConfigValue>(number);
  SteamNetworkingConfigValue_t option;
  switch (type) {
    case k_ESteamNetworkingConfig_Int32:
      option.SetInt32(value, static_cast<int32>(Args::Number(data, "data", INT32_MIN, INT32_MAX)));
      break;
    case k_ESteamNetworkingConfig_Int64:
      option.SetInt64(value, Args::Int64(data, "data"));
      break;
    case k_ESteamNetworkingConfig_Float:
      if (!data.IsNumber()) Args::ThrowType(data.Env(), "data", "a number");
      option.SetFloat(value, data.As<Napi::Number>().FloatValue());
      break;
    default:
      text = Args::String(data, "data");
      option.SetString(value, text.c_str());
  }
  return option;
}

SteamNetworkingIPAddr AddressAt(const Args& args, size_t ip_index, size_t port_index) {
  const Bytes ip = args.Uint8Array(ip_index, "ip");
  SteamNetworkingIPAddr address;
  if (ip.size != sizeof address.m_ipv6) Args::ThrowRange(args.env(), "ip", "16 bytes long");
  std::memcpy(address.m_ipv6, ip.data, sizeof address.m_ipv6);
  address.m_port = static_cast<uint16>(args.Uint32(port_index, "port", UINT16_MAX));
  return address;
}

bool IdentityAt(const Args& args, size_t index, const char* name, SteamNetworkingIdentity& identity) {
  identity.Clear();
  if (args.IsNull(index)) return false;
  const Bytes bytes = args.Uint8Array(index, name);
  IdentityHead head{};
  if (bytes.size >= sizeof head) std::memcpy(&head, bytes.data, sizeof head);
  const size_t size = static_cast<uint32_t>(head.size);
  const auto reject = [&] { Args::ThrowRange(args.env(), name, "an identity"); };
  if (bytes.size != sizeof head + size) reject();
  const char* payload = reinterpret_cast<const char*>(bytes.data + sizeof head);
  switch (head.type) {
    case k_ESteamNetworkingIdentityType_IPAddress: {
      SteamNetworkingIPAddr address;
      if (size != sizeof address) reject();
      std::memcpy(&address, payload, size);
      identity.SetIPAddr(address);
      break;
    }
    case k_ESteamNetworkingIdentityType_GenericString: {
      const std::string text(payload, size);
      // GNS includes the terminating NUL in the size.
      if (!identity.SetGenericString(text.c_str())) reject();
      break;
    }
    case k_ESteamNetworkingIdentityType_GenericBytes:
      if (size == 0 || !identity.SetGenericBytes(payload, size)) reject();
      break;
    case k_ESteamNetworkingIdentityType_SteamID: {
      uint64 id;
      if (size != sizeof id) reject();
      std::memcpy(&id, payload, size);
      identity.SetSteamID64(id);
      break;
    }
    case k_ESteamNetworkingIdentityType_XboxPairwiseID:
      if (!identity.SetXboxPairwiseID(std::string(payload, size).c_str())) reject();
      break;
    case k_ESteamNetworkingIdentityType_SonyPSN: {
      uint64 id;
      if (size != sizeof id) reject();
      std::memcpy(&id, payload, size);
      identity.SetPSNID(id);
      break;
    }
    case k_ESteamNetworkingIdentityType_UnknownType: {
      // A text with a prefix that this GNS does not know. GNS parses the text to the same identity again.
      const std::string text(payload, strnlen(payload, size));
      if (!SteamAPI_SteamNetworkingIdentity_ParseString(&identity, sizeof identity, text.c_str())) reject();
      break;
    }
    default:
      reject();
  }
  return true;
}

}  // namespace vs
