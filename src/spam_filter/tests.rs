use super::*;
use std::{net::Ipv4Addr, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixSocket, UnixStream},
    sync::Barrier,
};

/// So many questions at once, each on a connection that answers nothing else.
const KEPT: usize = 4;

fn filter(port: u16) -> SpamFilter {
    filter_at(&format!("http://127.0.0.1:{port}"), Duration::from_millis(500))
}

fn filter_at(place: &str, timeout: Duration) -> SpamFilter {
    SpamFilter::new(
        place.parse().unwrap(),
        timeout,
        8,
        Resolver::new(&[([127, 0, 0, 1], 9).into()]).unwrap(),
        Connector::new(None).unwrap(),
    )
}

async fn answer_once(mut stream: TcpStream, together: Arc<Barrier>) {
    let body = r#"{"action":"no action","score":0}"#;
    let mut came = Vec::new();
    while !came.ends_with(b"\r\n\r\n.") {
        if stream.read_buf(&mut came).await.unwrap_or(0) == 0 {
            return;
        }
    }
    together.wait().await;
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all((head + body).as_bytes()).await.unwrap();
    while stream.read_buf(&mut came).await.unwrap_or(0) > 0 {}
}

#[tokio::test]
async fn kept_connections_that_died_cost_one_message_its_answer_and_no_more() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut server = tokio::task::JoinSet::new();
    server.spawn(async move {
        let (together, alone) = (Arc::new(Barrier::new(KEPT)), Arc::new(Barrier::new(1)));
        let mut served = tokio::task::JoinSet::new();
        for count in 0.. {
            let (stream, _) = listener.accept().await.unwrap();
            let wait_for = if count < KEPT { &together } else { &alone };
            served.spawn(answer_once(stream, Arc::clone(wait_for)));
        }
    });
    let filter = filter(port);
    let ask = || filter.ask(&[], Bytes::from_static(b"."), None, false);
    let (a, b, c, d) = tokio::join!(ask(), ask(), ask(), ask());
    for answer in [a, b, c, d] {
        answer.unwrap();
    }
    assert!(matches!(ask().await, Err(FilterError::TooSlow)));
    ask().await.unwrap();
}

#[tokio::test]
async fn whoever_is_kept_waiting_by_others_neither_gets_past_the_filter_nor_switches_it_off() {
    let filter = filter(9);
    let late = || FilterError::Connect(io::ErrorKind::TimedOut.into());
    for number in 0..20 {
        let client = Some(ClientBlock::of(Ipv4Addr::from(number).into()));
        let mut turn = filter.turn(client, false, Instant::now() + filter.timeout).await.unwrap();
        turn.is_late = true;
        let error = if number % 2 == 0 { FilterError::TooSlow } else { late() };
        assert!(matches!(turn.conclude(Err(error)), Err(FilterError::Busy)));
    }
    for is_last in [false, false, true] {
        let turn = filter.turn(None, false, Instant::now() + filter.timeout).await.unwrap();
        assert!(matches!(turn.conclude(Err(late())), Err(FilterError::Connect(_))));
        let is_left = filter.turn(None, false, Instant::now() + filter.timeout).await.is_err();
        assert_eq!(is_left, is_last);
    }
}

#[tokio::test]
async fn slow_messages_that_an_exempt_relay_brings_do_not_switch_the_filter_off() {
    let filter = filter(9);
    let client = Some(ClientBlock::of(Ipv4Addr::LOCALHOST.into()));
    let at = || Instant::now() + filter.timeout;
    let first = filter.turn(client, true, at()).await.unwrap();
    for _ in 0..5 {
        let turn = filter.turn(client, true, at()).await.unwrap();
        let asked = turn.conclude(Err(FilterError::TooSlow));
        assert!(matches!(asked, Err(FilterError::TooSlow)), "no share, no crowd");
    }
    drop(first);
    assert!(filter.turn(None, false, at()).await.is_ok());
}

#[tokio::test]
async fn a_unix_socket_with_a_full_queue_is_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let socket = UnixSocket::new_stream().unwrap();
    socket.bind(&path).unwrap();
    let listener = socket.listen(1).unwrap();
    let mut queue = Vec::new();
    let full = loop {
        match UnixStream::connect(&path).await {
            Ok(stream) => queue.push(stream),
            Err(error) => break error,
        }
    };
    assert_eq!(full.kind(), io::ErrorKind::WouldBlock);
    let place = format!("unix:{}", path.display());
    let filter = filter_at(&place, Duration::from_secs(60));
    let serve = async {
        drop(queue);
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut came = Vec::new();
            if stream.read_buf(&mut came).await.unwrap_or(0) > 0 {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
                return stream;
            }
        }
    };
    let (answered, _) = tokio::join!(filter.ping(), serve);
    answered.unwrap();
}
