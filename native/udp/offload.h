#pragma once
// Many datagrams in one system call, on Linux: the kernel cuts one send into datagrams of equal size (GSO,
// UDP_SEGMENT), and joins datagrams of one sender that arrive together (GRO, UDP_GRO).
#ifdef __linux__
#include <memory>

#include "udp/udp_message.h"
#include "udp/udp_system.h"

namespace vs {

// What the environment variable VALVE_SOCKETS_WITHOUT ("gso,gro,batch") leaves on. It is read once.
struct Offload {
  bool segmenting;  // GSO
  bool joining;     // GRO
  bool batching;    // of GNS's system calls
};
const Offload& AllowedOffload();

// Asks for joined datagrams: from now on the socket has to be read by a JoinedReceiver, or datagrams are cut off.
// Returns false where the kernel does not know them.
bool StartJoining(Descriptor socket);

// Sends runs of datagrams of one size to one address as one message each.
class SegmentedSender {
 public:
  // Sends up to `count` datagrams in one system call. Returns how many, or -1, with errno, when the first one failed.
  int Send(Descriptor socket, Datagram* datagrams, int count);

 private:
  int CountRun(const Datagram* datagrams, int count) const;
  bool IsRefused(const SystemAddress& address) const;
  void Refuse(const Datagram& datagram);

  // The addresses to which the kernel did not segment. When there are so many, it is not asked again.
  static constexpr int kRefused = 16;
  SystemAddress refused_[kRefused];
  int refused_count_ = 0;
  bool is_asked_ = false;
  bool can_segment_ = false;
};

// A datagram in the memory of its receiver, valid until the next call.
struct JoinedDatagram {
  const uint8_t* data;
  size_t size;
  msghdr* message;  // its sender and its control messages
};

// Receives datagrams, joined or not. What is left of one call is handed out before the next.
class JoinedReceiver {
 public:
  JoinedReceiver();
  ~JoinedReceiver();
  // Returns false, with errno, when there is none. It looks once more only after an answer of false: a call that filled
  // less than it could has taken all there was.
  bool Next(Descriptor socket, JoinedDatagram& datagram);
  // Drops what is left.
  void Forget();

 private:
  struct Room;
  bool Fill(Descriptor socket);

  std::unique_ptr<Room> room_;
  int at_ = 0;
  int count_ = 0;
  int stale_ = 0;  // the messages that the last call filled
  size_t offset_ = 0;
  size_t segment_ = 0;
  bool is_drained_ = false;
};

}  // namespace vs
#endif
