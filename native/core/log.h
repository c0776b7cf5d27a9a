#pragma once
#include <string>
#include <vector>

#include "core/gns.h"
#include "doorbell.h"

namespace vs {

struct LogLine {
  int type;
  std::string message;
};

constexpr size_t kMaxLogLines = 1024;

// To be called once, before GNS starts. Directs its log lines to the subscriber and to ErrorCapture.
void InstallLog();
void RemoveLog();

// There is one subscriber per process; level 0 removes it. Lines wait in a bounded queue, and `doorbell` rings for
// them.
void SubscribeLog(Doorbell* doorbell, int level);
// Removes the subscriber if it is this doorbell.
void UnsubscribeLog(Doorbell* doorbell);
std::vector<LogLine> TakeLog(Doorbell* doorbell);
uint64_t DroppedLogLines();

// While one exists, GNS's log lines of this thread are kept for TakeErrorLines. A new one drops the lines of the last.
class ErrorCapture {
 public:
  ErrorCapture();
  ~ErrorCapture();
};
std::vector<std::string> TakeErrorLines();

}  // namespace vs
