#include "driver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "report.h"

// The library exports these two, but its headers do not declare them.
STEAMNETWORKINGSOCKETS_INTERFACE void SteamNetworkingSockets_SetManualPollMode(bool manual);
STEAMNETWORKINGSOCKETS_INTERFACE void SteamNetworkingSockets_Poll(int max_wait_ms);

namespace {

constexpr uint32_t kLoopback = 0x7f000001;
constexpr int kReceiveBatch = 256;

Driver* current = nullptr;

/// GNS cannot listen on port 0.
int FreePort() {
  int probe = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(kLoopback);
  socklen_t length = sizeof(address);
  bool ok = bind(probe, reinterpret_cast<sockaddr*>(&address), length) == 0 &&
            getsockname(probe, reinterpret_cast<sockaddr*>(&address), &length) == 0;
  close(probe);
  if (!ok) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

SteamNetworkingIPAddr Loopback(int port) {
  SteamNetworkingIPAddr address;
  address.Clear();
  address.SetIPv4(kLoopback, static_cast<uint16>(port));
  return address;
}

/// Every outgoing connection has its own descriptor.
void AllowManyDescriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

Driver::Driver(const Options& options)
    : manual_(options.Text("driver", "manual") == "manual"),
      deadline_(NowSeconds() + options.Number("limit", 120)),
      batch_(kReceiveBatch) {
  AllowManyDescriptors();
  SteamNetworkingSockets_SetManualPollMode(manual_);
  SteamNetworkingErrMsg error;
  if (!GameNetworkingSockets_Init(nullptr, error)) throw std::runtime_error(error);
  sockets_ = SteamNetworkingSockets();
  group_ = sockets_->CreatePollGroup();
  current = this;
  Configure(options);
  SteamNetworkingUtils()->SetGlobalCallback_SteamNetConnectionStatusChanged(&Driver::StatusChanged);
}

Driver::~Driver() {
  current = nullptr;
  GameNetworkingSockets_Kill();
}

void Driver::Configure(const Options& options) {
  auto set = [&](const char* name, ESteamNetworkingConfigValue value) {
    int64_t number = options.Integer(name, -1);
    if (number >= 0) SteamNetworkingUtils()->SetGlobalConfigValueInt32(value, static_cast<int32>(number));
  };
  set("rate", k_ESteamNetworkingConfig_SendRateMin);
  set("rate", k_ESteamNetworkingConfig_SendRateMax);
  set("buffer", k_ESteamNetworkingConfig_SendBufferSize);
  set("receive-buffer", k_ESteamNetworkingConfig_RecvBufferSize);
  set("receive-messages", k_ESteamNetworkingConfig_RecvBufferMessages);
  set("lag", k_ESteamNetworkingConfig_FakePacketLag_Send);
  SteamNetworkingUtils()->SetGlobalConfigValueFloat(k_ESteamNetworkingConfig_FakePacketLoss_Send,
                                                    static_cast<float>(options.Number("loss", 0)));
}

void Driver::Listen(int port) {
  if (port == 0) port = FreePort();
  if (sockets_->CreateListenSocketIP(Loopback(port), 0, nullptr) == k_HSteamListenSocket_Invalid) {
    throw std::runtime_error("cannot listen on port " + std::to_string(port));
  }
  Report("listening").Field("port", static_cast<int64_t>(port));
}

HSteamNetConnection Driver::Connect(int port) {
  HSteamNetConnection connection = sockets_->ConnectByIPAddress(Loopback(port), 0, nullptr);
  if (connection == k_HSteamNetConnection_Invalid) throw std::runtime_error("cannot connect");
  sockets_->SetConnectionPollGroup(connection, group_);
  return connection;
}

void Driver::StatusChanged(SteamNetConnectionStatusChangedCallback_t* event) {
  Driver& self = *current;
  switch (event->m_info.m_eState) {
    case k_ESteamNetworkingConnectionState_Connecting:
      if (event->m_info.m_hListenSocket != k_HSteamListenSocket_Invalid) {
        self.sockets_->SetConnectionPollGroup(event->m_hConn, self.group_);
        self.sockets_->AcceptConnection(event->m_hConn);
      }
      break;
    case k_ESteamNetworkingConnectionState_Connected:
      self.connections_++;
      self.ever_connected_ = true;
      break;
    case k_ESteamNetworkingConnectionState_ClosedByPeer:
    case k_ESteamNetworkingConnectionState_ProblemDetectedLocally:
      if (event->m_eOldState == k_ESteamNetworkingConnectionState_Connected) {
        self.connections_--;
        self.end_ = std::to_string(event->m_info.m_eEndReason) + " " + event->m_info.m_szEndDebug;
      } else {
        throw std::runtime_error(std::string("not connected: ") + event->m_info.m_szEndDebug);
      }
      break;
    default:
      break;
  }
  if (self.on_status_) self.on_status_(*event);
  if (event->m_info.m_eState == k_ESteamNetworkingConnectionState_ClosedByPeer ||
      event->m_info.m_eState == k_ESteamNetworkingConnectionState_ProblemDetectedLocally) {
    self.sockets_->CloseConnection(event->m_hConn, 0, nullptr, false);
  }
}

void Driver::Turn(int max_wait_ms, const MessageHandler& handler) {
  if (manual_) {
    SteamNetworkingSockets_Poll(max_wait_ms);
  } else if (max_wait_ms > 0) {
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  // Messages come before events, so that what arrived before a close is still read.
  int count;
  do {
    count = sockets_->ReceiveMessagesOnPollGroup(group_, batch_.data(), kReceiveBatch);
    for (int i = 0; i < count; i++) {
      handler(*batch_[i]);
      batch_[i]->Release();
    }
  } while (count == kReceiveBatch);
  sockets_->RunCallbacks();
  if (NowSeconds() > deadline_) throw std::runtime_error("time limit reached");
}

bool Driver::Send(HSteamNetConnection connection, const void* data, uint32_t size, int flags) {
  EResult result = sockets_->SendMessageToConnection(connection, data, size, flags, nullptr);
  if (result == k_EResultOK) return true;
  if (result == k_EResultLimitExceeded) return false;
  throw std::runtime_error("send failed with result " + std::to_string(result));
}

int Driver::SendBatch(HSteamNetConnection connection, const void* data, uint32_t size, int flags, int count) {
  std::vector<SteamNetworkingMessage_t*> messages(count);
  std::vector<int64> results(count);
  for (SteamNetworkingMessage_t*& message : messages) {
    message = SteamNetworkingUtils()->AllocateMessage(static_cast<int>(size));
    message->m_conn = connection;
    message->m_nFlags = flags;
    std::memcpy(message->m_pData, data, size);
  }
  sockets_->SendMessages(count, messages.data(), results.data(), true);
  int taken = 0;
  while (taken < count && results[taken] > 0) taken++;
  return taken;
}

void Driver::RequireConnection() const {
  if (ever_connected_ && connections_ == 0) throw std::runtime_error("connection lost: " + end_);
}

void Driver::Close(HSteamNetConnection connection) {
  sockets_->CloseConnection(connection, 0, nullptr, false);
  // GNS sends the notice of the close within the next turns.
  for (int i = 0; i < 10; i++) Turn(1, [](SteamNetworkingMessage_t&) {});
}

void Driver::CloseWhenDelivered(HSteamNetConnection connection) {
  for (;;) {
    SteamNetConnectionRealTimeStatus_t status = Status(connection);
    if (status.m_cbPendingReliable + status.m_cbSentUnackedReliable + status.m_cbPendingUnreliable == 0) break;
    Turn(1, [](SteamNetworkingMessage_t&) {});
  }
  Close(connection);
}

SteamNetConnectionRealTimeStatus_t Driver::Status(HSteamNetConnection connection) const {
  SteamNetConnectionRealTimeStatus_t status{};
  sockets_->GetConnectionRealTimeStatus(connection, &status, 0, nullptr);
  return status;
}
