// Floods a server in a network namespace: flood tcp|udp --name value ... It floods nobody else: addresses are of 10/8
// or 127/8, and connections, packets and time have limits. At the end it prints a line of JSON.
//   --host A --port N           whom
//   --from A --sources N        from how many addresses: the first, and so many,
//   --span N                    spread over so many
//   --rate N --seconds N        connections or packets a second
//   --payload HEX               what is sent when a connection is open; for UDP each packet
//   --hold N --open N           TCP: for how many milliseconds a connection is held, and the most at once
//   --nonceAt N                 UDP: where each packet has a number of its own
//   --answer HEX --cookieAt N   UDP: what is sent for each cookie that comes, with its nonce and its bytes in it
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
  MAX_OPEN = 50000,
  MAX_FD = MAX_OPEN + 64,
  MAX_RATE = 200000,
  MAX_SECONDS = 180,
  MAX_PAYLOAD = 1500,
  MAX_EVENTS = 1024,
  BATCH = 64,
  CHALLENGE = 2,
  NONCE_BYTES = 8,
};

struct bytes {
  size_t size;
  uint8_t data[MAX_PAYLOAD];
};

static struct {
  struct in_addr host, from;
  long port, sources, span, rate, hold, open, nonceAt, cookieAt;
  double seconds;
  struct bytes payload, answer;
} options = {.port = 0, .sources = 1, .span = 1, .rate = 1, .seconds = 1, .hold = 1000, .open = 1000, .nonceAt = -1};

static void fail(const char* text) {
  printf("{\"event\":\"error\",\"message\":\"flood: %s\"}\n", text);
  exit(2);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static long number(const char* text, long min, long max, const char* name) {
  char* end;
  long value = strtol(text, &end, 10);
  if (*text == 0 || *end != 0 || value < min || value > max) fail(name);
  return value;
}

static struct in_addr address(const char* text, const char* name) {
  struct in_addr value;
  if (inet_pton(AF_INET, text, &value) != 1) fail(name);
  uint8_t first = ntohl(value.s_addr) >> 24;
  if (first != 10 && first != 127) fail("addresses of 10/8 and 127/8 only");
  return value;
}

static void readHex(const char* text, struct bytes* bytes) {
  for (; text[0] != 0 && text[1] != 0; text += 2) {
    unsigned byte;
    if (bytes->size == MAX_PAYLOAD || sscanf(text, "%2x", &byte) != 1) fail("hexadecimal bytes, 1500 at most");
    bytes->data[bytes->size++] = byte;
  }
}

static void readOption(const char* name, const char* value) {
  if (!strcmp(name, "--host"))
    options.host = address(value, name);
  else if (!strcmp(name, "--port"))
    options.port = number(value, 1, 65535, name);
  else if (!strcmp(name, "--from"))
    options.from = address(value, name);
  else if (!strcmp(name, "--sources"))
    options.sources = number(value, 1, 1 << 22, name);
  else if (!strcmp(name, "--span"))
    options.span = number(value, 1, 1 << 22, name);
  else if (!strcmp(name, "--rate"))
    options.rate = number(value, 1, MAX_RATE, name);
  else if (!strcmp(name, "--seconds"))
    options.seconds = number(value, 1, MAX_SECONDS, name);
  else if (!strcmp(name, "--hold"))
    options.hold = number(value, 0, MAX_SECONDS * 1000, name);
  else if (!strcmp(name, "--open"))
    options.open = number(value, 1, MAX_OPEN, name);
  else if (!strcmp(name, "--payload"))
    readHex(value, &options.payload);
  else if (!strcmp(name, "--answer"))
    readHex(value, &options.answer);
  else if (!strcmp(name, "--nonceAt"))
    options.nonceAt = number(value, 0, MAX_PAYLOAD - NONCE_BYTES, name);
  else if (!strcmp(name, "--cookieAt"))
    options.cookieAt = number(value, 0, MAX_PAYLOAD, name);
  else
    fail(name);
}

/** The address of the n-th connection or packet. Neighbours in time are far from each other. */
static struct in_addr sourceOf(long index) {
  uint32_t source = index % options.sources;
  uint32_t offset = options.span <= options.sources ? source : (source * 2654435761u) % (uint32_t)options.span;
  return (struct in_addr){htonl(ntohl(options.from.s_addr) + offset)};
}

static double cpuSeconds(void) {
  struct rusage use;
  getrusage(RUSAGE_SELF, &use);
  return use.ru_utime.tv_sec + use.ru_stime.tv_sec + (use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

/** How many are due by now, no more than `most` at once: what this process had no time for is not made up for later. */
static long due(double beganAt, long done, long most) {
  long wanted = (long)((now() - beganAt) * options.rate) - done;
  return wanted < most ? wanted : most;
}

struct connection {
  double openedAt;
  enum { FREE, CONNECTING, OPEN } state;
};
static struct connection connections[MAX_FD];
/** In the order in which they were opened. One that has ended meanwhile has another time. */
static struct {
  int fd;
  double openedAt;
} queue[1 << 17];
static unsigned queueHead, queueTail;
static const unsigned QUEUE_MASK = (sizeof queue / sizeof queue[0]) - 1;

static struct { long started, connected, reset, failed, skipped, open, peak; } tcp;

static void end(int fd) {
  struct linger reset = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  close(fd);
  connections[fd].state = FREE;
  tcp.open--;
}

static void start(int epoll) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (fd < 0) {
    tcp.failed++;
    return;
  }
  int on = 1;
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr = sourceOf(tcp.started)};
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = options.host, .sin_port = htons(options.port)};
  tcp.started++;
  int isBound = bind(fd, (struct sockaddr*)&from, sizeof from) == 0;
  if (fd >= MAX_FD || !isBound || (connect(fd, (struct sockaddr*)&to, sizeof to) < 0 && errno != EINPROGRESS)) {
    tcp.failed++;
    close(fd);
    return;
  }
  if (++tcp.open > tcp.peak) tcp.peak = tcp.open;
  connections[fd] = (struct connection){now(), CONNECTING};
  queue[queueTail & QUEUE_MASK].fd = fd;
  queue[queueTail++ & QUEUE_MASK].openedAt = connections[fd].openedAt;
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.fd = fd};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void onEvent(int fd, uint32_t events) {
  struct connection* connection = &connections[fd];
  if (connection->state == FREE) return;
  if (events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) {
    if (connection->state == CONNECTING)
      tcp.failed++;
    else
      tcp.reset++;
    end(fd);
  } else if ((events & EPOLLOUT) && connection->state == CONNECTING) {
    connection->state = OPEN;
    tcp.connected++;
    if (options.payload.size > 0) (void)!write(fd, options.payload.data, options.payload.size);
  }
}

