#include "addon/spin.h"

#include <bitset>
#include <chrono>

namespace vs {

int64_t Spin::NowUs() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

bool Spin::IsWorthwhile() const { return !options_.adaptive || std::bitset<kRecent>(recent_).count() * 2 >= kRecent; }

}  // namespace vs
