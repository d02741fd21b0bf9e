"""Orders."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    """To this version."""
    op.execute("create schema shop")
    op.create_table(
        "orders",
        sa.Column("order_id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shop_id", sa.BigInteger, nullable=False),
        sa.Column("product", sa.Text),
        sa.Column("buyer_id", sa.BigInteger),
        sa.Column("price", sa.Numeric(10, 2)),
        schema="shop",
    )
    # A run reads only the blocks with new ids.
    op.create_index(
        "orders_order_id_idx",
        "orders",
        ["order_id"],
        schema="shop",
        postgresql_using="brin",
        postgresql_with={"pages_per_range": 32, "autosummarize": "on"},
    )


def downgrade():
    """From this version."""
    op.drop_table("orders", schema="shop")
    op.execute("drop schema shop")
