//! The connections of one host as a state machine without I/O, locks or a clock: it
//! learns what happened and when, and says what to do.

mod shared;

use std::{collections::VecDeque, mem, time::Duration};

use tokio::time::Instant;

pub(super) use shared::{Acquired, Runtime, SharedHost};

/// A connection as a [`Host`] sees it.
pub(super) trait Connection: Sized {
    /// Whether it can take a request now.
    fn is_ready(&self) -> bool;

    /// Returns a second handle to a connection that takes several requests at a time.
    fn share(&self) -> Option<Self>;

    /// Whether both are handles to one connection.
    fn is_same(&self, other: &Self) -> bool;
}

/// A request that waits for a connection.
trait Waiter<C, R> {
    /// Delivers a connection; returns it if the request is gone.
    fn deliver(self, member: Box<Member<C, R>>) -> Result<(), Box<Member<C, R>>>;
}

/// A connection with what its host knows of it. It is kept in a box, since it is moved
/// between its host and its requests.
#[derive(Clone, Debug)]
pub(super) struct Member<C, R> {
    pub connection: C,
    /// The runtime that drives it, in which alone it is used.
    pub runtime: R,
    /// The end of its maximum age.
    pub expires_at: Option<Instant>,
    /// When its last response ended, or when it was opened.
    pub good_at: Instant,
    /// Whether it served a request before, so that it may have died idle.
    pub is_reused: bool,
}

/// Limits on the connections of one host.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub max_open: usize,
    pub max_idle: usize,
    pub idle_timeout: Duration,
}

/// A connection to open: for which waiter, and in which runtime.
#[derive(Debug, PartialEq, Eq)]
struct Connect<R> {
    pub waiter: u64,
    pub runtime: R,
}

/// The connections of one host and the requests that wait for them.
#[derive(Debug)]
struct Host<C, W, R> {
    limits: Limits,
    /// Connections that can take a request, the one used last at the end.
    idle: Vec<Idle<C, R>>,
    /// Requests without a connection, in the order they came, which is that of their ids.
    waiting: VecDeque<Waiting<W, R>>,
    next_id: u64,
    /// Connections that are open or being opened.
    open: usize,
    /// Waiters for whom one is being opened.
    claimed: usize,
    /// The runtimes in which one is being opened whose waiter is gone.
    unclaimed: Vec<R>,
    /// One connection may serve all requests: another is opened only after it is known.
    one_at_a_time: bool,
    phase: Phase,
    /// Connections to drop once the lock is released.
    removed: Vec<Box<Member<C, R>>>,
}

#[derive(Debug)]
struct Idle<C, R> {
    member: Box<Member<C, R>>,
    since: Instant,
}

#[derive(Debug)]
struct Waiting<W, R> {
    id: u64,
    waiter: W,
    runtime: R,
    is_claimed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Active,
    /// The host left: connections are closed when they are released.
    Retired,
    /// Nobody is served any more.
    Closed,
}

