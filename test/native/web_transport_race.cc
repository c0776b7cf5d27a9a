// Runs the WebTransport sockets without Node, for the thread sanitizer: a server and its clients, each on a thread that
// stands for an event loop. Each loop is busy now and then, until the LoopWatch, which all of them share, has turned
// its socket. Every second round the sockets have threads of their own. All are torn down amid the traffic.
//
//   web-transport-race certificate.pem key.pem hash [rounds]     exit code 0: in every round all got their echoes
//
// The hash is the certificate's SHA-256 in hexadecimal, with colons.

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bell.h"
#include "loopback.h"
#include "udp/udp_system.h"
#include "webtransport/web_transport_socket.h"

namespace {

constexpr int kClients = 3;
constexpr int kEchoes = 300;
constexpr int kBurst = 8;
constexpr int kMaxTurns = 20'000;
constexpr int kTurnsBetweenBusy = 10;
// Kinds of records: to a loop, and from it.
constexpr uint8_t kIncoming = 1, kOpen = 2, kDatagram = 3, kReliable = 4, kClosed = 5;
constexpr uint8_t kSendDatagram = 1, kSendReliable = 2, kAccept = 4;
constexpr vs_wt_limits kLimits = {64, 4096, 10'000, 1000};

struct Head {
  uint32_t session, length;
  uint8_t kind, lane;
  uint16_t status;
  uint32_t value;
};
static_assert(sizeof(Head) == 16);

std::string certificate, key, hash;

vs_wt_bytes BytesOf(const std::string& text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

// One end, with its loop.
class End {
 public:
  explicit End(bool has_loop) : has_loop_(has_loop) {
    int error = 0;
    socket_ = vs::WebTransportSocket::Open(Loopback(0), 1 << 18, kLimits, &bell_, error);
  }

  bool Listen() {
    std::string error;
    return socket_ && socket_->StartThread(has_loop_) &&
           socket_->SetCertificate(BytesOf(certificate), BytesOf(key), error) == 0;
  }

  bool Connect(uint16_t port) {
    std::string error;
    return socket_ && socket_->StartThread(has_loop_) &&
           socket_->Connect(Loopback(port), BytesOf("localhost"), BytesOf("localhost"), BytesOf("/"), BytesOf(hash), {},
                            error) >= 0;
  }

  uint16_t port() const { return socket_->port(); }

  // Echoes what comes, until it has had enough.
  bool Play() {
    while (echoes_ < kEchoes && !closed_ && turn_ < kMaxTurns) TakeTurn();
    return echoes_ >= kEchoes;
  }

  // Echoes what comes, until nobody plays any more.
  void Serve(const std::atomic<int>& playing) {
    while (playing > 0) TakeTurn();
  }

 private:
  void TakeTurn() {
    turn_++;
    if (has_loop_ && turn_ % kTurnsBetweenBusy != 0) {
      TurnLoop();
    } else {
      bell_.Wait(1000);  // whoever turns the socket in place of the loop rings
    }
    Deliver();
    socket_->Figures();
  }

  void TurnLoop() {
    vs::PollEntry entry = {};
    entry.fd = socket_->descriptor();
    entry.events = POLLIN;
    vs::WaitForSockets(&entry, 1, std::min(socket_->TimeToNextTimer(), 10));
    socket_->Turn();
  }

  void Deliver() {
    socket_->TakeNews();
    for (;;) {
      const int64_t bytes = socket_->Take(slab_, sizeof slab_);
      if (bytes <= 0) break;
      answer_.clear();
      for (int64_t at = 0; at < bytes;) {
        Head head;
        std::memcpy(&head, slab_ + at, sizeof head);
        OnRecord(head, slab_ + at + sizeof head);
        at += static_cast<int64_t>(sizeof head + ((head.length + 7) & ~7u));
      }
      if (!answer_.empty()) socket_->Run({answer_.data(), answer_.size()});
    }
  }

  void OnRecord(const Head& head, const uint8_t* payload) {
    switch (head.kind) {
      case kIncoming:
        Say(head.session, kAccept, nullptr, 0);
        break;
      case kOpen:
        for (int i = 0; i < kBurst; i++) {
          Say(head.session, i % 2 ? kSendReliable : kSendDatagram, "twenty bytes of text", 20);
        }
        break;
      case kDatagram:
      case kReliable:
        echoes_++;
        Say(head.session, kSendReliable, payload, head.length);
        break;
      case kClosed:
        closed_ = true;
        break;
      default:
        break;
    }
  }

  void Say(uint32_t session, uint8_t kind, const void* payload, uint32_t length) {
    const Head head = {session, length, kind, static_cast<uint8_t>(echoes_ % 6), 0, 0};
    const size_t at = answer_.size();
    answer_.resize(at + sizeof head + ((length + 7) & ~7u));
    std::memcpy(answer_.data() + at, &head, sizeof head);
    if (length > 0) std::memcpy(answer_.data() + at + sizeof head, payload, length);
  }

  const bool has_loop_;
  Bell bell_;
  std::unique_ptr<vs::WebTransportSocket> socket_;
  int turn_ = 0;
  int echoes_ = 0;
  bool closed_ = false;
  std::vector<uint8_t> answer_;
  alignas(8) uint8_t slab_[64 * 1024];
};

bool Round(bool has_loop) {
  std::atomic<int> playing{kClients};
  std::promise<uint16_t> port;
  bool server_ok = false;
  std::thread server([&] {
    auto end = std::make_unique<End>(has_loop);
    server_ok = end->Listen();
    port.set_value(server_ok ? end->port() : 0);
    if (server_ok) end->Serve(playing);
  });
  const uint16_t to = port.get_future().get();
  std::atomic<int> done{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; i++) {
    clients.emplace_back([&] {
      auto end = std::make_unique<End>(has_loop);
      if (end->Connect(to) && end->Play()) done++;
      playing--;
    });
  }
  for (std::thread& client : clients) client.join();
  server.join();
  if (server_ok && done == kClients) return true;
  std::fprintf(stderr, "server %d, clients %d\n", server_ok, done.load());
  return false;
}

std::string Read(const char* file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  certificate = Read(argv[1]);
  key = Read(argv[2]);
  for (const char* hex = argv[3]; std::strlen(hex) >= 2; hex += hex[2] == ':' ? 3 : 2) {
    hash.push_back(static_cast<char>(std::strtol(std::string(hex, 2).c_str(), nullptr, 16)));
  }
  const int rounds = argc > 4 ? std::atoi(argv[4]) : 20;
  for (int i = 0; i < rounds; i++) {
    if (!Round(i % 2 == 0)) {
      std::fprintf(stderr, "round %d failed\n", i);
      return 1;
    }
  }
  std::printf("%d rounds\n", rounds);
  return 0;
}
