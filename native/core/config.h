#pragma once
#include <string>

#include "core/state.h"

namespace vs {

enum class Scope : uint32_t { Global = 1, ListenSocket = 3, Connection = 4 };

struct ConfigValue {
  ESteamNetworkingGetConfigValueResult result = k_ESteamNetworkingGetConfigValue_BadValue;
  ESteamNetworkingConfigDataType type = k_ESteamNetworkingConfig_Int32;
  int32 int32_value = 0;
  int64 int64_value = 0;
  float float_value = 0;
  std::string string_value;
};

// `data` points to a value of `type`; null goes back to the inherited value. Returns false when the value is unknown or
// refused, or the handle belongs to another owner.
bool SetConfig(OwnerId owner, int value, Scope scope, Handle handle, ESteamNetworkingConfigDataType type,
               const void* data);
ConfigValue GetConfig(OwnerId owner, int value, Scope scope, Handle handle);

// Resets the global values that we have set: GNS keeps them beyond Kill.
void RestoreGlobalConfig();

}  // namespace vs
