//! All connections of one UDP socket: datagrams and records go in and out, and no other input or output happens here.
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use quinn_proto as q;
use quinn_proto::{ConnectionHandle, DatagramEvent, EndpointConfig, Incoming, Transmit};

use crate::flight::FlightFactory;
use crate::lanes::{LANES, MAX_RELIABLE_BYTES};
use crate::pending::{source_of, Pending, Ticket};
use crate::records::{self, command, Record, Slab};
use crate::session::{Phase, Request, Session, MAX_DATAGRAM_BYTES, MAX_TEXT_BYTES};
use crate::tls;

/// Answers to those that have no connection, which wait to be sent.
const MAX_ANSWERS: usize = 256;
const INDEX_BITS: u32 = 20;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Limits {
    pub retry_above: u32,
    pub max_pending: u32,
    pub handshake_timeout_ms: u32,
    pub close_timeout_ms: u32,
}

#[derive(Default)]
struct Place {
    generation: u32,
    session: Option<Box<Session>>,
    handle: usize,
    /// Of one that is no session yet.
    pending: Option<Ticket>,
    is_dirty: bool,
    is_ready: bool,
    /// The time of its entry in the timers, if it has one. Its deadline is not earlier.
    timer: Option<Instant>,
}

pub struct Endpoint {
    quic: q::Endpoint,
    limits: Limits,
    server: Option<q::ServerConfig>,
    flights: Arc<FlightFactory>,
    places: Vec<Place>,
    free: Vec<usize>,
    /// By number of quinn-proto's: where the session is.
    by_handle: HashMap<usize, usize>,
    pending: Pending,
    dirty: Vec<usize>,
    ready: VecDeque<usize>,
    timers: BTreeSet<(Instant, usize)>,
    answers: VecDeque<(SocketAddr, Option<IpAddr>, Vec<u8>)>,
    scratch: Vec<u8>,
    pub statistics: Statistics,
}

#[derive(Default, Clone, Copy)]
pub struct Statistics {
    pub dropped: u64,
    pub retries: u64,
    /// Newcomers for whom nobody could leave.
    pub refused: u64,
    pub accepted: u64,
    /// Those that had to leave for a newcomer.
    pub evicted: u64,
}

/// A datagram to send: its bytes are in the buffer that was passed.
pub struct Outgoing {
    pub to: SocketAddr,
    pub from: Option<IpAddr>,
}

impl Endpoint {
    pub fn new(limits: Limits) -> Self {
        Self {
            quic: q::Endpoint::new(Arc::new(EndpointConfig::default()), None, false, None),
            limits,
            server: None,
            flights: Arc::default(),
            places: Vec::new(),
            free: Vec::new(),
            by_handle: HashMap::new(),
            pending: Pending::default(),
            dirty: Vec::new(),
            ready: VecDeque::new(),
            timers: BTreeSet::new(),
            answers: VecDeque::new(),
            scratch: Vec::new(),
            statistics: Statistics::default(),
        }
    }

    /// Makes it a server, or changes the certificate that new connections get.
    pub fn set_certificate(&mut self, cert: &[u8], key: &[u8]) -> Result<(), String> {
        let mut config = tls::server(cert, key, self.flights.clone())?;
        if let Some(mut before) = self.server.take() {
            // The keys of address tokens stay.
            before.crypto = config.crypto;
            config = before;
        }
        self.quic.set_server_config(Some(Arc::new(config.clone())));
        self.server = Some(config);
        Ok(())
    }

    /// Begins a connection, and returns the number of its session.
    pub fn connect(
        &mut self,
        now: Instant,
        to: SocketAddr,
        name: &str,
        request: Request,
        hashes: &[u8],
        roots: &[u8],
    ) -> Result<u32, String> {
        let config = tls::client(hashes, roots, self.flights.clone())?;
        let (handle, quic) = self.quic.connect(now, config, to, name).map_err(|error| error.to_string())?;
        Ok(self.add(now, handle, quic, Some(request), None))
    }

    /// What arrived before is read: those that came by then may have to leave for newcomers.
    pub fn next_turn(&mut self) {
        self.pending.next_turn();
    }

    pub fn receive(&mut self, now: Instant, from: SocketAddr, to: Option<IpAddr>, datagram: &[u8]) {
        let mut answer = std::mem::take(&mut self.scratch);
        answer.clear();
        match self.quic.handle(now, from, to, None, BytesMut::from(datagram), &mut answer) {
            Some(DatagramEvent::ConnectionEvent(handle, event)) => {
                if let Some(&at) = self.by_handle.get(&handle.0) {
                    if let Some(session) = self.places[at].session.as_mut() {
                        session.quic.handle_event(event);
                    }
                    self.mark(at);
                }
            }
            Some(DatagramEvent::NewConnection(incoming)) => self.on_incoming(now, incoming, &mut answer),
            Some(DatagramEvent::Response(transmit)) => self.answer(&transmit, &answer),
            None => {}
        }
        self.scratch = answer;
    }

