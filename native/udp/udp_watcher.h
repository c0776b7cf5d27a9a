#pragma once
#include <atomic>
#include <thread>

#include "doorbell.h"
#include "udp/udp_system.h"

namespace vs {

// A thread that waits until a UDP socket is ready and rings: for runtimes without libuv. It waits for what is wanted,
// once, and then for the next wish, so that a socket that nobody reads costs nothing.
class UdpWatcher {
 public:
  UdpWatcher(Descriptor socket, Doorbell* doorbell);
  ~UdpWatcher();  // ends the thread

  // False: there is no memory or descriptor for it.
  bool Start();
  void Want(bool readable, bool writable);
  // Whether it has rung since the last call.
  bool TakeReady() { return ready_.exchange(false); }

 private:
  void Run();
  void Wake();

  const Descriptor socket_;
  Doorbell* const doorbell_;
  // A socket that sends to itself, so that the thread can be woken.
  Descriptor waker_ = kNoDescriptor;
  std::atomic<int> wanted_{0};
  std::atomic<bool> ready_{false};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace vs
