#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "report.h"
#include "roles.h"

namespace {

/// So that a swarm that catches up after a pause does not overflow the server's socket buffer.
constexpr int kMaxBurst = 64;

/// A client's message is due every period; the clients are spread evenly over it.
struct Client {
  HSteamNetConnection connection;
  double due;
};

/// Whether a line has come on the standard input, or its end. What is read is dropped.
bool IsTold() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  char line[64];
  return poll(&input, 1, 0) > 0 && read(STDIN_FILENO, line, sizeof line) >= 0;
}

}  // namespace

/// With --wait the clients send when all swarms are connected, which a line on the standard input tells.
void RunSwarm(Driver& driver, const Options& options) {
  int wanted = static_cast<int>(options.Integer("connections", 100));
  int port = static_cast<int>(options.Integer("port", 0));
  double hz = options.Number("hz", 20);
  double seconds = options.Number("seconds", 5);
  std::vector<char> payload(options.Integer("size", 60), 'x');
  int64_t received = 0;
  auto receive = [&](SteamNetworkingMessage_t&) { received++; };

  // At most 64 handshakes at a time: a burst of all of them would overflow the server's socket buffer.
  std::vector<Client> clients;
  while (driver.connections() < wanted) {
    while (static_cast<int>(clients.size()) < wanted && static_cast<int>(clients.size()) < driver.connections() + 64) {
      clients.push_back({driver.Connect(port), 0});
    }
    driver.Turn(1, receive);
  }
  Report("connected").Field("connections", static_cast<int64_t>(driver.connections()));

  while (options.Integer("wait", 0) && !IsTold()) driver.Turn(1, receive);

  double start = NowSeconds();
  double cpu = CpuSeconds();
  int64_t sent = 0;
  int64_t dropped = 0;
  for (size_t i = 0; i < clients.size(); i++) {
    clients[i].due = start + (hz > 0 ? static_cast<double>(i) / static_cast<double>(clients.size()) / hz : seconds);
  }
  size_t next = 0;
  while (NowSeconds() < start + seconds) {
    double now = NowSeconds();
    int burst = 0;
    for (; hz > 0 && burst < kMaxBurst && clients[next].due <= now; burst++) {
      if (driver.Send(clients[next].connection, payload.data(), static_cast<uint32_t>(payload.size()),
                      k_nSteamNetworkingSend_UnreliableNoNagle)) {
        sent++;
      } else {
        dropped++;
      }
      clients[next].due += 1 / hz;
      next = (next + 1) % clients.size();
    }
    driver.Turn(burst == kMaxBurst ? 0 : 1, receive);
  }
  double elapsed = NowSeconds() - start;
  cpu = CpuSeconds() - cpu;
  // The answers to the last messages are still on their way.
  double settled = NowSeconds() + 0.5;
  while (received < sent && NowSeconds() < settled) driver.Turn(1, receive);
  Report("result")
      .Field("connections", static_cast<int64_t>(driver.connections()))
      .Field("sent", sent)
      .Field("dropped", dropped)
      .Field("received", received)
      .Field("seconds", elapsed)
      .Field("cpuSeconds", cpu);
  for (const Client& client : clients) SteamNetworkingSockets()->CloseConnection(client.connection, 0, nullptr, false);
  for (int i = 0; i < 10; i++) driver.Turn(1, receive);
}
