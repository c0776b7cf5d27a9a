#include "core/silence.h"

namespace vs {

namespace {

constexpr SteamNetworkingMicroseconds kSilentAfter = 500'000;

}  // namespace

bool Silence::End() {
  if (!disturbed_) disturbed_ = true;
  return is_on_ && is_on_.exchange(false);
}

bool Silence::Check(bool (*is_settled)()) {
  if (is_on_) return true;
  const SteamNetworkingMicroseconds now = Now();
  if (disturbed_.exchange(false)) since_ = now;
  if (now - since_ < kSilentAfter) return false;
  since_ = now;  // the next look at all connections is half a second from now
  if (!is_settled()) return false;
  is_on_ = true;
  if (disturbed_) is_on_ = false;
  return is_on_;
}

}  // namespace vs
