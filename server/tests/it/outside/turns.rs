//! Many changes of who is bound to one way in, and many who come in, at once.

use super::{
    Scene,
    only::{of_company, only, visitor},
};
use crate::support::{id_of, person};
use domain::{Actor, Code, Result, company::CompanyInput, customer::CustomerInput};
use futures::future::{BoxFuture, FutureExt as _, join_all};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use store::{
    accounts::{sign_in::How, sign_in::after_proof},
    companies, customers,
    outside::providers,
};

/// Everybody here has come in with a password, so nobody may be in whom a way binds.
const WRONGLY_IN: &str = "select count(*) from sessions s join ways_bound b on b.user_id = s.user_id
     where b.only_way and not b.exempt";

impl Scene {
    async fn come(&self, who: &Actor) -> Result<()> {
        after_proof(&self.world.desk, &visitor(), person(who), "", How::Password).await.map(drop)
    }

    async fn address(&self, who: &Actor, domain: &str) -> Result<()> {
        let id = id_of(who);
        let now = customers::view::view(&mut *self.world.desk.read().await?, &self.admin, id).await?;
        let email = format!("{id}@{domain}");
        let input = CustomerInput { name: now.name, email, ..CustomerInput::default() };
        self.world.run(async |tx| customers::edit::change(tx, &self.admin, id, now.version, &input).await).await
    }

    async fn company(&self, who: &Actor, name: &'static str) -> Result<()> {
        let id = id_of(who);
        let now = customers::view::view(&mut *self.world.desk.read().await?, &self.admin, id).await?;
        let (from, to) = (now.company.map(|c| c.id), self.number(name).await);
        let admin = &self.admin;
        let convert =
            async |tx: &mut store::Tx| customers::company::convert(tx, admin, id, from, Some(to.into()), false).await;
        self.world.run(convert).await.map(drop)
    }

    async fn number(&self, company: &'static str) -> i64 {
        let number = sqlx::query_scalar("select id from companies where name = $1").bind(company);
        number.fetch_one(self.world.desk.pool()).await.unwrap()
    }

    async fn domains(&self, domains: &str) -> Result<()> {
        let id = self.number("Acme").await.into();
        let now = companies::view::view(&mut *self.world.desk.read().await?, &self.admin, id).await?;
        let input = CompanyInput { name: now.name, domains: domains.into(), ..CompanyInput::default() };
        self.world.run(async |tx| companies::edit::change(tx, &self.admin, id, now.version, &input).await).await
    }

    async fn mark(&self, on: bool) -> Result<()> {
        let version = providers::get(&self.world.desk, &self.admin, self.provider).await?.version;
        let input = of_company(super::input(&self.fake));
        let input = if on { only(input) } else { input };
        let change = async |tx: &mut store::Tx| providers::change(tx, &self.admin, self.provider, version, input).await;
        self.world.run(change).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_in_who_is_bound_whatever_happens_at_once() {
    let scene = Scene::with(|input| only(of_company(input))).await;
    let other = scene.world.company("Other", false).await;
    let mut people = Vec::new();
    for _ in 0..3 {
        people.push(scene.world.company_user(other).await);
    }
    // Another course of things in each round, and the same in each run as far as it is up to us.
    let mut chance = StdRng::seed_from_u64(7);
    for round in 0..40 {
        let mut things: Vec<BoxFuture<'_, Result<()>>> = Vec::new();
        for who in &people {
            let (domain, company) = (
                ["acme.example", "acme.test", "people.example"][chance.random_range(0..3)],
                ["Acme", "Other"][chance.random_range(0..2)],
            );
            things.push(scene.come(who).boxed());
            things.push(scene.address(who, domain).boxed());
            things.push(scene.company(who, company).boxed());
            things.push(scene.come(who).boxed());
        }
        let domains = ["acme.example", "acme.example\nacme.test"][chance.random_range(0..2)];
        things.push(scene.domains(domains).boxed());
        if round % 4 > 1 {
            things.push(scene.mark(round % 4 == 3).boxed());
        }
        for done in join_all(things).await {
            // What somebody else was quicker with, and who is not let in.
            if let Err(error) = done {
                assert!(matches!(error.code, Code::Conflict | Code::Forbidden), "round {round}: {error:?}");
            }
        }
        assert_eq!(scene.world.count(WRONGLY_IN).await, 0, "round {round}");
    }
    let (came, refused) = (
        scene.world.count("select count(*) from events where kind = 'account.signed_in'").await,
        scene.world.count("select count(*) from events where kind = 'access.only_way'").await,
    );
    assert!(came > 20 && refused > 5, "{came} came in, and {refused} times somebody was signed out");
}
