#include "options.h"

#include <stdexcept>

Options::Options(int argc, char** argv) {
  if (argc < 2) throw std::invalid_argument("no role given");
  role_ = argv[1];
  for (int i = 2; i < argc; i += 2) {
    std::string name = argv[i];
    if (name.rfind("--", 0) != 0 || i + 1 == argc) throw std::invalid_argument("expected --name value at " + name);
    values_[name.substr(2)] = argv[i + 1];
  }
}

std::string Options::Text(const std::string& name, const std::string& fallback) const {
  auto found = values_.find(name);
  return found == values_.end() ? fallback : found->second;
}

int64_t Options::Integer(const std::string& name, int64_t fallback) const {
  auto found = values_.find(name);
  return found == values_.end() ? fallback : std::stoll(found->second);
}

double Options::Number(const std::string& name, double fallback) const {
  auto found = values_.find(name);
  return found == values_.end() ? fallback : std::stod(found->second);
}
