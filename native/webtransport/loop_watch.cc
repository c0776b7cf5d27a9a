#include "webtransport/loop_watch.h"

#include <algorithm>
#include <chrono>

#include "webtransport/web_transport_socket.h"

namespace vs {

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kTick = std::chrono::milliseconds(20);
// Where no loop was late for so many ticks, they are longer: an idle process sleeps.
constexpr int kCalmTicks = 25;
constexpr auto kCalmTick = std::chrono::milliseconds(100);
// Where something waits it is looked at again after this time.
constexpr auto kBusyTick = std::chrono::milliseconds(1);

}  // namespace

std::shared_ptr<LoopWatch> LoopWatch::Shared() {
  static std::mutex mutex;
  static std::weak_ptr<LoopWatch> shared;
  std::lock_guard<std::mutex> lock(mutex);
  auto watch = shared.lock();
  if (!watch) {
    watch = std::make_shared<LoopWatch>();
    shared = watch;
  }
  return watch;
}

LoopWatch::LoopWatch() : thread_([this] { Run(); }) {}

LoopWatch::~LoopWatch() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  sleep_.notify_all();
  thread_.join();
}

void LoopWatch::Add(WebTransportSocket* socket) {
  std::lock_guard<std::mutex> lock(mutex_);
  sockets_.push_back(socket);
}

void LoopWatch::Remove(WebTransportSocket* socket) {
  std::lock_guard<std::mutex> lock(mutex_);
  sockets_.erase(std::remove(sockets_.begin(), sockets_.end(), socket), sockets_.end());
}

void LoopWatch::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  bool is_waiting = false;
  int calm_ticks = 0;
  Clock::time_point all_due = Clock::now() + kTick;
  for (;;) {
    const auto until = is_waiting ? std::min(Clock::now() + kBusyTick, all_due) : all_due;
    if (sleep_.wait_until(lock, until, [this] { return stop_; })) return;
    calm_ticks = is_waiting ? 0 : std::min(calm_ticks + 1, kCalmTicks);
    const bool looks_at_all = Clock::now() >= all_due;
    if (looks_at_all) all_due = Clock::now() + (calm_ticks < kCalmTicks ? kTick : kCalmTick);
    is_waiting = false;
    for (WebTransportSocket* socket : sockets_) {
      if ((looks_at_all || socket->was_waiting()) && socket->Look()) is_waiting = true;
    }
  }
}

}  // namespace vs
