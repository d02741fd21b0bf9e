"""An average price in addition. Old hours have it after `rollupctl backfill`."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade():
    """To this version."""
    op.execute(
        """
        select rollup.alter_rollup(
            'orders_by_hour', add_measures => '{"average": {"avg": "price"}}')
        """
    )


def downgrade():
    """From this version."""
    op.execute("select rollup.alter_rollup('orders_by_hour', drop_measures => '{average}')")
