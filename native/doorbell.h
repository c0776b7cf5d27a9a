#pragma once
#include <atomic>
#include <cstdint>

namespace vs {

// Wakes the event loop of an environment, for a thread that found something new for it.
class Doorbell {
 public:
  virtual ~Doorbell() = default;
  // May be called on any thread, with locks held, so it must neither block nor call back.
  virtual void Ring() = 0;

  // The number of open objects that keep this environment's process alive. Written with State::mutex held.
  std::atomic<uint32_t> keep_alive{0};
};

}  // namespace vs
