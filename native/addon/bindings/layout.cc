// Gives JavaScript the tables of layout.h as this build has them.
#include "layout.h"

#include <cstddef>
#include <vector>

#include "addon/bindings/bindings.h"

namespace vs::bindings {

namespace {

struct Entry {
  const char* name;
  size_t value;
};
using Table = std::vector<Entry>;

// The byte offset of a member, and the index of a member among those of a structure of doubles.
#define OFFSET(structure, member) offsetof(structure, member)
#define INDEX(structure, member) (offsetof(structure, member) / sizeof(double))

const Table kIdentity = {
    {"type", OFFSET(IdentityHead, type)},
    {"size", OFFSET(IdentityHead, size)},
    {"payload", sizeof(IdentityHead)},
};

const Table kRecord = {
    {"connection", OFFSET(ReceivedRecord, connection)},
    {"length", OFFSET(ReceivedRecord, length)},
    {"messageNumber", OFFSET(ReceivedRecord, message_number)},
    {"timeReceived", OFFSET(ReceivedRecord, time_received)},
    {"userData", OFFSET(ReceivedRecord, user_data)},
    {"flags", OFFSET(ReceivedRecord, flags)},
    {"channel", OFFSET(ReceivedRecord, channel)},
    {"lane", OFFSET(ReceivedRecord, lane)},
    {"identity", OFFSET(ReceivedRecord, identity)},
    {"next", OFFSET(ReceivedRecord, next)},
    {"payload", sizeof(ReceivedRecord)},
};

const Table kSendRecord = {
    {"connection", OFFSET(OutgoingRecord, connection)},
    {"length", OFFSET(OutgoingRecord, length)},
    {"flags", OFFSET(OutgoingRecord, flags)},
    {"lane", OFFSET(OutgoingRecord, lane)},
    {"payload", sizeof(OutgoingRecord)},
};

const Table kUdpSlot = {
    {"ip", OFFSET(UdpSlot, ip)},         {"scope", OFFSET(UdpSlot, scope)}, {"port", OFFSET(UdpSlot, port)},
    {"length", OFFSET(UdpSlot, length)}, {"payload", sizeof(UdpSlot)},
};

const Table kStatus = {
    {"state", INDEX(StatusFigures, state)},
    {"ping", INDEX(StatusFigures, ping)},
    {"connectionQualityLocal", INDEX(StatusFigures, connection_quality_local)},
    {"connectionQualityRemote", INDEX(StatusFigures, connection_quality_remote)},
    {"outPacketsPerSecond", INDEX(StatusFigures, out_packets_per_second)},
    {"outBytesPerSecond", INDEX(StatusFigures, out_bytes_per_second)},
    {"inPacketsPerSecond", INDEX(StatusFigures, in_packets_per_second)},
    {"inBytesPerSecond", INDEX(StatusFigures, in_bytes_per_second)},
    {"sendRateBytesPerSecond", INDEX(StatusFigures, send_rate_bytes_per_second)},
    {"pendingUnreliable", INDEX(StatusFigures, pending_unreliable)},
    {"pendingReliable", INDEX(StatusFigures, pending_reliable)},
    {"sentUnackedReliable", INDEX(StatusFigures, sent_unacked_reliable)},
    {"queueTime", INDEX(StatusFigures, queue_time)},
    {"maxJitter", INDEX(StatusFigures, max_jitter)},
    {"size", sizeof(StatusFigures) / sizeof(double)},
};

const Table kLaneStatus = {
    {"pendingUnreliable", INDEX(LaneFigures, pending_unreliable)},
    {"pendingReliable", INDEX(LaneFigures, pending_reliable)},
    {"sentUnackedReliable", INDEX(LaneFigures, sent_unacked_reliable)},
    {"queueTime", INDEX(LaneFigures, queue_time)},
    {"size", sizeof(LaneFigures) / sizeof(double)},
};

template <typename Enum>
Entry Number(const char* name, Enum value) {
  return {name, static_cast<size_t>(value)};
}

const Table kReceiveSource = {
    Number("Connection", ReceiveSource::Connection),
    Number("ListenSocket", ReceiveSource::ListenSocket),
    Number("PollGroup", ReceiveSource::PollGroup),
};

const Table kNativeDriver = {
    Number("Auto", NativeDriver::Auto),
    Number("Hybrid", NativeDriver::Hybrid),
    Number("Thread", NativeDriver::Thread),
};

const std::pair<const char*, const Table&> kTables[] = {
    {"IDENTITY", kIdentity},
    {"RECORD", kRecord},
    {"SEND_RECORD", kSendRecord},
    {"UDP_SLOT", kUdpSlot},
    {"STATUS", kStatus},
    {"LANE_STATUS", kLaneStatus},
    {"ReceiveSource", kReceiveSource},
    {"NativeDriver", kNativeDriver},
};

Napi::Value GetLayout(Environment&, const Args& args) {
  Napi::Object out = Napi::Object::New(args.env());
  for (const auto& [name, table] : kTables) {
    Napi::Object entries = Napi::Object::New(args.env());
    for (const Entry& entry : table) entries.Set(entry.name, MakeNumber(args, static_cast<double>(entry.value)));
    out.Set(name, entries);
  }
  return out;
}

}  // namespace

void ExportLayout(Napi::Object& exports, Environment& environment) {
  Export<GetLayout>(exports, environment, "getLayout");
}

}  // namespace vs::bindings
