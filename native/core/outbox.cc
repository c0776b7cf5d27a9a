#include "core/outbox.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>

#include "core/sockets.h"
#include "core/turn.h"
#include "layout.h"

namespace vs {

namespace {

// SendMessages uses stack memory in proportion to its count, so a longer batch is sent in parts.
constexpr uint32_t kBatch = 256;

constexpr uint32_t kKnownSendFlags = 0x3f;

// A payload that several messages point to. When GNS is done with a message it calls m_pfnFreeData, on any thread.
class SharedPayload {
 public:
  static SharedPayload* New(const void* data, uint32_t size) {
    void* memory = ::operator new(sizeof(SharedPayload) + size);
    auto* payload = new (memory) SharedPayload(size);
    if (size) std::memcpy(payload->bytes(), data, size);
    return payload;
  }

  void AttachTo(SteamNetworkingMessage_t* message) {
    users_++;
    message->m_pData = bytes();
    message->m_cbSize = static_cast<int>(size_);
    // The payload is found by the address of its bytes: GNS may hand the message itself to the other end of a pair, and
    // then our user data is gone.
    message->m_pfnFreeData = [](SteamNetworkingMessage_t* done) {
      (static_cast<SharedPayload*>(done->m_pData) - 1)->Release();
    };
  }

  void Release() {
    if (--users_ == 0) ::operator delete(this);
  }

 private:
  explicit SharedPayload(uint32_t size) : size_(size) {}
  void* bytes() { return this + 1; }

  std::atomic<uint32_t> users_{1};
  uint32_t size_;
};

// Messages that go to GNS in one call, and the place in `results` of each.
class Crossing {
 public:
  void Add(SteamNetworkingMessage_t* message, uint32_t slot) {
    messages_[used_] = message;
    slots_[used_++] = slot;
  }

  void Send(double* results) {
    int64 numbers[kBatch];
    Sockets()->SendMessages(used_, messages_, numbers, true);
    for (int i = 0; i < used_; i++) results[slots_[i]] = static_cast<double>(numbers[i]);
  }

 private:
  SteamNetworkingMessage_t* messages_[kBatch];
  uint32_t slots_[kBatch];
  int used_ = 0;
};

// In memory, the limit is what the other end accepts (RecvMaxMessageSize), and GNS checks that.
bool IsTooLarge(const Connection& connection, uint32_t size) {
  return size > (connection.in_memory ? uint32_t{INT32_MAX} : uint32_t{k_cbMaxSteamNetworkingSocketsMessageSizeSend});
}

}  // namespace

EResult Send(OwnerId owner, Handle handle, const void* data, uint32_t size, int flags) {
  bool pair;
  {
    auto [state, lock] = Locked(GetState());
    Connection* connection = state.FindConnection(owner, handle);
    if (!connection || IsTooLarge(*connection, size)) return k_EResultInvalidParam;
    pair = connection->pair != 0;
  }
  const EResult result = Sockets()->SendMessageToConnection(handle, data, size, flags & kKnownSendFlags, nullptr);
  AfterSend(pair);
  return result;
}

bool SendBatch(OwnerId owner, const uint8_t* slab, size_t size, uint32_t count, double* results) {
  size_t offset = 0;
  bool pair = false;
  for (uint32_t first = 0; first < count; first += kBatch) {
    const uint32_t n = std::min(kBatch, count - first);
    Crossing crossing;
    bool whole = true;
    {
      auto [state, lock] = Locked(GetState());
      Connection* connection = nullptr;
      Handle last = 0;
      for (uint32_t i = 0; i < n; i++) {
        OutgoingRecord record;
        if (size - offset < sizeof record) {
          whole = false;
          break;
        }
        std::memcpy(&record, slab + offset, sizeof record);
        if (record.length > size - offset - sizeof record) {
          whole = false;
          break;
        }
        // Consecutive messages mostly go to the same connection, so look it up only when it changes.
        if (record.connection != last || !connection) connection = state.FindConnection(owner, record.connection);
        last = record.connection;
        if (!connection || IsTooLarge(*connection, record.length) || record.lane > 0xffff) {
          results[first + i] = -k_EResultInvalidParam;
        } else {
          pair |= connection->pair != 0;
          SteamNetworkingMessage_t* message = Utils()->AllocateMessage(static_cast<int>(record.length));
          message->m_conn = record.connection;
          message->m_nFlags = static_cast<int>(record.flags & kKnownSendFlags);
          message->m_idxLane = static_cast<uint16_t>(record.lane);
          if (record.length) std::memcpy(message->m_pData, slab + offset + sizeof record, record.length);
          crossing.Add(message, first + i);
        }
        offset = std::min(size, (offset + sizeof record + record.length + 7) & ~size_t{7});
      }
    }
    crossing.Send(results);
    if (!whole) {
      AfterSend(pair);
      return false;
    }
  }
  AfterSend(pair);
  return true;
}

void SendToMany(OwnerId owner, const Handle* handles, uint32_t count, const void* data, uint32_t size, int flags,
                int lane, double* results) {
  SharedPayload* payload = SharedPayload::New(data, size);
  bool pair = false;
  for (uint32_t first = 0; first < count; first += kBatch) {
    const uint32_t n = std::min(kBatch, count - first);
    Crossing crossing;
    {
      auto [state, lock] = Locked(GetState());
      for (uint32_t i = first; i < first + n; i++) {
        Connection* connection = state.FindConnection(owner, handles[i]);
        if (!connection) {
          results[i] = -k_EResultInvalidParam;
          continue;
        }
        pair |= connection->pair != 0;
        SteamNetworkingMessage_t* message = Utils()->AllocateMessage(0);
        message->m_conn = handles[i];
        message->m_nFlags = flags & kKnownSendFlags;
        message->m_idxLane = static_cast<uint16_t>(lane);
        payload->AttachTo(message);
        crossing.Add(message, i);
      }
    }
    crossing.Send(results);
  }
  payload->Release();
  AfterSend(pair);
}

EResult Flush(OwnerId owner, Handle handle) {
  if (!HasConnection(owner, handle)) return k_EResultInvalidParam;
  return Sockets()->FlushMessagesOnConnection(handle);
}

}  // namespace vs
