#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "doorbell.h"
#include "udp/udp_socket.h"
#include "udp/waker.h"
#include "webtransport/core.h"
#include "webtransport/loop_watch.h"

namespace vs {

// All sessions over one UDP socket. An event loop turns it when the descriptor is readable or its timer is due, and a
// LoopWatch in place of a loop that is busy, so that acknowledgements and timers stay on time. Where there is no such
// loop a thread of its own turns it. JavaScript only reads and writes records.
class WebTransportSocket {
 public:
  // Returns null on failure, and `error` is the system's number.
  static std::unique_ptr<WebTransportSocket> Open(const UdpAddress& address, int buffer_bytes, vs_wt_limits limits,
                                                  Doorbell* doorbell, int& error);
  ~WebTransportSocket();

  Descriptor descriptor() const { return udp_->descriptor(); }
  uint16_t port() const { return udp_->port(); }

  // To be called once: whether an event loop turns it.
  bool StartThread(bool has_loop);
  // For the LoopWatch: turns it if something waits that waited at the last look, and the loop has not turned it since.
  // Returns whether something waits.
  bool Look();
  bool was_waiting() const { return was_waiting_; }
  // Receives, does what is due, and sends.
  void Turn();
  // Milliseconds until Turn is due though nothing arrives; INT_MAX for never.
  int TimeToNextTimer();
  // Whether JS has something to read of which it has not been told. It counts as told then.
  bool TakeNews();

  // As the functions of core.h; what follows from them is sent.
  int64_t SetCertificate(vs_wt_bytes cert, vs_wt_bytes key, std::string& error);
  int64_t Connect(const UdpAddress& to, vs_wt_bytes name, vs_wt_bytes authority, vs_wt_bytes path, vs_wt_bytes hashes,
                  vs_wt_bytes roots, std::string& error);
  int64_t Take(uint8_t* slab, size_t size);
  int64_t Run(vs_wt_bytes slab);
  // Waits until the other sides have answered the reasons that they were told, at most `ms`: a browser forgets a reason
  // if its acknowledgement meets a closed port.
  void Linger(int ms);
  int64_t Buffered(uint32_t session);
  vs_wt_figures_t Figures();

 private:
  WebTransportSocket(std::unique_ptr<UdpSocket> udp, vs_wt* core, Doorbell* doorbell)
      : udp_(std::move(udp)), core_(core), doorbell_(doorbell) {}
  void Flush();
  bool HasUntoldNews();
  // After a call of JS's: its thread looks at the timers again, and JS hears of what the call itself has set off.
  void AfterCall();
  void RunAlone();

  const std::unique_ptr<UdpSocket> udp_;
  vs_wt* const core_;
  Doorbell* const doorbell_;
  std::mutex mutex_;  // of the core
  bool told_ = false;
  std::vector<uint8_t> waiting_;  // slots for which the system had no room, as many as one call sends at most

  std::shared_ptr<LoopWatch> watch_;  // null where there is no loop
  std::atomic<uint64_t> turns_{0};
  uint64_t seen_turns_ = 0;  // these two are the watch's
  bool was_waiting_ = false;
  std::thread thread_;  // where there is no loop
  std::atomic<bool> stop_{false};
  Waker waker_;  // open where the thread waits for datagrams
};

}  // namespace vs
