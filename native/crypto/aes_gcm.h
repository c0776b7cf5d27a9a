#pragma once
#include <cstdint>
#include <memory>

namespace vs {

// A packet: from `start` to `content` a header that is only authenticated, from `content` to `end` what is encrypted.
struct AesGcmPacket {
  uint8_t* start;
  uint8_t* content;
  uint8_t* end;
};

// A key of AES-256-GCM, prepared for many packets. The nonce is 4 zero bytes and a 64-bit number, big-endian, as in
// AESGCM of the Noise specification (section 12.4).
class AesGcm {
 public:
  static constexpr uint32_t kKeyBytes = 32;
  static constexpr uint32_t kTagBytes = 16;

  // Returns null where GNS is no archive, or the system refuses AES-GCM.
  static std::unique_ptr<AesGcm> Create(const uint8_t* key);
  virtual ~AesGcm() = default;

  // Encrypts in place and writes the tag after `end`, where there must be room for it.
  virtual bool Seal(uint64_t nonce, const AesGcmPacket& packet) = 0;
  // Decrypts in place; the last bytes before `end` are the tag. Returns false when the tag does not match; the content
  // is filled with zeros then.
  virtual bool Open(uint64_t nonce, const AesGcmPacket& packet) = 0;
};

}  // namespace vs
