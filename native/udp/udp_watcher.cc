#include "udp/udp_watcher.h"

#include <system_error>

namespace vs {

UdpWatcher::UdpWatcher(Descriptor socket, Doorbell* doorbell) : socket_(socket), doorbell_(doorbell) {}

UdpWatcher::~UdpWatcher() {
  if (thread_.joinable()) {
    stop_ = true;
    Wake();
    thread_.join();
  }
  if (waker_ != kNoDescriptor) CloseSocket(waker_);
}

bool UdpWatcher::Start() {
  waker_ = OpenWaker();
  if (waker_ == kNoDescriptor) return false;
  try {
    thread_ = std::thread([this] { Run(); });
  } catch (const std::system_error&) {
    return false;
  }
  return true;
}

void UdpWatcher::Want(bool readable, bool writable) {
  const int wanted = (readable ? POLLIN : 0) | (writable ? POLLOUT : 0);
  if (wanted_.exchange(wanted) != wanted) Wake();
}

void UdpWatcher::Wake() { send(waker_, "", 1, 0); }

void UdpWatcher::Run() {
  while (!stop_) {
    const int wanted = wanted_;
    PollEntry entries[2] = {};
    entries[0].fd = waker_;
    entries[0].events = POLLIN;
    entries[1].fd = socket_;
    entries[1].events = static_cast<short>(wanted);
    WaitForSockets(entries, wanted ? 2 : 1);
    if (entries[0].revents) DrainWaker(waker_);
    // If Want was called in the meantime, what it asked for stays.
    int expected = wanted;
    if (!entries[1].revents || !wanted_.compare_exchange_strong(expected, 0)) continue;
    ready_ = true;
    doorbell_->Ring();
  }
}

}  // namespace vs
