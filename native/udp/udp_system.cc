#include "udp/udp_system.h"

#ifndef _WIN32
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#endif

namespace vs {

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

void ForbidFragments(Descriptor socket, int family) {
#ifdef _WIN32
  const DWORD on = 1;
  const auto* value = reinterpret_cast<const char*>(&on);
  if (family == AF_INET6) setsockopt(socket, IPPROTO_IPV6, IPV6_DONTFRAG, value, sizeof on);
  setsockopt(socket, IPPROTO_IP, IP_DONTFRAGMENT, value, sizeof on);
#elif defined(__linux__)
  // A socket for both families has both options. PROBE: what the kernel has heard of the path does not count either.
  const int v6 = IPV6_PMTUDISC_PROBE;
  const int v4 = IP_PMTUDISC_PROBE;
  if (family == AF_INET6) setsockopt(socket, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &v6, sizeof v6);
  setsockopt(socket, IPPROTO_IP, IP_MTU_DISCOVER, &v4, sizeof v4);
#else
  const int on = 1;
  if (family == AF_INET6) setsockopt(socket, IPPROTO_IPV6, IPV6_DONTFRAG, &on, sizeof on);
#ifdef IP_DONTFRAG
  setsockopt(socket, IPPROTO_IP, IP_DONTFRAG, &on, sizeof on);
#endif
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

namespace {
int Wait(PollEntry* entries, unsigned count, int ms) {
#ifdef _WIN32
  return WSAPoll(entries, count, ms);
#else
  return poll(entries, count, ms);
#endif
}
}  // namespace

bool IsReadable(Descriptor socket) {
  PollEntry entry = {};
  entry.fd = socket;
  entry.events = POLLIN;
  return Wait(&entry, 1, 0) > 0;
}

void WaitForSockets(PollEntry* entries, unsigned count, int ms) {
#ifdef _WIN32
  constexpr int kLongestMs = 1000;  // because of Waker
  if (ms < 0 || ms > kLongestMs) ms = kLongestMs;
#endif
  Wait(entries, count, ms);
}

}  // namespace vs
