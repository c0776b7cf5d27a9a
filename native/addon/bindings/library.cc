// The functions of the addon for the library as a whole.
#include "core/library.h"
#include "addon/bindings/bindings.h"
#include "core/fin_wait.h"
#include "core/inbox.h"
#include "core/log.h"

namespace vs::bindings {

namespace {

Napi::Value Initialize(Environment& environment, const Args& args) {
  const auto driver = static_cast<NativeDriver>(args.Uint32(0, "driver", 2));
  const bool uv_allowed = args.Bool(1, "uvPoll");
  SteamNetworkingIdentity identity;
  const bool has_identity = IdentityAt(args, 2, "identity", identity);
  const SpinOptions spin = SpinAt(args, 3);
  const bool any_driver = driver == NativeDriver::Auto;
  const bool hybrid = driver == NativeDriver::Hybrid || (any_driver && uv_allowed);
  const std::string error = environment.Initialize(hybrid ? DriverMode::Hybrid : DriverMode::Thread, any_driver,
                                                   uv_allowed, has_identity ? &identity : nullptr, spin);
  return Napi::String::New(args.env(), error);
}

Napi::Value Deinitialize(Environment& environment, const Args& args) {
  environment.Deinitialize();
  return args.env().Undefined();
}

Napi::Value InitializeCount(Environment& environment, const Args& args) {
  return Napi::Number::New(args.env(), environment.initialize_count());
}

Napi::Value TearDown(Environment& environment, const Args& args) {
  environment.TearDown();
  return args.env().Undefined();
}

Napi::Value Time(Environment&, const Args& args) { return Napi::Number::New(args.env(), static_cast<double>(Now())); }

Napi::Value SetDebugCallback(Environment& environment, const Args& args) {
  const uint32_t level = args.Uint32(0, "level", 8);
  const bool none = args.IsNull(1);
  if (!none) args.Function(1, "callback");
  environment.SetDebugCallback(none ? 0 : static_cast<int>(level), args.at(1));
  return args.env().Undefined();
}

Napi::Value TakeErrorLines(Environment&, const Args& args) {
  const std::vector<std::string> lines = vs::TakeErrorLines();
  Napi::Array out = Napi::Array::New(args.env(), lines.size());
  for (uint32_t i = 0; i < lines.size(); i++) out[i] = Napi::String::New(args.env(), lines[i]);
  return out;
}

Napi::Value Statistics(Environment&, const Args& args) {
  static const char* const kNames[] = {"none", "hybrid", "thread"};
  Napi::Object out = Napi::Object::New(args.env());
  const auto set = [&](const char* name, uint64_t value) {
    out.Set(name, Napi::Number::New(args.env(), static_cast<double>(value)));
  };
  const Driver& driver = GetDriver();
  out.Set("driver", Napi::String::New(args.env(), kNames[static_cast<int>(driver.mode())]));
  set("loopPolls", driver.loop_polls());
  set("helperPolls", driver.helper_polls());
  set("droppedLogLines", DroppedLogLines());
  auto [state, lock] = Locked(GetState());
  uint64_t open = 0, listening = 0, groups = 0;
  for (auto& [handle, connection] : state.connections) open += connection.phase == Connection::Phase::Open;
  const size_t closed = CountFinWaits(state);
  for (auto& [handle, listener] : state.listeners) listening += !listener.closing;
  for (auto& [handle, group] : state.groups) groups += !group.hidden;
  set("rings", state.rings);
  set("droppedEvents", state.dropped_events);
  set("connections", open);
  set("listenSockets", listening);
  set("pollGroups", groups);
  set("lingering", state.lingering);
  set("unconfirmedCloses", closed);
  set("places", open + state.lingering + closed);
  return out;
}

Napi::Value SetWake(Environment& environment, const Args& args) {
  environment.SetWake(args.Function(0, "wake"));
  return args.env().Undefined();
}

Napi::Value CreateOwner(Environment& environment, const Args& args) {
  environment.RequireRunning();
  return Napi::Number::New(args.env(), environment.AddOwner());
}

Napi::Value DestroyOwner(Environment& environment, const Args& args) {
  environment.RemoveOwner(args.Uint32(0, "owner"));
  return args.env().Undefined();
}

}  // namespace

void ExportLibrary(Napi::Object& exports, Environment& environment) {
  Export<Initialize>(exports, environment, "initialize");
  Export<Deinitialize>(exports, environment, "deinitialize");
  Export<InitializeCount>(exports, environment, "initializeCount");
  Export<TearDown>(exports, environment, "tearDown");
  Export<Time>(exports, environment, "time");
  Export<SetDebugCallback>(exports, environment, "setDebugCallback");
  Export<TakeErrorLines>(exports, environment, "takeErrorLines");
  Export<Statistics>(exports, environment, "statistics");
  Export<SetWake>(exports, environment, "setWake");
  Export<CreateOwner>(exports, environment, "createOwner");
  Export<DestroyOwner>(exports, environment, "destroyOwner");
}

}  // namespace vs::bindings
