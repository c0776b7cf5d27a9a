#pragma once
// AES-GCM in GNS's archive, which takes it from OpenSSL or, on Windows, from BCrypt. No public header declares it: the
// members and the order of the virtual functions here must be those of GNS's own classes. GNS need not be initialized:
// OpenSSL initializes itself, and with BCrypt every context opens its own provider.

#include <cstddef>

#include "core/gns.h"

class SymmetricCryptContextBase {
 public:
  SymmetricCryptContextBase();
  ~SymmetricCryptContextBase() { Wipe(); }
  void Wipe();

 protected:
  void* m_ctx;
  uint32 m_cbIV, m_cbTag;
};

struct ISymmetricEncryptContext {
  virtual ~ISymmetricEncryptContext() {}
  // `size` is the room at `sealed` before the call, and the number of bytes written after it.
  virtual bool Encrypt(const void* plaintext, size_t plaintext_size, const void* nonce, void* sealed, uint32* size,
                       const void* associated, size_t associated_size) = 0;
};

struct ISymmetricDecryptContext {
  virtual ~ISymmetricDecryptContext() {}
  virtual bool Decrypt(const void* sealed, size_t sealed_size, const void* nonce, void* plaintext, uint32* size,
                       const void* associated, size_t associated_size) = 0;
};

class AES_GCM_CipherContext : public SymmetricCryptContextBase {
 public:
  bool InitCipher(const void* key, size_t key_size, size_t nonce_size, size_t tag_size, bool is_encrypting);
};

class AES_GCM_EncryptContext final : public AES_GCM_CipherContext, public ISymmetricEncryptContext {
 public:
  bool Encrypt(const void* plaintext, size_t plaintext_size, const void* nonce, void* sealed, uint32* size,
               const void* associated, size_t associated_size) override;
};

class AES_GCM_DecryptContext final : public AES_GCM_CipherContext, public ISymmetricDecryptContext {
 public:
  bool Decrypt(const void* sealed, size_t sealed_size, const void* nonce, void* plaintext, uint32* size,
               const void* associated, size_t associated_size) override;
};
