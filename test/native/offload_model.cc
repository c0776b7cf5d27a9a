// offload-model <seed>: datagrams of any sizes go through the batches of UDP system calls, to several receivers, while
// these calls do all that the system may do: take a part, take nothing, refuse, receive a part, fail. What is not
// reported as lost has to arrive, once, whole, in its order. The program defines sendmmsg and recvmmsg itself, and
// calls sendto and recvmsg as GameNetworkingSockets does.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "core/gns_batch.h"
#include "receive_as_gns.h"
#include "udp/offload.h"
#include "udp/udp_socket.h"

namespace {

constexpr int kRounds = 400;
constexpr int kReceivers = 3;
constexpr size_t kPayload = 1452;
constexpr size_t kSlot = sizeof(vs::UdpSlot) + kPayload;
constexpr uint32_t kSlots = 128;
constexpr int kBuffer = 4 << 20;  // bytes: the kernel itself drops nothing

std::minstd_rand numbers;
bool has_faults = false;
int failures = 0;

int Random(int below) { return static_cast<int>(numbers() % static_cast<unsigned>(below)); }
bool Happens(int percent) { return has_faults && Random(100) < percent; }

void Check(bool holds, const char* what, int number) {
  if (holds) return;
  if (failures++ < 10) std::printf("does not hold: %s (%d)\n", what, number);
}

// A datagram tells its number; the rest follows from that.
std::string MakeText(uint32_t number, size_t size) {
  std::string text(size, static_cast<char>('a' + number % 26));
  std::memcpy(text.data(), &number, std::min(size, sizeof number));
  return text;
}

// Sizes as they come: many of one size, a shorter one behind them, and any.
size_t NextSize() {
  static size_t size = 100;
  if (Random(4) == 0) size = 4 + static_cast<size_t>(Random(kPayload - 4));
  return Random(8) == 0 ? 4 + static_cast<size_t>(Random(60)) : size;
}

struct Receiver {
  std::unique_ptr<vs::UdpSocket> socket;
  std::vector<std::string> sent;  // that the sender has not reported as lost
  std::vector<std::string> received;
  std::vector<uint8_t> slab = std::vector<uint8_t>(kSlot * kSlots);

  void Take() {
    const auto wanted = static_cast<uint32_t>(1 + Random(kSlots));
    const uint32_t count = socket->Receive(slab.data(), kSlot, wanted);
    for (uint32_t i = 0; i < count; i++) {
      const uint8_t* start = slab.data() + i * kSlot;
      vs::UdpSlot slot;
      std::memcpy(&slot, start, sizeof slot);
      received.emplace_back(reinterpret_cast<const char*>(start + sizeof slot), slot.length);
    }
  }

  // As GameNetworkingSockets, during a poll: until there is none.
  void TakeAsGns() {
    for (std::string text; ReceiveAsGns(socket->descriptor(), text, 2048);) received.push_back(text);
  }

