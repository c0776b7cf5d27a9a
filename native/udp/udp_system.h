#pragma once
// What operating systems do differently about UDP sockets. The rest of the addon knows none of it.
#include <cstdint>

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

// An IPv4 or IPv6 address as the system has it.
union SystemAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

struct Datagram {
  SystemAddress address;
  uint32_t address_size;
  uint8_t* data;
  uint32_t size;   // receiving: the room at first, then what came
  bool truncated;  // it was larger than the room
};

// A non-blocking UDP socket for `family`, or kNoDescriptor.
Descriptor OpenDatagramSocket(int family);
void CloseSocket(Descriptor socket);

// The number of the last error of a call on this thread.
int LastSocketError();
bool IsWouldBlock(int error);

// Receives, or sends, up to `count` datagrams without waiting, in as few calls as the system allows. An address of size
// 0 is the one that the socket is connected to. Returns their number, or -1: the first one failed, see LastSocketError.
int ReceiveDatagrams(Descriptor socket, Datagram* datagrams, int count);
int SendDatagrams(Descriptor socket, Datagram* datagrams, int count);

// Waits, without limit, until one of the entries is ready.
void WaitForSockets(PollEntry* entries, unsigned count);

}  // namespace vs
