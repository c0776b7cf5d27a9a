// The functions of the addon for AES-GCM. They need no initialize.
#include "crypto/aes_gcm.h"
#include "addon/bindings/bindings.h"

namespace vs::bindings {

namespace {

// The memory of OpenSSL for one key. V8 is told of it, because otherwise it collects the objects that own ciphers too
// rarely: 300,000 keys made and dropped one after another took 630 MB, and 80 MB with this.
constexpr int64_t kCipherBytes = 2440;

void AdjustMemory(const Args& args, int64_t bytes) { Napi::MemoryManagement::AdjustExternalMemory(args.env(), bytes); }

Napi::Value CreateAesGcm(Environment& environment, const Args& args) {
  const Bytes key = args.Uint8Array(0, "key");
  if (key.size != AesGcm::kKeyBytes) Args::ThrowRange(args.env(), "key", "32 bytes long");
  const uint32_t cipher = environment.ciphers().Add(AesGcm::Create(key.data));
  if (cipher != 0) AdjustMemory(args, kCipherBytes);
  return MakeNumber(args, cipher);
}

Napi::Value DestroyAesGcm(Environment& environment, const Args& args) {
  const bool removed = environment.ciphers().Remove(args.Uint32(0, "cipher"));
  if (removed) AdjustMemory(args, -kCipherBytes);
  return MakeBool(args, removed);
}

// The arguments of sealAesGcm and openAesGcm: cipher, nonceLow, nonceHigh, buffer, start, headerBytes, end.
struct Operation {
  Operation(Environment& environment, const Args& args, uint32_t room)
      : cipher(environment.ciphers().Find(args.Uint32(0, "cipher"))),
        nonce(args.Uint32(1, "nonceLow") | uint64_t{args.Uint32(2, "nonceHigh")} << 32) {
    const Bytes buffer = args.Uint8Array(3, "buffer");
    const uint64_t start = args.Uint32(4, "start");
    const uint64_t content = start + args.Uint32(5, "headerBytes");
    end = args.Uint32(6, "end", INT32_MAX - room);
    if (content > end) Args::ThrowRange(args.env(), "end", "behind the header");
    if (end + room > buffer.size) Args::ThrowRange(args.env(), "end", "within the buffer");
    packet = {buffer.data + start, buffer.data + content, buffer.data + end};
  }

  AesGcm* cipher;
  uint64_t nonce;
  uint32_t end;
  AesGcmPacket packet;
};

Napi::Value SealAesGcm(Environment& environment, const Args& args) {
  const Operation operation(environment, args, AesGcm::kTagBytes);
  const bool sealed = operation.cipher && operation.cipher->Seal(operation.nonce, operation.packet);
  return MakeNumber(args, sealed ? operation.end + double{AesGcm::kTagBytes} : -1);
}

Napi::Value OpenAesGcm(Environment& environment, const Args& args) {
  const Operation operation(environment, args, 0);
  const bool has_tag = operation.packet.end - operation.packet.content >= AesGcm::kTagBytes;
  const bool opened = operation.cipher && has_tag && operation.cipher->Open(operation.nonce, operation.packet);
  return MakeNumber(args, opened ? operation.end - double{AesGcm::kTagBytes} : -1);
}

// They touch no socket, so GNS has nothing to do after them.
template <Binding binding>
napi_value CallAlone(const Args& args) {
  return binding(*static_cast<Environment*>(args.data()), args);
}

template <Binding binding>
void ExportAlone(Napi::Object& exports, Environment& environment, const char* name) {
  ExportFunction<CallAlone<binding>>(exports, name, &environment);
}

}  // namespace

void ExportAesGcm(Napi::Object& exports, Environment& environment) {
  ExportAlone<CreateAesGcm>(exports, environment, "createAesGcm");
  ExportAlone<DestroyAesGcm>(exports, environment, "destroyAesGcm");
  ExportAlone<SealAesGcm>(exports, environment, "sealAesGcm");
  ExportAlone<OpenAesGcm>(exports, environment, "openAesGcm");
}

}  // namespace vs::bindings
