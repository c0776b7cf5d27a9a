#include "webtransport/environment.h"

#include <algorithm>
#include <vector>

namespace vs {

WebTransportEnvironment::WebTransportEnvironment(Napi::Env env) : env_(env) {
  const Napi::String name = Napi::String::New(env, "valve-sockets-webtransport");
  napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, OnRung, &rung_function_);
  napi_async_init(env, nullptr, name, &async_context_);
  UpdateKeepAlive();
  napi_add_env_cleanup_hook(
      env, [](void* self) { static_cast<WebTransportEnvironment*>(self)->TearDown(); }, this);
}

WebTransportEnvironment::~WebTransportEnvironment() { TearDown(); }

void WebTransportEnvironment::TearDown() {
  if (torn_down_) return;
  torn_down_ = true;
  while (!sockets_.empty()) Close(sockets_.begin()->first);
  // No thread refers to this doorbell now.
  napi_release_threadsafe_function(rung_function_, napi_tsfn_abort);
  rung_function_ = nullptr;
}

int WebTransportEnvironment::Open(bool uv_allowed, const UdpAddress& address, int buffer_bytes, vs_wt_limits limits,
                                  int coalesce_ms) {
  int error = 0;
  Entry entry;
  entry.coalesce_ms = coalesce_ms;
  entry.socket = WebTransportSocket::Open(address, buffer_bytes, limits, this, error);
  if (!entry.socket) return -error;
  const uint32_t id = next_id_;
#ifdef __linux__
  if (uv_allowed) entry.loop = LoopWatcher::Start(env_, entry.socket->descriptor(), [this, id] { OnLoopReady(id); });
#else
  (void)uv_allowed;
#endif
  if (!entry.socket->StartThread(entry.loop != nullptr)) {
    const int failed = LastSocketError();
    if (entry.loop) entry.loop->Stop();
    return -failed;
  }
  next_id_++;
  sockets_.emplace(id, std::move(entry));
  UpdateKeepAlive();
  return static_cast<int>(id);
}

bool WebTransportEnvironment::Close(uint32_t id) {
  const auto found = sockets_.find(id);
  if (found == sockets_.end()) return false;
  // The descriptor may be closed now: libuv allows that once its handle is closing, and the thread is joined.
  if (found->second.loop) found->second.loop->Stop();
  sockets_.erase(found);
  UpdateKeepAlive();
  return true;
}

WebTransportSocket* WebTransportEnvironment::Find(uint32_t id) {
  const auto found = sockets_.find(id);
  return found == sockets_.end() ? nullptr : found->second.socket.get();
}

void WebTransportEnvironment::AfterCall(uint32_t id) {
  const auto found = sockets_.find(id);
  // While it collects, its timer ends that.
  if (found != sockets_.end() && found->second.loop && !found->second.is_collecting) {
    found->second.loop->SetTimer(found->second.socket->TimeToNextTimer());
  }
}

void WebTransportEnvironment::Ring() {
  if (!rung_.exchange(true)) napi_call_threadsafe_function(rung_function_, nullptr, napi_tsfn_nonblocking);
}

void WebTransportEnvironment::OnRung(napi_env env, napi_value, void* context, void*) {
  if (!env) return;  // the environment is ending
  auto* self = static_cast<WebTransportEnvironment*>(context);
  self->rung_ = false;
  if (self->torn_down_) return;
  std::vector<uint32_t> ids;
  for (const auto& [id, entry] : self->sockets_) ids.push_back(id);
  for (const uint32_t id : ids) {
    self->Deliver(id);
    self->AfterCall(id);
  }
  self->UpdateKeepAlive();
}

void WebTransportEnvironment::OnLoopReady(uint32_t id) {
  const auto found = sockets_.find(id);
  if (found == sockets_.end()) return;
  Entry& entry = found->second;
  if (entry.coalesce_ms > 0 && !entry.is_collecting && IsReadable(entry.socket->descriptor())) {
    entry.is_collecting = true;
    entry.loop->Watch(false, false);
    entry.loop->SetTimer(std::min(entry.coalesce_ms, entry.socket->TimeToNextTimer()));
    return;
  }
  if (entry.is_collecting) entry.loop->Watch(true, false);
  entry.is_collecting = false;
  const std::shared_ptr<WebTransportSocket> socket = entry.socket;  // JS may close it
  socket->Turn();
  Deliver(id);
  AfterCall(id);
}

void WebTransportEnvironment::Deliver(uint32_t id) {
  WebTransportSocket* socket = Find(id);
  if (torn_down_ || !socket || wake_.IsEmpty() || !socket->TakeNews()) return;
  Napi::HandleScope handles(env_);
  napi_callback_scope callbacks;
  napi_value resource, undefined, result;
  napi_create_object(env_, &resource);
  napi_get_undefined(env_, &undefined);
  napi_open_callback_scope(env_, resource, async_context_, &callbacks);
  const napi_value number = Napi::Number::New(env_, id);
  if (napi_call_function(env_, undefined, wake_.Value(), 1, &number, &result) == napi_pending_exception) {
    napi_value error;
    napi_get_and_clear_last_exception(env_, &error);
    napi_fatal_exception(env_, error);
  }
  napi_close_callback_scope(env_, callbacks);
}

void WebTransportEnvironment::UpdateKeepAlive() {
  const bool wanted = !sockets_.empty() || rung_;
  if (torn_down_ || wanted == referenced_) return;
  referenced_ = wanted;
  if (wanted) {
    napi_ref_threadsafe_function(env_, rung_function_);
  } else {
    napi_unref_threadsafe_function(env_, rung_function_);
  }
}

}  // namespace vs
