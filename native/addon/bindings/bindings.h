#pragma once
// The functions that JavaScript calls. Each has the name that JavaScript sees, in PascalCase. They have a namespace of
// their own; a function of native/core that has the same name is called as vs::Name. lib/addon/native.ts declares them,
// and test/architecture/bindings.test.ts compares both with what the addon exports.
#include "addon/environment.h"
#include "addon/values.h"
#include "core/wakes.h"

namespace vs::bindings {

using Binding = Napi::Value (*)(Environment&, const Args&);

template <Binding binding>
napi_value Call(const Args& args) {
  Environment& environment = *static_cast<Environment*>(args.data());
  const struct After {
    ~After() { environment.AfterCall(); }
    Environment& environment;
  } after{environment};
  const HoldWakes hold;
  return binding(environment, args);
}

template <Binding binding>
void Export(Napi::Object& exports, Environment& environment, const char* name) {
  ExportFunction<Call<binding>>(exports, name, &environment);
}

// Two arguments: microseconds, and whether that is adaptive.
inline SpinOptions SpinAt(const Args& args, size_t index) {
  return {args.Uint32(index, "spinUs", 1000), args.Bool(index + 1, "isSpinAdaptive")};
}

void ExportLibrary(Napi::Object& exports, Environment& environment);
void ExportSockets(Napi::Object& exports, Environment& environment);
void ExportMessages(Napi::Object& exports, Environment& environment);
void ExportConfig(Napi::Object& exports, Environment& environment);
void ExportP2P(Napi::Object& exports, Environment& environment);
void ExportSessions(Napi::Object& exports, Environment& environment);
void ExportIdentity(Napi::Object& exports, Environment& environment);
void ExportUdp(Napi::Object& exports, Environment& environment);
void ExportAesGcm(Napi::Object& exports, Environment& environment);

}  // namespace vs::bindings
