//! The choice of a node for an attempt.

use std::{
    collections::HashSet,
    num::NonZeroU64,
    sync::{Arc, atomic::Ordering},
};

use super::{NodePool, State};
use crate::{
    error::{Error, Result},
    node::{
        Candidates, NodeSelector, RequestContext, Selection,
        candidates::{Choice, Indexes},
        snapshot::{Entry, Members, Snapshot},
    },
    rng,
};

impl NodePool {
    /// Selects a node for an attempt that starts at
    /// [`request.now()`](RequestContext::now).
    ///
    /// Nodes that the request has already tried are avoided while another node is live.
    ///
    /// # Errors
    /// Returns an error if the selector finds no [eligible](NodeSelector::eligible)
    /// node, or if the pool is empty.
    #[inline]
    pub fn select<S>(&self, selector: &S, request: &RequestContext<'_>) -> Result<Selection>
    where
        S: NodeSelector + ?Sized,
    {
        let (selection, _) = self.select_with_query(selector, request)?;
        Ok(selection)
    }

    /// Selects a node as [`select`](Self::select) does, and returns the parameter that is
    /// added to the query of the request with it ([`NodeSelector::query_for`]).
    ///
    /// # Errors
    /// Returns the errors of [`select`](Self::select).
    #[inline]
    pub fn select_with_query<S>(
        &self,
        selector: &S,
        request: &RequestContext<'_>,
    ) -> Result<(Selection, Option<&'static str>)>
    where
        S: NodeSelector + ?Sized,
    {
        let snapshot = self.current.load();
        if request.tried().is_empty() && !snapshot.needs_care(request.now()) {
            let candidates = snapshot.candidates(request.now());
            if !selector.is_constrained(request) {
                let choice = self.choose(&candidates, selector, request);
                return Ok(self.selection(&snapshot, choice, None, selector, request));
            }
            let eligible = candidates.narrow(|c| selector.eligible(c.node(), request));
            if eligible.len() == candidates.len() {
                let choice = self.choose(&candidates, selector, request);
                return Ok(self.selection(&snapshot, choice, None, selector, request));
            }
            if let Some(eligible) = eligible.candidates() {
                let choice = self.choose(&eligible, selector, request);
                let (selection, query) = self.selection(&snapshot, choice, None, selector, request);
                return Ok((selection.with_eligible(eligible.indexes()), query));
            }
        }
        drop(snapshot);
        self.select_with_care(selector, request)
    }

    /// Lets the selector choose; a node in its slow start gets only its share of
    /// what it is chosen for.
    #[inline]
    fn choose<S>(
        &self,
        candidates: &Candidates<'_>,
        selector: &S,
        request: &RequestContext<'_>,
    ) -> Choice
    where
        S: NodeSelector + ?Sized,
    {
        let choice = candidates.choose(selector, request);
        let Some(time) = self.settings.slow_start else {
            return choice;
        };
        if rng::unit() < candidates.slow_start_share(choice.member, time) {
            return choice;
        }
        let warm = candidates.narrow(|candidate| candidate.is_warm(time));
        warm.candidates()
            .map_or(choice, |warm| warm.choose(selector, request))
    }

    /// Selects while nodes are to be probed or avoided, or all are dead.
    fn select_with_care<S>(
        &self,
        selector: &S,
        request: &RequestContext<'_>,
    ) -> Result<(Selection, Option<&'static str>)>
    where
        S: NodeSelector + ?Sized,
    {
        loop {
            // The selector is asked without the lock: it may use the pool.
            let members = Arc::clone(&self.current.load().members);
            let eligible = eligible(&members, selector, request)?;

            let mut state = self.lock();
            if !Arc::ptr_eq(&state.members, &members) {
                continue;
            }
            let claimed = state.claim(request, eligible.as_deref());
            if let Some((_, Some(_))) = claimed {
                self.publish(&mut state);
            }
            let usable = match claimed {
                Some(_) => Indexes::new(),
                None => state.usable(request.tried(), eligible.as_deref()),
            };
            // Read under the lock: it agrees with the claim.
            let snapshot = self.current.load_full();
            drop(state);

            let (choice, probe) = match claimed {
                Some((member, probe)) => {
                    let node = members.get(member).map(|entry| &entry.node);
                    let query = node.and_then(|node| selector.query_for(node, request));
                    (Choice { member, query }, probe)
                }
                None => {
                    let all = snapshot.candidates(request.now());
                    let is_all = usable.len() == all.len();
                    let some = Candidates::new(&snapshot.members, &usable, request.now(), 0);
                    let candidates = if is_all { all } else { some };
                    (self.choose(&candidates, selector, request), None)
                }
            };
            let (selection, query) = self.selection(&snapshot, choice, probe, selector, request);
            let selection = match &eligible {
                Some(eligible) => selection.with_eligible(eligible),
                None => selection,
            };
            return Ok((selection, query));
        }
    }

    #[inline]
    fn selection<S>(
        &self,
        snapshot: &Snapshot,
        choice: Choice,
        probe: Option<NonZeroU64>,
        selector: &S,
        request: &RequestContext<'_>,
    ) -> (Selection, Option<&'static str>)
    where
        S: NodeSelector + ?Sized,
    {
        let tracks_load = selector.tracks_load();
        if tracks_load && !self.is_load_tracked.load(Ordering::Relaxed) {
            self.is_load_tracked.store(true, Ordering::Relaxed);
        }
        let stripe = snapshot.stripe();
        let selection = Selection::new(stripe, choice.member, tracks_load, probe, request.now());
        (selection, choice.query)
    }
}

impl State {
    /// Returns the dead node that this request must go to, and its number as a
    /// probe if it is one; `None` if it is to choose among the live nodes.
    fn claim(
        &mut self,
        request: &RequestContext<'_>,
        eligible: Option<&[u32]>,
    ) -> Option<(u32, Option<NonZeroU64>)> {
        let (tried, now) = (urls(request.tried()), request.now());
        let is_tried = |entry: &Entry| tried.contains(entry.node.url());
        let members = || {
            let members = self.members.entries.iter().zip(&self.health).zip(0_u32..);
            members.filter(|(_, index)| is_among(*index, eligible))
        };
        let mut live = members()
            .filter(|((_, health), _)| health.is_live())
            .peekable();
        let any_live = live.peek().is_some();
        // A retry has lost enough time: it probes only if nothing better is left.
        if !tried.is_empty() && live.any(|((entry, _), _)| !is_tried(entry)) {
            return None;
        }
        let first_back = members()
            .filter_map(|((entry, health), index)| {
                let is_tried = is_tried(entry);
                Some(((is_tried, health.is_probed(), health.dead_until()?), index))
            })
            .filter(|((is_tried, is_probed, until), _)| {
                !any_live || (!is_tried && !is_probed && *until <= now)
            })
            .min();
        let ((_, is_probed, until), index) = first_back?;
        if is_probed || until > now {
            return Some((index, None));
        }
        self.last_probe += 1;
        self.health
            .get_mut(index as usize)?
            .begin_probe(self.last_probe);
        Some((index, NonZeroU64::new(self.last_probe)))
    }

    /// Returns the live and eligible nodes to choose from: those that were not
    /// tried while there are any, and of those the ones that have responded
    /// before if a sniffed node has failed and none has responded.
    fn usable(&self, tried: &[Arc<str>], eligible: Option<&[u32]>) -> Indexes {
        let live = || {
            let members = self.members.entries.iter().zip(&self.health).zip(0_u32..);
            members.filter(|((_, health), index)| health.is_live() && is_among(*index, eligible))
        };
        let all = || live().map(|(_, index)| index).collect();
        if tried.is_empty() {
            return all();
        }
        let tried = urls(tried);
        let untried = || live().filter(|((entry, _), _)| !tried.contains(entry.node.url()));
        if self.is_sniff_doubtful {
            let proven = untried().filter(|((_, health), _)| health.is_proven());
            let proven: Indexes = proven.map(|(_, index)| index).collect();
            if !proven.is_empty() {
                return proven;
            }
        }
        let untried: Indexes = untried().map(|(_, index)| index).collect();
        if untried.is_empty() { all() } else { untried }
    }
}

/// A request that very many nodes refuse tries them all.
fn urls(tried: &[Arc<str>]) -> HashSet<&str> {
    tried.iter().map(|url| &**url).collect()
}

/// Whether an index is among those of the eligible members; `None`: all are.
fn is_among(index: u32, eligible: Option<&[u32]>) -> bool {
    eligible.is_none_or(|eligible| eligible.binary_search(&index).is_ok())
}

/// Returns the members that the request may go to; `None` if it may go to all.
fn eligible<S>(
    members: &Members,
    selector: &S,
    request: &RequestContext<'_>,
) -> Result<Option<Box<[u32]>>>
where
    S: NodeSelector + ?Sized,
{
    if members.entries.is_empty() {
        return Err(Error::no_nodes().with_source("the pool is empty"));
    }
    if !selector.is_constrained(request) {
        return Ok(None);
    }
    let is_eligible = |index: &u32| {
        members
            .get(*index)
            .is_some_and(|entry| selector.eligible(&entry.node, request))
    };
    let eligible: Box<[u32]> = members.indexes().filter(is_eligible).collect();
    if eligible.is_empty() {
        let nodes = members.entries.len();
        let (method, path) = (request.method(), request.path());
        let message = format!("the selector finds none of {nodes} nodes eligible: {method} {path}");
        return Err(Error::no_nodes().with_source(message));
    }
    Ok((eligible.len() < members.entries.len()).then_some(eligible))
}
