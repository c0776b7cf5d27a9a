#include <cstdio>
#include <exception>
#include <map>
#include <string>

#include "report.h"
#include "roles.h"

int main(int argc, char** argv) {
  const std::map<std::string, void (*)(Driver&, const Options&)> roles = {
      {"echo", RunEcho},   {"ping", RunPing}, {"flood", RunFlood},     {"sink", RunSink},
      {"swarm", RunSwarm}, {"send", RunSend}, {"receive", RunReceive},
  };
  try {
    Options options(argc, argv);
    auto role = roles.find(options.role());
    if (role == roles.end()) throw std::invalid_argument("unknown role " + options.role());
    Driver driver(options);
    role->second(driver, options);
    return 0;
  } catch (const std::exception& error) {
    Report("error").Field("message", std::string(error.what()));
    return 1;
  }
}
