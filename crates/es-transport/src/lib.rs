//! es-transport
