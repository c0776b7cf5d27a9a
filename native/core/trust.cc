#include "core/trust.h"

#include <ctime>

#include "core/gns.h"
#include "core/sessions.h"
#include "core/state.h"

namespace vs {

#ifdef VALVE_SOCKETS_GNS_ARCHIVE

using namespace SteamNetworkingSocketsLib;

namespace {
// Guarded by the global lock.
bool has_authority = false;
}  // namespace

bool HasAuthority() {
  GlobalLock lock;
  return has_authority;
}

std::string AddAuthority(const std::string& certificate, uint64_t key_id) {
  GlobalLock lock;
  SteamNetworkingErrMsg message = {};
  if (!CertStore_AddCertFromBase64(certificate.c_str(), message)) return message;
  // A build with Valve's key trusts no other authority, which shows only when it is asked for a key.
  if (!CertStore_CheckPublicKey(key_id, std::time(nullptr), message)) return message;
  has_authority = true;
  return "";
}

void RemoveAuthorities() {
  GlobalLock lock;
  CertStore_Reset();
  has_authority = false;
}

#else

bool HasAuthority() { return true; }

std::string AddAuthority(const std::string&, uint64_t) {
  return "The linked GameNetworkingSockets trusts Valve's certificate authority only";
}

void RemoveAuthorities() {}

#endif

std::string SetCertificate(const void* certificate, int size) {
  SteamNetworkingErrMsg message = {};
  return Sockets()->SetCertificate(certificate, size, message) ? "" : message;
}

std::string SetCertificateAndKey(const void* certificate, int size, const void* with_key, int with_key_size) {
  // GNS keeps what it is given and sends all of it to every peer, the private key too. So it is given the certificate
  // with the key only while there is no connection that could send it, and then the certificate alone; it keeps the
  // key.
  auto [state, lock] = Locked(GetState());
  if (!state.connections.empty() || !state.listeners.empty() || AreSessionsClaimed()) {
    return "A certificate with a private key must be set before anything is opened";
  }
  std::string error = SetCertificate(with_key, with_key_size);
  if (!error.empty()) return error;
  error = SetCertificate(certificate, size);
  if (!error.empty()) Sockets()->ResetIdentity(nullptr);
  return error;
}

}  // namespace vs
