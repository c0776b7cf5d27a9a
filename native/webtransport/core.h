#pragma once
// The C functions of deps/webtransport: WebTransport without input and output. They are called with the lock of their
// socket held. -2 says that one of them has failed for good (a panic, which ends here); nothing works after it.
#include <cstddef>
#include <cstdint>

extern "C" {

struct vs_wt;

struct vs_wt_bytes {
  const uint8_t* data;
  size_t size;
};

struct vs_wt_limits {
  uint32_t retry_above;
  uint32_t max_pending;
  uint32_t handshake_timeout_ms;
  uint32_t close_timeout_ms;
};

struct vs_wt_figures_t {
  uint64_t pending, sources, largest_share, evicted, refused, dropped, retries, accepted;
};

constexpr int64_t kWtBroken = -2;

// Null when there is no memory or no source of random numbers.
vs_wt* vs_wt_new(vs_wt_limits limits);
void vs_wt_free(vs_wt* core);
// Returns 0; less than -2 with a text of its length in `error`: -2 minus the length.
int64_t vs_wt_set_certificate(vs_wt* core, vs_wt_bytes cert, vs_wt_bytes key, uint8_t* error, size_t room);
// Returns the session, or as above. `slot` is a UdpSlot with the address.
int64_t vs_wt_connect(vs_wt* core, const uint8_t* slot, vs_wt_bytes name, vs_wt_bytes authority, vs_wt_bytes path,
                      vs_wt_bytes hashes, vs_wt_bytes roots, uint8_t* error, size_t room);
// Takes datagrams in slots of UDP, and does what is due. `is_turn`: a turn of reading begins. Who came before it may
// have to leave for a newcomer.
int64_t vs_wt_receive(vs_wt* core, const uint8_t* slots, size_t slot_bytes, size_t count, bool is_turn);
// Fills slots with datagrams to send, and returns their number.
int64_t vs_wt_transmit(vs_wt* core, uint8_t* slots, size_t slot_bytes, size_t count);
// Microseconds until vs_wt_receive has something to do; INT64_MAX for never.
int64_t vs_wt_time_to_next(vs_wt* core);
// Whether vs_wt_take would find something.
int64_t vs_wt_has_news(vs_wt* core);
// Fills the slab with records for JS, and returns their bytes.
int64_t vs_wt_take(vs_wt* core, uint8_t* slab, size_t size);
// Does what the records of JS say.
int64_t vs_wt_run(vs_wt* core, vs_wt_bytes slab);
// Ends all connections; vs_wt_transmit says so to the other sides.
int64_t vs_wt_stop(vs_wt* core);
// How many sessions have been told a reason, and have not ended their connection yet.
int64_t vs_wt_unanswered(vs_wt* core);
// Bytes of a session that wait or are not acknowledged.
int64_t vs_wt_buffered(vs_wt* core, uint32_t session);
int64_t vs_wt_figures(vs_wt* core, vs_wt_figures_t* into);
}
