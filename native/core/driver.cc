#include "core/driver.h"

#include <algorithm>
#include <chrono>
#include <climits>
#include <utility>

#include "core/gns_batch.h"
// The one include that runs upward: after its polls the helper thread does the rest of a turn, as an event loop does.
#include "core/turn.h"
#include "core/wakes.h"

#ifdef __linux__
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace {
// Catches the descriptor that GNS makes on this thread during Init.
thread_local bool capture_epoll = false;
thread_local int captured_epoll = -1;
}  // namespace

// GNS's archive is linked with this function in place of libc's. The symbol is local to the addon.
#ifdef __linux__
extern "C" int epoll_create1(int flags) {
  const int descriptor = static_cast<int>(syscall(SYS_epoll_create1, flags));
  if (capture_epoll) captured_epoll = descriptor;
  return descriptor;
}
#endif

namespace vs {

namespace {

constexpr int kIdleTickMs = 10;
// Used after kQuietTicks checks in a row that found nothing waiting. A check takes 50 us of a core here.
constexpr int kQuietTickMs = 40;
constexpr int kQuietTicks = 20;
constexpr int kSilentTickMs = 250;
// During a silence the loop polls for timers at multiples of this time.
constexpr int kGridMs = 50;
constexpr int kBusyTickMs = 1;
// A loop that polls more often than this is fully responsive.
constexpr int kBriskPollMs = 5;
// A loop that has not polled for this long may be busy.
constexpr SteamNetworkingMicroseconds kSilence = 2000;
constexpr int kLingerTickMs = 5;
constexpr int kLongPollMs = 1000;
// How many times in a row the helper polls for a busy loop before it looks at the clock again.
constexpr int kMaxRounds = 64;

SteamNetworkingMicroseconds NextTimer() {
#ifdef VALVE_SOCKETS_GNS_ARCHIVE
  return SteamNetworkingSocketsLib::IThinker::Thinker_GetNextScheduledThinkTime();
#else
  return 0;  // unknown: always due
#endif
}

}  // namespace

Driver& GetDriver() {
  static Driver* driver = new Driver();
  return *driver;
}

void Driver::PrepareStart() {
  SteamNetworkingSockets_SetManualPollMode(true);
  captured_epoll = -1;
  capture_epoll = true;
}

DriverMode Driver::Start(DriverMode wanted) {
  capture_epoll = false;
  descriptor_ = captured_epoll;
  mode_ = wanted == DriverMode::Hybrid && descriptor_ >= 0 ? DriverMode::Hybrid : DriverMode::Thread;
  WatchGnsSockets(descriptor_);
#ifdef VALVE_SOCKETS_GNS_ARCHIVE
  LearnWake(SteamNetworkingSocketsLib::WakeServiceThread);
#endif
  stop_ = false;
  active_ = false;
  helper_ = std::thread([this] { mode_ == DriverMode::Hybrid ? RunHybrid() : RunThread(); });
  return mode_;
}

void Driver::Stop() {
  if (mode_ == DriverMode::None) return;
  {
    std::lock_guard<std::mutex> lock(sleep_mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  WakePoller();
  helper_.join();
  WatchGnsSockets(-1);
  mode_ = DriverMode::None;
  descriptor_ = -1;
  loop_attached_ = false;
}

bool Driver::AttachLoop(Doorbell* doorbell) {
  if (mode_ != DriverMode::Hybrid || loop_attached_.exchange(true)) return false;
  {
    std::lock_guard<std::mutex> lock(sleep_mutex_);
    loop_doorbell_ = doorbell;
  }
  StartHoldingWakes();
  return true;
}

void Driver::DetachLoop() {
  StopHoldingWakes();
  {
    std::lock_guard<std::mutex> lock(sleep_mutex_);
    loop_doorbell_ = nullptr;
  }
  loop_attached_ = false;
  EndSilence();
}

bool Driver::PollFromLoop() {
  std::unique_lock<std::mutex> lock(poll_mutex_, std::try_to_lock);
  if (!lock) {
    loop_waits_ = true;
    // A thread that released it just before that line did not see the flag, so try once more.
    if (!lock.try_lock()) return false;
  }
  loop_waits_ = false;
  const bool was_held = IsWakeHeld();
  PollAtOnce();
  // During the poll GNS asks to be woken only because timers have changed, and the loop looks at the timers next
  // anyway.
  IsWakeHeld() = was_held;
  return true;
}

bool Driver::TakeWake() {
  if (!std::exchange(IsWakeHeld(), false)) return false;
  if (NextTimer() <= Now()) return true;
  WakePoller();
  return false;
}

void Driver::Poll(int max_wait_ms) {
  {
    GnsBatch batch;
    SteamNetworkingSockets_Poll(max_wait_ms);
  }
  if (TakeDataArrived()) EndSilence();
}

void Driver::PollAtOnce() {
  loop_polls_++;
  Poll(0);
  last_loop_poll_ = Now();
}

void Driver::AwaitPoll() {
  if (mode_ == DriverMode::Hybrid) {
    {
      std::lock_guard<std::mutex> lock(poll_mutex_);
      PollAtOnce();
    }
    HandOver();
    return;
  }
  // The poll in progress may already have passed the point at which it frees what was closed, so await two.
  const uint64_t enough = helper_polls_ + 2;
  std::unique_lock<std::mutex> lock(sleep_mutex_);
  while (helper_polls_ < enough) {
    WakePoller();
    polled_.wait_for(lock, std::chrono::milliseconds(kBusyTickMs));
  }
}

int Driver::TimeToNextTimer() const {
  if (HasUnsentPackets()) return kBusyTickMs;
  const SteamNetworkingMicroseconds next = NextTimer();
  if (next == INT64_MAX) return INT_MAX;
  const SteamNetworkingMicroseconds us = std::clamp<SteamNetworkingMicroseconds>(next - Now(), 0, 3'600'000'000);
  return static_cast<int>((us + 999) / 1000);
}

int Driver::TimeToNextPoll() const {
  const int ms = TimeToNextTimer();
  if (!silence_.is_on() || ms == 0 || ms == INT_MAX || HasUnsentPackets()) return ms;
  const auto late = static_cast<int>((Now() / 1000 + ms) % kGridMs);
  return late == 0 ? ms : ms + kGridMs - late;
}

bool Driver::EndSilence() {
  if (!silence_.End()) return false;
  {
    std::lock_guard<std::mutex> lock(sleep_mutex_);
    kicked_ = true;
  }
  wake_.notify_all();
  return true;
}

void Driver::Activate() {
  {
    std::lock_guard<std::mutex> lock(sleep_mutex_);
    if (active_) return;
    active_ = true;
  }
  wake_.notify_all();
}

void Driver::Rest() {
  std::lock_guard<std::mutex> lock(sleep_mutex_);
  active_ = false;
}

bool Driver::IsReadable() const {
#ifdef __linux__
  epoll_event event;
  return epoll_wait(descriptor_, &event, 1, 0) > 0;
#else
  return true;
#endif
}

bool Driver::Sleep(int ms) {
  std::unique_lock<std::mutex> lock(sleep_mutex_);
  wake_.wait(lock, [this] { return active_ || stop_; });
  wake_.wait_for(lock, std::chrono::milliseconds(ms), [this] { return stop_ || kicked_; });
  kicked_ = false;
  return !stop_;
}

void Driver::RunThread() {
  while (!stop_) {
    {
      std::lock_guard<std::mutex> lock(poll_mutex_);
#ifdef VALVE_SOCKETS_GNS_ARCHIVE
      Poll(HasUnsentPackets() ? kBusyTickMs : IsLingering() ? kLingerTickMs : kLongPollMs);
#else
      Poll(kBusyTickMs);  // Stop cannot end a longer wait here
#endif
    }
    helper_polls_++;
    polled_.notify_all();
    if (!stop_) Collect(true);
  }
}

void Driver::RunHybrid() {
  uint64_t seen = 0;
  bool waiting = false;
  bool alone = true;  // no loop has polled since this thread did
  int tick = kIdleTickMs;
  int quiet_ticks = 0;
  while (Sleep(tick)) {
    const uint64_t polls = loop_polls_ - seen;
    seen += polls;
    if (polls > 0) alone = false;
    if (polls * kBriskPollMs > static_cast<uint64_t>(tick)) {
      // The loop polls. This thread takes no lock: if it were suspended while holding one, the loop would wait for it.
      waiting = Now() - last_loop_poll_ > kSilence && IsReadable();
      quiet_ticks = 0;
      tick = waiting ? kBusyTickMs : silence_.is_on() ? kSilentTickMs : kIdleTickMs;
      continue;
    }
    const bool was_waiting = waiting && polls == 0;
    // A loop that keeps to the grid is not late.
    const SteamNetworkingMicroseconds slack = silence_.is_on() ? (kGridMs + kIdleTickMs) * 1000 : 0;
    waiting = IsReadable() || NextTimer() <= Now() - slack;
    // Something waited at the last check, still waits, and no loop has polled in between: the loop is busy, or there is
    // none.
    if (waiting && (was_waiting || !loop_attached_)) {
      EndSilence();
      PollForBusyLoop();
      alone = true;
    }
    const bool lingering = IsLingering();
    if (lingering) Collect(false);
    quiet_ticks = waiting || lingering ? 0 : quiet_ticks + 1;
    tick = lingering ? kLingerTickMs : quiet_ticks > kQuietTicks ? kQuietTickMs : kIdleTickMs;
    if (waiting) {
      tick = kBusyTickMs;
    } else if (alone) {
      // No loop knows of timers that were set while this thread polled.
      tick = std::clamp(TimeToNextTimer(), kBusyTickMs, tick);
    } else if (loop_attached_ && silence_.Check(IsSettled)) {
      tick = kSilentTickMs;
    }
    RestIfIdle();
  }
}

void Driver::PollForBusyLoop() {
  for (int round = 0; round < kMaxRounds; round++) {
    std::unique_lock<std::mutex> lock(poll_mutex_, std::try_to_lock);
    if (!lock) return;
    Poll(0);
    helper_polls_++;
    lock.unlock();
    const bool loop_is_back = HandOver();
    Collect(true);
    if (loop_is_back || !IsReadable()) return;
  }
}

bool Driver::HandOver() {
  if (!loop_waits_.exchange(false)) return false;
  std::lock_guard<std::mutex> lock(sleep_mutex_);
  if (loop_doorbell_) loop_doorbell_->Ring();
  return true;
}

}  // namespace vs
