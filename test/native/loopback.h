#pragma once
#include <cstring>

#include "udp/udp_socket.h"

// 127.0.0.1, with the port if there is one.
inline vs::UdpAddress Loopback(uint16_t port = 0) {
  vs::UdpAddress address;
  const uint8_t ip[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};
  std::memcpy(address.ip, ip, sizeof ip);
  address.port = port;
  return address;
}
