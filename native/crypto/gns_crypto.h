#pragma once
// AES-GCM as GNS's archive has it, of OpenSSL or, on Windows, of BCrypt. Its headers do not say so; layout and order of
// the virtual functions are those of its classes. Neither kind needs GNS to be initialized: OpenSSL initializes itself,
// and with BCrypt every context opens its own provider.

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
  // `size` is the room at `sealed` before, and what was written after.
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