static void floodTcp(double beganAt) {
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  if ((long)files.rlim_max < options.open + 64) options.open = files.rlim_max - 64;
  files.rlim_cur = options.open + 64;
  setrlimit(RLIMIT_NOFILE, &files);
  int epoll = epoll_create1(0);
  struct epoll_event events[MAX_EVENTS];
  while (now() - beganAt < options.seconds) {
    for (long count = due(beganAt, tcp.started + tcp.skipped, 400); count > 0; count--) {
      if (tcp.open >= options.open || queueTail - queueHead > QUEUE_MASK)
        tcp.skipped++;
      else
        start(epoll);
    }
    int count = epoll_wait(epoll, events, MAX_EVENTS, 1);
    for (int at = 0; at < count; at++) onEvent(events[at].data.fd, events[at].events);
    double until = now() - options.hold / 1000.0;
    for (; queueHead != queueTail && queue[queueHead & QUEUE_MASK].openedAt <= until; queueHead++) {
      int fd = queue[queueHead & QUEUE_MASK].fd;
      struct connection* connection = &connections[fd];
      if (connection->state != FREE && connection->openedAt == queue[queueHead & QUEUE_MASK].openedAt) end(fd);
    }
  }
  printf(
      "{\"event\":\"result\",\"rate\":%.0f,\"started\":%ld,\"connected\":%ld,\"reset\":%ld,\"failed\":%ld,"
      "\"skipped\":%ld,\"peakOpen\":%ld,\"cores\":%.2f}\n",
      tcp.started / (now() - beganAt), tcp.started, tcp.connected, tcp.reset, tcp.failed, tcp.skipped, tcp.peak,
      cpuSeconds() / (now() - beganAt));
}

/** Packets that leave together, each from an address of its own. */
struct batch {
  int count;
  struct mmsghdr messages[BATCH];
  struct iovec parts[BATCH];
  uint8_t data[BATCH][MAX_PAYLOAD];
  union {
    char data[CMSG_SPACE(sizeof(struct in_pktinfo))];
    struct cmsghdr header;
  } control[BATCH];
};
static struct sockaddr_in server;
static struct batch out, in;

