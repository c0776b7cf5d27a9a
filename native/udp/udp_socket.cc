#include "udp/udp_socket.h"

#include <algorithm>
#include <cstring>

namespace vs {

namespace {

constexpr uint32_t kBatch = 64;
// After so many errors in a row a receive call gives up. Each error is about a datagram that was sent earlier, and is
// gone once it has been reported.
constexpr int kMaxErrors = 1024;

bool SetOption(Descriptor socket, int level, int name, int value) {
  return setsockopt(socket, level, name, reinterpret_cast<const char*>(&value), sizeof value) == 0;
}

void FromSystem(const SystemAddress& address, UdpSlot& slot) {
  if (address.any.sa_family == AF_INET6) {
    std::memcpy(slot.ip, &address.v6.sin6_addr, sizeof slot.ip);
    slot.scope = address.v6.sin6_scope_id;
    slot.port = ntohs(address.v6.sin6_port);
  } else {
    std::memcpy(slot.ip, kMappedPrefix, sizeof kMappedPrefix);
    std::memcpy(slot.ip + sizeof kMappedPrefix, &address.v4.sin_addr, 4);
    slot.scope = 0;
    slot.port = ntohs(address.v4.sin_port);
  }
}

// :: or ::ffff:0.0.0.0.
bool IsAny(const uint8_t* ip) {
  static constexpr uint8_t kZeros[16] = {};
  const bool mapped = std::memcmp(ip, kMappedPrefix, sizeof kMappedPrefix) == 0;
  const size_t skipped = mapped ? sizeof kMappedPrefix : 0;
  return std::memcmp(ip + skipped, kZeros, sizeof kZeros - skipped) == 0;
}

}  // namespace

std::unique_ptr<UdpSocket> UdpSocket::Open(const UdpAddress& address, bool is_remote, int buffer_bytes, int& error) {
  int family = AF_INET6;
  Descriptor descriptor = OpenDatagramSocket(family);
  if (descriptor == kNoDescriptor) descriptor = OpenDatagramSocket(family = AF_INET);
  std::unique_ptr<UdpSocket> socket;
  if (descriptor != kNoDescriptor) socket.reset(new UdpSocket(descriptor, family));
  if (socket && socket->Configure(address, is_remote, buffer_bytes)) return socket;
  error = LastSocketError();
  return nullptr;
}

UdpSocket::~UdpSocket() { CloseSocket(descriptor_); }

bool UdpSocket::Configure(const UdpAddress& address, bool is_remote, int buffer_bytes) {
  if (family_ == AF_INET6 && !SetOption(descriptor_, IPPROTO_IPV6, IPV6_V6ONLY, 0)) return false;
  ForbidFragments(descriptor_, family_);
  // The system may give smaller buffers.
  SetOption(descriptor_, SOL_SOCKET, SO_RCVBUF, buffer_bytes);
  SetOption(descriptor_, SOL_SOCKET, SO_SNDBUF, buffer_bytes);
  Datagram to;
  const bool usable = ToSystem(address.ip, address.scope, address.port, to);
  const auto size = static_cast<socklen_t>(to.address_size);
  connected_ = is_remote;
  // Otherwise the route would choose the address that an answer leaves from: the client knows only the one it asked.
  if (!is_remote && IsAny(address.ip)) WantLocalAddresses(descriptor_, family_);
  // connect() binds as well, so no datagram of another sender can come in before.
  return is_remote ? usable && connect(descriptor_, &to.address.any, size) == 0
                   : bind(descriptor_, &to.address.any, size) == 0;
}

uint16_t UdpSocket::port() const { return static_cast<uint16_t>(Local().port); }

bool UdpSocket::HasSameSource(const UdpSocket& other) const {
  const UdpSlot own = Local();
  return std::memcmp(own.ip, other.Local().ip, sizeof own.ip) == 0;
}

// In the fields of the remote address; all 0 if the system does not tell.
UdpSlot UdpSocket::Local() const {
  SystemAddress address = {};
  socklen_t size = sizeof address;
  UdpSlot slot = {};
  if (getsockname(descriptor_, &address.any, &size) == 0) FromSystem(address, slot);
  return slot;
}

// Returns false for an IPv6 address where the system has no IPv6; `datagram` then has the IPv4 address 0.0.0.0.
bool UdpSocket::ToSystem(const uint8_t* ip, uint32_t scope, uint16_t port, Datagram& datagram) const {
  datagram.address = {};
  if (family_ == AF_INET6) {
    datagram.address.v6.sin6_family = AF_INET6;
    datagram.address.v6.sin6_port = htons(port);
    datagram.address.v6.sin6_scope_id = scope;
    std::memcpy(&datagram.address.v6.sin6_addr, ip, 16);
    datagram.address_size = sizeof datagram.address.v6;
    return true;
  }
  const bool mapped = std::memcmp(ip, kMappedPrefix, sizeof kMappedPrefix) == 0;
  datagram.address.v4.sin_family = AF_INET;
  datagram.address.v4.sin_port = htons(port);
  if (mapped) std::memcpy(&datagram.address.v4.sin_addr, ip + sizeof kMappedPrefix, 4);
  datagram.address_size = sizeof datagram.address.v4;
  return mapped;
}

uint32_t UdpSocket::Receive(uint8_t* slab, size_t slot_bytes, uint32_t count) {
  Datagram datagrams[kBatch];
  uint32_t filled = 0;
  int errors = 0;
  while (filled < count) {
    const uint32_t wanted = std::min(count - filled, kBatch);
    for (uint32_t i = 0; i < wanted; i++) {
      datagrams[i].data = slab + (filled + i) * slot_bytes + sizeof(UdpSlot);
      datagrams[i].size = static_cast<uint32_t>(slot_bytes - sizeof(UdpSlot));
    }
    const int received = calls_.Receive(datagrams, static_cast<int>(wanted));
    if (received < 0) {
      // Any other error says that an ICMP message came in: something that was sent did not arrive.
      if (IsWouldBlock(LastSocketError()) || ++errors == kMaxErrors) break;
      continue;
    }
    for (int i = 0; i < received; i++) {
      UdpSlot slot = {};
      FromSystem(datagrams[i].address, slot);
      std::memcpy(slot.local_ip, datagrams[i].local_ip, sizeof slot.local_ip);
      slot.length = datagrams[i].truncated ? 0 : datagrams[i].size;
      dropped_ += datagrams[i].truncated;
      std::memcpy(slab + (filled + static_cast<uint32_t>(i)) * slot_bytes, &slot, sizeof slot);
    }
    filled += static_cast<uint32_t>(received);
    if (static_cast<uint32_t>(received) < wanted) break;
  }
  return filled;
}

uint32_t UdpSocket::Send(uint8_t* slab, size_t slot_bytes, uint32_t count) {
  Datagram datagrams[kBatch];
  uint32_t done = 0;
  bool retried = false;
  while (done < count) {
    uint32_t ready = 0;
    for (; ready < kBatch && done + ready < count; ready++) {
      Datagram& datagram = datagrams[ready];
      UdpSlot slot;
      uint8_t* start = slab + (done + ready) * slot_bytes;
      std::memcpy(&slot, start, sizeof slot);
      if (slot.length > slot_bytes - sizeof(UdpSlot) || slot.port > UINT16_MAX) break;
      if (connected_) {
        datagram.address_size = 0;
      } else if (!ToSystem(slot.ip, slot.scope, static_cast<uint16_t>(slot.port), datagram)) {
        break;
      }
      // The address may have left this machine, or be one of many receivers: the second try is without it.
      if (retried && ready == 0)
        std::memset(datagram.local_ip, 0, sizeof datagram.local_ip);
      else
        std::memcpy(datagram.local_ip, slot.local_ip, sizeof datagram.local_ip);
      datagram.data = start + sizeof slot;
      datagram.size = slot.length;
    }
    const int sent = ready ? calls_.Send(datagrams, static_cast<int>(ready)) : -1;
    if (sent > 0) {
      done += static_cast<uint32_t>(sent);
      retried = false;
    } else if (ready && IsWouldBlock(LastSocketError())) {
      break;
    } else if (ready && !retried) {
      retried = true;  // the error may be that of an ICMP message about an earlier datagram
    } else {
      done++;
      dropped_++;
      retried = false;
    }
  }
  return done;
}

}  // namespace vs
