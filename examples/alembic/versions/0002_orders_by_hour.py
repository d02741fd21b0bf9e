"""Orders by hour. Before the first migration: `rollupctl install --engine-only`."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    """To this version."""
    op.execute(
        """
        select rollup.create_rollup(
            name        => 'orders_by_hour',
            source      => 'shop.orders',
            bucket      => '1 hour',
            dimensions  => '{product}',
            measures    => '{"orders":  {"count": "*"},
                             "revenue": {"sum": "price"},
                             "buyers":  {"distinct": "buyer_id"}}',
            tenant      => 'shop_id',
            id_column   => 'order_id',
            time_column => 'placed_at')
        """
    )


def downgrade():
    """From this version."""
    op.execute("select rollup.drop_rollup('orders_by_hour', true)")
