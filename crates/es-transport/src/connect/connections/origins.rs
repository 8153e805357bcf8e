//! Finding the origin of a request.

use std::{collections::HashMap, sync::Arc};

use http::{
    Uri,
    uri::{Authority, Scheme},
};
use rustc_hash::FxBuildHasher;

use super::origin::Origin;

/// The origins by scheme and authority: a snapshot that readers share.
///
/// The text of the authority is the key: hashing it in one piece is several
/// times cheaper than the hash of an `Authority`, which folds case byte by byte.
#[derive(Clone, Default)]
pub(super) struct Origins {
    http: Map,
    https: Map,
}

type Map = HashMap<Box<str>, Arc<Origin>, FxBuildHasher>;

impl Origins {
    pub(super) fn get(&self, uri: &Uri) -> Option<&Arc<Origin>> {
        self.at(uri.scheme()?, uri.authority()?)
    }

    pub(super) fn at(&self, scheme: &Scheme, authority: &Authority) -> Option<&Arc<Origin>> {
        let map = if *scheme == Scheme::HTTPS { &self.https } else { &self.http };
        map.get(authority.as_str())
    }

    pub(super) fn insert(&mut self, uri: &Uri, origin: Arc<Origin>) {
        let https = uri.scheme() == Some(&Scheme::HTTPS);
        let map = if https { &mut self.https } else { &mut self.http };
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        map.insert(authority.into(), origin);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Origin>> {
        self.http.values().chain(self.https.values())
    }

    /// Parts with the origins that `keep` refuses.
    pub(super) fn split_off(&mut self, mut keep: impl FnMut(&Uri) -> bool) -> Vec<Arc<Origin>> {
        let mut gone = Vec::new();
        for map in [&mut self.http, &mut self.https] {
            map.retain(|_, origin| {
                let kept = keep(origin.uri());
                if !kept {
                    gone.push(Arc::clone(origin));
                }
                kept
            });
        }
        gone
    }
}
