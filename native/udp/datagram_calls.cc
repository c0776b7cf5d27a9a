#include "udp/datagram_calls.h"

#include <algorithm>
#include <cstring>

#include "udp/udp_message.h"

namespace vs {

#ifdef __linux__
DatagramCalls::DatagramCalls(Descriptor socket) : socket_(socket) { StartJoining(socket); }

int DatagramCalls::Receive(Datagram* datagrams, int count) {
  JoinedDatagram joined;
  int filled = 0;
  for (; filled < count && receiver_.Next(socket_, joined); filled++) {
    Datagram& datagram = datagrams[filled];
    datagram.truncated = joined.size > datagram.size;
    datagram.size = std::min(static_cast<uint32_t>(joined.size), datagram.size);
    std::memcpy(datagram.data, joined.data, datagram.size);
    std::memcpy(&datagram.address, joined.message->msg_name, sizeof datagram.address);
    datagram.address_size = joined.message->msg_namelen;
    TakeLocal(*joined.message, datagram.local_ip);
  }
  return filled > 0 || count == 0 ? filled : -1;
}

int DatagramCalls::Send(Datagram* datagrams, int count) {
  int total = 0;
  while (total < count) {
    const int sent = sender_.Send(socket_, datagrams + total, count - total);
    if (sent < 0) return total ? total : -1;
    total += sent;
  }
  return total;
}

#else
DatagramCalls::DatagramCalls(Descriptor socket) : socket_(socket) {}

namespace {

#ifdef _WIN32
bool CallWithOne(Descriptor socket, Datagram& datagram, bool receiving) {
  char* data = reinterpret_cast<char*>(datagram.data);
  const int size = static_cast<int>(datagram.size);
  if (!receiving) {
    const sockaddr* to = datagram.address_size ? &datagram.address.any : nullptr;
    return sendto(socket, data, size, 0, to, static_cast<int>(datagram.address_size)) != SOCKET_ERROR;
  }
  int address_size = sizeof datagram.address;
  const int received = recvfrom(socket, data, size, 0, &datagram.address.any, &address_size);
  datagram.truncated = received == SOCKET_ERROR && LastSocketError() == WSAEMSGSIZE;
  if (received == SOCKET_ERROR && !datagram.truncated) return false;
  datagram.address_size = static_cast<uint32_t>(address_size);
  std::memset(datagram.local_ip, 0, sizeof datagram.local_ip);
  if (!datagram.truncated) datagram.size = static_cast<uint32_t>(received);
  return true;
}
#else
bool CallWithOne(Descriptor socket, Datagram& datagram, bool receiving) {
  iovec part = {datagram.data, datagram.size};
  msghdr message;
  ControlRoom room;
  if (!receiving) {
    DescribeOutgoing(datagram, message, &part, 1, room);
    return sendmsg(socket, &message, 0) >= 0;
  }
  DescribeIncoming(datagram.address, message, part, room);
  const ssize_t received = recvmsg(socket, &message, 0);
  if (received < 0) return false;
  datagram.address_size = message.msg_namelen;
  datagram.size = static_cast<uint32_t>(received);
  datagram.truncated = (message.msg_flags & MSG_TRUNC) != 0;
  TakeLocal(message, datagram.local_ip);
  return true;
}
#endif

int CallWithMany(Descriptor socket, Datagram* datagrams, int count, bool receiving) {
  for (int i = 0; i < count; i++) {
    if (!CallWithOne(socket, datagrams[i], receiving)) return i ? i : -1;
  }
  return count;
}

}  // namespace

int DatagramCalls::Receive(Datagram* datagrams, int count) { return CallWithMany(socket_, datagrams, count, true); }

int DatagramCalls::Send(Datagram* datagrams, int count) { return CallWithMany(socket_, datagrams, count, false); }
#endif

}  // namespace vs
