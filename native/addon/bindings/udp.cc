// The functions of the addon for batched UDP. They work without initialize.
#include <cstring>

#include "addon/bindings/bindings.h"

namespace vs::bindings {

namespace {

// An address in three arguments: 16 bytes, port, scope.
UdpAddress AddressAt(const Args& args, size_t index) {
  UdpAddress address;
  const Bytes ip = args.Uint8Array(index, "ip");
  if (ip.size != sizeof address.ip) Args::ThrowRange(args.env(), "ip", "16 bytes long");
  std::memcpy(address.ip, ip.data, sizeof address.ip);
  address.port = static_cast<uint16_t>(args.Uint32(index + 1, "port", UINT16_MAX));
  address.scope = args.Uint32(index + 2, "scope");
  return address;
}

// The slab arguments of receiveUdp and sendUdp: slab, slotBytes, first, count.
struct Slots {
  Slots(const Args& args, size_t index)
      : slot_bytes(args.Uint32(index + 1, "slotBytes", UINT16_MAX)), count(args.Uint32(index + 3, "count")) {
    const Bytes slab = args.Uint8Array(index, "slab");
    const uint64_t first = args.Uint32(index + 2, "first");
    if (slot_bytes <= sizeof(UdpSlot)) Args::ThrowRange(args.env(), "slotBytes", "more than the head of a slot");
    if ((first + count) * slot_bytes > slab.size) Args::ThrowRange(args.env(), "count", "within the slab");
    start = slab.data + first * slot_bytes;
  }

  size_t slot_bytes;
  uint32_t count;
  uint8_t* start;
};

Napi::Value OpenUdp(Environment& environment, const Args& args) {
  const bool uv_allowed = args.Bool(0, "uvPoll");
  const UdpAddress address = AddressAt(args, 1);
  const bool is_remote = args.Bool(4, "isRemote");
  const auto buffer_bytes = static_cast<int>(args.Uint32(5, "bufferBytes", INT32_MAX));
  const SpinOptions spin = SpinAt(args, 6);
  return MakeNumber(args, environment.udp().Open(args.env(), uv_allowed, address, is_remote, buffer_bytes, spin));
}

Napi::Value CloseUdp(Environment& environment, const Args& args) {
  return MakeBool(args, environment.udp().Close(args.Uint32(0, "socket")));
}

Napi::Value GetUdpPort(Environment& environment, const Args& args) {
  const UdpSocket* socket = environment.udp().Find(args.Uint32(0, "socket"));
  return MakeNumber(args, socket ? socket->port() : 0);
}

Napi::Value HaveSameUdpSource(Environment& environment, const Args& args) {
  const UdpSocket* socket = environment.udp().Find(args.Uint32(0, "socket"));
  const UdpSocket* other = environment.udp().Find(args.Uint32(1, "other"));
  return MakeBool(args, socket && other && socket->HasSameSource(*other));
}

Napi::Value GetUdpDropped(Environment& environment, const Args& args) {
  const UdpSocket* socket = environment.udp().Find(args.Uint32(0, "socket"));
  return MakeNumber(args, socket ? static_cast<double>(socket->dropped()) : 0);
}

Napi::Value ReceiveUdp(Environment& environment, const Args& args) {
  const uint32_t socket = args.Uint32(0, "socket");
  const Slots slots(args, 1);
  const int64_t filled = environment.udp().Receive(socket, slots.start, slots.slot_bytes, slots.count);
  return MakeNumber(args, static_cast<double>(filled));
}

Napi::Value SendUdp(Environment& environment, const Args& args) {
  const uint32_t socket = args.Uint32(0, "socket");
  const Slots slots(args, 1);
  const int64_t done = environment.udp().Send(socket, slots.start, slots.slot_bytes, slots.count);
  return MakeNumber(args, static_cast<double>(done));
}

Napi::Value SetUdpWake(Environment& environment, const Args& args) {
  environment.SetUdpWake(args.Function(0, "wake"));
  return args.env().Undefined();
}

}  // namespace

void ExportUdp(Napi::Object& exports, Environment& environment) {
  Export<OpenUdp>(exports, environment, "openUdp");
  Export<CloseUdp>(exports, environment, "closeUdp");
  Export<GetUdpPort>(exports, environment, "getUdpPort");
  Export<HaveSameUdpSource>(exports, environment, "haveSameUdpSource");
  Export<GetUdpDropped>(exports, environment, "getUdpDropped");
  Export<ReceiveUdp>(exports, environment, "receiveUdp");
  Export<SendUdp>(exports, environment, "sendUdp");
  Export<SetUdpWake>(exports, environment, "setUdpWake");
}

}  // namespace vs::bindings
