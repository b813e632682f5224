"""Invented people: the patients of the phantom studies and those who sign in to the demonstration."""

from __future__ import annotations

from dataclasses import dataclass

from stdnum.md import idno

NATIONAL_ID_ISSUER = "IDNP"


def national_id(serial: int) -> str:
    """A valid Moldovan IDNP of nobody: 13 digits with the 7-3-1 check digit, as if given out in the year 2099."""
    body = f"2099{serial:08d}"
    return body + str(idno.calc_check_digit(body))


@dataclass(frozen=True)
class DemoInstitution:
    """One institution of the demonstration; `issuer` is what it writes as issuer of its patient IDs."""

    code: str
    name: str
    short_name: str
    issuer: str
    ae_title: str
    server_name: str
    department: str


INSTITUTIONS = (
    DemoInstitution(
        "A", "Nistru Clinical Hospital", "Nistru Clinical", "NISTRU", "NISTRU", "Nistru Clinical archive", "Radiology"
    ),
    DemoInstitution("B", "Codru Imaging Centre", "Codru Imaging", "CODRU", "CODRU", "Codru Imaging archive", "Imaging"),
)


@dataclass(frozen=True)
class DemoPatient:
    """A patient as one institution's equipment describes them; names as DICOM writes them."""

    patient_id: str
    name: str
    birth_date: str
    sex: str
    national_id: str = ""
    size_m: float = 1.72
    weight_kg: float = 74.0


@dataclass(frozen=True)
class DemoPerson:
    """Someone who signs in; `physician_names` is how equipment writes a referring doctor."""

    username: str
    role: str
    institution: str
    title: str
    first_name: str
    last_name: str
    physician_names: tuple[str, ...] = ()
    national_id: str = ""


MUNTEANU, TURCANU, KOZLOVA, BONDARENKO = (national_id(serial) for serial in (3100147, 1700263, 4402918, 5207331))

PATIENTS = {
    "munteanu": DemoPatient("NC-204417", "Munteanu^Elena", "19620314", "F", MUNTEANU, 1.64, 68),
    "munteanu_b": DemoPatient("CI-0058210", "Munteanu^Elena^I.", "19620314", "F", MUNTEANU, 1.64, 68),
    "turcanu": DemoPatient("NC-198836", "Țurcanu^Gheorghe^Ion", "19550703", "M", TURCANU, 1.75, 81),
    "turcanu_b": DemoPatient("CI-0061174", "Ţurcanu^Gheorghe", "19550703", "M", TURCANU, 1.75, 81),
    "grosu": DemoPatient("NC-187702", "Гросу^Николай^Петрович", "19491201", "M", national_id(2904412), 1.7, 92),
    "bondarenko": DemoPatient("NC-201590", "Бондаренко^Олена", "19871008", "F", BONDARENKO, 1.68, 61),
    "sandu": DemoPatient("NC-205003", "Sandu^Petru", "20010816", "M", national_id(6801122), 1.83, 77),
    "trauma": DemoPatient("NC-T-0003", "Unknown^Trauma 3", "", ""),
    "popescu": DemoPatient("NC-176240", "Popescu^Radu^Mihai", "19660627", "M", national_id(2206675), 1.78, 84),
    "kozlova": DemoPatient("CI-0059931", "Козлова^Мария^Андреевна=Kozlova^Maria", "19800211", "F", KOZLOVA, 1.66, 59),
    "lungu": DemoPatient("CI-0044127", "Lungu^Vasile^Andrei", "19710119", "M", national_id(3307708), 1.76, 88),
    "gagauz": DemoPatient("CI-0012650", "Гагауз^Степан^Фёдорович", "19390228", "M", national_id(1100934), 1.69, 66),
    "chiriac": DemoPatient("CI-0060415", "Chiriac^Ana-Maria", "19930522", "F", national_id(5905281), 1.7, 63),
    "cojocaru": DemoPatient("CI-0033308", "Cojocaru^Nadejda", "19580402", "F", national_id(3001459), 1.6, 79),
}

BOTNARI = "Botnari^Mihai^^Dr."
VIERU = "Vieru^Natalia^^Dr."
CEBAN = "Чебан^Андрей^Викторович^Dr."
MELNIC = "Melnic^Ion^^Dr."
GUTU = "Guțu^Liliana^^Dr."

STAFF = (
    DemoPerson("elena.pascaru", "radiologist", "A", "Dr.", "Elena", "Pascaru"),
    DemoPerson("serghei.railean", "radiologist", "A", "Dr.", "Serghei", "Railean"),
    DemoPerson("mihai.botnari", "referring_doctor", "A", "Dr.", "Mihai", "Botnari", (BOTNARI, "BOTNARI MIHAI")),
    DemoPerson("elena.munteanu", "patient", "A", "", "Elena", "Munteanu", national_id=MUNTEANU),
    DemoPerson("ayse.demir", "consultant", "A", "Prof.", "Ayşe", "Demir"),
    DemoPerson("victor.ciobanu", "institution_administrator", "A", "", "Victor", "Ciobanu"),
    DemoPerson("irina.sirbu", "system_administrator", "A", "", "Irina", "Sârbu"),
    DemoPerson("olga.rotaru", "auditor", "A", "", "Olga", "Rotaru"),
    DemoPerson("tatiana.moraru", "radiologist", "B", "Dr.", "Tatiana", "Moraru"),
    DemoPerson("ion.melnic", "referring_doctor", "B", "Dr.", "Ion", "Melnic", (MELNIC, "Melnic^Ion")),
    DemoPerson("maria.kozlova", "patient", "B", "", "Мария", "Козлова", national_id=KOZLOVA),
    DemoPerson("luca.ferri", "consultant", "B", "Dr.", "Luca", "Ferri"),
    DemoPerson("ana.vrabie", "institution_administrator", "B", "", "Ana", "Vrabie"),
    DemoPerson("dumitru.nistor", "system_administrator", "B", "", "Dumitru", "Nistor"),
    DemoPerson("galina.ionescu", "auditor", "B", "", "Galina", "Ionescu"),
)
