// The functions of the addon for ISteamNetworkingMessages: messages to identities instead of connections.
#include "core/sessions.h"
#include "addon/bindings/bindings.h"

namespace vs::bindings {

namespace {

// The identity of the peer, which is the argument at index 1.
SteamNetworkingIdentity PeerArgument(const Args& args) {
  SteamNetworkingIdentity peer;
  if (!IdentityAt(args, 1, "identity", peer)) Args::ThrowType(args.env(), "identity", "an identity");
  return peer;
}

Napi::Value ClaimSessions(Environment& environment, const Args& args) {
  return MakeBool(args, vs::ClaimSessions(RunningOwner(environment, args)));
}

Napi::Value ReleaseSessions(Environment& environment, const Args& args) {
  vs::ReleaseSessions(RunningOwner(environment, args));
  return args.env().Undefined();
}

Napi::Value SendMessageToUser(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const SteamNetworkingIdentity peer = PeerArgument(args);
  const Bytes data = args.View(2, "data");
  const int flags = static_cast<int>(args.Uint32(3, "flags", 0x3f));
  const int channel = static_cast<int>(args.Uint32(4, "channel", INT32_MAX));
  if (!OwnsSessions(owner) || data.size > k_cbMaxSteamNetworkingSocketsMessageSizeSend) {
    return MakeNumber(args, k_EResultInvalidParam);
  }
  const EResult result =
      SteamNetworkingMessages()->SendMessageToUser(peer, data.data, static_cast<uint32>(data.size), flags, channel);
  if (result == k_EResultOK) NoteSession(peer, true);
  return MakeNumber(args, result);
}

Napi::Value ReceiveOnChannel(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const int channel = static_cast<int>(args.Uint32(1, "channel", INT32_MAX));
  const uint32_t max = args.Uint32(2, "max", INT32_MAX);
  const SlabArguments into(args, 3);
  if (!OwnsSessions(owner)) return into.Finish(args, {-1, into.offset, 0});
  return into.Finish(args, vs::ReceiveOnChannel(owner, channel, max, into.slab.data,
                                                static_cast<uint32_t>(into.slab.size), into.offset));
}

Napi::Value AcceptSession(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const SteamNetworkingIdentity peer = PeerArgument(args);
  const bool accepted = OwnsSessions(owner) && SteamNetworkingMessages()->AcceptSessionWithUser(peer);
  if (accepted) NoteSession(peer, true);
  return MakeBool(args, accepted);
}

Napi::Value CloseSession(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const SteamNetworkingIdentity peer = PeerArgument(args);
  const bool closed = OwnsSessions(owner) && SteamNetworkingMessages()->CloseSessionWithUser(peer);
  if (closed) NoteSession(peer, false);
  return MakeBool(args, closed);
}

Napi::Value CloseChannel(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const SteamNetworkingIdentity peer = PeerArgument(args);
  const int channel = static_cast<int>(args.Uint32(2, "channel", INT32_MAX));
  return MakeBool(args, OwnsSessions(owner) && SteamNetworkingMessages()->CloseChannelWithUser(peer, channel));
}

Napi::Value GetSessionInfo(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const SteamNetworkingIdentity peer = PeerArgument(args);
  if (!OwnsSessions(owner)) return args.env().Null();
  SteamNetConnectionInfo_t info = {};
  if (SteamNetworkingMessages()->GetSessionConnectionInfo(peer, &info, nullptr) ==
      k_ESteamNetworkingConnectionState_None) {
    return args.env().Null();
  }
  return MakeInfo(args.env(), info);
}

Napi::Value TakeSessionEvents(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const std::vector<SessionEvent> events = vs::TakeSessionEvents(owner);
  Napi::Array out = Napi::Array::New(args.env(), events.size());
  for (uint32_t i = 0; i < events.size(); i++) {
    Napi::Object event = Napi::Object::New(args.env());
    event.Set("identity", MakeIdentity(args.env(), events[i].peer));
    event.Set("info", events[i].failed ? MakeInfo(args.env(), events[i].info) : args.env().Null());
    out[i] = event;
  }
  return out;
}

}  // namespace

void ExportSessions(Napi::Object& exports, Environment& environment) {
  Export<ClaimSessions>(exports, environment, "claimSessions");
  Export<ReleaseSessions>(exports, environment, "releaseSessions");
  Export<SendMessageToUser>(exports, environment, "sendMessageToUser");
  Export<ReceiveOnChannel>(exports, environment, "receiveOnChannel");
  Export<AcceptSession>(exports, environment, "acceptSession");
  Export<CloseSession>(exports, environment, "closeSession");
  Export<CloseChannel>(exports, environment, "closeChannel");
  Export<GetSessionInfo>(exports, environment, "getSessionInfo");
  Export<TakeSessionEvents>(exports, environment, "takeSessionEvents");
}

}  // namespace vs::bindings
