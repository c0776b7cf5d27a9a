#pragma once
// The memory that C++ and JavaScript share, field by field, without gaps. lib/addon/layout.ts has the same tables for
// JavaScript, and test/architecture/bindings.test.ts reads this file and compares the two.
#include <cstdint>

namespace vs {

// Where a receive call looks for messages.
enum class ReceiveSource : uint32_t { Connection = 0, ListenSocket = 1, PollGroup = 2 };

// The driver that initialize asks for.
enum class NativeDriver : uint32_t { Auto = 0, Hybrid = 1, Thread = 2 };

// An identity: this head and `size` bytes.
struct IdentityHead {
  int32_t type;
  int32_t size;
};
static_assert(sizeof(IdentityHead) == 8);

// The head of a received message in a slab; the payload follows. Records start at multiples of 8.
struct ReceivedRecord {
  uint32_t connection;
  uint32_t length;  // of the payload
  double message_number;
  double time_received;  // microseconds
  int64_t user_data;     // of the connection
  uint32_t flags;
  int32_t channel;
  uint32_t lane;
  uint32_t identity;  // the slab's offset of an identity; records of one connection may share it
  uint32_t next;      // the slab's offset of the next record
  uint32_t reserved;
};
static_assert(sizeof(ReceivedRecord) == 56);

// The head of a message to send in a slab; the payload follows, and the next record starts at the next multiple of 8.
struct OutgoingRecord {
  uint32_t connection, length, flags, lane;
};
static_assert(sizeof(OutgoingRecord) == 16);

// The head of a datagram in a slab of UDP; the payload follows. All slots of a slab have one size.
struct UdpSlot {
  uint8_t ip[16];
  uint32_t scope;
  uint32_t port;
  uint8_t local_ip[16];  // the address of this machine that it came to, and that an answer leaves from; 0 for any
  uint32_t length;       // of the payload
  uint32_t reserved;
};
static_assert(sizeof(UdpSlot) == 48);

// What getRealTimeStatus writes, in GNS's units.
struct StatusFigures {
  double state;
  double ping;
  double connection_quality_local;
  double connection_quality_remote;
  double out_packets_per_second;
  double out_bytes_per_second;
  double in_packets_per_second;
  double in_bytes_per_second;
  double send_rate_bytes_per_second;
  double pending_unreliable;
  double pending_reliable;
  double sent_unacked_reliable;
  double queue_time;
  double max_jitter;
};
static_assert(sizeof(StatusFigures) == 112);

// What getLaneStatus writes for each lane: bytes, and microseconds for the time.
struct LaneFigures {
  double pending_unreliable;
  double pending_reliable;
  double sent_unacked_reliable;
  double queue_time;
};
static_assert(sizeof(LaneFigures) == 32);

}  // namespace vs
