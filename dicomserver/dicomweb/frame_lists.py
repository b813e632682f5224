"""The frames that an address names: numbers from 1, with commas between (PS3.18 10.4.1.1.6)."""

from typing import Final

from dicomserver.dicomweb.problems import invalid

MAX_FRAMES_A_REQUEST: Final = 10_000


def frame_numbers(frame_list: str) -> list[int]:
    """The numbers in the order asked for. Raises Refused (400)."""
    texts = frame_list.split(",")
    if len(texts) > MAX_FRAMES_A_REQUEST:
        raise invalid(f"More than {MAX_FRAMES_A_REQUEST} frames in one request.")
    if not all(text.isascii() and text.isdigit() and len(text) <= 9 for text in texts):
        raise invalid("Frames are named by their numbers from 1, with commas between them.")
    return [int(text) for text in texts]
