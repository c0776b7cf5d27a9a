#include "udp/udp_watcher.h"

#include <system_error>

namespace vs {

UdpWatcher::UdpWatcher(Descriptor socket, Doorbell* doorbell) : socket_(socket), doorbell_(doorbell) {}

UdpWatcher::~UdpWatcher() {
  if (thread_.joinable()) {
    stop_ = true;
    waker_.Wake();
    thread_.join();
  }
}

bool UdpWatcher::Start() {
  if (!waker_.Open()) return false;
  try {
    thread_ = std::thread([this] { Run(); });
  } catch (const std::system_error&) {
    return false;
  }
  return true;
}

void UdpWatcher::Want(bool readable, bool writable) {
  const int wanted = (readable ? POLLIN : 0) | (writable ? POLLOUT : 0);
  if (wanted_.exchange(wanted) != wanted) waker_.Wake();
}

void UdpWatcher::Run() {
  while (!stop_) {
    const int wanted = wanted_;
    PollEntry entries[2] = {};
    entries[0].fd = waker_.descriptor();
    entries[0].events = POLLIN;
    entries[1].fd = socket_;
    entries[1].events = static_cast<short>(wanted);
    WaitForSockets(entries, wanted ? 2 : 1);
    if (entries[0].revents) waker_.Drain();
    // If Want was called in the meantime, what it asked for stays.
    int expected = wanted;
    if (!entries[1].revents || !wanted_.compare_exchange_strong(expected, 0)) continue;
    ready_ = true;
    doorbell_->Ring();
  }
}

}  // namespace vs
