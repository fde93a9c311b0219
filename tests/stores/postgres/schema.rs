//! Opening a database: which are refused, and which are made or brought up to date.

use super::{InDatabase, cluster::Cluster, connect};
use crate::place::domain;
use onward::store::{
    Options, Store, StoreError,
    postgres::{Database, plan_upgrade, upgrade},
};

async fn refused(place: &InDatabase) -> StoreError {
    place.open_as(None).await.map(drop).unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_at_once_make_one_schema() {
    let Some(place) = InDatabase::new() else { return };
    let mut opened = tokio::task::JoinSet::new();
    for n in 0..8 {
        let database = Database::parse(&place.url).unwrap();
        opened.spawn(async move {
            let store = Store::connect(database, None, Options::default()).await.unwrap();
            store.add_domain(&domain(&format!("d{n}.test"))).await.unwrap();
        });
    }
    opened.join_all().await;
    assert_eq!(place.open_as(None).await.unwrap().domains().await.unwrap().len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_of_another_version_is_refused_by_name() {
    let Some(place) = InDatabase::new() else { return };
    place.open_as(None).await.unwrap().add_domain(&domain("x.test")).await.unwrap();
    place.raw("UPDATE onward_schema SET version = 999").await;
    let newer = refused(&place).await;
    assert!(matches!(newer, StoreError::Newer { found: 999, .. }), "{newer}");
    assert!(newer.to_string().contains("postgresql://postgres@/"), "{newer}");
    let newer = upgrade(Database::parse(&place.url).unwrap()).await.unwrap_err();
    assert!(matches!(newer, StoreError::Newer { found: 999, .. }), "{newer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_schema_is_brought_up_to_date_by_who_asks_for_that() {
    let Some(place) = InDatabase::new() else { return };
    place
        .raw(concat!(
            "CREATE TABLE onward_schema (version bigint NOT NULL); INSERT INTO onward_schema VALUES (1);",
            include_str!("../../../src/store/postgres/steps/01.sql"),
            "INSERT INTO domains VALUES ('x.test'); UPDATE directory SET version = 1;
             INSERT INTO nodes (name, lease_until) VALUES ('mx9.test', now() + interval '1 hour')"
        ))
        .await;
    let outdated = refused(&place).await;
    assert!(matches!(outdated, StoreError::Outdated { found: 1, .. }), "{outdated}");
    assert!(
        outdated.to_string().contains("`onward store upgrade` makes steps 2 to "),
        "{outdated}"
    );
    let database = || Database::parse(&place.url).unwrap();
    let planned = plan_upgrade(database()).await.unwrap();
    let serving = upgrade(database()).await.unwrap_err();
    assert!(serving.to_string().starts_with("mx9.test serve from postgresql://"), "{serving}");
    assert!(matches!(refused(&place).await, StoreError::Outdated { found: 1, .. }));
    place.raw("UPDATE nodes SET lease_until = now()").await;
    let steps = upgrade(database()).await.unwrap();
    assert_eq!(steps, planned);
    assert_eq!(steps.first().map(|step| step.version), Some(2));
    assert_eq!(upgrade(database()).await.unwrap(), [], "again");
    let store = place.open_as(None).await.unwrap();
    assert_eq!(store.domains().await.unwrap(), [domain("x.test")]);
    assert_eq!(store.spool_open().await.unwrap().0.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_program_is_left_as_it_is() {
    let Some(place) = InDatabase::new() else { return };
    let absent = upgrade(Database::parse(&place.url).unwrap()).await.unwrap_err();
    assert!(matches!(absent, StoreError::Absent { .. }), "{absent}");
    place.raw("CREATE TABLE customers (name text)").await;
    let foreign = refused(&place).await;
    assert!(matches!(foreign, StoreError::Foreign { .. }), "{foreign}");
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    let row = connect(&place.url).await.query_one(tables, &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_answers_before_it_is_on_disk_is_refused() {
    let Some(place) = InDatabase::new() else { return };
    let client = connect(&place.url).await;
    let name: String = client.query_one("SELECT current_database()", &[]).await.unwrap().get(0);
    client
        .batch_execute(&format!("ALTER DATABASE {name} SET synchronous_commit = off"))
        .await
        .unwrap();
    let refused = refused(&place).await;
    assert!(refused.to_string().contains("has synchronous_commit = off"), "{refused}");
    for does in ["on", "remote_apply", "local"] {
        client
            .batch_execute(&format!("ALTER DATABASE {name} SET synchronous_commit = {does}"))
            .await
            .unwrap();
        place.open_as(None).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn why_there_is_no_database_is_told_without_the_password() {
    let Some(cluster) = Cluster::get() else { return };
    let open = async |url: &str| {
        let database = Database::parse(url).unwrap();
        Store::connect(database, None, Options::default()).await.map(drop).unwrap_err()
    };
    let url = cluster.url("nobody") + "&password=hunter2";
    let absent = open(&url).await;
    assert!(matches!(absent, StoreError::LoginRefused { .. }), "{absent:?}");
    assert!(absent.to_string().contains("database \"nobody\" does not exist"), "{absent}");
    let silent = open("postgresql:///d?host=/nowhere&user=o&password=hunter2").await;
    assert!(matches!(silent, StoreError::Unreachable { .. }), "{silent:?}");
    for error in [absent, silent] {
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}
