// The functions of the addon that send and receive messages.
#include <algorithm>

#include "addon/values.h"
#include "core/drain.h"
#include "core/inbox.h"
#include "core/outbox.h"

namespace vs {

namespace {

Napi::Value SendOne(Environment& environment, const Args& args) {
  environment.RequireRunning();
  const OwnerId owner = args.Uint32(0, "owner");
  const Handle handle = args.Uint32(1, "connection");
  const Bytes data = args.View(2, "data");
  const uint32_t flags = args.Uint32(3, "flags");
  const EResult result = data.size > INT32_MAX
                             ? k_EResultInvalidParam
                             : Send(owner, handle, data.data, static_cast<uint32_t>(data.size), flags);
  return Napi::Number::New(args.env(), result);
}

Napi::Value SendMany(Environment& environment, const Args& args) {
  environment.RequireRunning();
  const OwnerId owner = args.Uint32(0, "owner");
  const Bytes slab = args.Uint8Array(1, "slab");
  const uint32_t count = args.Uint32(2, "count");
  double* results = args.TypedArray<double>(3, "results", count, napi_float64_array);
  if (!SendBatch(owner, slab.data, slab.size, count, results)) {
    Args::ThrowRange(args.env(), "slab", "large enough for its records");
  }
  return args.env().Undefined();
}

Napi::Value SendShared(Environment& environment, const Args& args) {
  environment.RequireRunning();
  const OwnerId owner = args.Uint32(0, "owner");
  const uint32_t count = args.Uint32(2, "count");
  const Handle* handles = args.TypedArray<Handle>(1, "connections", count, napi_uint32_array);
  const Bytes data = args.View(3, "data");
  const int flags = static_cast<int>(args.Uint32(4, "flags", INT32_MAX));
  const int lane = static_cast<int>(args.Uint32(5, "lane", UINT16_MAX));
  double* results = args.TypedArray<double>(6, "results", count, napi_float64_array);
  if (data.size > k_cbMaxSteamNetworkingSocketsMessageSizeSend) {
    std::fill(results, results + count, -k_EResultInvalidParam);
  } else {
    SendToMany(owner, handles, count, data.data, static_cast<uint32_t>(data.size), flags, lane, results);
  }
  return args.env().Undefined();
}

Napi::Value Watch(Environment& environment, const Args& args) {
  environment.RequireRunning();
  const OwnerId owner = args.Uint32(0, "owner");
  const Handle handle = args.Uint32(1, "connection");
  return Napi::Boolean::New(args.env(), WatchDrain(owner, handle, args.Uint32(2, "lowWaterBytes", INT32_MAX)));
}

Napi::Value TakeOwnDrained(Environment& environment, const Args& args) {
  environment.RequireRunning();
  const std::vector<Handle> drained = TakeDrained(args.Uint32(0, "owner"));
  Napi::Array out = Napi::Array::New(args.env(), drained.size());
  for (uint32_t i = 0; i < drained.size(); i++) out[i] = Napi::Number::New(args.env(), drained[i]);
  return out;
}

Napi::Value FlushOne(Environment& environment, const Args& args) {
  environment.RequireRunning();
  const OwnerId owner = args.Uint32(0, "owner");
  return Napi::Number::New(args.env(), Flush(owner, args.Uint32(1, "connection")));
}

Napi::Value ReceiveMany(Environment& environment, const Args& args) {
  environment.RequireRunning();
  const OwnerId owner = args.Uint32(0, "owner");
  const auto source = static_cast<Source>(args.Uint32(1, "source", 2));
  const Handle handle = args.Uint32(2, "handle");
  const uint32_t max = args.Uint32(3, "max", INT32_MAX);
  const SlabArguments into(args, 4);
  return into.Finish(
      args, Receive(owner, source, handle, max, into.slab.data, static_cast<uint32_t>(into.slab.size), into.offset));
}

}  // namespace

void ExportMessages(Napi::Object& exports, Environment& environment) {
  Export<SendOne>(exports, environment, "send");
  Export<SendMany>(exports, environment, "sendBatch");
  Export<SendShared>(exports, environment, "sendToMany");
  Export<Watch>(exports, environment, "watchDrain");
  Export<TakeOwnDrained>(exports, environment, "takeDrained");
  Export<FlushOne>(exports, environment, "flush");
  Export<ReceiveMany>(exports, environment, "receive");
}

}  // namespace vs
