#include <algorithm>
#include <vector>

#include "report.h"
#include "roles.h"

void RunFlood(Driver& driver, const Options& options) {
  std::vector<char> payload(options.Integer("size", 64), 'x');
  auto size = static_cast<uint32_t>(payload.size());
  int flags = options.Integer("reliable", 0) ? k_nSteamNetworkingSend_Reliable : k_nSteamNetworkingSend_Unreliable;
  flags |= k_nSteamNetworkingSend_NoNagle;
  int batch = static_cast<int>(options.Integer("batch", 64));
  // Two bounds on what GNS holds: bytes not yet on the wire, and bytes not yet acknowledged.
  int64_t queue_limit = options.Integer("buffer", 524288) / 2;
  int64_t in_flight_limit = options.Integer("in-flight", 1 << 30) * size;
  double warmup = options.Number("warmup", 0.5);

  HSteamNetConnection connection = driver.Connect(static_cast<int>(options.Integer("port", 0)));
  auto ignore = [](SteamNetworkingMessage_t&) {};
  while (!driver.ever_connected()) driver.Turn(1, ignore);

  double start = NowSeconds();
  double warm_cpu = -1;
  int64_t sent = 0;
  while (driver.connections() > 0) {
    if (warm_cpu < 0 && NowSeconds() > start + warmup) {
      warm_cpu = CpuSeconds();
      sent = 0;
    }
    SteamNetConnectionRealTimeStatus_t status = driver.Status(connection);
    int64_t queued = status.m_cbPendingReliable + status.m_cbPendingUnreliable;
    bool room = queued + static_cast<int64_t>(size) * batch <= queue_limit &&
                queued + status.m_cbSentUnackedReliable + static_cast<int64_t>(size) * batch <= in_flight_limit;
    if (room) sent += driver.SendBatch(connection, payload.data(), size, flags, batch);
    driver.Turn(room ? 0 : 1, ignore);
  }
  Report("result").Field("sent", sent).Field("cpuSeconds", CpuSeconds() - warm_cpu);
}

void RunSink(Driver& driver, const Options& options) {
  double warmup = options.Number("warmup", 0.5);
  double seconds = options.Number("seconds", 2);
  int64_t count = 0;
  int64_t bytes = 0;
  HSteamNetConnection connection = k_HSteamNetConnection_Invalid;
  auto receive = [&](SteamNetworkingMessage_t& message) {
    count++;
    bytes += message.m_cbSize;
    connection = message.m_conn;
  };
  driver.Listen(static_cast<int>(options.Integer("port", 0)));
  while (count == 0) driver.Turn(1, receive);
  double warm = NowSeconds() + warmup;
  while (NowSeconds() < warm) driver.Turn(1, receive);

  double start = NowSeconds();
  double cpu = CpuSeconds();
  count = 0;
  bytes = 0;
  while (NowSeconds() < start + seconds) driver.Turn(1, receive);
  double elapsed = NowSeconds() - start;
  cpu = CpuSeconds() - cpu;
  Report("result").Field("count", count).Field("bytes", bytes).Field("seconds", elapsed).Field("cpuSeconds", cpu);
  driver.CloseWhenDelivered(connection);
}
