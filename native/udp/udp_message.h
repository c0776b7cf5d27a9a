#pragma once
// A datagram as the socket calls of POSIX have it, with its control messages.
#ifndef _WIN32
#include <cstring>

#include "udp/udp_system.h"

namespace vs {

// Room for the control messages of one datagram: a local address, a traffic class and the size of segments.
struct ControlRoom {
  alignas(cmsghdr) uint8_t bytes[128];
};

// Adds a control message behind those that `message` has in `room`.
template <typename Value>
void AddControl(msghdr& message, ControlRoom& room, int level, int type, const Value& value) {
  const size_t used = message.msg_controllen;
  message.msg_control = room.bytes;
  message.msg_controllen = used + CMSG_SPACE(sizeof value);
  std::memset(room.bytes + used, 0, CMSG_SPACE(sizeof value));
  auto* header = reinterpret_cast<cmsghdr*>(room.bytes + used);
  header->cmsg_level = level;
  header->cmsg_type = type;
  header->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(header), &value, sizeof value);
}

// The control message of this kind that came with `message`; null if there is none.
cmsghdr* FindControl(msghdr& message, int level, int type);

// Copies the control message of this kind into `value`. Returns false if there is none.
template <typename Value>
bool TakeControl(msghdr& message, int level, int type, Value& value) {
  const cmsghdr* header = FindControl(message, level, type);
  if (header) std::memcpy(&value, CMSG_DATA(header), sizeof value);
  return header != nullptr;
}

// Makes of `message` what sends `datagram`, whose bytes are in `parts`.
void DescribeOutgoing(Datagram& datagram, msghdr& message, iovec* parts, size_t count, ControlRoom& room);
// Makes of `message` what receives into `part`.
void DescribeIncoming(SystemAddress& from, msghdr& message, iovec& part, ControlRoom& room);
// The address of this machine that a received message came to, in IPv6 form; 0 if it is not known.
void TakeLocal(msghdr& message, uint8_t* local_ip);

}  // namespace vs
#endif
