// Runs the core of the addon without Node, for the thread sanitizer. Two threads, each with its own owner, talk to each
// other while the helper thread polls, and are torn down amid the traffic. Rounds alternate between the drivers; in
// hybrid mode the server's thread acts as the event loop. Meanwhile two more threads talk over batched UDP.
//
//   core-race [rounds]        exit code 0: in every round the messages arrived and both threads ended

#include <poll.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <future>
#include <thread>

#include "bell.h"
#include "core/closing.h"
#include "core/inbox.h"
#include "core/library.h"
#include "core/outbox.h"
#include "core/sockets.h"
#include "core/turn.h"
#include "udp_race.h"

namespace {

constexpr uint16_t kFirstPort = 29000;
constexpr int kMessagesPerRound = 400;
constexpr int kBurst = 16;
constexpr int kTurnsBeforeSilence = 10;

// Stands for one environment: a thread with an owner, which echoes messages until it has received enough.
class Peer {
 public:
  Peer(vs::DriverMode mode, uint16_t port, bool is_server) : mode_(mode), is_server_(is_server) {
    address_.SetIPv6LocalHost(port);
  }

  // A client that connects before the server listens waits half a second for its next attempt.
  void AwaitOpened() { opened_.get_future().wait(); }

  bool Run() {
    if (!vs::AddUser(mode_, false, nullptr).empty()) return false;
    const bool plays_loop = is_server_ && vs::GetDriver().AttachLoop(&bell_);
    owner_ = vs::CreateOwner(&bell_);
    vs::SetReadable(owner_, true);
    const vs::Handle opened =
        is_server_ ? vs::CreateListenSocket(owner_, address_, {}) : vs::Connect(owner_, address_, {});
    opened_.set_value();
    if (opened) {
      for (int turn = 0; received_ < kMessagesPerRound && turn < 20000 && !ended_ && !forgotten_; turn++) {
        if (!is_server_ && turn == kTurnsBeforeSilence) AwaitSilence();
        if (plays_loop) {
          TurnLoop();
        } else {
          bell_.Wait(50);
        }
        Deliver();
        if (turn % 64 == 0) ChurnPair();
      }
    }
    // Ends while there is traffic.
    if (plays_loop) vs::GetDriver().DetachLoop();
    vs::DestroyOwners({owner_});
    vs::RemoveUser();
    const bool is_done = received_ >= kMessagesPerRound || ended_;
    if (!is_done || forgotten_) std::fprintf(stderr, "%d received, forgotten %d\n", received_, forgotten_);
    return opened && !forgotten_ && is_done;
  }

 private:
  void TurnLoop() {
    pollfd descriptor{vs::GetDriver().descriptor(), POLLIN, 0};
    vs::GetDriver().TakeWake();  // for the calls of the last turn
    ::poll(&descriptor, 1, std::min(vs::GetDriver().TimeToNextPoll(), 10));
    const bool polled = vs::GetDriver().PollFromLoop();
    vs::Collect(true, &bell_);
    // The thread that polls in its place rings.
    if (!polled && !bell_.Wait(10'000)) forgotten_ = true;
  }

  // The client answers nothing for so long that a silence may begin, which the next message then ends.
  void AwaitSilence() {
    for (int i = 0; i < 100 && mode_ == vs::DriverMode::Hybrid && !vs::GetDriver().is_silent(); i++) bell_.Wait(10);
  }

  void Deliver() {
    for (const vs::Woken& woken : vs::TakeWoken(&bell_)) {
      vs::StatusEvent event;
      while (vs::NextEvent(owner_, event)) OnEvent(event);
      if (connection_) Echo();
      vs::CheckForMore(woken);
    }
  }

  void OnEvent(const vs::StatusEvent& event) {
    switch (event.status.m_info.m_eState) {
      case k_ESteamNetworkingConnectionState_Connecting:
        if (is_server_) vs::AcceptConnection(owner_, event.status.m_hConn);
        break;
      case k_ESteamNetworkingConnectionState_Connected:
        connection_ = event.status.m_hConn;
        for (int i = 0; i < kBurst; i++) SendOne(i % 2 == 0);
        break;
      case k_ESteamNetworkingConnectionState_ClosedByPeer:
      case k_ESteamNetworkingConnectionState_ProblemDetectedLocally:
        vs::CloseConnection(owner_, event.status.m_hConn, 0, "", 0);
        ended_ = true;
        break;
      default:
        break;
    }
  }

  void SendOne(bool reliable) {
    static const char payload[20] = {};
    vs::Send(owner_, connection_, payload, sizeof payload,
             k_nSteamNetworkingSend_NoNagle | (reliable ? k_nSteamNetworkingSend_Reliable : 0));
    vs::GetDriver().EndSilence();
  }

  void Echo() {
    for (;;) {
      const vs::Received got =
          vs::Receive(owner_, vs::ReceiveSource::Connection, connection_, 32, slab_, sizeof slab_, 0);
      if (got.count <= 0) return;
      received_ += got.count;
      for (int i = 0; i < got.count; i++) SendOne(true);
    }
  }

  // Opens and closes a pair, with a message in it and a lingering close, while the other thread is active.
  void ChurnPair() {
    vs::Handle pair[2];
    if (!vs::CreateSocketPair(owner_, false, nullptr, nullptr, pair)) return;
    vs::Send(owner_, pair[0], "x", 1, k_nSteamNetworkingSend_Reliable);
    vs::CloseConnection(owner_, pair[0], 1001, "done", 5000);
    vs::CloseConnection(owner_, pair[1], 0, "", 0);
  }

  vs::DriverMode mode_;
  bool is_server_;
  std::promise<void> opened_;
  SteamNetworkingIPAddr address_;
  Bell bell_;
  vs::OwnerId owner_ = 0;
  vs::Handle connection_ = 0;
  int received_ = 0;
  bool ended_ = false;
  bool forgotten_ = false;
  alignas(8) uint8_t slab_[64 * 1024];
};

bool Round(vs::DriverMode mode, uint16_t port) {
  // Keeps the library running until both threads are done.
  vs::AddUser(mode, false, nullptr);
  Peer server(mode, port, true), client(mode, port, false);
  bool server_ok = false, client_ok = false;
  std::thread server_thread([&] { server_ok = server.Run(); });
  server.AwaitOpened();
  std::thread client_thread([&] { client_ok = client.Run(); });
  const bool udp_ok = TalkOverUdp();
  server_thread.join();
  client_thread.join();
  vs::RemoveUser();
  if (server_ok && client_ok && udp_ok) return true;
  std::fprintf(stderr, "server %d, client %d, UDP %d\n", server_ok, client_ok, udp_ok);
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 20;
  for (int i = 0; i < rounds; i++) {
    const vs::DriverMode mode = i % 2 ? vs::DriverMode::Thread : vs::DriverMode::Hybrid;
    if (!Round(mode, static_cast<uint16_t>(kFirstPort + i))) {
      std::fprintf(stderr, "round %d failed\n", i);
      return 1;
    }
  }
  std::printf("%d rounds\n", rounds);
  return 0;
}
