#pragma once
#include <functional>

#include "addon/napi_setup.h"

namespace vs {

// Watches a descriptor and a timer on an environment's libuv loop. Neither keeps the process alive.
// libuv's functions are looked up at run time, all or none: other runtimes lack it, or have parts that do not work.
class LoopWatcher {
 public:
  // Returns null when there is no libuv.
  static LoopWatcher* Start(Napi::Env env, int descriptor, std::function<void()> on_ready);
  // The watcher deletes itself when the loop has closed its handles.
  void Stop();

  // Sets in which states of the descriptor on_ready is called, again and again while it stays so. Initially: readable.
  void Watch(bool readable, bool writable);
  // Calls on_ready once, in `ms`; replaces the earlier timer. INT_MAX: never.
  void SetTimer(int ms);

 private:
  struct Uv;
  static const Uv* FindUv();

  LoopWatcher(const Uv* uv, napi_env env, std::function<void()> on_ready);
  ~LoopWatcher();
  static void OnPoll(void* handle, int status, int events);
  static void OnTimer(void* handle);
  static void OnClosed(void* handle);
  static void OnEnvironmentEnd(napi_async_cleanup_hook_handle hook, void* self);

  const Uv* uv_;
  std::function<void()> on_ready_;
  void* poll_;
  void* timer_;
  int watched_ = 0;  // libuv's events
  int open_handles_ = 2;
  bool closing_ = false;
  bool in_timer_ = false;  // its callback is running
  napi_async_cleanup_hook_handle hook_ = nullptr;
};

}  // namespace vs
