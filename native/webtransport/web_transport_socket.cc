#include "webtransport/web_transport_socket.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstring>
#include <system_error>
#include <vector>

namespace vs {

namespace {

// What one call receives or sends at most.
constexpr uint32_t kSlots = 64;
constexpr size_t kSlotBytes = sizeof(UdpSlot) + 1536;
// The system is asked again after this time whether it has room.
constexpr int kRetryMs = 1;
// After so many calls that were full, others have their turn.
constexpr int kRounds = 16;

// What is received is handled at once, and what is to be sent is sent at once: a thread needs this memory once.
uint8_t* Slots() {
  thread_local std::vector<uint8_t> slots(kSlots * kSlotBytes);
  return slots.data();
}

UdpSlot SlotOf(const UdpAddress& address) {
  UdpSlot slot = {};
  std::memcpy(slot.ip, address.ip, sizeof slot.ip);
  slot.scope = address.scope;
  slot.port = address.port;
  return slot;
}

// The text of a result less than -2.
std::string TextOf(int64_t result, const uint8_t* text) {
  return result < kWtBroken ? std::string(reinterpret_cast<const char*>(text), static_cast<size_t>(kWtBroken - result))
                            : std::string();
}

}  // namespace

std::unique_ptr<WebTransportSocket> WebTransportSocket::Open(const UdpAddress& address, int buffer_bytes,
                                                             vs_wt_limits limits, Doorbell* doorbell, int& error) {
  auto udp = UdpSocket::Open(address, false, buffer_bytes, error);
  if (!udp) return nullptr;
  vs_wt* core = vs_wt_new(limits);
  if (!core) {
    error = ENOMEM;
    return nullptr;
  }
  return std::unique_ptr<WebTransportSocket>(new WebTransportSocket(std::move(udp), core, doorbell));
}

WebTransportSocket::~WebTransportSocket() {
  if (watch_) watch_->Remove(this);
  if (thread_.joinable()) {
    stop_ = true;
    waker_.Wake();
    thread_.join();
  }
  // A worker that was terminated has told nobody.
  vs_wt_stop(core_);
  Flush();
  vs_wt_free(core_);
}

bool WebTransportSocket::StartThread(bool has_loop) {
  if (!has_loop && !waker_.Open()) return false;
  try {
    if (has_loop) {
      watch_ = LoopWatch::Shared();
      watch_->Add(this);
    } else {
      thread_ = std::thread([this] { RunAlone(); });
    }
  } catch (const std::system_error&) {
    return false;
  }
  return true;
}

void WebTransportSocket::Turn() {
  std::lock_guard<std::mutex> lock(mutex_);
  turns_++;
  for (int round = 0; round < kRounds; round++) {
    const uint32_t count = udp_->Receive(Slots(), kSlotBytes, kSlots);
    vs_wt_receive(core_, Slots(), kSlotBytes, count, round == 0);
    Flush();
    if (count < kSlots) break;
  }
}

int WebTransportSocket::TimeToNextTimer() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!waiting_.empty()) return kRetryMs;
  const int64_t us = vs_wt_time_to_next(core_);
  if (us < 0 || us == INT64_MAX) return INT_MAX;
  return static_cast<int>(std::min<int64_t>((us + 999) / 1000, 3'600'000));
}

bool WebTransportSocket::TakeNews() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!HasUntoldNews()) return false;
  told_ = true;
  return true;
}

int64_t WebTransportSocket::SetCertificate(vs_wt_bytes cert, vs_wt_bytes key, std::string& error) {
  std::lock_guard<std::mutex> lock(mutex_);
  uint8_t text[256];
  const int64_t result = vs_wt_set_certificate(core_, cert, key, text, sizeof text);
  error = TextOf(result, text);
  return result;
}

