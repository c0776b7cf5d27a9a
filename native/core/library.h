#pragma once
#include <string>

#include "core/driver.h"
#include "core/state.h"

namespace vs {

// GNS exists once per process. It starts with its first user and stops with its last. Returns "" on success, or else
// GNS's message. A later user shares the running library and may not ask for another driver or identity.
std::string AddUser(DriverMode wanted, bool any_driver, const SteamNetworkingIdentity* identity);
// Removes one user.
void RemoveUser();
bool IsRunning();

// Close what these owners have open; DestroyOwners removes the owners too.
void CloseOwners(const std::vector<OwnerId>& owners);
void DestroyOwners(const std::vector<OwnerId>& owners);

// Takes another identity, or GNS's default one for null. Everything in the process is closed first: GNS destroys all
// connections, sockets and poll groups anyway, and our tables have to agree.
void ResetIdentity(const SteamNetworkingIdentity* identity);

// Rings the doorbell of every owner.
void RingAll();

}  // namespace vs
