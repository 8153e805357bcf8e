use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicUsize, Ordering},
};

use http::Request;
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
use tower_test::mock;

use super::*;
use crate::Transport;

fn request() -> Request<Body> {
    Request::new(Body::empty())
}

#[test]
fn nothing_is_sent_before_somebody_waits_and_until_the_service_is_ready() {
    let (service, mut handle) = mock::pair::<Request<Body>, Response<Body>>();
    handle.allow(0);
    let mut sending = task::spawn(Transport::from_service(service).send(request()));
    assert_pending!(sending.poll());
    let mut arrived = task::spawn(async { handle.next_request().await.unwrap() });
    assert_pending!(arrived.poll());
    drop(arrived);
    handle.allow(1);
    assert!(sending.is_woken());
    assert_pending!(sending.poll());
    let (_, answer) = tokio_test::block_on(handle.next_request()).unwrap();
    answer.send_response(Response::new(Body::empty()));
    assert_ready_ok!(sending.poll());
}

#[test]
fn a_service_that_fails_to_become_ready_is_the_error() {
    let (service, mut handle) = mock::pair::<Request<Body>, Response<Body>>();
    handle.send_error("broken");
    let mut sending = task::spawn(Transport::from_service(service).send(request()));
    assert!(assert_ready_err!(sending.poll()).is_foreign());
}

/// What a service does with a call.
#[derive(Clone, Copy, PartialEq)]
enum Play {
    Answer,
    Fail,
    Wait,
    Panic,
    /// The service sends by its own transport while it is called.
    Nest,
}

/// A service that counts its clones and plays what it is told.
struct Counted {
    clones: Arc<AtomicUsize>,
    play: Arc<Mutex<Play>>,
    own: Arc<OnceLock<Transport>>,
    /// Whether this very instance has failed.
    is_broken: bool,
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.clones.fetch_add(1, Ordering::Relaxed);
        let (clones, play) = (Arc::clone(&self.clones), Arc::clone(&self.play));
        Self { clones, play, own: Arc::clone(&self.own), is_broken: false }
    }
}

impl Service<Request<Body>> for Counted {
    type Response = Response<Body>;
    type Error = Error;
    type Future = std::future::Ready<Result<Response<Body>>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<()>> {
        assert!(!self.is_broken, "an instance that failed was asked again");
        match *self.play.lock().unwrap() {
            Play::Wait => Poll::Pending,
            Play::Fail => {
                self.is_broken = true;
                Poll::Ready(Err(Error::connect_message("played")))
            }
            Play::Answer | Play::Panic | Play::Nest => Poll::Ready(Ok(())),
        }
    }

    fn call(&mut self, _request: Request<Body>) -> Self::Future {
        let play = std::mem::replace(&mut *self.play.lock().unwrap(), Play::Answer);
        assert!(play != Play::Panic, "played");
        if play == Play::Nest {
            let own = self.own.get().unwrap();
            assert!(task::spawn(own.send(request())).poll().is_ready());
        }
        ready(Ok(Response::new(Body::empty())))
    }
}

struct Stage {
    transport: Transport,
    clones: Arc<AtomicUsize>,
    play: Arc<Mutex<Play>>,
}

impl Stage {
    fn new() -> Self {
        let clones = Arc::<AtomicUsize>::default();
        let play = Arc::new(Mutex::new(Play::Answer));
        let service = Counted {
            clones: Arc::clone(&clones),
            play: Arc::clone(&play),
            own: Arc::default(),
            is_broken: false,
        };
        let own = Arc::clone(&service.own);
        let transport = Transport::from_service(service);
        assert!(own.set(transport.clone()).is_ok());
        clones.store(0, Ordering::Relaxed);
        Self { transport, clones, play }
    }

    fn send(&self, play: Play) -> Poll<Result<Response<ResponseBody>>> {
        *self.play.lock().unwrap() = play;
        task::spawn(self.transport.send(request())).poll()
    }

    fn clones(&self) -> usize {
        self.clones.load(Ordering::Relaxed)
    }
}

#[test]
fn one_instance_serves_all_until_it_waits_or_fails() {
    let stage = Stage::new();
    for _ in 0..3 {
        assert!(stage.send(Play::Answer).is_ready());
    }
    assert_eq!(stage.clones(), 0);
    assert!(stage.send(Play::Wait).is_pending());
    assert_eq!(stage.clones(), 1);
    assert!(matches!(stage.send(Play::Fail), Poll::Ready(Err(_))));
    assert_eq!(stage.clones(), 2);
    assert!(matches!(stage.send(Play::Answer), Poll::Ready(Ok(_))));
    assert_eq!(stage.clones(), 2);
}

#[test]
fn after_a_panic_a_new_instance_takes_its_place() {
    let stage = Stage::new();
    let panics = || drop(stage.send(Play::Panic));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).is_err());
    for _ in 0..3 {
        assert!(matches!(stage.send(Play::Answer), Poll::Ready(Ok(_))));
    }
    assert_eq!(stage.clones(), 1);
}

#[test]
fn who_finds_the_instance_taken_gets_a_clone() {
    let stage = Stage::new();
    assert!(matches!(stage.send(Play::Nest), Poll::Ready(Ok(_))));
    assert_eq!(stage.clones(), 1);
}
