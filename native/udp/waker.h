#pragma once
#include "udp/udp_system.h"

namespace vs {

// Wakes a thread that waits in WaitForSockets. It is a pipe: a datagram that a socket sends to itself can get lost.
// Windows waits for sockets only, so there it is such a socket, and WaitForSockets looks again after a while.
class Waker {
 public:
  Waker() = default;
  ~Waker();
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;

  // Returns false when there is no descriptor for it.
  bool Open();
  // From any thread. Nothing happens when it is not open.
  void Wake();
  // What to wait for with POLLIN.
  Descriptor descriptor() const { return reading_; }
  // Takes what Wake has left.
  void Drain();

 private:
  Descriptor reading_ = kNoDescriptor;
  Descriptor writing_ = kNoDescriptor;
};

}  // namespace vs
