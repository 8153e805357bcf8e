//! Keys and tokens.

use super::parameters::{KEYS, NONE, REFRESH};
use super::{PUT_POST, Route, route};
use crate::api::access::Action::{Anyone, Manage};
use crate::api::security;

pub(super) static ROUTES: &[Route] = &[
    route(
        &["GET"],
        "_security/_authenticate",
        Anyone,
        NONE,
        security::authenticate,
    ),
    route(
        &["GET"],
        "_security/api_key",
        Anyone,
        KEYS,
        security::get_keys,
    ),
    route(
        PUT_POST,
        "_security/api_key",
        Manage,
        REFRESH,
        security::create_key,
    ),
    route(
        &["DELETE"],
        "_security/api_key",
        Manage,
        NONE,
        security::invalidate_keys,
    ),
    route(
        &["POST"],
        "_security/oauth2/token",
        Manage,
        NONE,
        security::create_token,
    ),
];
