//! The REST interface, through the router.

mod attachments;
mod auth;
mod client;
mod document;
mod fuzz;
mod routes;
mod tickets;
