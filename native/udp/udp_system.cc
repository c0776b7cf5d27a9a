#include "udp/udp_system.h"

#include <algorithm>
#include <cstring>

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
// Room for the control message that has a local address.
struct Control {
  alignas(cmsghdr) uint8_t bytes[CMSG_SPACE(sizeof(in6_pktinfo))];
};
static_assert(sizeof(in6_pktinfo) >= sizeof(in_pktinfo));

template <typename Info>
void PutControl(msghdr& message, Control& control, int level, int type, const Info& info) {
  message.msg_control = control.bytes;
  message.msg_controllen = CMSG_SPACE(sizeof info);
  std::memset(control.bytes, 0, sizeof control.bytes);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = level;
  header->cmsg_type = type;
  header->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(header), &info, sizeof info);
}

// The interface stays open: the route to the remote address tells it.
void PutLocal(const Datagram& datagram, msghdr& message, Control& control) {
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
    PutControl(message, control, IPPROTO_IP, IP_PKTINFO, info);
  } else {
    in6_pktinfo info = {};
    std::memcpy(&info.ipi6_addr, datagram.local_ip, sizeof info.ipi6_addr);
    PutControl(message, control, IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
}

void TakeLocal(const msghdr& message, uint8_t* local_ip) {
  // There is at most one: a socket asks for one kind only.
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (!header) {
    std::memset(local_ip, 0, 16);
  } else if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
    in6_pktinfo info;
    std::memcpy(&info, CMSG_DATA(header), sizeof info);
    std::memcpy(local_ip, &info.ipi6_addr, 16);
  } else if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
    in_pktinfo info;
    std::memcpy(&info, CMSG_DATA(header), sizeof info);
    std::memcpy(local_ip, kMappedPrefix, sizeof kMappedPrefix);
    std::memcpy(local_ip + sizeof kMappedPrefix, &info.ipi_spec_dst, 4);
  } else {
    std::memset(local_ip, 0, 16);
  }
}

void Describe(Datagram& datagram, bool receiving, msghdr& message, iovec& part, Control& control) {
  part.iov_base = datagram.data;
  part.iov_len = datagram.size;
  message = {};
  message.msg_name = datagram.address_size || receiving ? &datagram.address : nullptr;
  message.msg_namelen = receiving ? sizeof datagram.address : datagram.address_size;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!receiving) {
    PutLocal(datagram, message, control);
    return;
  }
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
}

void NoteReceived(Datagram& datagram, const msghdr& message, size_t size) {
  datagram.address_size = message.msg_namelen;
  datagram.size = static_cast<uint32_t>(size);
  datagram.truncated = (message.msg_flags & MSG_TRUNC) != 0;
  TakeLocal(message, datagram.local_ip);
}
#endif

#ifdef __linux__
int CallWithMany(Descriptor socket, Datagram* datagrams, int count, bool receiving) {
  mmsghdr messages[kDatagramsPerCall];
  iovec parts[kDatagramsPerCall];
  Control controls[kDatagramsPerCall];
  count = std::min(count, kDatagramsPerCall);
  for (int i = 0; i < count; i++) {
    Describe(datagrams[i], receiving, messages[i].msg_hdr, parts[i], controls[i]);
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
  std::memset(datagram.local_ip, 0, sizeof datagram.local_ip);
  if (!datagram.truncated) datagram.size = static_cast<uint32_t>(received);
  return true;
}

#else
bool CallWithOne(Descriptor socket, Datagram& datagram, bool receiving) {
  msghdr message;
  iovec part;
  Control control;
  Describe(datagram, receiving, message, part, control);
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

void WantLocalAddresses(Descriptor socket, int family) {
#ifdef _WIN32
  (void)socket;
  (void)family;
#else
  // A socket for both families gets the addresses of IPv4 by the option of IPv6 as well.
  const int on = 1;
  if (family == AF_INET6)
    setsockopt(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
  else
    setsockopt(socket, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
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
