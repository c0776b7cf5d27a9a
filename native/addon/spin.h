#pragma once
#include <cstdint>

namespace vs {

// Whether an event loop looks for more work for a while before it goes back to sleep, which saves the time to fall
// asleep and to wake.
struct SpinOptions {
  uint32_t us = 0;        // for how long it looks after the last work; 0 for not at all
  bool adaptive = false;  // only while at least half of the last times would have found some
};

class Spin {
 public:
  enum class Look { Worked, Idle, End };

  void Set(const SpinOptions& options) { options_ = options; }

  // To be called when the loop has woken, before its work.
  void Woke() {
    if (options_.adaptive) Note(NowUs() - last_end_ < options_.us);
  }

  // To be called after that work. Calls `look`, which does what there is to do, until it has been idle for long enough
  // or says End, or a millisecond has passed: other handles of the loop get their turn.
  template <typename Looker>
  void Run(Looker look) {
    if (options_.us == 0) return;
    const int64_t start = NowUs();
    int64_t now = start;
    int64_t end = start + (IsWorthwhile() ? options_.us : 0);
    for (; now < end && now < start + kMostUs; now = NowUs()) {
      const Look result = look();
      if (result == Look::End) break;
      if (result == Look::Idle) continue;
      if (options_.adaptive) Note(true);
      end = NowUs() + options_.us;
    }
    last_end_ = now;
  }

 private:
  static constexpr int64_t kMostUs = 1000;
  static constexpr int kRecent = 16;

  static int64_t NowUs();
  // Whether work came in time, or would have if the loop had looked for it.
  void Note(bool found) { recent_ = ((recent_ << 1) | (found ? 1u : 0u)) & ((1u << kRecent) - 1); }
  bool IsWorthwhile() const;

  SpinOptions options_;
  int64_t last_end_ = 0;
  uint32_t recent_ = 0;  // a bit for each of the last kRecent
};

}  // namespace vs
