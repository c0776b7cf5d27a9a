#include "udp/udp_system.h"

#include <algorithm>

#ifndef _WIN32
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#endif

namespace vs {

namespace {

// The most datagrams for one system call, whose lists are on the stack.
constexpr int kDatagramsPerCall = 64;

#ifndef _WIN32
void Describe(Datagram& datagram, bool receiving, msghdr& message, iovec& part) {
  part.iov_base = datagram.data;
  part.iov_len = datagram.size;
  message = {};
  message.msg_name = datagram.address_size || receiving ? &datagram.address : nullptr;
  message.msg_namelen = receiving ? sizeof datagram.address : datagram.address_size;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
}

void NoteReceived(Datagram& datagram, const msghdr& message, size_t size) {
  datagram.address_size = message.msg_namelen;
  datagram.size = static_cast<uint32_t>(size);
  datagram.truncated = (message.msg_flags & MSG_TRUNC) != 0;
}
#endif

#ifdef __linux__
int CallWithMany(Descriptor socket, Datagram* datagrams, int count, bool receiving) {
  mmsghdr messages[kDatagramsPerCall];
  iovec parts[kDatagramsPerCall];
  count = std::min(count, kDatagramsPerCall);
  for (int i = 0; i < count; i++) {
    Describe(datagrams[i], receiving, messages[i].msg_hdr, parts[i]);
    messages[i].msg_len = 0;
  }
  const auto n = static_cast<unsigned>(count);
  const int done = receiving ? recvmmsg(socket, messages, n, MSG_DONTWAIT, nullptr)
                             : sendmmsg(socket, messages, n, MSG_DONTWAIT | MSG_NOSIGNAL);
  for (int i = 0; receiving && i < done; i++) NoteReceived(datagrams[i], messages[i].msg_hdr, messages[i].msg_len);
  return done;
}

#elif defined(_WIN32)
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
  if (!datagram.truncated) datagram.size = static_cast<uint32_t>(received);
  return true;
}

#else
bool CallWithOne(Descriptor socket, Datagram& datagram, bool receiving) {
  msghdr message;
  iovec part;
  Describe(datagram, receiving, message, part);
  if (!receiving) return sendmsg(socket, &message, 0) >= 0;
  const ssize_t received = recvmsg(socket, &message, 0);
  if (received < 0) return false;
  NoteReceived(datagram, message, static_cast<size_t>(received));
  return true;
}
#endif

#ifndef __linux__
int CallWithMany(Descriptor socket, Datagram* datagrams, int count, bool receiving) {
  for (int i = 0; i < count; i++) {
    if (!CallWithOne(socket, datagrams[i], receiving)) return i ? i : -1;
  }
  return count;
}
#endif

int CallUntilDone(Descriptor socket, Datagram* datagrams, int count, bool receiving) {
  int total = 0;
  while (total < count) {
    const int wanted = std::min(count - total, kDatagramsPerCall);
    const int done = CallWithMany(socket, datagrams + total, wanted, receiving);
    if (done < 0) return total ? total : -1;
    total += done;
    if (done < wanted) break;
  }
  return total;
}

}  // namespace

Descriptor OpenDatagramSocket(int family) {
#ifdef _WIN32
  static const bool started = [] {
    WSADATA data;
    return WSAStartup(MAKEWORD(2, 2), &data) == 0;
  }();
  if (!started) return kNoDescriptor;
#endif
  const Descriptor opened = socket(family, SOCK_DGRAM, IPPROTO_UDP);
  if (opened == kNoDescriptor) return opened;
#ifdef _WIN32
  u_long on = 1;
  ioctlsocket(opened, FIONBIO, &on);
  // Otherwise an ICMP message about one peer would make the next receive call fail.
  BOOL off = FALSE;
  DWORD bytes = 0;
  constexpr DWORD kReportConnectionReset = 0x9800000C;  // SIO_UDP_CONNRESET, which not all headers have
  WSAIoctl(opened, kReportConnectionReset, &off, sizeof off, nullptr, 0, &bytes, nullptr, nullptr);
#else
  fcntl(opened, F_SETFL, fcntl(opened, F_GETFL) | O_NONBLOCK);
  fcntl(opened, F_SETFD, FD_CLOEXEC);
#endif
  return opened;
}

void CloseSocket(Descriptor socket) {
#ifdef _WIN32
  closesocket(socket);
#else
  close(socket);
#endif
}

int LastSocketError() {
#ifdef _WIN32
  return WSAGetLastError();
#else
  return errno;
#endif
}

bool IsWouldBlock(int error) {
#ifdef _WIN32
  return error == WSAEWOULDBLOCK;
#else
  // ENOBUFS is what BSD systems say when the buffers of the network interface are full.
  return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS;
#endif
}

int ReceiveDatagrams(Descriptor socket, Datagram* datagrams, int count) {
  return CallUntilDone(socket, datagrams, count, true);
}

int SendDatagrams(Descriptor socket, Datagram* datagrams, int count) {
  return CallUntilDone(socket, datagrams, count, false);
}

void WaitForSockets(PollEntry* entries, unsigned count) {
#ifdef _WIN32
  WSAPoll(entries, count, -1);
#else
  poll(entries, count, -1);
#endif
}

}  // namespace vs
