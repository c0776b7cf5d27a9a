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

// Called once, before GNS starts: routes its log lines to the subscriber and to failing calls.
void InstallLog();
void RemoveLog();

// One subscriber per process; level 0 ends it. Lines wait in a bounded queue; `doorbell` rings.
void SubscribeLog(Doorbell* doorbell, int level);
// Ends the subscription if it is this doorbell's.
void UnsubscribeLog(Doorbell* doorbell);
std::vector<LogLine> TakeLog(Doorbell* doorbell);
uint64_t DroppedLogLines();

// While one lives, GNS's lines of this thread are kept for TakeErrorLines. Each new one starts afresh.
class ErrorCapture {
 public:
  ErrorCapture();
  ~ErrorCapture();
};
std::vector<std::string> TakeErrorLines();

}  // namespace vs
