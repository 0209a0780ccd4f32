//! Which images are likely to be one's own, by their hosts and names; this module must not look where they stand.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeMap;

use super::Context;
use crate::image::{DOCKER_HUB, Repository};

/// With how many repositories it is asked whose they are.
pub(super) const MANY: usize = 20;

/// How many hosts a sentence names.
const NAMED: usize = 8;

/// Registries that the whole world takes images from.
const PUBLIC: [&str; 14] = [
    DOCKER_HUB,
    "cr.fluentbit.io",
    "docker.elastic.co",
    "gcr.io",
    "ghcr.io",
    "k8s.gcr.io",
    "lscr.io",
    "mcr.microsoft.com",
    "nvcr.io",
    "public.ecr.aws",
    "quay.io",
    "registry.access.redhat.com",
    "registry.k8s.io",
    "registry.redhat.io",
];

/// Docker Hub's official images that infra repositories name most: nobody's pipeline builds them.
const OFFICIAL: [&str; 88] = [
    "adminer",
    "almalinux",
    "alpine",
    "amazonlinux",
    "arangodb",
    "archlinux",
    "bash",
    "buildpack-deps",
    "busybox",
    "caddy",
    "cassandra",
    "centos",
    "chronograf",
    "clojure",
    "consul",
    "couchbase",
    "couchdb",
    "debian",
    "docker",
    "drupal",
    "eclipse-mosquitto",
    "eclipse-temurin",
    "elasticsearch",
    "elixir",
    "erlang",
    "fedora",
    "flink",
    "fluentd",
    "gcc",
    "ghost",
    "golang",
    "gradle",
    "groovy",
    "haproxy",
    "haskell",
    "hello-world",
    "httpd",
    "influxdb",
    "jenkins",
    "jetty",
    "joomla",
    "jruby",
    "julia",
    "kapacitor",
    "kibana",
    "kong",
    "logstash",
    "mariadb",
    "matomo",
    "maven",
    "mediawiki",
    "memcached",
    "mongo",
    "mongo-express",
    "mysql",
    "nats",
    "neo4j",
    "nextcloud",
    "nginx",
    "node",
    "odoo",
    "openjdk",
    "perl",
    "php",
    "phpmyadmin",
    "postgres",
    "python",
    "rabbitmq",
    "redis",
    "redmine",
    "registry",
    "rethinkdb",
    "rocket.chat",
    "ruby",
    "rust",
    "solr",
    "sonarqube",
    "swift",
    "swipl",
    "teamspeak",
    "telegraf",
    "tomcat",
    "traefik",
    "ubuntu",
    "vault",
    "wordpress",
    "zookeeper",
    "varnish",
];

/// Whether it is one of Docker Hub's official images.
pub(super) fn is_official(repository: &Repository) -> bool {
    let path = repository.path();
    let name = path.strip_prefix("library/").filter(|_| repository.host() == DOCKER_HUB);
    name.is_some_and(|name| OFFICIAL.contains(&name))
}

/// Of many repositories those whose host looks like one's own; what is left out is said by host.
pub(super) fn of_own(found: Vec<Repository>, context: &Context, remarks: &mut Vec<String>) -> Vec<Repository> {
    if found.len() <= MANY {
        return found;
    }
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for repository in &found {
        *counts.entry(repository.host()).or_default() += 1;
    }
    let mut hosts: Vec<(&String, &usize)> = counts.iter().collect();
    hosts.sort_by_key(|(host, count)| (usize::MAX - **count, host.as_str()));
    let named = [
        (context.registry.clone(), "$CI_REGISTRY names it"),
        (context.prefix.as_ref().map(Repository::host), "$IMAGE_REPOSITORY names it"),
    ];
    let mut own: Vec<(String, &str)> = named
        .into_iter()
        .filter_map(|(host, why)| Some((host?, why)))
        .filter(|(host, _)| counts.contains_key(host))
        .collect();
    own.dedup_by(|one, other| one.0 == other.0);
    if own.is_empty() {
        let private = hosts.iter().find(|(host, _)| !is_public(host));
        own.extend(
            private.map(|(host, _)| ((*host).clone(), "it has most of the images and is not a public registry")),
        );
    }
    let shown: Vec<String> = hosts.iter().take(NAMED).map(|(host, count)| format!("{host} {count}")).collect();
    let more = if hosts.len() > NAMED { format!(", and {} more hosts", hosts.len() - NAMED) } else { String::new() };
    let whose = if own.is_empty() {
        "none of these hosts seems to be your own registry, so no image is proposed".to_owned()
    } else {
        let own: Vec<String> = own.iter().map(|(host, why)| format!("{host} ({why})")).collect();
        format!("only the images of {} are proposed", own.join(", "))
    };
    remarks.push(format!(
        "the files name {} image repositories ({}{more}): {whose}; to propose other images, use --image",
        found.len(),
        shown.join(", ")
    ));
    found.into_iter().filter(|repository| own.iter().any(|(host, _)| *host == repository.host())).collect()
}

fn is_public(host: &str) -> bool {
    PUBLIC.contains(&host) || host.ends_with(".gcr.io")
}
