#pragma once

#include <cstdint>
#include <map>
#include <string>

/// Command line: a role and `--name value` pairs.
class Options {
 public:
  Options(int argc, char** argv);

  const std::string& role() const { return role_; }
  std::string Text(const std::string& name, const std::string& fallback) const;
  int64_t Integer(const std::string& name, int64_t fallback) const;
  double Number(const std::string& name, double fallback) const;

 private:
  std::string role_;
  std::map<std::string, std::string> values_;
};
