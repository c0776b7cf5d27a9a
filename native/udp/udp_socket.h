#pragma once
#include <memory>

#include "layout.h"
#include "udp/udp_system.h"

namespace vs {

// Sixteen bytes as in IPv6, an IPv4 address as ::ffff:a.b.c.d; `scope` is the interface of a link-local one.
struct UdpAddress {
  uint8_t ip[16] = {};
  uint32_t scope = 0;
  uint16_t port = 0;
};

// A UDP socket for IPv6 and IPv4 that never waits. Datagrams lie in slots of equal size, one behind the other in
// memory.
class UdpSocket {
 public:
  // Binds to an address, or hears and sends to that one only. Null: `error` is the system's number.
  static std::unique_ptr<UdpSocket> Open(const UdpAddress& address, bool is_remote, int buffer_bytes, int& error);
  ~UdpSocket();

  Descriptor descriptor() const { return descriptor_; }
  uint16_t port() const;
  // Datagrams that were larger than a slot, or that the system refused to send.
  uint64_t dropped() const { return dropped_; }

  // Returns the number of slots filled; one of length 0 is to be skipped. Fewer than `count`: there are no more.
  uint32_t Receive(uint8_t* slab, size_t slot_bytes, uint32_t count);
  // Returns the number of slots done with: sent, or dropped. Fewer than `count`: the system's buffer is full.
  uint32_t Send(uint8_t* slab, size_t slot_bytes, uint32_t count);

 private:
  UdpSocket(Descriptor descriptor, int family) : descriptor_(descriptor), family_(family) {}
  bool Configure(const UdpAddress& address, bool is_remote, int buffer_bytes);
  bool ToSystem(const uint8_t* ip, uint32_t scope, uint16_t port, Datagram& datagram) const;

  Descriptor descriptor_;
  int family_;  // AF_INET where there is no IPv6
  bool connected_ = false;
  uint64_t dropped_ = 0;
};

}  // namespace vs
