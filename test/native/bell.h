#pragma once
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "doorbell.h"

// A doorbell for a thread without an event loop.
class Bell : public vs::Doorbell {
 public:
  void Ring() override {
    std::lock_guard<std::mutex> lock(mutex_);
    rung_ = true;
    wake_.notify_one();
  }
  // Returns false when it was not rung in time.
  bool Wait(int ms) {
    std::unique_lock<std::mutex> lock(mutex_);
    const bool rung = wake_.wait_for(lock, std::chrono::milliseconds(ms), [this] { return rung_; });
    rung_ = false;
    return rung;
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool rung_ = false;
};
