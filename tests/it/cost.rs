//! A bump costs what its path costs, not what the repository costs.

use crate::samples::values;
use crate::world::{Proxy, World};

#[test]
fn one_bump_downloads_less_than_32_kb_of_a_repository_of_20_000_files() {
    let world = World::new();
    let image = world.push("team/app", "2");
    let infra = world.empty_infra("infra");
    let mut files =
        vec![("clusters/c7/team-11/app-4/values.yaml".to_owned(), values(&world.repository("team/app"), "1"))];
    files.extend((0..20_000).map(|number| {
        let (cluster, team, app) = (number % 10, number / 10 % 20, number / 200 % 10);
        (
            format!("clusters/c{cluster}/team-{team}/app-{app}/{number}.yaml"),
            values(&format!("reg.example.com/app-{number}"), "1"),
        )
    }));
    infra.commit("main", "20 000 files", &files);
    let proxy = Proxy::to(&world.servers().git);

    let (url, file) = (infra.url_at(&proxy.address()), &files[0].0);
    world.bump(["update", "--image", &image, "--repo", &url, "--helm", file]).run().exits(0);

    assert_eq!(infra.commits("main"), 2);
    assert_eq!(infra.file("main", file), values(&world.repository("team/app"), "2"));
    let (down, up) = (proxy.downloaded(), proxy.uploaded());
    assert!(down < 32 * 1024, "{down} bytes were downloaded");
    assert!(up < 64 * 1024, "{up} bytes were uploaded");
    infra.assert_sound();
}
