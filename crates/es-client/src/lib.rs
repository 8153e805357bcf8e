//! es-client