  // A call that has found less than it could take is followed by one that finds nothing, without a look.
  template <typename TakeSome>
  void TakeAll(TakeSome take) {
    for (int vain = 0; vain < 2;) {
      const size_t before = received.size();
      take(*this);
      vain = received.size() == before ? vain + 1 : 0;
    }
  }
};

const vs::UdpAddress kLoopback = [] {
  vs::UdpAddress address;
  std::memcpy(address.ip, vs::kMappedPrefix, sizeof vs::kMappedPrefix);
  const uint8_t ip[4] = {127, 0, 0, 1};
  std::memcpy(address.ip + 12, ip, sizeof ip);
  return address;
}();

std::unique_ptr<vs::UdpSocket> Open() {
  int error = 0;
  auto socket = vs::UdpSocket::Open(kLoopback, false, kBuffer, error);
  if (!socket) std::exit(3);
  return socket;
}

std::vector<Receiver> OpenReceivers() {
  std::vector<Receiver> receivers(kReceivers);
  for (Receiver& one : receivers) one.socket = Open();
  return receivers;
}

template <typename TakeSome>
void Compare(std::vector<Receiver>& receivers, TakeSome take) {
  has_faults = false;
  for (Receiver& one : receivers) {
    one.TakeAll(take);
    Check(one.received == one.sent, "all arrive, in their order", static_cast<int>(one.received.size()));
  }
}

// Sends as UdpBatchSocket does: what there was no room for is first the next time.
void OverUdp() {
  std::vector<Receiver> receivers = OpenReceivers();
  const auto sender = Open();
  std::vector<uint8_t> slab(kSlot * kSlots);
  std::vector<std::pair<Receiver*, std::string>> waiting;
  uint32_t number = 0;
  for (int round = 0; round < kRounds; round++) {
    Receiver* to = &receivers[static_cast<size_t>(Random(kReceivers))];
    for (int more = Random(40); more > 0 && waiting.size() < kSlots; more--) {
      if (Random(5) == 0) to = &receivers[static_cast<size_t>(Random(kReceivers))];
      waiting.emplace_back(to, MakeText(number++, NextSize()));
    }
    for (size_t i = 0; i < waiting.size(); i++) {
      const auto& [receiver, text] = waiting[i];
      vs::UdpSlot slot = {};
      std::memcpy(slot.ip, kLoopback.ip, sizeof slot.ip);
      slot.port = receiver->socket->port();
      slot.length = static_cast<uint32_t>(text.size());
      std::memcpy(slab.data() + i * kSlot, &slot, sizeof slot);
      std::memcpy(slab.data() + i * kSlot + sizeof slot, text.data(), text.size());
    }
    const uint64_t dropped = sender->dropped();
    const uint32_t done = sender->Send(slab.data(), kSlot, static_cast<uint32_t>(waiting.size()));
    Check(done <= waiting.size() && sender->dropped() - dropped <= done, "it counts", static_cast<int>(done));
    for (uint32_t i = 0; i < done; i++) waiting[i].first->sent.push_back(waiting[i].second);
    waiting.erase(waiting.begin(), waiting.begin() + done);
    for (Receiver& one : receivers) {
      if (Random(2) == 0) one.Take();
    }
  }
  Compare(receivers, [](Receiver& one) { one.Take(); });
}

// GNS takes a packet that cannot be sent for lost.
void OverGns() {
  std::vector<Receiver> receivers = OpenReceivers();
  const std::unique_ptr<vs::UdpSocket> senders[] = {Open(), Open()};
  uint32_t number = 0;
  for (int round = 0; round < kRounds; round++) {
    vs::GnsBatch batch;
    size_t from = 0;
    auto* to = &receivers[0];
    for (int more = Random(100); more > 0; more--) {
      if (Random(10) == 0) to = &receivers[static_cast<size_t>(Random(kReceivers))];
      // One sender to each receiver: there is no order between two.
      from = static_cast<size_t>(to - receivers.data()) % 2;
      sockaddr_in6 address = {};
      address.sin6_family = AF_INET6;
      address.sin6_port = htons(to->socket->port());
      std::memcpy(&address.sin6_addr, kLoopback.ip, sizeof kLoopback.ip);
      const std::string text = Random(50) == 0 ? "" : MakeText(number++, NextSize());
      const ssize_t sent = sendto(senders[from]->descriptor(), text.data(), text.size(), 0,
                                  reinterpret_cast<const sockaddr*>(&address), sizeof address);
      if (sent >= 0) to->sent.push_back(text);
    }
    for (Receiver& one : receivers) {
      if (Random(2) == 0) one.TakeAsGns();
    }
  }
  has_faults = false;
  { const vs::GnsBatch batch; }
  Check(!vs::HasUnsentPackets(), "nothing waits", 0);
  const vs::GnsBatch batch;
  Compare(receivers, [](Receiver& one) { one.TakeAsGns(); });
}

}  // namespace

extern "C" {

int sendmmsg(int socket, mmsghdr* messages, unsigned count, int flags) {
  const bool is_cut = messages[0].msg_hdr.msg_iovlen > 1;
  int error = 0;
  if (Happens(10)) error = Random(2) == 0 ? EAGAIN : ENOBUFS;
  if (is_cut && Happens(5)) error = Random(2) == 0 ? EIO : EMSGSIZE;
  if (error) {
    errno = error;
    return -1;
  }
  if (Happens(30)) count = 1 + static_cast<unsigned>(Random(static_cast<int>(count)));
  return static_cast<int>(syscall(SYS_sendmmsg, socket, messages, count, flags));
}

int recvmmsg(int socket, mmsghdr* messages, unsigned count, int flags, timespec* timeout) {
  if (Happens(5)) {
    errno = ECONNREFUSED;
    return -1;
  }
  if (Happens(20)) count = 1 + static_cast<unsigned>(Random(static_cast<int>(count)));
  return static_cast<int>(syscall(SYS_recvmmsg, socket, messages, count, flags, timeout));
}
}

int main(int count, char** arguments) {
  if (count != 2) return 2;
  numbers.seed(static_cast<unsigned>(std::atoi(arguments[1])));
  for (void (*run)() : {OverUdp, OverGns}) {
    has_faults = true;
    run();
  }
  return failures ? 1 : 0;
}
