#pragma once
#include <string>

#include "core/driver.h"
#include "core/state.h"

namespace vs {

// GNS is one per process. It starts with its first user and stops with its last. Returns GNS's message on failure,
// "" on success. A later user takes what runs: it may not ask for another driver or identity.
std::string AddUser(DriverMode wanted, bool any_driver, const SteamNetworkingIdentity* identity);
// Gives up one user.
void RemoveUser();
bool IsRunning();

// Closes what these owners have open; with Destroy, forgets the owners too.
void CloseOwners(const std::vector<OwnerId>& owners);
void DestroyOwners(const std::vector<OwnerId>& owners);

// Takes another identity, or GNS's default one. Everything in the process is closed first: GNS destroys it anyway, with
// poll groups, and our tables have to follow.
void ResetIdentity(const SteamNetworkingIdentity* identity);

// Rings the doorbell of every owner.
void RingAll();

}  // namespace vs
