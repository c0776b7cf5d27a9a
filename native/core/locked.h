#pragma once
#include <mutex>

namespace vs {

template <typename Guarded>
struct Held {
  Guarded& object;
  std::unique_lock<std::mutex> lock;
};

// An object and its lock, which is held while both are in scope: auto [state, lock] = Locked(GetState());
template <typename Guarded>
Held<Guarded> Locked(Guarded& object) {
  return {object, std::unique_lock<std::mutex>(object.mutex)};
}

}  // namespace vs
