#pragma once
// Conversions between GNS's structures and JS values that several files of bindings share.

#include <string>
#include <vector>

#include "addon/environment.h"
#include "core/inbox.h"
#include "core/sockets.h"

namespace vs {

// Returns the first argument, the owner, of a function that needs the running library.
OwnerId RunningOwner(Environment& environment, const Args& args);
// The first two arguments of such a function that is about one object of the owner.
struct Target {
  OwnerId owner;
  Handle handle;
};
Target TargetOf(Environment& environment, const Args& args, const char* name);

// An address: 16 bytes, and a port.
SteamNetworkingIPAddr AddressAt(const Args& args, size_t ip_index, size_t port_index);
// Returns false when the argument is null.
bool IdentityAt(const Args& args, size_t index, const char* name, SteamNetworkingIdentity& identity);

Napi::Value MakeNumber(const Args& args, double value);
Napi::Value MakeBool(const Args& args, bool value);
Napi::Value MakeBytes(Napi::Env env, const void* data, size_t size);
Napi::Value MakeIdentity(Napi::Env env, const SteamNetworkingIdentity& identity);
Napi::Object MakeInfo(Napi::Env env, const SteamNetConnectionInfo_t& info);

// The slab arguments of a receiving function: slab, offset, out (lib/addon/native.ts, receive).
struct SlabArguments {
  SlabArguments(const Args& args, size_t first);
  // Fills `out` and returns the count for JS.
  Napi::Value Finish(const Args& args, const Received& received) const;

  Bytes slab;
  uint32_t offset;
  uint32_t* out;
};

// The type of a configuration value, 1 to 4.
ESteamNetworkingConfigDataType DataType(Napi::Value type);
// A configuration value of GNS; `text` is to hold the string that it points to.
SteamNetworkingConfigValue_t MakeOption(int number, ESteamNetworkingConfigDataType type, Napi::Value data,
                                        std::string& text);

// The options of a listen socket or connection, together with the strings that they point to.
class OptionList {
 public:
  OptionList(const Args& args, size_t index);
  const Options& options() const { return options_; }

 private:
  void Add(Napi::Value entry);

  std::vector<std::string> strings_;
  Options options_;
};

}  // namespace vs
