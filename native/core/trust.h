#pragma once
#include <cstdint>
#include <string>

namespace vs {

// Certificate authorities whose certificates the whole process believes. GNS itself offers no function for it: its
// archive has one, and its build must leave out Valve's own key (deps/gns/definitions.cmake).

// `certificate`: base64, signed by its own key, whose number is `key_id`. Returns "" or why it is not trusted.
std::string AddAuthority(const std::string& certificate, uint64_t key_id);
// Trusts nobody again.
void RemoveAuthorities();

// Takes our own certificate. Returns "" or why not.
std::string SetCertificate(const void* certificate, int size);
// The same for one whose private key comes along: `with_key` is `certificate` with it. Nothing may be open.
std::string SetCertificateAndKey(const void* certificate, int size, const void* with_key, int with_key_size);

}  // namespace vs
