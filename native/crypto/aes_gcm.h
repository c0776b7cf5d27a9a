#pragma once
#include <cstdint>
#include <memory>

namespace vs {

// Bytes of a packet: a header that is authenticated only from `start` on, and what is encrypted from `content` to
// `end`.
struct AesGcmPacket {
  uint8_t* start;
  uint8_t* content;
  uint8_t* end;
};

// A key of AES-256-GCM, prepared for many packets. The nonce is 4 zero bytes and a number of 64 bits, big-endian: that
// of AESGCM in the Noise specification (section 12.4).
class AesGcm {
 public:
  static constexpr uint32_t kKeyBytes = 32;
  static constexpr uint32_t kTagBytes = 16;

  // None where the archive has no AES-GCM, or the system refuses it.
  static std::unique_ptr<AesGcm> Create(const uint8_t* key);
  virtual ~AesGcm() = default;

  // Encrypts in place and writes the tag behind `end`, where there has to be room for it.
  virtual bool Seal(uint64_t nonce, const AesGcmPacket& packet) = 0;
  // Decrypts in place; the tag are the last bytes before `end`. False: it does not fit, and the content is zero then.
  virtual bool Open(uint64_t nonce, const AesGcmPacket& packet) = 0;
};

}  // namespace vs
