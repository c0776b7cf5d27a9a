// Node calls Init for each environment that loads the addon.
#include "addon/bindings/bindings.h"

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  using namespace vs::bindings;
  auto* environment = new vs::Environment(env);
  env.SetInstanceData(environment);
  ExportLibrary(exports, *environment);
  ExportSockets(exports, *environment);
  ExportMessages(exports, *environment);
  ExportConfig(exports, *environment);
  ExportP2P(exports, *environment);
  ExportSessions(exports, *environment);
  ExportIdentity(exports, *environment);
  ExportUdp(exports, *environment);
  ExportAesGcm(exports, *environment);
  return exports;
}

NODE_API_MODULE(valve_sockets, Init)
