#include <openssl/evp.h>

#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "report.h"
#include "roles.h"

namespace {

/// SHA-256 over every message's length (u32, little-endian) and bytes: order, borders and content.
class TransferHash {
 public:
  TransferHash() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
  }

  void Add(const void* data, uint32_t size) {
    const unsigned char length[4] = {static_cast<unsigned char>(size), static_cast<unsigned char>(size >> 8),
                                     static_cast<unsigned char>(size >> 16), static_cast<unsigned char>(size >> 24)};
    EVP_DigestUpdate(context_.get(), length, sizeof(length));
    EVP_DigestUpdate(context_.get(), data, size);
  }

  std::string Hex() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    EVP_DigestFinal_ex(context_.get(), digest, &size);
    std::string hex;
    for (unsigned int i = 0; i < size; i++) {
      hex += "0123456789abcdef"[digest[i] >> 4];
      hex += "0123456789abcdef"[digest[i] & 15];
    }
    return hex;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

std::vector<uint32_t> ReadSizes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<uint32_t> sizes;
  unsigned char bytes[4];
  while (file.read(reinterpret_cast<char*>(bytes), sizeof(bytes))) {
    sizes.push_back(bytes[0] | bytes[1] << 8 | bytes[2] << 16 | static_cast<uint32_t>(bytes[3]) << 24);
  }
  if (sizes.empty()) throw std::runtime_error("no sizes in " + path);
  return sizes;
}

/// xorshift32, which gives each message different content.
void Fill(std::vector<unsigned char>& payload, uint32_t& state) {
  for (unsigned char& byte : payload) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    byte = static_cast<unsigned char>(state);
  }
}

/// A transfer runs on either side of the connection: with --connect PORT this program connects, otherwise it listens.
///
/// The receiver starts with an empty message and ends with another one. Otherwise a listener would send as soon as it
/// is connected: if the notice of that is lost, it is thousands of packets ahead when the notice is repeated, and GNS
/// gives the connection up.
void Join(Driver& driver, const Options& options) {
  int port = static_cast<int>(options.Integer("connect", 0));
  if (port) {
    driver.Connect(port);
  } else {
    driver.Listen(static_cast<int>(options.Integer("port", 0)));
  }
}

}  // namespace

void RunSend(Driver& driver, const Options& options) {
  std::vector<uint32_t> sizes = ReadSizes(options.Text("sizes", ""));
  auto state = static_cast<uint32_t>(options.Integer("seed", 1));
  HSteamNetConnection connection = k_HSteamNetConnection_Invalid;
  int heard = 0;
  auto listen = [&](SteamNetworkingMessage_t& message) {
    connection = message.m_conn;
    heard++;
  };
  auto wait = [&](int max_wait_ms) {
    driver.Turn(max_wait_ms, listen);
    if (heard < 2) driver.RequireConnection();
  };
  Join(driver, options);
  while (heard < 1) wait(1);

  TransferHash hash;
  int64_t bytes = 0;
  int64_t refused = 0;
  std::vector<unsigned char> payload;
  for (uint32_t size : sizes) {
    payload.resize(size);
    Fill(payload, state);
    hash.Add(payload.data(), size);
    while (!driver.Send(connection, payload.data(), size, k_nSteamNetworkingSend_ReliableNoNagle)) {
      refused++;
      wait(1);
    }
    bytes += size;
    wait(0);
  }
  while (heard < 2) wait(1);
  Report("result")
      .Field("count", static_cast<int64_t>(sizes.size()))
      .Field("bytes", bytes)
      .Field("refused", refused)
      .Field("hash", hash.Hex());
  driver.Close(connection);
}

void RunReceive(Driver& driver, const Options& options) {
  int64_t expected = options.Integer("count", 1);
  TransferHash hash;
  int64_t count = 0;
  int64_t bytes = 0;
  HSteamNetConnection connection = k_HSteamNetConnection_Invalid;
  auto say = [&] { driver.Send(connection, "", 0, k_nSteamNetworkingSend_ReliableNoNagle); };
  driver.OnStatus([&](const SteamNetConnectionStatusChangedCallback_t& event) {
    if (event.m_info.m_eState != k_ESteamNetworkingConnectionState_Connected) return;
    connection = event.m_hConn;
    say();
  });
  Join(driver, options);
  auto receive = [&](SteamNetworkingMessage_t& message) {
    hash.Add(message.m_pData, message.m_cbSize);
    count++;
    bytes += message.m_cbSize;
  };
  while (count < expected) {
    driver.Turn(1, receive);
    driver.RequireConnection();
  }
  Report("result").Field("count", count).Field("bytes", bytes).Field("hash", hash.Hex());
  say();
  driver.CloseWhenDelivered(connection);
}
