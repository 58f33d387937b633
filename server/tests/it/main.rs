//! The server's tests against a real PostgreSQL: one database a test, cloned from a migrated template.
//!
//! Files mirror the features. [`support`] says how to get a desk, people and tickets.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[allow(dead_code, reason = "helpers for tests of all features")]
mod support;

mod access;
mod account_mail;
mod accounts;
mod acme;
mod answer;
mod api;
mod api_tokens;
mod attachments;
mod attacks;
mod board;
mod console;
mod conversation;
mod customers;
mod directory;
mod durability;
mod fields;
mod forms;
mod fuzzing;
mod guessing;
mod harness;
mod headings;
mod imports;
mod invitations;
mod limits;
mod lists;
mod live;
mod mail;
mod markup;
mod matrix;
mod migrations;
mod opening;
mod origin;
mod outage;
mod outside;
mod pages;
mod passkeys;
mod people;
mod picture;
mod policy_of_pages;
mod post;
mod private;
mod profile;
mod ratings;
mod remote_images;
mod retention;
mod rpc;
mod scim;
mod seal;
mod sealed_files;
mod search;
mod second_factor;
mod security_log;
mod settings;
mod tickets;
mod timeline;
mod tls;
mod visibility;
mod work;
