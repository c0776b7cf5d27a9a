#pragma once
#include <map>
#include <memory>
#include <vector>

#include "addon/loop_watcher.h"
#include "addon/spin.h"
#include "udp/udp_socket.h"
#include "udp/udp_watcher.h"

namespace vs {

class Environment;

// The UDP sockets of an environment. JS is told once that a socket is ready, and again only after it has read or sent
// everything, so a socket that is not read does not keep the event loop busy.
class UdpSockets {
 public:
  explicit UdpSockets(Environment& environment) : environment_(environment) {}
  ~UdpSockets();

  // Returns the number of the socket, or minus the system's number of the error.
  int Open(Napi::Env env, bool uv_allowed, const UdpAddress& address, bool is_remote, int buffer_bytes,
           const SpinOptions& spin);
  bool Close(uint32_t id);
  void CloseAll();
  // Returns null for an unknown number.
  UdpSocket* Find(uint32_t id);

  // As in UdpSocket; -1 for an unknown number.
  int64_t Receive(uint32_t id, uint8_t* slab, size_t slot_bytes, uint32_t count);
  // As in UdpSocket, but minus the number if the system refused to send some; 0 for an unknown number.
  int64_t Send(uint32_t id, uint8_t* slab, size_t slot_bytes, uint32_t count);

  // Returns the sockets that have become ready, of those that threads watch.
  std::vector<uint32_t> TakeReady();

 private:
  struct Entry {
    std::unique_ptr<UdpSocket> socket;
    std::unique_ptr<UdpWatcher> thread;  // where there is no libuv
    LoopWatcher* loop = nullptr;
    std::shared_ptr<Spin> spin = std::make_shared<Spin>();
    bool told = false;     // JS has been told that it is ready and has not read everything since
    bool unsent = false;   // the system's buffer was full
    bool readable = true;  // what `loop` watches for
    bool writable = false;
  };

  void Watch(Entry& entry, bool readable);
  void OnLoopReady(uint32_t id);
  Spin::Look LookForMore(uint32_t id);

  Environment& environment_;
  std::map<uint32_t, Entry> sockets_;
  uint32_t next_id_ = 1;
};

}  // namespace vs