impl<C, W, R> Host<C, W, R>
where
    C: Connection,
    W: Waiter<C, R>,
    R: Clone + PartialEq,
{
    fn new(limits: Limits, one_at_a_time: bool) -> Self {
        Self {
            limits,
            idle: Vec::new(),
            waiting: VecDeque::new(),
            next_id: 0,
            open: 0,
            claimed: 0,
            unclaimed: Vec::new(),
            one_at_a_time,
            phase: Phase::Active,
            removed: Vec::new(),
        }
    }

    /// Takes the idle connection of this runtime that was used last. Connections that
    /// are closed or too old are removed on the way.
    fn checkout(&mut self, runtime: &R, now: Instant) -> Option<Box<Member<C, R>>> {
        let mut at = self.idle.len();
        while let Some(idle) = at.checked_sub(1).and_then(|last| self.idle.get_mut(last)) {
            at -= 1;
            if !self.limits.allow(idle, now) {
                self.remove_idle(at);
            } else if idle.member.runtime == *runtime {
                if let Some(mut handle) = idle.member.share() {
                    idle.since = now;
                    handle.is_reused = true;
                    return Some(handle);
                }
                return Some(self.idle.remove(at).member);
            }
        }
        None
    }

    /// Puts a request into the queue; `None` if the host is closed.
    fn enqueue(&mut self, waiter: W, runtime: R) -> Option<u64> {
        if self.phase == Phase::Closed {
            return None;
        }
        let id = self.next_id;
        self.next_id += 1;
        self.waiting.push_back(Waiting {
            id,
            waiter,
            runtime,
            is_claimed: false,
        });
        Some(id)
    }

    /// Takes a request out of the queue, wherever it stands.
    fn leave(&mut self, id: u64) -> Option<W> {
        let at = self.position_of(id)?;
        self.take_waiter(at)
    }

    /// Returns the next connection to open, if one is needed and allowed.
    ///
    /// Every waiter gets a connect of its own, unless one is under way whose waiter was
    /// served otherwise. At the limit an idle connection of another runtime, which cannot
    /// serve the waiter, makes room.
    fn next_connect(&mut self) -> Option<Connect<R>> {
        if self.waiting.len() == self.claimed {
            return None;
        }
        let is_full = self.open >= self.limits.max_open;
        if is_full && self.idle.is_empty() {
            return None;
        }
        let mut spare = self.unclaimed.clone();
        let at = self.waiting.iter().position(|waiting| {
            !waiting.is_claimed && !remove_first(&mut spare, &waiting.runtime)
        })?;
        let runtime = self.waiting.get(at)?.runtime.clone();
        if self.one_at_a_time && self.is_connecting_in(&runtime) {
            return None;
        }
        if is_full {
            self.remove_idle(0);
        }
        let next = self.waiting.get_mut(at)?;
        next.is_claimed = true;
        self.claimed += 1;
        self.open += 1;
        Some(Connect {
            waiter: next.id,
            runtime,
        })
    }

    /// Adds the connection that was opened for a waiter.
    fn connected(&mut self, waiter: u64, member: Box<Member<C, R>>, now: Instant) {
        self.connect_ended(waiter, &member.runtime);
        let is_shared = member.connection.share().is_some();
        self.one_at_a_time &= is_shared;
        if !is_shared {
            return self.release(member, now);
        }
        if self.phase != Phase::Active {
            self.open -= 1;
            return self.removed.push(member);
        }
        while let Some(at) = self.waiter_of(&member.runtime)
            && let Some(handle) = member.share()
            && let Some(waiter) = self.take_waiter(at)
        {
            // A request that is gone needs no handle.
            drop(waiter.deliver(handle));
        }
        self.idle.push(Idle { member, since: now });
    }

    /// Frees the place of a connection that could not be opened, and returns the waiter
    /// for whom it was meant.
    fn connect_failed(&mut self, waiter: u64, runtime: &R) -> Option<W> {
        self.open -= 1;
        self.connect_ended(waiter, runtime);
        self.leave(waiter)
    }

    /// Gives a connection that can take a request to the next waiter of its runtime, or
    /// keeps it.
    fn release(&mut self, mut member: Box<Member<C, R>>, now: Instant) {
        if member.connection.share().is_some() {
            // The host keeps a handle of its own.
            return self.removed.push(member);
        }
        if self.phase != Phase::Active || member.is_expired(now) {
            return self.discard(member);
        }
        while let Some(waiter) = self
            .waiter_of(&member.runtime)
            .and_then(|at| self.take_waiter(at))
        {
            match waiter.deliver(member) {
                Ok(()) => return,
                Err(back) => member = back,
            }
        }
        if self.idle.len() >= self.limits.max_idle {
            return self.discard(member);
        }
        self.idle.push(Idle { member, since: now });
    }

    /// Removes a connection that can take no request any more.
    fn discard(&mut self, member: Box<Member<C, R>>) {
        if member.connection.share().is_some() {
            // Its place is that of the handle which the host keeps.
            if let Some(at) = self.position(&member) {
                self.remove_idle(at);
            }
        } else {
            self.open -= 1;
        }
        self.removed.push(member);
    }

    /// Removes idle connections that are closed, idle for too long or too old. Returns
    /// whether any is left.
    fn evict(&mut self, now: Instant) -> bool {
        let limits = self.limits;
        self.remove_idle_if(|idle| !limits.allow(idle, now));
        !self.idle.is_empty()
    }

    /// Removes the idle connections whose last response is no newer than `good_at`: one
    /// that was as good as they are turned out to be dead.
    fn distrust(&mut self, good_at: Instant) {
        self.remove_idle_if(|idle| idle.member.good_at <= good_at);
    }

    /// Removes all idle connections.
    fn clear_idle(&mut self) {
        self.remove_idle_if(|_| true);
    }

    /// Closes idle connections now and the others when they are released.
    fn retire(&mut self) {
        self.phase = Phase::Retired;
        self.clear_idle();
    }

    /// Retires the host and returns all waiters: nobody is served any more.
    fn close(&mut self) -> Vec<W> {
        self.retire();
        self.phase = Phase::Closed;
        let mut waiters = Vec::with_capacity(self.waiting.len());
        while let Some(waiter) = self.take_waiter(0) {
            waiters.push(waiter);
        }
        waiters
    }

    /// Returns the connections to drop once the lock is released.
    fn take_removed(&mut self) -> Vec<Box<Member<C, R>>> {
        mem::take(&mut self.removed)
    }

    /// Returns the number of connections that are open or being opened.
    fn open(&self) -> usize {
        self.open
    }

    /// Whether a request waits for which no connection is being opened.
    fn has_unclaimed_waiters(&self) -> bool {
        self.waiting.len() > self.claimed
    }

    /// Returns the runtime of an idle connection.
    fn idle_runtime(&self) -> Option<R> {
        self.idle.last().map(|idle| idle.member.runtime.clone())
    }

    /// Returns the number of idle connections.
    fn idle(&self) -> usize {
        self.idle.len()
    }

    fn waiter_of(&self, runtime: &R) -> Option<usize> {
        self.waiting
            .iter()
            .position(|waiting| waiting.runtime == *runtime)
    }

    fn position_of(&self, id: u64) -> Option<usize> {
        self.waiting
            .binary_search_by_key(&id, |waiting| waiting.id)
            .ok()
    }

    /// Takes out a waiter; the connect that may run for it goes on for the next one.
    fn take_waiter(&mut self, at: usize) -> Option<W> {
        let waiting = self.waiting.remove(at)?;
        if waiting.is_claimed {
            self.claimed -= 1;
            self.unclaimed.push(waiting.runtime);
        }
        Some(waiting.waiter)
    }

    /// Notes that the connect for a waiter ended, whether it still waits or not.
    fn connect_ended(&mut self, waiter: u64, runtime: &R) {
        match self
            .position_of(waiter)
            .and_then(|at| self.waiting.get_mut(at))
        {
            Some(waiting) => {
                waiting.is_claimed = false;
                self.claimed -= 1;
            }
            None => drop(remove_first(&mut self.unclaimed, runtime)),
        }
    }

    fn is_connecting_in(&self, runtime: &R) -> bool {
        let is_claimed =
            |waiting: &Waiting<W, R>| waiting.is_claimed && waiting.runtime == *runtime;
        self.unclaimed.contains(runtime) || self.waiting.iter().any(is_claimed)
    }

    fn position(&self, member: &Member<C, R>) -> Option<usize> {
        self.idle
            .iter()
            .position(|idle| idle.member.connection.is_same(&member.connection))
    }

    fn remove_idle(&mut self, at: usize) {
        let idle = self.idle.remove(at);
        self.open -= 1;
        self.removed.push(idle.member);
    }

    fn remove_idle_if(&mut self, remove: impl FnMut(&mut Idle<C, R>) -> bool) {
        let removed = self.idle.extract_if(.., remove).map(|idle| idle.member);
        let before = self.removed.len();
        self.removed.extend(removed);
        self.open -= self.removed.len() - before;
    }
}

impl Limits {
    /// Whether an idle connection may serve a request.
    fn allow<C: Connection, R>(&self, idle: &Idle<C, R>, now: Instant) -> bool {
        let end = idle.since.checked_add(self.idle_timeout);
        idle.member.connection.is_ready()
            && !idle.member.is_expired(now)
            && end.is_none_or(|end| now <= end)
    }
}

impl<C: Connection, R: Clone> Member<C, R> {
    /// Returns a second handle to a connection that takes several requests at a time.
    fn share(&self) -> Option<Box<Self>> {
        let connection = self.connection.share()?;
        Some(Box::new(Self {
            connection,
            runtime: self.runtime.clone(),
            ..*self
        }))
    }
}

/// Removes the first entry that equals `wanted`, and returns whether there was one.
fn remove_first<R: PartialEq>(list: &mut Vec<R>, wanted: &R) -> bool {
    let at = list.iter().position(|entry| entry == wanted);
    at.map(|at| list.swap_remove(at)).is_some()
}

impl<C, R> Member<C, R> {
    /// Whether its maximum age is over.
    fn is_expired(&self, now: Instant) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

#[cfg(test)]
mod tests;
