#pragma once
// Many datagrams in one system call, on Linux: the kernel cuts one send into datagrams of equal size (GSO,
// UDP_SEGMENT), and joins datagrams of one sender that arrived together (GRO, UDP_GRO).
#ifdef __linux__
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>

#include "udp/udp_system.h"

namespace vs {

// What one GSO send may hold at most.
constexpr int kMaxSegments = 64;
constexpr size_t kMaxSegmentedBytes = 65000;
// The room for one GRO receive.
constexpr size_t kJoinedBytes = 65536;

// What the environment variable VALVE_SOCKETS_WITHOUT ("gso,gro,batch") leaves on. It is read once.
struct Offload {
  bool segmenting;  // GSO
  bool joining;     // GRO
  bool batching;    // of GNS's system calls
};
const Offload& AllowedOffload();

// Whether the kernel knows UDP_SEGMENT: one that does not may send one giant datagram.
bool CanSegment(Descriptor socket);
// Asks for joined datagrams. Returns false where the kernel does not know them.
bool StartJoining(Descriptor socket);

// Room for the control messages of a datagram: a local address, a traffic class and a segment size.
struct OffloadControl {
  alignas(cmsghdr) uint8_t bytes[128];
};
// Adds the size of the segments to `message`, whose control messages are in `control`.
void PutSegmentSize(msghdr& message, OffloadControl& control, uint16_t size);
// The size of the datagrams that were joined in `message`, or `length` when it is a single one.
size_t TakeSegmentSize(msghdr& message, size_t length);

// Whether an error of a GSO send may come from the segmenting: an interface without checksums, a segment that is larger
// than the interface's packets, or a kernel that refuses for another reason.
bool IsSegmentingRefused(int error);

// The addresses for which segmenting was refused. When there are many, they count as all.
class UnsegmentedAddresses {
 public:
  bool Has(const SystemAddress& address) const;
  void Add(const SystemAddress& address);

 private:
  static constexpr int kMost = 16;
  SystemAddress addresses_[kMost];
  int count_ = 0;
};

bool IsSameAddress(const SystemAddress& one, const SystemAddress& other);

}  // namespace vs
#endif
