//! How much of a connection is in flight: quinn-proto tells it to its congestion controller only, so Cubic is wrapped.
use std::any::Any;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use quinn_proto::congestion::{Controller, ControllerFactory, CubicConfig};
use quinn_proto::RttEstimator;

/// What one connection's controller has heard last.
#[derive(Default)]
pub struct Flight {
    in_flight: AtomicU64,
    acks: AtomicU64,
}

impl Flight {
    /// How many acknowledgements there were, and the bytes that were in flight after the last.
    pub fn look(&self) -> (u64, u64) {
        (self.acks.load(Ordering::Relaxed), self.in_flight.load(Ordering::Relaxed))
    }
}

#[derive(Default)]
pub struct FlightFactory {
    last: Mutex<Arc<Flight>>,
}

impl FlightFactory {
    /// That of the connection that was made last.
    pub fn last(&self) -> Arc<Flight> {
        self.last.lock().map(|last| last.clone()).unwrap_or_default()
    }
}

impl ControllerFactory for FlightFactory {
    fn build(self: Arc<Self>, now: Instant, current_mtu: u16) -> Box<dyn Controller> {
        let flight = Arc::new(Flight::default());
        if let Ok(mut last) = self.last.lock() {
            *last = flight.clone();
        }
        Box::new(Watched { inner: Arc::new(CubicConfig::default()).build(now, current_mtu), flight })
    }
}

struct Watched {
    inner: Box<dyn Controller>,
    flight: Arc<Flight>,
}

impl Controller for Watched {
    fn on_sent(&mut self, now: Instant, bytes: u64, last_packet_number: u64) {
        self.inner.on_sent(now, bytes, last_packet_number);
    }

    fn on_ack(&mut self, now: Instant, sent: Instant, bytes: u64, app_limited: bool, rtt: &RttEstimator) {
        self.inner.on_ack(now, sent, bytes, app_limited, rtt);
    }

    fn on_end_acks(&mut self, now: Instant, in_flight: u64, app_limited: bool, largest: Option<u64>) {
        self.flight.in_flight.store(in_flight, Ordering::Relaxed);
        self.flight.acks.fetch_add(1, Ordering::Relaxed);
        self.inner.on_end_acks(now, in_flight, app_limited, largest);
    }

    fn on_congestion_event(&mut self, now: Instant, sent: Instant, is_persistent: bool, lost_bytes: u64) {
        self.inner.on_congestion_event(now, sent, is_persistent, lost_bytes);
    }

    fn on_mtu_update(&mut self, new_mtu: u16) {
        self.inner.on_mtu_update(new_mtu);
    }

    fn window(&self) -> u64 {
        self.inner.window()
    }

    fn clone_box(&self) -> Box<dyn Controller> {
        Box::new(Watched { inner: self.inner.clone_box(), flight: self.flight.clone() })
    }

    fn initial_window(&self) -> u64 {
        self.inner.initial_window()
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}
