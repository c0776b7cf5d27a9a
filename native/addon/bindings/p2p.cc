// The functions of the addon that make P2P connections and carry their signals.
#include "core/p2p.h"
#include "addon/bindings/bindings.h"
#include "core/signals.h"

namespace vs::bindings {

namespace {

Napi::Value ConnectP2P(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  SteamNetworkingIdentity peer;
  const bool known = IdentityAt(args, 1, "identity", peer);
  const int port = static_cast<int>(args.Uint32(2, "remoteVirtualPort", UINT16_MAX));
  const OptionList options(args, 3);
  return MakeNumber(args, vs::ConnectP2P(owner, known ? &peer : nullptr, port, options.options()));
}

Napi::Value CreateListenSocketP2P(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const int port = static_cast<int>(args.Uint32(1, "localVirtualPort", UINT16_MAX));
  const OptionList options(args, 2);
  return MakeNumber(args, vs::CreateListenSocketP2P(owner, port, options.options()));
}

Napi::Value ReceiveSignal(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const Bytes data = args.View(1, "data");
  const bool allow_requests = args.Bool(2, "allowRequests");
  const bool fed =
      data.size <= INT32_MAX && vs::ReceiveSignal(owner, data.data, static_cast<int>(data.size), allow_requests);
  return MakeBool(args, fed);
}

Napi::Value TakeSignals(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const std::vector<Signal> signals = vs::TakeSignals(owner, kMaxSignalsPerOwner);
  Napi::Array out = Napi::Array::New(args.env(), signals.size());
  for (uint32_t i = 0; i < signals.size(); i++) {
    Napi::Object signal = Napi::Object::New(args.env());
    signal.Set("connection", MakeNumber(args, signals[i].connection));
    signal.Set("identity", MakeIdentity(args.env(), signals[i].peer));
    signal.Set("data", MakeBytes(args.env(), signals[i].data.data(), signals[i].data.size()));
    out[i] = signal;
  }
  return out;
}

}  // namespace

void ExportP2P(Napi::Object& exports, Environment& environment) {
  Export<ConnectP2P>(exports, environment, "connectP2P");
  Export<CreateListenSocketP2P>(exports, environment, "createListenSocketP2P");
  Export<ReceiveSignal>(exports, environment, "receiveSignal");
  Export<TakeSignals>(exports, environment, "takeSignals");
}

}  // namespace vs::bindings
