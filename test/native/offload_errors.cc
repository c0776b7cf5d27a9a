// offload-errors <case>: what the batches of UDP system calls do when the system answers as it seldom does. The program
// defines sendmmsg, recvmmsg and getsockopt itself, and calls sendto, recvmsg and close as GameNetworkingSockets does.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/gns_batch.h"
#include "receive_as_gns.h"
#include "udp/offload.h"

namespace {

// The errors that the next calls of sendmmsg give; 0 lets a call through.
std::vector<int> send_errors;
// All calls fail whose first message has segments.
bool refuses_segments = false;
int refused_calls = 0;
// Which messages had segments, of the calls that were let through.
std::vector<bool> sent_segmented;
// Changes what recvmmsg has received.
std::function<void(mmsghdr&)> on_received;
int receive_calls = 0;
bool knows_segments = true;
int failures = 0;

void Check(bool holds, const char* what) {
  if (holds) return;
  failures++;
  std::printf("does not hold: %s\n", what);
}
#define CHECK(condition) Check(condition, #condition)

bool HasSegments(const msghdr& message) { return message.msg_controllen > 0; }

class Socket {
 public:
  Socket() : descriptor_(vs::OpenDatagramSocket(AF_INET)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(descriptor_, reinterpret_cast<sockaddr*>(&address_), sizeof address_);
    socklen_t size = sizeof address_;
    getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address_), &size);
  }
  ~Socket() {
    if (is_open_) close(descriptor_);
  }

  int descriptor() const { return descriptor_; }
  void Close() {
    is_open_ = false;
    close(descriptor_);
  }

  // As GNS sends a packet.
  bool Send(const Socket& to, const std::string& text) const {
    return sendto(descriptor_, text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&to.address_),
                  sizeof to.address_) == static_cast<ssize_t>(text.size());
  }

  bool ReceiveOne(std::string& text, size_t room) const { return ReceiveAsGns(descriptor_, text, room); }

  // As GNS receives: until there is none.
  std::vector<std::string> Receive(size_t room = 2048) const {
    std::vector<std::string> texts;
    for (std::string text; ReceiveOne(text, room);) texts.push_back(text);
    return texts;
  }

 private:
  int descriptor_;
  bool is_open_ = true;
  sockaddr_in address_ = {};
};

using Texts = std::vector<std::string>;

const Texts kThree = {"one.", "two.", "six."};

void SendAll(const Socket& from, const Socket& to, const Texts& texts) {
  for (const std::string& text : texts) CHECK(from.Send(to, text));
}

void RefusesSegments(int error) {
  Socket sender, refusing, other;
  send_errors = {error, 0};
  {
    vs::GnsBatch batch;
    SendAll(sender, refusing, kThree);
  }
  CHECK(refusing.Receive() == kThree);
  CHECK(sent_segmented == std::vector<bool>({false, false, false}));
  sent_segmented.clear();
  {
    vs::GnsBatch batch;
    SendAll(sender, refusing, kThree);
    SendAll(sender, other, kThree);
  }
  CHECK(refusing.Receive() == kThree);
  CHECK(other.Receive() == kThree);
  CHECK(sent_segmented == std::vector<bool>({false, false, false, true}));
}

void HasNoRoom(int error) {
  Socket sender, receiver;
  send_errors = {error, error, error, 0};
  {
    vs::GnsBatch batch;
    SendAll(sender, receiver, kThree);
  }
  CHECK(vs::HasUnsentPackets());
  {
    vs::GnsBatch batch;
    CHECK(!sender.Send(receiver, "new."));
    CHECK(errno == EAGAIN);
  }
  CHECK(!vs::HasUnsentPackets());
  CHECK(receiver.Receive() == kThree);
}

