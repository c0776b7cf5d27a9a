#include "udp/offload.h"

#ifdef __linux__
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace vs {

namespace {

// Older C libraries do not have these.
constexpr int kSolUdp = 17;
constexpr int kUdpSegment = 103;
constexpr int kUdpGro = 104;

}  // namespace

const Offload& AllowedOffload() {
  static const Offload allowed = [] {
    const char* without = std::getenv("VALVE_SOCKETS_WITHOUT");
    const auto has = [without](const char* name) { return without && std::strstr(without, name); };
    return Offload{!has("gso"), !has("gro"), !has("batch")};
  }();
  return allowed;
}

bool CanSegment(Descriptor socket) {
  int size = 0;
  socklen_t length = sizeof size;
  return AllowedOffload().segmenting && getsockopt(socket, kSolUdp, kUdpSegment, &size, &length) == 0;
}

bool StartJoining(Descriptor socket) {
  const int on = 1;
  return AllowedOffload().joining && setsockopt(socket, kSolUdp, kUdpGro, &on, sizeof on) == 0;
}

void PutSegmentSize(msghdr& message, OffloadControl& control, uint16_t size) {
  const size_t used = message.msg_controllen;
  std::memset(control.bytes + used, 0, CMSG_SPACE(sizeof size));
  auto* header = reinterpret_cast<cmsghdr*>(control.bytes + used);
  header->cmsg_level = kSolUdp;
  header->cmsg_type = kUdpSegment;
  header->cmsg_len = CMSG_LEN(sizeof size);
  std::memcpy(CMSG_DATA(header), &size, sizeof size);
  message.msg_control = control.bytes;
  message.msg_controllen = used + CMSG_SPACE(sizeof size);
}

size_t TakeSegmentSize(msghdr& message, size_t length) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != kSolUdp || header->cmsg_type != kUdpGro) continue;
    int size;
    std::memcpy(&size, CMSG_DATA(header), sizeof size);
    return size > 0 ? static_cast<size_t>(size) : length;
  }
  return length;
}

bool IsSegmentingRefused(int error) { return error == EIO || error == EINVAL || error == EMSGSIZE; }

bool UnsegmentedAddresses::Has(const SystemAddress& address) const {
  if (count_ == kMost) return true;
  for (int i = 0; i < count_; i++) {
    if (IsSameAddress(addresses_[i], address)) return true;
  }
  return false;
}

void UnsegmentedAddresses::Add(const SystemAddress& address) {
  if (!Has(address)) addresses_[count_++] = address;
}

bool IsSameAddress(const SystemAddress& one, const SystemAddress& other) {
  if (one.any.sa_family != other.any.sa_family) return false;
  if (one.any.sa_family != AF_INET6) {
    return one.v4.sin_port == other.v4.sin_port && one.v4.sin_addr.s_addr == other.v4.sin_addr.s_addr;
  }
  return one.v6.sin6_port == other.v6.sin6_port && one.v6.sin6_scope_id == other.v6.sin6_scope_id &&
         std::memcmp(&one.v6.sin6_addr, &other.v6.sin6_addr, sizeof one.v6.sin6_addr) == 0;
}

}  // namespace vs
#endif
