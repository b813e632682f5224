"""Registers the app of marks on images."""

from django.apps import AppConfig


class MarksConfig(AppConfig):
    """The app `viewer.marks`."""

    name = "viewer.marks"

    def ready(self) -> None:
        """Have marks told of before their study is deleted."""
        # Models can be imported only now.
        from portal.errands.references import add_teller  # noqa: PLC0415
        from viewer.marks.references import marks_left_behind  # noqa: PLC0415

        add_teller(marks_left_behind)
