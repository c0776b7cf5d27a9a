#include "core/log.h"

#include <algorithm>
#include <deque>

#include "core/locked.h"

namespace vs {

namespace {

struct Log {
  // Taken with GNS's locks held, so while it is held nothing may be called but Doorbell::Ring.
  std::mutex mutex;
  Doorbell* subscriber = nullptr;
  int level = 0;
  std::deque<LogLine> lines;
  uint64_t dropped = 0;
};

Log& GetLog() {
  static Log* log = new Log();
  return *log;
}

thread_local bool capturing = false;

std::vector<std::string>& CapturedLines() {
  thread_local std::vector<std::string> lines;
  return lines;
}

// GNS calls this on any thread, with its locks held.
void OnLine(ESteamNetworkingSocketsDebugOutputType type, const char* message) {
  if (capturing && type <= k_ESteamNetworkingSocketsDebugOutputType_Warning) CapturedLines().emplace_back(message);
  auto [log, lock] = Locked(GetLog());
  if (!log.subscriber || type > log.level) return;
  if (log.lines.size() >= kMaxLogLines) {
    log.dropped++;
    return;
  }
  log.lines.push_back({type, message});
  log.subscriber->Ring();
}

// When a call fails, GNS explains why in warnings and errors, so these are always requested.
void ApplyLevel(int level) {
  const int asked = std::max<int>(level, k_ESteamNetworkingSocketsDebugOutputType_Warning);
  Utils()->SetDebugOutputFunction(static_cast<ESteamNetworkingSocketsDebugOutputType>(asked), OnLine);
}

}  // namespace

void InstallLog() {
  const int level = Locked(GetLog()).object.level;
  ApplyLevel(level);
}

void RemoveLog() { Utils()->SetDebugOutputFunction(k_ESteamNetworkingSocketsDebugOutputType_None, nullptr); }

void SubscribeLog(Doorbell* doorbell, int level) {
  {
    auto [log, lock] = Locked(GetLog());
    log.subscriber = level ? doorbell : nullptr;
    log.level = level;
    log.lines.clear();
  }
  ApplyLevel(level);
}

void UnsubscribeLog(Doorbell* doorbell) {
  auto [log, lock] = Locked(GetLog());
  if (log.subscriber != doorbell) return;
  log.subscriber = nullptr;
  log.level = 0;
  log.lines.clear();
}

std::vector<LogLine> TakeLog(Doorbell* doorbell) {
  auto [log, lock] = Locked(GetLog());
  if (log.subscriber != doorbell) return {};
  std::vector<LogLine> lines(log.lines.begin(), log.lines.end());
  log.lines.clear();
  return lines;
}

uint64_t DroppedLogLines() { return Locked(GetLog()).object.dropped; }

ErrorCapture::ErrorCapture() {
  CapturedLines().clear();
  capturing = true;
}

ErrorCapture::~ErrorCapture() { capturing = false; }

std::vector<std::string> TakeErrorLines() { return std::move(CapturedLines()); }

}  // namespace vs
