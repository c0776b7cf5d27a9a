// The functions that JavaScript calls; lib/addon/native-web-transport.ts declares them.
#include <cstring>

#include "webtransport/environment.h"

namespace vs {

namespace {

using Binding = Napi::Value (*)(WebTransportEnvironment&, const Args&);

template <Binding binding>
napi_value Call(const Args& args) {
  return binding(*static_cast<WebTransportEnvironment*>(args.data()), args);
}

Napi::Value MakeNumber(const Args& args, int64_t value) {
  return Napi::Number::New(args.env(), static_cast<double>(value));
}

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

vs_wt_bytes BytesAt(const Args& args, size_t index, const char* name) {
  const Bytes bytes = args.Uint8Array(index, name);
  return {bytes.data, bytes.size};
}

vs_wt_bytes BytesOf(const std::string& text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

Napi::Value OpenSocket(WebTransportEnvironment& environment, const Args& args) {
  const bool uv_allowed = args.Bool(0, "uvPoll");
  const UdpAddress address = AddressAt(args, 1);
  const auto buffer_bytes = static_cast<int>(args.Uint32(4, "bufferBytes", INT32_MAX));
  const vs_wt_limits limits = {args.Uint32(5, "retryAbove"), args.Uint32(6, "maxPending"),
                               args.Uint32(7, "handshakeTimeoutMs"), args.Uint32(8, "closeTimeoutMs")};
  const auto coalesce_ms = static_cast<int>(args.Uint32(9, "coalesceMs", 1000));
  return MakeNumber(args, environment.Open(uv_allowed, address, buffer_bytes, limits, coalesce_ms));
}

Napi::Value Close(WebTransportEnvironment& environment, const Args& args) {
  return Napi::Boolean::New(args.env(), environment.Close(args.Uint32(0, "socket")));
}

Napi::Value GetPort(WebTransportEnvironment& environment, const Args& args) {
  const WebTransportSocket* socket = environment.Find(args.Uint32(0, "socket"));
  return MakeNumber(args, socket ? socket->port() : 0);
}

Napi::Value SetCertificate(WebTransportEnvironment& environment, const Args& args) {
  WebTransportSocket* socket = environment.Find(args.Uint32(0, "socket"));
  const vs_wt_bytes cert = BytesAt(args, 1, "cert");
  const vs_wt_bytes key = BytesAt(args, 2, "key");
  std::string error = "the socket is closed";
  if (socket) socket->SetCertificate(cert, key, error);
  return Napi::String::New(args.env(), error);
}

Napi::Value Connect(WebTransportEnvironment& environment, const Args& args) {
  const uint32_t id = args.Uint32(0, "socket");
  const UdpAddress address = AddressAt(args, 1);
  const std::string name = Args::String(args.at(4), "name");
  const std::string authority = Args::String(args.at(5), "authority");
  const std::string path = Args::String(args.at(6), "path");
  const vs_wt_bytes hashes = BytesAt(args, 7, "hashes");
  const vs_wt_bytes roots = BytesAt(args, 8, "roots");
  WebTransportSocket* socket = environment.Find(id);
  if (!socket) return MakeNumber(args, -1);
  std::string error;
  const int64_t session =
      socket->Connect(address, BytesOf(name), BytesOf(authority), BytesOf(path), hashes, roots, error);
  environment.AfterCall(id);
  if (session >= 0) return MakeNumber(args, session);
  return Napi::String::New(args.env(), error);
}

Napi::Value Receive(WebTransportEnvironment& environment, const Args& args) {
  const uint32_t id = args.Uint32(0, "socket");
  const Bytes slab = args.Uint8Array(1, "slab");
  WebTransportSocket* socket = environment.Find(id);
  if (!socket) return MakeNumber(args, 0);
  const int64_t bytes = socket->Take(slab.data, slab.size);
  environment.AfterCall(id);
  return MakeNumber(args, bytes);
}

Napi::Value Send(WebTransportEnvironment& environment, const Args& args) {
  const uint32_t id = args.Uint32(0, "socket");
  const Bytes slab = args.Uint8Array(1, "slab");
  const uint32_t length = args.Uint32(2, "length");
  if (length > slab.size) Args::ThrowRange(args.env(), "length", "within the slab");
  WebTransportSocket* socket = environment.Find(id);
  if (!socket) return MakeNumber(args, 0);
  const int64_t result = socket->Run({slab.data, length});
  environment.AfterCall(id);
  return MakeNumber(args, result);
}

Napi::Value Linger(WebTransportEnvironment& environment, const Args& args) {
  const uint32_t id = args.Uint32(0, "socket");
  const uint32_t ms = args.Uint32(1, "ms");
  if (ms > 10'000) Args::ThrowRange(args.env(), "ms", "at most 10000");
  if (WebTransportSocket* socket = environment.Find(id)) socket->Linger(static_cast<int>(ms));
  return args.env().Undefined();
}

Napi::Value GetBuffered(WebTransportEnvironment& environment, const Args& args) {
  WebTransportSocket* socket = environment.Find(args.Uint32(0, "socket"));
  const uint32_t session = args.Uint32(1, "session");
  return MakeNumber(args, socket ? socket->Buffered(session) : 0);
}

Napi::Value GetFigures(WebTransportEnvironment& environment, const Args& args) {
  WebTransportSocket* socket = environment.Find(args.Uint32(0, "socket"));
  auto* out = args.TypedArray<double>(1, "out", 8, napi_float64_array);
  const vs_wt_figures_t figures = socket ? socket->Figures() : vs_wt_figures_t{};
  const uint64_t values[] = {figures.pending, figures.sources, figures.largest_share, figures.evicted,
                             figures.refused, figures.dropped, figures.retries,       figures.accepted};
  for (size_t i = 0; i < 8; i++) out[i] = static_cast<double>(values[i]);
  return args.env().Undefined();
}

Napi::Value SetWake(WebTransportEnvironment& environment, const Args& args) {
  environment.SetWake(args.Function(0, "wake"));
  return args.env().Undefined();
}

Napi::Value TearDown(WebTransportEnvironment& environment, const Args& args) {
  environment.TearDown();
  return args.env().Undefined();
}

template <Binding binding>
void Export(Napi::Object& exports, WebTransportEnvironment& environment, const char* name) {
  ExportFunction<Call<binding>>(exports, name, &environment);
}

}  // namespace

}  // namespace vs

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  using namespace vs;
  auto* environment = new WebTransportEnvironment(env);
  env.SetInstanceData(environment);
  Export<OpenSocket>(exports, *environment, "openSocket");
  Export<Close>(exports, *environment, "close");
  Export<GetPort>(exports, *environment, "getPort");
  Export<SetCertificate>(exports, *environment, "setCertificate");
  Export<Connect>(exports, *environment, "connect");
  Export<Receive>(exports, *environment, "receive");
  Export<Send>(exports, *environment, "send");
  Export<Linger>(exports, *environment, "linger");
  Export<GetBuffered>(exports, *environment, "getBuffered");
  Export<GetFigures>(exports, *environment, "getFigures");
  Export<SetWake>(exports, *environment, "setWake");
  Export<TearDown>(exports, *environment, "tearDown");
  return exports;
}

NODE_API_MODULE(valve_sockets_webtransport, Init)
