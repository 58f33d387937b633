//! Server functions for the board.

use crate::rpc::Rpc;
#[cfg(feature = "ssr")]
use crate::rpc::call;
use domain::board::{Board, BoardFilter, Move, Moved};
use leptos::prelude::*;
use server_fn::codec::Json;

#[server(endpoint = "board/read", input = Json)]
pub async fn read_board(filter: BoardFilter) -> Rpc<Board> {
    call(|desk, actor| async move { store::tickets::board::board(&desk, &actor, &filter).await }).await
}

/// Puts a card somewhere else.
#[server(endpoint = "board/move", input = Json)]
pub async fn shift(input: Move) -> Rpc<Moved> {
    call(|desk, actor| async move {
        let mut tx = desk.begin().await?;
        let moved = store::tickets::board::shift(&mut tx, &actor, input).await?;
        tx.commit().await?;
        Ok(moved)
    })
    .await
}
