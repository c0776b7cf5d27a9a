#pragma once
#include <memory>

#include "layout.h"
#include "udp/datagram_calls.h"
#include "udp/udp_system.h"

namespace vs {

// `ip` is an IPv6 address, or an IPv4 address as ::ffff:a.b.c.d; `scope` is the interface of a link-local address.
struct UdpAddress {
  uint8_t ip[16] = {};
  uint32_t scope = 0;
  uint16_t port = 0;
};

// A UDP socket for IPv6 and IPv4 that never waits. Datagrams are in slots (UdpSlot) of equal size, one after another.
class UdpSocket {
 public:
  // Binds to an address, or with `is_remote` exchanges datagrams with that address only. Returns null on failure, and
  // `error` is the system's number.
  static std::unique_ptr<UdpSocket> Open(const UdpAddress& address, bool is_remote, int buffer_bytes, int& error);
  ~UdpSocket();

  Descriptor descriptor() const { return descriptor_; }
  uint16_t port() const;
  // Whether the system has given both the same local address.
  bool HasSameSource(const UdpSocket& other) const;
  // The number of datagrams that were larger than a slot or that the system refused to send.
  uint64_t dropped() const { return dropped_; }

  // Returns the number of slots filled; slots of length 0 are to be skipped. Fewer than `count` means that no more
  // datagrams are there.
  uint32_t Receive(uint8_t* slab, size_t slot_bytes, uint32_t count);
  // Returns the number of slots that were sent or dropped. Fewer than `count` means that the system's buffer is full.
  uint32_t Send(uint8_t* slab, size_t slot_bytes, uint32_t count);

 private:
  UdpSocket(Descriptor descriptor, int family) : descriptor_(descriptor), family_(family), calls_(descriptor) {}
  bool Configure(const UdpAddress& address, bool is_remote, int buffer_bytes);
  UdpSlot Local() const;
  bool ToSystem(const uint8_t* ip, uint32_t scope, uint16_t port, Datagram& datagram) const;

  Descriptor descriptor_;
  int family_;  // AF_INET where there is no IPv6
  DatagramCalls calls_;
  bool connected_ = false;
  uint64_t dropped_ = 0;
};

}  // namespace vs
