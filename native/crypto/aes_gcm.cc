#include "crypto/aes_gcm.h"

#include <cstring>

#include "crypto/gns_crypto.h"

namespace vs {

#ifdef VALVE_SOCKETS_GNS_ARCHIVE

namespace {

struct Nonce {
  explicit Nonce(uint64_t number) {
    for (int index = 0; index < 8; index++) bytes[11 - index] = static_cast<uint8_t>(number >> (8 * index));
  }
  uint8_t bytes[12] = {};
};

class GnsAesGcm : public AesGcm {
 public:
  bool Init(const uint8_t* key) {
    return encrypt_.InitCipher(key, kKeyBytes, sizeof(Nonce), kTagBytes, true) &&
           decrypt_.InitCipher(key, kKeyBytes, sizeof(Nonce), kTagBytes, false);
  }

  bool Seal(uint64_t nonce, const AesGcmPacket& packet) override {
    const auto size = static_cast<uint32>(packet.end - packet.content);
    // On Windows, GNS ends the process unless there is room for one byte more than it writes.
    uint32 room = size + kTagBytes + 1;
    return encrypt_.Encrypt(packet.content, size, Nonce(nonce).bytes, packet.content, &room, packet.start,
                            packet.content - packet.start);
  }

  bool Open(uint64_t nonce, const AesGcmPacket& packet) override {
    const size_t size = packet.end - packet.content;
    uint32 room = static_cast<uint32>(size);
    if (decrypt_.Decrypt(packet.content, size, Nonce(nonce).bytes, packet.content, &room, packet.start,
                         packet.content - packet.start)) {
      return true;
    }
    // OpenSSL has already written the plaintext when it finds that the packet is forged; BCrypt may write anything.
    std::memset(packet.content, 0, size);
    return false;
  }

 private:
  AES_GCM_EncryptContext encrypt_;
  AES_GCM_DecryptContext decrypt_;
};

}  // namespace

std::unique_ptr<AesGcm> AesGcm::Create(const uint8_t* key) {
  auto cipher = std::make_unique<GnsAesGcm>();
  if (!cipher->Init(key)) return nullptr;
  return cipher;
}

#else

std::unique_ptr<AesGcm> AesGcm::Create(const uint8_t*) { return nullptr; }

#endif

}  // namespace vs
