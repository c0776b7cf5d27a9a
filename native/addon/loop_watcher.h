#pragma once
#include <functional>

#include "addon/napi_setup.h"

namespace vs {

// Watches a descriptor and a timer on an environment's libuv loop. Neither keeps the process alive.
// libuv is looked up at run time, all functions or none: other runtimes lack it, or have parts that do not work.
class LoopWatcher {
 public:
  // Null when libuv is not there.
  static LoopWatcher* Start(Napi::Env env, int descriptor, std::function<void()> on_ready);
  // The watcher frees itself when the loop has closed its handles.
  void Stop();

  // What of the descriptor calls on_ready, again and again while it holds; at first that it is readable.
  void Watch(bool readable, bool writable);
  // Calls on_ready in `ms` at the latest; replaces what was set before. INT_MAX: never.
  void SetTimer(int ms);

 private:
  struct Uv;
  static const Uv* FindUv();

  LoopWatcher(const Uv* uv, napi_env env, std::function<void()> on_ready);
  ~LoopWatcher();
  void CloseHandles();
  static void OnPoll(void* handle, int status, int events);
  static void OnTimer(void* handle);
  static void OnClosed(void* handle);
  static void OnEnvironmentEnd(napi_async_cleanup_hook_handle hook, void* self);

  const Uv* uv_;
  std::function<void()> on_ready_;
  void* poll_;
  void* timer_;
  int watched_ = 0;  // events of libuv
  int open_handles_ = 2;
  bool closing_ = false;
  napi_async_cleanup_hook_handle hook_ = nullptr;
};

}  // namespace vs