    /// Does what is due, and what datagrams and records have set off.
    pub fn advance(&mut self, now: Instant) {
        while let Some(&(_, at)) = self.timers.first().filter(|(due, _)| *due <= now) {
            self.set_timer(at, None);
            if let Some(session) = self.places[at].session.as_mut() {
                if session.deadline().is_some_and(|deadline| deadline <= now) && session.on_timeout(now) {
                    self.say_end(now, at);
                }
            }
            self.mark(at);
        }
        for at in 0..self.dirty.len() {
            self.advance_one(now, self.dirty[at]);
        }
    }

    /// Writes the next datagram into `into`.
    pub fn transmit(&mut self, now: Instant, into: &mut Vec<u8>) -> Option<Outgoing> {
        into.clear();
        if let Some((to, from, bytes)) = self.answers.pop_front() {
            into.extend_from_slice(&bytes);
            return Some(Outgoing { to, from });
        }
        while let Some(&at) = self.dirty.last() {
            if let Some(session) = self.places[at].session.as_mut() {
                if let Some(transmit) = session.quic.poll_transmit(now, 1, into) {
                    return Some(Outgoing { to: transmit.destination, from: transmit.src_ip });
                }
            }
            self.dirty.pop();
            self.places[at].is_dirty = false;
            self.settle(at);
        }
        None
    }

    /// How long nothing is to be done, unless something arrives; `None` for ever.
    pub fn time_to_next(&mut self, now: Instant) -> Option<Duration> {
        // Of those that are too early only the first matters: nobody has to wake for it in vain.
        while let Some(&(due, at)) = self.timers.first() {
            let deadline = self.places[at].session.as_mut().and_then(|session| session.deadline());
            if deadline.is_some_and(|deadline| deadline <= due) {
                return Some(due.saturating_duration_since(now));
            }
            self.set_timer(at, deadline);
        }
        None
    }

    fn set_timer(&mut self, at: usize, deadline: Option<Instant>) {
        if let Some(before) = std::mem::replace(&mut self.places[at].timer, deadline) {
            self.timers.remove(&(before, at));
        }
        if let Some(deadline) = deadline {
            self.timers.insert((deadline, at));
        }
    }

