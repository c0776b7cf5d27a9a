#include "core/gns_batch.h"

#include "core/gns.h"
#include "udp/offload.h"

#if defined(__linux__) && defined(VALVE_SOCKETS_GNS_ARCHIVE)
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

namespace vs {

namespace {

// The packets that wait for the end of a poll at most.
constexpr int kPackets = 64;
// GNS's packets are smaller. A larger one is sent by itself.
constexpr size_t kMaxPacket = 1536;
// Pings and their answers, with statistics, are smaller.
constexpr ssize_t kMaxPing = 256;

// The packets that a poll sends.
class Sender {
 public:
  // Returns false if the packet has to be sent by itself. `result` is what the system call returns otherwise.
  bool Add(int socket, const iovec* parts, size_t count, const void* to, socklen_t to_size, ssize_t& result) {
    size_t size = 0;
    for (size_t i = 0; i < count; i++) size += parts[i].iov_len;
    if (size > kMaxPacket || to_size > sizeof(SystemAddress)) return false;
    if (count_ == kPackets || is_full_) Flush();
    if (is_full_) {
      errno = EAGAIN;
      result = -1;
      return true;
    }
    Datagram& packet = packets_[count_];
    sockets_[count_] = socket;
    packet.data = bytes_ + count_ * kMaxPacket;
    count_++;
    packet.size = 0;
    packet.address_size = to_size;
    std::memcpy(&packet.address, to, to_size);
    for (size_t i = 0; i < count; i++) {
      std::memcpy(packet.data + packet.size, parts[i].iov_base, parts[i].iov_len);
      packet.size += static_cast<uint32_t>(parts[i].iov_len);
    }
    result = static_cast<ssize_t>(size);
    return true;
  }

  // Sends what waits. What the system has no room for stays; what it refuses is lost, as in the network.
  void Flush() {
    is_full_ = false;
    int done = 0;
    while (done < count_ && !is_full_) {
      const int* end =
          std::find_if(sockets_ + done, sockets_ + count_, [&](int socket) { return socket != sockets_[done]; });
      const int sent = sender_.Send(sockets_[done], packets_ + done, static_cast<int>(end - sockets_) - done);
      is_full_ = sent < 0 && IsWouldBlock(LastSocketError());
      if (!is_full_) done += std::max(sent, 1);
    }
    if (done > 0) Keep([done](int i) { return i >= done; });
  }

  // A socket is about to be closed: its number may soon be another socket's.
  void Forget(int socket) {
    if (count_ == 0) return;
    Flush();
    Keep([this, socket](int i) { return sockets_[i] != socket; });
    is_full_ = count_ > 0;
  }

  void Clear() {
    count_ = 0;
    is_full_ = false;
  }

  bool is_full() const { return is_full_; }

 private:
  template <typename Wanted>
  void Keep(Wanted wanted) {
    int kept = 0;
    for (int i = 0; i < count_; i++) {
      if (!wanted(i)) continue;
      if (i != kept) {
        uint8_t* data = bytes_ + kept * kMaxPacket;
        std::memcpy(data, packets_[i].data, packets_[i].size);
        packets_[kept] = packets_[i];
        packets_[kept].data = data;
        sockets_[kept] = sockets_[i];
      }
      kept++;
    }
    count_ = kept;
  }

  Datagram packets_[kPackets] = {};
  int sockets_[kPackets];
  uint8_t bytes_[kPackets * kMaxPacket];
  int count_ = 0;
  std::atomic<bool> is_full_{false};  // read by other threads
  SegmentedSender sender_;
};

// What has arrived at one socket and GNS has not taken yet. GNS takes all there is before it looks at another socket.
class Receiver {
 public:
  ssize_t Next(int socket, msghdr& out) {
    if (socket != socket_) Clear();
    socket_ = socket;
    JoinedDatagram joined;
    if (!receiver_.Next(socket, joined)) return -1;
    const size_t size = std::min(joined.size, out.msg_iov->iov_len);
    std::memcpy(out.msg_iov->iov_base, joined.data, size);
    std::memcpy(out.msg_name, joined.message->msg_name, sizeof(SystemAddress));
    out.msg_namelen = joined.message->msg_namelen;
    // GNS passes over control messages that it does not know.
    out.msg_controllen = std::min(joined.message->msg_controllen, out.msg_controllen);
    std::memcpy(out.msg_control, joined.message->msg_control, out.msg_controllen);
    out.msg_flags = 0;
    return static_cast<ssize_t>(size);
  }

