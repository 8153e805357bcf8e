//! A thread that waits for a future.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use tokio::{runtime::Handle, task::coop};

use crate::error::{Error, Result};

/// Wakes a thread.
struct Unpark {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// Polls a future on this thread until it is ready.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let unpark = Arc::new(Unpark {
        thread: thread::current(),
        woken: AtomicBool::new(false),
    });
    let waker = Waker::from(Arc::clone(&unpark));
    let mut cx = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        // Others may have parked and woken this thread, too.
        while !unpark.woken.swap(false, Ordering::Acquire) {
            thread::park();
        }
    }
}

/// Whether this thread may wait.
///
/// # Errors
/// It is running a task of an async runtime.
pub(super) fn check() -> Result<()> {
    if Handle::try_current().is_ok() && has_budget() {
        return Err(Error::invalid(
            "a blocking call within an async task would stop the runtime's thread; \
             use the asynchronous client, or `spawn_blocking`",
        ));
    }
    Ok(())
}

/// Whether what runs here has a budget after which it should yield: tasks have
/// one, code that may block has not. It is the one thing that tokio lets one
/// see of the difference.
///
/// The budget is spent by that, so that the task yields at its next chance.
fn has_budget() -> bool {
    /// More than tokio gives a task.
    const MORE: usize = 1_024;
    let mut cx = Context::from_waker(Waker::noop());
    (0..MORE).any(|_| match coop::poll_proceed(&mut cx) {
        Poll::Ready(step) => {
            step.made_progress();
            false
        }
        Poll::Pending => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Miri runs it in many orders (`.ci/run miri`): it tells a write that the
    /// woken thread may not see.
    #[test]
    fn a_woken_thread_sees_what_was_written_before() {
        let answer = Arc::new(std::sync::OnceLock::new());
        let mut waker_thread = None;
        let future = std::future::poll_fn(|cx| match answer.get() {
            Some(answer) => Poll::Ready(*answer),
            None => {
                let (answer, waker) = (Arc::clone(&answer), cx.waker().clone());
                waker_thread.get_or_insert_with(|| {
                    thread::spawn(move || {
                        answer.set(7).unwrap();
                        waker.wake();
                    })
                });
                Poll::Pending
            }
        });
        assert_eq!(block_on(future), 7);
        waker_thread.unwrap().join().unwrap();
    }

    fn may_block() -> bool {
        check().is_ok()
    }

    #[test]
    fn a_plain_thread_may_block_even_with_a_runtime_at_hand() {
        assert!(may_block());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let _entered = runtime.enter();
        assert!(may_block());
    }

    #[test]
    fn a_task_may_not_and_its_blocking_threads_may() {
        for mut builder in [
            tokio::runtime::Builder::new_current_thread(),
            tokio::runtime::Builder::new_multi_thread(),
        ] {
            let runtime = builder.build().unwrap();
            runtime.block_on(async {
                assert!(!may_block(), "the body of main");
                assert!(
                    !tokio::spawn(async { may_block() }).await.unwrap(),
                    "a task"
                );
                assert!(tokio::task::spawn_blocking(may_block).await.unwrap());
            });
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
        runtime.block_on(async {
            let local = tokio::task::LocalSet::new();
            assert!(!local.run_until(async { may_block() }).await);
            assert!(tokio::task::block_in_place(may_block));
        });
    }
}
