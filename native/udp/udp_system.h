#pragma once
// The differences between operating systems in UDP sockets. No other file of the addon knows of them.
#include <cstdint>

#ifdef __APPLE__
#define __APPLE_USE_RFC_3542  // for IPV6_PKTINFO
#endif
#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
#else
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#endif

namespace vs {

#ifdef _WIN32
using Descriptor = SOCKET;
using PollEntry = WSAPOLLFD;
constexpr Descriptor kNoDescriptor = INVALID_SOCKET;
#else
using Descriptor = int;
using PollEntry = pollfd;
constexpr Descriptor kNoDescriptor = -1;
#endif

// An IPv4 or IPv6 address in the system's form.
union SystemAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

// The first bytes of an IPv4 address in IPv6 form, ::ffff:a.b.c.d.
constexpr uint8_t kMappedPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct Datagram {
  SystemAddress address;
  uint32_t address_size;
  uint8_t local_ip[16];  // the address of this machine, in IPv6 form; 0 when it is not known, or any will do
  uint8_t* data;
  uint32_t size;   // when receiving: at first the room for it, afterwards its size
  bool truncated;  // it was larger than the room for it
};

// Returns a non-blocking UDP socket for `family`, or kNoDescriptor.
Descriptor OpenDatagramSocket(int family);
void CloseSocket(Descriptor socket);

// Datagrams that are received carry `local_ip` from now on. Not on Windows, where it stays 0.
void WantLocalAddresses(Descriptor socket, int family);

// Datagrams that are larger than a link carries are refused or dropped, and not cut into fragments.
void ForbidFragments(Descriptor socket, int family);

// The system's number of the last error on this thread.
int LastSocketError();
bool IsWouldBlock(int error);

// Whether a datagram can be received now.
bool IsReadable(Descriptor socket);
// Waits until one of the entries is ready, or the time is up; -1 for no limit. It can return early.
void WaitForSockets(PollEntry* entries, unsigned count, int ms = -1);

}  // namespace vs
