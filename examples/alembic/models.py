"""The tables of the application; those of rollups are made by rollup.create_rollup."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    MetaData,
    Numeric,
    Table,
    Text,
)

metadata = MetaData(schema="shop")

orders = Table(
    "orders",
    metadata,
    Column("order_id", BigInteger, Identity(always=True), nullable=False),
    Column("placed_at", DateTime(timezone=True), nullable=False),
    Column("shop_id", BigInteger, nullable=False),
    Column("product", Text),
    Column("buyer_id", BigInteger),
    Column("price", Numeric(10, 2)),
    Index("orders_order_id_idx", "order_id", postgresql_using="brin"),
)
