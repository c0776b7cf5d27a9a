#include "report.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>

namespace {

std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return quoted + '"';
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

Report::Report(const std::string& event) {
  line_.precision(10);
  line_ << "{\"event\":" << Quoted(event);
}

Report::~Report() {
  std::puts((line_.str() + "}").c_str());
  std::fflush(stdout);
}

Report& Report::Field(const char* name, const std::string& value) {
  line_ << ",\"" << name << "\":" << Quoted(value);
  return *this;
}

Report& Report::Field(const char* name, double value) {
  line_ << ",\"" << name << "\":" << value;
  return *this;
}

Report& Report::Field(const char* name, int64_t value) {
  line_ << ",\"" << name << "\":" << value;
  return *this;
}

double NowSeconds() {
  using std::chrono::steady_clock;
  return std::chrono::duration<double>(steady_clock::now().time_since_epoch()).count();
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
}

int64_t ResidentBytes() {
  int64_t total_pages = 0;
  int64_t resident_pages = 0;
  std::ifstream("/proc/self/statm") >> total_pages >> resident_pages;
  return resident_pages * sysconf(_SC_PAGESIZE);
}

double Percentile(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return 0;
  auto index = static_cast<size_t>(std::floor(share * static_cast<double>(sorted.size())));
  return sorted[std::min(index, sorted.size() - 1)];
}
