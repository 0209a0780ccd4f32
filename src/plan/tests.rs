//! What a plan makes of targets, and what it refuses.

use super::*;
use crate::image::Reference;
use crate::registry::By;
use crate::secret::{Audience, SecretString};
use crate::settings::MirrorWhen;

fn plan(file: &str, image: Option<&str>, environment: Option<&str>) -> Result<Vec<PlannedRepository>, String> {
    let images = ["r/api:1", "r/web:2"].map(|text| named(&text[2..5], text));
    let target = TargetSettings {
        file: file.to_owned(),
        kind: Kind::Manifest,
        image: image.map(str::to_owned),
        rules: Rules::default(),
        environments: Vec::new(),
    };
    let repository = RepositorySettings {
        url: GitUrl::parse("https://example.com/shop/infra.git").unwrap().0,
        credentials: None,
        credentials_name: None,
        token_variable: None,
        environments: Vec::new(),
        branch: None,
        delivery: Delivery::Push,
        mirror: None,
        copy: None,
        targets: vec![target],
    };
    repositories(&[repository.clone(), repository], &images, environment).map_err(|error| error.to_string())
}

#[test]
fn entries_of_one_branch_do_not_contradict_each_other() {
    let credentials = |password: &str, server: &str| {
        let mut audience = Audience::default();
        audience.add(server);
        let password = SecretString::from(password);
        Some(Bound::new(Credentials { username: "u".to_owned(), password }, audience))
    };
    let mirror = |project: &str| {
        let token = Bound::new(SecretString::from("t"), Audience::default());
        let (api, repository) = ("https://h/api/v4".to_owned(), "r".to_owned());
        Some(MirrorSettings { api, project_id: project.to_owned(), repository, when: MirrorWhen::Changed, token })
    };
    let entry = |credentials, mirror, delivery, branch: &str| RepositorySettings {
        url: GitUrl::parse("https://h/shop/infra.git").unwrap().0,
        credentials,
        credentials_name: None,
        token_variable: None,
        environments: Vec::new(),
        branch: Some(branch.to_owned()),
        delivery,
        mirror,
        copy: None,
        targets: Vec::new(),
    };
    let (a, b, push, request) = (credentials("a", "h"), credentials("b", "h"), Delivery::Push, Delivery::MergeRequest);
    let first = entry(a.clone(), mirror("1"), push, "main");
    for (second, expected) in [
        (entry(a.clone(), mirror("1"), push, "main"), Ok(1)),
        (entry(a.clone(), None, push, "main"), Ok(1)),
        (entry(a.clone(), None, request, "main"), Ok(2)),
        (entry(b.clone(), mirror("2"), push, "other"), Ok(2)),
        (entry(b.clone(), mirror("1"), push, "main"), Err("credentials")),
        (entry(b, mirror("1"), request, "main"), Err("credentials")),
        (entry(None, mirror("1"), push, "main"), Err("credentials")),
        (entry(credentials("a", "x"), mirror("1"), push, "main"), Err("credentials")),
        (entry(a, mirror("2"), push, "main"), Err("mirrors")),
    ] {
        match (repositories(&[first.clone(), second], &[], None), expected) {
            (Ok(plan), Ok(count)) => assert_eq!(plan.len(), count),
            (Err(PlanError::Contradiction { what, .. }), Err(expected)) => assert_eq!(what, expected),
            (plan, expected) => panic!("{plan:?} is not {expected:?}"),
        }
    }
}

fn named(name: &str, text: &str) -> NamedImage {
    NamedImage { name: name.to_owned(), aliases: Vec::new(), reference: Reference::parse(text).unwrap(), by: By::Tag }
}

#[test]
fn several_tags_of_a_repository_need_an_image_and_a_place_each() {
    let path = || Kind::Helm { path: crate::edit::Path::parse("a.image").ok() };
    let name = || Kind::Kustomize { name: Some("app".to_owned()) };
    let target = |kind, image: Option<&str>| TargetSettings {
        file: "v".to_owned(),
        kind,
        image: image.map(str::to_owned),
        rules: Rules::default(),
        environments: Vec::new(),
    };
    let mut images =
        vec![named("php", "r.io/app:1-php"), named("nginx", "r.io/app:1-nginx"), named("web", "r.io/web:1")];
    for (kind, image, is_fine) in [
        (path(), Some("php"), true),
        (name(), Some("nginx"), true),
        (Kind::Helm { path: None }, Some("web"), true),
        (Kind::Manifest, Some("web"), true),
        (path(), None, false),
        (Kind::Helm { path: None }, Some("php"), false),
        (Kind::Kustomize { name: None }, Some("php"), false),
        (Kind::Manifest, Some("nginx"), false),
        (Kind::Manifest, None, false),
    ] {
        let planned = targets(&[target(kind.clone(), image)], &images, None);
        match planned {
            Ok(_) => assert!(is_fine, "{kind:?} {image:?}"),
            Err(PlanError::SeveralTags { .. }) => assert!(!is_fine, "{kind:?} {image:?}"),
            Err(error) => panic!("{error}"),
        }
    }
    // With one tag in the end they are one image with two names.
    images.truncate(1);
    images[0].aliases.push("nginx".to_owned());
    assert_eq!(targets(&[target(Kind::Manifest, Some("nginx"))], &images, None).unwrap()[0].images, [0]);
    images.push(named("php", "r.io/other:1"));
    let error = targets(&[target(Kind::Manifest, Some("php"))], &images, None).unwrap_err();
    assert_eq!(error.to_string(), "v: several images are named \"php\": r.io/app:1-php, r.io/other:1");
}

#[test]
fn one_branch_is_one_repository() {
    let plan = plan(".//values-<env>.yaml", Some("web"), Some("staging")).unwrap();
    assert_eq!(plan.len(), 1);
    assert_eq!(plan[0].targets.len(), 2);
    assert_eq!(plan[0].targets[0].file, "values-staging.yaml");
    assert_eq!(plan[0].targets[0].images, [1]);
}

#[test]
fn refuses_what_leads_elsewhere() {
    for (file, words) in [
        ("/etc/passwd", "is absolute"),
        ("a/../../b", "contains .."),
        ("x/.GIT/config", "enters .git"),
        ("values-<env>.yaml", "no environment"),
        ("./.gitops-bump-freeze", "so it can't be a target"),
        (".gitops-bump-holds", "so it can't be a target"),
    ] {
        assert!(plan(file, None, None).unwrap_err().contains(words), "{file}");
    }
    assert!(plan("a", Some("db"), None).unwrap_err().contains("\"db\""));
}
