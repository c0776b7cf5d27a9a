#include "core/slab_writer.h"

#include <cstring>

namespace vs {

namespace {

constexpr uint32_t kRecordHeader = 56;
constexpr uint32_t kIdentityHeader = 8;

uint32_t Align8(uint32_t n) { return (n + 7) & ~7u; }

template <typename T>
void Put(uint8_t* header, uint32_t at, T value) {
  std::memcpy(header + at, &value, sizeof value);
}

}  // namespace

uint32_t SlabWriter::Write(const SteamNetworkingMessage_t& message) {
  const uint32_t length = static_cast<uint32_t>(message.m_cbSize);
  const bool shared = identity_ && message.m_conn && message.m_conn == connection_;
  const uint32_t identity_size = shared ? 0 : Align8(kIdentityHeader + message.m_identityPeer.m_cbSize);
  const uint64_t needed = uint64_t{identity_size} + kRecordHeader + Align8(length);
  if (end_ + needed > size_) return static_cast<uint32_t>(needed);

  const uint32_t record = end_;
  const uint32_t next = static_cast<uint32_t>(record + needed);
  if (!shared) {
    identity_ = record + kRecordHeader + Align8(length);
    connection_ = message.m_conn;
    const SteamNetworkingIdentity& identity = message.m_identityPeer;
    Put(slab_ + identity_, 0, static_cast<int32_t>(identity.m_eType));
    Put(slab_ + identity_, 4, static_cast<int32_t>(identity.m_cbSize));
    std::memcpy(slab_ + identity_ + kIdentityHeader, identity.m_genericBytes, identity.m_cbSize);
  }
  uint8_t* header = slab_ + record;
  Put(header, 0, message.m_conn);
  Put(header, 4, length);
  Put(header, 8, static_cast<double>(message.m_nMessageNumber));
  Put(header, 16, static_cast<double>(message.m_usecTimeReceived));
  Put(header, 24, message.m_nConnUserData);
  Put(header, 32, static_cast<uint32_t>(message.m_nFlags));
  Put(header, 36, static_cast<int32_t>(message.m_nChannel));
  Put(header, 40, static_cast<uint32_t>(message.m_idxLane));
  Put(header, 44, identity_);
  Put(header, 48, next);
  if (length) std::memcpy(header + kRecordHeader, message.m_pData, length);
  end_ = next;
  return 0;
}

}  // namespace vs
