#pragma once
#include <map>
#include <memory>
#include <vector>

#include "addon/loop_watcher.h"
#include "udp/udp_socket.h"
#include "udp/udp_watcher.h"

namespace vs {

class Environment;

// The UDP sockets of an environment. JS is told once that one is ready, and again after it has read all or sent all: a
// socket that nobody reads does not keep the event loop busy.
class UdpSockets {
 public:
  explicit UdpSockets(Environment& environment) : environment_(environment) {}
  ~UdpSockets();

  // Returns the number of the socket, or minus the system's number of the error.
  int Open(Napi::Env env, bool uv_allowed, const UdpAddress& address, bool is_remote, int buffer_bytes);
  bool Close(uint32_t id);
  void CloseAll();
  // Null: no such socket.
  UdpSocket* Find(uint32_t id);

  // As UdpSocket; -1: no such socket.
  int64_t Receive(uint32_t id, uint8_t* slab, size_t slot_bytes, uint32_t count);
  int64_t Send(uint32_t id, uint8_t* slab, size_t slot_bytes, uint32_t count);

  // The sockets that have become ready, where threads watch them.
  std::vector<uint32_t> TakeReady();

 private:
  struct Entry {
    std::unique_ptr<UdpSocket> socket;
    std::unique_ptr<UdpWatcher> thread;  // where there is no libuv
    LoopWatcher* loop = nullptr;
    bool told = false;     // JS knows that it is ready, and has not read all since
    bool unsent = false;   // the system's buffer was full
    bool readable = true;  // what `loop` watches for
    bool writable = false;
  };

  void Watch(Entry& entry, bool readable);
  void OnLoopReady(uint32_t id);

  Environment& environment_;
  std::map<uint32_t, Entry> sockets_;
  uint32_t next_id_ = 1;
};

}  // namespace vs
