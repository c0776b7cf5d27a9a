#include "udp/waker.h"

#ifndef _WIN32
#include <fcntl.h>
#include <unistd.h>
#endif

namespace vs {

#ifdef _WIN32
bool Waker::Open() {
  const Descriptor opened = OpenDatagramSocket(AF_INET);
  if (opened == kNoDescriptor) return false;
  sockaddr_in address = {};
  socklen_t size = sizeof address;
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (bind(opened, any, size) || getsockname(opened, any, &size) || connect(opened, any, size)) {
    CloseSocket(opened);
    return false;
  }
  reading_ = writing_ = opened;
  return true;
}

Waker::~Waker() {
  if (reading_ != kNoDescriptor) CloseSocket(reading_);
}

void Waker::Wake() {
  if (writing_ != kNoDescriptor) send(writing_, "", 1, 0);
}

void Waker::Drain() {
  char bytes[64];
  while (recv(reading_, bytes, sizeof bytes, 0) > 0) continue;
}
#else
bool Waker::Open() {
  int ends[2];
  if (pipe(ends) != 0) return false;
  for (const int end : ends) {
    fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK);
    fcntl(end, F_SETFD, FD_CLOEXEC);
  }
  reading_ = ends[0];
  writing_ = ends[1];
  return true;
}

Waker::~Waker() {
  if (reading_ == kNoDescriptor) return;
  close(reading_);
  close(writing_);
}

void Waker::Wake() {
  if (writing_ == kNoDescriptor) return;
  // A full pipe wakes just as well.
  if (write(writing_, "", 1) < 0) return;
}

void Waker::Drain() {
  char bytes[64];
  while (read(reading_, bytes, sizeof bytes) > 0) continue;
}
#endif

}  // namespace vs
