//! An application and its infra repository, whose version moves on and goes back.

use crate::samples::{app_infra, values};
use crate::world::{Bump, Repository, World};

/// An infra repository whose `values.yaml` names `team/app`, of which the tags 1 to 5 are in the registry.
pub(crate) struct Shop {
    pub(crate) world: World,
    pub(crate) infra: Repository,
    /// The image's repository.
    pub(crate) app: String,
}

impl Shop {
    /// The places hold 1.
    pub(crate) fn new() -> Self {
        let world = World::new();
        let infra = app_infra(&world, "1");
        let app = world.repository("team/app");
        for tag in ["1", "2", "3", "4", "5"] {
            world.push("team/app", tag);
        }
        Self { world, infra, app }
    }

    /// The places hold 3, and held 1 and 2 before.
    pub(crate) fn bumped_twice() -> Self {
        let shop = Self::new();
        shop.update("2", &[]).run().exits(0);
        shop.update("3", &[]).run().exits(0);
        shop
    }

    pub(crate) fn update(&self, tag: &str, more: &[&str]) -> Bump {
        let (image, url) = (format!("{}:{tag}", self.app), self.infra.url());
        let update = ["update", "--image", &image, "--repo", &url, "--helm", "values.yaml"];
        self.world.bump([&update, more].concat())
    }

    pub(crate) fn rollback(&self, more: &[&str]) -> Bump {
        let url = self.infra.url();
        self.world.bump([&["rollback", "--repo", &url, "--helm", "values.yaml"], more].concat())
    }

    /// Somebody else writes the tag.
    pub(crate) fn by_hand(&self, message: &str, tag: &str) {
        self.infra.commit("main", message, &[("values.yaml", values(&self.app, tag))]);
    }

    /// Requires that the place names this tag, and that nothing is damaged.
    #[track_caller]
    pub(crate) fn holds(&self, tag: &str) {
        assert_eq!(self.infra.file("main", "values.yaml"), values(&self.app, tag));
        self.infra.assert_sound();
    }
}
