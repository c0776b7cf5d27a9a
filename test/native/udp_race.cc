#include "udp_race.h"

#include <atomic>
#include <cstring>
#include <memory>
#include <thread>

#include "bell.h"
#include "loopback.h"
#include "udp/udp_socket.h"
#include "udp/udp_watcher.h"

namespace {

constexpr uint32_t kEnough = 400;
constexpr uint32_t kSlots = 16;
constexpr size_t kSlotBytes = sizeof(vs::UdpSlot) + 32;
// A thread gives up after so many rounds of 50 ms at most.
constexpr int kMaxTurns = 400;

// Does what lib/socket's batched UDP and native/addon/udp_sockets.cc do with a socket that a thread watches.
class Talker {
 public:
  Talker() : socket_(vs::UdpSocket::Open(Loopback(), false, 1 << 16, error_)) {}

  bool is_open() const { return socket_ != nullptr; }
  uint16_t port() const { return socket_->port(); }

  bool Run(uint16_t port, const std::atomic<bool>& other_has_ended) {
    vs::UdpWatcher watcher(socket_->descriptor(), &bell_);
    if (!watcher.Start()) return false;
    watcher.Want(true, false);
    uint32_t received = 0;
    for (int turn = 0; received < kEnough && turn < kMaxTurns && !other_has_ended; turn++) {
      Send(port, received == 0 ? kSlots : 1);  // the first datagrams, or one in place of each that was lost
      bell_.Wait(50);
      if (!watcher.TakeReady()) continue;
      uint32_t filled;
      do {
        filled = socket_->Receive(slab_, kSlotBytes, kSlots);
        received += filled;
        Send(port, filled);
      } while (filled == kSlots);
      watcher.Want(true, turn % 2 == 0);
    }
    return received >= kEnough || other_has_ended;
  }

 private:
  void Send(uint16_t port, uint32_t count) {
    vs::UdpSlot slot{};
    std::memcpy(slot.ip, Loopback().ip, sizeof slot.ip);
    slot.port = port;
    slot.length = 20;
    for (uint32_t i = 0; i < count; i++) std::memcpy(slab_ + i * kSlotBytes, &slot, sizeof slot);
    socket_->Send(slab_, kSlotBytes, count);
  }

  int error_ = 0;
  std::unique_ptr<vs::UdpSocket> socket_;
  Bell bell_;
  uint8_t slab_[kSlots * kSlotBytes] = {};
};

}  // namespace

bool TalkOverUdp() {
  Talker one, other;
  if (!one.is_open() || !other.is_open()) return false;
  std::atomic<bool> ended{false};
  bool ok[2] = {};
  const auto talk = [&ended](Talker& talker, uint16_t port, bool& result) {
    result = talker.Run(port, ended);
    ended = true;
  };
  std::thread first([&] { talk(one, other.port(), ok[0]); });
  std::thread second([&] { talk(other, one.port(), ok[1]); });
  first.join();
  second.join();
  return ok[0] && ok[1];
}
