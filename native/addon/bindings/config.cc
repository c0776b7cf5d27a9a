// The functions of the addon that get and set GNS's configuration values.
#include "core/config.h"
#include "addon/bindings/bindings.h"

namespace vs::bindings {

namespace {

Scope ScopeArgument(const Args& args, size_t index) {
  const uint32_t scope = args.Uint32(index, "scope", 4);
  if (scope != 1 && scope != 3 && scope != 4) Args::ThrowRange(args.env(), "scope", "1, 3 or 4");
  return static_cast<Scope>(scope);
}

Napi::Value SetConfigValue(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const int value = args.Int32(1, "value");
  const Scope scope = ScopeArgument(args, 2);
  const Handle handle = args.Uint32(3, "handle");
  const ESteamNetworkingConfigDataType type = DataType(args.at(4));
  if (args.IsNull(5)) return MakeBool(args, SetConfig(owner, value, scope, handle, type, nullptr));
  std::string text;
  const SteamNetworkingConfigValue_t option = MakeOption(value, type, args.at(5), text);
  const void* data = &option.m_val;
  if (type == k_ESteamNetworkingConfig_String) data = text.c_str();
  return MakeBool(args, SetConfig(owner, value, scope, handle, type, data));
}

Napi::Value GetConfigValue(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const int value = args.Int32(1, "value");
  const Scope scope = ScopeArgument(args, 2);
  const ConfigValue got = GetConfig(owner, value, scope, args.Uint32(3, "handle"));
  const Napi::Env env = args.env();
  Napi::Object out = Napi::Object::New(env);
  out.Set("result", Napi::Number::New(env, got.result));
  out.Set("type", Napi::Number::New(env, got.type));
  Napi::Value data = env.Null();
  if (got.result > 0) {
    switch (got.type) {
      case k_ESteamNetworkingConfig_Int32:
        data = Napi::Number::New(env, got.int32_value);
        break;
      case k_ESteamNetworkingConfig_Int64:
        data = Napi::BigInt::New(env, static_cast<int64_t>(got.int64_value));
        break;
      case k_ESteamNetworkingConfig_Float:
        data = Napi::Number::New(env, got.float_value);
        break;
      default:
        data = Napi::String::New(env, got.string_value);
    }
  }
  out.Set("value", data);
  return out;
}

// Returns [value, name, type, scope], or null for a value that this GNS does not have.
Napi::Value DescribeValue(const Args& args, ESteamNetworkingConfigValue value) {
  ESteamNetworkingConfigDataType type;
  ESteamNetworkingConfigScope scope;
  const char* name = Utils()->GetConfigValueInfo(value, &type, &scope);
  if (!name) return args.env().Null();
  Napi::Array out = Napi::Array::New(args.env(), 4);
  out[0u] = Napi::Number::New(args.env(), value);
  out[1u] = Napi::String::New(args.env(), name);
  out[2u] = Napi::Number::New(args.env(), type);
  out[3u] = Napi::Number::New(args.env(), scope);
  return out;
}

Napi::Value GetConfigValueInfo(Environment&, const Args& args) {
  return DescribeValue(args, static_cast<ESteamNetworkingConfigValue>(args.Int32(0, "value")));
}

Napi::Value ListConfigValues(Environment&, const Args& args) {
  const bool with_dev = args.Bool(0, "developerValues");
  Napi::Array out = Napi::Array::New(args.env());
  auto value = k_ESteamNetworkingConfig_Invalid;
  while ((value = Utils()->IterateGenericEditableConfigValues(value, with_dev)) != k_ESteamNetworkingConfig_Invalid) {
    out[out.Length()] = DescribeValue(args, value);
  }
  return out;
}

Napi::Value SetLockWaitWarningThreshold(Environment&, const Args& args) {
  SteamNetworkingSockets_SetLockWaitWarningThreshold(args.Uint32(0, "microseconds", INT32_MAX));
  return args.env().Undefined();
}

}  // namespace

void ExportConfig(Napi::Object& exports, Environment& environment) {
  Export<SetConfigValue>(exports, environment, "setConfigValue");
  Export<GetConfigValue>(exports, environment, "getConfigValue");
  Export<GetConfigValueInfo>(exports, environment, "getConfigValueInfo");
  Export<ListConfigValues>(exports, environment, "listConfigValues");
  Export<SetLockWaitWarningThreshold>(exports, environment, "setLockWaitWarningThreshold");
}

}  // namespace vs::bindings
