#pragma once
#include <atomic>
#include <vector>

#include "addon/args.h"
#include "addon/ciphers.h"
#include "addon/loop_watcher.h"
#include "addon/napi_setup.h"
#include "addon/spin.h"
#include "addon/udp_sockets.h"
#include "core/driver.h"
#include "core/state.h"
#include "doorbell.h"

namespace vs {

// All that the addon keeps for one Node environment: the main thread's, or a worker's. No other object holds JS values.
//
// It is torn down once, by whichever comes first: process.on("exit") in JS, or the environment's cleanup hook (at a
// natural end, and for workers). The core's atexit handler, which knows nothing of JS, may run between the two.
class Environment : public Doorbell {
 public:
  explicit Environment(Napi::Env env);
  ~Environment() override;

  // Schedules Deliver on the event loop.
  void Ring() override;

  // Throws ERR_NOT_INITIALIZED unless this environment has initialized the library.
  void RequireRunning() const;

  std::string Initialize(DriverMode wanted, bool any_driver, bool uv_allowed, const SteamNetworkingIdentity* identity,
                         const SpinOptions& spin);
  void Deinitialize();
  int initialize_count() const { return initialize_count_; }
  void TearDown();

  OwnerId AddOwner();
  void RemoveOwner(OwnerId owner);

  void SetWake(Napi::Function wake) { wake_ = Napi::Persistent(wake); }
  void SetDebugCallback(int level, Napi::Value callback);
  void SetUdpWake(Napi::Function wake) { udp_wake_ = Napi::Persistent(wake); }
  // Tells JS that a UDP socket is ready.
  void WakeUdp(uint32_t socket);
  UdpSockets& udp() { return udp_; }
  Ciphers& ciphers() { return ciphers_; }

  // To be called after every call from JS, so that GNS is polled in the next turn of the loop if it has something to
  // do, and the process lives while an open object asks for it.
  void AfterCall() {
    const bool was_silent = GetDriver().EndSilence();
    if (GetDriver().TakeWake() && watcher_) {
      watcher_->SetTimer(0);
    } else if (was_silent) {
      LeaveGrid();
    }
    UpdateKeepAlive();
  }

 private:
  void UpdateKeepAlive();
  static void OnRung(napi_env env, napi_value, void* context, void*);
  void OnLoopReady();
  Spin::Look LookForMore();
  void ScheduleNextPoll();
  void StandBack();
  void LeaveGrid();
  // Calls JS for log lines, and for the owners and UDP sockets that have something new.
  void Deliver();
  template <typename Calls>
  void InCallbackScope(Calls calls);
  void Call(Napi::FunctionReference& function, std::initializer_list<napi_value> args);
  void AttachLoop();
  void DetachLoop();

  Napi::Env env_;
  napi_threadsafe_function rung_function_ = nullptr;
  napi_async_context async_context_ = nullptr;
  std::atomic<bool> rung_{false};
  bool referenced_ = true;
  bool uv_allowed_ = false;
  bool torn_down_ = false;
  int initialize_count_ = 0;
  LoopWatcher* watcher_ = nullptr;
  Spin spin_;
  std::vector<OwnerId> owners_;
  Napi::FunctionReference wake_;
  Napi::FunctionReference debug_callback_;
  Napi::FunctionReference udp_wake_;
  UdpSockets udp_{*this};
  Ciphers ciphers_;
};

}  // namespace vs
