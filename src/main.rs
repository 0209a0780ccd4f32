//! The command line: parses, runs, prints, exits.

fn main() {}
