#include "core/library.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>

#ifndef _WIN32
#include <fcntl.h>
#include <unistd.h>
#endif

#include "core/closing.h"
#include "core/config.h"
#include "core/inbox.h"
#include "core/log.h"
#include "core/sessions.h"
#include "core/signals.h"
#include "core/trust.h"
#include "core/turn.h"

namespace vs {

namespace {

struct Library {
  std::mutex mutex;
  int users = 0;
  bool at_exit_installed = false;
};

Library& GetLibrary() {
  static Library* library = new Library();
  return *library;
}

// What GNS itself tells the peers when it is killed with connections open.
constexpr int kShutdownReason = k_ESteamNetConnectionEnd_AppException_Max;
constexpr char kShutdownText[] = "SteamNetworkingSockets shutdown";

void Kill() {
  GetDriver().Stop();
  std::vector<OwnerId> ids;
  {
    auto [state, lock] = Locked(GetState());
    for (auto& [id, owner] : state.owners) ids.push_back(id);
  }
  for (OwnerId id : ids) ReleaseSessions(id);
  {
    auto [state, lock] = Locked(GetState());
    CloseLingering(state);
    for (auto& [handle, group] : state.groups) {
      for (auto* message : group.in_hand) message->Release();
    }
    state.groups.clear();
    state.connections.clear();
    state.listeners.clear();
    state.lingering = 0;
    state.farewells.clear();
    state.fin_waits.clear();
    state.draining = 0;
    // The owners stay and can be used again after the next initialize.
    for (auto& [id, owner] : state.owners) {
      owner->doorbell->keep_alive = 0;
      owner->default_group = 0;
      owner->groups.clear();
      owner->events.clear();
      owner->drained.clear();
      owner->pending = false;
    }
  }
  GameNetworkingSockets_Kill();
  ClearSignals();
  RemoveAuthorities();
  RemoveLog();
  RestoreGlobalConfig();
}

// At process.exit and after an uncaught exception Node runs no cleanup hook of the main thread, only atexit handlers.
// This one is registered after GNS's own and so runs before it, while the helper thread can still be joined and peers
// can still be told.
void AtExit() {
  auto [library, lock] = Locked(GetLibrary());
  if (library.users == 0) return;
  library.users = 0;
  Kill();
}

// GNS ends the process when it cannot open this file, as in a chroot without /dev or with no descriptor left. Returns
// "", or why it cannot be opened.
std::string CheckRandomSource() {
#ifndef _WIN32
  constexpr char kSource[] = "/dev/urandom";
  const int descriptor = open(kSource, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return std::string("GameNetworkingSockets needs ") + kSource + ": " + std::strerror(errno);
  close(descriptor);
#endif
  return "";
}

std::string Start(DriverMode wanted, bool any_driver, const SteamNetworkingIdentity* identity) {
  std::string error = CheckRandomSource();
  if (!error.empty()) return error;
  Driver& driver = GetDriver();
  InstallLog();
  driver.PrepareStart();
  SteamNetworkingErrMsg message = {};
  if (!GameNetworkingSockets_Init(identity, message)) {
    RemoveLog();
    return message[0] ? message : "GameNetworkingSockets could not be initialized";
  }
  Library& library = GetLibrary();
  if (!library.at_exit_installed) {
    library.at_exit_installed = true;
    std::atexit(AtExit);
  }
  Utils()->SetGlobalCallback_SteamNetConnectionStatusChanged(OnStatusChanged);
  if (driver.Start(wanted) != wanted && !any_driver) {
    Kill();
    return "The hybrid driver is not available here: it needs Linux, Node.js, and the library as an archive";
  }
  return "";
}

}  // namespace

std::string AddUser(DriverMode wanted, bool any_driver, const SteamNetworkingIdentity* identity) {
  auto [library, lock] = Locked(GetLibrary());
  if (library.users == 0) {
    const std::string error = Start(wanted, any_driver, identity);
    if (!error.empty()) return error;
  } else {
    if (!any_driver && GetDriver().mode() != wanted) return "The library runs with another driver already";
    SteamNetworkingIdentity current;
    if (identity && !(Sockets()->GetIdentity(&current) && current == *identity)) {
      return "The library runs with another identity already";
    }
  }
  library.users++;
  return "";
}

void RemoveUser() {
  auto [library, lock] = Locked(GetLibrary());
  if (library.users == 0 || --library.users > 0) return;
  Kill();
}

bool IsRunning() { return Sockets() != nullptr; }

void CloseOwners(const std::vector<OwnerId>& owners) {
  if (IsLingering()) {
    GetDriver().AwaitPoll();  // sends what has been flushed
    Collect(true);            // it may have received something for others
  }
  for (OwnerId id : owners) ReleaseSessions(id);
  auto [state, lock] = Locked(GetState());
  for (OwnerId id : owners) CloseAll(state, id, kShutdownReason, kShutdownText);
}

void DestroyOwners(const std::vector<OwnerId>& owners) {
  CloseOwners(owners);
  auto [state, lock] = Locked(GetState());
  for (OwnerId id : owners) {
    RemoveSignalQueue(id);
    state.owners.erase(id);
  }
}

void ResetIdentity(const SteamNetworkingIdentity* identity) {
  auto [state, lock] = Locked(GetState());
  CloseProcess(state, kShutdownReason, kShutdownText);
  Sockets()->ResetIdentity(identity);
  state.RingPending(nullptr);
}

void RingAll() {
  auto [state, lock] = Locked(GetState());
  for (auto& [id, owner] : state.owners) owner->doorbell->Ring();
}

}  // namespace vs
