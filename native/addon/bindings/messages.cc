// The functions of the addon that send and receive messages.
#include <algorithm>

#include "addon/bindings/bindings.h"
#include "core/drain.h"
#include "core/inbox.h"
#include "core/outbox.h"

namespace vs::bindings {

namespace {

Napi::Value Send(Environment& environment, const Args& args) {
  const auto [owner, handle] = TargetOf(environment, args, "connection");
  const Bytes data = args.View(2, "data");
  const uint32_t flags = args.Uint32(3, "flags");
  const EResult result = data.size > INT32_MAX
                             ? k_EResultInvalidParam
                             : vs::Send(owner, handle, data.data, static_cast<uint32_t>(data.size), flags);
  return MakeNumber(args, result);
}

Napi::Value SendBatch(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const Bytes slab = args.Uint8Array(1, "slab");
  const uint32_t count = args.Uint32(2, "count");
  double* results = args.TypedArray<double>(3, "results", count, napi_float64_array);
  if (!vs::SendBatch(owner, slab.data, slab.size, count, results)) {
    Args::ThrowRange(args.env(), "slab", "large enough for its records");
  }
  return args.env().Undefined();
}

Napi::Value SendToMany(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const uint32_t count = args.Uint32(2, "count");
  const Handle* handles = args.TypedArray<Handle>(1, "connections", count, napi_uint32_array);
  const Bytes data = args.View(3, "data");
  const int flags = static_cast<int>(args.Uint32(4, "flags", INT32_MAX));
  const int lane = static_cast<int>(args.Uint32(5, "lane", UINT16_MAX));
  double* results = args.TypedArray<double>(6, "results", count, napi_float64_array);
  if (data.size > k_cbMaxSteamNetworkingSocketsMessageSizeSend) {
    std::fill(results, results + count, -k_EResultInvalidParam);
  } else {
    vs::SendToMany(owner, handles, count, data.data, static_cast<uint32_t>(data.size), flags, lane, results);
  }
  return args.env().Undefined();
}

Napi::Value WatchDrain(Environment& environment, const Args& args) {
  const auto [owner, handle] = TargetOf(environment, args, "connection");
  return MakeBool(args, vs::WatchDrain(owner, handle, args.Uint32(2, "lowWaterBytes", INT32_MAX)));
}

Napi::Value TakeDrained(Environment& environment, const Args& args) {
  const std::vector<Handle> drained = vs::TakeDrained(RunningOwner(environment, args));
  Napi::Array out = Napi::Array::New(args.env(), drained.size());
  for (uint32_t i = 0; i < drained.size(); i++) out[i] = Napi::Number::New(args.env(), drained[i]);
  return out;
}

Napi::Value Flush(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  return MakeNumber(args, vs::Flush(owner, args.Uint32(1, "connection")));
}

Napi::Value Receive(Environment& environment, const Args& args) {
  const OwnerId owner = RunningOwner(environment, args);
  const auto source = static_cast<ReceiveSource>(args.Uint32(1, "source", 2));
  const Handle handle = args.Uint32(2, "handle");
  const uint32_t max = args.Uint32(3, "max", INT32_MAX);
  const SlabArguments into(args, 4);
  return into.Finish(args, vs::Receive(owner, source, handle, max, into.slab.data,
                                       static_cast<uint32_t>(into.slab.size), into.offset));
}

}  // namespace

void ExportMessages(Napi::Object& exports, Environment& environment) {
  Export<Send>(exports, environment, "send");
  Export<SendBatch>(exports, environment, "sendBatch");
  Export<SendToMany>(exports, environment, "sendToMany");
  Export<WatchDrain>(exports, environment, "watchDrain");
  Export<TakeDrained>(exports, environment, "takeDrained");
  Export<Flush>(exports, environment, "flush");
  Export<Receive>(exports, environment, "receive");
}

}  // namespace vs::bindings
