#include "udp/udp_message.h"

#ifndef _WIN32

namespace vs {

namespace {

// The interface stays open: the route to the remote address tells it.
void PutLocal(const Datagram& datagram, msghdr& message, ControlRoom& room) {
  static constexpr uint8_t kAny[16] = {};
  if (datagram.address_size == 0 || std::memcmp(datagram.local_ip, kAny, sizeof kAny) == 0) return;
  bool as_v4 = datagram.address.any.sa_family == AF_INET;
#ifdef __APPLE__
  // It passes what goes to IPv4 on to its IPv4, with the control message as it is. Linux translates it.
  as_v4 = as_v4 || std::memcmp(datagram.local_ip, kMappedPrefix, sizeof kMappedPrefix) == 0;
#endif
  if (as_v4) {
    in_pktinfo info = {};
    std::memcpy(&info.ipi_spec_dst, datagram.local_ip + sizeof kMappedPrefix, sizeof info.ipi_spec_dst);
    AddControl(message, room, IPPROTO_IP, IP_PKTINFO, info);
  } else {
    in6_pktinfo info = {};
    std::memcpy(&info.ipi6_addr, datagram.local_ip, sizeof info.ipi6_addr);
    AddControl(message, room, IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
}

}  // namespace

// musl's macro compares a signed number with an unsigned one.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-compare"
cmsghdr* FindControl(msghdr& message, int level, int type) {
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  while (header && (header->cmsg_level != level || header->cmsg_type != type)) header = CMSG_NXTHDR(&message, header);
  return header;
}
#pragma GCC diagnostic pop

void DescribeOutgoing(Datagram& datagram, msghdr& message, iovec* parts, size_t count, ControlRoom& room) {
  message = {};
  message.msg_name = datagram.address_size ? &datagram.address : nullptr;
  message.msg_namelen = datagram.address_size;
  message.msg_iov = parts;
  message.msg_iovlen = count;
  PutLocal(datagram, message, room);
}

void DescribeIncoming(SystemAddress& from, msghdr& message, iovec& part, ControlRoom& room) {
  message = {};
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room.bytes;
  message.msg_controllen = sizeof room.bytes;
}

void TakeLocal(msghdr& message, uint8_t* local_ip) {
  std::memset(local_ip, 0, 16);
  in6_pktinfo v6;
  in_pktinfo v4;
  if (TakeControl(message, IPPROTO_IPV6, IPV6_PKTINFO, v6)) {
    std::memcpy(local_ip, &v6.ipi6_addr, 16);
  } else if (TakeControl(message, IPPROTO_IP, IP_PKTINFO, v4)) {
    std::memcpy(local_ip, kMappedPrefix, sizeof kMappedPrefix);
    std::memcpy(local_ip + sizeof kMappedPrefix, &v4.ipi_spec_dst, 4);
  }
}

}  // namespace vs
#endif
