use super::*;

const EJECTION: Ejection = Ejection::new();

struct Clock(Instant);

impl Clock {
    fn at(&self, seconds: u64) -> Instant {
        self.0 + Duration::from_secs(seconds)
    }

    fn report(&self, health: &mut Health, outcome: NodeOutcome, from: u64, to: u64) -> Change {
        self.probe(health, outcome, None, from, to)
    }

    fn probe(
        &self,
        health: &mut Health,
        outcome: NodeOutcome,
        probe: Option<u64>,
        from: u64,
        to: u64,
    ) -> Change {
        let report = report(outcome, self.at(from), probe, self.at(to));
        health.report(report, 3, Some(&EJECTION), |n| {
            Duration::from_secs(u64::from(n) * 10)
        })
    }
}

fn report(outcome: NodeOutcome, started_at: Instant, probe: Option<u64>, now: Instant) -> Report {
    let has_responded = matches!(
        outcome,
        NodeOutcome::Healthy | NodeOutcome::Overloaded | NodeOutcome::ServerError
    );
    Report {
        outcome,
        has_responded,
        started_at,
        probe,
        now,
    }
}

fn start() -> (Clock, Health) {
    (Clock(Instant::now()), Health::default())
}

#[test]
fn failures_that_come_together_count_once() {
    let (clock, mut health) = start();
    assert_eq!(
        clock.report(&mut health, NodeOutcome::Failed, 0, 1),
        Change::Died
    );
    for _ in 0..5 {
        assert_eq!(
            clock.report(&mut health, NodeOutcome::Failed, 0, 2),
            Change::None
        );
    }
    assert_eq!(health.dead_until(), Some(clock.at(11)));
}

#[test]
fn a_dead_time_may_be_longer_than_any_clock() {
    let (clock, mut health) = start();
    let report = report(NodeOutcome::Failed, clock.0, None, clock.at(1));
    assert_eq!(
        health.report(report, 3, None, |_| Duration::MAX),
        Change::Died
    );
    assert!(
        health
            .dead_until()
            .is_some_and(|until| until > clock.at(86_400 * 365))
    );
}

#[test]
fn a_failed_probe_makes_the_dead_time_longer() {
    let (clock, mut health) = start();
    clock.report(&mut health, NodeOutcome::Failed, 0, 0);
    health.begin_probe(7);
    assert_eq!(health.probe_at(), None);
    assert_eq!(
        clock.probe(&mut health, NodeOutcome::Failed, Some(7), 10, 11),
        Change::Probe
    );
    assert_eq!(health.dead_until(), Some(clock.at(31)));
    assert_eq!(health.probe_at(), health.dead_until());
}

#[test]
fn a_response_to_the_probe_revives_and_forgets() {
    let (clock, mut health) = start();
    clock.report(&mut health, NodeOutcome::Failed, 0, 0);
    health.begin_probe(7);
    assert_eq!(
        clock.probe(&mut health, NodeOutcome::Overloaded, Some(7), 10, 11),
        Change::Revived
    );
    assert!(health.is_live() && health.is_settled());
    // What was sent before the revival breaks: the node is not dead again.
    assert_eq!(
        clock.report(&mut health, NodeOutcome::Failed, 5, 12),
        Change::None
    );
    assert_eq!(
        clock.report(&mut health, NodeOutcome::Failed, 12, 13),
        Change::Died
    );
    assert_eq!(health.dead_until(), Some(clock.at(23)));
}

#[test]
fn a_response_to_an_older_request_revives_nothing() {
    let (clock, mut health) = start();
    clock.report(&mut health, NodeOutcome::Failed, 0, 5);
    assert_eq!(
        clock.report(&mut health, NodeOutcome::Healthy, 1, 6),
        Change::None
    );
    assert_eq!(
        clock.report(&mut health, NodeOutcome::Healthy, 6, 7),
        Change::Revived
    );
}

#[test]
fn three_timeouts_without_a_response_kill() {
    let (clock, mut health) = start();
    clock.report(&mut health, NodeOutcome::Suspect, 0, 1);
    clock.report(&mut health, NodeOutcome::Suspect, 0, 1);
    clock.report(&mut health, NodeOutcome::Healthy, 0, 2);
    clock.report(&mut health, NodeOutcome::Suspect, 2, 3);
    clock.report(&mut health, NodeOutcome::Suspect, 2, 3);
    assert!(health.is_live() && !health.is_settled());
    assert_eq!(
        clock.report(&mut health, NodeOutcome::Suspect, 2, 3),
        Change::Died
    );
}