    pub fn has_news(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Fills the slab with records. What has no room stays for the next call.
    pub fn take(&mut self, now: Instant, slab: &mut Slab) {
        while let Some(&at) = self.ready.front() {
            let is_done = self.places[at].session.as_mut().is_none_or(|session| session.take(now, slab));
            self.mark(at);
            if !is_done {
                return;
            }
            self.ready.pop_front();
            self.places[at].is_ready = false;
        }
    }

    /// Does what JavaScript's records say. Those for sessions that have ended are skipped.
    pub fn run(&mut self, now: Instant, mut bytes: &[u8]) {
        let timeout = Duration::from_millis(self.limits.close_timeout_ms.into());
        while let Some(record) = records::take(&mut bytes) {
            let Some(at) = self.find(record.session) else { continue };
            if let Some(session) = self.places[at].session.as_mut() {
                run_one(session, now, &record, timeout);
            }
            self.mark(at);
        }
    }

    /// Ends all connections at once and without a reason: the socket closes.
    pub fn stop(&mut self, now: Instant) {
        for at in 0..self.places.len() {
            if let Some(session) = self.places[at].session.as_mut() {
                session.stop(now);
                self.mark(at);
            }
        }
    }

    /// How many sessions have been told a reason, and have not ended their connection yet.
    pub fn unanswered(&self) -> usize {
        self.places.iter().filter(|place| place.session.as_ref().is_some_and(|session| session.is_unanswered())).count()
    }

    pub fn buffered(&self, id: u32) -> u64 {
        let at = self.find(id);
        at.and_then(|at| self.places[at].session.as_ref()).map_or(0, |session| session.buffered())
    }

    pub fn pending(&self) -> &Pending {
        &self.pending
    }

    fn on_incoming(&mut self, now: Instant, incoming: Incoming, answer: &mut Vec<u8>) {
        answer.clear();
        let source = source_of(incoming.remote_address().ip());
        let Limits { retry_above, max_pending, .. } = self.limits;
        let count = self.pending.len();
        let victim = self.pending.victim().filter(|_| count >= max_pending as usize);
        // Nobody leaves for a newcomer who has not proved its address.
        if !incoming.remote_address_validated() && count >= retry_above.min(max_pending) as usize {
            self.statistics.retries += 1;
            if let Ok(transmit) = self.quic.retry(incoming, answer) {
                self.answer(&transmit, answer);
            }
        } else if count >= max_pending as usize && victim.is_none() {
            self.statistics.refused += 1;
            self.quic.ignore(incoming);
        } else {
            match self.quic.accept(incoming, now, answer, None) {
                Ok((handle, quic)) => {
                    self.statistics.accepted += 1;
                    if let Some(at) = victim {
                        self.evict(now, at);
                    }
                    self.add(now, handle, quic, None, Some(source));
                }
                Err(error) => {
                    if let Some(transmit) = error.response {
                        self.answer(&transmit, answer);
                    }
                }
            }
        }
    }

    /// Ends one that is no session yet. The other side is told once, and nothing is left of it here.
    fn evict(&mut self, now: Instant, at: usize) {
        self.statistics.evicted += 1;
        self.forget_pending(at);
        let Some(session) = self.places[at].session.as_mut() else { return };
        session.evict(now);
        self.say_end(now, at);
        self.mark(at);
    }

    /// Tells the other side, once, that its connection has ended, and forgets it.
    fn say_end(&mut self, now: Instant, at: usize) {
        let Some(session) = self.places[at].session.as_mut() else { return };
        let mut bytes = Vec::new();
        let transmit = session.quic.poll_transmit(now, 1, &mut bytes);
        session.drain(now);
        if let Some(transmit) = transmit {
            self.answer(&transmit, &bytes);
        }
    }

    fn answer(&mut self, transmit: &Transmit, bytes: &[u8]) {
        if self.answers.len() < MAX_ANSWERS {
            self.answers.push_back((transmit.destination, transmit.src_ip, bytes[..transmit.size].to_vec()));
        } else {
            self.statistics.dropped += 1;
        }
    }

    fn add(
        &mut self,
        now: Instant,
        handle: ConnectionHandle,
        quic: q::Connection,
        request: Option<Request>,
        source: Option<u64>,
    ) -> u32 {
        let at = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place::default());
            self.places.len() - 1
        });
        let until = now + Duration::from_millis(self.limits.handshake_timeout_ms.into());
        let place = &mut self.places[at];
        place.generation = place.generation.wrapping_add(1) & (u32::MAX >> INDEX_BITS);
        let id = place.generation << INDEX_BITS | at as u32;
        place.session = Some(Box::new(Session::new(quic, id, request, self.flights.last(), until)));
        place.handle = handle.0;
        place.pending = source.map(|source| self.pending.add(at, source));
        self.by_handle.insert(handle.0, at);
        self.mark(at);
        id
    }

    fn find(&self, id: u32) -> Option<usize> {
        let at = (id & ((1 << INDEX_BITS) - 1)) as usize;
        let place = self.places.get(at)?;
        (place.session.is_some() && place.generation == id >> INDEX_BITS).then_some(at)
    }

    fn mark(&mut self, at: usize) {
        let place = &mut self.places[at];
        if !place.is_dirty {
            place.is_dirty = true;
            self.dirty.push(at);
        }
    }

    fn advance_one(&mut self, now: Instant, at: usize) {
        let place = &mut self.places[at];
        let handle = ConnectionHandle(place.handle);
        let Some(session) = place.session.as_mut() else { return };
        session.advance(now);
        while let Some(event) = session.quic.poll_endpoint_events() {
            let is_drained = event.is_drained();
            if let Some(event) = self.quic.handle_event(handle, event) {
                session.quic.handle_event(event);
            }
            if is_drained {
                self.by_handle.remove(&handle.0);
            }
        }
        self.statistics.dropped += std::mem::take(&mut session.dropped);
        if !session.is_pending() {
            self.forget_pending(at);
        }
        self.tell(at);
    }

    fn tell(&mut self, at: usize) {
        let place = &mut self.places[at];
        if !place.is_ready && place.session.as_ref().is_some_and(|session| session.has_news()) {
            place.is_ready = true;
            self.ready.push_back(at);
        }
    }

    fn forget_pending(&mut self, at: usize) {
        if let Some(ticket) = self.places[at].pending.take() {
            self.pending.remove(ticket);
        }
    }

    /// Nothing is to be sent for now: sets its timer, or removes it if it is over.
    fn settle(&mut self, at: usize) {
        self.tell(at);
        let place = &mut self.places[at];
        let Some(session) = place.session.as_mut() else { return };
        if session.is_over() && !place.is_ready {
            place.session = None;
            self.set_timer(at, None);
            self.forget_pending(at);
            self.free.push(at);
            return;
        }
        let Some(deadline) = session.deadline() else { return };
        // With each packet it moves on: one that is too early is found to be so when it is the first.
        if place.timer.is_none_or(|timer| deadline < timer) {
            self.set_timer(at, Some(deadline));
        }
    }
}

fn run_one(session: &mut Session, now: Instant, record: &Record, timeout: Duration) {
    let Record { status, value, payload, .. } = *record;
    let lane = record.lane as usize;
    let text = &payload[..payload.len().min(MAX_TEXT_BYTES)];
    match record.kind {
        command::DATAGRAM if (1..=MAX_DATAGRAM_BYTES).contains(&payload.len()) => session.send_datagram(payload),
        command::RELIABLE if (1..=MAX_RELIABLE_BYTES).contains(&payload.len()) && lane < LANES => {
            session.send_reliable(lane, payload);
        }
        command::CLOSE => session.close(now, value, text, timeout),
        command::ACCEPT if session.phase == Phase::Asked => session.accept(),
        command::REFUSE => session.refuse(now, status, value, text),
        command::ABORT => session.abort(now, value, text),
        command::WATCH => session.watch(value.into()),
        _ => {}
    }
}
