#pragma once

#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

/// One JSON object, printed as one line on stdout when it goes out of scope.
class Report {
 public:
  explicit Report(const std::string& event);
  ~Report();
  Report(const Report&) = delete;
  Report& operator=(const Report&) = delete;

  Report& Field(const char* name, const std::string& value);
  Report& Field(const char* name, double value);
  Report& Field(const char* name, int64_t value);

 private:
  std::ostringstream line_;
};

/// Monotonic seconds.
double NowSeconds();
/// User and system time of this process.
double CpuSeconds();
int64_t ResidentBytes();

/// The value at `share` (0-1) of `sorted`.
double Percentile(const std::vector<double>& sorted, double share);