#[test]
fn a_marked_node_stays_dead_for_its_time() {
    let (clock, mut health) = start();
    assert_eq!(
        health.mark_dead(clock.at(1), Duration::from_secs(60)),
        Change::Died
    );
    assert_eq!(health.dead_until(), Some(clock.at(61)));
    // What was under way says nothing.
    assert_eq!(
        clock.report(&mut health, NodeOutcome::Healthy, 0, 2),
        Change::None
    );
    assert_eq!(health.mark_live(clock.at(3)), Change::Revived);
    assert_eq!(
        clock.report(&mut health, NodeOutcome::Failed, 2, 4),
        Change::None
    );
    assert_eq!((health.is_live(), health.failures()), (true, 0));
    assert_eq!(health.mark_live(clock.at(5)), Change::None);
}

#[test]
fn a_node_is_proven_by_any_response() {
    let (clock, mut health) = start();
    clock.report(&mut health, NodeOutcome::Suspect, 0, 1);
    assert!(!health.is_proven());
    let mut unavailable = report(NodeOutcome::Failed, clock.0, None, clock.at(2));
    unavailable.has_responded = true;
    health.report(unavailable, 3, None, |_| Duration::ZERO);
    assert!(health.is_proven());
}

#[test]
fn a_probe_that_times_out_has_failed() {
    let (clock, mut health) = start();
    clock.report(&mut health, NodeOutcome::Failed, 0, 0);
    health.begin_probe(7);
    assert_eq!(
        clock.probe(&mut health, NodeOutcome::Suspect, Some(7), 10, 11),
        Change::Probe
    );
    assert_eq!(health.dead_until(), Some(clock.at(31)));
}

#[test]
fn a_dropped_probe_lets_the_next_one_go() {
    let (clock, mut health) = start();
    clock.report(&mut health, NodeOutcome::Failed, 0, 0);
    health.begin_probe(7);
    assert_eq!(
        clock.probe(&mut health, NodeOutcome::Unknown, Some(6), 10, 11),
        Change::None
    );
    assert_eq!(health.probe_at(), None);
    assert_eq!(
        clock.probe(&mut health, NodeOutcome::Unknown, Some(7), 10, 11),
        Change::Probe
    );
    assert_eq!(health.probe_at(), Some(clock.at(10)));
}

#[test]
fn an_ejected_node_returns_by_a_good_probe() {
    let (clock, mut health) = start();
    assert_eq!(health.eject(clock.at(1), &EJECTION), Change::Died);
    assert_eq!(health.dead_until(), Some(clock.at(31)));
    // Attempts from before, good or bad, and those of a moment without live nodes.
    assert_eq!(
        clock.report(&mut health, NodeOutcome::Healthy, 0, 2),
        Change::None
    );
    assert_eq!(
        clock.report(&mut health, NodeOutcome::ServerError, 3, 4),
        Change::None
    );
    health.begin_probe(7);
    let probe = |health: &mut Health, outcome, at| clock.probe(health, outcome, Some(7), at, at);
    assert_eq!(
        probe(&mut health, NodeOutcome::ServerError, 31),
        Change::Probe
    );
    assert!(health.is_ejected());
    // The second ejection in a row takes twice as long.
    assert_eq!(health.dead_until(), Some(clock.at(31 + 60)));
    health.begin_probe(7);
    assert_eq!(
        probe(&mut health, NodeOutcome::Healthy, 91),
        Change::Revived
    );
    assert!(health.is_live() && !health.is_ejected());
}

#[test]
fn a_node_that_stayed_live_is_ejected_anew() {
    let (clock, mut health) = start();
    let time_of = |health: &mut Health, at| {
        health.eject(clock.at(at), &EJECTION);
        let until = health.dead_until().unwrap();
        health.mark_live(until);
        until.duration_since(clock.at(at)).as_secs()
    };
    assert_eq!(time_of(&mut health, 0), 30);
    assert_eq!(time_of(&mut health, 31), 60);
    assert_eq!(time_of(&mut health, 91 + 59), 90);
    assert_eq!(time_of(&mut health, 240 + 90), 30);
}

#[test]
fn an_ejected_node_that_cannot_be_reached_is_dead() {
    let (clock, mut health) = start();
    health.eject(clock.at(0), &EJECTION);
    health.begin_probe(7);
    assert_eq!(
        clock.probe(&mut health, NodeOutcome::Failed, Some(7), 30, 31),
        Change::Probe
    );
    assert!(!health.is_live() && !health.is_ejected());
}
