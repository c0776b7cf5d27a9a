#include "core/outbox.h"

#include <algorithm>
#include <cstring>

#include "core/inbox.h"

namespace vs {

namespace {

constexpr size_t kRecordHeader = 16;
// SendMessages takes stack in proportion to its count.
constexpr uint32_t kBatch = 256;

constexpr uint32_t kKnownSendFlags = 0x3f;

struct Record {
  uint32_t connection, length, flags, lane;
};

// Messages between the ends of a pair are delivered on the spot, and nothing else would wake the receiver.
void AfterSend(bool pair) {
  if (pair) Collect(true);
}

}  // namespace

EResult Send(OwnerId owner, Handle handle, const void* data, uint32_t size, int flags) {
  bool pair;
  {
    State& state = GetState();
    Lock lock(state.mutex);
    Connection* connection = state.FindConnection(owner, handle);
    if (!connection) return k_EResultInvalidParam;
    pair = connection->pair != 0;
  }
  const EResult result = Sockets()->SendMessageToConnection(handle, data, size, flags & kKnownSendFlags, nullptr);
  AfterSend(pair);
  return result;
}

bool SendBatch(OwnerId owner, const uint8_t* slab, size_t size, uint32_t count, double* results) {
  State& state = GetState();
  size_t offset = 0;
  bool pair = false;
  for (uint32_t first = 0; first < count; first += kBatch) {
    const uint32_t n = std::min(kBatch, count - first);
    SteamNetworkingMessage_t* messages[kBatch];
    uint32_t slots[kBatch];
    int64 numbers[kBatch];
    int used = 0;
    bool whole = true;
    {
      Lock lock(state.mutex);
      for (uint32_t i = 0; i < n; i++) {
        Record record;
        if (size - offset < kRecordHeader) {
          whole = false;
          break;
        }
        std::memcpy(&record, slab + offset, sizeof record);
        if (record.length > size - offset - kRecordHeader) {
          whole = false;
          break;
        }
        Connection* connection = state.FindConnection(owner, record.connection);
        if (!connection || record.length > k_cbMaxSteamNetworkingSocketsMessageSizeSend || record.lane > 0xffff) {
          results[first + i] = -k_EResultInvalidParam;
        } else {
          pair |= connection->pair != 0;
          SteamNetworkingMessage_t* message = Utils()->AllocateMessage(static_cast<int>(record.length));
          message->m_conn = record.connection;
          message->m_nFlags = static_cast<int>(record.flags & kKnownSendFlags);
          message->m_idxLane = static_cast<uint16_t>(record.lane);
          if (record.length) std::memcpy(message->m_pData, slab + offset + kRecordHeader, record.length);
          slots[used] = first + i;
          messages[used++] = message;
        }
        offset = std::min(size, (offset + kRecordHeader + record.length + 7) & ~size_t{7});
      }
    }
    Sockets()->SendMessages(used, messages, numbers, true);
    for (int i = 0; i < used; i++) results[slots[i]] = static_cast<double>(numbers[i]);
    if (!whole) {
      AfterSend(pair);
      return false;
    }
  }
  AfterSend(pair);
  return true;
}

EResult Flush(OwnerId owner, Handle handle) {
  {
    State& state = GetState();
    Lock lock(state.mutex);
    if (!state.FindConnection(owner, handle)) return k_EResultInvalidParam;
  }
  return Sockets()->FlushMessagesOnConnection(handle);
}

}  // namespace vs
