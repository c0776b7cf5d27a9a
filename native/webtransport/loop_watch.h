#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace vs {

class WebTransportSocket;

// Looks at all sockets that event loops turn, and turns those whose loops are busy. One thread serves the whole
// process: a load test has a thousand sockets.
class LoopWatch {
 public:
  // Throws std::system_error if there can be no thread.
  static std::shared_ptr<LoopWatch> Shared();
  LoopWatch();
  ~LoopWatch();

  void Add(WebTransportSocket* socket);
  // Afterwards the socket is not looked at any more.
  void Remove(WebTransportSocket* socket);

 private:
  void Run();

  std::mutex mutex_;
  std::condition_variable sleep_;
  std::vector<WebTransportSocket*> sockets_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace vs
