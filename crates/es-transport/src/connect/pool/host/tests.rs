use std::{cell::RefCell, rc::Rc};

use proptest::prelude::*;

use super::*;

/// A connection that is ready as long as its server is there.
#[derive(Clone, Debug)]
struct Fake {
    id: usize,
    is_ready: Rc<RefCell<bool>>,
    is_shared: bool,
}

impl Connection for Fake {
    fn is_ready(&self) -> bool {
        *self.is_ready.borrow()
    }

    fn share(&self) -> Option<Self> {
        self.is_shared.then(|| self.clone())
    }

    fn is_same(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

type Runtime = u8;
type Inbox = Rc<RefCell<Vec<(usize, Box<Member<Fake, Runtime>>)>>>;

/// A request that writes what it gets into the test's inbox.
#[derive(Debug)]
struct Request {
    number: usize,
    is_gone: bool,
    inbox: Inbox,
}

impl Waiter<Fake, Runtime> for Request {
    fn deliver(self, member: Box<Member<Fake, Runtime>>) -> Result<(), Box<Member<Fake, Runtime>>> {
        if self.is_gone {
            return Err(member);
        }
        self.inbox.borrow_mut().push((self.number, member));
        Ok(())
    }
}

const LIMITS: Limits = Limits {
    max_open: 2,
    max_idle: 2,
    idle_timeout: Duration::from_secs(60),
};

/// A host, the time, and what was delivered.
struct World {
    host: Host<Fake, Request, Runtime>,
    now: Instant,
    inbox: Inbox,
    made: usize,
}

impl World {
    fn new(limits: Limits) -> Self {
        let now = Instant::now();
        Self {
            host: Host::new(limits, false),
            now,
            inbox: Inbox::default(),
            made: 0,
        }
    }

    fn request(&mut self, number: usize, runtime: Runtime) -> u64 {
        let inbox = Rc::clone(&self.inbox);
        self.host
            .enqueue(
                Request {
                    number,
                    is_gone: false,
                    inbox,
                },
                runtime,
            )
            .unwrap()
    }

    fn member(&mut self, runtime: Runtime, is_shared: bool) -> Box<Member<Fake, Runtime>> {
        self.made += 1;
        let connection = Fake {
            id: self.made,
            is_ready: Rc::new(true.into()),
            is_shared,
        };
        let expires_at = Some(self.now + Duration::from_secs(600));
        Box::new(Member {
            connection,
            runtime,
            expires_at,
            good_at: self.now,
            is_reused: false,
        })
    }

    /// Opens a connection for whom the host wants one.
    fn connect(&mut self) -> Option<u64> {
        let Connect { waiter, runtime } = self.host.next_connect()?;
        let member = self.member(runtime, false);
        self.host.connected(waiter, member, self.now);
        Some(waiter)
    }

    /// An idle connection.
    fn idle(&mut self) -> Box<Member<Fake, Runtime>> {
        self.request(0, 1);
        self.connect().unwrap();
        self.delivered().pop().unwrap().1
    }

    fn delivered(&mut self) -> Vec<(usize, Box<Member<Fake, Runtime>>)> {
        self.inbox.take()
    }

    fn numbers(&mut self) -> Vec<usize> {
        self.delivered()
            .into_iter()
            .map(|(number, _)| number)
            .collect()
    }
}

#[test]
fn a_released_connection_serves_the_first_waiter() {
    let mut world = World::new(Limits {
        max_open: 1,
        ..LIMITS
    });
    let member = world.idle();
    world.request(7, 1);
    world.request(8, 1);
    assert!(world.host.next_connect().is_none(), "the limit is reached");
    world.host.release(member, world.now);
    assert_eq!(world.numbers(), [7]);
}

#[test]
fn a_connect_serves_whoever_is_first() {
    let mut world = World::new(LIMITS);
    let (first, second) = (world.request(1, 1), world.request(2, 1));
    let connects = [world.host.next_connect(), world.host.next_connect()];
    assert_eq!(
        connects.map(|connect| connect.unwrap().waiter),
        [first, second]
    );
    let member = world.member(1, false);
    world.host.connected(second, member, world.now);
    assert_eq!(world.numbers(), [1]);
    // The other one goes on, for the second.
    assert!(world.host.next_connect().is_none());
}

#[test]
fn a_failed_connect_fails_its_own_waiter() {
    let mut world = World::new(LIMITS);
    let (first, second) = (world.request(1, 1), world.request(2, 1));
    while world.host.next_connect().is_some() {}
    assert_eq!(world.host.connect_failed(second, &1).unwrap().number, 2);
    assert_eq!(world.host.open(), 1);
    assert_eq!(world.host.connect_failed(first, &1).unwrap().number, 1);
    assert_eq!(world.host.open(), 0);
}

#[test]
fn another_runtime_is_not_served() {
    let mut world = World::new(LIMITS);
    let member = world.idle();
    world.host.release(member, world.now);
    assert!(world.host.checkout(&2, world.now).is_none());
    world.request(5, 2);
    assert_eq!(
        world.host.next_connect().map(|connect| connect.runtime),
        Some(2)
    );
}

#[test]
fn another_runtimes_idle_connection_makes_room() {
    let mut world = World::new(Limits {
        max_open: 1,
        ..LIMITS
    });
    let member = world.idle();
    world.host.release(member, world.now);
    world.request(5, 2);
    assert!(world.connect().is_some());
    assert_eq!(world.numbers(), [5]);
    assert_eq!((world.host.open(), world.host.idle()), (1, 0));
}

#[test]
fn a_stuck_connect_of_another_runtime_covers_nobody() {
    let mut world = World::new(LIMITS);
    let stuck = world.request(1, 1);
    world.host.next_connect().unwrap();
    drop(world.host.leave(stuck));
    world.request(2, 2);
    assert_eq!(
        world.host.next_connect().map(|connect| connect.runtime),
        Some(2)
    );
}

#[test]
fn old_connections_are_closed_between_requests() {
    let mut world = World::new(LIMITS);
    let member = world.idle();
    world.now += Duration::from_secs(600);
    world.host.release(member, world.now);
    assert_eq!((world.host.open(), world.host.idle()), (0, 0));
}

#[test]
fn idle_connections_expire() {
    for (seconds, is_kept) in [(60, true), (61, false)] {
        let mut world = World::new(LIMITS);
        let member = world.idle();
        world.host.release(member, world.now);
        world.now += Duration::from_secs(seconds);
        assert_eq!(world.host.evict(world.now), is_kept);
        assert_eq!(world.host.checkout(&1, world.now).is_some(), is_kept);
    }
}

#[test]
fn distrust_closes_what_is_no_better() {
    let mut world = World::new(Limits {
        max_open: 3,
        max_idle: 3,
        ..LIMITS
    });
    let (old, dead) = (world.idle(), world.idle());
    world.now += Duration::from_secs(1);
    let new = world.idle();
    let newest = new.connection.id;
    let good_at = dead.good_at;
    for member in [old, new] {
        world.host.release(member, world.now);
    }
    world.host.distrust(good_at);
    world.host.discard(dead);
    assert_eq!((world.host.open(), world.host.idle()), (1, 1));
    assert_eq!(
        world.host.checkout(&1, world.now).unwrap().connection.id,
        newest
    );
}

#[test]
fn a_shared_connection_serves_all() {
    let mut world = World::new(LIMITS);
    world.host.one_at_a_time = true;
    let first = world.request(1, 1);
    world.request(2, 1);
    world.request(3, 1);
    world.host.next_connect().unwrap();
    assert!(world.host.next_connect().is_none(), "one at a time");
    let member = world.member(1, true);
    world.host.connected(first, member, world.now);
    assert_eq!(world.numbers(), [1, 2, 3]);
    let again = world.host.checkout(&1, world.now).unwrap();
    assert!(again.is_reused);
    assert_eq!(world.host.open(), 1);

    // One whose request timed out is not used again.
    world.host.discard(again);
    assert_eq!((world.host.open(), world.host.idle()), (0, 0));
    assert!(world.host.checkout(&1, world.now).is_none());
}

#[test]
fn http_1_connects_are_not_held_back() {
    let mut world = World::new(LIMITS);
    world.host.one_at_a_time = true;
    world.request(1, 1);
    world.request(2, 1);
    assert!(world.connect().is_some());
    assert!(world.host.next_connect().is_some());
}

#[test]
fn a_closed_host_serves_nobody() {
    let mut world = World::new(LIMITS);
    let member = world.idle();
    world.request(1, 1);
    assert_eq!(world.host.close().len(), 1);
    let inbox = Rc::clone(&world.inbox);
    assert!(
        world
            .host
            .enqueue(
                Request {
                    number: 2,
                    is_gone: false,
                    inbox
                },
                1
            )
            .is_none()
    );
    world.host.release(member, world.now);
    assert_eq!(world.host.open(), 0);
}

/// Something that happens to a host.
#[derive(Clone, Debug)]
enum Event {
    Request { runtime: Runtime },
    Cancel(usize),
    Vanish(usize),
    Connected(usize),
    Failed(usize),
    Released(usize),
    Broken(usize),
    ServerCloses(usize),
    Evict,
    Distrust,
    Pass(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let index = 0..8_usize;
    prop_oneof![
        4 => (1..=2_u8).prop_map(|runtime| Event::Request { runtime }),
        1 => index.clone().prop_map(Event::Cancel),
        1 => index.clone().prop_map(Event::Vanish),
        3 => index.clone().prop_map(Event::Connected),
        1 => index.clone().prop_map(Event::Failed),
        3 => index.clone().prop_map(Event::Released),
        1 => index.clone().prop_map(Event::Broken),
        1 => index.prop_map(Event::ServerCloses),
        1 => Just(Event::Evict),
        1 => Just(Event::Distrust),
        1 => (1..200_u64).prop_map(Event::Pass),
    ]
}

/// Takes an entry by a number that may be too large.
fn pick<T>(list: &mut Vec<T>, index: usize) -> Option<T> {
    (!list.is_empty()).then(|| list.swap_remove(index % list.len()))
}

proptest! {
    /// Whatever happens: the limit holds, nothing is lost, nobody waits without a reason,
    /// and requests of one runtime are served in order.
    #[test]
    fn invariants_hold(
        events in proptest::collection::vec(event(), 1..80),
        max_open in 1..4_usize,
        max_idle in 0..4_usize,
    ) {
        let mut world = World::new(Limits { max_open, max_idle, ..LIMITS });
        let mut waiting: Vec<(u64, usize, Runtime)> = Vec::new();
        let mut connecting: Vec<Connect<Runtime>> = Vec::new();
        let mut used: Vec<Box<Member<Fake, Runtime>>> = Vec::new();
        let mut servers = Vec::new();

        for (number, event) in events.into_iter().enumerate() {
            match event {
                Event::Request { runtime } => match world.host.checkout(&runtime, world.now) {
                    Some(member) => {
                        prop_assert_eq!(member.runtime, runtime);
                        prop_assert!(member.connection.is_ready() && !member.is_expired(world.now));
                        used.push(member);
                    }
                    None => waiting.push((world.request(number, runtime), number, runtime)),
                },
                Event::Cancel(index) => {
                    if let Some((id, ..)) = pick(&mut waiting, index) {
                        prop_assert!(world.host.leave(id).is_some());
                        waiting.sort_unstable();
                    }
                }
                Event::Vanish(index) => {
                    if let Some((id, ..)) = pick(&mut waiting, index) {
                        let at = world.host.position_of(id).unwrap();
                        world.host.waiting[at].waiter.is_gone = true;
                        waiting.sort_unstable();
                    }
                }
                Event::Connected(index) => {
                    if let Some(Connect { waiter, runtime }) = pick(&mut connecting, index) {
                        let member = world.member(runtime, false);
                        servers.push(Rc::clone(&member.connection.is_ready));
                        world.host.connected(waiter, member, world.now);
                    }
                }
                Event::Failed(index) => {
                    if let Some(Connect { waiter, runtime }) = pick(&mut connecting, index)
                        && world.host.connect_failed(waiter, &runtime).is_some()
                    {
                        waiting.retain(|(id, ..)| *id != waiter);
                    }
                }
                Event::Released(index) => {
                    if let Some(mut member) = pick(&mut used, index) {
                        member.good_at = world.now;
                        if member.connection.is_ready() {
                            world.host.release(member, world.now);
                        } else {
                            world.host.discard(member);
                        }
                    }
                }
                Event::Broken(index) => {
                    if let Some(member) = pick(&mut used, index) {
                        world.host.discard(member);
                    }
                }
                Event::ServerCloses(index) => {
                    if let Some(server) = pick(&mut servers, index) {
                        server.replace(false);
                    }
                }
                Event::Evict => drop(world.host.evict(world.now)),
                Event::Distrust => world.host.distrust(world.now - Duration::from_secs(30)),
                Event::Pass(seconds) => world.now += Duration::from_secs(seconds),
            }
            for (number, member) in world.delivered() {
                let at = waiting.iter().position(|(_, other, _)| *other == number).unwrap();
                let (_, _, runtime) = waiting.remove(at);
                prop_assert_eq!(runtime, member.runtime);
                let is_first = waiting[..at].iter().all(|(_, _, other)| *other != runtime);
                prop_assert!(is_first, "served in order");
                used.push(member);
            }
            while let Some(connect) = world.host.next_connect() {
                connecting.push(connect);
            }
            drop(world.host.take_removed());

            let open = connecting.len() + used.len() + world.host.idle();
            prop_assert_eq!(world.host.open(), open, "nothing is lost");
            prop_assert!(open <= max_open, "the limit holds");
            prop_assert!(world.host.idle() <= max_idle);
            let is_full = open == max_open && world.host.idle() == 0;
            prop_assert!(
                is_full || world.host.waiting.len() <= connecting.len(),
                "somebody waits although one more connection is allowed"
            );
        }
    }
}
