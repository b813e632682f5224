"""What a study is called for a patient: "CT of the chest" instead of "CT THX W/CM"."""

from collections.abc import Sequence
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

# Modality (0008,0060): with a body part, and alone. PS3.3 C.7.3.1.1.1
_KINDS: Final[dict[str, tuple[str | Promise, str | Promise]]] = {
    "CT": (_("CT of %(parts)s"), _("CT")),
    "MR": (_("MRI of %(parts)s"), _("MRI")),
    "CR": (_("X-ray of %(parts)s"), _("X-ray")),
    "DX": (_("X-ray of %(parts)s"), _("X-ray")),
    "RG": (_("X-ray of %(parts)s"), _("X-ray")),
    "MG": (_("Mammography of %(parts)s"), _("Mammography")),
    "US": (_("Ultrasound of %(parts)s"), _("Ultrasound")),
    "XA": (_("Angiography of %(parts)s"), _("Angiography")),
    "RF": (_("Fluoroscopy of %(parts)s"), _("Fluoroscopy")),
    "PT": (_("PET of %(parts)s"), _("PET")),
    "NM": (_("Nuclear medicine scan of %(parts)s"), _("Nuclear medicine scan")),
    "IO": (_("Dental X-ray of %(parts)s"), _("Dental X-ray")),
    "PX": (_("Panoramic X-ray of %(parts)s"), _("Panoramic X-ray of the teeth")),
    "ES": (_("Endoscopy of %(parts)s"), _("Endoscopy")),
    "ECG": (_("ECG"), _("ECG")),
}
# Body Part Examined (0018,0015). PS3.16 Annex L
_PARTS: Final[dict[str, str | Promise]] = {
    "ABDOMEN": _("the abdomen"),
    "ANKLE": _("the ankle"),
    "AORTA": _("the aorta"),
    "ARM": _("the arm"),
    "BLADDER": _("the bladder"),
    "BRAIN": _("the brain"),
    "BREAST": _("the breast"),
    "CHEST": _("the chest"),
    "CLAVICLE": _("the collarbone"),
    "CSPINE": _("the neck part of the spine"),
    "ELBOW": _("the elbow"),
    "EYE": _("the eye"),
    "FEMUR": _("the thigh bone"),
    "FINGER": _("the finger"),
    "FOOT": _("the foot"),
    "FOREARM": _("the forearm"),
    "HAND": _("the hand"),
    "HEAD": _("the head"),
    "HEART": _("the heart"),
    "HIP": _("the hip"),
    "HUMERUS": _("the upper arm bone"),
    "JAW": _("the jaw"),
    "KIDNEY": _("the kidneys"),
    "KNEE": _("the knee"),
    "LEG": _("the leg"),
    "LIVER": _("the liver"),
    "LSPINE": _("the lower back"),
    "LUNG": _("the lungs"),
    "NECK": _("the neck"),
    "PELVIS": _("the pelvis"),
    "PROSTATE": _("the prostate"),
    "SHOULDER": _("the shoulder"),
    "SINUS": _("the sinuses"),
    "SKULL": _("the skull"),
    "SPINE": _("the spine"),
    "THORAX": _("the chest"),
    "THYROID": _("the thyroid"),
    "TOE": _("the toe"),
    "TSPINE": _("the middle of the back"),
    "UTERUS": _("the uterus"),
    "WHOLEBODY": _("the whole body"),
    "WRIST": _("the wrist"),
}


def plain_title(modalities: Sequence[str], body_parts: Sequence[str]) -> str:
    """Return the study in plain words; "" where its modality has none. Body parts without words are left out.

    >>> plain_title(["CT"], ["CHEST", "ABDOMEN"])
    'CT of the chest and the abdomen'
    """
    kinds = [_KINDS[modality] for modality in modalities if modality in _KINDS]
    if not kinds:
        return ""
    with_parts, alone = kinds[0]
    codes = ("".join(part.split()).upper() for part in body_parts)
    parts = list(dict.fromkeys(str(_PARTS[code]) for code in codes if code in _PARTS))
    return str(with_parts) % {"parts": _joined(parts)} if parts else str(alone)


def known_parts(body_parts: Sequence[str]) -> list[str]:
    """Return the body parts that are codes of the table; what is none may be anything that somebody typed.

    >>> known_parts(["CHEST", "Mrs Kozlova"])
    ['CHEST']
    """
    return [part for part in body_parts if "".join(part.split()).upper() in _PARTS]


def _joined(words: Sequence[str]) -> str:
    if len(words) == 1:
        return words[0]
    return gettext("%(first)s and %(last)s") % {"first": ", ".join(words[:-1]), "last": words[-1]}
