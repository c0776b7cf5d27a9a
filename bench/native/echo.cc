#include "report.h"
#include "roles.h"

void RunEcho(Driver& driver, const Options& options) {
  double seconds = options.Number("seconds", 0);
  double warmup = options.Number("warmup", 0);
  int expected = static_cast<int>(options.Integer("connections", 1));
  int peak = 0;
  int64_t count = 0;
  int64_t dropped = 0;
  auto echo = [&](SteamNetworkingMessage_t& message) {
    count++;
    int flags = k_nSteamNetworkingSend_NoNagle | (message.m_nFlags & k_nSteamNetworkingSend_Reliable);
    if (!driver.Send(message.m_conn, message.m_pData, message.m_cbSize, flags)) dropped++;
  };
  driver.Listen(static_cast<int>(options.Integer("port", 0)));
  while (peak < expected) {
    driver.Turn(1, echo);
    peak = std::max(peak, driver.connections());
  }

  // With --seconds the server's own cost is measured after the warm-up, while all clients are connected.
  double warm = NowSeconds() + warmup;
  while (driver.connections() > 0 && NowSeconds() < warm) driver.Turn(1, echo);
  double start = NowSeconds();
  double cpu = CpuSeconds();
  int64_t before = count;
  while (driver.connections() > 0 && (seconds == 0 || NowSeconds() < start + seconds)) driver.Turn(1, echo);
  Report("result")
      .Field("connections", static_cast<int64_t>(driver.connections()))
      .Field("messages", count - before)
      .Field("dropped", dropped)
      .Field("seconds", NowSeconds() - start)
      .Field("cpuSeconds", CpuSeconds() - cpu)
      .Field("residentBytes", ResidentBytes());
  while (driver.connections() > 0) driver.Turn(1, echo);
}
