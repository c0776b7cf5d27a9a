#include "core/config.h"

#include <set>

#include "core/sockets.h"

namespace vs {

namespace {

std::mutex changed_mutex;

std::set<int>& ChangedGlobals() {
  static auto* changed = new std::set<int>();
  return *changed;
}

bool IsOurs(OwnerId owner, Scope scope, Handle handle) {
  switch (scope) {
    case Scope::Global:
      return true;
    case Scope::ListenSocket:
      return HasListener(owner, handle);
    case Scope::Connection:
      return HasConnection(owner, handle);
  }
  return false;
}

ESteamNetworkingConfigValue Value(int value) { return static_cast<ESteamNetworkingConfigValue>(value); }
ESteamNetworkingConfigScope GnsScope(Scope scope) { return static_cast<ESteamNetworkingConfigScope>(scope); }

}  // namespace

bool SetConfig(OwnerId owner, int value, Scope scope, Handle handle, ESteamNetworkingConfigDataType type,
               const void* data) {
  if (!IsOurs(owner, scope, handle)) return false;
  ESteamNetworkingConfigDataType declared;
  if (!Utils()->GetConfigValueInfo(Value(value), &declared, nullptr)) return false;
  // Only the addon itself may set function pointers.
  if (declared == k_ESteamNetworkingConfig_Ptr || type == k_ESteamNetworkingConfig_Ptr) return false;
  if (!Utils()->SetConfigValue(Value(value), GnsScope(scope), handle, type, data)) return false;
  if (scope == Scope::Global) {
    std::lock_guard<std::mutex> lock(changed_mutex);
    ChangedGlobals().insert(value);
  }
  return true;
}

ConfigValue GetConfig(OwnerId owner, int value, Scope scope, Handle handle) {
  ConfigValue out;
  if (!IsOurs(owner, scope, handle)) {
    out.result = k_ESteamNetworkingGetConfigValue_BadScopeObj;
    return out;
  }
  size_t size = 0;
  out.result = Utils()->GetConfigValue(Value(value), GnsScope(scope), handle, &out.type, nullptr, &size);
  // Without a buffer, GNS gives type and size, and says that the buffer is too small.
  if (out.result < 0 && out.result != k_ESteamNetworkingGetConfigValue_BufferTooSmall) return out;
  const auto get = [&](void* data, size_t capacity) {
    out.result = Utils()->GetConfigValue(Value(value), GnsScope(scope), handle, &out.type, data, &capacity);
  };
  switch (out.type) {
    case k_ESteamNetworkingConfig_Int32:
      get(&out.int32_value, sizeof out.int32_value);
      break;
    case k_ESteamNetworkingConfig_Int64:
      get(&out.int64_value, sizeof out.int64_value);
      break;
    case k_ESteamNetworkingConfig_Float:
      get(&out.float_value, sizeof out.float_value);
      break;
    case k_ESteamNetworkingConfig_String:
      out.string_value.resize(size);
      get(out.string_value.data(), size);
      out.string_value.resize(out.string_value.find('\0') == std::string::npos ? size : out.string_value.find('\0'));
      break;
    default:
      out.result = k_ESteamNetworkingGetConfigValue_BadValue;
  }
  return out;
}

void RestoreGlobalConfig() {
  std::lock_guard<std::mutex> lock(changed_mutex);
  for (int value : ChangedGlobals()) {
    Utils()->SetConfigValue(Value(value), k_ESteamNetworkingConfig_Global, 0, k_ESteamNetworkingConfig_Int32, nullptr);
  }
  ChangedGlobals().clear();
}

}  // namespace vs
