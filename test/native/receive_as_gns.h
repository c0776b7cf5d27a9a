#pragma once

#include <sys/socket.h>

#include <string>

// As GNS receives a packet, of which it takes `room` bytes. Returns false when there is none.
inline bool ReceiveAsGns(int socket, std::string& text, size_t room) {
  text.assign(room, '\0');
  sockaddr_storage from;
  iovec part = {text.data(), text.size()};
  char control[64];
  msghdr message = {};
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t size = recvmsg(socket, &message, MSG_DONTWAIT);
  text.resize(size < 0 ? 0 : static_cast<size_t>(size));
  return size >= 0;
}
