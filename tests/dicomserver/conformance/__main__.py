"""`python -m tests.dicomserver.conformance`: write the tables of docs/conformance.md anew."""

import django

from runtime import env
from tests.dicomserver.conformance import STATEMENT
from tests.document_tables import replace_tables


def main() -> None:
    """Set Django up without servers: the tables need none."""
    env.publish_default("DJANGO_SETTINGS_MODULE", "dicomserver.settings.test")
    env.publish_default("DATABASE_URL", "postgresql://127.0.0.1:1/none")
    env.publish_default("REDIS_URL", "redis://127.0.0.1:1/0")
    django.setup()
    from tests.dicomserver.conformance.tables import all_tables

    replace_tables(STATEMENT, all_tables())


if __name__ == "__main__":
    main()
