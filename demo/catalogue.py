"""The phantom studies of the demonstration: who, what, where and when, and from which body each is made."""

from __future__ import annotations

from dataclasses import dataclass

from demo.people import BOTNARI, CEBAN, GUTU, MELNIC, VIERU
from demo.phantoms.build import Build
from demo.phantoms.head import Head


@dataclass(frozen=True)
class Equipment:
    """One scanner."""

    station: str
    manufacturer: str
    model: str
    serial: str
    signed: bool = False


CT_1 = Equipment("CT-1", "Phantom Medical", "Helix 64", "H64-1180")
CT_ER = Equipment("CT-ER", "Phantom Medical", "Helix 32", "H32-0417")
MR_1 = Equipment("MR-1", "Larmor Systems", "Larmor 1.5", "L15-2204")
DR_3 = Equipment("DR-3", "Umbra", "Flat 43", "U43-0092")
CODRU_CT = Equipment("CODRU-CT", "Tomo Works", "Spira", "SP-77120", signed=True)
CODRU_MR = Equipment("CODRU-MR", "Larmor Systems", "Larmor 3", "L30-0131")
CODRU_DR = Equipment("CODRU-DR", "Umbra", "Flat 35", "U35-1175")


@dataclass(frozen=True)
class PlannedStudy:
    """One study; `kind` says which series it has, `slices` how many images the main ones have."""

    key: str
    institution: str
    patient: str
    kind: str
    description: str
    body_part: str
    accession: str
    study_id: str
    equipment: Equipment
    referring: str
    hours_ago: float
    body: Build | Head
    slices: int
    compressed: bool
    requesting: str = ""
    top: float = 115.0
    character_set: str = "ISO_IR 192"


ELENA = Build("munteanu", female=True, size=0.96, fat_mm=17, nodule=(-76, -34, 22), nodule_mm=19.5)
ELENA_EARLIER = Build("munteanu", female=True, size=0.96, fat_mm=16, nodule=(-76, -34, 22), nodule_mm=10.8)

STUDIES = (
    PlannedStudy(
        "a-chest", "A", "munteanu", "ct_chest", "CT of the chest with IV contrast, lung cancer follow-up", "CHEST",
        "04-55011", "55011", CT_1, BOTNARI, 2.62, ELENA, 60, False, BOTNARI,
    ),
    PlannedStudy(
        "a-chest-prior", "A", "munteanu", "ct_chest_low", "CT chest, low dose", "CHEST",
        "04-41876", "41876", CT_1, BOTNARI, 24 * 171.18, ELENA_EARLIER, 48, True, BOTNARI,
    ),
    PlannedStudy(
        "a-stroke", "A", "turcanu", "ct_head", "CT head, stroke protocol", "HEAD",
        "04-55019", "55019", CT_ER, VIERU, 1.23,
        Head("turcanu", 1.02, 2.2, 0.9, (((-40, -4, 18), (17, 25, 18), "lesion"),)), 30, True, VIERU,
    ),
    PlannedStudy(
        "a-trauma", "A", "trauma", "ct_head", "CT head, trauma", "HEAD",
        "04-55020", "55020", CT_ER, "", 0.58,
        Head("trauma", 1.0, 0.2, 0.0, (((26, -2, 6), (11, 15, 12), "blood"), ((31, 4, 9), (8, 10, 9), "blood"))),
        28, True,
    ),
    PlannedStudy(
        "a-abdomen", "A", "grosu", "ct_abdomen", "CT abdomen, portal venous phase", "ABDOMEN",
        "04-54988", "54988", CT_1, CEBAN, 19.65,
        Build("grosu", size=1.04, fat_mm=25, liver_lesions=3, cyst=True), 60, True, CEBAN,
        top=-72, character_set="ISO_IR 144",
    ),
    PlannedStudy(
        "a-ms", "A", "bondarenko", "mr_head", "MRI brain with contrast, multiple sclerosis follow-up", "HEAD",
        "04-54971", "54971", MR_1, VIERU, 27.37,
        Head("bondarenko", 0.97, 0.3, 0.0, (
            ((-19, -22, 23), (4, 7, 4), "lesion"), ((20, 14, 25), (4.5, 8, 4.5), "lesion"),
            ((-24, 26, 18), (4, 4, 6), "lesion"),
            ((27, -14, 20), (3, 4, 3), "lesion"), ((14, 2, 31), (3.5, 6, 3.5), "lesion"),
            ((-33, 4, 31), (3, 3, 4), "lesion"),
        )), 26, True, VIERU,
    ),
    PlannedStudy(
        "a-chest-xray", "A", "sandu", "cr_chest", "Chest, posteroanterior and lateral", "CHEST",
        "04-55007", "55007", DR_3, BOTNARI, 3.72,
        Build("sandu", size=1.03, fat_mm=9, contrast=False), 2, False, BOTNARI,
    ),
    PlannedStudy(
        "a-brain", "A", "popescu", "mr_head_plain", "MRI brain, headache", "HEAD",
        "04-54903", "54903", MR_1, BOTNARI, 50.68, Head("popescu", 1.03, 0.8, 0.35), 24, True,
    ),
    PlannedStudy(
        "b-chest", "B", "munteanu_b", "ct_chest_low", "CT chest, second opinion", "CHEST",
        "IS-88127", "88127", CODRU_CT, MELNIC, 24 * 9.12, ELENA, 48, True, MELNIC,
    ),
    PlannedStudy(
        "b-brain", "B", "kozlova", "mr_head", "MRI brain with contrast, first seizure", "HEAD",
        "IS-88204", "88204", CODRU_MR, MELNIC, 6.28,
        Head("kozlova", 0.96, 0.0, 0.0, (((30, -30, 30), (13, 15, 12), "lesion"),)), 26, True, MELNIC,
    ),
    PlannedStudy(
        "b-screening", "B", "lungu", "ct_chest", "CT chest, low dose screening", "CHEST",
        "IS-88190", "88190", CODRU_CT, GUTU, 9.47,
        Build("lungu", size=1.03, fat_mm=22, contrast=False, heart=1.06, nodule=(86, 22, -40), nodule_mm=7), 48, True,
    ),
    PlannedStudy(
        "b-fall", "B", "gagauz", "ct_head", "CT head after a fall", "HEAD",
        "IS-88199", "88199", CODRU_CT, MELNIC, 4.83, Head("gagauz", 0.99, 4.2, 2.0), 28, True, MELNIC,
        character_set="ISO_IR 144",
    ),
    PlannedStudy(
        "b-abdomen", "B", "cojocaru", "ct_abdomen", "CT abdomen without contrast", "ABDOMEN",
        "IS-88171", "88171", CODRU_CT, GUTU, 29.22,
        Build("cojocaru", female=True, size=0.97, fat_mm=27, contrast=False), 48, True, top=-72,
    ),
    PlannedStudy(
        "b-chest-xray", "B", "chiriac", "cr_chest", "Chest, posteroanterior and lateral", "CHEST",
        "IS-88206", "88206", CODRU_DR, MELNIC, 3.13,
        Build("chiriac", female=True, size=0.95, fat_mm=11, contrast=False, effusion_mm=0.0), 2, True, MELNIC,
    ),
    PlannedStudy(
        "b-chest-control", "B", "turcanu_b", "cr_chest", "Chest, control after pneumonia", "CHEST",
        "IS-87740", "87740", CODRU_DR, MELNIC, 24 * 3.2,
        Build("turcanu", size=1.0, fat_mm=16, contrast=False, heart=1.16), 2, True,
    ),
)  # fmt: skip
