#include "core/slab_writer.h"

#include <cstring>

#include "layout.h"

namespace vs {

namespace {

uint32_t Align8(uint32_t n) { return (n + 7) & ~7u; }

}  // namespace

uint32_t SlabWriter::Write(const SteamNetworkingMessage_t& message) {
  const uint32_t length = static_cast<uint32_t>(message.m_cbSize);
  const SteamNetworkingIdentity& identity = message.m_identityPeer;
  const bool shared = identity_ && message.m_conn && message.m_conn == connection_;
  const uint32_t identity_size = shared ? 0 : Align8(sizeof(IdentityHead) + identity.m_cbSize);
  const uint64_t needed = uint64_t{identity_size} + sizeof(ReceivedRecord) + Align8(length);
  if (end_ + needed > size_) return static_cast<uint32_t>(needed);

  uint8_t* start = slab_ + end_;
  const uint32_t next = static_cast<uint32_t>(end_ + needed);
  if (!shared) {
    identity_ = next - identity_size;
    connection_ = message.m_conn;
    const IdentityHead head{identity.m_eType, identity.m_cbSize};
    std::memcpy(slab_ + identity_, &head, sizeof head);
    std::memcpy(slab_ + identity_ + sizeof head, identity.m_genericBytes, identity.m_cbSize);
  }
  ReceivedRecord record;
  record.connection = message.m_conn;
  record.length = length;
  record.message_number = static_cast<double>(message.m_nMessageNumber);
  record.time_received = static_cast<double>(message.m_usecTimeReceived);
  record.user_data = message.m_nConnUserData;
  record.flags = static_cast<uint32_t>(message.m_nFlags);
  record.channel = message.m_nChannel;
  record.lane = message.m_idxLane;
  record.identity = identity_;
  record.next = next;
  record.reserved = 0;
  std::memcpy(start, &record, sizeof record);
  if (length) std::memcpy(start + sizeof record, message.m_pData, length);
  end_ = next;
  return 0;
}

}  // namespace vs
