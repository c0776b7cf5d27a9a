#pragma once

namespace vs {

// Batches the system calls of GNS, on Linux where it is an archive: what a poll sends leaves in few calls at its end,
// and what it receives comes in few. Elsewhere these functions do nothing.

// Marks the epoll descriptor whose sockets are GNS's. To be called while no thread polls.
void WatchGnsSockets(int epoll);

// While one exists, its thread is inside SteamNetworkingSockets_Poll. Only one thread may be at a time.
class GnsBatch {
 public:
  GnsBatch();
  ~GnsBatch();
  GnsBatch(const GnsBatch&) = delete;
  GnsBatch& operator=(const GnsBatch&) = delete;
};

// Whether one of GNS's sockets has received, since the last call, a packet that is too large for a ping or its answer.
bool TakeDataArrived();

// Whether packets wait because the system's buffer was full. The next poll sends them.
bool HasUnsentPackets();

}  // namespace vs
