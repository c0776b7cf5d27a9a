#pragma once
#include <atomic>
#include <cstdint>

namespace vs {

// How a thread that found something new wakes the event loop of the environment that it belongs to.
class Doorbell {
 public:
  virtual ~Doorbell() = default;
  // From any thread, with locks held: must neither block nor call back.
  virtual void Ring() = 0;

  // Open objects that keep this environment's process alive. Written with State::mutex held.
  std::atomic<uint32_t> keep_alive{0};
};

}  // namespace vs
