#pragma once
#include "udp/udp_system.h"
#ifdef __linux__
#include "udp/offload.h"
#endif

namespace vs {

// Receives and sends the datagrams of one socket without waiting, in as few system calls as the system allows. Both
// functions return the number of datagrams, or -1 when the first one failed, for which LastSocketError gives the
// reason.
class DatagramCalls {
 public:
  explicit DatagramCalls(Descriptor socket);

  // Fewer than `count` means that no more were there.
  int Receive(Datagram* datagrams, int count);
  // An address of size 0 means the address that the socket is connected to.
  int Send(Datagram* datagrams, int count);

 private:
  const Descriptor socket_;
#ifdef __linux__
  SegmentedSender sender_;
  JoinedReceiver receiver_;
#endif
};

}  // namespace vs
