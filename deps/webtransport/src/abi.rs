//! The C functions of native/webtransport/core.h. No panic leaves them: after one the endpoint is broken and says so.
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::time::Instant;

use crate::endpoint::{Endpoint, Limits};
use crate::records::Slab;
use crate::session::Request;

/// What the functions return that found the endpoint broken, or broke it.
const BROKEN: i64 = -2;
const FAILED: i64 = -1;
/// A slot for a datagram: UdpSlot of native/layout.h.
const SLOT_HEAD: usize = 48;

pub struct Broker {
    endpoint: Endpoint,
    is_broken: bool,
    datagram: Vec<u8>,
}

/// Bytes that belong to the caller.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Bytes {
    data: *const u8,
    size: usize,
}

impl Bytes {
    /// # Safety
    /// `data` has `size` bytes, or `size` is 0.
    unsafe fn get<'a>(self) -> &'a [u8] {
        if self.size == 0 {
            return &[];
        }
        std::slice::from_raw_parts(self.data, self.size)
    }
}

#[repr(C)]
pub struct Figures {
    pending: u64,
    sources: u64,
    largest_share: u64,
    evicted: u64,
    refused: u64,
    dropped: u64,
    retries: u64,
    accepted: u64,
}

/// Runs `body` unless the endpoint is broken.
unsafe fn guard(broker: *mut Broker, body: impl FnOnce(&mut Broker) -> i64) -> i64 {
    let Some(broker) = broker.as_mut().filter(|broker| !broker.is_broken) else {
        return BROKEN;
    };
    catch_unwind(AssertUnwindSafe(|| body(broker))).unwrap_or_else(|_| {
        broker.is_broken = true;
        BROKEN
    })
}

/// Writes what went wrong for the user of JavaScript, cut to `room`.
unsafe fn fail(error: &str, into: *mut u8, room: usize) -> i64 {
    let size = error.len().min(room);
    std::ptr::copy_nonoverlapping(error.as_ptr(), into, size);
    FAILED - 1 - size as i64
}

#[no_mangle]
pub extern "C" fn vs_wt_new(limits: Limits) -> *mut Broker {
    catch_unwind(|| {
        let endpoint = Endpoint::new(limits);
        Box::into_raw(Box::new(Broker { endpoint, is_broken: false, datagram: Vec::new() }))
    })
    .unwrap_or(std::ptr::null_mut())
}

/// # Safety
/// `broker` is from `vs_wt_new`, and nobody uses it any more.
#[no_mangle]
pub unsafe extern "C" fn vs_wt_free(broker: *mut Broker) {
    if !broker.is_null() {
        let _ = catch_unwind(AssertUnwindSafe(|| drop(Box::from_raw(broker))));
    }
}

/// Returns 0, or less than -2: minus the length of the error, less 2.
///
/// # Safety
/// `broker` is from `vs_wt_new`; the pointers have the sizes that are with them. This goes for all functions below.
#[no_mangle]
pub unsafe extern "C" fn vs_wt_set_certificate(
    broker: *mut Broker,
    cert: Bytes,
    key: Bytes,
    error: *mut u8,
    room: usize,
) -> i64 {
    guard(broker, |broker| match broker.endpoint.set_certificate(cert.get(), key.get()) {
        Ok(()) => 0,
        Err(text) => fail(&text, error, room),
    })
}

/// Returns the session, or as `vs_wt_set_certificate`. `slot` is the head of a slot with the address.
///
/// # Safety
/// As above.
#[no_mangle]
pub unsafe extern "C" fn vs_wt_connect(
    broker: *mut Broker,
    slot: *const u8,
    name: Bytes,
    authority: Bytes,
    path: Bytes,
    hashes: Bytes,
    roots: Bytes,
    error: *mut u8,
    room: usize,
) -> i64 {
    guard(broker, |broker| {
        let (to, _) = addresses(std::slice::from_raw_parts(slot, SLOT_HEAD));
        let text = |bytes: Bytes| String::from_utf8_lossy(bytes.get()).into_owned();
        let request = Request { authority: text(authority), path: text(path) };
        let now = Instant::now();
        match broker.endpoint.connect(now, to, &text(name), request, hashes.get(), roots.get()) {
            Ok(session) => session.into(),
            Err(text) => fail(&text, error, room),
        }
    })
}

/// Takes `count` slots of datagrams that have arrived, and does what is due. `is_turn`: a turn of reading begins.
///
/// # Safety
/// As above.
#[no_mangle]
pub unsafe extern "C" fn vs_wt_receive(
    broker: *mut Broker,
    slots: *const u8,
    slot_bytes: usize,
    count: usize,
    is_turn: bool,
) -> i64 {
    guard(broker, |broker| {
        let now = Instant::now();
        if is_turn {
            broker.endpoint.next_turn();
        }
        for slot in slices(slots, slot_bytes, count) {
            let size = word(slot, 40) as usize;
            let (from, to) = addresses(slot);
            if let Some(datagram) = slot.get(SLOT_HEAD..SLOT_HEAD + size).filter(|datagram| !datagram.is_empty()) {
                broker.endpoint.receive(now, from, to, datagram);
            }
        }
        broker.endpoint.advance(now);
        0
    })
}

