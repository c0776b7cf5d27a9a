#include "udp/offload.h"

#ifdef __linux__
#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace vs {

namespace {

// Older C libraries do not have these.
constexpr int kSolUdp = 17;
constexpr int kUdpSegment = 103;
constexpr int kUdpGro = 104;

// What one message may hold at most.
constexpr int kMaxSegments = 64;
constexpr size_t kMaxSegmentedBytes = 65000;
constexpr size_t kJoinedBytes = 65536;
// The datagrams of one send call, and the messages of one receive call.
constexpr int kDatagramsPerCall = 64;
constexpr int kMessages = 32;

// Whether the error of a message with segments may come from them: from an interface without checksums, from packets of
// it that are smaller than the segments, or from a kernel that refuses for another reason.
bool IsSegmentingRefused(int error) { return error == EIO || error == EINVAL || error == EMSGSIZE; }

bool IsSameAddress(const SystemAddress& one, const SystemAddress& other) {
  if (one.any.sa_family != other.any.sa_family) return false;
  if (one.any.sa_family != AF_INET6) {
    return one.v4.sin_port == other.v4.sin_port && one.v4.sin_addr.s_addr == other.v4.sin_addr.s_addr;
  }
  return one.v6.sin6_port == other.v6.sin6_port && one.v6.sin6_scope_id == other.v6.sin6_scope_id &&
         std::memcmp(&one.v6.sin6_addr, &other.v6.sin6_addr, sizeof one.v6.sin6_addr) == 0;
}

// Whether `words`, which commas and spaces part, has this one.
bool HasWord(const char* words, const char* word) {
  const char* const kParts = ", ";
  for (words += std::strspn(words, kParts); *words != '\0'; words += std::strspn(words, kParts)) {
    const size_t length = std::strcspn(words, kParts);
    if (length == std::strlen(word) && std::strncmp(words, word, length) == 0) return true;
    words += length;
  }
  return false;
}

size_t TakeSegmentSize(msghdr& message, size_t length) {
  int size;
  return TakeControl(message, kSolUdp, kUdpGro, size) && size > 0 ? static_cast<size_t>(size) : length;
}

}  // namespace

const Offload& AllowedOffload() {
  static const Offload allowed = [] {
    const char* without = std::getenv("VALVE_SOCKETS_WITHOUT");
    const auto has = [without](const char* word) { return without && HasWord(without, word); };
    return Offload{!has("gso"), !has("gro"), !has("batch")};
  }();
  return allowed;
}

bool StartJoining(Descriptor socket) {
  const int on = 1;
  return AllowedOffload().joining && setsockopt(socket, kSolUdp, kUdpGro, &on, sizeof on) == 0;
}

int SegmentedSender::Send(Descriptor socket, Datagram* datagrams, int count) {
  if (!is_asked_) {
    // A kernel that does not know the option would send one giant datagram.
    is_asked_ = true;
    int size = 0;
    socklen_t length = sizeof size;
    can_segment_ = AllowedOffload().segmenting && getsockopt(socket, kSolUdp, kUdpSegment, &size, &length) == 0;
  }
  mmsghdr messages[kDatagramsPerCall];
  iovec parts[kDatagramsPerCall];
  ControlRoom controls[kDatagramsPerCall];
  int ends[kDatagramsPerCall];
  count = std::min(count, kDatagramsPerCall);
  const bool could_segment = can_segment_;
  const int refused_count = refused_count_;
  for (;;) {
    int used = 0;
    for (int first = 0; first < count; first = ends[used++]) {
      const int run = CountRun(datagrams + first, count - first);
      ends[used] = first + run;
      for (int i = first; i < ends[used]; i++) parts[i] = {datagrams[i].data, datagrams[i].size};
      msghdr& message = messages[used].msg_hdr;
      DescribeOutgoing(datagrams[first], message, parts + first, static_cast<size_t>(run), controls[used]);
      const auto size = static_cast<uint16_t>(datagrams[first].size);
      if (run > 1) AddControl(message, controls[used], kSolUdp, kUdpSegment, size);
    }
    const int sent = sendmmsg(socket, messages, static_cast<unsigned>(used), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) return ends[sent - 1];
    if (ends[0] == 1 || !IsSegmentingRefused(errno)) {
      // What does not leave by itself either was not refused for its segments: it is larger than the way carries, say.
      can_segment_ = could_segment;
      refused_count_ = refused_count;
      return -1;
    }
    Refuse(datagrams[0]);
  }
}

