//! Server functions for the board.

#[cfg(feature = "ssr")]
use crate::rpc::call;
use crate::rpc::{Json, Rpc};
#[cfg(feature = "ssr")]
use domain::board::Lanes;
use domain::board::{Board, BoardFilter, Move, Moved};
use leptos::prelude::*;

#[server(endpoint = "board/read", protocol = Json, client = crate::whose::Caller)]
pub async fn read_board(filter: BoardFilter) -> Rpc<Board> {
    call(|desk, actor| async move { store::tickets::board::board(&desk, &actor, &filter).await }).await
}

/// What the page is sent with: so many rows of each lane.
#[cfg(feature = "ssr")]
pub async fn first_rows(filter: BoardFilter, lanes: Lanes, rows: usize) -> Rpc<Board> {
    call(|desk, actor| async move { store::tickets::board::beginning(&desk, &actor, &filter, lanes, rows).await }).await
}

/// Puts a card somewhere else.
#[server(endpoint = "board/move", protocol = Json, client = crate::whose::Caller)]
pub async fn shift(input: Move) -> Rpc<Moved> {
    call(|desk, actor| async move {
        let mut tx = desk.begin().await?;
        let moved = store::tickets::board::shift(&mut tx, &actor, input).await?;
        tx.commit().await?;
        Ok(moved)
    })
    .await
}
