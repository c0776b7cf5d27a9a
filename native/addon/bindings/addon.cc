#include "addon/environment.h"

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  auto* environment = new vs::Environment(env);
  env.SetInstanceData(environment);
  vs::ExportLibrary(exports, *environment);
  vs::ExportSockets(exports, *environment);
  vs::ExportMessages(exports, *environment);
  vs::ExportConfig(exports, *environment);
  vs::ExportP2P(exports, *environment);
  vs::ExportSessions(exports, *environment);
  vs::ExportIdentity(exports, *environment);
  vs::ExportUdp(exports, *environment);
  vs::ExportAesGcm(exports, *environment);
  return exports;
}

NODE_API_MODULE(valve_sockets, Init)
