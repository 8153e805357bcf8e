//! Calls of a genuine cluster whose nodes have faults, each of which must be served or
//! fail with a reason that is true.
//!
//! | Module | Contents |
//! |---|---|
//! | [`relay`] | the way to a node, whose address can change and which can be cut |
//! | [`cluster`] | the nodes, and their faults |
//! | [`schedule`] | which node had which fault at what time |
//! | [`calls`] | the calls, and whether their responses are right |
//! | [`verdict`] | whether the schedule explains how a call ended |
//! | [`ledger`] | which documents must exist, and which must not |
//! | [`report`] | the counts, as a table |

pub mod calls;
pub mod cluster;
pub mod ledger;
pub mod relay;
pub mod report;
pub mod schedule;
pub mod verdict;
