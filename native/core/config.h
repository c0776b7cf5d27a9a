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

// `data` points to a value of `type`, or is null to go back to the inherited one. False: unknown, refused, or not ours.
bool SetConfig(OwnerId owner, int value, Scope scope, Handle handle, ESteamNetworkingConfigDataType type,
               const void* data);
ConfigValue GetConfig(OwnerId owner, int value, Scope scope, Handle handle);

// GNS keeps global values beyond Kill: this takes back those that we set.
void RestoreGlobalConfig();

}  // namespace vs