int64_t WebTransportSocket::Connect(const UdpAddress& to, vs_wt_bytes name, vs_wt_bytes authority, vs_wt_bytes path,
                                    vs_wt_bytes hashes, vs_wt_bytes roots, std::string& error) {
  int64_t result;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    const UdpSlot slot = SlotOf(to);
    uint8_t text[256];
    result = vs_wt_connect(core_, reinterpret_cast<const uint8_t*>(&slot), name, authority, path, hashes, roots, text,
                           sizeof text);
    error = TextOf(result, text);
    Flush();
  }
  AfterCall();
  return result;
}

int64_t WebTransportSocket::Take(uint8_t* slab, size_t size) {
  int64_t bytes;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    bytes = vs_wt_take(core_, slab, size);
    Flush();
    // JS goes on until it gets nothing.
    if (bytes <= 0) told_ = false;
  }
  AfterCall();
  return bytes;
}

int64_t WebTransportSocket::Run(vs_wt_bytes slab) {
  int64_t result;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    result = vs_wt_run(core_, slab);
    Flush();
  }
  AfterCall();
  return result;
}

void WebTransportSocket::Linger(int ms) {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + std::chrono::milliseconds(ms);
  for (;;) {
    Turn();
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (vs_wt_unanswered(core_) <= 0) return;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return;
    PollEntry entry = {};
    entry.fd = descriptor();
    entry.events = POLLIN;
    WaitForSockets(&entry, 1, std::min(static_cast<int>(left), TimeToNextTimer()));
  }
}

int64_t WebTransportSocket::Buffered(uint32_t session) {
  std::lock_guard<std::mutex> lock(mutex_);
  return vs_wt_buffered(core_, session);
}

vs_wt_figures_t WebTransportSocket::Figures() {
  std::lock_guard<std::mutex> lock(mutex_);
  vs_wt_figures_t figures = {};
  vs_wt_figures(core_, &figures);
  figures.dropped += udp_->dropped();
  return figures;
}

void WebTransportSocket::Flush() {
  for (;;) {
    const bool is_late = !waiting_.empty();
    uint8_t* slots = is_late ? waiting_.data() : Slots();
    const int64_t count =
        is_late ? static_cast<int64_t>(waiting_.size() / kSlotBytes) : vs_wt_transmit(core_, slots, kSlotBytes, kSlots);
    if (count <= 0) return;
    const uint32_t sent = udp_->Send(slots, kSlotBytes, static_cast<uint32_t>(count));
    // The rest waits, and with it what QUIC has: it would take each datagram that it has handed out for sent.
    waiting_ = std::vector<uint8_t>(slots + sent * kSlotBytes, slots + count * kSlotBytes);
    if (!waiting_.empty() || (!is_late && count < static_cast<int64_t>(kSlots))) return;
  }
}

// A core that is broken has news: JS finds out when it reads.
bool WebTransportSocket::HasUntoldNews() { return !told_ && vs_wt_has_news(core_) != 0; }

void WebTransportSocket::AfterCall() {
  if (!watch_) waker_.Wake();
  std::unique_lock<std::mutex> lock(mutex_);
  const bool has_news = HasUntoldNews();
  lock.unlock();
  if (has_news) doorbell_->Ring();
}

bool WebTransportSocket::Look() {
  const bool is_waiting = IsReadable(descriptor()) || TimeToNextTimer() == 0;
  if (is_waiting && was_waiting_ && turns_ == seen_turns_) {
    Turn();
    doorbell_->Ring();
  }
  was_waiting_ = is_waiting;
  seen_turns_ = turns_;
  return is_waiting;
}

void WebTransportSocket::RunAlone() {
  while (!stop_) {
    const int ms = TimeToNextTimer();
    PollEntry entries[2] = {};
    entries[0].fd = waker_.descriptor();
    entries[0].events = POLLIN;
    entries[1].fd = descriptor();
    entries[1].events = POLLIN;
    WaitForSockets(entries, 2, ms == INT_MAX ? -1 : ms);
    if (entries[0].revents) waker_.Drain();
    if (stop_) return;
    Turn();
    std::unique_lock<std::mutex> lock(mutex_);
    const bool has_news = HasUntoldNews();
    lock.unlock();
    if (has_news) doorbell_->Ring();
  }
}

}  // namespace vs
