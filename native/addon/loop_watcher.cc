#include "addon/loop_watcher.h"

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <cstring>

#ifdef __linux__
#include <dlfcn.h>
#endif

namespace vs {

// Declared here because the Node-API headers do not include uv.h. The sizes of handles come from uv_handle_size.
struct LoopWatcher::Uv {
  size_t (*handle_size)(int type);
  const char* (*handle_type_name)(int type);
  int (*poll_init)(void* loop, void* handle, int descriptor);
  int (*poll_start)(void* handle, int events, void (*callback)(void*, int, int));
  int (*poll_stop)(void* handle);
  int (*timer_init)(void* loop, void* handle);
  int (*timer_start)(void* handle, void (*callback)(void*), uint64_t timeout, uint64_t repeat);
  int (*timer_stop)(void* handle);
  void (*unref)(void* handle);
  void (*close)(void* handle, void (*callback)(void*));
  void (*handle_set_data)(void* handle, void* data);
  void* (*handle_get_data)(const void* handle);
};

namespace {
// These numbers have been stable since libuv 1.0; the names of the types are checked at run time nevertheless.
constexpr int kUvPoll = 8;
constexpr int kUvTimer = 13;
constexpr int kUvReadable = 1;
constexpr int kUvWritable = 2;
}  // namespace

const LoopWatcher::Uv* LoopWatcher::FindUv() {
#ifdef __linux__
  static Uv uv;
  static const bool found = [] {
    const auto find = [](auto& function, const char* name) {
      void* symbol = dlsym(RTLD_DEFAULT, name);
      std::memcpy(&function, &symbol, sizeof symbol);
      return symbol != nullptr;
    };
    return find(uv.handle_size, "uv_handle_size") && find(uv.handle_type_name, "uv_handle_type_name") &&
           find(uv.poll_init, "uv_poll_init") && find(uv.poll_start, "uv_poll_start") &&
           find(uv.poll_stop, "uv_poll_stop") && find(uv.timer_init, "uv_timer_init") &&
           find(uv.timer_start, "uv_timer_start") && find(uv.timer_stop, "uv_timer_stop") &&
           find(uv.unref, "uv_unref") && find(uv.close, "uv_close") && find(uv.handle_set_data, "uv_handle_set_data") &&
           find(uv.handle_get_data, "uv_handle_get_data") && std::strcmp(uv.handle_type_name(kUvPoll), "poll") == 0 &&
           std::strcmp(uv.handle_type_name(kUvTimer), "timer") == 0;
  }();
  return found ? &uv : nullptr;
#else
  return nullptr;
#endif
}

LoopWatcher::LoopWatcher(const Uv* uv, napi_env env, std::function<void()> on_ready)
    : uv_(uv),
      on_ready_(std::move(on_ready)),
      poll_(std::calloc(1, uv->handle_size(kUvPoll))),
      timer_(std::calloc(1, uv->handle_size(kUvTimer))) {
  napi_add_async_cleanup_hook(env, OnEnvironmentEnd, this, &hook_);
}

LoopWatcher::~LoopWatcher() {
  napi_remove_async_cleanup_hook(hook_);
  std::free(poll_);
  std::free(timer_);
}

LoopWatcher* LoopWatcher::Start(Napi::Env env, int descriptor, std::function<void()> on_ready) {
  const Uv* uv = FindUv();
  uv_loop_s* loop;
  if (!uv || napi_get_uv_event_loop(env, &loop) != napi_ok) return nullptr;
  auto* watcher = new LoopWatcher(uv, env, std::move(on_ready));
  uv->timer_init(loop, watcher->timer_);
  uv->handle_set_data(watcher->timer_, watcher);
  uv->unref(watcher->timer_);
  if (uv->poll_init(loop, watcher->poll_, descriptor) != 0) {
    watcher->open_handles_ = 1;
    watcher->closing_ = true;
    uv->close(watcher->timer_, OnClosed);
    return nullptr;
  }
  uv->handle_set_data(watcher->poll_, watcher);
  watcher->Watch(true, false);
  uv->unref(watcher->poll_);
  return watcher;
}

void LoopWatcher::Stop() {
  if (closing_) return;
  closing_ = true;
  uv_->close(poll_, OnClosed);
  uv_->close(timer_, OnClosed);
}

void LoopWatcher::Watch(bool readable, bool writable) {
  if (closing_) return;
  const int events = (readable ? kUvReadable : 0) | (writable ? kUvWritable : 0);
  if (events == watched_) return;  // saves system calls: libuv would remove and add the descriptor
  watched_ = events;
  if (events) {
    uv_->poll_start(poll_, events, OnPoll);
  } else {
    uv_->poll_stop(poll_);
  }
}

void LoopWatcher::SetTimer(int ms) {
  if (closing_) return;
  if (ms == INT_MAX) {
    uv_->timer_stop(timer_);
  } else {
    // Before version 1.47, libuv runs a timer again in the same turn that was set to 0 in its own callback: with work
    // for GNS at all times nothing else would have a turn.
    const int least = in_timer_ ? 1 : 0;
    uv_->timer_start(timer_, OnTimer, static_cast<uint64_t>(std::max(ms, least)), 0);
  }
}

void LoopWatcher::OnPoll(void* handle, int status, int) {
  auto* self = static_cast<LoopWatcher*>(FindUv()->handle_get_data(handle));
  if (self->closing_) return;
  // libuv has stopped to watch: a UDP socket has an error to tell, as of an ICMP message about what it has sent.
  // Whoever reads or sends next takes it.
  if (status < 0) self->uv_->poll_start(self->poll_, self->watched_, OnPoll);
  self->on_ready_();
}

void LoopWatcher::OnTimer(void* handle) {
  auto* self = static_cast<LoopWatcher*>(FindUv()->handle_get_data(handle));
  self->in_timer_ = true;
  OnPoll(handle, 0, 0);
  self->in_timer_ = false;  // it lives until OnClosed, in a later turn
}

void LoopWatcher::OnClosed(void* handle) {
  auto* self = static_cast<LoopWatcher*>(FindUv()->handle_get_data(handle));
  if (--self->open_handles_ == 0) delete self;
}

// Node waits until the hook has been removed, so the loop runs until both handles are closed.
void LoopWatcher::OnEnvironmentEnd(napi_async_cleanup_hook_handle, void* self) {
  static_cast<LoopWatcher*>(self)->Stop();
}

}  // namespace vs
