#pragma once
#include <cstdint>
#include <string>

namespace vs {

// Certificates, and the authorities that the whole process trusts. GNS's interface has no function for authorities, but
// its archive has; it works only in a build without Valve's own key (deps/gns/definitions.cmake).

// `certificate` is base64 and signed by its own key, whose number is `key_id`. Returns "", or why it is not trusted.
std::string AddAuthority(const std::string& certificate, uint64_t key_id);
// Whether the process trusts anybody: without an authority no certificate can be checked.
bool HasAuthority();
// Removes all authorities, so that nobody is trusted.
void RemoveAuthorities();

// Sets our own certificate. Returns "", or why it was refused.
std::string SetCertificate(const void* certificate, int size);
// Sets our own certificate and its private key. `with_key` is `certificate` with the key in it. Nothing may be open.
std::string SetCertificateAndKey(const void* certificate, int size, const void* with_key, int with_key_size);

}  // namespace vs
