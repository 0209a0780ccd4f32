//! The world tests: the one binary against real registries and a real Git server, one test per promise.
//!
//! They assert on outcomes (bytes in the bare repository, commits, exit code, words), never on how the binary got there.

// The tests start servers and the binary.
#![allow(clippy::disallowed_types)]

mod after;
mod architecture;
mod bombs;
mod canary;
mod check;
mod children;
mod commits;
mod component;
mod component_examples;
mod component_surface;
mod config;
mod contention;
mod cost;
mod dependencies;
mod digests;
mod edit_agreement;
mod edit_agreement_inline;
mod edit_cases;
mod edit_charts;
mod edit_docs;
mod edit_layers;
mod edit_left_alone;
mod edit_properties;
mod edit_rendered;
mod effect;
mod effect_update;
mod facts;
mod failures;
mod harness;
mod hostile;
mod hosts;
mod http_floor;
mod http_sources;
mod image;
mod images;
mod init;
mod injection;
mod interruptions;
mod merge_requests;
mod pins;
mod race;
mod race_proofs;
mod registry_faults;
mod registry_lies;
mod registry_requirements;
mod registry_servers;
mod registry_signatures;
mod registry_tokens;
mod registry_wait;
mod release;
mod render;
mod reports;
mod rules;
mod samples;
mod secrets;
mod set;
mod set_atomic;
mod signals;
mod signing;
mod ssh;
mod status;
mod status_effect;
mod status_output;
mod status_page;
mod status_places;
mod status_registries;
mod tree_cases;
mod trust;
mod update;
mod world;
