//! A client while the nodes of a genuine cluster are stopped, killed and frozen,
//! and come back.
//!
//! The environment names the cluster, as `scripts/cluster/es-cluster env` prints
//! it; `ES_NODE_COMMAND` is what stops and starts its nodes. The tests are ignored
//! unless they are asked for (`-- --ignored`). One runs after the other, each on a
//! cluster that is whole, and prints what it measured.

mod attempts;
mod cluster;
mod documents;
mod down;
mod frozen;
mod killed_in_turn;
mod lossy_proxy;
mod lost_responses;
mod new_primary;
mod outcomes;
mod password;
mod rolling_restart;
mod searches;

use crate::server;