/// Fills up to `count` slots with datagrams to send, and returns how many.
///
/// # Safety
/// As above.
#[no_mangle]
pub unsafe extern "C" fn vs_wt_transmit(broker: *mut Broker, slots: *mut u8, slot_bytes: usize, count: usize) -> i64 {
    guard(broker, |broker| {
        let now = Instant::now();
        let mut filled = 0;
        while filled < count {
            let Some(outgoing) = broker.endpoint.transmit(now, &mut broker.datagram) else { break };
            let slot = std::slice::from_raw_parts_mut(slots.add(filled * slot_bytes), slot_bytes);
            let datagram = &broker.datagram;
            let Some(room) = slot.get_mut(SLOT_HEAD..SLOT_HEAD + datagram.len()) else { continue };
            room.copy_from_slice(datagram);
            slot[..SLOT_HEAD].fill(0);
            slot[..16].copy_from_slice(&octets(outgoing.to.ip()));
            if let SocketAddr::V6(to) = outgoing.to {
                slot[16..20].copy_from_slice(&to.scope_id().to_le_bytes());
            }
            slot[20..24].copy_from_slice(&u32::from(outgoing.to.port()).to_le_bytes());
            if let Some(from) = outgoing.from {
                slot[24..40].copy_from_slice(&octets(from));
            }
            slot[40..44].copy_from_slice(&(datagram.len() as u32).to_le_bytes());
            filled += 1;
        }
        filled as i64
    })
}

/// Microseconds until `vs_wt_receive` has something to do even if nothing arrives; `INT64_MAX` for never.
///
/// # Safety
/// As above.
#[no_mangle]
pub unsafe extern "C" fn vs_wt_time_to_next(broker: *mut Broker) -> i64 {
    guard(broker, |broker| {
        let next = broker.endpoint.time_to_next(Instant::now());
        next.map_or(i64::MAX, |next| i64::try_from(next.as_micros()).unwrap_or(i64::MAX))
    })
}

/// 1 if `vs_wt_take` would find something.
///
/// # Safety
/// As above.
#[no_mangle]
pub unsafe extern "C" fn vs_wt_has_news(broker: *mut Broker) -> i64 {
    guard(broker, |broker| broker.endpoint.has_news().into())
}

/// Fills the slab with records, and returns how many bytes.
///
/// # Safety
/// As above.
#[no_mangle]
pub unsafe extern "C" fn vs_wt_take(broker: *mut Broker, slab: *mut u8, size: usize) -> i64 {
    guard(broker, |broker| {
        let mut slab = Slab { bytes: std::slice::from_raw_parts_mut(slab, size), used: 0 };
        broker.endpoint.take(Instant::now(), &mut slab);
        slab.used as i64
    })
}

/// Does what records say, and what follows from it.
///
/// # Safety
/// As above.
#[no_mangle]
pub unsafe extern "C" fn vs_wt_run(broker: *mut Broker, slab: Bytes) -> i64 {
    guard(broker, |broker| {
        let now = Instant::now();
        broker.endpoint.run(now, slab.get());
        broker.endpoint.advance(now);
        0
    })
}

/// Ends all connections; `vs_wt_transmit` says so to the other sides.
///
/// # Safety
/// As above.
#[no_mangle]
pub unsafe extern "C" fn vs_wt_stop(broker: *mut Broker) -> i64 {
    guard(broker, |broker| {
        broker.endpoint.stop(Instant::now());
        0
    })
}

/// How many sessions have been told a reason, and have not ended their connection yet.
///
/// # Safety
/// As above.
#[no_mangle]
pub unsafe extern "C" fn vs_wt_unanswered(broker: *mut Broker) -> i64 {
    guard(broker, |broker| broker.endpoint.unanswered() as i64)
}

/// Bytes of a session that are not acknowledged; 0 for an unknown one.
///
/// # Safety
/// As above.
#[no_mangle]
pub unsafe extern "C" fn vs_wt_buffered(broker: *mut Broker, session: u32) -> i64 {
    guard(broker, |broker| broker.endpoint.buffered(session) as i64)
}

/// # Safety
/// As above.
#[no_mangle]
pub unsafe extern "C" fn vs_wt_figures(broker: *mut Broker, into: *mut Figures) -> i64 {
    guard(broker, |broker| {
        let statistics = broker.endpoint.statistics;
        let pending = broker.endpoint.pending();
        *into = Figures {
            pending: pending.len() as u64,
            sources: pending.sources() as u64,
            largest_share: pending.largest_share() as u64,
            evicted: statistics.evicted,
            refused: statistics.refused,
            dropped: statistics.dropped,
            retries: statistics.retries,
            accepted: statistics.accepted,
        };
        0
    })
}

unsafe fn slices<'a>(slots: *const u8, slot_bytes: usize, count: usize) -> impl Iterator<Item = &'a [u8]> {
    (0..count).map(move |at| std::slice::from_raw_parts(slots.add(at * slot_bytes), slot_bytes))
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// The other side's address, and ours if it is known. All are in IPv6 form, as in the slots.
fn addresses(slot: &[u8]) -> (SocketAddr, Option<IpAddr>) {
    let ip = |at: usize| {
        let mut octets = [0; 16];
        octets.copy_from_slice(&slot[at..at + 16]);
        Ipv6Addr::from(octets)
    };
    let local = ip(24);
    let remote = SocketAddrV6::new(ip(0), word(slot, 20) as u16, 0, word(slot, 16));
    (SocketAddr::V6(remote), (!local.is_unspecified()).then_some(IpAddr::V6(local)))
}

fn octets(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}
