//! Databases of other builds: each is told plainly, and none is touched.

use domain::Code;
use store::migrate::migrate;

use crate::support::World;

#[tokio::test]
async fn a_database_of_another_build_is_named_as_such() {
    for (change, told) in [
        (
            "update _sqlx_migrations set checksum = 'other' where version = (select max(version) from _sqlx_migrations)",
            "another build",
        ),
        (
            "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
             select max(version) + 1, 'of tomorrow', true, 'other', 0 from _sqlx_migrations",
            "newer release",
        ),
    ] {
        let world = World::new().await;
        migrate(world.desk.pool()).await.unwrap();
        sqlx::query(change).execute(world.desk.pool()).await.unwrap();
        let refused = migrate(world.desk.pool()).await.unwrap_err();
        assert_eq!(refused.code, Code::Unavailable);
        assert!(refused.message.contains(told), "{}", refused.message);
    }
}
