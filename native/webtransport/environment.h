#pragma once
#include <atomic>
#include <map>
#include <memory>

#include "addon/args.h"
#include "addon/loop_watcher.h"
#include "doorbell.h"
#include "webtransport/web_transport_socket.h"

namespace vs {

// All that the addon keeps for one Node environment: the main thread's, or a worker's. It is torn down once, by
// whichever comes first: process.on("exit") in JS, or the environment's cleanup hook.
class WebTransportEnvironment : public Doorbell {
 public:
  explicit WebTransportEnvironment(Napi::Env env);
  ~WebTransportEnvironment() override;

  void Ring() override;
  void TearDown();

  // Returns the number of the socket, or minus the system's number of the error.
  // For `coalesce_ms` an event loop collects datagrams before it handles them.
  int Open(bool uv_allowed, const UdpAddress& address, int buffer_bytes, vs_wt_limits limits, int coalesce_ms);
  bool Close(uint32_t id);
  // Returns null for an unknown number.
  WebTransportSocket* Find(uint32_t id);
  // To be called after every call from JS about this socket.
  void AfterCall(uint32_t id);
  void SetWake(Napi::Function wake) { wake_ = Napi::Persistent(wake); }

 private:
  struct Entry {
    std::shared_ptr<WebTransportSocket> socket;
    LoopWatcher* loop = nullptr;
    int coalesce_ms = 0;
    bool is_collecting = false;
  };

  static void OnRung(napi_env env, napi_value, void* context, void*);
  void OnLoopReady(uint32_t id);
  // Tells JS of the socket if it has news.
  void Deliver(uint32_t id);
  void UpdateKeepAlive();

  Napi::Env env_;
  napi_threadsafe_function rung_function_ = nullptr;
  napi_async_context async_context_ = nullptr;
  std::atomic<bool> rung_{false};
  bool referenced_ = true;
  bool torn_down_ = false;
  std::map<uint32_t, Entry> sockets_;
  uint32_t next_id_ = 1;
  Napi::FunctionReference wake_;
};

}  // namespace vs
