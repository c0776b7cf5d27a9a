// The functions of the addon that make P2P connections and carry their signals.
#include "core/p2p.h"

#include "core/signals.h"

#include "addon/values.h"

namespace vs {

namespace {

Napi::Value ConnectToPeer(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  SteamNetworkingIdentity peer;
  const bool known = args.Identity(1, "identity", peer);
  const int port = static_cast<int>(args.Uint32(2, "remoteVirtualPort", UINT16_MAX));
  const OptionList options(args, 3);
  const Handle handle = ConnectP2P(owner, known ? &peer : nullptr, port, options.options());
  environment.UpdateKeepAlive();
  return MakeNumber(args, handle);
}

Napi::Value ListenToPeers(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const int port = static_cast<int>(args.Uint32(1, "localVirtualPort", UINT16_MAX));
  const OptionList options(args, 2);
  const Handle handle = CreateListenSocketP2P(owner, port, options.options());
  environment.UpdateKeepAlive();
  return MakeNumber(args, handle);
}

Napi::Value FeedSignal(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const Bytes data = args.View(1, "data");
  const bool allow_requests = args.Bool(2, "allowRequests");
  const bool fed =
      data.size <= INT32_MAX && ReceiveSignal(owner, data.data, static_cast<int>(data.size), allow_requests);
  environment.UpdateKeepAlive();
  return MakeBool(args, fed);
}

Napi::Value TakeOwnSignals(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const std::vector<Signal> signals = TakeSignals(owner, kMaxSignalsPerOwner);
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
  Export<ConnectToPeer>(exports, environment, "connectP2P");
  Export<ListenToPeers>(exports, environment, "createListenSocketP2P");
  Export<FeedSignal>(exports, environment, "receiveSignal");
  Export<TakeOwnSignals>(exports, environment, "takeSignals");
}

}  // namespace vs
