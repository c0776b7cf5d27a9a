#pragma once
#include <memory>
#include <unordered_map>

#include "crypto/aes_gcm.h"

namespace vs {

// The AES-GCM keys of an environment, by number.
class Ciphers {
 public:
  // Returns 0 for null.
  uint32_t Add(std::unique_ptr<AesGcm> cipher) {
    if (!cipher) return 0;
    while (++last_id_ == 0 || ciphers_.count(last_id_) > 0) continue;
    ciphers_.emplace(last_id_, std::move(cipher));
    return last_id_;
  }

  bool Remove(uint32_t id) { return ciphers_.erase(id) > 0; }

  // Returns null for an unknown number.
  AesGcm* Find(uint32_t id) {
    const auto found = ciphers_.find(id);
    return found == ciphers_.end() ? nullptr : found->second.get();
  }

 private:
  std::unordered_map<uint32_t, std::unique_ptr<AesGcm>> ciphers_;
  uint32_t last_id_ = 0;
};

}  // namespace vs
