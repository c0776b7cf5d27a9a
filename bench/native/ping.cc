#include <algorithm>
#include <vector>

#include "report.h"
#include "roles.h"

void RunPing(Driver& driver, const Options& options) {
  int count = static_cast<int>(options.Integer("count", 20000));
  int warmup = static_cast<int>(options.Integer("warmup", 1000));
  std::vector<char> payload(options.Integer("size", 64), 'x');
  HSteamNetConnection connection = driver.Connect(static_cast<int>(options.Integer("port", 0)));
  while (!driver.ever_connected()) driver.Turn(1, [](SteamNetworkingMessage_t&) {});

  std::vector<double> times;
  times.reserve(count);
  int lost = 0;
  double cpu = 0;
  for (int i = -warmup; i < count; i++) {
    if (i == 0) cpu = CpuSeconds();
    double start = NowSeconds();
    bool answered = false;
    driver.Send(connection, payload.data(), static_cast<uint32_t>(payload.size()),
                k_nSteamNetworkingSend_UnreliableNoNagle);
    while (!answered && NowSeconds() < start + 1) {
      driver.Turn(1, [&](SteamNetworkingMessage_t&) { answered = true; });
      driver.RequireConnection();
    }
    if (!answered) lost++;
    if (i >= 0) times.push_back((NowSeconds() - start) * 1e6);
  }
  cpu = CpuSeconds() - cpu;
  driver.CloseWhenDelivered(connection);
  std::sort(times.begin(), times.end());
  Report("result")
      .Field("count", static_cast<int64_t>(count))
      .Field("lost", static_cast<int64_t>(lost))
      .Field("p50", Percentile(times, 0.5))
      .Field("p99", Percentile(times, 0.99))
      .Field("p999", Percentile(times, 0.999))
      .Field("cpuSeconds", cpu);
}
