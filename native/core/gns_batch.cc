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

namespace vs {

namespace {

// The packets that wait for the end of a poll at most.
constexpr int kPackets = 64;
// GNS's packets are smaller. A larger one is sent by itself.
constexpr size_t kMaxPacket = 1536;
// The messages of one receive call.
constexpr int kReceived = 16;

struct Packet {
  int socket;
  size_t size;
  SystemAddress to;
  socklen_t to_size;
};

// The packets that a poll sends. Their bytes are one after another, so that a run of them is one piece of memory.
class Sender {
 public:
  // Returns false if the packet has to be sent by itself; `result` is set otherwise, and errno if it is negative.
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
    Packet& packet = packets_[count_++];
    packet.socket = socket;
    packet.size = size;
    packet.to_size = to_size;
    std::memcpy(&packet.to, to, to_size);
    for (size_t i = 0; i < count; i++) {
      std::memcpy(bytes_ + used_, parts[i].iov_base, parts[i].iov_len);
      used_ += parts[i].iov_len;
    }
    result = static_cast<ssize_t>(size);
    return true;
  }

  // Sends what waits. What the system has no room for stays.
  void Flush() {
    is_full_ = false;
    if (count_ == 0) return;
    int done = 0;
    size_t offset = 0;
    while (done < count_ && !is_full_) SendSome(done, offset);
    std::copy(packets_ + done, packets_ + count_, packets_);
    std::memmove(bytes_, bytes_ + offset, used_ - offset);
    count_ -= done;
    used_ -= offset;
  }

  // A socket is about to be closed: its number may soon be another socket's.
  void Forget(int socket) {
    if (count_ == 0) return;
    Flush();
    int kept = 0;
    size_t from = 0, to = 0;
    for (int i = 0; i < count_; i++) {
      const size_t size = packets_[i].size;
      if (packets_[i].socket != socket) {
        std::memmove(bytes_ + to, bytes_ + from, size);
        packets_[kept++] = packets_[i];
        to += size;
      }
      from += size;
    }
    count_ = kept;
    used_ = to;
    is_full_ = is_full_ && kept > 0;
  }

  void Clear() {
    count_ = 0;
    used_ = 0;
    is_full_ = false;
  }

  bool is_full() const { return is_full_; }

 private:
  // The packets from `first` on that leave as one message.
  int CountRun(int first, bool segmenting) const {
    const Packet& head = packets_[first];
    int end = first + 1;
    if (!segmenting || unsegmented_.Has(head.to)) return 1;
    size_t bytes = head.size;
    while (end < count_ && end - first < kMaxSegments && packets_[end - 1].size == head.size) {
      const Packet& next = packets_[end];
      bytes += next.size;
      if (next.socket != head.socket || next.size > head.size || next.size == 0 || bytes > kMaxSegmentedBytes) break;
      if (!IsSameAddress(next.to, head.to)) break;
      end++;
    }
    return end - first;
  }

  // Sends packets of one socket in one system call, and moves `done` and `offset` behind those that are dealt with.
  void SendSome(int& done, size_t& offset) {
    mmsghdr messages[kPackets];
    iovec parts[kPackets];
    OffloadControl controls[kPackets];
    int runs[kPackets];
    const int socket = packets_[done].socket;
    const bool segmenting = CanSegmentOn(socket);
    int count = 0;
    size_t at = offset;
    for (int i = done; i < count_ && packets_[i].socket == socket; count++) {
      runs[count] = CountRun(i, segmenting);
      size_t bytes = 0;
      for (int k = i; k < i + runs[count]; k++) bytes += packets_[k].size;
      parts[count] = {bytes_ + at, bytes};
      msghdr& message = messages[count].msg_hdr;
      message = {};
      message.msg_name = &packets_[i].to;
      message.msg_namelen = packets_[i].to_size;
      message.msg_iov = &parts[count];
      message.msg_iovlen = 1;
      if (runs[count] > 1) PutSegmentSize(message, controls[count], static_cast<uint16_t>(packets_[i].size));
      at += bytes;
      i += runs[count];
    }
    const int sent = sendmmsg(socket, messages, static_cast<unsigned>(count), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) {
      const int error = errno;
      if (error == EINTR) return;
      is_full_ = error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS;
      if (is_full_) return;
      if (runs[0] > 1 && IsSegmentingRefused(error)) return unsegmented_.Add(packets_[done].to);  // now one by one
    }
    // The system refuses the first one for good when none was sent: it is lost, as in the network.
    for (int i = 0; i < std::max(sent, 1); i++) {
      offset += parts[i].iov_len;
      done += runs[i];
    }
  }

