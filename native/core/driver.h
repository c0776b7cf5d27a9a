#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "core/gns.h"
#include "doorbell.h"

namespace vs {

enum class DriverMode { None, Hybrid, Thread };

// Who calls SteamNetworkingSockets_Poll. Only one thread may be in it at a time.
//
// Thread: a helper thread sits in Poll and rings doorbells. Works everywhere.
//
// Hybrid (Linux with libuv): GNS waits on one epoll descriptor; an event loop watches it and polls itself, without a
// hop between threads. The helper thread looks in every 10 ms, every millisecond while something is waiting, and
// polls for a loop that is busy elsewhere, so that acknowledgements, pings and timers stay on time.
class Driver {
 public:
  // Before GNS is initialized.
  void PrepareStart();
  // After it. Hybrid falls back to Thread when the descriptor is not known. Returns the mode.
  DriverMode Start(DriverMode wanted);
  // Joins the helper thread. Before GNS is killed.
  void Stop();

  DriverMode mode() const { return mode_; }
  int descriptor() const { return descriptor_; }

  // The calling thread's event loop polls in hybrid mode: at most one. It asks TakeWake after all that it has given
  // GNS to do. False: there is one already, or the mode is another.
  // `doorbell` is the loop's.
  bool AttachLoop(Doorbell* doorbell);
  void DetachLoop();
  // From the attached loop, when the descriptor is readable or GNS's next timer is due. Does not wait. False: another
  // thread is at it; it rings the loop's doorbell as soon as it is done with this poll, and leaves the rest to the
  // loop.
  bool PollFromLoop();
  // Whether GNS wanted a poll on this thread, the attached loop's, since the last call, and a timer of its is due, so
  // that TimeToNextTimer stays 0 until it gets one. Wishes of other kinds make the descriptor readable.
  bool TakeWake();
  // Returns when GNS has been polled from start to end since the call, by whoever polls: it frees what was closed only
  // then. Waits for the helper's poll in progress, so for rare calls only.
  void AwaitPoll();
  // Milliseconds until GNS next wants to be polled for its timers; INT_MAX: it has none.
  int TimeToNextTimer() const;

  // An object was opened, so the helper has something to look after. The lock of State is held by the caller.
  void Activate();
  // Nothing is open, so the helper sleeps until Activate. The lock of State is held by the caller.
  void Rest();

  uint64_t loop_polls() const { return loop_polls_; }
  uint64_t helper_polls() const { return helper_polls_; }

 private:
  void PollAtOnce();  // for an event loop, with the poll mutex held
  void RunThread();
  void RunHybrid();
  void PollForBusyLoop();
  // After the poll mutex was released: whether the loop waits for it, which is then told.
  bool HandOver();
  bool IsReadable() const;
  // Ends the wait of a poll in progress.
  static void Wake();
  // Waits until the time is up or Stop is called; false when it was.
  bool Sleep(int ms);

  DriverMode mode_ = DriverMode::None;
  int descriptor_ = -1;
  std::thread helper_;
  std::mutex poll_mutex_;  // held while in Poll; never waited for by an event loop
  std::mutex sleep_mutex_;
  std::condition_variable wake_;
  std::condition_variable polled_;
  bool active_ = false;
  std::atomic<bool> stop_{false};
  std::atomic<bool> loop_attached_{false};
  std::atomic<bool> loop_waits_{false};
  Doorbell* loop_doorbell_ = nullptr;  // guarded by sleep_mutex_
  std::atomic<uint64_t> loop_polls_{0};
  std::atomic<SteamNetworkingMicroseconds> last_loop_poll_{0};
  std::atomic<uint64_t> helper_polls_{0};
};

Driver& GetDriver();

}  // namespace vs
