#pragma once

#include <steam/isteamnetworkingutils.h>
#include <steam/steamnetworkingsockets.h>

#include <functional>
#include <string>
#include <vector>

#include "options.h"

/// Starts GNS with the configuration that the options name, and polls it.
///
/// Options: --driver manual|thread, --rate (bytes per second, both ends of the range), --buffer (send buffer, bytes),
/// --receive-buffer, --loss (percent of the packets sent), --lag (ms added to the packets sent), --limit (seconds
/// after which the program gives up).
class Driver {
 public:
  using StatusHandler = std::function<void(const SteamNetConnectionStatusChangedCallback_t&)>;
  using MessageHandler = std::function<void(SteamNetworkingMessage_t&)>;

  explicit Driver(const Options& options);
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  /// Listens on 127.0.0.1 and reports the port; port 0 takes a free one. Incoming connections are accepted.
  void Listen(int port);
  HSteamNetConnection Connect(int port);
  void OnStatus(StatusHandler handler) { on_status_ = std::move(handler); }

  /// Does one turn: GNS's own work, status events, then every message that has arrived.
  void Turn(int max_wait_ms, const MessageHandler& handler);
  /// Sends a copy of `data`. Returns false when the send buffer is full.
  bool Send(HSteamNetConnection connection, const void* data, uint32_t size, int flags);
  /// Sends `count` equal messages in one call; returns how many were taken.
  int SendBatch(HSteamNetConnection connection, const void* data, uint32_t size, int flags, int count);
  /// Closes at once; what is still to be delivered is lost.
  void Close(HSteamNetConnection connection);
  /// Takes turns until all that was sent is acknowledged, then closes.
  void CloseWhenDelivered(HSteamNetConnection connection);
  SteamNetConnectionRealTimeStatus_t Status(HSteamNetConnection connection) const;

  /// Throws when there was a connection and none is left, with GNS's reason.
  void RequireConnection() const;
  int connections() const { return connections_; }
  bool ever_connected() const { return ever_connected_; }

 private:
  static void StatusChanged(SteamNetConnectionStatusChangedCallback_t* event);
  void Configure(const Options& options);

  ISteamNetworkingSockets* sockets_ = nullptr;
  HSteamNetPollGroup group_ = k_HSteamNetPollGroup_Invalid;
  bool manual_;
  double deadline_;
  int connections_ = 0;
  bool ever_connected_ = false;
  std::string end_;
  StatusHandler on_status_;
  std::vector<SteamNetworkingMessage_t*> batch_;
};
