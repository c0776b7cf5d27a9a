//! The places of connections that are no sessions yet, which strangers can fill, with a share for each source.
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

/// A place: its source, and its number among all that came.
pub type Ticket = (u64, u64);
/// Of a source: its places, the number of its oldest one, and itself. The last in order is the most crowded; of those
/// with equally many, it is the one whose oldest came first.
type Share = (usize, Reverse<u64>, u64);

/// The shares are soft: one source may take all places that nobody else wants. In a full pool the oldest connection of
/// the most crowded source leaves for a newcomer, unless it came in this turn of reading, in which its next packet could
/// not be read. All operations take logarithmic time.
#[derive(Default)]
pub struct Pending {
    /// Where the connection is, and the turn in which it came.
    places: BTreeMap<Ticket, (usize, u64)>,
    shares: HashMap<u64, Share>,
    by_size: BTreeSet<Share>,
    next: u64,
    turn: u64,
}

impl Pending {
    pub fn len(&self) -> usize {
        self.places.len()
    }

    pub fn sources(&self) -> usize {
        self.shares.len()
    }

    pub fn largest_share(&self) -> usize {
        self.by_size.last().map_or(0, |share| share.0)
    }

    /// From now on those that are there may have to leave.
    pub fn next_turn(&mut self) {
        self.turn += 1;
    }

    /// Who has to leave for a newcomer if all places are taken.
    pub fn victim(&self) -> Option<usize> {
        let &(_, Reverse(oldest), source) = self.by_size.last()?;
        // If the oldest came in this turn, so did all others of its source.
        self.places.get(&(source, oldest)).filter(|(_, turn)| *turn != self.turn).map(|(at, _)| *at)
    }

    pub fn add(&mut self, at: usize, source: u64) -> Ticket {
        let ticket = (source, self.next);
        self.next += 1;
        self.places.insert(ticket, (at, self.turn));
        self.update(source, self.count_of(source) + 1);
        ticket
    }

    pub fn remove(&mut self, ticket: Ticket) {
        if self.places.remove(&ticket).is_some() {
            self.update(ticket.0, self.count_of(ticket.0) - 1);
        }
    }

    fn count_of(&self, source: u64) -> usize {
        self.shares.get(&source).map_or(0, |share| share.0)
    }

    /// A source has `count` places now.
    fn update(&mut self, source: u64, count: usize) {
        if let Some(before) = self.shares.remove(&source) {
            self.by_size.remove(&before);
        }
        if let Some((&(_, oldest), _)) = self.places.range((source, 0)..=(source, u64::MAX)).next() {
            let share = (count, Reverse(oldest), source);
            self.shares.insert(source, share);
            self.by_size.insert(share);
        }
    }
}

/// What has a share: an IPv4 address, or an IPv6 /64.
pub fn source_of(ip: IpAddr) -> u64 {
    match ip.to_canonical() {
        IpAddr::V4(ip) => u64::from(u32::from(ip)) | 0xffff_0000_0000_0000,
        IpAddr::V6(ip) => (u128::from(ip) >> 64) as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::{Pending, Ticket};

    #[test]
    fn the_victim_is_the_oldest_of_the_most_crowded_source() {
        let mut pending = Pending::default();
        let mut held: Vec<(Ticket, usize, usize)> = Vec::new();
        let mut seed = 1u32;
        let mut random = move |end: usize| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as usize % end
        };
        for at in 0..20_000 {
            if random(40) == 0 {
                pending.next_turn();
            }
            if held.len() > random(60) {
                let (ticket, ..) = held.swap_remove(random(held.len()));
                pending.remove(ticket);
            } else {
                held.push((pending.add(at, random(9) as u64), at, pending.turn as usize));
            }
            let count = |source| held.iter().filter(|(ticket, ..)| ticket.0 == source).count();
            let largest = (0..9).map(count).max().unwrap();
            let oldest =
                held.iter().filter(|(ticket, ..)| count(ticket.0) == largest).min_by_key(|(ticket, ..)| ticket.1);
            let victim = oldest.filter(|(_, _, turn)| *turn as u64 != pending.turn).map(|(_, at, _)| *at);
            assert_eq!(pending.victim(), victim);
            assert_eq!((pending.len(), pending.largest_share()), (held.len(), largest));
            assert_eq!(pending.sources(), (0..9).filter(|source| count(*source) > 0).count());
        }
    }
}