const std::map<std::string, std::function<void()>> cases = {
    {"EIO", [] { RefusesSegments(EIO); }},
    {"EINVAL", [] { RefusesSegments(EINVAL); }},
    {"EMSGSIZE", [] { RefusesSegments(EMSGSIZE); }},
    {"EAGAIN", [] { HasNoRoom(EAGAIN); }},
    {"ENOBUFS", [] { HasNoRoom(ENOBUFS); }},
    {"EPERM",
     [] {
       Socket sender, forbidden, receiver;
       send_errors = {EPERM, 0};
       {
         vs::GnsBatch batch;
         SendAll(sender, forbidden, {"lost"});
         SendAll(sender, receiver, kThree);
       }
       CHECK(forbidden.Receive().empty());
       CHECK(receiver.Receive() == kThree);
       CHECK(!vs::HasUnsentPackets());
     }},
    {"too large by itself",
     [] {
       Socket sender, receiver;
       send_errors = {EMSGSIZE, EMSGSIZE, 0};
       {
         vs::GnsBatch batch;
         SendAll(sender, receiver, kThree);
       }
       CHECK(receiver.Receive() == Texts({"two.", "six."}));
       CHECK(sent_segmented == std::vector<bool>({true}));  // the segments were not to blame
     }},
    {"more bytes than a message may have",
     [] {
       Socket sender, receiver;
       const Texts texts(60, std::string(1400, 'x'));
       {
         vs::GnsBatch batch;
         SendAll(sender, receiver, texts);
       }
       CHECK(receiver.Receive() == texts);
       CHECK(sent_segmented == std::vector<bool>({true, true}));
     }},
    {"many refuse",
     [] {
       refuses_segments = true;
       Socket sender;
       for (int i = 0; i < 20; i++) {
         Socket refusing;
         {
           vs::GnsBatch batch;
           SendAll(sender, refusing, kThree);
         }
         CHECK(refusing.Receive() == kThree);
       }
       CHECK(refused_calls == 17);  // then all addresses count as such
     }},
    {"no segments known",
     [] {
       Socket sender, receiver;
       knows_segments = false;
       {
         vs::GnsBatch batch;
         SendAll(sender, receiver, kThree);
       }
       CHECK(receiver.Receive() == kThree);
       CHECK(sent_segmented == std::vector<bool>({false, false, false}));
     }},
    {"a run ends with a shorter one",
     [] {
       Socket sender, receiver;
       const Texts texts = {"1234", "1234", "12", "1234", "123456", ""};
       {
         vs::GnsBatch batch;
         SendAll(sender, receiver, texts);
       }
       CHECK(receiver.Receive() == texts);
       CHECK(sent_segmented == std::vector<bool>({true, false, false, false}));
     }},
    {"more than a batch",
     [] {
       Socket sender, receiver;
       Texts texts;
       for (int i = 0; i < 200; i++) texts.push_back(std::to_string(1000 + i));
       {
         vs::GnsBatch batch;
         SendAll(sender, receiver, texts);
       }
       CHECK(receiver.Receive() == texts);
       CHECK(sent_segmented.size() == 4);  // 64 at most wait
     }},
    {"closed with packets to send",
     [] {
       Socket receiver, other;
       vs::GnsBatch batch;
       Socket sender;
       SendAll(sender, receiver, {"sent"});
       send_errors = {0, EAGAIN};
       sender.Close();
       CHECK(receiver.Receive() == Texts({"sent"}));
       Socket next;  // has the same number
       CHECK(next.descriptor() == sender.descriptor());
       SendAll(next, other, {"kept"});
       send_errors = {EAGAIN, EAGAIN};
       next.Close();
       CHECK(!vs::HasUnsentPackets());
     }},
    {"joined",
     [] {
       Socket sender, receiver;
       vs::StartJoining(receiver.descriptor());
       {
         vs::GnsBatch batch;
         SendAll(sender, receiver, kThree);
       }
       vs::GnsBatch batch;
       CHECK(receiver.Receive() == kThree);
       CHECK(receive_calls == 1);  // GNS's last look, in vain, costs no call
       CHECK(receiver.Receive().empty());
       CHECK(receive_calls == 2);
     }},
    {"cut off",
     [] {
       Socket sender, receiver;
       vs::StartJoining(receiver.descriptor());
       {
         vs::GnsBatch batch;
         SendAll(sender, receiver, kThree);
       }
       // The last segment is not whole, as if the system had had too little room.
       on_received = [](mmsghdr& message) { message.msg_len -= 3; };
       vs::GnsBatch batch;
       CHECK(receiver.Receive() == Texts({"one.", "two.", "s"}));
     }},
    {"larger than what GNS takes",
     [] {
       Socket sender, receiver;
       vs::StartJoining(receiver.descriptor());
       {
         vs::GnsBatch batch;
         SendAll(sender, receiver, kThree);
       }
       vs::GnsBatch batch;
       CHECK(receiver.Receive(2) == Texts({"on", "tw", "si"}));
     }},
    {"another socket before all is taken",
     [] {
       Socket sender, receiver, other;
       {
         vs::GnsBatch batch;
         for (int times = 0; times < 2; times++) {
           SendAll(sender, receiver, kThree);
           SendAll(sender, other, kThree);
         }
       }
       vs::GnsBatch batch;
       std::string text;
       CHECK(receiver.ReceiveOne(text, 4));
       for (int count = 0; count < 6; count++) CHECK(other.ReceiveOne(text, 4) && text == kThree[count % 3]);
       {
         vs::GnsBatch sending;
         SendAll(sender, receiver, kThree);
       }
       vs::GnsBatch polling;
       CHECK(receiver.Receive() == kThree);
     }},
    {"larger than the room for a packet",
     [] {
       Socket sender, receiver;
       const std::string large(2000, 'x');
       {
         vs::GnsBatch batch;
         SendAll(sender, receiver, {"one.", large, "two."});
       }
       CHECK(receiver.Receive() == Texts({large, "one.", "two."}));  // it does not wait
     }},
    {"closed with packets to take",
     [] {
       Socket sender, other;
       vs::GnsBatch batch;
       Socket receiver;
       vs::StartJoining(receiver.descriptor());
       {
         vs::GnsBatch sending;
         SendAll(sender, receiver, kThree);
       }
       vs::GnsBatch polling;
       std::string text;
       CHECK(receiver.ReceiveOne(text, 4));
       receiver.Close();
       Socket next;
       CHECK(next.descriptor() == receiver.descriptor());
       CHECK(next.Receive().empty());
     }},
};

}  // namespace

