// To be preloaded: defines the system calls of batches of datagrams, so that they fail in a whole process.
// FAILING_CALLS is "EAGAIN" or "ENOBUFS": every third call of sendmmsg fails so; "EIO", "EINVAL" or "EMSGSIZE": each
// does whose first message is to be cut; "cut off": every tenth message that recvmmsg has joined lacks its last bytes.
// At its end the process prints how often that was.
#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

namespace {

constexpr int kUdpGro = 104;

std::atomic<int> calls{0};
std::atomic<int> changed{0};

const std::string& Wanted() {
  static const std::string* wanted = new std::string(std::getenv("FAILING_CALLS") ? std::getenv("FAILING_CALLS") : "");
  return *wanted;
}

// 0: the call goes through.
int ErrorOf(const msghdr& first) {
  static const auto* full = new std::map<std::string, int>{{"EAGAIN", EAGAIN}, {"ENOBUFS", ENOBUFS}};
  static const auto* refused = new std::map<std::string, int>{{"EIO", EIO}, {"EINVAL", EINVAL}, {"EMSGSIZE", EMSGSIZE}};
  const auto found = full->find(Wanted());
  if (found != full->end()) return ++calls % 3 == 0 ? found->second : 0;
  const auto refusal = refused->find(Wanted());
  return refusal != refused->end() && first.msg_iovlen > 1 ? refusal->second : 0;
}

bool IsJoined(msghdr& message) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == SOL_UDP && header->cmsg_type == kUdpGro) return true;
  }
  return false;
}

struct Report {
  ~Report() { std::printf("changed %d\n", changed.load()); }
} report;

}  // namespace

extern "C" {

int sendmmsg(int socket, mmsghdr* messages, unsigned count, int flags) {
  const int error = ErrorOf(messages[0].msg_hdr);
  if (!error) return static_cast<int>(syscall(SYS_sendmmsg, socket, messages, count, flags));
  changed++;
  errno = error;
  return -1;
}

int recvmmsg(int socket, mmsghdr* messages, unsigned count, int flags, timespec* timeout) {
  const auto received = static_cast<int>(syscall(SYS_recvmmsg, socket, messages, count, flags, timeout));
  for (int i = 0; i < received && Wanted() == "cut off"; i++) {
    if (!IsJoined(messages[i].msg_hdr) || ++calls % 10 != 0) continue;
    messages[i].msg_len -= 3;
    changed++;
  }
  return received;
}
}