/** The n-th packet of a batch, of `size` bytes at most. */
static void prepare(struct batch* batch, int at, size_t size) {
  batch->parts[at] = (struct iovec){batch->data[at], size};
  batch->messages[at].msg_hdr = (struct msghdr){
      .msg_name = &server,
      .msg_namelen = sizeof server,
      .msg_iov = &batch->parts[at],
      .msg_iovlen = 1,
      .msg_control = &batch->control[at],
      .msg_controllen = sizeof batch->control[at],
  };
}

static uint8_t* addPacket(const struct bytes* bytes, struct in_addr from) {
  int at = out.count++;
  prepare(&out, at, bytes->size);
  struct cmsghdr* header = CMSG_FIRSTHDR(&out.messages[at].msg_hdr);
  *header = (struct cmsghdr){CMSG_LEN(sizeof(struct in_pktinfo)), IPPROTO_IP, IP_PKTINFO};
  struct in_pktinfo info = {.ipi_spec_dst = from};
  memcpy(CMSG_DATA(header), &info, sizeof info);
  return memcpy(out.data[at], bytes->data, bytes->size);
}

static long flush(int fd) {
  int sent = sendmmsg(fd, out.messages, out.count, MSG_DONTWAIT);
  out.count = 0;
  return sent > 0 ? sent : 0;
}

/** @returns how many answers have left */
static long answerCookies(int fd, long* came) {
  for (int at = 0; at < BATCH; at++) prepare(&in, at, MAX_PAYLOAD);
  int count = recvmmsg(fd, in.messages, BATCH, MSG_DONTWAIT, NULL);
  for (int at = 0; at < count; at++) {
    const uint8_t* packet = in.data[at];
    (*came)++;
    if (in.messages[at].msg_len <= 1 + NONCE_BYTES || packet[0] != CHALLENGE) continue;
    size_t cookieBytes = in.messages[at].msg_len - 1 - NONCE_BYTES;
    if (options.cookieAt + cookieBytes > options.answer.size) continue;
    struct in_pktinfo info = {0};
    struct cmsghdr* header = CMSG_FIRSTHDR(&in.messages[at].msg_hdr);
    if (header) memcpy(&info, CMSG_DATA(header), sizeof info);
    uint8_t* answer = addPacket(&options.answer, info.ipi_addr);
    memcpy(answer + options.nonceAt, packet + 1, NONCE_BYTES);
    memcpy(answer + options.cookieAt, packet + 1 + NONCE_BYTES, cookieBytes);
  }
  return out.count > 0 ? flush(fd) : 0;
}

static void floodUdp(double beganAt) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1, bufferBytes = 1 << 22;
  setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bufferBytes, sizeof bufferBytes);
  server = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = options.host, .sin_port = htons(options.port)};
  if (options.payload.size == 0) fail("a payload");
  if (options.nonceAt + NONCE_BYTES > (long)options.payload.size) fail("--nonceAt");
  long tried = 0, sent = 0, answered = 0, came = 0;
  while (now() - beganAt < options.seconds) {
    for (long count = due(beganAt, tried, 10 * BATCH); count > 0;) {
      for (; count > 0 && out.count < BATCH; count--, tried++) {
        uint8_t* packet = addPacket(&options.payload, sourceOf(tried));
        if (options.nonceAt >= 0) memcpy(packet + options.nonceAt, &tried, sizeof tried);
      }
      sent += flush(fd);
    }
    if (options.answer.size > 0) answered += answerCookies(fd, &came);
    struct timespec pause = {0, 200000};
    nanosleep(&pause, NULL);
  }
  double seconds = now() - beganAt;
  printf("{\"event\":\"result\",\"rate\":%.0f,\"started\":%ld,\"came\":%ld,\"answered\":%ld,\"cores\":%.2f}\n",
         sent / seconds, sent, came, answered, cpuSeconds() / seconds);
}

int main(int count, char** values) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (count < 2 || count % 2 != 0) fail("tcp or udp, and pairs of a name and a value");
  for (int at = 2; at < count; at += 2) readOption(values[at], values[at + 1]);
  if (options.host.s_addr == 0 || options.from.s_addr == 0 || options.port == 0) fail("--host, --port and --from");
  if ((ntohl(options.from.s_addr) ^ (ntohl(options.from.s_addr) + options.span)) >> 24 != 0) fail("--span");
  printf("{\"event\":\"started\"}\n");
  if (!strcmp(values[1], "tcp"))
    floodTcp(now());
  else if (!strcmp(values[1], "udp"))
    floodUdp(now());
  else
    fail("tcp or udp, and pairs of a name and a value");
  return 0;
}