  void Forget(int socket) {
    if (socket == socket_) Clear();
  }

  void Clear() {
    socket_ = -1;
    receiver_.Forget();
  }

 private:
  int socket_ = -1;
  JoinedReceiver receiver_;
};

// Used by the thread that polls.
Sender& GetSender() {
  static Sender* sender = new Sender();
  return *sender;
}

Receiver& GetReceiver() {
  static Receiver* receiver = new Receiver();
  return *receiver;
}

thread_local bool is_polling = false;
std::atomic<int> gns_epoll{-1};
bool data_arrived = false;  // used by the thread that polls

}  // namespace

void WatchGnsSockets(int epoll) {
  gns_epoll = epoll;
  GetSender().Clear();
  GetReceiver().Clear();
}

GnsBatch::GnsBatch() {
  is_polling = AllowedOffload().batching;
  if (is_polling) GetSender().Flush();
}

GnsBatch::~GnsBatch() {
  if (is_polling) GetSender().Flush();
  is_polling = false;
}

bool HasUnsentPackets() { return GetSender().is_full(); }

bool TakeDataArrived() { return std::exchange(data_arrived, false); }

}  // namespace vs

// GNS's archive is linked with these functions in place of libc's; the symbols are local to the addon. Outside of a
// poll they do what libc's do.
extern "C" {

int epoll_ctl(int epoll, int operation, int descriptor, epoll_event* event) {
  const auto result = static_cast<int>(syscall(SYS_epoll_ctl, epoll, operation, descriptor, event));
  if (result == 0 && operation == EPOLL_CTL_ADD && epoll == vs::gns_epoll && vs::AllowedOffload().batching) {
    vs::StartJoining(descriptor);
  }
  return result;
}

int close(int descriptor) {
  if (vs::is_polling) {
    vs::GetSender().Forget(descriptor);
    vs::GetReceiver().Forget(descriptor);
  }
  return static_cast<int>(syscall(SYS_close, descriptor));
}

ssize_t sendto(int socket, const void* data, size_t size, int flags, const sockaddr* to, socklen_t to_size) {
  const iovec part = {const_cast<void*>(data), size};
  ssize_t result;
  if (vs::is_polling && to && vs::GetSender().Add(socket, &part, 1, to, to_size, result)) return result;
  return syscall(SYS_sendto, socket, data, size, flags, to, to_size);
}

ssize_t sendmsg(int socket, const msghdr* message, int flags) {
  const bool is_plain = message->msg_name && message->msg_controllen == 0;
  ssize_t result;
  if (vs::is_polling && is_plain &&
      vs::GetSender().Add(socket, message->msg_iov, message->msg_iovlen, message->msg_name, message->msg_namelen,
                          result)) {
    return result;
  }
  return syscall(SYS_sendmsg, socket, message, flags);
}

ssize_t recvmsg(int socket, msghdr* message, int flags) {
  const bool is_packet = message->msg_name && message->msg_control && message->msg_iovlen == 1;
  const ssize_t size = vs::is_polling && is_packet ? vs::GetReceiver().Next(socket, *message)
                                                   : syscall(SYS_recvmsg, socket, message, flags);
  if (is_packet && size > vs::kMaxPing) vs::data_arrived = true;
  return size;
}
}

#else

namespace vs {

void WatchGnsSockets(int) {}
GnsBatch::GnsBatch() = default;
GnsBatch::~GnsBatch() = default;
bool HasUnsentPackets() { return false; }
bool TakeDataArrived() { return false; }

}  // namespace vs
#endif
