#include "core/wakes.h"

#include <atomic>
#include <utility>

#ifdef _WIN32
#include <windows.h>
#else
#include <sys/socket.h>
#endif

namespace {

#ifdef _WIN32
using Target = HANDLE;
constexpr Target kUnknown = nullptr;
#else
using Target = int;
constexpr Target kUnknown = -1;
#endif

std::atomic<void (*)()> wake_gns{nullptr};
std::atomic<Target> wake_target{kUnknown};  // what GNS wakes through
thread_local bool is_learning = false;
thread_local int holders = 0;
thread_local bool is_held = false;

// GNS, or something else in the addon, writes to `target`. Returns whether that was a wake-up that is held back.
bool HoldBack(Target target) {
  if (is_learning) wake_target = target;
  if (holders == 0 || target != wake_target) return false;
  is_held = true;
  return true;
}

}  // namespace

// GNS's archive is linked with this function in place of the system's. The symbol is local to the addon.
#ifdef _WIN32
namespace {

BOOL WINAPI SetEventUnlessHeld(HANDLE event) {
  using SetEventFunction = BOOL(WINAPI*)(HANDLE);
  static const auto set_event = reinterpret_cast<SetEventFunction>(
      reinterpret_cast<void*>(GetProcAddress(GetModuleHandleW(L"kernel32.dll"), "SetEvent")));
  return HoldBack(event) ? TRUE : set_event(event);
}

}  // namespace

// Functions of libraries are called through such a pointer. The linker takes this one, and imports none.
extern "C" {
extern BOOL(WINAPI* const __imp_SetEvent)(HANDLE);
BOOL(WINAPI* const __imp_SetEvent)(HANDLE) = SetEventUnlessHeld;
}
#else
extern "C" ssize_t send(int socket, const void* data, size_t size, int flags) {
  if (HoldBack(socket)) return static_cast<ssize_t>(size);
  return sendto(socket, data, size, flags, nullptr, 0);
}
#endif

namespace vs {

void LearnWake(void (*wake)()) {
  wake_gns = wake;
  wake_target = kUnknown;
  is_learning = true;
  WakePoller();
  is_learning = false;
}

void WakePoller() {
  const int before = std::exchange(holders, 0);
  if (const auto wake = wake_gns.load()) wake();
  holders = before;
}

void StartHoldingWakes() { holders++; }

void StopHoldingWakes() {
  if (--holders == 0 && std::exchange(is_held, false)) WakePoller();
}

bool& IsWakeHeld() { return is_held; }

HoldWakes::HoldWakes() { StartHoldingWakes(); }

HoldWakes::~HoldWakes() { StopHoldingWakes(); }

}  // namespace vs
