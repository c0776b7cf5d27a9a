#include "addon/udp_sockets.h"

#include "addon/environment.h"

namespace vs {

UdpSockets::~UdpSockets() { CloseAll(); }

int UdpSockets::Open(Napi::Env env, bool uv_allowed, const UdpAddress& address, bool is_remote, int buffer_bytes,
                     const SpinOptions& spin) {
  int error = 0;
  Entry entry;
  entry.socket = UdpSocket::Open(address, is_remote, buffer_bytes, error);
  if (!entry.socket) return -error;
  entry.spin->Set(spin);
  const uint32_t id = next_id_;
#ifdef __linux__
  if (uv_allowed) entry.loop = LoopWatcher::Start(env, entry.socket->descriptor(), [this, id] { OnLoopReady(id); });
#else
  (void)env;
  (void)uv_allowed;
#endif
  if (!entry.loop) {
    entry.thread = std::make_unique<UdpWatcher>(entry.socket->descriptor(), &environment_);
    if (!entry.thread->Start()) return -LastSocketError();
    entry.thread->Want(true, false);
  }
  next_id_++;
  sockets_.emplace(id, std::move(entry));
  environment_.keep_alive++;
  return static_cast<int>(id);
}

bool UdpSockets::Close(uint32_t id) {
  const auto found = sockets_.find(id);
  if (found == sockets_.end()) return false;
  // The descriptor may be closed now: libuv allows that once its handle is closing, and the thread has been joined.
  if (found->second.loop) found->second.loop->Stop();
  found->second.thread.reset();
  sockets_.erase(found);
  environment_.keep_alive--;
  return true;
}

void UdpSockets::CloseAll() {
  while (!sockets_.empty()) Close(sockets_.begin()->first);
}

UdpSocket* UdpSockets::Find(uint32_t id) {
  const auto found = sockets_.find(id);
  return found == sockets_.end() ? nullptr : found->second.socket.get();
}

int64_t UdpSockets::Receive(uint32_t id, uint8_t* slab, size_t slot_bytes, uint32_t count) {
  const auto found = sockets_.find(id);
  if (found == sockets_.end()) return -1;
  Entry& entry = found->second;
  const uint32_t filled = entry.socket->Receive(slab, slot_bytes, count);
  if (filled < count && entry.told) {
    entry.told = false;
    Watch(entry, true);
  }
  return filled;
}

int64_t UdpSockets::Send(uint32_t id, uint8_t* slab, size_t slot_bytes, uint32_t count) {
  const auto found = sockets_.find(id);
  if (found == sockets_.end()) return 0;
  Entry& entry = found->second;
  const uint64_t dropped = entry.socket->dropped();
  const uint32_t done = entry.socket->Send(slab, slot_bytes, count);
  if (done < count || entry.unsent) {
    entry.unsent = done < count;
    Watch(entry, !entry.told);
  }
  return entry.socket->dropped() == dropped ? done : -static_cast<int64_t>(done);
}

std::vector<uint32_t> UdpSockets::TakeReady() {
  std::vector<uint32_t> ready;
  for (auto& [id, entry] : sockets_) {
    if (!entry.thread || !entry.thread->TakeReady()) continue;
    entry.told = true;
    ready.push_back(id);
  }
  return ready;
}

// The thread watches once per call. The loop goes on watching until it is stopped: mostly JS has read everything before
// the loop looks again, and two system calls for each wake-up are saved.
void UdpSockets::Watch(Entry& entry, bool readable) {
  if (entry.thread) {
    entry.thread->Want(readable, entry.unsent);
  } else if (entry.readable != readable || entry.writable != entry.unsent) {
    entry.readable = readable;
    entry.writable = entry.unsent;
    entry.loop->Watch(entry.readable, entry.writable);
  }
}

void UdpSockets::OnLoopReady(uint32_t id) {
  Entry& entry = sockets_.at(id);
  if (entry.told && entry.readable) {
    // JS does not read. The loop goes on watching only if there is something left to send.
    entry.readable = false;
    entry.loop->Watch(false, entry.writable);
    return;
  }
  const std::shared_ptr<Spin> spin = entry.spin;  // JS may close the socket
  spin->Woke();
  entry.told = true;
  environment_.WakeUdp(id);
  spin->Run([this, id] { return LookForMore(id); });
}

Spin::Look UdpSockets::LookForMore(uint32_t id) {
  const auto found = sockets_.find(id);
  if (found == sockets_.end() || found->second.told) return Spin::Look::End;
  if (!IsReadable(found->second.socket->descriptor())) return Spin::Look::Idle;
  found->second.told = true;
  environment_.WakeUdp(id);
  return Spin::Look::Worked;
}

}  // namespace vs
