#pragma once
#include <atomic>
#include <thread>

#include "doorbell.h"
#include "udp/waker.h"

namespace vs {

// A thread that waits until a UDP socket is ready and then rings the doorbell, for runtimes without libuv. Each call of
// Want is answered by one ring, so a socket that is not read costs nothing.
class UdpWatcher {
 public:
  UdpWatcher(Descriptor socket, Doorbell* doorbell);
  ~UdpWatcher();  // ends the thread

  // Returns false when there is no memory or descriptor for the thread.
  bool Start();
  void Want(bool readable, bool writable);
  // Whether the doorbell has been rung since the last call.
  bool TakeReady() { return ready_.exchange(false); }

 private:
  void Run();

  const Descriptor socket_;
  Doorbell* const doorbell_;
  Waker waker_;
  std::atomic<int> wanted_{0};
  std::atomic<bool> ready_{false};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace vs
