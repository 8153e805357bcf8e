//! Takes down every span and event of the process, and what tests add.

use std::{
    fmt::{Debug, Write as _},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

#[derive(Clone, Debug, Default)]
pub(crate) struct Transcript {
    text: Arc<Mutex<String>>,
    next: Arc<AtomicU64>,
}

impl Transcript {
    /// The one of this process, which all of its threads write to.
    pub(crate) fn of_this_process() -> Self {
        static ONE: OnceLock<Transcript> = OnceLock::new();
        let one = ONE.get_or_init(|| {
            let transcript = Self::default();
            tracing::subscriber::set_global_default(transcript.clone()).unwrap();
            transcript
        });
        one.clone()
    }

    /// Adds what something shows of itself.
    pub(crate) fn debug(&self, shown: &impl Debug) {
        self.add(&format!("{shown:?}\n{shown:#?}\n"));
    }

    pub(crate) fn add(&self, text: &str) {
        self.text.lock().unwrap().push_str(text);
    }

    pub(crate) fn text(&self) -> String {
        self.text.lock().unwrap().clone()
    }
}

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        write!(self.0, " {field}={value}").unwrap();
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Transcript {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut line = format!("span {}", attributes.metadata().name());
        attributes.record(&mut Fields(&mut line));
        self.add(&(line + "\n"));
        Id::from_u64(self.next.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut line = String::from("record");
        values.record(&mut Fields(&mut line));
        self.add(&(line + "\n"));
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = format!("event {}", event.metadata().target());
        event.record(&mut Fields(&mut line));
        self.add(&(line + "\n"));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