  // All of GNS's sockets are on the same kernel, so one of them is asked.
  bool CanSegmentOn(int socket) {
    if (can_segment_ < 0) can_segment_ = CanSegment(socket);
    return can_segment_ > 0;
  }

  Packet packets_[kPackets];
  uint8_t bytes_[kPackets * kMaxPacket];
  int count_ = 0;
  size_t used_ = 0;
  std::atomic<bool> is_full_{false};  // read by other threads
  int can_segment_ = -1;
  UnsegmentedAddresses unsegmented_;
};

// What arrived at one socket and GNS has not taken yet. It takes until there is no more before it looks at another one.
class Receiver {
 public:
  ssize_t Next(int socket, msghdr& out) {
    if (socket != socket_) {
      Forget();
      socket_ = socket;
    }
    if (at_ == count_ && !Fill()) return -1;
    const msghdr& message = messages_[at_].msg_hdr;
    const size_t length = messages_[at_].msg_len;
    if (offset_ == 0) segment_ = TakeSegmentSize(messages_[at_].msg_hdr, length);
    const size_t size = std::min(segment_, length - offset_);
    const size_t given = std::min(size, out.msg_iov->iov_len);
    std::memcpy(out.msg_iov->iov_base, bytes_.get() + at_ * kJoinedBytes + offset_, given);
    std::memcpy(out.msg_name, message.msg_name, std::min(message.msg_namelen, out.msg_namelen));
    out.msg_namelen = message.msg_namelen;
    // The segment's size is for us. GNS passes over control messages that it does not know.
    out.msg_controllen = std::min(message.msg_controllen, out.msg_controllen);
    std::memcpy(out.msg_control, message.msg_control, out.msg_controllen);
    out.msg_flags = 0;
    offset_ += size;
    if (offset_ >= length) {
      at_++;
      offset_ = 0;
    }
    return static_cast<ssize_t>(given);
  }

  void Forget() {
    socket_ = -1;
    at_ = count_ = 0;
    offset_ = 0;
    is_drained_ = false;
  }

  int socket() const { return socket_; }

 private:
  // Returns false, with errno, when there is nothing. After a call that found less than there was room for, the next
  // one is spared: GNS looks once more, in vain.
  bool Fill() {
    if (is_drained_) {
      is_drained_ = false;
      errno = EAGAIN;
      return false;
    }
    for (int i = 0; i < kReceived; i++) {
      parts_[i] = {bytes_.get() + i * kJoinedBytes, kJoinedBytes};
      msghdr& message = messages_[i].msg_hdr;
      message = {};
      message.msg_name = &from_[i];
      message.msg_namelen = sizeof from_[i];
      message.msg_iov = &parts_[i];
      message.msg_iovlen = 1;
      message.msg_control = controls_[i].bytes;
      message.msg_controllen = sizeof controls_[i].bytes;
    }
    at_ = 0;
    count_ = std::max(0, recvmmsg(socket_, messages_, kReceived, MSG_DONTWAIT, nullptr));
    is_drained_ = count_ > 0 && count_ < kReceived;
    return count_ > 0;
  }

  int socket_ = -1;
  int at_ = 0;
  int count_ = 0;
  size_t offset_ = 0;
  size_t segment_ = 0;
  bool is_drained_ = false;
  mmsghdr messages_[kReceived];
  iovec parts_[kReceived];
  SystemAddress from_[kReceived];
  OffloadControl controls_[kReceived];
  // Not cleared: the system gives the pages that are used.
  std::unique_ptr<uint8_t[]> bytes_{new uint8_t[kReceived * kJoinedBytes]};
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

}  // namespace

void WatchGnsSockets(int epoll) {
  gns_epoll = epoll;
  GetSender().Clear();
  GetReceiver().Forget();
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
    if (vs::GetReceiver().socket() == descriptor) vs::GetReceiver().Forget();
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
  if (vs::is_polling && is_packet) return vs::GetReceiver().Next(socket, *message);
  return syscall(SYS_recvmsg, socket, message, flags);
}
}

#else

namespace vs {

void WatchGnsSockets(int) {}
GnsBatch::GnsBatch() = default;
GnsBatch::~GnsBatch() = default;
bool HasUnsentPackets() { return false; }

}  // namespace vs
#endif
