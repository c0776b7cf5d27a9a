#pragma once
#include <cstdint>

#include "core/gns.h"

namespace vs {

// The result of a call that copies messages into a slab.
struct Received {
  int count;        // -1: no such handle
  uint32_t end;     // offset behind the last record
  uint32_t needed;  // bytes that the next message needs, if it was left because it did not fit; otherwise 0
};

// Writes messages as records (ReceivedRecord, layout.h) into a slab that JavaScript reads.
class SlabWriter {
 public:
  SlabWriter(uint8_t* slab, uint32_t size, uint32_t offset) : slab_(slab), size_(size), end_(offset) {}

  // Offset behind the last record.
  uint32_t end() const { return end_; }

  // Returns 0, or the bytes needed when the message does not fit.
  uint32_t Write(const SteamNetworkingMessage_t& message);

 private:
  uint8_t* slab_;
  uint32_t size_;
  uint32_t end_;
  // The offset of the identity that was written last, and its connection, whose next messages share it.
  uint32_t identity_ = 0;
  HSteamNetConnection connection_ = 0;
};

}  // namespace vs