// How many of the datagrams leave as one message.
int SegmentedSender::CountRun(const Datagram* datagrams, int count) const {
  const Datagram& head = datagrams[0];
  if (!can_segment_ || count == 1 || (head.address_size > 0 && IsRefused(head.address))) return 1;
  size_t bytes = head.size;
  int run = 1;
  // The last one may be shorter.
  for (; run < std::min(count, kMaxSegments) && datagrams[run - 1].size == head.size; run++) {
    const Datagram& next = datagrams[run];
    bytes += next.size;
    if (next.size > head.size || next.size == 0 || bytes > kMaxSegmentedBytes) break;
    if (next.address_size != head.address_size) break;
    if (head.address_size == 0) continue;  // connected
    if (!IsSameAddress(next.address, head.address)) break;
    if (std::memcmp(next.local_ip, head.local_ip, sizeof head.local_ip) != 0) break;
  }
  return run;
}

bool SegmentedSender::IsRefused(const SystemAddress& address) const {
  return std::any_of(refused_, refused_ + refused_count_,
                     [&address](const SystemAddress& refused) { return IsSameAddress(refused, address); });
}

void SegmentedSender::Refuse(const Datagram& datagram) {
  can_segment_ = datagram.address_size > 0 && refused_count_ < kRefused;
  if (can_segment_) refused_[refused_count_++] = datagram.address;
}

struct JoinedReceiver::Room {
  mmsghdr messages[kMessages];
  iovec parts[kMessages];
  SystemAddress from[kMessages];
  ControlRoom controls[kMessages];
  // Not cleared: only the pages that are used take memory.
  std::unique_ptr<uint8_t[]> bytes{new uint8_t[kMessages * kJoinedBytes]};
};

JoinedReceiver::JoinedReceiver() = default;
JoinedReceiver::~JoinedReceiver() = default;

bool JoinedReceiver::Next(Descriptor socket, JoinedDatagram& datagram) {
  if (at_ == count_ && !Fill(socket)) return false;
  mmsghdr& message = room_->messages[at_];
  if (offset_ == 0) segment_ = TakeSegmentSize(message.msg_hdr, message.msg_len);
  datagram.data = room_->bytes.get() + static_cast<size_t>(at_) * kJoinedBytes + offset_;
  datagram.size = std::min(segment_, message.msg_len - offset_);
  datagram.message = &message.msg_hdr;
  offset_ += datagram.size;
  if (offset_ >= message.msg_len) {
    at_++;
    offset_ = 0;
  }
  return true;
}

void JoinedReceiver::Forget() {
  at_ = count_ = 0;
  offset_ = 0;
  is_drained_ = false;
}

bool JoinedReceiver::Fill(Descriptor socket) {
  if (is_drained_) {
    is_drained_ = false;
    errno = EAGAIN;
    return false;
  }
  if (!room_) {
    room_.reset(new Room());
    stale_ = kMessages;
  }
  for (int i = 0; i < stale_; i++) {
    room_->parts[i] = {room_->bytes.get() + static_cast<size_t>(i) * kJoinedBytes, kJoinedBytes};
    DescribeIncoming(room_->from[i], room_->messages[i].msg_hdr, room_->parts[i], room_->controls[i]);
  }
  at_ = 0;
  count_ = std::max(0, recvmmsg(socket, room_->messages, kMessages, MSG_DONTWAIT, nullptr));
  stale_ = count_;
  is_drained_ = count_ > 0 && count_ < kMessages;
  return count_ > 0;
}

}  // namespace vs
#endif
