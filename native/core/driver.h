#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "core/gns.h"
#include "core/silence.h"
#include "doorbell.h"

namespace vs {

enum class DriverMode { None, Hybrid, Thread };

// Calls SteamNetworkingSockets_Poll, in which only one thread may be at a time.
//
// Thread mode: a helper thread waits inside Poll and rings doorbells. This works everywhere.
//
// Hybrid mode (Linux with libuv): GNS waits on one epoll descriptor. An event loop watches that descriptor and polls by
// itself, without a switch to another thread. The helper thread checks every 10 ms, or every millisecond while
// something is waiting, and polls in place of an event loop that is busy, so that acknowledgements, pings and timers
// stay on time. During a silence it checks every 250 ms, and the loop's timers are on a grid, so that those of many
// connections come up together.
class Driver {
 public:
  // To be called before GNS is initialized.
  void PrepareStart();
  // To be called after GNS is initialized. Falls back from Hybrid to Thread when the descriptor is not known. Returns
  // the mode.
  DriverMode Start(DriverMode wanted);
  // Joins the helper thread. To be called before GNS is killed.
  void Stop();

  DriverMode mode() const { return mode_; }
  int descriptor() const { return descriptor_; }

  // Makes the calling thread's event loop the one that polls in hybrid mode; `doorbell` is that loop's. The loop must
  // call TakeWake after each group of calls to GNS. Returns false when another loop is attached or in thread mode.
  bool AttachLoop(Doorbell* doorbell);
  void DetachLoop();
  // Polls without waiting. To be called by the attached loop when the descriptor is readable or GNS's next timer is
  // due. Returns false when another thread is polling; that thread rings the loop's doorbell as soon as its poll has
  // ended, and leaves further polls to the loop.
  bool PollFromLoop();
  // To be called on the attached loop's thread. Returns true when, since the last call, GNS asked for a poll on this
  // thread and one of its timers is due: TimeToNextTimer stays 0 until the poll. When it asked for another reason, the
  // descriptor becomes readable.
  bool TakeWake();
  // Returns after one whole poll, on any thread: only then has GNS freed what was closed. It may wait for a poll of the
  // helper's to end (a poll takes 5 ms at most), or for two: the helper goes on before this thread is awake. So this is
  // for rare calls only.
  void AwaitPoll();
  // Milliseconds until GNS's next timer is due; INT_MAX when there is none.
  int TimeToNextTimer() const;
  // Milliseconds until the attached loop has to poll because of GNS's timers; INT_MAX when there are none.
  int TimeToNextPoll() const;
  // Something has happened. Returns true if that ended a silence: then the attached loop has to ask for TimeToNextPoll
  // again.
  bool EndSilence();
  bool is_silent() const { return silence_.is_on(); }
  // Whether a poll would find something.
  bool IsReadable() const;

  // An object was opened, so the helper has something to look after. The lock of State is held by the caller.
  void Activate();
  // Nothing is open, so the helper sleeps until Activate. The lock of State is held by the caller.
  void Rest();

  uint64_t loop_polls() const { return loop_polls_; }
  uint64_t helper_polls() const { return helper_polls_; }

 private:
  void Poll(int max_wait_ms);  // with the poll mutex held
  void PollAtOnce();           // for an event loop, with the poll mutex held
  void RunThread();
  void RunHybrid();
  void PollForBusyLoop();
  // To be called after the poll mutex was released. Rings the loop's doorbell and returns true if the loop waits for
  // it.
  bool HandOver();
  // Waits until the time is up, a silence ends or Stop is called; returns false after Stop.
  bool Sleep(int ms);

  DriverMode mode_ = DriverMode::None;
  int descriptor_ = -1;
  std::thread helper_;
  std::mutex poll_mutex_;  // held while in Poll; an event loop waits for it in AwaitPoll only
  std::mutex sleep_mutex_;
  std::condition_variable wake_;
  std::condition_variable polled_;
  bool active_ = false;
  bool kicked_ = false;  // a silence has ended
  std::atomic<bool> stop_{false};
  Silence silence_;
  std::atomic<bool> loop_attached_{false};
  std::atomic<bool> loop_waits_{false};
  Doorbell* loop_doorbell_ = nullptr;  // guarded by sleep_mutex_
  std::atomic<uint64_t> loop_polls_{0};
  std::atomic<SteamNetworkingMicroseconds> last_loop_poll_{0};
  std::atomic<uint64_t> helper_polls_{0};
};

Driver& GetDriver();

}  // namespace vs