extern "C" {

int sendmmsg(int socket, mmsghdr* messages, unsigned count, int flags) {
  int error = send_errors.empty() ? 0 : send_errors.front();
  if (!send_errors.empty()) send_errors.erase(send_errors.begin());
  if (refuses_segments && HasSegments(messages[0].msg_hdr)) {
    refused_calls++;
    error = EIO;
  }
  if (error) {
    errno = error;
    return -1;
  }
  const auto sent = static_cast<int>(syscall(SYS_sendmmsg, socket, messages, count, flags));
  for (int i = 0; i < sent; i++) sent_segmented.push_back(HasSegments(messages[i].msg_hdr));
  return sent;
}

int recvmmsg(int socket, mmsghdr* messages, unsigned count, int flags, timespec* timeout) {
  receive_calls++;
  const auto received = static_cast<int>(syscall(SYS_recvmmsg, socket, messages, count, flags, timeout));
  for (int i = 0; i < received && on_received; i++) on_received(messages[i]);
  return received;
}

int getsockopt(int socket, int level, int name, void* value, socklen_t* size) {
  if (level == IPPROTO_UDP && !knows_segments) {
    errno = ENOPROTOOPT;
    return -1;
  }
  return static_cast<int>(syscall(SYS_getsockopt, socket, level, name, value, size));
}
}

int main(int count, char** arguments) {
  const auto found = count == 2 ? cases.find(arguments[1]) : cases.end();
  if (found == cases.end()) {
    for (const auto& [name, run] : cases) std::printf("%s\n", name.c_str());
    return 2;
  }
  found->second();
  return failures ? 1 : 0;
}
